"""The right of one person to take part in one event."""

import secrets
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.records.models.base import Record, alive_index, alive_unique, parent, phone_field, reference_field


def new_code() -> str:
    """144 random bits: whoever knows the code holds the ticket."""
    return secrets.token_urlsafe(18)


class Ticket(Record):
    """A ticket; being checked in is a time beside its status, so that a refund does not erase who came."""

    class Status(models.TextChoices):
        RESERVED = "reserved", _("Reserved")
        VALID = "valid", _("Valid")
        REFUNDED = "refunded", _("Refunded")
        CANCELLED = "cancelled", _("Cancelled")

    # These hold a place at the event.
    HOLDING: ClassVar[tuple[str, ...]] = (Status.RESERVED, Status.VALID)

    reference = reference_field(_("The number another system knows this ticket by."))
    event = parent("records.Event", _("event"), name="tickets", required=True)
    ticket_type = parent("records.TicketType", _("ticket type"), name="tickets", required=True)
    order_item = parent("records.OrderItem", _("order line"), name="tickets")
    participant_name = models.CharField(_("participant"), max_length=200, blank=True)
    participant_email = models.EmailField(_("e-mail"), blank=True)
    participant_phone = phone_field()
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.VALID)
    code = models.CharField(_("code"), max_length=40, unique=True, default=new_code, editable=False)
    checked_in_at = models.DateTimeField(_("checked in"), null=True, blank=True)

    class Meta(Record.Meta):
        db_table = "tickets"
        ordering = ("-created_at", "-id")
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        indexes: ClassVar = [
            alive_index("tickets_by_id", "id"),
            alive_index("tickets_by_time", "-created_at", "-id"),
            alive_index("tickets_by_event", "event", "status"),
        ]
        constraints: ClassVar = [alive_unique("ticket_reference_once", "reference", unless_empty="reference")]

    def __str__(self) -> str:
        return self.participant_name or self.code[:8]
