"""The beat's tasks, to look at: migrations make them, nobody edits them."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django_celery_beat.models import PeriodicTask


@admin.register(PeriodicTask)
class HouseTaskAdmin(admin.ModelAdmin):
    """For superusers. Syncs of mappings have schedules of their own, set on the provider's tab."""

    list_display = ("name", "task", "interval", "last_run_at", "enabled")
    list_select_related = ("interval",)
    fields = ("name", "task", "interval", "description", "enabled", "last_run_at", "total_run_count")
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
