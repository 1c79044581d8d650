"""The door out as a Django app."""

from django.apps import AppConfig


class HttpConfig(AppConfig):
    name = "integration_hub.http"
    default = True
