"""One row and one log line for every call that went out. Neither may ever make the call fail.

Who makes call after call gathers the rows (`together`) and writes them at once: a killed process may lose those of the
last seconds, and of the calls that are in flight together. The log lines are written at once, always.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from integration_hub.contract import ProviderError
from integration_hub.http import desk
from integration_hub.http.models import IntegrationMetric

_COLUMNS = ("company_id", "provider", "action", "success", "duration_ms", "records_synced", "at")
_INSERT = f"INSERT INTO {IntegrationMetric._meta.db_table} ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 - our own
_ROW = f"({', '.join(['%s'] * len(_COLUMNS))})"
_FIELDS: dict[int, Any] = {
    place: IntegrationMetric._meta.get_field(name.removesuffix("_id"))
    for place, name in enumerate(_COLUMNS)
    if name in ("company_id", "at")  # the others are taken as they are
}
HELD = 2.5  # seconds that a row may wait for others
_local = threading.local()
_log = structlog.get_logger(__name__)
Held: TypeAlias = list[tuple[float, Sequence[object]]]


def record(
    company_id: UUID | None,
    provider: str,
    action: str,
    *,
    seconds: float,
    rows: int,
    tries: int,
    status: int | None,
    error: ProviderError | None,
) -> None:
    """`rows` counts only when the call worked. No address, header or body is written down."""
    duration = round(seconds * 1000)
    _log.info(
        "outside call",
        provider=provider,
        operation=action,
        status=status,
        duration_ms=duration,
        rows=rows,
        tries=tries,
        outcome=error.remedy if error else "ok",
        code=error.code if error else "",
    )
    values = (company_id, provider, action[:100], error is None, duration, 0 if error else rows, timezone.now())
    desk.later(partial(_keep, values))


def _keep(values: Sequence[object]) -> None:
    held: Held | None = getattr(_local, "held", None)
    if held is None:
        _write([values])
        return
    held.append((time.monotonic(), values))
    if held[-1][0] - held[0][0] > HELD:
        _let_go(held)


@contextmanager
def together() -> Iterator[None]:
    """Rows of this thread's calls are written when the block ends, or when the oldest has waited for long enough."""
    held: Held = []
    _local.held = held
    try:
        yield
    finally:
        _local.held = None
        _let_go(held)


def _let_go(held: Held) -> None:
    if held:
        _write([values for _since, values in held])
        held.clear()


def _write(rows: Sequence[Sequence[object]]) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT + ", ".join([_ROW] * len(rows)), [value for row in rows for value in _adapted(row)])
    except DatabaseError:
        _log.exception("calls could not be counted", calls=len(rows))


def _adapted(values: Sequence[object]) -> list[Any]:
    """As the columns take them; the ORM would ask for the row's id and build the same statement every time."""
    return [
        _FIELDS[place].get_db_prep_save(value, connection) if place in _FIELDS else value
        for place, value in enumerate(values)
    ]
