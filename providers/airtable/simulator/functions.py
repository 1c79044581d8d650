"""What formulas can compute: operators and functions over text, numbers, times and lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any  # None | bool | int | float | str | datetime | list | ERROR


class Failed(ArithmeticError):
    """The evaluation has no value: the cell shows #ERROR!."""


class _Error:
    """The value #ERROR!."""

    def __repr__(self) -> str:
        return "#ERROR!"


ERROR: Final = _Error()
SECONDS = {
    "milliseconds": 0.001,
    "seconds": 1,
    "minutes": 60,
    "hours": 3600,
    "days": 86400,
    "weeks": 604800,
}
UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
ROUNDED = {"year": 4, "month": 7, "day": 10, "hour": 13, "minute": 16, "second": 19}


def is_true(value: Value) -> bool:
    return value is not ERROR and value not in (None, False, 0, "") and value != []


def text_of(value: Value) -> str:
    if value is ERROR:
        raise Failed
    for kind, write in TEXTS:
        if isinstance(value, kind):
            return write(value)
    return str(value)


def _time_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _name_of(value: dict[str, Any]) -> str:
    """A collaborator's name, a barcode's text."""
    return str(value.get("name") or value.get("text") or value.get("email") or "")


TEXTS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (str, str),
    (type(None), lambda value: ""),
    (bool, lambda value: "1" if value else "0"),
    (float, lambda value: str(int(value)) if value.is_integer() else str(value)),
    (datetime, _time_text),
    (list, lambda values: ", ".join(map(text_of, values))),
    (dict, _name_of),
)


def number_of(value: Value) -> float:
    if value is None or isinstance(value, bool | int | float):
        return float(value or 0)
    raise Failed


def time_of(value: Value) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(text_of(value))
    except ValueError:
        raise Failed from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def equal(left: Value, right: Value) -> bool:
    if _blank(left) or _blank(right):
        return not is_true(left) and not is_true(right)
    if isinstance(left, datetime) or isinstance(right, datetime):
        return time_of(left) == time_of(right)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    return text_of(left) == text_of(right)


def _blank(value: Value) -> bool:
    return value is None or value == ""


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value], Value]:
    def ordered(left: Value, right: Value) -> Value:
        if isinstance(left, datetime) or isinstance(right, datetime):
            return not _blank(left) and not _blank(right) and compare(time_of(left), time_of(right))
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        return compare(number_of(left), number_of(right))

    return ordered


def _divided(left: Value, right: Value) -> Value:
    if number_of(right) == 0:
        raise Failed
    return number_of(left) / number_of(right)


def _plus(left: Value, right: Value) -> Value:
    if isinstance(left, str) or isinstance(right, str):
        return text_of(left) + text_of(right)
    return number_of(left) + number_of(right)


SIGNS: dict[str, Callable[[Value, Value], Value]] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _order(lambda left, right: left < right),
    ">": _order(lambda left, right: left > right),
    "<=": _order(lambda left, right: left <= right),
    ">=": _order(lambda left, right: left >= right),
    "&": lambda left, right: text_of(left) + text_of(right),
    "+": _plus,
    "-": lambda left, right: number_of(left) - number_of(right),
    "*": lambda left, right: number_of(left) * number_of(right),
    "/": _divided,
}


def _find(needle: Value, hay: Value, start: Value = 1) -> Value:
    return text_of(hay).find(text_of(needle), max(int(number_of(start)) - 1, 0)) + 1


def _unit(unit: Value) -> float:
    name = UNITS.get(text_of(unit), text_of(unit).lower().rstrip("s") + "s")
    if name not in SECONDS:
        raise Failed
    return SECONDS[name]


def _is_same(left: Value, right: Value, unit: Value = None) -> Value:
    if _blank(left) or _blank(right):
        return False
    first, second = text_of(time_of(left)), text_of(time_of(right))
    length = ROUNDED.get(text_of(unit).lower().rstrip("s"), len(first))
    return first[:length] == second[:length]


def _after(left: Value, right: Value, unit: Value = None) -> Value:
    return not _blank(left) and not _blank(right) and time_of(left) > time_of(right)


def _before(left: Value, right: Value, unit: Value = None) -> Value:
    return not _blank(left) and not _blank(right) and time_of(left) < time_of(right)


def _difference(left: Value, right: Value, unit: Value = "seconds") -> Value:
    return int((time_of(left) - time_of(right)).total_seconds() / _unit(unit))


def _add(moment: Value, count: Value, unit: Value) -> Value:
    return time_of(moment) + timedelta(seconds=number_of(count) * _unit(unit))


def _regex(text: Value, pattern: Value) -> Value:
    try:
        return re.search(text_of(pattern), text_of(text)) is not None
    except re.error:
        raise Failed from None


def _value(text: Value) -> Value:
    try:
        return float(re.sub(r"[^0-9.eE+-]", "", text_of(text)))
    except ValueError:
        raise Failed from None


def _joined(values: Value, between: Value = ", ") -> Value:
    return text_of(between).join(text_of(each) for each in (values if isinstance(values, list) else [values]))


def _right(text: Value, count: Value) -> Value:
    whole = text_of(text)
    return whole[max(0, len(whole) - int(number_of(count))) :]


def _round(number: Value, digits: Value = 0) -> Value:
    return round(number_of(number), int(number_of(digits)))


MANY = 1000
# name: (function, fewest arguments, most arguments)
FUNCTIONS: dict[str, tuple[Callable[..., Value], int, int]] = {
    "AND": (lambda *values: all(map(is_true, values)), 1, MANY),
    "OR": (lambda *values: any(map(is_true, values)), 1, MANY),
    "XOR": (lambda *values: sum(map(is_true, values)) % 2 == 1, 1, MANY),
    "NOT": (lambda value: not is_true(value), 1, 1),
    "TRUE": (lambda: True, 0, 0),
    "FALSE": (lambda: False, 0, 0),
    "BLANK": (lambda: None, 0, 0),
    "LOWER": (lambda text: text_of(text).lower(), 1, 1),
    "UPPER": (lambda text: text_of(text).upper(), 1, 1),
    "TRIM": (lambda text: text_of(text).strip(), 1, 1),
    "LEN": (lambda text: len(text_of(text)), 1, 1),
    "LEFT": (lambda text, count: text_of(text)[: int(number_of(count))], 2, 2),
    "RIGHT": (_right, 2, 2),
    "CONCATENATE": (lambda *values: "".join(map(text_of, values)), 1, MANY),
    "SUBSTITUTE": (lambda text, old, new: text_of(text).replace(text_of(old), text_of(new)), 3, 3),
    "FIND": (_find, 2, 3),
    "SEARCH": (lambda *values: _find(*values) or None, 2, 3),
    "REGEX_MATCH": (_regex, 2, 2),
    "VALUE": (_value, 1, 1),
    "ABS": (lambda number: abs(number_of(number)), 1, 1),
    "ROUND": (_round, 1, 2),
    "SUM": (lambda *values: sum(map(number_of, values)), 1, MANY),
    "MIN": (lambda *values: min(map(number_of, values)), 1, MANY),
    "MAX": (lambda *values: max(map(number_of, values)), 1, MANY),
    "ARRAYJOIN": (_joined, 1, 2),
    "IS_SAME": (_is_same, 2, 3),
    "IS_AFTER": (_after, 2, 3),
    "IS_BEFORE": (_before, 2, 3),
    "DATETIME_PARSE": (lambda text, *rest: time_of(text), 1, 3),
    "DATETIME_DIFF": (_difference, 2, 3),
    "DATEADD": (_add, 3, 3),
}
