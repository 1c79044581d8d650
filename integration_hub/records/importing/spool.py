"""Rows on disk between reading and saving, so that memory stays flat however long the file is.

A temporary SQLite file of its own, gone when closed; rows of one record are found together wherever they stood.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

Row = tuple[int, dict[str, Any]]


class Spool:
    """Rows under keys."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        database.execute("CREATE TABLE spool (key TEXT, line INTEGER, row TEXT)")

    def add(self, key: str, line: int, row: dict[str, Any]) -> None:
        self.database.execute("INSERT INTO spool VALUES (?, ?, ?)", (key, line, json.dumps(row)))

    def filled(self) -> None:
        """Call once when all rows are in."""
        self.database.execute("CREATE INDEX by_key ON spool (key, line)")

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """The rows of each key, keys in the order in which the file first names them."""
        rows = self.database.execute(
            "SELECT s.key, s.line, s.row FROM spool s"
            " JOIN (SELECT key, MIN(line) AS first FROM spool GROUP BY key) f ON f.key = s.key"
            " ORDER BY f.first, s.line"
        )
        for key, group in groupby(rows, key=lambda row: row[0]):
            yield key, [(line, json.loads(text)) for _key, line, text in group]


@contextmanager
def spool() -> Iterator[Spool]:
    database = sqlite3.connect("", isolation_level=None)  # "": a private file, in memory while it is small
    try:
        yield Spool(database)
    finally:
        database.close()
