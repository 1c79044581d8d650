"""Problems people can act on, and the trail of what was done."""

import uuid
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned, ScopedManager


class Severity(models.TextChoices):
    BAD = "bad", _("Broken")
    WARN = "warn", _("Worth a look")


class Problem(CompanyOwned):
    """Something a person must know. At most one open row per company and key; a closed one stays as history.

    `sentence` says what is wrong and what comes next, `button` and `url` lead there, `affected` counts what waits.
    `told_at` and `recovery_told_at`: when the admins' mail about its opening and its end went out (`mails`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200)
    severity = models.CharField(_("severity"), max_length=4, choices=Severity.choices, default=Severity.BAD)
    sentence = models.TextField(_("what is wrong"))
    detail = models.TextField(_("details"), blank=True)
    affected = models.PositiveIntegerField(_("affected"), default=0)
    button = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=500, blank=True)
    provider = models.CharField(_("service"), max_length=50, blank=True)
    since = models.DateTimeField(_("since"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True)
    told_at = models.DateTimeField(_("e-mailed"), null=True, editable=False)
    recovery_told_at = models.DateTimeField(_("recovery e-mailed"), null=True, editable=False)

    class Meta(CompanyOwned.Meta):
        db_table = "problems"
        ordering = ("-since",)
        verbose_name = _("problem")
        verbose_name_plural = _("problems")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "key"], condition=models.Q(closed_at=None), name="one_open_problem_per_key"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["since"],
                condition=models.Q(severity="bad", closed_at=None, told_at=None),
                name="problems_to_tell",
            ),
            models.Index(
                fields=["closed_at"],
                condition=models.Q(told_at__isnull=False, recovery_told_at=None),
                name="problems_told",
            ),
        ]

    def __str__(self) -> str:
        return self.sentence


class Mailbox(CompanyOwned):
    """How far the mails to a company's admins are. `lease_until`: somebody is sending; `next_at`: not before, after
    `tries` failures in a row (`sentence`: the last one); `sent`: when the latest mails went out, as ISO times."""

    company = models.OneToOneField("companies.Company", on_delete=models.CASCADE, related_name="+")
    lease_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    sentence = models.TextField(blank=True)
    sent = models.JSONField(default=list)

    class Meta(CompanyOwned.Meta):
        db_table = "mailboxes"
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return str(self.company)


class AppendOnly(RuntimeError):
    """Somebody tried to change or remove a line of the trail."""


def refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise AppendOnly("audit events are written once; they are neither changed nor deleted")


class AppendOnlyQuerySet(models.QuerySet["AuditEvent"]):
    """Reads and creates. Retention and the erasing of a company go through `_raw_delete`."""

    update = refuse
    delete = refuse
    bulk_update = refuse
    update_or_create = refuse


ScopedAuditManager = ScopedManager.from_queryset(AppendOnlyQuerySet)
AuditManager = models.Manager.from_queryset(AppendOnlyQuerySet)


class AuditEvent(models.Model):
    """One line of the trail: who did what to what. `data` holds no secrets. No company: the installation's own."""

    company = models.ForeignKey("companies.Company", null=True, on_delete=models.CASCADE, related_name="+")
    actor = models.CharField(_("who"), max_length=200, blank=True)
    action = models.CharField(_("what"), max_length=100)
    target = models.CharField(_("to what"), max_length=300, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = ScopedAuditManager()
    everywhere = AuditManager()

    class Meta:
        db_table = "audit_events"
        base_manager_name = "everywhere"
        ordering = ("-at", "-pk")
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        indexes: ClassVar = [models.Index(fields=["company", "-at"], name="audit_events_company_at")]

    def __str__(self) -> str:
        return f"{self.action} · {self.target}" if self.target else self.action

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            refuse()
        super().save(*args, **kwargs)

    delete = refuse
