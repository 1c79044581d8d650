"""Which records a mapping brings over: conditions on our fields, all of which must hold. Pure functions.

A condition is {"field", "op", "value"}; `value` is a word, a number or a list of words, as JSON.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypedDict

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.contract import Field, RecordType, Ref
from integration_hub.contract.records import Value, Values


class Condition(TypedDict):
    """One line of a filter."""

    field: str
    op: str
    value: Any


class InvalidFilter(ValueError):
    """A filter that cannot be understood; the sentence names the line and what is valid."""


NUMBERS = ("number", "integer", "money", "percent")
TIMES = ("date", "datetime")
TEXTS = ("text", "long_text", "email", "phone", "url", "choice", "choices", "link", "id")

# op -> (its words, the kinds of field it is for; () for all)
OPS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "is": (gettext_lazy("is"), (*TEXTS, *NUMBERS, "boolean")),
    "is_not": (gettext_lazy("is not"), (*TEXTS, *NUMBERS, "boolean")),
    "is_one_of": (gettext_lazy("is one of"), TEXTS),
    "contains": (gettext_lazy("contains"), TEXTS),
    "at_least": (gettext_lazy("is at least"), NUMBERS),
    "at_most": (gettext_lazy("is at most"), NUMBERS),
    "from": (gettext_lazy("is on or after"), TIMES),
    "before": (gettext_lazy("is before"), TIMES),
    "is_empty": (gettext_lazy("is empty"), ()),
    "is_not_empty": (gettext_lazy("is not empty"), ()),
}


def passes(values: Values, conditions: Sequence[Condition]) -> bool:
    """Whether a record with these values is brought over."""
    return all(_holds(values.get(line["field"]), line) for line in conditions)


def checked(record_type: RecordType, lines: object) -> list[Condition]:
    """The conditions as they are stored; InvalidFilter names what is wrong with which line."""
    if not isinstance(lines, list):
        raise InvalidFilter(_("A filter is a list of conditions."))
    return [_checked(record_type, number, line) for number, line in enumerate(lines, start=1)]


def ops_for(field: Field) -> list[tuple[str, str]]:
    """(op, words) offered for this field."""
    return [(op, str(words)) for op, (words, kinds) in OPS.items() if not kinds or field.kind in kinds]


def needs_value(op: str) -> bool:
    return op not in ("is_empty", "is_not_empty")


def _checked(record_type: RecordType, number: int, line: object) -> Condition:
    if not isinstance(line, dict):
        raise InvalidFilter(_("Condition %(n)d is not an object with field, op and value.") % {"n": number})
    field = _field(record_type, number, line.get("field"))
    op = line.get("op")
    if not isinstance(op, str) or op not in dict(ops_for(field)):
        known = ", ".join(op for op, _words in ops_for(field))
        raise InvalidFilter(_("Condition %(n)d: choose one of %(known)s.") % {"n": number, "known": known})
    value = line.get("value", "")
    if needs_value(op):
        _try(field, op, value, number)
    return {"field": field.name, "op": op, "value": value if needs_value(op) else ""}


def _field(record_type: RecordType, number: int, name: object) -> Field:
    try:
        return record_type.field(str(name))
    except KeyError:
        known = ", ".join(field.name for field in record_type.fields)
        text = _("Condition %(n)d: there is no field “%(name)s”. There are: %(known)s.")
        raise InvalidFilter(text % {"n": number, "name": str(name)[:100], "known": known}) from None


def _try(field: Field, op: str, value: object, number: int) -> None:
    said: object = None
    if op in ("at_least", "at_most") or (field.kind in NUMBERS and op in ("is", "is_not")):
        said = _number(value)
    elif op in ("from", "before"):
        said = _instant(value)
    elif op == "is_one_of":
        said = _list(value) or None
    elif isinstance(value, bool | str) and value != "":
        said = value
    if said is None:
        text = _("Condition %(n)d on “%(field)s”: the value does not fit. %(hint)s")
        raise InvalidFilter(text % {"n": number, "field": _(field.label), "hint": _hint(field, op)})


def _hint(field: Field, op: str) -> str:
    if op in ("from", "before"):
        return _("Give a date such as 2025-07-15.")
    if field.kind in NUMBERS:
        return _("Give a number such as 12.50.")
    return _("Give some text.")


def _holds(value: Value, line: Condition) -> bool:
    if line["op"] in ("is_empty", "is_not_empty"):
        return (value is None or value in ("", ())) is (line["op"] == "is_empty")
    return TESTS[line["op"]](value, line["value"])


def _is(value: Value, wanted: object) -> bool:
    if isinstance(value, bool):
        return value is (wanted is True or str(wanted).casefold() in ("true", "yes", "1"))
    if isinstance(value, int | Decimal):
        return _number(wanted) == Decimal(value)
    return str(wanted).strip().casefold() in _words(value)


def _contains(value: Value, wanted: object) -> bool:
    return any(str(wanted).strip().casefold() in word for word in _words(value))


def _one_of(value: Value, wanted: object) -> bool:
    return bool({word.casefold() for word in _list(wanted)} & set(_words(value)))


def _at_least(value: Value, wanted: object) -> bool:
    mine, least = _number(value), _number(wanted)
    return mine is not None and least is not None and mine >= least


def _at_most(value: Value, wanted: object) -> bool:
    mine, most = _number(value), _number(wanted)
    return mine is not None and most is not None and mine <= most


def _from(value: Value, wanted: object) -> bool:
    mine, first = _instant(value), _instant(wanted)
    return mine is not None and first is not None and mine >= first


def _before(value: Value, wanted: object) -> bool:
    mine, end = _instant(value), _instant(wanted)
    return mine is not None and end is not None and mine < end


TESTS: Mapping[str, Callable[[Value, object], bool]] = {
    "is": _is,
    "is_not": lambda value, wanted: not _is(value, wanted),
    "is_one_of": _one_of,
    "contains": _contains,
    "at_least": _at_least,
    "at_most": _at_most,
    "from": _from,
    "before": _before,
}


def _words(value: Value) -> list[str]:
    """What is compared as text, without case; a link by its title."""
    if value is None:
        return [""]
    if isinstance(value, tuple):
        return [word.strip().casefold() for word in value]
    return [(value.title if isinstance(value, Ref) else str(value)).strip().casefold()]


def _list(value: object) -> list[str]:
    """A list of words, or text with commas."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _instant(value: object) -> datetime | None:
    """A moment in UTC; a day is its first one."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        text = str(value).strip()
        moment = parse_datetime(text)
        day = parse_date(text) if moment is None else None
    except ValueError:
        return None
    if moment is not None:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
