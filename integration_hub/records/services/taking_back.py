"""Undoing what an import did to records: those it made are deleted, those it changed become what they were.

Only where nothing depends on them by now and nobody changed them since; what is left alone says why.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.companies.models import Company
from integration_hub.records.models import Appointment, Customer, Order, OrderItem, Record, Ticket
from integration_hub.records.services import (
    appointments,
    branches,
    customers,
    events,
    images,
    items,
    orders,
    staff,
    tickets,
)
from integration_hub.records.services.errors import GENERAL, Invalid
from integration_hub.records.services.noun import Noun
from integration_hub.records.services.unit import Unit, work

PRIO_BACKFILL = 2
NOUNS: Mapping[str, Noun[Any]] = {
    "customer": customers.noun,
    "order": orders.noun,
    "event": events.noun,
    "ticket": tickets.noun,
    "branch": branches.noun,
    "staff": staff.noun,
    "appointment": appointments.noun,
}


@dataclass
class Step:
    """One record to be taken back. `before` and `after` as `images` made them; None: it was made. When it is through,
    `left` says why it was left alone, if it was, and `title` what it is called."""

    noun: str
    record_id: UUID
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    title: str = ""
    left: str = ""


def take_back(company: Company, steps: Sequence[Step]) -> None:
    """All in one transaction, one after the other; those made are deleted many at once where there may be many."""
    with work(company.pk, PRIO_BACKFILL) as unit:
        for (noun, made), group in groupby(steps, key=lambda step: (step.noun, step.before is None)):
            if made and noun in TOGETHER:
                TOGETHER[noun](unit, {step.record_id: step for step in group})
                continue
            for step in group:
                _one(company, unit, step)


def _one(company: Company, unit: Unit, step: Step) -> None:
    try:
        with transaction.atomic():
            _take_back(company, unit, step)
    except Invalid as invalid:
        step.left = " ".join(sentence for said in invalid.errors.values() for sentence in said)


def _take_back(company: Company, unit: Unit, step: Step) -> None:
    noun = NOUNS[step.noun]
    record = noun.model.everywhere.filter(company_id=company.pk, pk=step.record_id).first()
    step.title = str(record or "")[:300]
    if record is None or record.deleted_at:
        if step.before is not None:
            raise Invalid({GENERAL: [_("It was deleted in the meantime.")]})
        return
    record.company = company
    now, before = noun.locked(record)
    if step.before is None or step.after is None:
        if edited(now):
            raise Invalid({GENERAL: [str(EDITED)]})
        noun.remove(unit, now)
    else:
        _set_back(unit, noun, now, before, step.before, step.after)


Steps = Mapping[UUID, Step]
EDITED = gettext_lazy("It was changed since. Delete it by hand.")
AT_ONCE = timedelta(seconds=1)  # both times of a new record are taken one after the other


def edited(record: Record) -> bool:
    """Whether somebody changed it after it was made."""
    return record.updated_at - record.created_at > AT_ONCE


def _living(model: type[Record], unit: Unit, steps: Steps) -> dict[UUID, Any]:
    """The records of these steps that are still there, locked in order."""
    rows = model.everywhere.filter(company_id=unit.company_id, pk__in=steps, deleted_at=None).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(no_key=True)}
    for pk, row in found.items():
        steps[pk].title = str(row)[:300]
    return found


def _leave_alone(found: dict[UUID, Any], steps: Steps, pks: Iterable[UUID], sentence: str) -> None:
    for pk in set(pks) & set(found):
        del found[pk]
        steps[pk].left = sentence


def _remove_orders(unit: Unit, steps: Steps) -> None:
    """Orders with their lines and what is left of their tickets; one with tickets that people hold stays."""
    found = _living(Order, unit, steps)
    tickets = Ticket.everywhere.filter(order_item__order__in=found, deleted_at=None).order_by()
    held = tickets.filter(status__in=Ticket.HOLDING).values_list("order_item__order", flat=True)
    _leave_alone(found, steps, held, _("Tickets were issued for it since. Delete it by hand."))
    _leave_alone(found, steps, [pk for pk, order in found.items() if edited(order)], str(EDITED))
    gone, lines = timezone.now(), _lines(found)
    for order in found.values():
        order.lines = items.Lines(gone=lines[order.pk])
    unit.ordered(*((order, None) for order in found.values()))
    orders.count_again(unit, *((order, order) for order in found.values()))
    old = sorted(tickets.filter(order_item__order__in=found).values_list("pk", flat=True))
    Ticket.everywhere.filter(pk__in=old).update(deleted_at=gone)
    OrderItem.everywhere.filter(order__in=found, deleted_at=None).update(deleted_at=gone)
    Order.everywhere.filter(pk__in=found).update(deleted_at=gone)
    unit.removed("ticket", *old)
    unit.removed("order_item", *(item.pk for several in lines.values() for item in several))
    unit.removed("order", *found)


def _lines(found: Mapping[UUID, Order]) -> dict[UUID, list[OrderItem]]:
    lines: dict[UUID, list[OrderItem]] = {pk: [] for pk in found}
    for item in OrderItem.everywhere.filter(order__in=found, deleted_at=None).select_related("ticket_type"):
        lines[item.order_id].append(item)
    return lines


def _remove_customers(unit: Unit, steps: Steps) -> None:
    """Customers nobody needs; those with orders or appointments stay."""
    found = _living(Customer, unit, steps)
    for model in (Order, Appointment):
        used = model.everywhere.filter(customer__in=found, deleted_at=None).order_by()
        said = _("Still belonging to it: %(plural)s. Delete or move them first.")
        sentence = said % {"plural": model._meta.verbose_name_plural}
        _leave_alone(found, steps, used.values_list("customer", flat=True).distinct(), sentence)
    _leave_alone(found, steps, [pk for pk, customer in found.items() if edited(customer)], str(EDITED))
    Customer.everywhere.filter(pk__in=found).update(deleted_at=timezone.now())
    unit.removed("customer", *found)


TOGETHER: Mapping[str, Callable[[Unit, Steps], None]] = {"order": _remove_orders, "customer": _remove_customers}


def _set_back(
    unit: Unit, noun: Noun[Any], now: Any, before: Any, old: Mapping[str, Any], left: Mapping[str, Any]
) -> None:
    lines = items.living(now) if "items" in left else []
    is_now = images.image(now, left, lines)
    moved = [images.label(now, name) for name in left if is_now[name] != left[name]]
    if moved:
        raise Invalid({GENERAL: [_("It was changed since: %(fields)s.") % {"fields": ", ".join(moved)}]})
    changes = {name: value for name, value in old.items() if name in noun.fields or name == "items"}
    if changes.get("items"):
        changes.pop("total", None)  # it follows from the lines
    if "items" in changes:
        changes["items"] = [_line(line) for line in changes["items"]]
    changed = noun.changed(now, before, changes)
    if "phone_raw" in old:
        now.phone_raw, changed = old["phone_raw"], changed | {"phone_raw"}
    if changed:
        noun.store(unit, now, before, changed)


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removesuffix("_id"): value for name, value in line.items() if value is not None}
