"""Lines of orders that were read at a provider: changed with their order, by its own service and rules."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.contract.records import Entry, Unfit
from integration_hub.records.models import Order, OrderItem
from integration_hub.records.record_types.fields import followed
from integration_hub.records.record_types.reading import living
from integration_hub.records.record_types.taking import ACTOR, PRIO
from integration_hub.records.services import Invalid, items, orders

ORDER = "order_link"


def lock(company: UUID, ids: Sequence[UUID]) -> None:
    """The orders first, as whoever changes one locks it."""
    mine = living(OrderItem, company).filter(pk__in=ids)
    for rows in (living(Order, company).filter(pk__in=mine.values("order")), mine):
        list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def save(company_id: UUID, entry: Entry) -> UUID:
    said = followed(entry.values)
    item = _line(company_id, entry.id)
    order = _order(company_id, item, said)
    before = [line.pk for line in items.living(order)]
    lines: list[dict[str, Any]] = [{"id": str(pk)} for pk in before]
    place = len(lines) if item is None else before.index(item.pk)
    lines[place:] = [{**(lines[place] if item else {}), **said}, *lines[place + 1 :]]
    with _unfit(place):
        orders.update(order, {"items": lines}, actor=ACTOR, prio=PRIO)
    return item.pk if item else next(line.pk for line in items.living(order) if line.pk not in before)


def remove(company_id: UUID, pk: UUID) -> None:
    item = living(OrderItem, company_id).filter(pk=pk).first()
    if item is None:
        return
    order = _living_order(company_id, item.order_id)
    kept = [{"id": str(line.pk)} for line in items.living(order) if line.pk != pk]
    with _unfit(-1):
        orders.update(order, {"items": kept}, actor=ACTOR, prio=PRIO)


def restore(company_id: UUID, pk: UUID) -> None:
    raise Unfit({"": [_("A line that was taken off its order does not come back. Add it to the order again.")]})


def _line(company_id: UUID, pk: UUID | None) -> OrderItem | None:
    found = living(OrderItem, company_id).filter(pk=pk).first() if pk else None
    if pk and found is None:
        raise Unfit({"": [_("It was deleted in the meantime.")]})
    return found


def _order(company_id: UUID, item: OrderItem | None, said: dict[str, Any]) -> Order:
    """Of a new line the order it names; a line stays with its order."""
    named = "order" in said
    pk = said.pop("order", None)
    if item is None and pk is None:
        raise Unfit({ORDER: [_("This field is required.")]})
    if item is not None and named and pk != item.order_id:
        raise Unfit({ORDER: [_("A line stays with its order. Delete it, and add it to the other one.")]})
    return _living_order(company_id, pk if item is None else item.order_id)


def _living_order(company_id: UUID, pk: UUID) -> Order:
    order: Order | None = living(Order, company_id).filter(pk=pk).first()
    if order is None:
        raise Unfit({ORDER: [_("Its order was deleted in the meantime.")]})
    order.company = Company.objects.get(pk=company_id)
    return order


@contextmanager
def _unfit(place: int) -> Iterator[None]:
    """What the order's service says of this line, by the line's own fields; the rest concerns it as a whole."""
    try:
        yield
    except Invalid as invalid:
        raise Unfit(_told(invalid.errors, f"items.{place}.")) from invalid


def _told(errors: Mapping[str, list[str]], mine: str) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for name, sentences in errors.items():
        told.setdefault(name.removeprefix(mine) if name.startswith(mine) else "", []).extend(sentences)
    return told
