"""The rows of a list, whole and in its order, in flat memory.

First the ids are noted on disk: later edits then neither double a row nor skip one. Rows are fetched in chunks by their
ids; between two chunks no database connection is held, however slowly somebody downloads.
"""

from collections import ChainMap, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import close_old_connections, connection
from django.db.models import QuerySet

from integration_hub.companies.models import Company
from integration_hub.records.exporting.cells import Value, local
from integration_hub.records.exporting.columns import Column, Row, Sheet, sources
from integration_hub.records.models import OrderItem

FETCHED = 500  # records in a chunk
IN_MEMORY = 1 << 20  # bytes of ids, then they go to disk
ID = 16  # bytes


class Picked:
    """The ids of the records a list shows, in its order."""

    def __init__(self, rows: "QuerySet[Any]") -> None:
        self.file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by who reads it
        self.count = 0
        for pk in rows.values_list("pk", flat=True).iterator(chunk_size=10_000):
            self.file.write(cast(UUID, pk).bytes)
            self.count += 1

    def chunks(self, size: int = FETCHED) -> Iterator[list[UUID]]:
        self.file.seek(0)
        while ids := self.file.read(size * ID):
            yield [UUID(bytes=ids[at : at + ID]) for at in range(0, len(ids), ID)]

    def close(self) -> None:
        self.file.close()


def read(company: Company, sheet: Sheet, picked: Picked) -> Iterator[list[list[Value]]]:
    """The cells of the records that are still there, a chunk at a time; two queries for each chunk."""
    zone = ZoneInfo(company.timezone)
    for ids in picked.chunks():
        rows = _rows(company, sheet, ids)
        yield [[local(value, zone) if isinstance(value, datetime) else value for value in row] for row in rows]


def _rows(company: Company, sheet: Sheet, ids: Sequence[UUID]) -> Iterator[list[Value]]:
    found = _found(company, sheet, ids)
    lines = _lines(company, sheet.lines, ids) if sheet.lines else {}
    let_go()
    empty: list[Value] = [None] * len(sheet.lines)
    for row in (found[pk] for pk in ids if pk in found):
        own = cells(sheet.columns, row)
        under = [cells(sheet.lines, ChainMap(line, row)) for line in lines.get(row["pk"], ())]
        yield from (own + line for line in under or [empty])


def let_go() -> None:
    """Back to the pool with the connection until the next chunk, where the database has a pool."""
    if not connection.in_atomic_block:
        close_old_connections()


def cells(columns: Sequence[Column], row: Row) -> list[Value]:
    return [column.of(row) for column in columns]


def _found(company: Company, sheet: Sheet, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    rows = sheet.model.everywhere.filter(company_id=company.pk, deleted_at=None, pk__in=ids)
    return {row["pk"]: row for row in rows.order_by().values("pk", *sources(sheet.columns))}


def _lines(company: Company, columns: Sequence[Column], ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The lines of these orders, in order."""
    lines: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    rows = OrderItem.everywhere.filter(company_id=company.pk, deleted_at=None, order__in=ids)
    for line in rows.order_by("order", "position", "id").values("order_id", *sources(columns)):
        lines[line["order_id"]].append(line)
    return lines
