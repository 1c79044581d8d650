"""What is read of a remote table: how far, which rows could not be taken in, and where both sides disagree."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned


class Reading(CompanyOwned):
    """How far one mapping's remote table was read. `next_at` None: nothing is to be read; `minutes` 0: only when
    somebody wants it. `cursor` is the sink's own, `start` the one at which this reading began; `whole_since`: a listing
    of the whole table is going since then, `whole_at` when the last one ended. Links whose row it did not name are
    asked for by id: `checking` while that is still to be done. `approved`: a person wants the records of rows that are
    gone deleted. `pokes` moves when somebody wants a reading, `anew` when it is to begin from the start."""

    mapping = models.OneToOneField("sync.Mapping", on_delete=models.CASCADE, related_name="reading", primary_key=True)
    cursor = models.JSONField(null=True)
    start = models.JSONField(null=True)
    pokes = models.PositiveBigIntegerField(default=0)
    anew = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    minutes = models.PositiveIntegerField(default=5)
    whole_since = models.DateTimeField(null=True)
    whole_at = models.DateTimeField(null=True)
    checking = models.BooleanField(default=False)
    approved = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_readings"

    def __str__(self) -> str:
        return str(self.mapping_id)


class Stray(CompanyOwned):
    """A remote row that is no record of ours and could not become one: why, and whose turn it is. It is looked at
    again when the row changes over there, or when somebody says so."""

    target = models.UUIDField()
    remote_id = models.CharField(max_length=200)
    title = models.CharField(max_length=300, blank=True)
    remedy = models.CharField(max_length=20, blank=True)
    sentence = models.TextField(blank=True)
    trace = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta(CompanyOwned.Meta):
        db_table = "sync_strays"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "remote_id"], name="one_stray_per_row"),
        ]

    def __str__(self) -> str:
        return self.title or self.remote_id


class Choice(models.TextChoices):
    """How a conflict was settled."""

    OPEN = "", _("open")
    OURS = "ours", _("the hub's value")
    THEIRS = "theirs", _("the provider's value")
    ALIKE = "alike", _("both sides came to agree")


class Conflict(CompanyOwned):
    """A field that both sides changed to different values. `ours` is canonical, `theirs` the cell as read; each with
    when it was changed and by whom, where that is known. It is settled by a person, or by the sides agreeing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    target = models.UUIDField()
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    remote_id = models.CharField(max_length=200)
    title = models.CharField(max_length=300, blank=True)
    field = models.CharField(max_length=100)
    remote_field = models.CharField(max_length=100)
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    ours_at = models.DateTimeField(null=True)
    theirs_at = models.DateTimeField(null=True)
    ours_by = models.CharField(max_length=200, null=True)  # NULL: a full table takes the column at once
    theirs_by = models.CharField(max_length=200, null=True)
    opened_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    choice = models.CharField(max_length=10, choices=Choice.choices, default=Choice.OPEN, blank=True)
    actor = models.CharField(max_length=200, blank=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_conflicts"
        ordering = ("-opened_at", "-id")
        verbose_name = _("conflict")
        verbose_name_plural = _("conflicts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target", "record_id", "field"], condition=Q(settled_at=None), name="one_open_conflict"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "-opened_at"], name="conflicts_of_company"),
            models.Index(fields=["company", "-opened_at", "-id"], condition=Q(settled_at=None), name="conflicts_open"),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.field}"
