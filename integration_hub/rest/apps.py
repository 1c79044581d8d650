"""The app of the API's grammar."""

from importlib import import_module

from django.apps import AppConfig


class RestConfig(AppConfig):
    name = "integration_hub.rest"

    def ready(self) -> None:
        import_module("integration_hub.rest.schema")  # teaches the API document our authentication
