"""Records as answers show them: computed cells filled in, empty ones left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from integration_hub.contract.api import Json
from integration_hub.sandbox.clock import iso
from providers.airtable.simulator import formula
from providers.airtable.simulator.cells import is_empty
from providers.airtable.simulator.model import Field, Record, State, Table


@dataclass(frozen=True)
class Shape:
    """How an answer is to look. `fields` limits the cells to these ids, None shows all."""

    by_id: bool = False
    fields: frozenset[str] | None = None
    as_text: bool = False
    comments: bool = False


class Reader:
    """Shows records of one table during one request."""

    def __init__(self, state: State, table: Table, shape: Shape, now: float) -> None:
        self.state, self.table, self.shape, self.now = state, table, shape, now
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
        if field.type in COMPUTED:
            compute = COMPUTED[field.type]
            return lambda record: compute(record, field, self)
        return lambda record: record.cells.get(field.id)

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


COMPUTED: dict[str, Callable[[Record, Field, Reader], Json]] = {
    "createdTime": lambda record, field, reader: created_time(record),
    "lastModifiedTime": lambda record, field, reader: iso(record.modified),
    "createdBy": lambda record, field, reader: reader.user(record.created_by),
    "lastModifiedBy": lambda record, field, reader: reader.user(record.modified_by),
    "autoNumber": lambda record, field, reader: record.number,
    "count": _count,
    "formula": _formula,
}
