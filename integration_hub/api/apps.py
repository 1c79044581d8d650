"""The app of the REST API."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "integration_hub.api"
