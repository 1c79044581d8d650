"""What the hub keeps of its webhooks at Airtable, and which rows they named."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.managers import CompanyOwned
from integration_hub.connections.fields import SecretTextField
from integration_hub.connections.models import KeepsSecrets


class AirtableWebhook(KeepsSecrets, CompanyOwned):
    """Our webhook in one base of one connection. `hook_id` is empty while there is none; `sentence` says why, or why
    its pings do not come. `cursor`: the next payload to read, moved in the transaction of what the payloads led to.

    By our clock: `made_at`; `pinged_at`, when a ping of it last came; `drained_at`, when the reading of its payloads
    that last came to their end was begun; `look_at`, when it is to be looked at over there (None: at once). By
    Airtable's: `expires_at`."""

    connection = models.ForeignKey("connections.Connection", on_delete=models.CASCADE, related_name="+", db_index=False)
    base_id = models.CharField(_("base id"), max_length=50)
    hook_id = models.CharField(_("webhook id"), max_length=50, blank=True)
    secret = SecretTextField(_("signing secret"), null=True, blank=True)
    url = models.TextField(_("address"), blank=True)
    cursor = models.PositiveBigIntegerField(default=1)
    sentence = models.TextField(_("what is wrong"), blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True)
    made_at = models.DateTimeField(_("made"), null=True)
    pinged_at = models.DateTimeField(_("last heard"), null=True)
    drained_at = models.DateTimeField(null=True)
    look_at = models.DateTimeField(null=True)

    class Meta(CompanyOwned.Meta):
        db_table = "airtable_webhooks"
        verbose_name = _("Airtable webhook")
        verbose_name_plural = _("Airtable webhooks")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["connection", "base_id"], name="one_airtable_webhook_per_base"),
        ]

    def __str__(self) -> str:
        return self.hook_id or self.base_id


class AirtableNamed(CompanyOwned):
    """A row that a payload named and that was not read since: to be read by its id, and, where it is no more, taken for
    deleted. Named again, it moves on. `changed_at`, by Airtable's clock, and `changed_by`: the last of the changes that
    were told, where the payload says so. `strange`: steps of our own writing (field, before, after) that nothing
    explained yet."""

    mapping = models.ForeignKey("sync.Mapping", on_delete=models.CASCADE, related_name="+", db_index=False)
    remote_id = models.CharField(max_length=50)
    named_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    changed_by = models.CharField(max_length=200, null=True)  # NULL: a full table takes the column at once
    strange = models.JSONField(null=True)

    class Meta(CompanyOwned.Meta):
        db_table = "airtable_named"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mapping", "remote_id"], name="airtable_named_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["mapping", "named_at"], name="airtable_named_first")]

    def __str__(self) -> str:
        return self.remote_id
