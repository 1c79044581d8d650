"""The sentences of what does not fit. They never say the value: more people read sentences than records.
Names of choices and fields are no secret."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integration_hub.contract import FieldRefused, FileRef, MappedField, Ref, Rejected
from integration_hub.contract.records import Value
from providers.airtable.cells.kinds import COMPUTED, words

SHAPES: tuple[tuple[type, str], ...] = (
    (date, gettext_noop("a date")),
    (timedelta, gettext_noop("a duration")),
    (Ref, gettext_noop("a link")),
    (FileRef, gettext_noop("a file")),
)
LONGEST_NAME = 100  # characters of a name inside a sentence


def unfit(mapped: MappedField, why: str) -> Rejected:
    """This one value cannot be written."""
    said = _("%(ours)s does not fit the Airtable field “%(theirs)s”: %(why)s.") % _names(mapped, why=why)
    return Rejected(f"{said} {_('Change the value here or the field there.')}", code="does_not_fit")


def unread(mapped: MappedField, why: str) -> Rejected:
    """This one cell cannot be read as ours."""
    said = _("The Airtable field “%(theirs)s” cannot be read as %(ours)s: %(why)s.") % _names(mapped, why=why)
    return Rejected(f"{said} {_('Change the cell there or the mapping here.')}", code="cannot_be_read")


def unwritable(mapped: MappedField) -> FieldRefused:
    """Airtable fills this field itself, or nobody here knows its type."""
    if mapped.remote_type in COMPUTED:
        text = _(
            "The Airtable field “%(theirs)s” is of the type “%(type)s”, which Airtable fills itself: %(ours)s cannot "
            "be written to it. Choose another field in the mapping."
        )
        code = "computed_field"
    else:
        text = _(
            "The Airtable field “%(theirs)s” is of the type “%(type)s”, which the hub does not know: %(ours)s is not "
            "written to it. Choose another field in the mapping."
        )
        code = "unknown_type"
    said = text % _names(mapped, type=words(mapped.remote_type))
    return FieldRefused(said, fields=(mapped.remote_id,), code=code)


def missing_choice(mapped: MappedField, choice: str) -> FieldRefused:
    """`choice` is what would have to be made, and making choices is not allowed."""
    text = _(
        "The Airtable field “%(theirs)s” has no choice “%(choice)s”, which %(ours)s needs. Add the choice there, or "
        "let the mapping create choices."
    )
    said = text % _names(mapped, choice=short(choice))
    return FieldRefused(said, fields=(mapped.remote_id,), code="missing_choice")


def _names(mapped: MappedField, **others: str) -> dict[str, str]:
    return {"ours": _(mapped.ours.label), "theirs": short(mapped.remote_label), **others}


def short(name: str) -> str:
    """A name in one line that leaves room for the rest of the sentence."""
    line = " ".join(name.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def shape(value: Value) -> str:
    """What kind of value it is, without saying it."""
    if isinstance(value, str):
        return _("text of %(count)d characters") % {"count": len(value)}
    if isinstance(value, bool):
        return _("yes or no")
    if isinstance(value, int | Decimal):
        return _("a number")
    if isinstance(value, datetime):
        return _("a date and time")
    return next((_(text) for kind, text in SHAPES if isinstance(value, kind)), _("a list"))
