"""From rows to records: cells are read, rows of one record are folded, contradictions become problems."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.records.importing.cells import Cells
from integration_hub.records.importing.columns import ITEM_FIELDS, KEYS, Columns
from integration_hub.records.importing.keys import is_one, key_of
from integration_hub.records.importing.problems import Problems, cut
from integration_hub.records.importing.spool import Row, Spool

Values = dict[str, str]
Table = Iterable[tuple[int, list[str]]]


@dataclass(frozen=True)
class Draft:
    """One record as the file tells it: known values only. `items` are an order's lines; or, where several rows say the
    same of tickets, those rows: a ticket each, and `values` are the first one's."""

    key: str
    line: int
    values: Mapping[str, str]
    items: Sequence[Mapping[str, str]] = field(default=())
    item_lines: Sequence[int] = field(default=())

    def place(self, name: str) -> tuple[int, str]:
        """The line of the file and the field of it that the error name of a service is about."""
        part, *rest = name.split(".")
        return (self.item_lines[int(rest[0])], rest[-1]) if part == "items" and len(rest) > 1 else (self.line, name)

    def said(self, name: str) -> str:
        """What the file says there, as far as it is one cell."""
        part, *rest = name.split(".")
        if part == "items" and len(rest) > 1:
            return self.items[int(rest[0])].get(rest[-1], "")
        return self.values.get(name, "")


def rows(
    kind: str, table: Table, columns: Columns, cells: Cells, problems: Problems
) -> Iterator[tuple[str, int, Values]]:
    """Each row that can be read, as (key, line, values)."""
    for line, texts in table:
        values = read_row(line, texts, columns, cells, problems)
        if values is None:
            continue
        key = key_of(kind, values)
        if key:
            yield key, line, values
        else:
            heading = columns.heading(KEYS[kind][0]) if len(KEYS[kind]) == 1 else ""
            problems.add(line, heading, _("Nothing says which record this row is about. Fill it in."))


def read_row(line: int, texts: Sequence[str], columns: Columns, cells: Cells, problems: Problems) -> Values | None:
    """The values of a row; None when one could not be read."""
    values: Values = {}
    good = True
    read = cells.read
    for name, places in columns.places.items():
        if len(places) > 1:
            good &= _read_together(line, name, texts, columns, cells, values, problems)
            continue
        try:
            value = read(name, texts[places[0]])
        except ValueError as error:
            problems.add(line, columns.headings[places[0]], str(error), texts[places[0]])
            good = False
        else:
            if value is not None:
                values[name] = value
    return values if good else None


def _read_together(
    line: int, name: str, texts: Sequence[str], columns: Columns, cells: Cells, values: Values, problems: Problems
) -> bool:
    """Columns of one name must say the same; whether they do."""
    said: dict[str, str] = {}
    good = True
    for place in columns.places[name]:
        try:
            value = cells.read(name, texts[place])
        except ValueError as error:
            problems.add(line, columns.headings[place], str(error), texts[place])
            good = False
            continue
        if value is not None:
            said.setdefault(value, texts[place])
    if len(said) > 1:
        both = _("Columns of this name contradict each other: %(values)s. Leave one out.")
        shown = cut(" / ".join(said.values()))
        problems.add(line, columns.heading(name), both % {"values": shown}, shown)
        return False
    if said:
        values[name] = next(iter(said))
    return good


def drafts(kind: str, spool: Spool, columns: Columns, problems: Problems, after: int = 0) -> Iterator[Draft]:
    """The records in the file, in its order, from the one after this line on."""
    item_fields = frozenset(ITEM_FIELDS) & set(columns.places) if kind == "orders" else frozenset()
    for first, group in spool.groups(after):
        if len(group) == 1 and not item_fields:
            yield Draft(key_of(kind, group[0][1]), first, group[0][1])
            continue
        key = key_of(kind, group[0][1])
        if not is_one(kind, key):
            yield Draft(key, first, group[0][1], [row for _line, row in group], [line for line, _row in group])
            continue
        items = _items(group, item_fields)
        values = _folded(group, columns, item_fields, problems)
        yield Draft(key, first, values, [item for _line, item in items], [line for line, _item in items])


def _folded(group: Sequence[Row], columns: Columns, item_fields: frozenset[str], problems: Problems) -> dict[str, Any]:
    values: dict[str, Any] = {}
    said_on: dict[str, int] = {}
    for line, row in group:
        for name, value in row.items():
            if name in item_fields:
                continue
            if values.setdefault(name, value) != value:
                other = {"now": cut(value), "line": said_on[name], "was": cut(values[name])}
                sentence = _("It says “%(now)s”, line %(line)s says “%(was)s” of the same record. Make them agree.")
                problems.add(line, columns.heading(name), sentence % other, value)
            said_on.setdefault(name, line)
    return values


def _items(group: Sequence[Row], item_fields: frozenset[str]) -> list[tuple[int, Values]]:
    """Each row that says something of a line is one line of the order."""
    lines = ((line, {name: row[name] for name in row if name in item_fields}) for line, row in group)
    return [(line, item) for line, item in lines if item]
