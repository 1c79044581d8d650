"""Records as answers show them: computed cells filled in, empty ones left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from integration_hub.contract.api import Json
from integration_hub.sandbox.clock import iso
from providers.airtable.simulator import formula
from providers.airtable.simulator.cells import is_empty
from providers.airtable.simulator.model import Field, State, Table
from providers.airtable.simulator.rows import Record

DEEPEST = 5  # lookups of lookups


@dataclass(frozen=True)
class Shape:
    """How an answer is to look. `fields` limits the cells to these ids, None shows all."""

    by_id: bool = False
    fields: frozenset[str] | None = None
    as_text: bool = False
    comments: bool = False


class Reader:
    """Shows records of one table during one request."""

    def __init__(self, state: State, table: Table, shape: Shape, now: float, depth: int = 0) -> None:
        self.state, self.table, self.shape, self.now, self.depth = state, table, shape, now, depth
        shown = [each for each in table.fields if shape.fields is None or each.id in shape.fields]
        self._columns = [(field.id if shape.by_id else field.name, self._reader(field)) for field in shown]

    def show(self, record: Record) -> dict[str, Any]:
        cells = {key: read(record) for key, read in self._columns}
        write = formula.text_of if self.shape.as_text else _as_is
        fields = {key: write(value) for key, value in cells.items() if not is_empty(value)}
        counted = {"commentCount": 0} if self.shape.comments else {}
        return {"id": record.id, "createdTime": created_time(record), **counted, "fields": fields}

    def show_all(self, records: Iterable[Record]) -> list[dict[str, Any]]:
        return [self.show(record) for record in records]

    def _reader(self, field: Field) -> Callable[[Record], Json]:
        if field.type in READERS:
            compute = READERS[field.type]
            return lambda record: compute(record, field, self)
        return lambda record: record.cells.get(field.id)

    def beyond(self, link: Field, key: str) -> tuple[dict[str, Record], Callable[[Record], Json]] | None:
        """The rows a link field leads to, and how one of their fields is read; None where the way ends."""
        wanted = (link.options or {}).get("linkedTableId")
        other = next((table for base in self.state.bases for table in base.tables if table.id == wanted), None)
        if other is None or key not in other.columns() or self.depth >= DEEPEST:
            return None
        nothing = Shape(fields=frozenset())
        reader = Reader(self.state, other, nothing, self.now, self.depth + 1)
        return other.records, reader._reader(other.field(key))

    def user(self, user_id: str) -> Json:
        for user in self.state.users():
            if user["id"] == user_id:
                return {**user}
        return None


def _as_is(value: Json) -> Json:
    return value


def created_time(record: Record) -> str:
    """Whole seconds, as Airtable writes it."""
    return iso(int(record.created))


def _formula(record: Record, field: Field, reader: Reader) -> Json:
    text = (field.options or {}).get("formula", "")
    try:
        return formula.to_json(formula.compiled(text, reader.table, reader.now)(record))
    except formula.BadFormula:
        return {"error": "#ERROR!"}


def _count(record: Record, field: Field, reader: Reader) -> Json:
    links = record.cells.get((field.options or {}).get("recordLinkFieldId", ""))
    return len(links) if isinstance(links, list) else 0


def _attachments(record: Record, field: Field, reader: Reader) -> Json:
    """With links that work for two hours, in steps of a minute: reading twice shows the same."""
    cell = record.cells.get(field.id)
    until = (int(reader.now + reader.state.limits.file_seconds) // 60 + 1) * 60
    return [
        {
            "id": one["id"],
            "url": f"{reader.state.address}/files/{one['id']}/{until}/{quote(str(one['filename']))}",
            **one,
        }
        for one in (cell if isinstance(cell, list) else [])
        if isinstance(one, dict)
    ]


def _lookup(record: Record, field: Field, reader: Reader) -> Json:
    """The cells of the linked rows, lists among them laid flat."""
    options = field.options or {}
    link = reader.table.columns().get(options.get("recordLinkFieldId", ""))
    found = reader.beyond(link, options.get("fieldIdInLinkedTable", "")) if link else None
    if found is None or link is None:
        return None
    rows, read = found
    ids = record.cells.get(link.id)
    values = [read(rows[str(each)]) for each in (ids if isinstance(ids, list) else []) if str(each) in rows]
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if not is_empty(one)]


def _rollup(record: Record, field: Field, reader: Reader) -> Json:
    """Numbers are added up, anything else is told one after the other."""
    values = _lookup(record, field, reader)
    listed = values if isinstance(values, list) else []
    numbers = [one for one in listed if isinstance(one, int | float) and not isinstance(one, bool)]
    return sum(numbers) if len(numbers) == len(listed) else ", ".join(map(formula.text_of, listed))


def _button(record: Record, field: Field, reader: Reader) -> Json:
    return {"label": field.name, "url": None}


def _ai_text(record: Record, field: Field, reader: Reader) -> Json:
    return {"state": "empty", "value": None, "isStale": False}


READERS: dict[str, Callable[[Record, Field, Reader], Json]] = {
    "createdTime": lambda record, field, reader: created_time(record),
    "lastModifiedTime": lambda record, field, reader: iso(record.modified),
    "createdBy": lambda record, field, reader: reader.user(record.created_by),
    "lastModifiedBy": lambda record, field, reader: reader.user(record.modified_by),
    "autoNumber": lambda record, field, reader: record.number,
    "count": _count,
    "formula": _formula,
    "multipleAttachments": _attachments,
    "multipleLookupValues": _lookup,
    "rollup": _rollup,
    "button": _button,
    "aiText": _ai_text,
}
