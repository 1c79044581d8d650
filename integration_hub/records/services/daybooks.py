"""The worker's part in the roll-ups: making them, folding them, counting them again.

Every step is a transaction of its own that may be killed, repeated, or made by two at once. On SQLite each holds the
lock for a few milliseconds.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, connection
from django.db.models import Count, F, QuerySet, Sum

from integration_hub.companies import zones
from integration_hub.companies.models import Company
from integration_hub.records import guard
from integration_hub.records.models import DayBook, Order, OrderCustomer, OrderDay
from integration_hub.records.services import days
from integration_hub.sync import sql
from integration_hub.sync.pacing import paced

log = structlog.get_logger(__name__)

SHIFT = 45.0  # seconds a worker builds before it gives the thread back; the next minute goes on
STEP = {"sqlite": 2_000, "postgresql": 20_000}  # orders read in one step of the walk
TRIES, PAUSE = 20, 0.05  # for the book, when others enter all the time

_FOLD = """
INSERT INTO order_days (company_id, build, day, status, priority, currency, orders, total, folded)
SELECT %s, build, day, status, priority, currency, SUM(orders), SUM(CAST(total AS numeric)), true
FROM {rows} AS entered WHERE true
GROUP BY build, day, status, priority, currency ORDER BY build, day, status, priority, currency
ON CONFLICT (company_id, build, day, status, priority, currency) WHERE folded DO UPDATE SET
  orders = order_days.orders + excluded.orders, total = round(order_days.total + excluded.total, 4)
"""
_COLUMNS = ("build", "day", "status", "priority", "currency", "orders", "total")


def tend(seconds: float = SHIFT) -> None:
    """Build what is missing and fold what was appended, for every company, for so long."""
    ends = time.monotonic() + seconds
    for company_id in Company.objects.order_by("created_at").values_list("pk", flat=True):
        try:
            tend_one(company_id, ends)
        except OperationalError as error:
            log.warning("order days: not now", company=str(company_id), error=str(error))


def tend_one(company_id: UUID, ends: float | None = None) -> None:
    """`ends`: by time.monotonic(); None: when all is done. Rows of an earlier build go a minute after it: a page may
    still be adding them up."""
    steps = (_sweep, _walk, fold) if _has_book(company_id) else (_open, _walk, fold)
    for step in steps:
        while (ends is None or time.monotonic() < ends) and _patiently(step, company_id):
            pass


def _patiently(step: Callable[[UUID], bool], company_id: UUID) -> bool:
    for _try in range(TRIES - 1):
        try:
            return step(company_id)
        except OperationalError:
            time.sleep(PAUSE)
    return step(company_id)


def _has_book(company_id: UUID) -> bool:
    """Whether there is one for the days of the company's own zone."""
    return DayBook.everywhere.filter(company_id=company_id, zone=F("company__timezone")).exists()


@contextmanager
def alone(company_id: UUID) -> Iterator[DayBook | None]:
    """One step with the book to ourselves."""
    with paced(), guard.writing():
        days.alone(company_id)
        yield DayBook.everywhere.filter(company_id=company_id).first()


def _open(company_id: UUID) -> bool:
    """Begin a book, or a new build of it where the zone is another one now."""
    with alone(company_id) as book:
        zone = Company.objects.values_list("timezone", flat=True).get(pk=company_id)
        if book is None:
            DayBook(company_id=company_id, zone=zone).save(force_insert=True)
        elif book.zone != zone:
            book.zone, book.build, book.walked_to, book.complete = zone, book.build + 1, None, False
            book.save()
    return False


def _walk(company_id: UUID) -> bool:
    """Enter the orders of one more day, or of a part of it; whether there may be more."""
    if DayBook.everywhere.filter(company_id=company_id, complete=True).exists():
        return False
    with alone(company_id) as book:
        if book is None or book.complete:
            return False
        rows = living(company_id)
        if book.walked_to is not None:
            rows = rows.filter(placed_at__gte=book.walked_to)
        first = rows.order_by("placed_at").values_list("placed_at", flat=True).first()
        if first is None:
            book.complete = True
        else:
            book.walked_to = _until(rows, first, book.zone)
            _enter(book, rows.filter(placed_at__lt=book.walked_to), first)
        book.save()
        return not book.complete


def living(company_id: UUID) -> QuerySet[Order]:
    rows: QuerySet[Order] = Order.everywhere.filter(company_id=company_id, deleted_at=None)
    return rows.order_by()


def _until(rows: QuerySet[Order], first: datetime, zone: str) -> datetime:
    """The end of the day, or an earlier moment when there are too many for one step."""
    size = STEP[connection.vendor]
    over = zones.next_midnight(first, zone)
    that_day = rows.filter(placed_at__lt=over).order_by("placed_at")
    later = that_day.values_list("placed_at", flat=True)[size : size + 1].first()
    return min(over, max(later, first + timedelta(microseconds=1))) if later else over


def _enter(book: DayBook, rows: QuerySet[Order], first: datetime) -> None:
    """Add the orders of a day to what is folded."""
    day = zones.day_of(first, book.zone)
    sums = rows.values_list("status", "priority", "currency").annotate(Count("pk"), Sum("total"))
    _add_folded(book.company_id, [(book.build, day, *row) for row in sums])
    buyers = rows.exclude(customer=None).values_list("customer", "currency").annotate(Count("pk"), Sum("total"))
    days.add_to_customers(book, buyers.order_by("customer", "currency"))


def _add_folded(company_id: UUID, rows: Iterable[tuple[Any, ...]]) -> None:
    given = sql.given(
        build="integer",
        day="date",
        status="text",
        priority="text",
        currency="text",
        orders="integer",
        total="numeric",
    )
    sql.execute(_FOLD.format(rows=given), [company_id, sql.rows(rows)])


def fold(company_id: UUID) -> bool:
    """Add appended rows up and delete them, in one transaction; whether there may be more. Two at once take different
    rows."""
    size = STEP[connection.vendor] // 2
    with paced(), guard.writing():
        rows = OrderDay.everywhere.filter(company_id=company_id, folded=False).select_for_update(skip_locked=True)
        found = list(rows.order_by("pk").values_list("pk", *_COLUMNS)[:size])
        if found:
            _add_folded(company_id, [row[1:] for row in found])
            OrderDay.everywhere.filter(pk__in=[row[0] for row in found])._raw_delete("default")
    return len(found) == size


def _sweep(company_id: UUID) -> bool:
    """Delete rows of earlier builds; whether there may be more."""
    build = DayBook.everywhere.values_list("build", flat=True).get(company_id=company_id)
    found = False
    for model in (OrderDay, OrderCustomer):
        old = model.everywhere.filter(company_id=company_id, build__lt=build).values_list("pk", flat=True)
        if ids := list(old[:500]):
            found = True
            with paced(), guard.writing():
                model.everywhere.filter(pk__in=ids).delete()
    return found
