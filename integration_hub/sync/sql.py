"""Values for the few hand-written statements, in the shape the database at hand wants them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper


def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def params(values: Iterable[object]) -> list[Any]:
    return [_param(value) for value in values]


def _param(value: object) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and is_sqlite():
        return value.hex
    return value


@contextmanager
def cursor() -> Iterator[CursorWrapper]:
    with connection.cursor() as opened:
        yield opened


def execute(sql: str, values: Iterable[object] = ()) -> int:
    """Rows touched."""
    with cursor() as opened:
        opened.execute(sql, params(values))
        return int(opened.rowcount)
