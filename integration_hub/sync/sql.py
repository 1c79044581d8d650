"""Values for the hand-written statements, in the shape the database at hand wants them.

Statements over many rows take all of them as one parameter, a JSON text: their SQL never changes, so it is prepared
once, and nothing walks through a thousand placeholders. SQLite takes few rows as they are, twice as quickly.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.backends.utils import CursorWrapper

FEW = 1000  # values of a table's rows; more go as JSON, their statement would be long
SEEN = 4096  # ids whose UUID is at hand: a row's are read several times in a turn, its run's with every row
_AS_THEY_ARE = frozenset((str, int, float, bool, type(None)))


def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def params(values: Iterable[object]) -> list[Any]:
    return [value if type(value) in _AS_THEY_ARE else _param(value) for value in values]


def _param(value: object) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and is_sqlite():
        return value.hex
    return value


def given(**columns: str) -> str:
    """SQL for a table of the rows that `rows` made; its one parameter is that text. `columns`: name and type, as
    PostgreSQL calls it; SQLite takes values as they come, with JSON inside them as text."""
    if is_sqlite():
        found = [f"json_extract(value, '$[{number}]') AS {name}" for number, name in enumerate(columns)]
        return f"(SELECT {', '.join(found)} FROM json_each(%s))"  # noqa: S608 - our own names
    found = [f"CAST(value ->> {number} AS {kind}) AS {name}" for number, (name, kind) in enumerate(columns.items())]
    return f"(SELECT {', '.join(found)} FROM json_array_elements(CAST(%s AS json)))"  # noqa: S608 - our own names


def table(values: Iterable[Sequence[object]], **columns: str) -> tuple[str, list[Any]]:
    """SQL for a table of these rows, and its parameters. As `given` and `rows`, but its text may depend on how many
    there are: for statements that mostly get as many."""
    found = values if isinstance(values, list) else list(values)
    if found and is_sqlite() and len(found) * len(columns) <= FEW:
        flat = [
            value if type(value) in _AS_THEY_ARE else _BOUND.get(type(value), _bound)(value)
            for row in found
            for value in row
        ]
        return _listed(len(found), *columns), flat
    return given(**columns), [rows(found)]


@lru_cache
def _listed(count: int, *columns: str) -> str:
    named = ", ".join(f"column{number} AS {name}" for number, name in enumerate(columns, 1))
    marks = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * count)
    return f"(SELECT {named} FROM (VALUES {marks}))"  # noqa: S608 - our own names


def among(column: str, table: str, name: str = "id") -> str:
    """SQL: the column is one of these, by which an index is asked. PostgreSQL would guess, of a table it has no figures
    of, that reading a whole company is cheaper; an array leaves it no choice."""
    found = f"SELECT {name} FROM {table} AS asked"  # noqa: S608 - our own names
    return f"{column} IN ({found})" if is_sqlite() else f"{column} = ANY(ARRAY({found}))"


def rows(values: Iterable[Sequence[object]]) -> str:
    """Rows as `given` reads them. Texts, numbers, None, UUIDs and times; JSON goes in as it is, or as its text."""
    return _text([[value.hex if type(value) is UUID else value for value in row] for row in values])


def column(values: Iterable[object]) -> str:
    """The same for rows of one value each."""
    return _text([[value.hex] if type(value) is UUID else [value] for value in values])


def _text(value: object) -> str:
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
    except orjson.JSONEncodeError:  # numbers beyond 64 bits and half a character, as other systems may send them
        return json.dumps(value, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return value.hex  # as SQLite keeps it, and PostgreSQL reads it
    return str(_param(value))


def _bound(value: object) -> str:
    """What is of no kind that has a way of its own: derived kinds, numbers, times."""
    return _text(value) if isinstance(value, dict | list | tuple) else _plain(value)


_BOUND: dict[type, Callable[[Any], str]] = {
    UUID: attrgetter("hex"),
    dict: _text,
    list: _text,
    tuple: _text,
}


def cursor() -> CursorWrapper:
    return connection.cursor()


def execute(sql: str, values: Iterable[object] = ()) -> int:
    """Rows touched."""
    with cursor() as opened:
        opened.execute(sql, params(values))
        return int(opened.rowcount)


def fetch(sql: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them: on SQLite ids and times are texts (`uuid_of`, `time_of`)."""
    with cursor() as opened:
        opened.execute(sql, params(values))
        return list(opened.fetchall())


def decimal_of(value: Any) -> Any:
    """A Decimal; SQLite gives plain numbers."""
    return Decimal(str(value)) if isinstance(value, int | float) else value


def uuid_of(value: Any) -> Any:
    """A UUID; None stays None."""
    return _uuid(value) if type(value) is str else value


_uuid = lru_cache(maxsize=SEEN)(UUID)


def time_of(value: Any) -> Any:
    """A time in UTC; None stays None."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
