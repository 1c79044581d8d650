"""A state in parts: of a large one only the parts that changed are written.

They lie in a SQLite file beside the state file; a transaction holds them all, or none.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = """
    CREATE TABLE IF NOT EXISTS part (simulator TEXT, shelf TEXT, name TEXT, value TEXT, UNIQUE (simulator, shelf, name))
"""
REPLACE = """
    INSERT INTO part VALUES (?, ?, ?, ?) ON CONFLICT (simulator, shelf, name) DO UPDATE SET value = excluded.value
"""


@dataclass
class Parts:
    """What changed since the last time: by shelf and name the part as JSON, None for one that is gone.

    `emptied` are shelves of which nothing older counts any longer; `whole` says so of all shelves.
    """

    changed: dict[tuple[str, str], Any] = field(default_factory=dict)
    emptied: set[str] = field(default_factory=set)
    whole: bool = False


class Shelves:
    """The file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, states: Mapping[str, Parts]) -> None:
        """The changed parts of some simulators, by their keys, in one transaction."""
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(self.path)) as file, file:
            file.execute(TABLE)
            for key, parts in states.items():
                _put(file, key, parts)

    def forget(self) -> None:
        """Delete the file, and what a killed writer left of a transaction."""
        for each in (self.path, self._journal):
            each.unlink(missing_ok=True)

    def put_aside(self) -> None:
        """Keep an unreadable file under another name."""
        if self.path.exists():
            os.replace(self.path, self.path.with_name(f"{self.path.name}.unreadable"))
        self._journal.unlink(missing_ok=True)

    @property
    def _journal(self) -> Path:
        return self.path.with_name(f"{self.path.name}-journal")

    def read(self, key: str) -> Iterator[tuple[str, str, Any]]:
        """A simulator's parts: shelf, name, value."""
        if not self.path.exists():
            return
        with closing(sqlite3.connect(self.path)) as file:
            file.execute(TABLE)
            for shelf, name, value in file.execute(
                "SELECT shelf, name, value FROM part WHERE simulator = ? ORDER BY shelf, name", [key]
            ):
                yield shelf, name, json.loads(value)


def _put(file: sqlite3.Connection, key: str, parts: Parts) -> None:
    if parts.whole:
        file.execute("DELETE FROM part WHERE simulator = ?", [key])
    file.executemany("DELETE FROM part WHERE simulator = ? AND shelf = ?", [(key, shelf) for shelf in parts.emptied])
    gone = [(key, *place) for place, value in parts.changed.items() if value is None]
    file.executemany("DELETE FROM part WHERE simulator = ? AND shelf = ? AND name = ?", gone)
    file.executemany(
        REPLACE,
        (
            (key, *place, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
            for place, value in parts.changed.items()
            if value is not None
        ),
    )
