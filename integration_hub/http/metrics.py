"""One row and one log line for every call that went out. Neither may ever make the call fail."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from integration_hub.contract import ProviderError
from integration_hub.http.models import IntegrationMetric

_COLUMNS = ("company_id", "provider", "action", "success", "duration_ms", "records_synced", "at")
_INSERT = (
    f"INSERT INTO {IntegrationMetric._meta.db_table} ({', '.join(_COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join(['%s'] * len(_COLUMNS))})"
)
_log = structlog.get_logger(__name__)


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
    try:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, _adapted(values))
    except DatabaseError:
        _log.exception("the call could not be counted", provider=provider, operation=action)


def _adapted(values: Sequence[object]) -> list[Any]:
    """As the columns take them; the ORM would ask for the row's id and build the same statement every time."""
    fields: list[Any] = [IntegrationMetric._meta.get_field(name.removesuffix("_id")) for name in _COLUMNS]
    return [field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)]
