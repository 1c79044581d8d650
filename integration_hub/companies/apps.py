"""Who we serve, as a Django app."""

from django.apps import AppConfig


class CompaniesConfig(AppConfig):
    name = "integration_hub.companies"
    default = True
