"""Tickets: who may take part in what."""

from collections import Counter
from collections.abc import Collection
from uuid import UUID

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.records.models import Event, Ticket, TicketType
from integration_hub.records.services.errors import GENERAL, Errors, Invalid
from integration_hub.records.services.noun import Changed, Noun, taken
from integration_hub.records.services.unit import Unit

FIELDS = (
    "reference",
    "event",
    "ticket_type",
    "order_item",
    "participant_name",
    "participant_email",
    "participant_phone",
    "status",
    "checked_in_at",
)
RELATED = ("event", "ticket_type", "order_item__order")


def _fill(ticket: Ticket) -> None:
    sold_as = getattr(ticket, "ticket_type", None)
    if sold_as and not getattr(ticket, "event_id", None):
        ticket.event = sold_as.event


def _check(ticket: Ticket, before: Ticket | None, errors: Errors) -> None:
    if before is None or ticket.reference != before.reference:
        taken(ticket, "reference", errors, _("Another ticket already has the reference “%(value)s”."))
    if ticket.ticket_type.event_id != ticket.event_id:
        errors.add("ticket_type", _("This ticket type belongs to another event."))
    if ticket.order_item and ticket.order_item.ticket_type_id not in (None, ticket.ticket_type_id):
        errors.add("order_item", _("This order line is for another kind of ticket."))
    if ticket.checked_in_at and ticket.status not in Ticket.HOLDING and not (before and before.checked_in_at):
        errors.add("checked_in_at", _("A refunded or cancelled ticket cannot be checked in."))


def _ripples(unit: Unit, ticket: Ticket, before: Ticket | None, changed: Changed) -> None:
    if not before or changed & {"status", "event", "ticket_type", "order_item"}:
        count_again(unit, ticket, *([before] if before else []))
        if takes_place(ticket, before):
            unit.verify(check_places, ticket)


def takes_place(ticket: Ticket, before: Ticket | None) -> bool:
    """Whether this change holds a place that was not held before."""
    stays = before and before.status in Ticket.HOLDING and before.ticket_type_id == ticket.ticket_type_id
    return ticket.status in Ticket.HOLDING and not stays


def check_places(*new: Ticket) -> None:
    """Invalid when these are more than there is room for, or their event is gone. The events are locked: nobody else
    can be first."""
    asked = {ticket.event_id for ticket in new}
    held = places_held(asked)
    for event in Event.everywhere.filter(pk__in=asked):
        if event.deleted_at:
            raise Invalid({"event": [_("This event was deleted in the meantime.")]})
        check_event(event, held[event.pk])
    for kind in {ticket.ticket_type_id: ticket.ticket_type for ticket in new}.values():
        check_kind(kind, held[kind.pk])


def check_event(event: Event, held: int) -> None:
    """Invalid when it has fewer places than are held."""
    if event.capacity and held > event.capacity:
        full = _("“%(event)s” is full (%(count)s places).") % {"event": event, "count": event.capacity}
        raise Invalid({"event": [full]})


def check_kind(kind: TicketType, held: int) -> None:
    """Invalid when fewer tickets of this kind are sold than are held."""
    if kind.quota and held > kind.quota:
        sold_out = _("“%(kind)s” is sold out (%(count)s tickets).") % {"kind": kind, "count": kind.quota}
        raise Invalid({"ticket_type": [sold_out]})


def places_held(events: Collection[UUID]) -> Counter[UUID]:
    """How many places of these events are held, by event and by kind of ticket."""
    tickets = Ticket.everywhere.filter(event__in=events, deleted_at=None, status__in=Ticket.HOLDING).order_by()
    held: Counter[UUID] = Counter()
    for event_id, kind_id, count in tickets.values_list("event", "ticket_type").annotate(Count("pk")):
        held.update({event_id: count, kind_id: count})
    return held


def count_again(unit: Unit, *tickets: Ticket) -> None:
    """The events of these tickets and the customers who bought them."""
    unit.sold(
        events=[ticket.event_id for ticket in tickets],
        customers=[ticket.order_item.order.customer_id for ticket in tickets if ticket.order_item],
    )


def _leave(unit: Unit, ticket: Ticket, errors: Errors) -> None:
    count_again(unit, ticket)


noun = Noun(Ticket, "ticket", FIELDS, fill=_fill, check=_check, ripples=_ripples, leave=_leave)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate


def check_in(ticket: Ticket, *, actor: str = "", prio: int = 0) -> Ticket:
    """Note that the participant has come, now. Twice keeps the first time."""
    if ticket.checked_in_at:
        return ticket
    if ticket.order_item and ticket.order_item.order.status == "Cancelled":
        raise Invalid({GENERAL: [_("The order of this ticket is cancelled.")]})
    return update(ticket, {"checked_in_at": timezone.now()}, actor=actor, prio=prio)
