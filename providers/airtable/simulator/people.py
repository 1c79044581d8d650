"""What people do in Airtable while nobody looks, and what else can be ordered: `POST /_control/airtable/<name>`.

`base` and `table` are names or ids; without them it is the first one. None of this counts against any limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any

from integration_hub.contract.api import Json
from integration_hub.sandbox.simulator import BadOrder, Command
from providers.airtable.simulator import cells, fields
from providers.airtable.simulator.draft import Draft
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.functions import text_of
from providers.airtable.simulator.model import Base, Field, Limits, Record, Table, Token
from providers.airtable.simulator.reading import Reader, Shape

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator

PERSON = "usrDemoColleague1"
DEMO = "demo"  # the key meant when none is named


def rows(sim: Simulator, *, table: str = "", base: str = "") -> list[dict[str, Any]]:
    """The rows as the API shows them, in the order in which they were made."""
    found = _table(sim, base, table)
    return Reader(sim.state, found, Shape(), sim.clock.now()).show_all(found.records.values())


def add(sim: Simulator, *, fields: Mapping[str, Json], table: str = "", base: str = "") -> dict[str, Any]:
    found = _table(sim, base, table)
    with _draft(sim, base) as draft:
        return _filled(sim, found, draft.create(found), fields, draft)


def edit(sim: Simulator, *, record: str, fields: Mapping[str, Json], table: str = "", base: str = "") -> dict[str, Any]:
    found = _table(sim, base, table)
    with _draft(sim, base) as draft:
        return _filled(sim, found, _record(found, record), fields, draft)


def duplicate(sim: Simulator, *, record: str, table: str = "", base: str = "") -> dict[str, Any]:
    """A copy of a row, every written cell with it: ours too, the hub's id among them."""
    found = _table(sim, base, table)
    original = _record(found, record)
    with _draft(sim, base) as draft:
        copy = draft.create(found)
        for field in found.fields:
            if field.id in original.cells:
                draft.set(found, copy, field, original.cells[field.id])
    return Reader(sim.state, found, Shape(), sim.clock.now()).show(copy)


def delete(sim: Simulator, *, record: str, table: str = "", base: str = "") -> dict[str, Any]:
    found = _table(sim, base, table)
    with _draft(sim, base) as draft:
        draft.remove(found, _record(found, record))
    return {"deleted": record}


def rename_field(sim: Simulator, *, field: str, name: str, table: str = "", base: str = "") -> dict[str, Any]:
    found = _table(sim, base, table)
    column = _field(found, field)
    column.name = _orderly(lambda: fields.free_name(name, found.fields, own=column))
    return column.view()


def delete_field(sim: Simulator, *, field: str, table: str = "", base: str = "") -> dict[str, Any]:
    found = _table(sim, base, table)
    column = _field(found, field)
    if column is found.primary:
        raise BadOrder("The primary field cannot be deleted.")
    found.fields.remove(column)
    for record in found.records.values():
        record.cells.pop(column.id, None)
    return {"deleted": column.id}


def retype_field(
    sim: Simulator, *, field: str, type: str, options: dict[str, Any] | None = None, table: str = "", base: str = ""
) -> dict[str, Any]:
    """Change a field's type; cells that do not fit the new one are emptied, as Airtable does."""
    found = _table(sim, base, table)
    column = _field(found, field)
    others = [each for each in found.fields if each is not column]
    made = _orderly(lambda: fields.make({"name": column.name, "type": type, "options": options}, others))
    column.type, column.options = made.type, made.options
    with _draft(sim, base) as draft:
        for record in found.records.values():
            draft.set(found, record, column, _converted(record.cells.get(column.id), column, draft))
    return column.view()


def lock_field(sim: Simulator, *, field: str, locked: bool = True, table: str = "", base: str = "") -> dict[str, Any]:
    """Restrict who may edit a field: keys no longer may."""
    column = _field(_table(sim, base, table), field)
    column.locked = locked
    return {"id": column.id, "locked": locked}


def rename_table(sim: Simulator, *, name: str, table: str = "", base: str = "") -> dict[str, Any]:
    found = _table(sim, base, table)
    found.name = name
    return {"id": found.id, "name": name}


def delete_table(sim: Simulator, *, table: str = "", base: str = "") -> dict[str, Any]:
    """Links to it become the texts they showed."""
    place, found = _base(sim, base), _table(sim, base, table)
    place.tables.remove(found)
    for other in place.tables:
        for column in other.fields:
            if (column.options or {}).get("linkedTableId") == found.id:
                _unlink(column, other, found)
    return {"deleted": found.id}


def delete_base(sim: Simulator, *, base: str = "") -> dict[str, Any]:
    found = _base(sim, base)
    sim.state.bases.remove(found)
    return {"deleted": found.id}


def expire_token(sim: Simulator, *, token: str = DEMO) -> dict[str, Any]:
    found = _token(sim, token)
    found.expired = True
    return {"expired": found.name}


def restore_token(sim: Simulator, *, token: str = DEMO) -> dict[str, Any]:
    """The key works again, with the scopes it first had."""
    found = _token(sim, token)
    first = next(each for each in sim.first_state().tokens if each.name == found.name)
    found.expired, found.scopes, found.bases = first.expired, first.scopes, first.bases
    return {"restored": found.name}


def revoke_scope(sim: Simulator, *, scope: str, token: str = DEMO) -> dict[str, Any]:
    found = _token(sim, token)
    if scope not in found.scopes:
        raise BadOrder(f"{found.name} does not hold {scope}. It holds {', '.join(found.scopes)}.")
    found.scopes.remove(scope)
    return {"scopes": found.scopes}


def limits(sim: Simulator, **changes: float | None) -> dict[str, Any]:
    """Change limits (see `Limits`) and forget what was counted; without changes, show them."""
    if unknown := set(changes) - {each.name for each in dataclass_fields(Limits)}:
        raise BadOrder(f"Unknown limits: {', '.join(sorted(unknown))}.")
    for name, value in changes.items():
        setattr(sim.state.limits, name, value)
    sim.gate.open()
    return dict(vars(sim.state.limits))


def advance(sim: Simulator, *, seconds: float) -> dict[str, Any]:
    """Let time pass for this provider: penalties end, iterators expire."""
    if seconds < 0:
        raise BadOrder("Time only goes forward.")
    sim.clock.advance(seconds)
    return {"offset": sim.clock.offset}


def expire_iterators(sim: Simulator) -> dict[str, Any]:
    count = len(sim.iterators.alive)
    sim.iterators.alive.clear()
    return {"expired": count}


def _unlink(column: Field, table: Table, gone: Table) -> None:
    column.type, column.options = "singleLineText", None
    for record in table.records.values():
        links = record.cells.pop(column.id, None)
        known = [gone.records[key] for key in map(str, links) if key in gone.records] if isinstance(links, list) else []
        if text := ", ".join(text_of(each.cells.get(gone.primary.id)) for each in known):
            record.cells[column.id] = text


def _base(sim: Simulator, key: str) -> Base:
    try:
        return sim.state.base(key)
    except KeyError:
        raise BadOrder(f"There is no base {key!r}.") from None


def _table(sim: Simulator, base: str, key: str) -> Table:
    tables = _base(sim, base)
    try:
        return tables.table(key) if key else tables.tables[0]
    except (KeyError, IndexError):
        raise BadOrder(f"There is no table {key!r} in {tables.name}.") from None


def _field(table: Table, key: str) -> Field:
    try:
        return table.field(key)
    except KeyError:
        raise BadOrder(f"There is no field {key!r} in {table.name}.") from None


def _record(table: Table, key: str) -> Record:
    try:
        return table.records[key]
    except KeyError:
        raise BadOrder(f"There is no record {key!r} in {table.name}.") from None


def _token(sim: Simulator, key: str) -> Token:
    for token in sim.state.tokens:
        if key in (token.name, token.value):
            return token
    raise BadOrder(f"There is no such key. Known: {', '.join(each.name for each in sim.state.tokens)}.")


def _draft(sim: Simulator, base: str) -> Draft:
    """People in the browser make choices and linked rows by typing them."""
    return Draft(_base(sim, base), now=sim.clock.now(), user=PERSON, users=sim.state.users(), typecast=True)


def _filled(sim: Simulator, table: Table, record: Record, given: Mapping[str, Json], draft: Draft) -> dict[str, Any]:
    for name, value in given.items():
        column = _field(table, name)
        draft.set(table, record, column, _orderly(lambda c=column, v=value: cells.accept(v, c, draft)))
    return Reader(sim.state, table, Shape(), sim.clock.now()).show(record)


def _converted(value: Json, column: Field, draft: Draft) -> Json:
    try:
        return cells.accept(value, column, draft)
    except AirtableError:
        return None


def _orderly(step: Any) -> Any:
    """What Airtable would refuse is a bad order here."""
    try:
        return step()
    except AirtableError as error:
        raise BadOrder(error.message) from None


COMMANDS: dict[str, Command] = {
    each.__name__: each
    for each in (
        rows,
        add,
        edit,
        duplicate,
        delete,
        rename_field,
        delete_field,
        retype_field,
        lock_field,
        rename_table,
        delete_table,
        delete_base,
        expire_token,
        restore_token,
        revoke_scope,
        limits,
        advance,
        expire_iterators,
    )
}
