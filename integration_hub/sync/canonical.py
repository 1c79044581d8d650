"""Canonical values: one spelling for each value, so that equal is equal. Pure functions."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from integration_hub.contract.api import Json
from integration_hub.contract.records import Field, FileRef, Files, Ref, Value


def canonical(value: Value) -> Json:
    """The JSON spelling kept in bases: instants in UTC, numbers without trailing zeros, sets sorted, empty = None."""
    spell = SPELLINGS.get(type(value)) or _spelling_of(value)
    return spell(value)


def canonical_fields(values: Mapping[str, Value], names: Iterable[str]) -> dict[str, Json]:
    """The canonical values of these fields; absent and empty are both None."""
    found: dict[str, Json] = {}
    for name in names:  # `canonical` of each, without a call for the many that are empty or text
        value = values.get(name)
        if type(value) is str:
            found[name] = value.strip() or None
        else:
            found[name] = None if value is None else (SPELLINGS.get(type(value)) or _spelling_of(value))(value)
    return found


def _as_it_is(value: Any) -> Json:
    same: Json = value
    return same


def _text(value: str) -> Json:
    return str(value).strip() or None


def _number(value: Decimal) -> Json:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _instant(value: datetime) -> Json:
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat()


def _seconds(value: timedelta) -> Json:
    return _number(Decimal(value // timedelta(microseconds=1)) / 1_000_000)


def _words(value: Iterable[str]) -> Json:
    words: list[Json] = [*sorted(value)]
    return words or None


# Text of a choice and numbers may come as subclasses, which are looked up in this order.
SPELLINGS: dict[type, Callable[[Any], Json]] = {
    type(None): _as_it_is,
    bool: _as_it_is,
    int: _as_it_is,
    str: _text,
    Decimal: _number,
    datetime: _instant,
    date: date.isoformat,
    timedelta: _seconds,
    tuple: _words,
    Ref: lambda link: [str(link.id), link.title],
    FileRef: lambda file: file.fingerprint,
    Files: lambda cell: _words(f"{file.id} {file.size} {file.name}" for file in cell.files),
}


def _spelling_of(value: object) -> Callable[[Any], Json]:
    return next((spell for kind, spell in SPELLINGS.items() if isinstance(value, kind)), _words)


def valued(field: Field, spelt: Any) -> Value:
    """The value of this field that is spelt so: `canonical` backwards. Of a file only its sign is kept: None."""
    if spelt is None or field.kind in ("file", "files"):
        return None
    if field.kind == "link":
        return Ref(field.to, UUID(spelt[0]), str(spelt[1]))
    back = VALUES.get(field.kind)
    return back(spelt) if back else str(spelt)


VALUES: dict[str, Callable[[Any], Value]] = {
    "number": Decimal,
    "money": Decimal,
    "percent": Decimal,
    "integer": int,
    "boolean": bool,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "duration": lambda spelt: timedelta(microseconds=int(Decimal(spelt) * 1_000_000)),
    "choices": tuple,
}
