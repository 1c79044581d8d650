"""Any value of ours as text, for the fields that hold text."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.contract import FileRef, MappedField, Ref
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.cells.moments import spelled
from providers.airtable.cells.refusing import unfit

LONGEST_TEXT = 100_000  # characters in one cell
READABLE = 100  # places before or after the point to which a number is written out


def long_text(value: Value, mapped: MappedField) -> Json:
    return _checked(text_of(value, mapped), mapped)


def line(value: Value, mapped: MappedField) -> Json:
    """One line: breaks become spaces, since the field cannot show them."""
    between = ", " if isinstance(value, tuple) else " "
    return _checked(text_of(value, mapped).replace("\n", between), mapped)


def barcode(value: Value, mapped: MappedField) -> Json:
    """The text that the bars say."""
    return {"text": line(value, mapped)}


def _checked(text: str, mapped: MappedField) -> str:
    if len(text) > LONGEST_TEXT:
        raise unfit(mapped, _("it is longer than 100,000 characters"))
    if not is_clean(text):
        raise unfit(mapped, _("it has a character that text cannot hold"))
    return text


def is_clean(text: str) -> bool:
    """No NUL and no half of a surrogate pair: databases and encodings refuse both."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text))


def text_of(value: Value, mapped: MappedField) -> str:
    """The value in words; lines end as Airtable ends them."""
    said = value if type(value) is str else _spelled(value, mapped)
    return said.replace("\r\n", "\n").replace("\r", "\n")


def _spelled(value: Value, mapped: MappedField) -> str:
    return next((spell(value, mapped) for kind, spell in SPELLINGS if isinstance(value, kind)), str(value))


def _number(value: int | Decimal, mapped: MappedField) -> str:
    exact = Decimal(value)
    return percentage(exact) if mapped.ours.kind == "percent" else plain(exact)


def plain(value: Decimal) -> str:
    """Written out, unless it would be a row of zeros."""
    return format(value, "f") if abs(value.adjusted()) < READABLE else str(value)


def percentage(value: Decimal) -> str:
    """0.123 is "12.3 %"."""
    return f"{plain(shifted(value, 2))} %"


def shifted(value: Decimal, places: int) -> Decimal:
    """The point moved to the right, exactly: unlike a product, nothing is rounded."""
    sign, digits, exponent = value.as_tuple()
    return Decimal((sign, digits, exponent + places)) if isinstance(exponent, int) else value


def clock(value: timedelta) -> str:
    """ "1:30:00", "-0:00:01.5" """
    micro = abs(value) // timedelta(microseconds=1)
    seconds, rest = divmod(micro, 1_000_000)
    fraction = f".{rest:06}".rstrip("0") if rest else ""
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


# The first that fits counts: yes or no is a number to Python too, and an instant a date.
SPELLINGS: tuple[tuple[type, Callable[[Any, MappedField], str]], ...] = (
    (str, lambda value, mapped: str(value)),
    (bool, lambda value, mapped: _("Yes") if value else _("No")),
    (int, _number),
    (Decimal, _number),
    (datetime, spelled),
    (date, lambda value, mapped: value.isoformat()),
    (timedelta, lambda value, mapped: clock(value)),
    (tuple, lambda value, mapped: "\n".join(value)),
    (Ref, lambda value, mapped: value.title),
    (FileRef, lambda value, mapped: value.name),
)
