"""Rows on disk between reading and saving, so that memory stays flat however long the file is.

A SQLite file of its own beside the file it was read from; rows of one record are found together wherever they stood.
It is kept while the import is not finished, so that saving goes on where it was stopped without reading the file again.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any

Row = tuple[int, dict[str, Any]]
BATCH = 1000

_FILLED = (
    "CREATE INDEX by_key ON spool (key)",
    "CREATE TABLE heads (first INTEGER PRIMARY KEY, key TEXT)",
    "INSERT INTO heads SELECT MIN(line), key FROM spool GROUP BY key ORDER BY 1",
)
# CROSS JOIN: first the heads in their order, then the rows of each, so that nothing has to be sorted.
_GROUPS = """
SELECT h.first, r.line, r.row FROM heads h CROSS JOIN spool r ON r.key = h.key WHERE h.first > ?
ORDER BY h.first, r.line
"""


class Spool:
    """Rows under keys."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database

    def fill(self, rows: Iterable[tuple[str, int, dict[str, Any]]]) -> None:
        """All rows, as (key, line, values); afterwards they can be read."""
        self.database.execute("BEGIN")
        self.database.execute("CREATE TABLE spool (line INTEGER PRIMARY KEY, key TEXT, row TEXT)")
        told = ((line, key, json.dumps(values, ensure_ascii=False)) for key, line, values in rows)
        while batch := list(islice(told, BATCH)):
            self.database.executemany("INSERT INTO spool VALUES (?, ?, ?)", batch)
        for statement in _FILLED:
            self.database.execute(statement)
        self.database.execute("COMMIT")
        self.database.execute("PRAGMA user_version = 1")

    def note(self, texts: Iterable[str]) -> None:
        """Remember these for `noted`."""
        self.database.execute("CREATE TEMP TABLE IF NOT EXISTS notes (text TEXT PRIMARY KEY) WITHOUT ROWID")
        self.database.executemany("INSERT OR IGNORE INTO notes VALUES (?)", [(text,) for text in texts])

    def noted(self) -> int:
        """How many different texts were noted."""
        self.note([])
        return int(self.database.execute("SELECT count(*) FROM notes").fetchone()[0])

    @property
    def complete(self) -> bool:
        return bool(self.database.execute("PRAGMA user_version").fetchone()[0])

    def __len__(self) -> int:
        """How many keys there are."""
        return int(self.database.execute("SELECT count(*) FROM heads").fetchone()[0])

    def groups(self, after: int = 0) -> Iterator[tuple[int, list[Row]]]:
        """The rows of each key with the first line of them, in the order in which the file first names them."""
        rows = self.database.execute(_GROUPS, [after])
        for first, group in groupby(rows, key=lambda row: row[0]):
            yield first, [(line, json.loads(text)) for _first, line, text in group]


@contextmanager
def opened(path: Path) -> Iterator[Spool]:
    """The spool in this file, which need not be there. No journal: who is killed while filling it begins anew."""
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode=OFF")
        database.execute("PRAGMA synchronous=OFF")
        yield Spool(database)
    finally:
        database.close()
