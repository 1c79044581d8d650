"""Which rows a filter can let through at all, as far as an index tells: most filters ask for a few rows by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from providers.airtable.simulator.formula import Tree, parse
from providers.airtable.simulator.model import Table
from providers.airtable.simulator.rows import Record

# Their cells are texts, and equal in a formula when the texts are.
TEXTS = ("singleLineText", "multilineText", "richText", "email", "url", "phoneNumber", "singleSelect")
Found = dict[str, Record]


def narrowed(text: str, table: Table) -> list[Record] | None:
    """In the order in which they were made; None when every row has to be asked. The filter itself still decides."""
    found = _rows(parse(text), table)
    return None if found is None else sorted(found.values(), key=lambda record: record.number)


def _rows(tree: Tree, table: Table) -> Found | None:
    if tree[:2] == ("sign", "="):
        return _equal(tree[2], tree[3], table)
    return JOINED[tree[1]](tree[2], table) if tree[0] == "call" and tree[1] in JOINED else None


def _any(trees: Any, table: Table) -> Found | None:
    found: Found = {}
    for tree in trees:
        if (some := _rows(tree, table)) is None:
            return None
        found |= some
    return found


def _all(trees: Any, table: Table) -> Found | None:
    return next((some for tree in trees if (some := _rows(tree, table)) is not None), None)


def _equal(left: Tree, right: Tree, table: Table) -> Found | None:
    """One side a text that is not empty, the other the row's id or a field of texts."""
    if left[0] == "value":
        left, right = right, left
    wanted = right[1] if right[0] == "value" else None
    if not isinstance(wanted, str) or not wanted:
        return None
    if left == ("call", "RECORD_ID", ()):
        return {wanted: table.records[wanted]} if wanted in table.records else {}
    field = table.columns().get(left[1]) if left[0] == "field" else None
    if field is None or field.type not in TEXTS:
        return None
    return {record.id: record for record in table.records.with_values([field.id], (wanted,))}


JOINED: dict[str, Callable[[Any, Table], Found | None]] = {"OR": _any, "AND": _all}
