"""Counting orders again and comparing with the roll-ups. Nothing should ever differ; what does is told and mended."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Count, Sum

from integration_hub.companies import zones
from integration_hub.companies.models import Company
from integration_hub.records.models import Customer, DayBook, OrderCustomer, OrderDay
from integration_hub.records.services import daybooks, days

log = structlog.get_logger(__name__)

CUSTOMERS = 500  # compared in one step

Rows = Iterable[tuple[Any, ...]]  # a key, how many orders, what they come to


@dataclass(frozen=True)
class Difference:
    """A key of a roll-up, and what it lacks (or has too much of)."""

    key: tuple[Any, ...]
    orders: int
    total: Decimal

    def __str__(self) -> str:
        return f"{', '.join(str(part) for part in self.key)}: {self.orders:+d} orders, {self.total:+f}"


def nightly() -> None:
    """Every company, each difference mended and logged."""
    for company_id in Company.objects.order_by("created_at").values_list("pk", flat=True):
        for difference in recount(company_id):
            log.error("order days were wrong", company=str(company_id), difference=str(difference))


def recount(company_id: UUID, *, mend: bool = True) -> Iterator[Difference]:
    """What the roll-ups of a company lack, a day and then a few hundred customers at a time. A book that is not
    complete is made by the worker and not compared."""
    if not is_complete(company_id):
        return
    yield from _all_days(company_id, mend)
    yield from _all_customers(company_id, mend)


def is_complete(company_id: UUID) -> bool:
    return bool(DayBook.everywhere.filter(company_id=company_id, complete=True).exists())


def _all_days(company_id: UUID, mend: bool) -> Iterator[Difference]:
    after: date | None = None
    while (day := _next_day(company_id, after)) is not None:
        with daybooks.alone(company_id) as book:
            found = _compare_day(book, day) if book is not None else []
            if mend and book is not None:
                days.append(book, [(days.Key(*one.key), one.orders, one.total) for one in found])
        yield from found
        after = day


def _next_day(company_id: UUID, after: date | None) -> date | None:
    """The first day after this one that has orders, or rows of the roll-up."""
    book = DayBook.everywhere.get(company_id=company_id)
    orders = daybooks.living(company_id).order_by("placed_at")
    rows = OrderDay.everywhere.filter(company_id=company_id, build=book.build).order_by("day")
    if after is not None:
        if after == date.max:
            return None
        orders = orders.filter(placed_at__gte=zones.midnight(after + timedelta(days=1), book.zone))
        rows = rows.filter(day__gt=after)
    placed: datetime | None = orders.values_list("placed_at", flat=True).first()
    found = [zones.day_of(placed, book.zone)] if placed else []
    return min([*found, *rows.values_list("day", flat=True)[:1]], default=None)


def _compare_day(book: DayBook, day: date) -> list[Difference]:
    names = ("status", "priority", "currency")
    first, last = zones.midnight(day, book.zone), zones.next_midnight(zones.midnight(day, book.zone), book.zone)
    orders = daybooks.living(book.company_id).filter(placed_at__gte=first, placed_at__lt=last)
    rows = OrderDay.everywhere.filter(company_id=book.company_id, build=book.build, day=day).order_by()
    is_so = orders.values_list(*names).annotate(Count("pk"), Sum("total"))
    is_said = rows.values_list(*names).annotate(Sum("orders"), Sum("total"))
    return [Difference((day, *one.key), one.orders, one.total) for one in compared(is_so, is_said)]


def _all_customers(company_id: UUID, mend: bool) -> Iterator[Difference]:
    everybody = Customer.everywhere.filter(company_id=company_id).order_by("pk").values_list("pk", flat=True)
    after = UUID(int=0)
    while ids := list(everybody.filter(pk__gt=after)[:CUSTOMERS]):
        with daybooks.alone(company_id) as book:
            found = _compare_customers(book, after, ids[-1]) if book is not None else []
            if mend and book is not None:
                days.add_to_customers(book, [(*one.key, one.orders, one.total) for one in found])
        yield from found
        after = ids[-1]


def _compare_customers(book: DayBook, after: UUID, last: UUID) -> list[Difference]:
    some = {"customer__gt": after, "customer__lte": last}
    orders = daybooks.living(book.company_id).filter(**some)
    rows = OrderCustomer.everywhere.filter(company_id=book.company_id, build=book.build, **some).order_by()
    is_so = orders.values_list("customer", "currency").annotate(Count("pk"), Sum("total"))
    return compared(is_so, rows.values_list("customer", "currency", "orders", "total"))


def compared(is_so: Rows, is_said: Rows) -> list[Difference]:
    """What must be added to what is said, so that it is so. Amounts are compared to the fourth place: SQLite adds as
    floats."""
    orders: Counter[tuple[Any, ...]] = Counter()
    totals: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for sign, rows in ((1, is_so), (-1, is_said)):
        for *key, count, total in rows:
            orders[tuple(key)] += sign * count
            totals[tuple(key)] += sign * total
    rounded = {key: totals[key].quantize(Decimal("0.0001")) for key in orders}
    return [Difference(key, orders[key], rounded[key]) for key in sorted(orders) if orders[key] or rounded[key]]
