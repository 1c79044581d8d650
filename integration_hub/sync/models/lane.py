"""Lanes: the only thing workers ever claim. And what tells the time: schedules, heartbeats."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned


class Pause(models.TextChoices):
    """Why a lane stands still by itself. A broken or paused connection is not repeated here: claims look at it."""

    NO = "", _("running")
    CONFIGURE = "configure", _("needs configuration")
    RETIRED = "retired", _("replaced by another mapping")


class Lane(CompanyOwned):
    """One per target. `next_due` None means nothing to do; a claim moves it to the end of the lease, so that a lane
    whose worker died comes back by itself. Work on a target happens only under its claim."""

    target = models.UUIDField(unique=True)
    connection = models.ForeignKey("connections.Connection", on_delete=models.CASCADE, related_name="lanes")
    next_due = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    served_at = models.DateTimeField()
    paused = models.CharField(max_length=12, choices=Pause.choices, default=Pause.NO, blank=True)
    sentence = models.TextField(blank=True)
    slow = models.BooleanField(default=False)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_lanes"
        indexes: ClassVar = [
            models.Index(F("served_at"), condition=Q(paused="", next_due__isnull=False), name="lane_due"),
        ]

    def __str__(self) -> str:
        return str(self.target)


class Schedule(CompanyOwned):
    """When a mapping is synced whole. The row is the truth; a missed time is caught up once."""

    mapping = models.OneToOneField("sync.Mapping", on_delete=models.CASCADE, related_name="schedule")
    minutes = models.PositiveIntegerField(_("every (minutes)"), default=60)
    next_run = models.DateTimeField(_("next run"), db_index=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_schedules"

    def __str__(self) -> str:
        return f"{self.mapping}: {self.minutes} min"


class Heartbeat(models.Model):
    """When the worker and the beat were last seen at work."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "sync_heartbeats"

    def __str__(self) -> str:
        return self.name
