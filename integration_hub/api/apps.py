"""The app of the REST API."""

from importlib import import_module

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "integration_hub.api"

    def ready(self) -> None:
        from integration_hub.api import announced
        from integration_hub.sync import announcing

        import_module("integration_hub.api.routes")  # its system check
        announcing.show_with(announced.shown)
