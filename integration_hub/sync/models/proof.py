"""Proofs of sync: both sides of a mapping compared, row by row, and what was found to differ."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned


class ProofState(models.TextChoices):
    """Where a comparison stands."""

    RUNNING = "running", _("comparing")
    DONE = "done", _("done")
    STOPPED = "stopped", _("stopped")


class Phase(models.TextChoices):
    """What a comparison does now: read the remote table, walk our records, look at what differs once more."""

    LISTING = "listing", _("reading the table")
    RECORDS = "records", _("looking at our records")
    AGAIN = "again", _("looking at what differs once more")


class Proof(CompanyOwned):
    """One comparison of one mapping. `cursor` is the sink's own, `after` the last record that was walked past, `began`
    since when the listing goes on (it moves when it begins anew: `restarts`), `version` the mapping's at that moment.

    `ours`: records of the filter, `theirs`: rows of the table; `equal`: pairs that are; `kinds`: how many differ, by
    `Kind`; `moving`: those that were just being brought over; `ours_alone` and `theirs_alone`: records and rows that
    are to have no partner. `night`: the day whose nightly comparison it is. `sentence`: why it was given up."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mapping = models.ForeignKey("sync.Mapping", on_delete=models.CASCADE, related_name="proofs", db_index=False)
    state = models.CharField(_("state"), max_length=10, choices=ProofState.choices, default=ProofState.RUNNING)
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.LISTING)
    actor = models.CharField(_("started by"), max_length=200, blank=True)
    night = models.DateField(null=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    began = models.DateTimeField()
    version = models.PositiveIntegerField()
    restarts = models.PositiveSmallIntegerField(default=0)
    cursor = models.JSONField(null=True)
    after = models.UUIDField(null=True)
    read_again = models.BooleanField(default=False)
    ours = models.PositiveIntegerField(default=0)
    theirs = models.PositiveIntegerField(default=0)
    equal = models.PositiveIntegerField(default=0)
    moving = models.PositiveIntegerField(default=0)
    ours_alone = models.PositiveIntegerField(default=0)
    theirs_alone = models.PositiveIntegerField(default=0)
    kinds = models.JSONField(default=dict)
    sentence = models.TextField(blank=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_proofs"
        ordering = ("-started_at", "-id")
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mapping"], condition=Q(state="running"), name="one_proof_at_a_time"),
            models.UniqueConstraint(fields=["mapping", "night"], name="one_proof_a_night"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mapping", "-started_at"], name="proofs_of_mapping"),
            models.Index(fields=["company", "-started_at"], name="proofs_of_company"),
        ]

    def __str__(self) -> str:
        return f"{self.mapping} · {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def differences(self) -> int:
        """How many pairs differ, those that are not kept one by one included."""
        return sum(self.kinds.values())

    @property
    def compared(self) -> int:
        return self.equal + self.differences


class Kind(models.TextChoices):
    """How both sides differ."""

    DIFFERS = "differs", _("fields differ")
    ONLY_HERE = "only_here", _("only here")
    GONE = "gone", _("its row is gone")
    ONLY_THERE = "only_there", _("only there")
    COPY = "copy", _("a copy")


OF_OURS = (Kind.DIFFERS, Kind.GONE, Kind.ONLY_HERE)  # differences of a record of ours; the others are of a row


class Mend(models.TextChoices):
    """What was done about a difference."""

    OPEN = "", _("open")
    WANTED = "wanted", _("is being fixed")
    DONE = "done", _("sent to be fixed")


class Difference(CompanyOwned):
    """One record, one row, or a pair of them that is not equal. `fields`: [{"field": our name, "ours": canonical value,
    "theirs": cell}]; `sure`: it was looked at once more; `sentence`: what is known of the reason. `target` is the
    mapping."""

    proof = models.ForeignKey(Proof, on_delete=models.CASCADE, related_name="found", db_index=False)
    target = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    record_id = models.UUIDField(null=True)
    remote_id = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=300, blank=True)
    fields = models.JSONField(default=list)
    sentence = models.TextField(blank=True)
    sure = models.BooleanField(default=False)
    mend = models.CharField(max_length=10, choices=Mend.choices, default=Mend.OPEN, blank=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_differences"
        ordering = ("id",)
        indexes: ClassVar = [
            models.Index(fields=["proof", "sure", "id"], name="differences_of_proof"),
            models.Index(fields=["target"], condition=Q(mend="wanted"), name="differences_to_mend"),
        ]

    def __str__(self) -> str:
        return f"{self.title or self.remote_id}: {self.get_kind_display()}"
