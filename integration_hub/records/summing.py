"""The summary of a selection of orders: how many, in which states, for how much, on which days, by whom."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records import money
from integration_hub.records.models import Customer, DayBook, Order
from integration_hub.records.selection import Selection

TOP = 10
READ = 0.5  # of the chosen orders, read to find the best customers before all of them are
DAYS = 3_660  # ten years; of more days that have orders, the newest

Totals = dict[str, str]


class Amounts(defaultdict[str, Decimal]):
    """Amounts by currency."""

    def __init__(self) -> None:
        super().__init__(Decimal)

    def texts(self) -> Totals:
        """As money travels: {"EUR": "440.00"}. Rounded, because SQLite adds as floats."""
        return {code: money.text(money.rounded(self[code], code), code) for code in sorted(self)}


@dataclass(frozen=True)
class Line:
    """A day's orders."""

    day: date
    count: int
    totals: Totals


@dataclass(frozen=True)
class Buyer:
    id: UUID
    name: str
    orders: int
    totals: Totals


@dataclass
class Summary:
    """`by_status` and `by_priority` name every state; `per_day` has the days with orders, the oldest first;
    `top_customers` are ranked by the currency most of the orders are in."""

    count: int = 0
    by_status: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(Order.Status.values, 0)))
    by_priority: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(Order.Priority.values, 0)))
    totals: Totals = field(default_factory=dict)
    per_day: list[Line] = field(default_factory=list)
    top_customers: list[Buyer] = field(default_factory=list)
    by_currency: Counter[str] = field(default_factory=Counter)

    @property
    def currency(self) -> str:
        """The one most of the orders are in."""
        return max(sorted(+self.by_currency), key=self.by_currency.__getitem__, default="")


class BeingCounted(Exception):
    """The roll-ups are being made, `percent` of them are there, and meanwhile there are too many orders to add up."""

    def __init__(self, percent: int) -> None:
        self.percent = percent
        super().__init__(_("The orders of this company are being counted: %(n)s %%.") % {"n": percent})


def summary(chosen: Selection) -> Summary:
    """Four or five queries; with the roll-ups none of them reads many orders unless a customer is named, or the best
    customers of certain states or days are asked for. BeingCounted while they are being made, of many orders."""
    if chosen.book is None and not chosen.customer and chosen.is_many:
        raise BeingCounted(counted_share(chosen.company))
    states, days = _from_days(chosen) if chosen.book and not chosen.customer else _from_orders(chosen)
    made = _states(states)
    made.per_day = _per_day(days)
    if made.count:
        made.top_customers = _named(_by_customers(chosen, made.currency) or _by_orders(chosen, made))
    return made


def counted_share(company: Company) -> int:
    """Of the time in which its orders were placed, how much is in the roll-ups by now: 0 to 99 percent."""
    book = DayBook.everywhere.filter(company=company, zone=company.timezone).first()
    placed = Order.everywhere.filter(company_id=company.pk, deleted_at=None).values_list("placed_at", flat=True)
    first, last = placed.order_by("placed_at").first(), placed.order_by("-placed_at").first()
    if book is None or book.walked_to is None or first is None or last is None or first == last:
        return 0
    return max(0, min(99, int(100 * ((book.walked_to - first) / (last - first)))))


Rows = Iterable[tuple[Any, ...]]


def _from_days(chosen: Selection) -> tuple[Rows, Rows]:
    rows = chosen.day_rows(chosen.book).order_by()  # type: ignore[arg-type]
    states = rows.values_list("status", "priority", "currency").annotate(Sum("orders"), Sum("total"))
    days = rows.values_list("day", "currency").annotate(Sum("orders"), Sum("total"))
    return states, days


def _from_orders(chosen: Selection) -> tuple[Rows, Rows]:
    rows = chosen.orders().order_by()
    states = rows.values_list("status", "priority", "currency").annotate(Count("pk"), Sum("total"))
    day = TruncDate("placed_at", tzinfo=ZoneInfo(chosen.company.timezone))
    return states, rows.values_list(day, "currency").annotate(Count("pk"), Sum("total"))


def _states(rows: Rows) -> Summary:
    made, totals = Summary(), Amounts()
    for status, priority, currency, count, total in rows:
        made.count += count
        made.by_status[status] += count
        made.by_priority[priority] += count
        made.by_currency[currency] += count
        totals[currency] += total
    made.totals = Amounts.texts(_only(totals, made.by_currency))
    return made


def _only(totals: Amounts, counts: Counter[str]) -> Amounts:
    """Without currencies in which nothing is left."""
    for code in [code for code in totals if not counts[code]]:
        del totals[code]
    return totals


def _per_day(rows: Rows) -> list[Line]:
    counts: Counter[date] = Counter()
    totals: dict[date, Amounts] = defaultdict(Amounts)
    for day, currency, count, total in rows:
        if count:
            counts[day] += count
            totals[day][currency] += total
    return [Line(day, counts[day], totals[day].texts()) for day in sorted(counts)[-DAYS:]]


Found = list[tuple[UUID, Counter[str], Amounts]]


def _by_customers(chosen: Selection, currency: str) -> Found:
    """From the roll-up by customer, an index away; nothing where it does not know."""
    if chosen.book is None or not chosen.by_customer_only:
        return []
    rows = chosen.customer_rows(chosen.book).filter(orders__gt=0)
    best = rows.filter(currency=currency).order_by("-total", "-orders", "customer").values_list("customer", flat=True)
    ids = list(best[:TOP])
    if len(ids) < TOP:
        others = rows.exclude(customer__in=ids).order_by().values_list("customer").annotate(n=Sum("orders"))
        ids += [pk for pk, _n in others.order_by("-n", "customer")[: TOP - len(ids)]]
    return _collected(ids, rows.filter(customer__in=ids).values_list("customer", "currency", "orders", "total"))


def _by_orders(chosen: Selection, made: Summary) -> Found:
    rows: QuerySet[Any] = chosen.orders().order_by().exclude(customer=None)
    ids = _best_within(chosen, made, rows) or list(
        _ranked(rows, made.currency).values_list("customer", flat=True)[:TOP]
    )
    sums = rows.filter(customer__in=ids).values_list("customer", "currency").annotate(Count("pk"), Sum("total"))
    return _collected(ids, sums)


def _ranked(rows: QuerySet[Any], currency: str) -> QuerySet[Any]:
    ranked = rows.values("customer").annotate(n=Count("pk"), main=Sum("total", filter=Q(currency=currency)))
    return ranked.order_by(F("main").desc(nulls_last=True), "-n", "customer")


def _best_within(chosen: Selection, made: Summary, rows: QuerySet[Any]) -> list[UUID]:
    """The best customers without reading all chosen orders; empty when those who might be among them have too many.

    What some of a customer's orders come to is never more than what all of them do. So, the greatest of all time
    first, nobody who follows can be among the best once the last of these has more than all orders of the next.
    """
    if chosen.book is None or chosen.customer:
        return []
    everybody = chosen.customer_rows(chosen.book).filter(currency=made.currency).order_by("-total", "customer")
    best: list[tuple[Decimal, int, UUID]] = []
    start, size, left = 0, 2 * TOP, int(made.count * READ)
    while batch := list(everybody.values_list("customer", "total", "orders")[start : start + size + 1]):
        left -= sum(orders for _pk, _total, orders in batch[:size])
        if left < 0:
            break
        found = _ranked(rows.filter(customer__in=[pk for pk, *_rest in batch[:size]]), made.currency)
        best += [(-main, -n, pk) for pk, n, main in found.values_list("customer", "n", "main") if main]
        best = sorted(best)[:TOP]
        if len(best) == TOP and (len(batch) <= size or -best[-1][0] > batch[size][1]):
            return [pk for _main, _n, pk in best]
        start, size = start + size, 2 * size
    return []


def _collected(ids: list[UUID], rows: Rows) -> Found:
    counts: dict[UUID, Counter[str]] = {pk: Counter() for pk in ids}
    totals: dict[UUID, Amounts] = defaultdict(Amounts)
    for customer, currency, count, total in rows:
        counts[customer][currency] += count
        totals[customer][currency] += total
    return [(pk, counts[pk], totals[pk]) for pk in ids]


def _named(found: Found) -> list[Buyer]:
    names = dict(Customer.everywhere.filter(pk__in=[pk for pk, *_rest in found]).values_list("pk", "name"))
    return [Buyer(pk, names.get(pk, ""), counts.total(), totals.texts()) for pk, counts, totals in found]
