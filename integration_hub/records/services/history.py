"""Purchase histories and sales: read-only fields that follow from orders and tickets.

Each is computed by aggregate queries, a fixed number for any number of records, after the rows they are stored on have
been locked in id order: of two orders saved at once, the later one counts the earlier one too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Count, F, Max, Min, Q, Sum

from integration_hub.records import money
from integration_hub.records.models import Customer, Event, Order, OrderItem, Ticket
from integration_hub.records.services import statements

COUNTED = Q(deleted_at=None) & ~Q(status=Order.Status.CANCELLED) & ~Q(payment_state=Order.PaymentState.REFUNDED)
# The same, seen from an order's line and from a ticket.
COUNTED_LINE = (
    Q(deleted_at=None, order__deleted_at=None)
    & ~Q(order__status=Order.Status.CANCELLED)
    & ~Q(order__payment_state=Order.PaymentState.REFUNDED)
)
# A ticket without an order line (a free one, say) holds its place as well.
HELD = Q(deleted_at=None, status__in=Ticket.HOLDING) & (
    Q(order_item=None) | (Q(order_item__order__deleted_at=None) & ~Q(order_item__order__status=Order.Status.CANCELLED))
)

Totals = dict[UUID, dict[str, Decimal]]
BOUGHT = ("orders_count", "tickets_count", "spent", "first_purchase_at", "last_purchase_at")
SOLD = ("tickets_sold", "revenue")


def refresh_customers(company_id: UUID, ids: Collection[UUID]) -> list[UUID]:
    """Count again what these customers bought; the ids of those for whom it came out differently."""
    if not ids:
        return []
    rows = _locked(Customer, company_id, ids, BOUGHT)
    bought = Order.everywhere.filter(COUNTED, customer__in=ids).values_list("customer", "currency").order_by()
    facts: dict[UUID, list[Any]] = defaultdict(list)
    for owner, *fact in bought.annotate(Sum("total"), Count("pk"), Min("placed_at"), Max("placed_at")):
        facts[owner].append(fact)
    spent = _by_currency((owner, currency, total) for owner in facts for currency, total, *_more in facts[owner])
    _take_off_returned(spent, "order__customer", ids)
    held = Ticket.everywhere.filter(HELD, order_item__order__customer__in=ids)
    tickets = dict(held.values_list("order_item__order__customer").annotate(Count("pk")).order_by())
    for row in rows:
        mine = facts.get(row.pk, [])
        row.orders_count = sum(fact[2] for fact in mine)
        row.first_purchase_at = min((fact[3] for fact in mine), default=None)
        row.last_purchase_at = max((fact[4] for fact in mine), default=None)
        row.tickets_count, row.spent = tickets.get(row.pk, 0), _texts(spent.get(row.pk, {}))
    return _save(rows, BOUGHT)


def refresh_events(company_id: UUID, ids: Collection[UUID]) -> list[UUID]:
    """Count again what these events sold; the ids of those for whom it came out differently."""
    if not ids:
        return []
    rows = _locked(Event, company_id, ids, SOLD)
    lines = OrderItem.everywhere.filter(COUNTED_LINE, ticket_type__event__in=ids)
    earned = lines.values_list("ticket_type__event", "order__currency").annotate(Sum("amount"))
    revenue = _by_currency(earned.order_by())
    _take_off_returned(revenue, "ticket_type__event", ids)
    sold = dict(Ticket.everywhere.filter(HELD, event__in=ids).values_list("event").annotate(Count("pk")).order_by())
    for row in rows:
        row.tickets_sold, row.revenue = sold.get(row.pk, 0), _texts(revenue.get(row.pk, {}))
    return _save(rows, SOLD)


def _locked(model: type[models.Model], company_id: UUID, ids: Collection[UUID], fields: tuple[str, ...]) -> list[Any]:
    """The rows with these fields alone."""
    # no_key: the foreign keys of rows inserted beside us hold a key share lock on the same row, and would deadlock.
    rows = model.everywhere.select_for_update(no_key=True)  # type: ignore[attr-defined]
    found = list(rows.filter(company_id=company_id, pk__in=ids).order_by("pk").only(*fields))
    for row in found:
        row.before = dict(vars(row))
    return found


def _by_currency(rows: Iterable[tuple[UUID, str, Decimal]]) -> Totals:
    totals: Totals = defaultdict(dict)
    for owner, currency, amount in rows:
        totals[owner][currency] = money.rounded(amount, currency)  # SQLite adds as floats
    return totals


def _take_off_returned(totals: Totals, owner: str, ids: Collection[UUID]) -> None:
    """Refunded tickets take their share of the line they were bought in off the totals."""
    refunded = Q(tickets__status=Ticket.Status.REFUNDED, tickets__deleted_at=None)
    lines = OrderItem.everywhere.filter(COUNTED_LINE, refunded, **{f"{owner}__in": ids}).order_by()
    rows = lines.annotate(back=Count("tickets"), owner_id=F(owner), currency=F("order__currency"))
    for line in rows.values("pk", "owner_id", "currency", "amount", "quantity", "back"):
        share = line["amount"] * min(line["back"], line["quantity"]) / line["quantity"]
        totals[line["owner_id"]][line["currency"]] -= money.rounded(share, line["currency"])


def _texts(totals: dict[str, Decimal]) -> dict[str, str]:
    return {currency: money.text(amount, currency) for currency, amount in sorted(totals.items())}


def _save(rows: list[Any], fields: tuple[str, ...]) -> list[UUID]:
    changed = [row for row in rows if any(getattr(row, name) != row.before[name] for name in fields)]
    statements.update(changed, fields)
    return [row.pk for row in changed]
