"""The query string is as strict as the body: every parameter is known, given once, and readable."""

from collections.abc import Collection

from django.http import QueryDict
from django.utils.translation import gettext as _

from integration_hub.rest.problems import Problem

MAX_LENGTH = 1000


def check(params: QueryDict, known: Collection[str]) -> None:
    """Problem 400 that names what is wrong and what there is instead."""
    errors = {name: [sentence] for name, values in params.lists() if (sentence := complaint(name, values, known))}
    if errors:
        raise Problem("parameter", errors=errors)


def complaint(name: str, values: list[str], known: Collection[str]) -> str:
    """What is wrong with this parameter; empty when nothing is."""
    if name not in known:
        names = ", ".join(known)
        if not names:
            return _("This parameter is unknown; this address takes none.")
        return _("This parameter is unknown. The known ones are: %(known)s.") % {"known": names}
    if len(values) > 1:
        return _("This parameter is given %(n)d times; give it once.") % {"n": len(values)}
    if not values[0].strip():
        return _("This parameter is empty; give it a value or leave it out.")
    if "\x00" in values[0] or len(values[0]) > MAX_LENGTH:
        return _("This value cannot be searched for.")
    return ""
