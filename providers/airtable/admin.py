"""Airtable's pages in the admin: to look at."""

from django.contrib import admin

from integration_hub.companies.admin_base import ReadOnlyAdmin
from providers.airtable.models import AirtableConnection


@admin.register(AirtableConnection)
class AirtableConnectionAdmin(ReadOnlyAdmin):
    list_display = ("account_label", "auth_type", "updated_at")
    fields = ("account_label", "account_id", "auth_type", "scopes", "expires_at", "created_at", "updated_at")
    readonly_fields = fields
