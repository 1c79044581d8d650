"""The admin's own config, in a module of its own: AdminConfig is a default and would win over the room's."""

from django.contrib.admin.apps import AdminConfig


class HubAdminConfig(AdminConfig):
    default_site = "integration_hub.hub.site.HubAdminSite"
