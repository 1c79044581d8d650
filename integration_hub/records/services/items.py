"""The lines of an order: from what was said to rows, with amounts and the total."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.records import money
from integration_hub.records.models import Order, OrderItem, Ticket
from integration_hub.records.services import cleaning, statements
from integration_hub.records.services.errors import Errors
from integration_hub.records.services.noun import copied, differing, fresh
from integration_hub.records.services.unit import Unit

FIELDS = ("ticket_type", "description", "quantity", "unit_price", "discount")
STORED = (*FIELDS, "amount", "position")


@dataclass
class Lines:
    """An order's lines as they will be: `all` in order; of these, `new` and `changed`; and those that go."""

    all: list[OrderItem] = field(default_factory=list)
    new: list[OrderItem] = field(default_factory=list)
    changed: list[OrderItem] = field(default_factory=list)
    gone: list[OrderItem] = field(default_factory=list)

    @property
    def differ(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    @property
    def total(self) -> Decimal:
        return sum((item.amount for item in self.all), Decimal(0))


def living(order: Order) -> list[OrderItem]:
    rows = OrderItem.everywhere.filter(order=order.pk, deleted_at=None).select_related("ticket_type")
    return list(rows.order_by("position", "id"))


def planned(order: Order, current: Sequence[OrderItem], given: Any, errors: Errors) -> Lines:
    """The lines after this change. `given` None leaves them (only their amounts follow the order's currency)."""
    lines = Lines()
    left = list(current)
    if given is None:
        pairs: list[tuple[OrderItem | None, Mapping[str, Any]]] = [(item, {"id": item.pk}) for item in left]
        left = []
    else:
        pairs = _paired(given, left, errors)
    for position, (was, data) in enumerate(pairs):
        _plan_one(lines, order, position, was, data, errors)
    lines.gone = left
    return lines


def _paired(given: Any, left: list[OrderItem], errors: Errors) -> list[tuple[OrderItem | None, Mapping[str, Any]]]:
    """Each line said with the row it changes: by its id, else the first that looks the same; those leave `left`."""
    if not isinstance(given, list | tuple) or not all(isinstance(data, Mapping) for data in given):
        errors.add("items", _("Items are a list of lines, each with a quantity and a unit price."))
        return []
    by_id = {str(item.pk): item for item in left}
    found: list[OrderItem | None] = []
    for number, data in enumerate(given):
        item = by_id.get(str(data.get("id") or ""))
        if data.get("id") and item is None:
            errors.add(f"items.{number}.id", _("This order has no such line."))
        if item is not None and item in left:
            left.remove(item)
        elif item is not None:
            errors.add(f"items.{number}.id", _("This line is named twice."))
        found.append(item)
    for number, data in enumerate(given):
        if found[number] is None and (alike := next((item for item in left if _alike(item, data)), None)):
            found[number] = alike
            left.remove(alike)
    return list(zip(found, given, strict=True))


def _alike(item: OrderItem, data: Mapping[str, Any]) -> bool:
    """The same thing is sold, whatever its quantity and price."""
    named = data.get("ticket_type")
    if named and str(getattr(named, "pk", named)) != str(item.ticket_type_id):
        return False
    said = data.get("description")
    return said == item.description if said else bool(named)


def _plan_one(
    lines: Lines, order: Order, position: int, was: OrderItem | None, data: Mapping[str, Any], errors: Errors
) -> None:
    item = copied(was) if was else fresh(OrderItem, order.company)
    item.order = order
    wrong = Errors()
    if not data.get("id"):  # said without its id, a line is said in whole
        item.quantity, item.discount, item.unit_price = 1, Decimal(0), None
    cleaning.assign(item, FIELDS, {name: value for name, value in data.items() if name != "id"}, wrong)
    _fill(item, order)
    _complete(item, wrong)
    for name, sentences in wrong.found.items():
        errors.add(f"items.{position}.{name}", *sentences)
    if wrong.found:
        return
    item.position = position
    item.amount = money.line_amount(item.quantity, item.unit_price, item.discount, order.currency)
    lines.all.append(item)
    if was is None:
        lines.new.append(item)
    elif differing(item, was, STORED):
        lines.changed.append(item)


def _fill(item: OrderItem, order: Order) -> None:
    """A ticket says what it is and what it costs, where the order is in its currency."""
    kind = item.ticket_type
    if kind and not item.description:
        item.description = f"{kind.event.title} – {kind.name}"[:300]
    if kind and item.unit_price is None and kind.currency == order.currency:
        item.unit_price = kind.price


def _complete(item: OrderItem, wrong: Errors) -> None:
    cleaning.complete(item, FIELDS, wrong)
    if not item.description and "description" not in wrong and "ticket_type" not in wrong:
        wrong.add("description", _("Say what is sold: a ticket type or a description."))


def check_gone(lines: Lines, errors: Errors) -> None:
    """A line whose tickets somebody holds cannot go."""
    if not lines.gone:
        return
    tickets = Ticket.everywhere.filter(order_item__in=lines.gone, deleted_at=None, status__in=Ticket.HOLDING)
    held = dict(tickets.order_by().values_list("order_item").annotate(Count("pk")))
    for item in lines.gone:
        if item.pk in held:
            said = _("%(count)s tickets belong to the line “%(line)s”. Cancel them before you remove it.")
            errors.add("items", said % {"count": held[item.pk], "line": item})


def save(unit: Unit, *plans: Lines) -> None:
    """Save the lines of any number of orders."""
    now = timezone.now()
    new, changed, gone = (
        [item for lines in plans for item in getattr(lines, kind)] for kind in ("new", "changed", "gone")
    )
    statements.insert(new)
    for item in changed:
        item.updated_at = now
    statements.update(changed, (*STORED, "updated_at"))
    if gone:
        OrderItem.everywhere.filter(pk__in=[item.pk for item in gone]).update(deleted_at=now)
    unit.touch("order_item", *(item.pk for item in (*new, *changed, *gone)))
