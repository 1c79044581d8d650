"""Orders as the engine sees them; their lines are one text, a line each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop as _

from integration_hub.companies.models import Company
from integration_hub.contract.records import Field, Ref, Value, Values
from integration_hub.records import money
from integration_hub.records.models import Order
from integration_hub.records.record_types.fields import ATTACHMENTS, choice
from integration_hub.records.record_types.reading import record_type
from integration_hub.records.record_types.taking import PRIO, taking
from integration_hub.records.services import buyers, orders
from integration_hub.records.services.together import Ways
from integration_hub.records.services.unit import Unit
from integration_hub.sync import sql

Line = tuple[int, str, Decimal, Decimal]  # quantity, description, unit price, discount
# A first sync reads every order once, so this is written by hand and takes plain columns.
_ORDERS = """
SELECT orders.id, orders.customer_id, customers.name, customers.email, orders.total, orders.currency, orders.placed_at,
       orders.updated_at, orders.order_number, orders.status, orders.priority, orders.payment_state, orders.notes
FROM orders LEFT JOIN customers ON customers.id = orders.customer_id
WHERE orders.company_id = %s AND orders.deleted_at IS NULL AND {among}
"""
_LINES = """
SELECT order_id, quantity, description, unit_price, discount FROM order_items
WHERE deleted_at IS NULL AND {among} ORDER BY order_id, position, id
"""
_AS_IT_IS = ("order_number", "status", "priority", "payment_state", "notes")


def line_text(line: Line, currency: str) -> str:
    """ "2 × Standard @ 50.00 −10 %" """
    quantity, description, unit_price, discount = line
    text = f"{quantity} × {description} @ {money.text(unit_price, currency)}"
    return f"{text} −{(discount * 100).normalize():f} %" if discount else text


def load(company: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Values]:
    asked, given = sql.given(id="uuid"), sql.column(ids)
    orders = sql.fetch(_ORDERS.format(among=sql.among("orders.id", asked)), [company, given])
    lines: defaultdict[Any, list[Line]] = defaultdict(list)
    found = sql.fetch(_LINES.format(among=sql.among("order_id", asked)), [given]) if orders else ()
    for order, quantity, description, price, discount in found:
        lines[order].append((quantity, description, sql.decimal_of(price), sql.decimal_of(discount)))
    return {sql.uuid_of(pk): _values(order, lines[pk]) for pk, *order in orders}


def _values(row: Sequence[Any], lines: Sequence[Line]) -> dict[str, Value]:
    customer, name, email, total, currency, placed_at, updated_at, *others = row
    return {
        **dict(zip(_AS_IT_IS, others, strict=True)),
        "customer_name": name or "",
        "customer_email": email or "",
        "customer_link": Ref("customer", sql.uuid_of(customer), email or name) if customer else None,
        "currency": currency,
        "total": money.shown(sql.decimal_of(total), currency),
        "items": "\n".join([line_text(line, currency) for line in lines]),
        "placed_at": sql.time_of(placed_at),
        "updated_at": sql.time_of(updated_at),
    }


FIELDS = (
    Field("order_number", _("Order number"), identifies=True),
    Field("customer_name", _("Customer")),
    Field("customer_email", _("Customer e-mail"), "email"),
    Field("customer_link", _("Customer (link)"), "link", to="customer"),
    choice("status", _("Status"), Order.Status),
    choice("priority", _("Priority"), Order.Priority),
    choice("payment_state", _("Payment"), Order.PaymentState),
    Field("currency", _("Currency")),
    Field("total", _("Total"), "money"),
    Field("items", _("Items"), "long_text", read_only=True),
    Field("notes", _("Notes"), "long_text"),
    Field("placed_at", _("Placed"), "datetime"),
    ATTACHMENTS,
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)


def _prepared(
    company: Company, values: dict[str, Any], order: Order | None, find: buyers.Find = buyers.buyer
) -> dict[str, Any]:
    """A changed name or e-mail means another customer, never another name for the same one. A link says it best."""
    given = {name: values.pop(f"customer_{name}") or "" for name in ("name", "email") if f"customer_{name}" in values}
    if given and not values.get("customer"):
        known = order.customer if order else None
        said = {"name": known.name, "email": known.email} if known else {"name": "", "email": ""}
        values["customer"] = find(company, **(said | given), prio=PRIO)
    if values.get("currency"):
        values["currency"] = str(values["currency"]).strip().upper()
    return {name: value for name, value in values.items() if value is not None or name in EMPTIED}


class _Many(Ways):
    """Orders saved together: whose each is, is looked up for all of them at once."""

    def __init__(self, company: Company, said: Sequence[Mapping[str, Any]], there: Iterable[Any]) -> None:
        told = [(values.get("customer_email"), values.get("customer_name")) for values in said]
        known = [(order.customer.email, order.customer.name) for order in there if order.customer]
        self.buyers = buyers.Buyers(company, [*told, *known])

    def prepared(self, company: Company, values: dict[str, Any], record: Any) -> dict[str, Any]:
        return _prepared(company, values, record, self.buyers.buyer)

    def mark(self) -> int:
        return len(self.buyers.new)

    def back(self, mark: int) -> None:
        self.buyers.forget(mark)

    def write(self, unit: Unit) -> None:
        self.buyers.save(unit)


EMPTIED = ("notes", "customer")  # an empty cell of the others says nothing: an order always has them
ORDER = record_type(
    Order,
    "order",
    (_("Order"), _("Orders")),
    FIELDS,
    title="order_number",
    load=load,
    mirrored=orders.set_record_ids,
)
ORDER = taking(ORDER, orders.noun, _prepared, _Many)
