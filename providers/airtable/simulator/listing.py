"""Listing records: filter, sort, pages and the iterators that hand them out.

https://airtable.com/developers/web/api/list-records
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from integration_hub.sandbox.wire import Request
from providers.airtable.simulator import formula, narrowing
from providers.airtable.simulator.call import Call
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.model import Field, Limits, Table, new_id
from providers.airtable.simulator.reading import Reader, Shape
from providers.airtable.simulator.rows import Record

SORT = re.compile(r"sort\[(\d+)\]\[(field|direction)\]$")
MOST_ITERATORS = 1000
KEPT_ASIDE: dict[str, Callable[[Record], Any]] = {
    "autoNumber": lambda record: record.number,
    "createdTime": lambda record: record.created,
    "lastModifiedTime": lambda record: record.modified,
}
FLAGS = {"1": True, "true": True, "0": False, "false": False, "": False}


@dataclass
class Iterator:
    """The ids a listing found; values are read when a page is handed out: paging is no snapshot."""

    table: str
    ids: list[str]
    used: float
    places: dict[str, int] = field(default_factory=dict)  # where the pages that were offered begin


@dataclass
class Iterators:
    """The iterators still alive, oldest first. They do not survive a restart."""

    alive: dict[str, Iterator] = field(default_factory=dict)

    def keep(self, iterator: Iterator, limits: Limits) -> str:
        """Its key. Those that nobody may ask any more are let go: each holds as many ids as its table has rows."""
        self.alive = {
            key: each for key, each in self.alive.items() if iterator.used - each.used <= limits.iterator_seconds
        }
        while len(self.alive) >= MOST_ITERATORS:
            self.alive.pop(next(iter(self.alive)))
        key = new_id("itr")
        self.alive[key] = iterator
        return key

    def find(self, key: str, table: Table, limits: Limits, now: float) -> Iterator:
        found = self.alive.get(key)
        if found is None or found.table != table.id or now - found.used > limits.iterator_seconds:
            raise AirtableError("LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
        found.used = now
        return found


def list_records(call: Call) -> dict[str, Any]:
    return _listed(call, _from_query(call.request))


def list_records_by_post(call: Call) -> dict[str, Any]:
    """The same with the parameters in the body; an `offset` in the address is ignored."""
    return _listed(call, call.body)


def shape_of(table: Table, options: dict[str, Any]) -> Shape:
    names = _texts(options.get("fields"))
    fields = None if names is None else frozenset(_field(table, name).id for name in names)
    style = options.get("cellFormat", "json")
    if style not in ("json", "string") or (
        style == "string" and not (options.get("timeZone") and options.get("userLocale"))
    ):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    comments = "commentCount" in (_texts(options.get("recordMetadata")) or [])
    return Shape(bool(options.get("returnFieldsByFieldId")), fields, style == "string", comments)


def _from_query(request: Request) -> dict[str, Any]:
    """The query as the body of listRecords would have it."""
    options: dict[str, Any] = {key: value for key, value in request.query if "[" not in key}
    for name in ("fields", "recordMetadata"):
        if values := request.params(f"{name}[]") + request.params(name):
            options[name] = values
    sorts: dict[int, dict[str, str]] = {}
    for key, value in request.query:
        if found := SORT.match(key):
            sorts.setdefault(int(found[1]), {})[found[2]] = value
    options["sort"] = [sorts[number] for number in sorted(sorts)]
    for name in ("pageSize", "maxRecords"):
        if name in options:
            options[name] = int(options[name]) if options[name].isdigit() else options[name]
    if "returnFieldsByFieldId" in options:
        options["returnFieldsByFieldId"] = FLAGS.get(str(options["returnFieldsByFieldId"]).lower(), False)
    return options


def shape_from_query(table: Table, request: Request) -> Shape:
    return shape_of(table, _from_query(request))


def _listed(call: Call, options: dict[str, Any]) -> dict[str, Any]:
    table, size = call.table, _number(options.get("pageSize", 100), 100)
    reader = Reader(call.state, table, shape_of(table, options), call.now)
    iterators, limits = call.simulator.iterators, call.state.limits
    if offset := options.get("offset"):
        key, _, first = str(offset).partition("/")
        iterator = iterators.find(key, table, limits, call.now)
        start = _position(iterator, first)
    else:
        iterator = Iterator(table.id, [record.id for record in _found(call, options)], call.now)
        key, start = "", 0
    records, following = _page(table, iterator.ids, start, size)
    answer: dict[str, Any] = {"records": reader.show_all(records)}
    if following < len(iterator.ids):
        first = iterator.ids[following]
        iterator.places[first] = following
        answer["offset"] = f"{key or iterators.keep(iterator, limits)}/{first}"
    return answer


def _position(iterator: Iterator, first: str) -> int:
    try:
        return iterator.places[first]
    except KeyError:
        raise AirtableError("LIST_RECORDS_ITERATOR_NOT_AVAILABLE") from None


def _page(table: Table, ids: list[str], start: int, size: int) -> tuple[list[Record], int]:
    """At most `size` rows that still exist, and where the next page begins."""
    records: list[Record] = []
    while start < len(ids) and len(records) < size:
        if record := table.records.get(ids[start]):
            records.append(record)
        start += 1
    while start < len(ids) and ids[start] not in table.records:
        start += 1
    return records, start


def _found(call: Call, options: dict[str, Any]) -> list[Record]:
    records: Iterable[Record] = call.table.records.values()
    if text := options.get("filterByFormula"):
        records = _passing(call, str(text))
    records = _in_order(call.table, records, options)
    return records[: _number(options["maxRecords"])] if "maxRecords" in options else records


def _passing(call: Call, text: str) -> list[Record]:
    try:
        passes = formula.matches(text, call.table, call.now)
    except formula.BadFormula as error:
        raise AirtableError("INVALID_FILTER_BY_FORMULA", str(error)) from None
    few = narrowing.narrowed(text, call.table)
    return [record for record in (call.table.records.values() if few is None else few) if passes(record)]


def _in_order(table: Table, records: Iterable[Record], options: dict[str, Any]) -> list[Record]:
    """As sorted; else as the view has it; else in an order that means nothing."""
    view, sorts = options.get("view"), options.get("sort") or []
    if view and not any(view in (each["id"], each["name"]) for each in table.views):
        raise AirtableError("VIEW_NAME_NOT_FOUND", str(view))
    ordered = list(records) if view else sorted(records, key=lambda record: zlib.crc32(record.id.encode()))
    if not isinstance(sorts, list) or not all(isinstance(each, dict) for each in sorts):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    for each in reversed(sorts):
        if each.get("direction", "asc") not in ("asc", "desc"):
            raise AirtableError("INVALID_REQUEST_UNKNOWN")
        column = _field(table, each.get("field"))
        ordered.sort(key=_sort_key(column), reverse=each.get("direction") == "desc")
    return ordered


def _sort_key(column: Field) -> Callable[[Record], tuple[Any, ...]]:
    """Empty cells first; choices in the order of the field; text whatever its case."""
    places = {choice["name"]: place for place, choice in enumerate(column.choices)}
    ranked = places if column.type == "singleSelect" else {}

    def key(record: Record) -> tuple[Any, ...]:
        value = KEPT_ASIDE[column.type](record) if column.type in KEPT_ASIDE else record.cells.get(column.id)
        if value is None:
            return (0,)
        if isinstance(value, int | float):
            return (1, value)
        text = formula.text_of(value)
        return (1, ranked.get(text, len(ranked))) if ranked else (2, text.lower())

    return key


def _field(table: Table, name: Any) -> Field:
    try:
        return table.field(name)
    except (KeyError, TypeError):
        raise AirtableError("UNKNOWN_FIELD_NAME", str(name)) from None


def _texts(value: Any) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    return value


def _number(value: Any, most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most and value > most):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    return value
