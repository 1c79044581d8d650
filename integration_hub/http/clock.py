"""The engine's time: the database's clock, so that all workers agree, plus an offset that tests may set.

On SQLite, where every process shares one host, it is the host's clock. `Now()` takes its value on SQLite when the
statement is built: who waits for the file's lock holds an older time, never a newer one.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django import db
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Func
from django.db.models.sql.compiler import SQLCompiler

offset = timedelta()

SqlAndParams = tuple[str, list[Any]]


def _host() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC) + offset


def seconds() -> float:
    """Seconds since 1970 by this host's clock: where no row is compared and no round trip is worth it."""
    return time.time() + offset.total_seconds()


def of(seconds: float) -> datetime:
    """That moment, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def now() -> datetime:
    """The time now, in UTC."""
    if db.connection.vendor != "postgresql":
        return _host()
    with db.connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        read: datetime = cursor.fetchone()[0]
    return read.astimezone(UTC) + offset


class Now(Func):
    """The same time inside a statement. On PostgreSQL it moves on within a transaction, as a clock should."""

    function = "clock_timestamp"
    arity = 0
    output_field = DateTimeField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> SqlAndParams:
        if not offset:
            return "clock_timestamp()", []
        return "(clock_timestamp() + %s)", [offset]

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, tuple[str, ...]]:
        return "%s", (str(connection.ops.adapt_datetimefield_value(_host())),)


def now_sql() -> SqlAndParams:
    """SQL for the time now as a timestamp, for hand-written statements: spares the round trip of `now()`."""
    if db.connection.vendor == "postgresql":
        return "(clock_timestamp() + %s)", [offset]
    return "%s", [str(_host().replace(tzinfo=None))]  # as Django writes it, whose way there is a long one


def epoch_sql() -> SqlAndParams:
    """SQL for seconds since 1970 as a float, read when the row is locked and not when the statement is built."""
    if db.connection.vendor == "postgresql":
        return "(CAST(extract(epoch FROM clock_timestamp()) AS double precision) + %s)", [offset.total_seconds()]
    return "((julianday('now') - 2440587.5) * 86400.0 + %s)", [offset.total_seconds()]


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """For tests: the whole process lives `by` later, on top of any shift that holds already."""
    global offset
    before = offset
    offset = before + by
    try:
        yield
    finally:
        offset = before
