"""The room as a Django app."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "integration_hub.sandbox"
    default = True
