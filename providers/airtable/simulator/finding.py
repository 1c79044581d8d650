"""Places and people by name or id, as the orders of the control name them; BadOrder when there is no such thing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from integration_hub.sandbox.simulator import BadOrder
from providers.airtable.simulator import journal
from providers.airtable.simulator.draft import Draft
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.model import Base, Field, Table, Token
from providers.airtable.simulator.rows import Record

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator

PERSON = "usrDemoColleague1"
DEMO = "demo"  # the key meant when none is named


def base_of(sim: Simulator, key: str) -> Base:
    try:
        return sim.state.base(key)
    except KeyError:
        raise BadOrder(f"There is no base {key!r}.") from None


def table_of(sim: Simulator, base: str, key: str) -> Table:
    tables = base_of(sim, base)
    try:
        return tables.table(key) if key else tables.tables[0]
    except (KeyError, IndexError):
        raise BadOrder(f"There is no table {key!r} in {tables.name}.") from None


def field_of(table: Table, key: str) -> Field:
    try:
        return table.field(key)
    except KeyError:
        raise BadOrder(f"There is no field {key!r} in {table.name}.") from None


def record_of(table: Table, key: str) -> Record:
    try:
        return table.records[key]
    except KeyError:
        raise BadOrder(f"There is no record {key!r} in {table.name}.") from None


def token_of(sim: Simulator, key: str) -> Token:
    for token in sim.state.tokens:
        if key in (token.name, token.value):
            return token
    raise BadOrder(f"There is no such key. Known: {', '.join(each.name for each in sim.state.tokens)}.")


def hand(sim: Simulator, base: str) -> Draft:
    """People in the browser make choices and linked rows by typing them."""
    return Draft(
        base_of(sim, base),
        now=sim.clock.now(),
        user=PERSON,
        users=sim.state.users(),
        typecast=True,
        files=sim.state.files,
        journal=partial(journal.note, sim, source="client"),
    )


def orderly(step: Any) -> Any:
    """What Airtable would refuse is a bad order here."""
    try:
        return step()
    except AirtableError as error:
        raise BadOrder(error.message) from None
