"""The rows of a table, and what saves walking through all of them: indexes, who changed last, what is not kept yet."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from integration_hub.contract.api import Json

MOST_INDEXES = 8
Key: TypeAlias = tuple[Hashable, ...]
Cells: TypeAlias = Mapping[str, Json]


@dataclass(slots=True)
class Record:
    """`cells` holds only what is not empty, by field id; `touched` when each cell last changed. Times are seconds."""

    id: str
    number: int
    created: float
    modified: float
    created_by: str
    modified_by: str
    cells: dict[str, Json] = field(default_factory=dict)
    touched: dict[str, float] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "number": self.number,
            "created": self.created,
            "modified": self.modified,
            "created_by": self.created_by,
            "modified_by": self.modified_by,
            "cells": dict(self.cells),
            "touched": dict(self.touched),
        }


def load(state: Mapping[str, Any]) -> Record:
    """The reverse of `Record.dump`. A hundred thousand rows share the ids of their fields."""
    shared = {part: {sys.intern(key): value for key, value in state[part].items()} for part in ("cells", "touched")}
    return Record(**{**state, **shared})


def key_of(cells: Cells, fields: Sequence[str]) -> Key:
    """What has to be equal; several choices match in any order, 5 and 5.0 are one number."""
    return tuple(_hashable(cells.get(field)) for field in fields)


def _hashable(value: Json) -> Hashable:
    if isinstance(value, list):
        return tuple(sorted(map(str, value)))
    return repr(value) if isinstance(value, dict) else value


class _Index:
    """Which rows have which values in some fields. Rows that changed wait in `stale` until somebody asks."""

    def __init__(self, rows: Rows, fields: Sequence[str]) -> None:
        self.rows, self.fields = rows, fields
        self.stale = set(rows)
        self._ids: dict[Key, tuple[str, ...]] = {}
        self._keys: dict[str, Key] = {}

    def find(self, key: Key) -> tuple[str, ...]:
        while self.stale:
            self._renew(self.stale.pop())
        return self._ids.get(key, ())

    def _renew(self, row: str) -> None:
        if (old := self._keys.pop(row, None)) is not None:
            left = tuple(each for each in self._ids[old] if each != row)
            if left:
                self._ids[old] = left
            else:
                del self._ids[old]
        if (record := self.rows.get(row)) is not None:
            key = self._keys[row] = key_of(record.cells, self.fields)
            self._ids[key] = (*self._ids.get(key, ()), row)


class Rows(dict[str, Record]):
    """By id, in the order in which they were made. Whoever changes a row in place says so with `note`."""

    def __init__(self, records: Mapping[str, Record] | None = None) -> None:
        super().__init__(records or {})
        self.unkept = set(self)
        self._indexes: dict[tuple[str, ...], _Index] = {}
        by_time = sorted(self.values(), key=lambda record: (record.modified, record.number))
        self._recent = dict.fromkeys(record.id for record in by_time)

    def add(self, record: Record) -> None:
        self[record.id] = record
        self._recent[record.id] = None
        self.note(record.id)

    def remove(self, row: str) -> None:
        del self[row], self._recent[row]
        self.note(row)

    def note(self, row: str) -> None:
        """The row changed, came or went."""
        self.unkept.add(row)
        for index in self._indexes.values():
            index.stale.add(row)

    def renew(self, row: str) -> None:
        """The row is the one that changed last."""
        if row in self:
            del self._recent[row]
            self._recent[row] = None

    def newest(self, start: int, count: int) -> Iterator[Record]:
        """Latest change first."""
        return (self[row] for row in islice(reversed(self._recent), start, start + count))

    def with_values(self, fields: Sequence[str], key: Key) -> list[Record]:
        """The rows whose `key_of` these fields is `key`, in the order in which they were made."""
        wanted = tuple(fields)
        index = self._indexes.pop(wanted, None) or _Index(self, wanted)
        while len(self._indexes) >= MOST_INDEXES:
            del self._indexes[next(iter(self._indexes))]
        self._indexes[wanted] = index
        return sorted((self[row] for row in index.find(key)), key=lambda record: record.number)
