"""Many customers or orders at once: the same rules, a handful of queries for a whole chunk.

Each call is one transaction; the caller keeps chunks small. Nothing is written or queued for what did not change.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

from django.db import models

from integration_hub.companies.models import Company
from integration_hub.records.models import Customer, Order, OrderItem, Record
from integration_hub.records.services import cleaning, customers, items, orders
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.noun import copied
from integration_hub.records.services.unit import Unit, work

R = TypeVar("R", bound=Record)
PRIO_BACKFILL = 2
# An order known to be on its way does not fall back from where it has come to.
BEFORE_SENT = (Order.Status.PENDING, Order.Status.PROCESSING)


@dataclass
class CustomerEntry:
    """What is said of `customer`, who may be new and unsaved. `phone_raw`: a number that could not be read; it is kept
    beside the phone, which stays as it is."""

    customer: Customer
    data: Mapping[str, Any]
    phone_raw: str = ""


@dataclass
class OrderEntry:
    """What is said of an order; `data` may bring `items`. `customer` may be new and unsaved. `shipped`: it left,
    whatever nobody says of its status."""

    data: Mapping[str, Any]
    customer: Customer | None = None
    shipped: bool = False

    @property
    def number(self) -> str:
        return str(self.data["order_number"])


@dataclass
class Plan(Generic[R]):
    """A record as it will be, as it was (None: it is new), and what differs."""

    now: R
    before: R | None
    changed: frozenset[str] = frozenset()

    @property
    def verb(self) -> str:
        return "created" if self.before is None else "updated" if self.changed else "unchanged"


@dataclass
class Outcome:
    """How many came out how, and what the orders add up to, by currency."""

    counts: Counter[str] = field(default_factory=Counter)
    totals: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def count(self, plan: Plan[Any]) -> None:
        self.counts[plan.verb] += 1
        if isinstance(plan.now, Order):
            self.totals[plan.now.currency] += plan.now.total


def save_customers(company: Company, entries: Sequence[CustomerEntry]) -> Outcome:
    """Create or update these customers. Invalid undoes the whole chunk."""
    outcome = Outcome()
    with work(company.pk, PRIO_BACKFILL) as unit:
        for entry in entries:
            plan = plan_customer(entry)
            outcome.count(plan)
            if plan.before is None:
                customers.noun.insert(unit, plan.now)
            elif plan.changed:
                customers.noun.store(unit, plan.now, plan.before, plan.changed)
    return outcome


def plan_customer(entry: CustomerEntry) -> Plan[Customer]:
    """What saving the entry would do; Invalid when it cannot be."""
    errors, noun = Errors(), customers.noun
    before = None if entry.customer._state.adding else entry.customer
    now = copied(before) if before else entry.customer
    noun.assign(now, before, entry.data, errors)
    cleaning.complete(now, noun.fields, errors)
    errors.settle()
    if entry.phone_raw or "phone" in entry.data:
        now.phone_raw = entry.phone_raw
    if before is None:
        return Plan(now, None)
    raw = {"phone_raw"} if now.phone_raw != before.phone_raw else set()
    return Plan(now, before, noun.differing(now, before) | raw)


def save_orders(company: Company, entries: Sequence[OrderEntry]) -> Outcome:
    """Create or update these orders, known by their numbers, and their new customers. Invalid undoes the chunk."""
    outcome = Outcome()
    # Planned before the transaction, so that it is short; planned again where somebody was quicker.
    known, plans = _plan_orders(company, entries)
    with work(company.pk, PRIO_BACKFILL) as unit:
        if _moved(company, entries, known):
            known, plans = _plan_orders(company, entries)
        for entry in entries:
            if entry.customer is not None and entry.customer._state.adding:
                customers.noun.insert(unit, entry.customer)
                outcome.counts["customers created"] += 1
        _insert(unit, [plan.now for plan in plans if plan.before is None])
        for plan in plans:
            outcome.count(plan)
            if plan.before is not None and plan.changed:
                orders.noun.store(unit, plan.now, plan.before, plan.changed)
    return outcome


def _insert(unit: Unit, new: Sequence[Order]) -> None:
    lines = [item for order in new for item in order.lines.all]
    Order.everywhere.bulk_create(new)
    OrderItem.everywhere.bulk_create(lines)
    unit.ordered(*((None, order) for order in new))
    unit.touch("order", *(order.pk for order in new))
    unit.touch("order_item", *(item.pk for item in lines))
    events = [item.ticket_type.event_id for item in lines if item.ticket_type]
    unit.sold(customers=[order.customer_id for order in new], events=events)


def _plan_orders(company: Company, entries: Sequence[OrderEntry]) -> tuple[dict[str, Order], list[Plan[Order]]]:
    known = known_orders(company, [entry.number for entry in entries])
    return known, [plan_order(company, entry, known.get(entry.number)) for entry in entries]


def _moved(company: Company, entries: Sequence[OrderEntry], known: Mapping[str, Order]) -> bool:
    """Whether the orders, locked now, are not those that were planned for."""
    rows = _orders(company, [entry.number for entry in entries]).select_for_update(no_key=True)
    now = dict(rows.values_list("pk", "updated_at"))
    return now != {order.pk: order.updated_at for order in known.values()}


def _orders(company: Company, numbers: Sequence[str]) -> models.QuerySet[Order]:
    rows = Order.everywhere.filter(company_id=company.pk, deleted_at=None, order_number__in=numbers)
    return cast("models.QuerySet[Order]", rows.order_by("pk"))


def known_orders(company: Company, numbers: Sequence[str]) -> dict[str, Order]:
    """The living orders of these numbers with their lines, in two queries."""
    found: dict[Any, Order] = {order.pk: order for order in _orders(company, numbers)}
    for order in found.values():
        order.company, order.known_lines = company, []
    lines = OrderItem.everywhere.filter(order__in=found, deleted_at=None).select_related("ticket_type")
    for item in lines.order_by("order", "position", "id"):
        item.company = company
        found[item.order_id].known_lines.append(item)
    return {order.order_number: order for order in found.values()}


def plan_order(company: Company, entry: OrderEntry, known: Order | None) -> Plan[Order]:
    """What saving the entry would do; Invalid when it cannot be."""
    errors, noun = Errors(), orders.noun
    now = Order(company=company) if known is None else copied(known)
    data = dict(entry.data)
    if known is not None:
        now.known_lines = known.known_lines
    if entry.customer is not None:
        data["customer"] = entry.customer
    if entry.shipped and "status" not in data and (known is None or known.status in BEFORE_SENT):
        data["status"] = Order.Status.SENT
    noun.assign(now, known, data, errors)
    cleaning.complete(now, noun.fields, errors)
    if known is None:
        errors.settle()
        return Plan(now, None)
    items.check_gone(now.lines, errors)
    errors.settle()
    return Plan(now, known, noun.differing(now, known))
