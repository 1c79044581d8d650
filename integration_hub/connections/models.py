"""Connections of companies to providers, and the base of the typed tables in which providers keep their grants."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned
from integration_hub.connections.fields import SecretJSONField, SecretTextField, kept_sealed


class Status(models.TextChoices):
    NOT_CONNECTED = "not_connected", _("Not connected")
    CONNECTED = "connected", _("Connected")
    NEEDS_RECONNECT = "needs_reconnect", _("Needs reconnect")
    PAUSED = "paused", _("Paused")


class KeepsSecrets(models.Model):
    """A model with encrypted fields: reading the row again opens none of them."""

    class Meta:
        abstract = True

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        with kept_sealed():
            super().refresh_from_db(*args, **kwargs)


class Connection(KeepsSecrets, CompanyOwned):
    """One company's access to one provider. Only `connections.services` change it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(_("provider"), max_length=50)
    api_key = SecretTextField(_("key"), null=True, blank=True)
    webhook_secret = SecretTextField(_("webhook secret"), null=True, blank=True)
    secrets = SecretJSONField(_("further secrets"), null=True, blank=True)
    settings = models.JSONField(
        _("settings"), default=dict, blank=True, db_default=models.Value({}, models.JSONField())
    )
    is_active = models.BooleanField(_("active"), default=False, db_default=False)
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.NOT_CONNECTED)
    account_id = models.CharField(_("account id"), max_length=200, blank=True)
    account_label = models.CharField(_("account"), max_length=300, blank=True)
    missing_scopes = models.JSONField(_("missing permissions"), default=list, blank=True)
    # Moves with every key that is saved: a refusal of an older key must not break the connection of a newer one.
    key_version = models.PositiveIntegerField(default=0, editable=False)
    last_sync_at = models.DateTimeField(_("last sync"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta(CompanyOwned.Meta):
        db_table = "integration_configs"
        ordering = ("provider",)
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "provider"], name="idx_integration_configs_company_provider")
        ]

    def __str__(self) -> str:
        return f"{self.provider} · {self.account_label or self.get_status_display()}"

    @property
    def works(self) -> bool:
        """May calls be made with it now?"""
        return self.status == Status.CONNECTED


class OAuthGrant(KeepsSecrets, CompanyOwned):
    """What an account allowed us to do. Providers derive their own table; a connection may hold several.

    `version` moves with every token that is stored: whoever stores one compares it first.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    access_token = SecretTextField(_("access token"), null=True, blank=True)
    refresh_token = SecretTextField(_("refresh token"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    scopes = models.JSONField(_("permissions"), default=list, blank=True)
    account_id = models.CharField(_("account id"), max_length=200, blank=True)
    account_label = models.CharField(_("account"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta(CompanyOwned.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.account_label or self.account_id
