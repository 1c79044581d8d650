"""Events as they arrived, and what the door remembers of deliveries it refused."""

import json
import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned
from integration_hub.webhooks.out.models import Announcement, Delivery, Subscription

__all__ = ["Announcement", "Delivery", "Refusals", "State", "Subscription", "WebhookEvent"]


class State(models.TextChoices):
    """What became of an event."""

    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    IGNORED = "ignored", _("ignored")
    DEAD = "dead", _("given up")


class WebhookEvent(CompanyOwned):
    """One event. `body` is what handlers get, as JSON text. `raw` and `headers` are kept of one that could not be
    read. `run_at`: not before, after a failure; `sentence` and `trace`: of the last one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey("connections.Connection", on_delete=models.CASCADE, related_name="+", db_index=False)
    provider = models.CharField(_("service"), max_length=50)
    event_id = models.CharField(_("event id"), max_length=200)
    type = models.CharField(_("type"), max_length=200, blank=True)
    body = models.TextField(blank=True)
    raw = models.BinaryField(null=True)
    headers = models.JSONField(null=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    run_at = models.DateTimeField()
    sentence = models.TextField(_("what went wrong"), blank=True)
    trace = models.TextField(blank=True)
    received_at = models.DateTimeField(_("received"))
    settled_at = models.DateTimeField(_("settled"), null=True)

    class Meta(CompanyOwned.Meta):
        db_table = "webhook_events"
        ordering = ("-received_at", "-id")
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "event_id"], name="one_row_per_webhook_event")
        ]
        indexes: ClassVar = [
            models.Index(fields=["connection", "run_at"], condition=Q(state="waiting"), name="webhook_events_due"),
            models.Index(fields=["connection"], condition=Q(state="dead"), name="webhook_events_dead"),
            models.Index(fields=["company", "-received_at", "-id"], name="webhook_events_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} · {self.type or self.event_id}"

    @property
    def payload(self) -> Any:
        """None where nobody could read it."""
        return json.loads(self.body) if self.body else None


class Refusals(CompanyOwned):
    """Deliveries to one connection that were refused since the last good one: how many, from when on."""

    connection = models.OneToOneField(
        "connections.Connection", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    count = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()

    class Meta(CompanyOwned.Meta):
        db_table = "webhook_refusals"

    def __str__(self) -> str:
        return f"{self.connection_id}: {self.count}"
