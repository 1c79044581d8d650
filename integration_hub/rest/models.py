"""Answers kept for a day, so that a request repeated with the same Idempotency-Key has one effect."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned


class IdempotencyKey(CompanyOwned):
    """A key that came with an unsafe request. Claimed before the work, answered in the work's own transaction.

    `status` is null while the work runs; `claim` names who runs it, `claimed_until` when that one counts as gone.
    """

    token = models.ForeignKey("companies.ApiToken", null=True, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("companies.User", null=True, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    claim = models.UUIDField()
    claimed_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta(CompanyOwned.Meta):
        db_table = "idempotency_keys"
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token", "key"], name="one_answer_per_token_and_key"),
            models.UniqueConstraint(
                fields=["company", "user", "key"], condition=Q(token=None), name="one_answer_per_person_and_key"
            ),
        ]

    def __str__(self) -> str:
        return self.key
