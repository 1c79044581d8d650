"""What all workers must know of each other's calls: rate buckets, breakers, and one line per call.

Buckets and breakers are keyed by text, so they outlive connections and need none. Their times are seconds since 1970
by the database's clock (`clock.epoch_sql`), because SQL must calculate with them on every database alike.
"""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import ScopedManager


class RateBucket(models.Model):
    """When the next call may leave, and until when none may because the provider said so (`reason`: its word).
    `recent`: when the calls of the last window leave or left, a JSON list; `crowded_until`: somebody was sent away;
    `seq` moves whenever the row is booked."""

    key = models.CharField(max_length=200, primary_key=True)
    seq = models.BigIntegerField(default=0)
    next_free = models.FloatField(default=0.0)
    recent = models.TextField(default="[]", db_default="[]")
    crowded_until = models.FloatField(default=0.0, db_default=0.0)
    closed_until = models.FloatField(default=0.0)
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "rate_buckets"


class Breaker(models.Model):
    """Failures in a row of one provider account; from five on nothing goes out before `open_until` but one trial."""

    key = models.CharField(max_length=200, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.FloatField(default=0.0)

    class Meta:
        db_table = "breakers"


class IntegrationMetric(models.Model):
    """One call to the outside: what it was, how it went, how long it took, how many records it carried."""

    company = models.ForeignKey("companies.Company", null=True, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(_("service"), max_length=50)
    action = models.CharField(_("call"), max_length=100)
    success = models.BooleanField(_("worked"))
    duration_ms = models.PositiveIntegerField(_("milliseconds"))
    records_synced = models.PositiveIntegerField(_("records"), default=0)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = ScopedManager()
    everywhere = models.Manager()

    class Meta:
        db_table = "integration_metrics"
        base_manager_name = "everywhere"
        ordering = ("-at",)
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        indexes: ClassVar = [
            models.Index(fields=["company", "provider", "-at"], name="integration_metrics_recent"),
            models.Index(fields=["at"], name="integration_metrics_at"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.action}"
