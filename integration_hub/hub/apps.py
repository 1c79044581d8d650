"""The room's app."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "integration_hub.hub"
    default = True
