"""What a person can do in a browser: forms for rows and fields, and the orders they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.utils.translation import gettext

from integration_hub.contract.api import Json
from integration_hub.sandbox.sheets import Button, Form, Input, Posted, Sheet
from integration_hub.sandbox.simulator import BadOrder
from providers.airtable.simulator import people, remaking
from providers.airtable.simulator.fields import is_computed
from providers.airtable.simulator.finding import table_of
from providers.airtable.simulator.functions import text_of
from providers.airtable.simulator.model import Base, Field, Table
from providers.airtable.simulator.rows import Record

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator

NEW, FIELDS = "new", "fields"  # pages of a table beside those of its rows
UNTYPED = ("multipleAttachments", "singleCollaborator", "multipleCollaborators", "barcode")
LONG = ("multilineText", "richText")


def address(sim: Simulator, *path: str) -> str:
    return "/".join(["", "browse", sim.key, *(quote(each) for each in path)])


def sheet(sim: Simulator, base: Base, table: Table, place: str) -> Sheet | None:
    """The page of one row, of a new row, or of the fields."""
    trail = [(base.name, address(sim, base.id)), (table.name, address(sim, base.id, table.id))]
    if place == NEW:
        return Sheet(gettext("A new row"), trail, forms=[_row(base, table, None)])
    if place == FIELDS:
        return Sheet(gettext("Fields"), trail, forms=[_field(table, field) for field in table.fields])
    record = table.records.get(place)
    if record is None:
        return None
    return Sheet(title(table, record), trail, subtitle=record.id, forms=[_row(base, table, record)])


def title(table: Table, record: Record) -> str:
    return text_of(record.cells.get(table.primary.id)) or record.id


def obey(sim: Simulator, places: tuple[str, ...], posted: Posted) -> str:
    """Carry out a form; where to go then."""
    if len(places) != 3 or posted.act not in ACTS:
        raise BadOrder(gettext("Nothing like that can be done here."))
    base, table, place = places
    ACTS[posted.act](sim, place, posted, {"base": base, "table": table})
    return address(sim, *places) if place == FIELDS else address(sim, base, table)


def name_of(base: Base, link: Field, row: str) -> str:
    """What a linked row is called."""
    table = base.table((link.options or {})["linkedTableId"])
    record = table.records.get(row)
    return text_of(record.cells.get(table.primary.id)) if record else row


def _row(base: Base, table: Table, record: Record | None) -> Form:
    typed = [each for each in table.fields if not is_computed(each) and each.type not in UNTYPED]
    inputs = [_input(base, field, record.cells.get(field.id) if record else None) for field in typed]
    made = (
        Button("edit", gettext("Save")),
        Button("duplicate", gettext("Duplicate this row")),
        Button("delete", gettext("Delete this row"), "danger"),
    )
    buttons = made if record else [Button("add", gettext("Add the row"))]
    return Form(buttons, inputs, title=gettext("Cells"), note=gettext("Several names are separated by commas."))


def _input(base: Base, field: Field, value: Json) -> Input:
    if field.type == "checkbox":
        return Input(field.id, field.name, "on" if value else "", "check")
    if field.type == "singleSelect":
        return Input(field.id, field.name, text_of(value), "choice", [each["name"] for each in field.choices])
    if field.type == "multipleRecordLinks" and isinstance(value, list):
        return Input(field.id, field.name, ", ".join(name_of(base, field, str(each)) for each in value))
    text = text_of(value)
    return Input(field.id, field.name, text, "long" if field.type in LONG or "\n" in text else "text")


def _field(table: Table, field: Field) -> Form:
    buttons = [Button("rename_field", gettext("Rename"))]
    if field is not table.primary:
        buttons.append(Button("delete_field", gettext("Delete"), "danger"))
    return Form(buttons, [Input("name", gettext("Name"), field.name)], field.id, field.name, field.type)


def _cells(sim: Simulator, posted: Posted, where: Mapping[str, str]) -> dict[str, Json]:
    """Only what was changed: the hub may have written the rest meanwhile."""
    table = table_of(sim, where["base"], where["table"])
    boxes = {field.id for field in table.fields if field.type == "checkbox"}
    return {key: bool(text) if key in boxes else text or None for key, text in posted.changed.items()}


Act = Callable[["Simulator", str, Posted, Mapping[str, Any]], Any]
ACTS: dict[str, Act] = {
    "add": lambda sim, place, posted, where: people.add(sim, fields=_cells(sim, posted, where), **where),
    "edit": lambda sim, place, posted, where: people.edit(
        sim, record=place, fields=_cells(sim, posted, where), **where
    ),
    "duplicate": lambda sim, place, posted, where: people.duplicate(sim, record=place, **where),
    "delete": lambda sim, place, posted, where: people.delete(sim, record=place, **where),
    "rename_field": lambda sim, place, posted, where: remaking.rename_field(
        sim, field=posted.about, name=posted.values.get("name", ""), **where
    ),
    "delete_field": lambda sim, place, posted, where: remaking.delete_field(sim, field=posted.about, **where),
}
