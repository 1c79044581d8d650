"""Registers the provider, and keeps its database view out of the way of migrations."""

from django.db.models.signals import post_migrate, pre_migrate

from integration_hub.contract.apps import ProviderConfig
from providers.airtable import logs


class AirtableConfig(ProviderConfig):
    name = "providers.airtable"
    declaration = "Airtable"

    def ready(self) -> None:
        super().ready()
        pre_migrate.connect(logs.drop, sender=self, dispatch_uid="airtable_sync_logs")
        post_migrate.connect(logs.make, sender=self, dispatch_uid="airtable_sync_logs")
