"""The filter as lines to edit, and as sentences to read. Pure."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.contract import Field, RecordType
from integration_hub.sync import filters


@dataclass(frozen=True)
class Line:
    """One condition. `widget` is how its value is typed: none, choice, boolean, date, number or text; `options` what a
    choice offers, with their names."""

    number: int
    field: str
    op: str
    value: str
    ops: Sequence[tuple[str, str]]
    widget: str
    options: Sequence[tuple[str, str]] = ()


def lines(record_type: RecordType, conditions: Sequence[Map[str, Any]]) -> list[Line]:
    known = {field.name: field for field in record_type.fields}
    return [_line(number, known.get(str(told["field"])), told) for number, told in enumerate(conditions)]


def blank(record_type: RecordType) -> dict[str, Any]:
    """A new line: the first field, and the first thing to ask of it."""
    first = record_type.fields[0]
    return {"field": first.name, "op": filters.ops_for(first)[0][0], "value": ""}


def sentences(record_type: RecordType, conditions: Sequence[Map[str, Any]]) -> list[str]:
    """ "Status is Pending" """
    known = {field.name: field for field in record_type.fields}
    words = {op: str(said) for op, (said, _kinds) in filters.OPS.items()}
    return [
        " ".join(
            part
            for part in (_(known[one["field"]].label), words.get(one["op"], one["op"]), text_of(one["value"]))
            if part
        )
        for one in conditions
        if one["field"] in known
    ]


def text_of(value: Any) -> str:
    """A stored value as it stands in an input."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _line(number: int, field: Field | None, told: Map[str, Any]) -> Line:
    ops = filters.ops_for(field) if field else []
    op = told["op"] if told["op"] in dict(ops) else (ops[0][0] if ops else "")
    widget = _widget(field, op)
    return Line(number, told["field"], op, text_of(told["value"]), ops, widget, _options(field, widget))


def _widget(field: Field | None, op: str) -> str:
    if not filters.needs_value(op):
        return "none"
    if field and field.kind in ("choice", "choices") and field.choices and op in ("is", "is_not"):
        return "choice"
    if field and field.kind == "boolean":
        return "boolean"
    if op in ("from", "before"):
        return "date"
    return "number" if field and field.kind in filters.NUMBERS else "text"


def _options(field: Field | None, widget: str) -> list[tuple[str, str]]:
    if field and widget == "choice":
        return [(choice, _(field.label_of(choice))) for choice in field.choices]
    return [("true", _("yes")), ("false", _("no"))] if widget == "boolean" else []
