"""Events, and what belongs to them: series, sessions and kinds of ticket."""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.records.models import Event, EventSeries, EventSession, OrderItem, Ticket, TicketType
from integration_hub.records.services.errors import GENERAL, Errors
from integration_hub.records.services.noun import Changed, Noun, in_order, still_used
from integration_hub.records.services.unit import Unit

FIELDS = (
    "title",
    "summary",
    "kind",
    "status",
    "capacity",
    "timezone",
    "starts_at",
    "ends_at",
    "branch",
    "venue",
    "series",
)

# A ticket prints where and when; it has a file that changes with them.
SHOWN_ON_TICKETS = frozenset({"title", "starts_at", "ends_at", "timezone", "venue", "branch"})


def _fill(event: Event) -> None:
    home = event.branch or event.company
    event.timezone = event.timezone or home.timezone


def _check(event: Event, before: Event | None, errors: Errors) -> None:
    in_order(event, errors)
    if before is not None:
        _check_step(event, before, errors)
        if event.capacity and event.capacity != before.capacity and event.capacity < before.tickets_sold:
            said = _("%(count)s tickets are sold already; the capacity cannot be less.")
            errors.add("capacity", said % {"count": before.tickets_sold})


def _check_step(event: Event, before: Event, errors: Errors) -> None:
    steps = Event.STEPS[before.status]
    if event.status in (before.status, *steps):
        return
    named = {"was": before.get_status_display(), "now": event.get_status_display()}
    if not steps:
        errors.add("status", _("An event that is %(was)s stays so; it cannot become %(now)s.") % named)
    else:
        named["steps"] = _(" or ").join(str(Event.Status(step).label) for step in steps)
        errors.add("status", _("From %(was)s an event goes to %(steps)s, not to %(now)s.") % named)


def _ripples(unit: Unit, event: Event, before: Event | None, changed: Changed) -> None:
    if before is not None and changed & SHOWN_ON_TICKETS:
        unit.spread("ticket", Ticket, event=event.pk)


def _leave(unit: Unit, event: Event, errors: Errors) -> None:
    """An event goes with its sessions and its unsold kinds of ticket; with tickets sold it stays."""
    still_used(event, errors, tickets=_("tickets"))
    kinds = TicketType.everywhere.filter(event=event, deleted_at=None)
    if kinds.filter(order_items__deleted_at=None, order_items__isnull=False).exists():
        errors.add(GENERAL, _("Orders name its tickets. Cancel the event instead."))
    errors.settle()
    gone = timezone.now()
    kinds.update(deleted_at=gone)
    EventSession.everywhere.filter(event=event, deleted_at=None).update(deleted_at=gone)


def _back(unit: Unit, event: Event, since: datetime) -> None:
    """Its sessions and kinds of ticket come back with it."""
    for model in (TicketType, EventSession):
        model.everywhere.filter(event=event, deleted_at__gte=since).update(deleted_at=None)


noun = Noun(Event, "event", FIELDS, fill=_fill, check=_check, ripples=_ripples, leave=_leave, back=_back)
create, update, delete, validate = noun.create, noun.update, noun.delete, noun.validate


def _series_ripples(unit: Unit, series: EventSeries, before: EventSeries | None, changed: Changed) -> None:
    if before is not None and "title" in changed:
        unit.spread("event", Event, series=series.pk)


def _series_leave(unit: Unit, series: EventSeries, errors: Errors) -> None:
    still_used(series, errors, events=_("events"))


series = Noun(EventSeries, "", ("title", "summary"), ripples=_series_ripples, leave=_series_leave)


def _session_check(session: EventSession, before: EventSession | None, errors: Errors) -> None:
    in_order(session, errors)


def _session_ripples(unit: Unit, session: EventSession, before: EventSession | None, changed: Changed) -> None:
    unit.appears("event", session.event_id)


def _session_leave(unit: Unit, session: EventSession, errors: Errors) -> None:
    unit.appears("event", session.event_id)


sessions = Noun(
    EventSession,
    "",
    ("event", "title", "venue", "starts_at", "ends_at"),
    check=_session_check,
    ripples=_session_ripples,
    leave=_session_leave,
)


def _type_fill(kind: TicketType) -> None:
    kind.currency = kind.currency or kind.company.currency
    kind.price = Decimal(0) if kind.price is None else kind.price


def _type_check(kind: TicketType, before: TicketType | None, errors: Errors) -> None:
    same = TicketType.everywhere.filter(event=kind.event_id, name=kind.name, deleted_at=None)
    if same.exclude(pk=kind.pk).exists():
        errors.add("name", _("This event already has a ticket type of this name."))
    if before is not None and before.event_id != kind.event_id:
        errors.add("event", _("A ticket type stays with its event."))


def _type_ripples(unit: Unit, kind: TicketType, before: TicketType | None, changed: Changed) -> None:
    unit.appears("event", kind.event_id)
    if before is not None and changed & {"name", "place"}:
        unit.spread("ticket", Ticket, ticket_type=kind.pk)
    if before is not None and "name" in changed:
        unit.spread("order_item", OrderItem, ticket_type=kind.pk)


def _type_leave(unit: Unit, kind: TicketType, errors: Errors) -> None:
    still_used(kind, errors, tickets=_("tickets"), order_items=_("order lines"))
    unit.appears("event", kind.event_id)


ticket_types = Noun(
    TicketType,
    "",
    ("event", "name", "place", "price", "currency", "quota"),
    fill=_type_fill,
    check=_type_check,
    ripples=_type_ripples,
    leave=_type_leave,
)
