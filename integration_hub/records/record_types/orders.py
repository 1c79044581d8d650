"""Orders as the engine sees them; their lines are one text, a line each."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from integration_hub.contract.records import Field, Value
from integration_hub.records import money
from integration_hub.records.models import Order, OrderItem
from integration_hub.records.record_types.reading import record_type
from integration_hub.records.services import orders


def line_text(item: OrderItem, currency: str) -> str:
    """ "2 × Standard @ 50.00 −10 %" """
    text = f"{item.quantity} × {item.description} @ {money.text(item.unit_price, currency)}"
    percent = (item.discount * 100).normalize()
    return f"{text} −{percent:f} %" if item.discount else text


def _with_lines(read: Sequence[Order]) -> None:
    lines: dict[object, list[OrderItem]] = defaultdict(list)
    items = OrderItem.everywhere.filter(order__in=[order.pk for order in read], deleted_at=None)
    for item in items.order_by("order", "position", "id"):
        lines[item.order_id].append(item)
    for order in read:
        order.shown_lines = [line_text(item, order.currency) for item in lines[order.pk]]


def _read(order: Order) -> dict[str, Value]:
    customer = order.customer
    return {
        "order_number": order.order_number,
        "customer_name": customer.name if customer else "",
        "customer_email": customer.email if customer else "",
        "status": order.status,
        "priority": order.priority,
        "payment_state": order.payment_state,
        "currency": order.currency,
        "total": Decimal(money.text(order.total, order.currency)),
        "items": "\n".join(order.shown_lines),
        "notes": order.notes,
        "placed_at": order.placed_at,
        "updated_at": order.updated_at,
    }


FIELDS = (
    Field("order_number", _("Order number")),
    Field("customer_name", _("Customer"), read_only=True),
    Field("customer_email", _("Customer e-mail"), "email", read_only=True),
    Field("status", _("Status"), "choice", choices=tuple(Order.Status.values)),
    Field("priority", _("Priority"), "choice", choices=tuple(Order.Priority.values)),
    Field("payment_state", _("Payment"), "choice", choices=tuple(Order.PaymentState.values)),
    Field("currency", _("Currency")),
    Field("total", _("Total"), "money", read_only=True),
    Field("items", _("Items"), "long_text", read_only=True),
    Field("notes", _("Notes"), "long_text"),
    Field("placed_at", _("Placed"), "datetime"),
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)
ORDER = record_type(
    Order,
    "order",
    (_("Order"), _("Orders")),
    FIELDS,
    _read,
    title="order_number",
    joined=("customer",),
    together=_with_lines,
    mirrored=orders.set_record_ids,
)
