"""`typecast: true`: values are brought to the field's type as well as can be. What cannot is left as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from integration_hub.contract.api import Json
from providers.airtable.simulator.model import Field

AMERICAN_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})$")


def loosen(value: Json, field: Field) -> Json:
    change = CASTS.get(field.type)
    return change(value) if change else value


def _text(value: Json) -> Json:
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value else ""
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return value if isinstance(value, dict) else str(value)


def _number(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    digits = re.sub(r"[^0-9.eE+-]", "", value)
    try:
        number = float(digits)
    except ValueError:
        return value
    return int(number) if number.is_integer() else number


def _percent(value: Json) -> Json:
    number = _number(value)
    return number / 100 if isinstance(value, str) and "%" in value and isinstance(number, int | float) else number


def _checkbox(value: Json) -> Json:
    return value.strip().lower() in ("true", "checked", "yes", "1") if isinstance(value, str) else value


def _date(value: Json) -> Json:
    if isinstance(value, str) and (found := AMERICAN_DATE.match(value.strip())):
        month, day, year = (int(part) for part in found.groups())
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            return value
    return value


def _names(value: Json) -> Json:
    """`"A, B"` becomes two names."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


CASTS: dict[str, Callable[[Json], Json]] = {
    **dict.fromkeys(("singleLineText", "multilineText", "richText", "email", "url", "phoneNumber"), _text),
    **dict.fromkeys(("number", "currency", "duration", "rating"), _number),
    **dict.fromkeys(("date", "dateTime"), _date),
    **dict.fromkeys(("multipleSelects", "multipleRecordLinks"), _names),
    "singleSelect": _text,
    "percent": _percent,
    "checkbox": _checkbox,
}
