"""Imports of files: what was brought, how it was read, how far it is, and what each record was before."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned


class ImportKind(models.TextChoices):
    """What the rows of a file are."""

    CUSTOMERS = "customers", _("Customers")
    ORDERS = "orders", _("Orders")
    EVENTS = "events", _("Events")
    TICKETS = "tickets", _("Tickets")
    BRANCHES = "branches", _("Branches")
    STAFF = "staff", _("Staff")
    APPOINTMENTS = "appointments", _("Appointments")


class ImportState(models.TextChoices):
    """Where an import stands. In those of `WORKING` it waits for a worker or has one; the others wait for a person."""

    CHECKING = "checking", _("Checking")
    ASKS = "asks", _("Needs an answer")
    REFUSED = "refused", _("Refused")
    READY = "ready", _("Ready")
    SAVING = "saving", _("Saving")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")
    UNDOING = "undoing", _("Undoing")
    UNDONE = "undone", _("Undone")


WORKING = (ImportState.CHECKING, ImportState.SAVING, ImportState.UNDOING)


class Import(CompanyOwned):
    """One file on its way into the records. Written by `records.importing.services` and its worker only.

    `chosen` and `mapping` are what a person said (or said last time of such a file), `settings` and `columns` what
    holds. `cursor` is the line of the file whose record was saved last. Lines count from 1, the headings.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=20, choices=ImportKind.choices)
    state = models.CharField(_("state"), max_length=10, choices=ImportState.choices, default=ImportState.CHECKING)
    name = models.CharField(_("file"), max_length=255)
    stored = models.CharField(max_length=100, blank=True, editable=False)  # its name in VAR_DIR/imports; "" once gone
    size = models.BigIntegerField(_("size"), default=0)
    actor = models.CharField(_("brought by"), max_length=200, blank=True)

    shape = models.CharField(max_length=64, blank=True, editable=False)
    chosen = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    remembered = models.BooleanField(default=False)
    settings = models.JSONField(default=dict)
    columns = models.JSONField(default=list)
    questions = models.JSONField(default=list)

    sentence = models.TextField(blank=True)
    problems = models.JSONField(default=list)
    problem_count = models.PositiveIntegerField(default=0)
    preview = models.JSONField(default=list)
    planned = models.JSONField(default=dict)

    rows = models.PositiveIntegerField(_("rows"), default=0)
    records = models.PositiveIntegerField(_("records"), default=0)
    done = models.PositiveIntegerField(default=0)
    cursor = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    customers_created = models.PositiveIntegerField(_("customers created"), default=0)
    undone = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict)

    created_at = models.DateTimeField(_("brought"))
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    claim = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta(CompanyOwned.Meta):
        db_table = "imports"
        ordering = ("-created_at", "-id")
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints: ClassVar[list[Any]] = [
            # Two files of one company are never saved at once: the second waits for the first.
            models.UniqueConstraint(
                fields=["company"], condition=Q(claim__isnull=False), name="one_import_at_work_per_company"
            )
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["company", "-created_at", "-id"], name="imports_of_company"),
            models.Index(fields=["created_at"], condition=Q(state__in=WORKING), name="imports_at_work"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def working(self) -> bool:
        return self.state in WORKING


class ImportedRecord(CompanyOwned):
    """What an import did to one record. `before` and `after`: its changed fields by name, None where it was created.

    `outcome` is what an undo made of it: "" not tried, undone, or left alone for the reason in `sentence`.
    """

    class Outcome(models.TextChoices):
        NOT_YET = "", _("not yet")
        UNDONE = "undone", _("undone")
        LEFT = "left", _("left alone")

    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+", db_index=False)
    of_import = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="images", db_index=False)
    noun = models.CharField(max_length=20)
    record_id = models.UUIDField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default="")
    title = models.CharField(max_length=300, blank=True)
    sentence = models.TextField(blank=True)

    class Meta(CompanyOwned.Meta):
        db_table = "imported_records"
        ordering = ("-id",)
        verbose_name = _("imported record")
        verbose_name_plural = _("imported records")
        indexes: ClassVar[list[Any]] = [models.Index(fields=["of_import", "outcome", "-id"], name="images_of_import")]

    def __str__(self) -> str:
        return self.title or str(self.record_id)


class ImportShape(CompanyOwned):
    """How a file with these headings was read last time: the next one of its shape is matched by itself."""

    kind = models.CharField(max_length=20, choices=ImportKind.choices)
    digest = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    settings = models.JSONField(default=dict)
    used_at = models.DateTimeField()

    class Meta(CompanyOwned.Meta):
        db_table = "import_shapes"
        verbose_name = _("file shape")
        verbose_name_plural = _("file shapes")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["company", "kind", "digest"], name="one_shape_per_headings")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.digest[:8]}"
