"""What people do in Airtable while nobody looks, and what else can be ordered: `POST /_control/airtable/<name>`.

`base` and `table` are names or ids; without them it is the first one. None of this counts against any limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any

from integration_hub.contract.api import Json
from integration_hub.sandbox.simulator import BadOrder, Command
from providers.airtable.simulator import cells, remaking
from providers.airtable.simulator.draft import Draft
from providers.airtable.simulator.finding import DEMO, field_of, hand, orderly, record_of, table_of, token_of
from providers.airtable.simulator.model import Limits, Table
from providers.airtable.simulator.reading import Reader, Shape
from providers.airtable.simulator.rows import Record

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator


def rows(sim: Simulator, *, table: str = "", base: str = "") -> list[dict[str, Any]]:
    """The rows as the API shows them, in the order in which they were made."""
    found = table_of(sim, base, table)
    return Reader(sim.state, found, Shape(), sim.clock.now()).show_all(found.records.values())


def add(sim: Simulator, *, fields: Mapping[str, Json], table: str = "", base: str = "") -> dict[str, Any]:
    found = table_of(sim, base, table)
    with hand(sim, base) as draft:
        return _filled(sim, found, draft.create(found), fields, draft)


def edit(sim: Simulator, *, record: str, fields: Mapping[str, Json], table: str = "", base: str = "") -> dict[str, Any]:
    found = table_of(sim, base, table)
    with hand(sim, base) as draft:
        return _filled(sim, found, record_of(found, record), fields, draft)


def duplicate(sim: Simulator, *, record: str, table: str = "", base: str = "") -> dict[str, Any]:
    """A copy of a row, every written cell with it: ours too, the hub's id among them."""
    found = table_of(sim, base, table)
    original = record_of(found, record)
    with hand(sim, base) as draft:
        copy = draft.create(found)
        for field in found.fields:
            if field.id in original.cells:
                draft.set(found, copy, field, original.cells[field.id])
    return Reader(sim.state, found, Shape(), sim.clock.now()).show(copy)


def delete(sim: Simulator, *, record: str, table: str = "", base: str = "") -> dict[str, Any]:
    found = table_of(sim, base, table)
    with hand(sim, base) as draft:
        draft.remove(found, record_of(found, record))
    return {"deleted": record}


def expire_token(sim: Simulator, *, token: str = DEMO) -> dict[str, Any]:
    found = token_of(sim, token)
    found.expired = True
    return {"expired": found.name}


def restore_token(sim: Simulator, *, token: str = DEMO) -> dict[str, Any]:
    """The key works again, with the scopes it first had."""
    found = token_of(sim, token)
    first = next(each for each in sim.first_state().tokens if each.name == found.name)
    found.expired, found.scopes, found.bases = first.expired, first.scopes, first.bases
    return {"restored": found.name}


def revoke_scope(sim: Simulator, *, scope: str, token: str = DEMO) -> dict[str, Any]:
    found = token_of(sim, token)
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


def _filled(sim: Simulator, table: Table, record: Record, given: Mapping[str, Json], draft: Draft) -> dict[str, Any]:
    for name, value in given.items():
        column = field_of(table, name)
        draft.set(table, record, column, orderly(lambda c=column, v=value: cells.accept(v, c, draft)))
    return Reader(sim.state, table, Shape(), sim.clock.now()).show(record)


COMMANDS: dict[str, Command] = {
    each.__name__: each
    for each in (
        rows,
        add,
        edit,
        duplicate,
        delete,
        expire_token,
        restore_token,
        revoke_scope,
        limits,
        advance,
        expire_iterators,
    )
} | remaking.COMMANDS
