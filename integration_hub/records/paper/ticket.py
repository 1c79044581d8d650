"""What stands on a ticket, and a fingerprint that moves when it would look different. No PDF is made here."""

import hashlib
import json
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext as _

from integration_hub.contract.records import FileRef
from integration_hub.records.models import Order, Ticket, TicketType

LAYOUT = 1  # move it when the drawing changes, so that tickets that are out already are made again
PDF = "application/pdf"


class Facts(NamedTuple):
    """Everything a ticket shows, before it is put into words. `status`: of the ticket; cancelled with its order.
    `language`: of the buyer; "" where nobody said. `address`: the ticket's public page, behind the square code."""

    number: str
    event: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    venue: str
    online: bool
    participant: str
    ticket_type: str
    order_number: str
    status: str
    language: str
    address: str


def facts(ticket: Ticket) -> Facts:
    """Follows event, its branch, ticket type, order and customer: fetch them along."""
    event, order = ticket.event, ticket.order_item.order if ticket.order_item else None
    customer = order.customer if order else None
    cancelled = order is not None and order.status == Order.Status.CANCELLED
    return Facts(
        number=str(ticket.pk)[:8],
        event=event.title,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        timezone=event.timezone,
        venue=event.venue or (event.branch.name if event.branch else ""),
        online=ticket.ticket_type.place == TicketType.Place.ONLINE,
        participant=ticket.participant_name,
        ticket_type=ticket.ticket_type.name,
        order_number=order.order_number if order else "",
        status=Ticket.Status.CANCELLED.value if cancelled else ticket.status,
        language=customer.language if customer else "",
        address=public_address(ticket.code),
    )


def public_address(code: str) -> str:
    """The page of a ticket for whoever holds it."""
    return f"{settings.PUBLIC_URL}/t/{code}/"


def file_ref(shown: Facts) -> FileRef:
    spelled = json.dumps([LAYOUT, *shown], default=_utc)
    return FileRef(hashlib.sha256(spelled.encode()).hexdigest()[:32], file_name(shown), PDF)


def _utc(moment: datetime) -> str:
    return str(moment.timestamp())


def file_name(shown: Facts) -> str:
    """ "ticket-1042-3f2a9c1d.pdf": never the code, which opens the ticket."""
    return "-".join(filter(None, ("ticket", slugify(shown.order_number), shown.number))) + ".pdf"


class Words(NamedTuple):
    """What is written, in order: what is going on, the named facts, and under the square code what it is for.
    `from_right`: the language of the labels is written from right to left."""

    title: str
    stamp: str
    lines: tuple[tuple[str, str], ...]
    hint: str
    incomplete: str
    from_right: bool


def words(shown: Facts) -> Words:
    """The facts in the buyer's language."""
    with translation.override(shown.language or settings.LANGUAGE_CODE):
        status = Ticket.Status(shown.status)
        lines = (
            (_("When"), when(shown)),
            (_("Where"), _("Online") if shown.online else shown.venue),
            (_("Participant"), shown.participant),
            (_("Ticket type"), shown.ticket_type),
            (_("Order number"), shown.order_number),
        )
        return Words(
            title=shown.event,
            stamp="" if status is Ticket.Status.VALID else str(status.label),
            lines=tuple((label, said) for label, said in lines if said),
            hint=_hint(shown),
            incomplete=_("A “?” stands for a sign that cannot be printed; the page behind the code shows it."),
            from_right=translation.get_language_bidi(),
        )


def _hint(shown: Facts) -> str:
    if shown.status not in Ticket.HOLDING:
        return _("This ticket does not let anybody in.")
    if shown.online:
        return _("Open this code with your phone to take part.")
    return _("Show this code at the entrance.")


def when(shown: Facts) -> str:
    """Friday, 1 January 2027, 20:00 – 22:00 (Europe/Bucharest)"""
    zone = ZoneInfo(shown.timezone)
    start, end = shown.starts_at.astimezone(zone), shown.ends_at.astimezone(zone)
    day, time = "l, j F Y", "H:i"
    until = date_format(end, time if start.date() == end.date() else f"{day}, {time}")
    return f"{date_format(start, f'{day}, {time}')} – {until} ({shown.timezone})"
