"""Problems and the trail as a Django app."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "integration_hub.notices"
    default = True
