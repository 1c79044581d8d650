"""Registers the provider."""

from integration_hub.contract.apps import ProviderConfig


class AirtableConfig(ProviderConfig):
    name = "providers.airtable"
    declaration = "Airtable"
