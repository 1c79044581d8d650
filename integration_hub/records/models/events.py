"""What the company puts on: events, their sessions and series, and the kinds of ticket sold for them."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.records.models.base import (
    Record,
    alive_index,
    alive_unique,
    currency_field,
    money_field,
    parent,
    totals_field,
    zone_field,
)


class EventSeries(Record):
    """Events that belong together: a season, a course."""

    title = models.CharField(_("title"), max_length=200)
    summary = models.TextField(_("summary"), blank=True)

    class Meta(Record.Meta):
        db_table = "event_series"
        ordering = ("title", "id")
        verbose_name = _("series")
        verbose_name_plural = _("series")
        indexes: ClassVar = [alive_index("event_series_by_title", "title", "id")]

    def __str__(self) -> str:
        return self.title


class Event(Record):
    """Something people come to or join online. Its sales are recomputed whenever an order or a ticket changes."""

    class Kind(models.TextChoices):
        IN_PERSON = "in_person", _("In person")
        ONLINE = "online", _("Online")
        HYBRID = "hybrid", _("Hybrid")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        FINISHED = "finished", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")

    # From a status to those that may follow it; finished and cancelled are final.
    STEPS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.DRAFT: (Status.PUBLISHED, Status.CANCELLED),
        Status.PUBLISHED: (Status.FINISHED, Status.CANCELLED),
        Status.FINISHED: (),
        Status.CANCELLED: (),
    }

    title = models.CharField(_("title"), max_length=200)
    summary = models.TextField(_("summary"), blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.IN_PERSON)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    capacity = models.PositiveIntegerField(
        _("capacity"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    timezone = zone_field()
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    branch = parent("records.Branch", _("branch"), name="events")
    venue = models.CharField(_("venue"), max_length=200, blank=True)
    series = parent("records.EventSeries", _("series"), name="events")

    tickets_sold = models.PositiveIntegerField(_("tickets sold"), default=0, editable=False)
    revenue = totals_field(_("revenue"))

    class Meta(Record.Meta):
        db_table = "events"
        ordering = ("-starts_at", "-id")
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes: ClassVar = [
            alive_index("events_by_id", "id"),
            alive_index("events_by_start", "-starts_at", "-id"),
            alive_index("events_by_status", "status", "-starts_at", "-id"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def sold_share(self) -> Decimal | None:
        """The sold part of the capacity as a fraction, to four places; None where there is no limit."""
        if not self.capacity:
            return None
        return (Decimal(self.tickets_sold) / self.capacity).quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)


class EventSession(Record):
    """One sitting of an event that has several."""

    event = parent("records.Event", _("event"), name="sessions", required=True)
    title = models.CharField(_("title"), max_length=200)
    venue = models.CharField(_("venue"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))

    class Meta(Record.Meta):
        db_table = "event_sessions"
        ordering = ("starts_at", "id")
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes: ClassVar = [alive_index("event_sessions_by_start", "starts_at", "id")]

    def __str__(self) -> str:
        return self.title


class TicketType(Record):
    """A kind of ticket an event sells."""

    class Place(models.TextChoices):
        IN_PERSON = "in_person", _("In person")
        ONLINE = "online", _("Online")

    event = parent("records.Event", _("event"), name="ticket_types", required=True)
    name = models.CharField(_("name"), max_length=100)
    place = models.CharField(_("place"), max_length=10, choices=Place.choices, default=Place.IN_PERSON)
    price = money_field(_("price"), default=Decimal(0))
    currency = currency_field()
    quota = models.PositiveIntegerField(_("quota"), null=True, blank=True, help_text=_("Empty: no limit of its own."))

    class Meta(Record.Meta):
        db_table = "ticket_types"
        ordering = ("event", "name", "id")
        verbose_name = _("ticket type")
        verbose_name_plural = _("ticket types")
        indexes: ClassVar = [alive_index("ticket_types_by_name", "name", "id")]
        constraints: ClassVar = [alive_unique("ticket_type_name_once", "event", "name")]

    def __str__(self) -> str:
        return self.name
