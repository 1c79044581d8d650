"""Undoing what an import did to records: those it made are deleted, those it changed become what they were.

Only where nothing depends on them by now and nobody changed them since; what is left alone says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records.models import Record, Ticket
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
    """All in one transaction, one after the other."""
    with work(company.pk, PRIO_BACKFILL) as unit:
        for step in steps:
            try:
                with transaction.atomic():
                    _take_back(company, unit, step)
            except Invalid as invalid:
                step.left = " ".join(sentence for said in invalid.errors.values() for sentence in said)


def _take_back(company: Company, unit: Unit, step: Step) -> None:
    noun = NOUNS[step.noun]
    record = noun.model.everywhere.filter(company_id=company.pk, pk=step.record_id).first()
    if record is None or record.deleted_at:
        if step.before is not None:
            raise Invalid({GENERAL: [_("It was deleted in the meantime.")]})
        return
    step.title = str(record)[:300]
    record.company = company
    now, before = noun.locked(record)
    if step.before is None or step.after is None:
        _refuse_used(now)
        noun.remove(unit, now)
    else:
        _set_back(unit, noun, now, before, step.before, step.after)


def _refuse_used(record: Record) -> None:
    """An order with tickets that people hold is theirs by now."""
    if record._meta.model_name == "order":
        held = Ticket.everywhere.filter(order_item__order=record.pk, deleted_at=None, status__in=Ticket.HOLDING).count()
        if held:
            raise Invalid(
                {GENERAL: [_("%(count)s tickets were issued for it since. Delete it by hand.") % {"count": held}]}
            )


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
