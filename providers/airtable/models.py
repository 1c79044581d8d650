"""What the hub keeps of Airtable: accounts, which tables and fields mappings go to, and what was synced."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned
from integration_hub.connections.models import OAuthGrant
from integration_hub.sync.models.run import RunKind, RunState
from providers.airtable.hooks.models import AirtableNamed, AirtableWebhook

__all__ = [
    "AirtableConnection",
    "AirtableFieldMapping",
    "AirtableNamed",
    "AirtableSyncConfig",
    "AirtableSyncLog",
    "AirtableWebhook",
    "AuthType",
]


class AuthType(models.TextChoices):
    OAUTH = "oauth", _("Signed in with Airtable")
    PAT = "pat", _("Personal access token")


class AirtableConnection(OAuthGrant):
    """One row for each Airtable connection. A personal access token lies only in the connection's own key."""

    auth_type = models.CharField(_("kind of access"), max_length=10, choices=AuthType.choices)

    class Meta(OAuthGrant.Meta):
        db_table = "airtable_connections"
        verbose_name = _("Airtable account")
        verbose_name_plural = _("Airtable accounts")
        constraints: ClassVar = [models.UniqueConstraint(fields=["connection"], name="one_airtable_account")]


class AirtableSyncConfig(CompanyOwned):
    """The base and table of one mapping, by id and by the names last seen. `in_use`: the mapping was not replaced; only
    one of those brings the same records to the same table."""

    mapping = models.OneToOneField(
        "sync.Mapping", primary_key=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("mapping")
    )
    base_id = models.CharField(_("base id"), max_length=50)
    base_name = models.TextField(_("base"), blank=True)
    table_id = models.CharField(_("table id"), max_length=50)
    table_name = models.TextField(_("table"), blank=True)
    record_type = models.CharField(_("records"), max_length=50)
    in_use = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta(CompanyOwned.Meta):
        db_table = "airtable_sync_configs"
        verbose_name = _("Airtable sync")
        verbose_name_plural = _("Airtable syncs")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["company", "base_id", "table_id", "record_type"],
                condition=Q(in_use=True),
                name="one_airtable_sync_per_table",
            )
        ]

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.base_name, self.table_name))) or self.table_id


class AirtableFieldMapping(CompanyOwned):
    """The Airtable field of one mapped field, by id and by the name and type last seen."""

    field_mapping = models.OneToOneField(
        "sync.FieldMapping", primary_key=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("our field")
    )
    config = models.ForeignKey(
        AirtableSyncConfig, on_delete=models.CASCADE, related_name="fields", verbose_name=_("Airtable sync")
    )
    table_id = models.CharField(_("table id"), max_length=50)
    field_id = models.CharField(_("field id"), max_length=100)
    field_name = models.TextField(_("Airtable field"), blank=True)
    field_type = models.CharField(_("type"), max_length=50, blank=True)

    class Meta(CompanyOwned.Meta):
        db_table = "airtable_field_mappings"
        verbose_name = _("Airtable field")
        verbose_name_plural = _("Airtable fields")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["config", "field_id"], name="one_airtable_field_per_sync"),
        ]

    def __str__(self) -> str:
        return self.field_name or self.field_id


class AirtableSyncLog(CompanyOwned):
    """The engine's runs of Airtable mappings: a view of the database (see `logs`), to read."""

    id = models.UUIDField(primary_key=True)
    company = models.ForeignKey("companies.Company", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    mapping = models.ForeignKey("sync.Mapping", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    base_id = models.CharField(_("base id"), max_length=50, null=True)
    table_id = models.CharField(_("table id"), max_length=50, null=True)
    record_type = models.CharField(_("records"), max_length=50)
    kind = models.CharField(_("kind"), max_length=10, choices=RunKind.choices)
    state = models.CharField(_("state"), max_length=10, choices=RunState.choices)
    actor = models.CharField(_("started by"), max_length=200)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    total = models.PositiveIntegerField(_("whole"))
    created = models.PositiveIntegerField(_("created"))
    updated = models.PositiveIntegerField(_("updated"))
    deleted = models.PositiveIntegerField(_("deleted"))
    unchanged = models.PositiveIntegerField(_("unchanged"))
    failed = models.PositiveIntegerField(_("failed"))

    class Meta(CompanyOwned.Meta):
        managed = False
        db_table = "airtable_sync_logs"
        ordering = ("-started_at",)
        verbose_name = _("Airtable sync log")
        verbose_name_plural = _("Airtable sync logs")

    def __str__(self) -> str:
        return str(self.id)
