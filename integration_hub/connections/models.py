"""Connections of companies to providers, what was found there to choose from, and the base of the typed tables in which
providers keep their grants."""

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

    `version` moves with every token that is stored: whoever stores one compares it first. `claim` is whoever asks for
    new tokens just now, until `lease_until` at the latest; one left behind means that nobody knows what became of the
    asking. `refresh_until`: when access ends unless new tokens are asked for. `ended`: why none are given any more.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    access_token = SecretTextField(_("access token"), null=True, blank=True)
    refresh_token = SecretTextField(_("refresh token"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    refresh_until = models.DateTimeField(_("ends without use"), null=True, blank=True)
    scopes = models.JSONField(_("permissions"), default=list, blank=True)
    account_id = models.CharField(_("account id"), max_length=200, blank=True)
    account_label = models.CharField(_("account"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    claim = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    ended = models.TextField(_("why it ended"), blank=True, default="", db_default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta(CompanyOwned.Meta):
        abstract = True

    def __str__(self) -> str:
        return self.account_label or self.account_id

    @property
    def holds_tokens(self) -> bool:
        """False where the company proves itself in another way, with a key of its own."""
        return self.__dict__.get("refresh_token") is not None or self.__dict__.get("access_token") is not None


class Discovery(CompanyOwned):
    """One listing of what a connection offers: at the top (`within` empty), or in the resource with that id.

    `found_at`: as of when the last complete listing was read. Asked for: `asked_at` is set. Due: asked for,
    `not_before` is past (it lies ahead after a failure), and nobody holds the lease. `error` stays until a success.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    within = models.CharField(max_length=200, blank=True, default="")
    found_at = models.DateTimeField(_("found"), null=True, blank=True)
    asked_at = models.DateTimeField(_("asked for"), null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    error = models.TextField(_("error"), blank=True)
    claim = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta(CompanyOwned.Meta):
        db_table = "integration_discoveries"
        verbose_name = _("discovery")
        verbose_name_plural = _("discoveries")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "within"], name="uniq_discovery_connection_within")
        ]
        indexes: ClassVar = [
            models.Index(fields=["asked_at"], condition=models.Q(asked_at__isnull=False), name="discovery_asked")
        ]

    def __str__(self) -> str:
        return self.within or str(_("top"))


class FoundResource(CompanyOwned):
    """A resource as it was read at the provider at `read_at`. `digest` tells whether it changed without loading the
    details, which may be large."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    within = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=50)
    remote_id = models.CharField(_("remote id"), max_length=200)
    label = models.TextField(_("name"), blank=True)
    details = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, editable=False)
    position = models.PositiveIntegerField(default=0)
    read_at = models.DateTimeField(_("read"))

    class Meta(CompanyOwned.Meta):
        db_table = "integration_resources"
        verbose_name = _("found resource")
        verbose_name_plural = _("found resources")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "within", "remote_id"], name="uniq_resource_within_remote_id")
        ]
        indexes: ClassVar = [models.Index(fields=["connection", "remote_id"], name="resource_remote_id")]

    def __str__(self) -> str:
        return self.label or self.remote_id
