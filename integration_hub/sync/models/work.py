"""What is to be done: states to bring over (WorkRow) and acts (ActionRow)."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned


class Hold(models.TextChoices):
    """Why a row is not due although it is not done."""

    NO = "", _("due")
    CONFLICT = "conflict", _("waits for a decision")
    DEAD = "dead", _("given up")


class WorkRow(CompanyOwned):
    """One record to bring over to one target. `rev` moves with every edit, `done_rev` follows when it is delivered;
    they differ while it is due. Ten edits make one delivery.

    `changed_by`: who changed the record last, where that is known. `tried_at`: a call was begun and not yet settled;
    its outcome is unknown until it is. `tried`: the cells it may have written, where rows are read as well: a reading
    must not take them for somebody's edit.
    """

    PRIO_PERSON, PRIO_CHANGE, PRIO_BACKFILL = 0, 1, 2

    target = models.UUIDField()
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    rev = models.BigIntegerField(default=1)
    done_rev = models.BigIntegerField(default=0)
    prio = models.SmallIntegerField(default=PRIO_CHANGE)
    run_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200, null=True)  # NULL: a full table takes the column at once
    attempts = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    tried = models.JSONField(null=True)
    hold = models.CharField(max_length=10, choices=Hold.choices, default=Hold.NO, blank=True)
    remedy = models.CharField(max_length=20, blank=True)
    sentence = models.TextField(blank=True)
    trace = models.TextField(blank=True)
    run = models.ForeignKey("sync.SyncRun", null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_work"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "record_type", "record_id"], name="one_work_row"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["target", "prio", "run_at"], condition=~Q(rev=F("done_rev")) & Q(hold=""), name="work_due"
            ),
            models.Index(fields=["target", "hold"], condition=~Q(hold=""), name="work_held"),
            models.Index(fields=["run"], condition=~Q(rev=F("done_rev")) & Q(hold=""), name="work_of_run"),
            models.Index(fields=["record_id"], name="work_record"),
        ]

    def __str__(self) -> str:
        return f"{self.record_type} {self.record_id}"


class ActState(models.TextChoices):
    """Where an act stands. `asking`: begun, outcome unknown, the provider is asked before anything is repeated."""

    DUE = "due", _("due")
    ASKING = "asking", _("asking what became of it")
    UNKNOWN = "unknown", _("nobody knows whether it arrived")
    DONE = "done", _("done")
    DEAD = "dead", _("given up")


class ActionRow(CompanyOwned):
    """One act at a provider: send, create, charge. `id` is the idempotency key we give it; `begun_at` is committed
    before the call, so that a killed worker leaves a question and never a second act."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    target = models.UUIDField()
    action = models.CharField(max_length=100)
    input = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ActState.choices, default=ActState.DUE)
    prio = models.SmallIntegerField(default=WorkRow.PRIO_CHANGE)
    run_at = models.DateTimeField()
    not_after = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    remedy = models.CharField(max_length=20, blank=True)
    sentence = models.TextField(blank=True)
    trace = models.TextField(blank=True)
    result = models.JSONField(null=True)
    actor = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_actions"
        indexes: ClassVar = [
            models.Index(
                fields=["target", "prio", "run_at"], condition=Q(state__in=["due", "asking"]), name="action_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"
