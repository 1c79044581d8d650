"""Our values as Airtable's cells: one pure converter for each type of field that can be written.

https://airtable.com/developers/web/api/field-model. An empty value is null, which clears the cell. What a field cannot
hold exactly is refused with a sentence; nothing is rounded, cut or guessed.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeGuard

from django.utils.translation import gettext as _

from integration_hub.contract import MappedField, Rejected
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value

LONGEST_TEXT = 100_000  # characters in one cell


def convert(value: Value, mapped: MappedField) -> Json:
    """Rejected when the value does not fit the field, or the field cannot be written at all."""
    converter = CONVERTERS.get(mapped.remote_type)
    if converter is None:
        raise unfit(
            mapped, _("the field is of the type %(type)s, which cannot be written") % {"type": mapped.remote_type}
        )
    if value is None or value == "" or value == ():
        return None
    return converter(value, mapped)


def unfit(mapped: MappedField, why: str) -> Rejected:
    return Rejected(
        _("%(ours)s does not fit the Airtable field “%(theirs)s”: %(why)s. Change the value here or the field there.")
        % {"ours": _(mapped.ours.label), "theirs": mapped.remote_label, "why": why},
        code="does_not_fit",
    )


def shape(value: Value) -> str:
    """What kind of value it is, without saying it: sentences are read by more people than records."""
    if isinstance(value, str):
        return _("text of %(count)d characters") % {"count": len(value)}
    if isinstance(value, bool):
        return _("yes or no")
    if isinstance(value, int | Decimal):
        return _("a number")
    if isinstance(value, datetime):
        return _("a date and time")
    return _("a date") if isinstance(value, date) else _("a list")


def long_text(value: Value, mapped: MappedField) -> Json:
    text = _text(value)
    if len(text) > LONGEST_TEXT:
        raise unfit(mapped, _("it is longer than 100,000 characters"))
    return text


def line(value: Value, mapped: MappedField) -> Json:
    """One line: breaks become spaces, since the field cannot show them."""
    text = long_text(value, mapped)
    return " ".join(str(text).split("\n")) if isinstance(text, str) else text


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "\n".join(value)
    return str(value).replace("\r\n", "\n").replace("\r", "\n")


def number(value: Value, mapped: MappedField) -> Json:
    """A JSON number that says exactly our decimal, within the digits the field keeps."""
    exact = _decimal(value, mapped)
    if exact != round(exact, _places(mapped)):
        raise unfit(mapped, _("the field keeps only %(places)d decimals") % {"places": _places(mapped)})
    json = int(exact) if exact == exact.to_integral_value() else float(exact)
    if abs(exact) >= 2**53 or Decimal(repr(json)) != exact:
        raise unfit(mapped, _("it has more digits than a number there can hold"))
    return json


def _decimal(value: Value, mapped: MappedField) -> Decimal:
    if not _is_number(value):
        raise unfit(mapped, _("it is %(shape)s, not a number") % {"shape": shape(value)})
    exact = Decimal(value)
    if not exact.is_finite():
        raise unfit(mapped, _("it is not a finite number"))
    return exact


def _is_number(value: Value) -> TypeGuard[int | Decimal | str]:
    """A number, or text that would read the same again: 007 is a name, not a number."""
    if not isinstance(value, str):
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    try:
        return str(Decimal(value)) == value
    except InvalidOperation:
        return False


def _places(mapped: MappedField) -> int:
    """Decimals the field keeps; a percentage is written as a fraction, so two more."""
    stated = mapped.options.get("precision")
    precision = stated if isinstance(stated, int) else 8
    return precision + 2 if mapped.remote_type == "percent" else precision


def choice(value: Value, mapped: MappedField) -> Json:
    """A choice the field has, in its own spelling; a missing one is named and never made."""
    wanted = _text(value).strip()
    names = _choices(mapped)
    if names is None or wanted in names:
        return wanted
    alike = [name for name in names if name.strip().casefold() == wanted.casefold()]
    if len(alike) != 1:
        raise unfit(mapped, _("it has no choice “%(choice)s”") % {"choice": wanted})
    return alike[0]


def choices(value: Value, mapped: MappedField) -> Json:
    several = value if isinstance(value, tuple) else (value,)
    return [choice(one, mapped) for one in several]


def _choices(mapped: MappedField) -> list[str] | None:
    """None where the schema does not say."""
    listed = mapped.options.get("choices")
    if not isinstance(listed, list):
        return None
    return [str(one["name"]) if isinstance(one, Mapping) else str(one) for one in listed]


def day(value: Value, mapped: MappedField) -> Json:
    """A date; of an instant, the day it is in UTC."""
    if isinstance(value, datetime):
        return _utc(value).date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise unfit(mapped, _("it is %(shape)s, not a date") % {"shape": shape(value)})


def instant(value: Value, mapped: MappedField) -> Json:
    """Always in UTC and with Z: without it Airtable would read it in the field's own zone."""
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00.000Z"
    raise unfit(mapped, _("it is %(shape)s, not a date and time") % {"shape": shape(value)})


def _instant(value: datetime) -> str:
    return _utc(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant without a zone")
    return value.astimezone(UTC)


def checkbox(value: Value, mapped: MappedField) -> Json:
    if isinstance(value, bool):
        return value
    raise unfit(mapped, _("it is %(shape)s, not yes or no") % {"shape": shape(value)})


CONVERTERS: Mapping[str, Callable[[Value, MappedField], Json]] = {
    "singleLineText": line,
    "multilineText": long_text,
    "richText": long_text,
    "email": line,
    "url": line,
    "phoneNumber": line,
    "number": number,
    "currency": number,
    "percent": number,
    "singleSelect": choice,
    "multipleSelects": choices,
    "checkbox": checkbox,
    "date": day,
    "dateTime": instant,
}

TEXT_TYPES = ("singleLineText", "multilineText")
_ANY_TEXT = (*TEXT_TYPES, "richText")
# Which types of field take which kind of ours in a ready mapping.
TAKES: Mapping[str, frozenset[str]] = {
    "text": frozenset({*_ANY_TEXT, "singleSelect"}),
    "long_text": frozenset(_ANY_TEXT),
    "choice": frozenset({*_ANY_TEXT, "singleSelect"}),
    "email": frozenset({*_ANY_TEXT, "email"}),
    "phone": frozenset({*_ANY_TEXT, "phoneNumber"}),
    "url": frozenset({*_ANY_TEXT, "url"}),
    "number": frozenset({*_ANY_TEXT, "number", "currency", "percent"}),
    "integer": frozenset({*_ANY_TEXT, "number"}),
    "money": frozenset({*_ANY_TEXT, "number", "currency"}),
    "date": frozenset({*_ANY_TEXT, "date", "dateTime"}),
    "datetime": frozenset({*_ANY_TEXT, "date", "dateTime"}),
    "boolean": frozenset({*_ANY_TEXT, "checkbox"}),
    "id": frozenset(_ANY_TEXT),
}
