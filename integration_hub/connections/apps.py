"""The room's entry in INSTALLED_APPS; its system checks are loaded here."""

from importlib import import_module

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "integration_hub.connections"
    default = True

    def ready(self) -> None:
        import_module("integration_hub.connections.checks")
