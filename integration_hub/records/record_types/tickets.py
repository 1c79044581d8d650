"""Tickets as the engine sees them. The code stays at home: whoever knows it holds the ticket. Only the printed ticket
carries it, as a square code, to where people chose to send that file."""

from dataclasses import replace
from uuid import UUID

from django.utils.translation import gettext_noop as _

from integration_hub.contract.records import Field, File, Value
from integration_hub.records.models import Ticket, TicketType
from integration_hub.records.paper import ticket as paper
from integration_hub.records.record_types.fields import choice, link, name_of
from integration_hub.records.record_types.reading import living, record_type
from integration_hub.records.record_types.taking import taking
from integration_hub.records.services import tickets

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
    Field("ticket_type", _("Ticket type"), read_only=True),
    choice("place", _("Place"), TicketType.Place, read_only=True),
    Field("event_link", _("Event (link)"), "link", to="event"),
    Field("order_number", _("Order number"), read_only=True),
    Field("order_link", _("Order (link)"), "link", to="order", read_only=True),
    Field("customer_link", _("Customer (link)"), "link", to="customer", read_only=True),
    Field("pdf", _("Ticket as PDF"), "file", read_only=True),
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


TICKET = taking(replace(TICKET, file=_file), tickets.noun)
