"""Entering changes of orders into the roll-ups, in the transaction of the change.

The book of a company says how far its roll-ups are made. Whoever enters shares a lock on it until the commit; who
moves the book on (see `daybooks`) has it alone. So a change is entered here, or seen by the walk, never both and never
neither.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from integration_hub.companies import zones
from integration_hub.records.models import DayBook, Order, OrderDay
from integration_hub.sync import sql

_BOOK_LOCK = 0x48554202  # namespace of the advisory lock on a company's book

_ADD_TO_CUSTOMERS = """
INSERT INTO order_customers (company_id, build, customer_id, currency, orders, total)
SELECT %s, %s, customer_id, currency, orders, CAST(total AS numeric) FROM {rows} AS entered WHERE true
ORDER BY customer_id, currency
ON CONFLICT (company_id, build, customer_id, currency) DO UPDATE SET
  orders = order_customers.orders + excluded.orders, total = round(order_customers.total + excluded.total, 4)
"""


class Facts(NamedTuple):
    """What of an order is counted."""

    placed_at: datetime
    status: str
    priority: str
    currency: str
    total: Decimal
    customer: UUID | None


class Change(NamedTuple):
    """An order as it was counted and as it is; None: it was not there, or is gone."""

    before: Facts | None
    after: Facts | None


class Key(NamedTuple):
    day: date
    status: str
    priority: str
    currency: str


Buyer = tuple[UUID, str]  # a customer, and the currency


def change(before: Order | None, after: Order | None) -> Change:
    return Change(facts(before), facts(after))


def facts(order: Order | None) -> Facts | None:
    if order is None or order.deleted_at is not None:
        return None
    return Facts(order.placed_at, order.status, order.priority, order.currency, order.total, order.customer_id)


@dataclass
class Sums:
    """Orders and amounts added up by day and by customer."""

    zone: str
    orders: Counter[Key] = field(default_factory=Counter)
    totals: dict[Key, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    buyers: Counter[Buyer] = field(default_factory=Counter)
    spent: dict[Buyer, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, order: Facts, sign: int) -> None:
        key = Key(zones.day_of(order.placed_at, self.zone), order.status, order.priority, order.currency)
        self.orders[key] += sign
        self.totals[key] += sign * order.total
        if order.customer is not None:
            self.buyers[order.customer, order.currency] += sign
            self.spent[order.customer, order.currency] += sign * order.total

    def days(self) -> list[tuple[Key, int, Decimal]]:
        """What differs from nothing, in order."""
        return [(key, n, self.totals[key]) for key, n in sorted(self.orders.items()) if n or self.totals[key]]

    def customers(self) -> list[tuple[UUID, str, int, Decimal]]:
        found = sorted(self.buyers.items())
        return [(*buyer, n, self.spent[buyer]) for buyer, n in found if n or self.spent[buyer]]


def enter(company_id: UUID, changes: Iterable[Change]) -> None:
    """Append what these changes add and take away: a few rows, however many orders. Call it last in the transaction."""
    moved = [one for one in changes if one.before != one.after]
    book = _shared(company_id) if moved else None
    if book is None:
        return
    sums = Sums(book.zone)
    for before, after in moved:
        if before is not None and covers(book, before.placed_at):
            sums.add(before, -1)
        if after is not None and covers(book, after.placed_at):
            sums.add(after, 1)
    append(book, sums.days())
    add_to_customers(book, sums.customers())


def covers(book: DayBook, moment: datetime) -> bool:
    """Whether orders placed then are in the roll-ups already."""
    return book.complete or (book.walked_to is not None and moment < book.walked_to)


def append(book: DayBook, found: Iterable[tuple[Key, int, Decimal]]) -> None:
    about = {"company_id": book.company_id, "build": book.build}
    rows = [OrderDay(**about, **key._asdict(), orders=orders, total=total) for key, orders, total in found]
    if rows:
        OrderDay.everywhere.bulk_create(rows)


def add_to_customers(book: DayBook, found: Iterable[tuple[Any, ...]]) -> None:
    """`found`: customer, currency, orders, total each."""
    if rows := list(found):
        given = sql.given(customer_id="uuid", currency="text", orders="integer", total="numeric")
        sql.execute(_ADD_TO_CUSTOMERS.format(rows=given), [book.company_id, book.build, sql.rows(rows)])


def _shared(company_id: UUID) -> DayBook | None:
    """The book, which stays as it is until this transaction ends; None when there is none yet."""
    if not sql.is_sqlite():
        sql.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", [_BOOK_LOCK, str(company_id)])
    return DayBook.everywhere.filter(company_id=company_id).first()


def alone(company_id: UUID) -> None:
    """Wait until nobody who enters is under way, and let nobody begin until this transaction ends. Gives up after 0.2 s
    (OperationalError), because those who want to enter stand behind us."""
    if not sql.is_sqlite():
        sql.execute("SET LOCAL lock_timeout = '200ms'")
        sql.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_BOOK_LOCK, str(company_id)])
