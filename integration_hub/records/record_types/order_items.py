"""The lines of orders as the engine sees them. They are changed with their order (`lines`)."""

from dataclasses import replace
from uuid import UUID

from django.utils.translation import gettext_noop as _

from integration_hub.contract.records import Field, Value
from integration_hub.records import money
from integration_hub.records.models import OrderItem
from integration_hub.records.record_types import lines
from integration_hub.records.record_types.fields import link, name_of
from integration_hub.records.record_types.orders import ORDER
from integration_hub.records.record_types.reading import record_type


def _read(item: OrderItem) -> dict[str, Value]:
    currency = item.order.currency
    return {
        "description": item.description,
        "order_link": link("order", item.order),
        "order_number": item.order.order_number,
        "position": item.position + 1,
        "ticket_type": name_of(item.ticket_type),
        "quantity": item.quantity,
        "unit_price": money.shown(item.unit_price, currency),
        "discount": item.discount,
        "amount": money.shown(item.amount, currency),
        "currency": currency,
        "updated_at": item.updated_at,
    }


FIELDS = (
    Field("description", _("Description")),
    Field("order_link", _("Order (link)"), "link", to="order"),
    Field("order_number", _("Order number"), read_only=True),
    Field("position", _("Position"), "integer", read_only=True),
    Field("ticket_type", _("Ticket type"), read_only=True),
    Field("quantity", _("Quantity"), "integer"),
    Field("unit_price", _("Unit price"), "money"),
    Field("discount", _("Discount"), "percent"),
    Field("amount", _("Amount"), "money", read_only=True),
    Field("currency", _("Currency"), read_only=True),
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)


def _address(pk: UUID) -> str:
    """The page of its order."""
    return ORDER.address(OrderItem.everywhere.values_list("order", flat=True).get(pk=pk))


ORDER_ITEM = replace(
    record_type(
        OrderItem,
        "order_item",
        (_("Order item"), _("Order items")),
        FIELDS,
        _read,
        title="description",
        otherwise="ticket_type",
        joined=("order", "ticket_type"),
    ),
    address=_address,
    lock=lines.lock,
    save=lines.save,
    remove=lines.remove,
    restore=lines.restore,
)
