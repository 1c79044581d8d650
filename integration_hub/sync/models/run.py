"""Runs: what was done, when, for whom, record by record."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned


class RunKind(models.TextChoices):
    """Why a run exists."""

    FULL = "full", _("full sync")
    LIVE = "live", _("live changes")
    PREVIEW = "preview", _("preview")
    UNDO = "undo", _("undo")


class RunState(models.TextChoices):
    """Where a run stands. A live run covers one hour and is done when the hour is over. A preview is planned when all
    of it is known: it waits for a person to apply or discard it."""

    RUNNING = "running", _("running")
    PLANNED = "planned", _("ready to apply")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")


class SyncRun(CompanyOwned):
    """One full sync, one hour of live changes, a preview or an undo, of one mapping. `cursor` is how far the full sync
    has looked, `at` how far a preview or an undo is. `applied_at`: when a person wanted the preview done; `undoes`: the
    run that this one takes back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mapping = models.ForeignKey("sync.Mapping", on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(_("kind"), max_length=10, choices=RunKind.choices)
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    actor = models.CharField(_("started by"), max_length=200, blank=True)
    hour = models.DateTimeField(null=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    cursor = models.UUIDField(null=True)
    scanned = models.BooleanField(default=False)
    at = models.JSONField(null=True)
    applied_at = models.DateTimeField(_("applied"), null=True)
    undoes = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="undone_by")
    total = models.PositiveIntegerField(_("records"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    deleted = models.PositiveIntegerField(_("deleted"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_runs"
        ordering = ("-started_at",)
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mapping", "hour"], condition=Q(kind="live"), name="one_live_run_per_hour"),
            models.UniqueConstraint(
                fields=["mapping"], condition=Q(kind="full", state="running"), name="one_full_run_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["mapping"],
                condition=Q(kind__in=["preview", "undo"], state="running"),
                name="one_preview_or_undo_at_a_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["company", "-started_at"], name="runs_of_company")]

    def __str__(self) -> str:
        return f"{self.mapping} · {self.get_kind_display()}"

    @property
    def done(self) -> int:
        """Records this run is finished with."""
        return self.created + self.updated + self.deleted + self.unchanged + self.failed


class Outcome(models.TextChoices):
    """What became of one record in one run."""

    CREATED = "created", _("created")
    UPDATED = "updated", _("updated")
    DELETED = "deleted", _("deleted")
    FAILED = "failed", _("failed")


class Went(models.TextChoices):
    """Which way it went."""

    OUT = "out", _("to the provider")
    IN = "in", _("from the provider")


class SyncWrite(CompanyOwned):
    """One record's part in a run: what was written, field by field, or why not.

    `changes`: [{"field": label, "before": old, "after": new}], canonical values of ours. `way`: to the provider, or
    from it. `image`: what an undo needs, by our field: [ours before, ours after, remote field, cell before, cell
    after]; None where there is nothing to take back.
    """

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="writes")
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    title = models.CharField(max_length=300, blank=True)
    remote_id = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    way = models.CharField(max_length=4, choices=Went.choices, default=Went.OUT, db_default=Went.OUT.value)
    sentence = models.TextField(blank=True)
    changes = models.JSONField(default=list)
    image = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta(CompanyOwned.Meta):
        db_table = "sync_writes"
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["run", "outcome", "-id"], name="writes_of_run"),
            models.Index(fields=["record_id"], name="writes_of_record"),
            models.Index(fields=["at"], name="writes_at"),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.get_outcome_display()}"
