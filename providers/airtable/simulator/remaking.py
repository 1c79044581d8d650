"""What people do to bases, tables and fields in Airtable: things the API cannot do, and what the hub must bear.

`base` and `table` are names or ids; without them it is the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from integration_hub.contract.api import Json
from integration_hub.sandbox.simulator import BadOrder, Command
from providers.airtable.simulator import access, cells, fields, journal, meta
from providers.airtable.simulator.draft import Draft
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.finding import DEMO, PERSON, base_of, field_of, hand, orderly, table_of, token_of
from providers.airtable.simulator.functions import text_of
from providers.airtable.simulator.model import Base, Field, Table

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator


def rename_field(sim: Simulator, *, field: str, name: str, table: str = "", base: str = "") -> dict[str, Any]:
    found = table_of(sim, base, table)
    column = field_of(found, field)
    column.name = orderly(lambda: fields.free_name(name, found.fields, own=column))
    _moved(sim, base, found, column)
    return column.view()


def delete_field(sim: Simulator, *, field: str, table: str = "", base: str = "") -> dict[str, Any]:
    found = table_of(sim, base, table)
    column = field_of(found, field)
    if column is found.primary:
        raise BadOrder("The primary field cannot be deleted.")
    _let_go(base_of(sim, base), found, column)
    found.fields.remove(column)
    for record in found.records.values():
        record.cells.pop(column.id, None)
        found.records.note(record.id)
    _tell(sim, base, found, destroyedFieldIds=[column.id])
    return {"deleted": column.id}


def retype_field(
    sim: Simulator, *, field: str, type: str, options: dict[str, Any] | None = None, table: str = "", base: str = ""
) -> dict[str, Any]:
    """Change a field's type, to a computed one too; cells that do not fit are emptied, as Airtable does."""
    found = table_of(sim, base, table)
    column = field_of(found, field)
    others = [each for each in found.fields if each is not column]
    spec = {"name": column.name, "type": type, "options": options}
    made = orderly(lambda: fields.make(spec, others, by_hand=True))
    _let_go(base_of(sim, base), found, column)
    column.type, column.options = made.type, made.options
    if type == "multipleRecordLinks":
        orderly(lambda: meta.link_back(base_of(sim, base), found, column))
    with hand(sim, base) as draft:
        for record in found.records.values():
            draft.set(found, record, column, _converted(record.cells.get(column.id), column, draft))
    _moved(sim, base, found, column)
    return column.view()


def add_table(sim: Simulator, *, name: str, fields: Sequence[dict[str, Any]] = (), base: str = "") -> dict[str, Any]:
    """Without fields it has a name, as a table made in the browser has."""
    spec = {"name": name, "fields": list(fields) or [{"name": "Name", "type": "singleLineText"}]}
    made: Table = orderly(lambda: meta.add_table(base_of(sim, base), spec))
    _tell(sim, base, None, createdTablesById={made.id: {"metadata": {"name": made.name}}})
    return made.view()


def add_field(
    sim: Simulator,
    *,
    name: str,
    type: str = "singleLineText",
    options: dict[str, Any] | None = None,
    table: str = "",
    base: str = "",
) -> dict[str, Any]:
    """Of any type, computed ones too: people may make what the API may not."""
    place, found = base_of(sim, base), table_of(sim, base, table)
    spec = {"name": name, "type": type, "options": options}
    made: Field = orderly(lambda: fields.make(spec, found.fields, by_hand=True))
    if type == "multipleRecordLinks":
        orderly(lambda: meta.link_back(place, found, made))
    found.fields.append(made)
    _tell(sim, base, found, createdFieldsById={made.id: {"name": made.name, "type": made.type}})
    return made.view()


def add_choice(sim: Simulator, *, field: str, name: str, table: str = "", base: str = "") -> dict[str, Any]:
    column = _select(sim, base, table, field)
    if any(choice["name"] == name for choice in column.choices):
        raise BadOrder(f"{column.name} has a choice {name!r} already.")
    column.choices.append(fields.new_choice(name, len(column.choices)))
    _moved(sim, base, table_of(sim, base, table), column)
    return column.view()


def rename_choice(
    sim: Simulator, *, field: str, choice: str, name: str, table: str = "", base: str = ""
) -> dict[str, Any]:
    """Cells that have it show the new name at once."""
    column = _select(sim, base, table, field)
    _choice(column, choice)["name"] = name
    _rewrite(table_of(sim, base, table), column, lambda each: name if each == choice else each)
    _moved(sim, base, table_of(sim, base, table), column)
    return column.view()


def delete_choice(sim: Simulator, *, field: str, choice: str, table: str = "", base: str = "") -> dict[str, Any]:
    """Cells that had it are emptied of it."""
    column = _select(sim, base, table, field)
    column.choices.remove(_choice(column, choice))
    _rewrite(table_of(sim, base, table), column, lambda each: None if each == choice else each)
    _moved(sim, base, table_of(sim, base, table), column)
    return column.view()


def permit(sim: Simulator, *, level: str, base: str = "", token: str = DEMO) -> dict[str, Any]:
    """What a key's owner may do in a base: none, read, comment, edit or create."""
    if level not in access.LEVELS:
        raise BadOrder(f"There is no level {level!r}. Known: {', '.join(access.LEVELS)}.")
    place, found = base_of(sim, base), token_of(sim, token)
    granted = found.bases if found.bases is not None else {each.id: "create" for each in sim.state.bases}
    found.bases = {**granted, place.id: level}
    return {"bases": found.bases}


def lock_field(sim: Simulator, *, field: str, locked: bool = True, table: str = "", base: str = "") -> dict[str, Any]:
    """Restrict who may edit a field: keys no longer may."""
    column = field_of(table_of(sim, base, table), field)
    column.locked = locked
    return {"id": column.id, "locked": locked}


def rename_table(sim: Simulator, *, name: str, table: str = "", base: str = "") -> dict[str, Any]:
    found = table_of(sim, base, table)
    found.name = name
    _tell(sim, base, found, changedMetadata={"current": {"name": name}})
    return {"id": found.id, "name": name}


def delete_table(sim: Simulator, *, table: str = "", base: str = "") -> dict[str, Any]:
    """Links to it become the texts they showed."""
    place, found = base_of(sim, base), table_of(sim, base, table)
    place.tables.remove(found)
    for other in place.tables:
        for column in other.fields:
            if (column.options or {}).get("linkedTableId") == found.id:
                _unlink(column, other, found)
    _tell(sim, base, None, destroyedTableIds=[found.id])
    return {"deleted": found.id}


def delete_base(sim: Simulator, *, base: str = "") -> dict[str, Any]:
    found = base_of(sim, base)
    sim.state.bases.remove(found)
    return {"deleted": found.id}


def _moved(sim: Simulator, base: str, table: Table, column: Field) -> None:
    told = {"name": column.name, "type": column.type, "options": column.options}
    _tell(sim, base, table, changedFieldsById={column.id: {"current": told}})


def _tell(sim: Simulator, base: str, table: Table | None, **told: Any) -> None:
    """Webhooks report it as somebody's own doing."""
    journal.schema(sim, base_of(sim, base), table, "client", PERSON, **told)


def _let_go(place: Base, table: Table, column: Field) -> None:
    """A field that is about to go links no longer: its cells become text, and the field that links back too."""
    if column.type != "multipleRecordLinks":
        return
    options = column.options or {}
    other = place.table(options["linkedTableId"])
    if inverse := other.columns().get(options.get("inverseLinkFieldId", "")):
        _unlink(inverse, other, table)
    _unlink(column, table, other)


def _unlink(column: Field, table: Table, gone: Table) -> None:
    column.type, column.options = "singleLineText", None
    for record in table.records.values():
        table.records.note(record.id)
        links = record.cells.pop(column.id, None)
        known = [gone.records[key] for key in map(str, links) if key in gone.records] if isinstance(links, list) else []
        if text := ", ".join(text_of(each.cells.get(gone.primary.id)) for each in known):
            record.cells[column.id] = text


def _converted(value: Json, column: Field, draft: Draft) -> Json:
    try:
        return cells.accept(value, column, draft)
    except AirtableError:
        return None


def _select(sim: Simulator, base: str, table: str, key: str) -> Field:
    column = field_of(table_of(sim, base, table), key)
    if column.type not in ("singleSelect", "multipleSelects"):
        raise BadOrder(f"{column.name} has no choices.")
    return column


def _choice(column: Field, name: str) -> dict[str, str]:
    for choice in column.choices:
        if choice["name"] == name:
            return choice
    raise BadOrder(f"{column.name} has no choice {name!r}.")


def _rewrite(table: Table, column: Field, change: Callable[[str], str | None]) -> None:
    """Every cell of a select field, choice by choice; None takes a choice out."""
    for record in table.records.values():
        value = record.cells.get(column.id)
        listed = [str(each) for each in value] if isinstance(value, list) else [str(value)] if value else []
        left: list[Json] = [new for each in listed if (new := change(each)) is not None]
        table.records.note(record.id)
        if not left:
            record.cells.pop(column.id, None)
        else:
            record.cells[column.id] = left if column.type == "multipleSelects" else left[0]


COMMANDS: dict[str, Command] = {
    each.__name__: each
    for each in (
        add_table,
        rename_table,
        delete_table,
        delete_base,
        add_field,
        rename_field,
        retype_field,
        delete_field,
        lock_field,
        add_choice,
        rename_choice,
        delete_choice,
        permit,
    )
}
