"""What the hub keeps of Airtable accounts."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integration_hub.connections.models import OAuthGrant


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
