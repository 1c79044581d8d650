"""Tickets as the engine sees them. The code stays at home: whoever knows it holds the ticket."""

from django.utils.translation import gettext_noop as _

from integration_hub.contract.records import Field, Value
from integration_hub.records.models import Ticket, TicketType
from integration_hub.records.record_types.reading import name_of, record_type


def _read(ticket: Ticket) -> dict[str, Value]:
    return {
        "participant_name": ticket.participant_name,
        "participant_email": ticket.participant_email,
        "participant_phone": ticket.participant_phone,
        "status": ticket.status,
        "checked_in_at": ticket.checked_in_at,
        "event": name_of(ticket.event),
        "ticket_type": name_of(ticket.ticket_type),
        "place": ticket.ticket_type.place,
        "order_number": ticket.order_item.order.order_number if ticket.order_item else "",
        "updated_at": ticket.updated_at,
    }


FIELDS = (
    Field("participant_name", _("Participant")),
    Field("participant_email", _("E-mail"), "email"),
    Field("participant_phone", _("Phone"), "phone"),
    Field("status", _("Status"), "choice", choices=tuple(Ticket.Status.values)),
    Field("checked_in_at", _("Checked in"), "datetime"),
    Field("event", _("Event"), read_only=True),
    Field("ticket_type", _("Ticket type"), read_only=True),
    Field("place", _("Place"), "choice", choices=tuple(TicketType.Place.values), read_only=True),
    Field("order_number", _("Order number"), read_only=True),
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
    joined=("event", "ticket_type", "order_item__order"),
)
