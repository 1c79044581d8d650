"""The state in parts: a head with everything that is small, each row, file and payload; only what changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integration_hub.sandbox.parts import Parts
from providers.airtable.simulator import model, rows
from providers.airtable.simulator.model import State, Table
from providers.airtable.simulator.rows import Rows

# Shelves beside those of the tables, which are named by their ids.
HEAD, FILES, PAYLOADS = "", "files", "payloads"


class Handed:
    """What was handed out of a state, and so need not be again."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state
        self.tables: set[str] = {table.id for table in state.tables()} if state else set()
        self.files: set[str] = set(state.files) if state else set()
        self.payloads: set[str] = set(state.kept.payloads) if state else set()

    def take(self, state: State, *, whole: bool) -> Parts:
        """What changed since the last time; everything of a state that was not seen before."""
        whole = whole or state is not self.state
        tables = {table.id: table for table in state.tables()}
        parts = Parts({(HEAD, ""): state.head()}, self.tables - set(tables), whole)
        for table in tables.values():
            parts.changed |= _rows(table, everything=whole)
        known = set() if whole else self.files
        parts.changed |= {(FILES, key): state.files.get(key) for key in known ^ set(state.files)}
        told = set() if whole else self.payloads
        parts.changed |= {(PAYLOADS, key): state.kept.payloads.get(key) for key in told ^ set(state.kept.payloads)}
        self.state, self.tables, self.files = state, set(tables), set(state.files)
        self.payloads = set(state.kept.payloads)
        return parts


def _rows(table: Table, *, everything: bool) -> dict[tuple[str, str], Any]:
    ids, table.records.unkept = set(table.records) if everything else table.records.unkept, set()
    found = {row: table.records.get(row) for row in ids}
    return {(table.id, row): record.dump() if record else None for row, record in found.items()}


def load(parts: Iterable[tuple[str, str, Any]]) -> State | None:
    """The reverse; None when there is no head."""
    heads: list[Any] = []
    shelves: dict[str, list[Any]] = {}
    for shelf, _, value in parts:
        if shelf == HEAD:
            heads.append(value)
        else:
            shelves.setdefault(shelf, []).append(value if shelf in (FILES, PAYLOADS) else rows.load(value))
    if not heads:
        return None
    files = {file["id"]: file for file in shelves.get(FILES, ())}
    payloads = {kept["key"]: kept for kept in sorted(shelves.get(PAYLOADS, ()), key=lambda kept: str(kept["key"]))}
    state = model.load({**heads[0], "files": files, "payloads": payloads})
    for table in state.tables():
        records = sorted(shelves.get(table.id, ()), key=lambda record: record.number)
        table.records = Rows({record.id: record for record in records})
        table.records.unkept = set()
    return state
