"""Who wants to be told, what happened, and what became of telling them."""

import uuid
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned
from integration_hub.connections.fields import SecretTextField


class Off(models.TextChoices):
    """Why the hub itself switched a webhook off."""

    NO = "", _("no")
    GONE = "gone", _("the endpoint said that it is gone")
    FAILING = "failing", _("nothing got through for days")


class Subscription(CompanyOwned):
    """An address that is told of what happens. No `record_types`: of every type.

    `former_secret` signs too until `former_until`. Its lane: `lease_until`, `claim` and `served_at` as everywhere,
    `not_before` while the endpoint rests, `slow` when its last call timed out. Its health: `failures` in a row,
    `failing_since` the first of them, `sentence` the last. `removed_at`: somebody deleted it; the night sweeps it up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100, blank=True)
    url = models.CharField(_("address"), max_length=2000)
    events = models.JSONField(_("events"), default=list)
    record_types = models.JSONField(_("record types"), default=list, blank=True)
    active = models.BooleanField(_("switched on"), default=True)
    off = models.CharField(max_length=10, choices=Off.choices, default=Off.NO, blank=True)
    off_at = models.DateTimeField(null=True)
    secret = SecretTextField(null=True)
    former_secret = SecretTextField(null=True)
    former_until = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    served_at = models.DateTimeField(default=timezone.now)
    not_before = models.DateTimeField(null=True)
    slow = models.BooleanField(default=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failing_since = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(_("last got through"), null=True)
    sentence = models.TextField(_("what went wrong"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    class Meta(CompanyOwned.Meta):
        db_table = "webhook_subscriptions"
        ordering = ("-created_at", "-id")
        verbose_name = _("outgoing webhook")
        verbose_name_plural = _("outgoing webhooks")
        indexes: ClassVar = [
            models.Index(fields=["company"], condition=Q(active=True), name="webhook_subscriptions_live")
        ]

    def __str__(self) -> str:
        return self.name or urlsplit(self.url).netloc  # the rest of an address may be a key


class Announcement(CompanyOwned):
    """Something that happened, as it is told. `id` is the webhook-id, ordered by time; `body` is what is signed and
    sent, byte for byte, however often."""

    id = models.UUIDField(primary_key=True, editable=False)
    type = models.CharField(_("event"), max_length=50)
    record_type = models.CharField(_("record type"), max_length=50, blank=True)
    record_id = models.UUIDField(null=True)
    body = models.TextField()
    at = models.DateTimeField(_("happened"))

    class Meta(CompanyOwned.Meta):
        db_table = "webhook_announcements"
        indexes: ClassVar = [models.Index(fields=["at"], name="webhook_announcements_at")]

    def __str__(self) -> str:
        return self.type


class State(models.TextChoices):
    """Where a delivery stands."""

    DUE = "due", _("waiting")
    DONE = "done", _("delivered")
    DEAD = "dead", _("given up")


class Delivery(CompanyOwned):
    """One event for one subscription, in the order of their ids. `status`, `response` (its beginning, redacted) and
    `sentence` tell of the last attempt, `tried_at` when it was; `failing_since` when the first of these failed."""

    id = models.UUIDField(primary_key=True, editable=False)
    announcement = models.ForeignKey(
        Announcement, on_delete=models.CASCADE, related_name="deliveries", db_index=False, verbose_name=_("event")
    )
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="deliveries", db_index=False, verbose_name=_("webhook")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DUE)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    run_at = models.DateTimeField(_("next attempt"))
    failing_since = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(_("last attempt"), null=True)
    settled_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    response = models.TextField(blank=True)
    sentence = models.TextField(_("what went wrong"), blank=True)
    created_at = models.DateTimeField(_("happened"))

    class Meta(CompanyOwned.Meta):
        db_table = "webhook_deliveries"
        ordering = ("-created_at", "-id")
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["announcement", "subscription"], name="one_delivery_per_webhook")
        ]
        indexes: ClassVar = [
            models.Index(fields=["subscription", "run_at"], condition=Q(state="due"), name="webhook_deliveries_due"),
            models.Index(fields=["subscription", "id"], condition=Q(state="due"), name="webhook_deliveries_order"),
            models.Index(
                fields=["subscription", "settled_at"], condition=Q(state="dead"), name="webhook_deliveries_dead"
            ),
            models.Index(fields=["company", "-created_at", "-id"], name="webhook_deliveries_newest"),
            models.Index(fields=["subscription", "-created_at", "-id"], name="webhook_deliveries_of_one"),
        ]

    def __str__(self) -> str:
        return str(self.announcement.type)

    @property
    def next_attempt_at(self) -> datetime | None:
        return self.run_at if self.state == State.DUE else None
