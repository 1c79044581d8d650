"""RecordLink: which remote object is which record of ours, and what both sides had when they last agreed."""

from typing import ClassVar

from django.db import models

from integration_hub.companies.managers import CompanyOwned


class RecordLink(CompanyOwned):
    """(target, record) ↔ remote id. Points by type and uuid without a foreign key and outlives its record.

    `base_ours`: our values, canonical, by our field name. `base_theirs`: cells by remote field id, as returned.
    `version` moves with every settle.
    """

    target = models.UUIDField()
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    remote_id = models.CharField(max_length=200)
    base_ours = models.JSONField(default=dict)
    base_theirs = models.JSONField(default=dict)
    version = models.BigIntegerField(default=1)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(CompanyOwned.Meta):
        db_table = "sync_links"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "record_type", "record_id"], name="one_link_per_record"),
            models.UniqueConstraint(fields=["target", "remote_id"], name="one_link_per_remote"),
        ]
        indexes: ClassVar = [models.Index(fields=["record_id"], name="link_record")]

    def __str__(self) -> str:
        return f"{self.record_id} ↔ {self.remote_id}"
