"""Which orders somebody asked for, and how many they are: from the roll-ups where those know, else counted."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from integration_hub.companies import zones
from integration_hub.companies.models import Company
from integration_hub.records.models import Customer, DayBook, Order, OrderCustomer, OrderDay

ADDED_UP = 50_000  # orders that are added up one by one while somebody waits

# So many customers are named one by one, which tells the database how few orders to expect.
NAMED = 1_000


@dataclass(frozen=True)
class Selection:
    """Orders of a company. `customer`: an id, an e-mail, or a part of the name; `first` and `last`: days of the
    company's zone, both included. What is empty narrows nothing."""

    company: Company
    status: str = ""
    priority: str = ""
    customer: str = ""
    first: date | None = None
    last: date | None = None

    def orders(self) -> QuerySet[Order]:
        rows: QuerySet[Order] = Order.everywhere.filter(company_id=self.company.pk, deleted_at=None)
        return self.narrow(rows)

    def narrow(self, rows: QuerySet[Order]) -> QuerySet[Order]:
        """Those of `rows` that are meant."""
        found = rows.filter(self.of_customers, **self.states)
        if self.first:
            found = found.filter(placed_at__gte=zones.midnight(self.first, self.company.timezone))
        if self.last and self.last < date.max:
            found = found.filter(placed_at__lt=zones.midnight(self.last + timedelta(days=1), self.company.timezone))
        return found

    @property
    def states(self) -> dict[str, str]:
        return {name: value for name in ("status", "priority") if (value := getattr(self, name))}

    @property
    def by_customer_only(self) -> bool:
        """Nothing is asked that the roll-up by customer does not know."""
        return not (self.states or self.first or self.last)

    @cached_property
    def of_customers(self) -> Q:
        if not self.customer:
            return Q()
        if (pk := as_uuid(self.customer)) is not None:
            return Q(customer=pk)
        lookup = "email__iexact" if "@" in self.customer else "name__icontains"
        return of_customers(customers_of(self.company).filter(**{lookup: self.customer}))

    @property
    def is_many(self) -> bool:
        """Whether they are too many to be added up one by one while somebody waits."""
        return self.orders().order_by()[: ADDED_UP + 1].count() > ADDED_UP

    # --- the roll-ups

    @cached_property
    def book(self) -> DayBook | None:
        """None while the roll-ups are being made."""
        return _books(self.company).first()

    def day_rows(self, book: DayBook | OuterRef) -> QuerySet[OrderDay]:
        """The roll-up's rows for this selection, whichever customer it names."""
        rows: QuerySet[OrderDay] = _rows_of(OrderDay, book).filter(**self.states)
        if self.first:
            rows = rows.filter(day__gte=self.first)
        return rows.filter(day__lte=self.last) if self.last else rows

    def customer_rows(self, book: DayBook | OuterRef) -> QuerySet[OrderCustomer]:
        rows: QuerySet[OrderCustomer] = _rows_of(OrderCustomer, book).filter(self.of_customers)
        return rows

    def count(self) -> int:
        """How many they are, in one statement where a roll-up knows."""
        rows = self._rows_that_know(OuterRef("pk"))
        if rows is not None:
            added = rows.order_by().values("company_id").annotate(n=Sum("orders")).values("n")
            counted = _books(self.company).values_list(Coalesce(Subquery(added), 0), flat=True).first()
            if counted is not None:
                return int(counted)
        return self.orders().order_by().count()

    def _rows_that_know(self, book: OuterRef) -> QuerySet[Any] | None:
        if not self.customer:
            return self.day_rows(book)
        return self.customer_rows(book) if self.by_customer_only else None


def customers_of(company: Company) -> QuerySet[Customer]:
    rows: QuerySet[Customer] = Customer.everywhere.filter(company_id=company.pk, deleted_at=None)
    return rows


def of_customers(known: QuerySet[Customer]) -> Q:
    """The orders of these customers."""
    some = list(known.order_by().values_list("pk", flat=True)[: NAMED + 1])
    return Q(customer__in=some if len(some) <= NAMED else known.order_by().values("pk"))


def _books(company: Company) -> QuerySet[DayBook]:
    rows: QuerySet[DayBook] = DayBook.everywhere.filter(company=company, complete=True, zone=company.timezone)
    return rows


def _rows_of(model: Any, book: DayBook | OuterRef) -> QuerySet[Any]:
    """Of the book's build; OuterRef: of the book in the query around."""
    if isinstance(book, DayBook):
        rows: QuerySet[Any] = model.everywhere.filter(company_id=book.company_id, build=book.build)
    else:
        rows = model.everywhere.filter(company_id=book, build=OuterRef("build"))
    return rows


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
