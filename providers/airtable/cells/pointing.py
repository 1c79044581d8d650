"""What points to something else: links to rows, people, files; and the box that is ticked or not."""

import re

from django.utils.translation import gettext as _

from integration_hub.contract import FileRef, MappedField, Ref
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.cells.refusing import shape, unfit

ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")  # Airtable knows whether it is one of a user


def link(value: Value, mapped: MappedField) -> Json:
    """The one row. A link whose row is not known yet is owed by the engine, never handed in: ValueError."""
    if not isinstance(value, Ref):
        raise unfit(mapped, _("it is %(shape)s, not a link") % {"shape": shape(value)})
    if not value.remote_id:
        raise ValueError("a link without its remote id")
    return [value.remote_id]


def attachments(value: Value, mapped: MappedField) -> Json:
    """Always null: a file goes through the upload endpoint, which the sink calls. Never send this cell for a file that
    is there: it would clear the field."""
    if isinstance(value, FileRef):
        return None
    raise unfit(mapped, _("it is %(shape)s, not a file") % {"shape": shape(value)})


def person(value: Value, mapped: MappedField) -> Json:
    """A user of the base, by e-mail address."""
    if not isinstance(value, str):
        raise unfit(mapped, _("it is %(shape)s, not an e-mail address") % {"shape": shape(value)})
    address = value.strip()
    if not ADDRESS.fullmatch(address) or not address.isprintable():
        raise unfit(mapped, _("it is %(shape)s, not an e-mail address") % {"shape": shape(value)})
    return {"email": address}


def people(value: Value, mapped: MappedField) -> Json:
    several = value if isinstance(value, tuple) else (value,)
    return [person(one, mapped) for one in several]


def checkbox(value: Value, mapped: MappedField) -> Json:
    if isinstance(value, bool):
        return value
    raise unfit(mapped, _("it is %(shape)s, not yes or no") % {"shape": shape(value)})
