"""RecordLink: which remote object is which record of ours, and what both sides had when they last agreed."""

from typing import ClassVar

from django.db import models

from integration_hub.companies.managers import CompanyOwned


class RecordLink(CompanyOwned):
    """(target, record) ↔ remote id. Points by type and uuid without a foreign key and outlives its record.

    `base_ours`: our values, canonical, by our field name. `base_theirs`: cells by remote field id, as
    returned; None also where the cell is not known (files, cells that were filled already).
    `version` moves with every settle. `seen_at`: when a listing of the whole table named the row last;
    `gone_at`: the provider said, asked by id, that the row is no more, and nothing was done about it yet.
    `apart`: a person undid what made one of the two out of the other; neither is made again until somebody wants it.
    `compared_at`: when a proof of sync looked at the pair last.
    """

    target = models.UUIDField()
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    remote_id = models.CharField(max_length=200)
    base_ours = models.JSONField(default=dict)
    base_theirs = models.JSONField(default=dict)
    version = models.BigIntegerField(default=1)
    deleted_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    compared_at = models.DateTimeField(null=True)
    apart = models.BooleanField(default=False, db_default=False)
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


class OwedLink(CompanyOwned):
    """A link cell that was left out because the record it points to was not known over there yet. When `parent_target`
    links that record, the child is made due and the debt is gone."""

    target = models.UUIDField()
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    field = models.CharField(max_length=100)
    parent_target = models.UUIDField()
    parent_id = models.UUIDField()

    class Meta(CompanyOwned.Meta):
        db_table = "sync_owed_links"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "record_id", "field"], name="one_debt_per_cell"),
        ]
        indexes: ClassVar = [models.Index(fields=["parent_target", "parent_id"], name="owed_by_parent")]

    def __str__(self) -> str:
        return f"{self.record_id}.{self.field} → {self.parent_id}"
