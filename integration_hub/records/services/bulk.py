"""Many customers, orders or tickets at once: the same rules, a handful of queries for a whole chunk.

Each call is one transaction; the caller keeps chunks small. Nothing is written or queued for what did not change.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records.models import Customer, Order, OrderItem, Record, Ticket
from integration_hub.records.services import cleaning, customers, items, orders, references, statements, tickets
from integration_hub.records.services.errors import Errors, Invalid, Raced
from integration_hub.records.services.noun import copied, fresh
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
    whatever nobody says of its status. `new_only`: an order of this number that is there must be just like it."""

    data: Mapping[str, Any]
    customer: Customer | None = None
    shipped: bool = False
    new_only: bool = False

    @property
    def number(self) -> str:
        """ "" where the hub shall make one."""
        return str(self.data.get("order_number") or "")


@dataclass
class Plan(Generic[R]):
    """A record as it will be, as it was (None: it is new), and what differs."""

    now: R
    before: R | None
    changed: frozenset[str] = frozenset()

    @property
    def verb(self) -> str:
        return "created" if self.before is None else "updated" if self.changed else "unchanged"


Looked = tuple[dict[str, Order], list[Plan[Order]]]  # the orders that are there by number, and a plan for each entry


@dataclass
class Outcome:
    """How many came out how, what the orders add up to, by currency, and the plans that were carried out."""

    counts: Counter[str] = field(default_factory=Counter)
    totals: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    plans: list[Plan[Any]] = field(default_factory=list)

    def count(self, plan: Plan[Any]) -> None:
        self.plans.append(plan)
        self.counts[plan.verb] += 1
        if isinstance(plan.now, Order):
            self.totals[plan.now.currency] += plan.now.total


def save_customers(company: Company, entries: Sequence[CustomerEntry]) -> Outcome:
    """Create or update these customers. Invalid undoes the whole chunk."""
    outcome, moment = Outcome(), timezone.now()
    with work(company.pk, PRIO_BACKFILL) as unit:
        plans = [plan_customer(entry) for entry in entries]
        for plan in plans:
            outcome.count(plan)
        statements.insert([plan.now for plan in plans if plan.before is None])
        changed = [plan for plan in plans if plan.before is not None and plan.changed]
        for plan in changed:
            plan.now.updated_at = moment
            customers.ripples(unit, plan.now, plan.before, plan.changed)
        statements.update([plan.now for plan in changed], (*customers.FIELDS, "phone_raw", "updated_at"))
        unit.made("customer", *(plan.now.pk for plan in plans if plan.before is None))
        unit.touch("customer", *(plan.now.pk for plan in changed))
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


def save_orders(
    company: Company,
    entries: Sequence[OrderEntry],
    *,
    refused: dict[int, Invalid] | None = None,
    looked: Looked | None = None,
) -> Outcome:
    """Create or update these orders, known by their numbers, and their new customers. `looked`: what `look` said of
    them before the caller's own transaction began.

    Invalid undoes the whole chunk, unless `refused` is given: then it notes what is wrong by the place of the entry,
    the others are saved, and the outcome holds their plans only.
    """
    wrong: dict[int, Invalid] = {} if refused is None else refused
    new = [entry.customer for entry in entries if entry.customer is not None and entry.customer._state.adding]
    try:
        return _save_orders(company, entries, wrong, looked, whole=refused is None)
    except Raced:
        for customer in new:
            customer._state.adding = True  # they were rolled back
        return _save_orders(company, entries, wrong, None, whole=refused is None)


def look(company: Company, entries: Sequence[OrderEntry]) -> Looked:
    """The orders as they are, and what saving these entries would make of them. Invalid when one is wrong."""
    return _plan_orders(company, entries, {}, whole=True)


def _save_orders(
    company: Company,
    entries: Sequence[OrderEntry],
    refused: dict[int, Invalid],
    looked: Looked | None,
    *,
    whole: bool,
) -> Outcome:
    # Planned before the transaction, so that it is short; planned again where somebody was quicker.
    known, plans = looked or _plan_orders(company, entries, refused, whole=whole)
    with work(company.pk, PRIO_BACKFILL) as unit:
        if _moved(company, entries, known):
            known, plans = _plan_orders(company, entries, refused, whole=whole)
        outcome = Outcome()
        for plan in plans:
            outcome.count(plan)
        good = [entry.customer for place, entry in enumerate(entries) if place not in refused]
        insert_customers(unit, [one for one in dict.fromkeys(good) if one and one._state.adding], outcome)
        insert_orders(unit, [plan.now for plan in plans if plan.before is None])
        store_orders(unit, [plan for plan in plans if plan.before is not None and plan.changed])
    return outcome


def insert_customers(unit: Unit, new: Sequence[Customer], outcome: Outcome) -> None:
    """Save those that were made for other records."""
    if new:
        statements.insert(new)
        unit.made("customer", *(customer.pk for customer in new))
        outcome.counts["customers created"] += len(new)


def insert_orders(unit: Unit, new: Sequence[Order]) -> None:
    """Save new orders with their lines, and whatever follows from it."""
    statements.insert(new)
    items.save(unit, *(order.lines for order in new))
    unit.made("order", *(order.pk for order in new))
    unit.ordered(*((None, order) for order in new))
    orders.count_again(unit, *((order, None) for order in new))


def store_orders(unit: Unit, plans: Sequence[Plan[Order]]) -> None:
    """Save changed orders with their lines, and whatever follows from it."""
    moment = timezone.now()
    for plan in plans:
        plan.now.updated_at = moment
        unit.ordered((plan.before, plan.now))
        if plan.before is not None:
            orders.show_again(unit, plan.now, plan.before, plan.changed)
    statements.update([plan.now for plan in plans], (*orders.FIELDS, "updated_at"))
    items.save(unit, *(plan.now.lines for plan in plans))
    unit.touch("order", *(plan.now.pk for plan in plans))
    orders.count_again(unit, *((plan.now, plan.before) for plan in plans if plan.changed & orders.COUNTING))


def _plan_orders(
    company: Company, entries: Sequence[OrderEntry], refused: dict[int, Invalid], *, whole: bool
) -> Looked:
    """The orders as they are, and plans; what is wrong goes into `refused`, or is raised where it is all or nothing."""
    refused.clear()
    known = known_orders(company, [entry.number for entry in entries])
    told = references.found(company, [entry.data for entry in entries])
    plans, places = [], dict[str, int]()
    for place, (entry, data) in enumerate(zip(entries, told, strict=True)):
        try:
            if places.setdefault(entry.number, place) != place and entry.number:
                said = _("The order number “%(value)s” is there twice.") % {"value": entry.number}
                raise Invalid({"order_number": [said]})
            plans.append(plan_order(company, replace(entry, data=data), known.get(entry.number)))
        except Invalid as invalid:
            if whole:
                raise
            refused[place] = invalid
    return known, plans


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
    now = fresh(Order, company) if known is None else copied(known)
    data = dict(entry.data)
    if entry.customer is not None:
        data["customer"] = entry.customer
    if entry.shipped and "status" not in data and (known is None or known.status in BEFORE_SENT):
        data["status"] = Order.Status.SENT
    noun.assign(now, known, data, errors)
    cleaning.complete(now, noun.fields, errors)
    if known is None:
        errors.settle()
        return Plan(now, None)
    changed = noun.differing(now, known)
    if changed and entry.new_only and not errors.found:
        said = _("There already is an order with the number “%(value)s”, and it is not the same.")
        errors.add("order_number", said % {"value": known.order_number})
    items.check_gone(now.lines, errors)
    errors.settle()
    return Plan(now, known, changed)


def create_tickets(company: Company, told: Sequence[Mapping[str, Any]]) -> list[Ticket]:
    """New tickets. Invalid undoes the whole chunk."""
    with work(company.pk, PRIO_BACKFILL) as unit:
        new = [tickets.noun.built(company, data) for data in told]
        statements.insert(new)
        unit.made("ticket", *(ticket.pk for ticket in new))
        tickets.count_again(unit, *new)
        holding = [ticket for ticket in new if ticket.status in Ticket.HOLDING]
        unit.verify(tickets.check_places, *holding)
    return new
