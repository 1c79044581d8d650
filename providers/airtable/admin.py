"""Airtable's pages in the admin: to look at."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.admin_base import ReadOnlyAdmin
from providers.airtable.models import AirtableConnection, AirtableFieldMapping, AirtableSyncConfig, AirtableSyncLog


@admin.register(AirtableConnection)
class AirtableConnectionAdmin(ReadOnlyAdmin):
    list_display = ("account_label", "auth_type", "updated_at")
    fields = ("account_label", "account_id", "auth_type", "scopes", "expires_at", "created_at", "updated_at")
    readonly_fields = fields


@admin.register(AirtableSyncConfig)
class AirtableSyncConfigAdmin(ReadOnlyAdmin):
    list_display = ("table_name", "base_name", "record_type", "direction", "in_use", "updated_at")
    list_filter = ("record_type", "in_use")
    list_select_related = ("mapping",)
    search_fields = ("base_name", "table_name", "base_id", "table_id")
    fields = ("mapping", "base_name", "base_id", "table_name", "table_id", "record_type", "direction", "in_use",
              "created_at", "updated_at")  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("direction"))
    def direction(self, config: AirtableSyncConfig) -> str:
        return str(config.mapping.get_direction_display())


@admin.register(AirtableFieldMapping)
class AirtableFieldMappingAdmin(ReadOnlyAdmin):
    list_display = ("field_name", "field_type", "field_mapping", "direction", "config")
    list_select_related = ("field_mapping", "config")
    search_fields = ("field_name", "field_id")
    fields = ("field_mapping", "config", "field_name", "field_id", "field_type", "direction", "table_id")
    readonly_fields = fields

    @admin.display(description=_("direction"))
    def direction(self, field: AirtableFieldMapping) -> str:
        return str(field.field_mapping.get_direction_display())


@admin.register(AirtableSyncLog)
class AirtableSyncLogAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "mapping", "kind", "state", "total", "created", "updated", "deleted", "failed")
    list_filter = ("kind", "state", "record_type")
    list_select_related = ("mapping",)
    date_hierarchy = None
    fields = ("mapping", "record_type", "base_id", "table_id", "kind", "state", "actor", "started_at", "finished_at",
              "total", "created", "updated", "deleted", "unchanged", "failed")  # fmt: skip
    readonly_fields = fields
