"""What a preview found: each record or row that would be made, changed or deleted, as a row of the plan."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned


class Planned(models.TextChoices):
    """What is to become of a record, a row, or both."""

    CREATE_HERE = "create_here", _("made here")
    CREATE_THERE = "create_there", _("made there")
    UPDATE = "update", _("changed")
    DELETE_HERE = "delete_here", _("deleted here")
    DELETE_THERE = "delete_there", _("deleted there")
    CONFLICT = "conflict", _("changed on both sides")
    LINK = "link", _("joined, nothing to change")
    AMBIGUOUS = "ambiguous", _("more than one partner")
    LEFT_HERE = "left_here", _("only here, left alone")
    LEFT_THERE = "left_there", _("only there, left alone")
    REFUSED = "refused", _("cannot be taken over")


class PlanState(models.TextChoices):
    """What became of a row of a plan."""

    PLANNED = "planned", _("planned")
    DONE = "done", _("done")
    SKIPPED = "skipped", _("left alone")


class PlanRow(CompanyOwned):
    """One record and its row, as the preview found them. `changes`: [{"field": label, "way": "in" | "out" | "both",
    "ours": value, "theirs": value, "after": value}]; `partners`: titles of those that fit where there are several;
    `ours_seen` and `theirs_seen`: prints of what both sides were then; `sentence`: why it is refused or was skipped."""

    run = models.ForeignKey("sync.SyncRun", on_delete=models.CASCADE, related_name="plan")
    what = models.CharField(max_length=20, choices=Planned.choices)
    state = models.CharField(max_length=10, choices=PlanState.choices, default=PlanState.PLANNED)
    matched = models.BooleanField(default=False)
    record_id = models.UUIDField(null=True)
    remote_id = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=300, blank=True)
    changes = models.JSONField(default=list)
    partners = models.JSONField(default=list)
    ours_seen = models.CharField(max_length=64, blank=True)
    theirs_seen = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_plan_rows"
        ordering = ("id",)
        indexes: ClassVar = [
            models.Index(fields=["run", "what", "id"], name="plan_by_what"),
            models.Index(fields=["run", "state", "id"], name="plan_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.title or self.remote_id}: {self.get_what_display()}"
