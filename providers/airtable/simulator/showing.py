"""The bases in a browser: every table with its rows, newest change first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext, ngettext

from integration_hub.contract.api import Json
from integration_hub.sandbox.clock import iso
from integration_hub.sandbox.sheets import Card, Grid, Sheet, Shown
from providers.airtable.simulator import hands
from providers.airtable.simulator.formula import text_of
from providers.airtable.simulator.hands import address, name_of
from providers.airtable.simulator.model import Base, Field, Table
from providers.airtable.simulator.reading import Reader, Shape
from providers.airtable.simulator.rows import Record

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator

ON_PAGE = 100
LOOKS = {
    **dict.fromkeys(("singleSelect", "multipleSelects"), "tag"),
    **dict.fromkeys(("number", "currency", "percent", "duration", "rating", "autoNumber", "count"), "number"),
    **dict.fromkeys(("createdTime", "lastModifiedTime", "date", "dateTime"), "time"),
}


def card(sim: AirtableSimulator) -> Card:
    places = [(base.name, address(sim, base.id), _tables(base)) for base in sim.state.bases]
    summary = gettext("Bases with tables and rows, at %(count)d requests a second each.")
    return Card(
        summary % {"count": sim.state.limits.per_base},
        places,
        gettext("All bases were deleted. A reset brings them back."),
    )


def sheet(sim: AirtableSimulator, places: tuple[str, ...], page: int) -> Sheet | None:
    if len(places) not in (1, 2, 3):
        return None
    base = next((each for each in sim.state.bases if each.id == places[0]), None)
    if base is None:
        return None
    if len(places) == 1:
        return Sheet(base.name, [], [_list(sim, base)], subtitle=base.id)
    table = next((each for each in base.tables if each.id == places[1]), None)
    if table is None:
        return None
    if len(places) == 3:
        return hands.sheet(sim, base, table, places[2])
    links = (
        (gettext("Add a row"), address(sim, base.id, table.id, hands.NEW)),
        (gettext("Rename or delete fields"), address(sim, base.id, table.id, hands.FIELDS)),
    )
    grid, trail = _rows(sim, base, table, page), [(base.name, address(sim, base.id))]
    return Sheet(table.name, trail, [grid], subtitle=f"{base.id} / {table.id}", links=links)


def _tables(base: Base) -> str:
    count = len(base.tables)
    return ngettext("%(count)d table", "%(count)d tables", count) % {"count": count}


def _row_count(count: int) -> str:
    return ngettext("%(count)d row", "%(count)d rows", count) % {"count": count}


def _list(sim: AirtableSimulator, base: Base) -> Grid:
    heads = (
        (gettext("Table"), ""),
        (gettext("Rows"), "number"),
        (gettext("Fields"), "number"),
        (gettext("Id"), "code"),
    )
    rows = [
        [
            Shown(table.name, href=address(sim, base.id, table.id)),
            Shown(str(len(table.records)), look="number"),
            Shown(str(len(table.fields)), look="number"),
            Shown(table.id, look="code"),
        ]
        for table in base.tables
    ]
    empty = gettext("This base has no tables.")
    return Grid(gettext("Tables"), [Shown(text, look=look) for text, look in heads], rows, empty)


def _rows(sim: AirtableSimulator, base: Base, table: Table, page: int) -> Grid:
    count = len(table.records)
    pages = max(1, -(-count // ON_PAGE))
    page = min(max(page, 1), pages)
    reader = Reader(sim.state, table, Shape(by_id=True), sim.clock.now())
    shown = table.records.newest((page - 1) * ON_PAGE, ON_PAGE)
    return Grid(
        title=gettext("Rows"),
        columns=[*(Shown(field.name, look=LOOKS.get(field.type, "")) for field in table.fields),
                 Shown(gettext("Record"), look="code"), Shown(gettext("Changed at"), look="time")],
        rows=[_row(sim, base, table, record, reader) for record in shown],
        empty=gettext("No rows yet. As soon as the hub pushes a record, it shows up here."),
        note=_row_count(count),
        page=page,
        pages=pages,
    )  # fmt: skip


def _row(sim: AirtableSimulator, base: Base, table: Table, record: Record, reader: Reader) -> list[Shown]:
    cells = reader.show(record)["fields"]
    shown = [_cell(base, field, cells.get(field.id)) for field in table.fields]
    shown[0] = Shown(shown[0].text or record.id, address(sim, base.id, table.id, record.id), shown[0].look)
    return [*shown, Shown(record.id, look="code"), Shown(iso(record.modified)[:19].replace("T", " "), look="time")]


def _cell(base: Base, field: Field, value: Json) -> Shown:
    if value is True:
        return Shown("✓")
    if field.type == "multipleRecordLinks" and isinstance(value, list):
        return Shown(", ".join(name_of(base, field, str(each)) for each in value))
    text = text_of(value)
    if field.type in ("dateTime", "createdTime", "lastModifiedTime"):
        text = text[:16].replace("T", " ")
    if field.type in ("number", "currency") and isinstance(value, int | float):
        text = f"{(field.options or {}).get('symbol', '')}{value:,.{(field.options or {}).get('precision', 0)}f}"
    if field.type == "percent" and isinstance(value, int | float):
        text = f"{value * 100:,.{(field.options or {}).get('precision', 0)}f} %"
    return Shown(text, look=LOOKS.get(field.type, "") if text else "")
