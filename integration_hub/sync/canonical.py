"""Canonical values: one spelling for each value, so that equal is equal. Pure functions."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from integration_hub.contract.api import Json
from integration_hub.contract.records import Value


def canonical(value: Value) -> Json:
    """The JSON spelling kept in bases: instants in UTC, numbers without trailing zeros, sets sorted, empty = None."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.strip() or None
    words: list[Json] = [*sorted(value)]
    return words or None


def canonical_fields(values: Mapping[str, Value], names: Iterable[str]) -> dict[str, Json]:
    """The canonical values of these fields; absent and empty are both None."""
    return {name: canonical(values.get(name)) for name in names}


def _number(value: Decimal) -> str:
    if value == value.to_integral_value():
        return str(value.quantize(Decimal(1)) + 0)  # + 0: minus zero is zero
    return format(value.normalize(), "f")
