"""Tickets as the engine sees them. The code stays at home: whoever knows it holds the ticket. Only the printed ticket
carries it, as a square code, to where people chose to send that file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from integration_hub.companies.models import Company
from integration_hub.contract.records import Field, File, Value
from integration_hub.records.models import OrderItem, Ticket, TicketType
from integration_hub.records.paper import ticket as paper
from integration_hub.records.record_types.fields import ATTACHMENTS, choice, link, name_of
from integration_hub.records.record_types.reading import living, record_type
from integration_hub.records.record_types.taking import taking
from integration_hub.records.services import Invalid, tickets
from integration_hub.records.services.together import Ways

FOLLOWED = ("event__branch", "ticket_type", "order_item__order__customer")


def _read(ticket: Ticket) -> dict[str, Value]:
    order = ticket.order_item.order if ticket.order_item else None
    return {
        "participant_name": ticket.participant_name,
        "participant_email": ticket.participant_email,
        "participant_phone": ticket.participant_phone,
        "status": ticket.status,
        "checked_in_at": ticket.checked_in_at,
        "event": name_of(ticket.event),
        "ticket_type": name_of(ticket.ticket_type),
        "place": ticket.ticket_type.place,
        "event_link": link("event", ticket.event),
        "order_number": order.order_number if order else "",
        "order_link": link("order", order),
        "customer_link": link("customer", order.customer if order else None),
        "pdf": paper.file_ref(paper.facts(ticket)),
        "updated_at": ticket.updated_at,
    }


FIELDS = (
    Field("participant_name", _("Participant")),
    Field("participant_email", _("E-mail"), "email", identifies=True),
    Field("participant_phone", _("Phone"), "phone"),
    choice("status", _("Status"), Ticket.Status),
    Field("checked_in_at", _("Checked in"), "datetime"),
    Field("event", _("Event"), read_only=True),
    Field("ticket_type", _("Ticket type")),
    choice("place", _("Place"), TicketType.Place, read_only=True),
    Field("event_link", _("Event (link)"), "link", to="event"),
    Field("order_number", _("Order number"), read_only=True),
    Field("order_link", _("Order (link)"), "link", to="order"),
    Field("customer_link", _("Customer (link)"), "link", to="customer", read_only=True),
    Field("pdf", _("Ticket as PDF"), "file", read_only=True),
    ATTACHMENTS,
    Field("updated_at", _("Updated"), "datetime", read_only=True),
)
TICKET = record_type(
    Ticket,
    "ticket",
    (_("Ticket"), _("Tickets")),
    FIELDS,
    _read,
    title="participant_name",
    otherwise="event",
    joined=FOLLOWED,
)


def _file(company: UUID, pk: UUID, name: str) -> File | None:
    """The ticket as it is printed now."""
    from integration_hub.records.paper.page import drawn  # the PDF library is large, and most programs print nothing

    ticket = living(Ticket, company).filter(pk=pk).select_related(*FOLLOWED).first()
    if ticket is None:
        return None
    shown = paper.facts(ticket)
    return File(paper.file_name(shown), paper.PDF, drawn(shown))


def _prepared(
    company: Company, values: dict[str, Any], ticket: Ticket | None, memo: dict[Any, Any] | None = None
) -> dict[str, Any]:
    """The ticket type is said by its name, which is one of its event's; the order line by the order."""
    event = values.get("event") or (ticket.event_id if ticket and "event" not in values else None)
    name = values.pop("ticket_type", None) or (ticket.ticket_type.name if ticket and "event" in values else "")
    if name and event:
        values["ticket_type"] = _once(memo, _kind, company, event, name)
    if "order" in values:
        kind = values.get("ticket_type") or (ticket.ticket_type if ticket else None)
        values["order_item"] = _once(memo, _line, company, values.pop("order"), kind)
    return values


def _once(memo: dict[Any, Any] | None, look: Callable[..., Any], company: Company, *asked: Any) -> Any:
    """What was looked up for another ticket a moment ago is not looked up again."""
    if memo is None:
        return look(company, *asked)
    key = (look, *(getattr(one, "pk", one) for one in asked))
    if key not in memo:
        memo[key] = look(company, *asked)
    return memo[key]


class _Many(Ways):
    """Tickets saved together: the kinds of ticket of an event, and the lines of an order, are looked up once."""

    def __init__(self, company: Company, said: Sequence[Mapping[str, Any]], there: Iterable[Any]) -> None:
        self.memo: dict[Any, Any] = {}

    def prepared(self, company: Company, values: dict[str, Any], record: Any) -> dict[str, Any]:
        return _prepared(company, values, record, self.memo)


def _kind(company: Company, event: UUID, name: str) -> TicketType:
    kinds = {kind.name: kind for kind in living(TicketType, company.pk).filter(event=event).order_by("name")}
    found = {known.casefold(): kind for known, kind in kinds.items()}.get(name.strip().casefold())
    if found is None:
        said = gettext("The event has no ticket type of this name. It has: %(known)s.")
        raise Invalid({"ticket_type": [said % {"known": ", ".join(kinds) or "–"}]})
    found.company = company
    return found


def _line(company: Company, order: UUID | None, kind: TicketType | None) -> OrderItem | None:
    """The order's one line for such tickets."""
    if order is None:
        return None
    fitting = list(living(OrderItem, company.pk).filter(order=order, ticket_type=kind).select_related("order")[:2])
    if len(fitting) != 1:
        said = gettext("The order needs exactly one line for this kind of ticket.")
        raise Invalid({"order": [said]})
    fitting[0].company = company
    return fitting[0]


TICKET = taking(replace(TICKET, file=_file), tickets.noun, _prepared, _Many)
