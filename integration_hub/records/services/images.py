"""What a record was before and after, as values that JSON keeps: for previews, and for undoing an import."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy

from integration_hub.records import money
from integration_hub.records.models import Order, OrderItem, Record
from integration_hub.records.services.bulk import Plan
from integration_hub.records.services.cleaning import field_of

ITEM = ("ticket_type_id", "description", "quantity", "unit_price", "discount")
LABELS = {"items": gettext_lazy("Items"), "phone_raw": gettext_lazy("Phone as written")}


def image(record: Record, names: Iterable[str], lines: Sequence[OrderItem] = ()) -> dict[str, Any]:
    """The named fields of a record; `items` are its lines."""
    found = {name: plain(getattr(record, attname(record, name))) for name in names if name != "items"}
    if "items" in names:
        found["items"] = [{name: plain(getattr(item, name)) for name in ITEM} for item in lines]
    return found


def attname(record: Record, name: str) -> str:
    return str(getattr(record._meta.get_field(name), "attname", name))


def plain(value: Any) -> Any:
    """Equal values come out equal, however many zeros a database adds."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def pair(plan: Plan[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an update changes: the fields before, and after."""
    names = sorted(plan.changed)
    before = image(plan.before, names, getattr(plan.before, "known_lines", ())) if plan.before else {}
    return before, image(plan.now, names, plan.now.lines.all if "items" in plan.changed else ())


def shown(plan: Plan[Any], names: Sequence[str]) -> list[dict[str, str]]:
    """A record as it will be, field by field, as a preview shows it."""
    now, before = plan.now, plan.before
    if before is not None:
        names = [name for name in (*names, "items", "phone_raw") if name in plan.changed]
    fields = [_shown(name, before, now) for name in names]
    if before is None and isinstance(now, Order) and now.lines.all:
        fields.append(
            {"name": "items", "label": str(LABELS["items"]), "before": "", "after": lines_text(now.lines.all, now)}
        )
    return [field for field in fields if field["before"] != field["after"]]


def _shown(name: str, before: Any, now: Any) -> dict[str, str]:
    if name == "items":
        old, new = (lines_text(before.known_lines, before), lines_text(now.lines.all, now))
    else:
        old, new = ("" if before is None else text(before, name), text(now, name))
    return {"name": name, "label": label(now, name), "before": old, "after": new}


def label(record: Record, name: str) -> str:
    return str(LABELS.get(name) or field_of(record, name).verbose_name)


def text(record: Record, name: str) -> str:
    value = getattr(record, name)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return money.text(value, getattr(record, "currency", "")) if name in ("total", "price") else plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)[:500]


def lines_text(lines: Sequence[OrderItem], order: Order) -> str:
    """One line of text for each line of an order."""
    return "\n".join(_line(item, order) for item in lines)


def _line(item: OrderItem, order: Order) -> str:
    price = f"{item.quantity} × {item.description or item.ticket_type} · {money.text(item.unit_price, order.currency)}"
    return f"{price} −{plain(item.discount * 100)} %" if item.discount else price
