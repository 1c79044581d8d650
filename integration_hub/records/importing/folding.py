"""From rows to records: cells are read, rows of one record are folded, contradictions become problems."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.records.importing.cells import Cells
from integration_hub.records.importing.columns import ITEM_FIELDS, Columns
from integration_hub.records.importing.csvfile import Table
from integration_hub.records.importing.problems import Problems
from integration_hub.records.importing.spool import Row, Spool

Values = dict[str, str]


@dataclass(frozen=True)
class Draft:
    """One record as the file tells it: known values only. `items` is empty where the file has none."""

    key: str
    line: int
    values: Mapping[str, str]
    items: Sequence[Mapping[str, str]] = field(default=())
    item_lines: Sequence[int] = field(default=())

    def place(self, name: str) -> tuple[int, str]:
        """The line of the file and the field of it that the error name of a service is about."""
        part, *rest = name.split(".")
        return (self.item_lines[int(rest[0])], rest[-1]) if part == "items" and len(rest) > 1 else (self.line, name)


def fill(spool: Spool, kind: str, table: Table, columns: Columns, cells: Cells, problems: Problems) -> int:
    """Read every row into the spool; how many there were."""
    count = 0
    for line, texts in table.rows(problems):
        count += 1
        values = read_row(line, texts, columns, cells, problems)
        if values is None:
            continue
        key = key_of(kind, values)
        if key:
            spool.add(key, line, values)
        else:
            problems.add(line, columns.heading("order_number"), _("Nothing says which record this row is about."))
    spool.filled()
    return count


def read_row(line: int, texts: Sequence[str], columns: Columns, cells: Cells, problems: Problems) -> Values | None:
    """The values of a row; None when one could not be read."""
    values: Values = {}
    good = True
    for name, places in columns.places.items():
        said: dict[str, str] = {}
        for place in places:
            try:
                value = cells.read(name, texts[place])
            except ValueError as error:
                problems.add(line, columns.headings[place], str(error))
                good = False
                continue
            if value is not None:
                said.setdefault(value, texts[place])
        if len(said) > 1:
            both = _("Columns of this name contradict each other: %(values)s. Leave one out.")
            problems.add(line, columns.heading(name), both % {"values": " / ".join(said.values())})
            good = False
        elif said:
            values[name] = next(iter(said))
    return values if good else None


def key_of(kind: str, values: Values) -> str:
    """What tells records of a file apart; "" when the row does not say."""
    if kind == "orders":
        return values.get("order_number", "")
    named = (("reference", "r"), ("email", "e"), ("name", "n"))
    return next((f"{mark}:{values[name]}" for name, mark in named if name in values), "")


def drafts(spool: Spool, columns: Columns, problems: Problems) -> Iterator[Draft]:
    """The records in the file, in its order."""
    item_fields = [name for name in ITEM_FIELDS if name in columns.places]
    for key, rows in spool.groups():
        items = _items(rows, item_fields)
        values = _folded(rows, columns, item_fields, problems)
        yield Draft(key, rows[0][0], values, [item for _line, item in items], [line for line, _item in items])


def _folded(rows: Sequence[Row], columns: Columns, item_fields: Sequence[str], problems: Problems) -> dict[str, Any]:
    values: dict[str, Any] = {}
    said_on: dict[str, int] = {}
    for line, row in rows:
        for name, value in row.items():
            if name in item_fields:
                continue
            if values.setdefault(name, value) != value:
                other = {"now": value, "line": said_on[name], "was": values[name]}
                sentence = _("It says “%(now)s”, line %(line)s says “%(was)s” of the same record. Make them agree.")
                problems.add(line, columns.heading(name), sentence % other)
            said_on.setdefault(name, line)
    return values


def _items(rows: Sequence[Row], item_fields: Sequence[str]) -> list[tuple[int, Values]]:
    """Each row that says something of a line is one line of the order."""
    lines = ((line, {name: row[name] for name in item_fields if name in row}) for line, row in rows)
    return [(line, item) for line, item in lines if item]
