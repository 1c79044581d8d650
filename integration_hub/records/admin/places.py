"""The pages of branches, staff and appointments."""

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.models import User
from integration_hub.companies.requests import HubRequest
from integration_hub.records.admin.base import RecordAdmin
from integration_hub.records.models import Appointment, Branch, Staff
from integration_hub.records.services import appointments, branches, staff


class ZonedAdmin(RecordAdmin):
    """A record whose time zone may be left to its company or branch."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "timezone" in form.base_fields:
            form.base_fields["timezone"].required = False
        return form


@admin.register(Branch)
class BranchAdmin(ZonedAdmin):
    noun = branches.noun
    list_display = ("name", "city", "phone", "timezone")
    search_fields = ("name", "city")
    fieldsets = (
        (None, {"fields": ("name", "phone", "timezone")}),
        (_("Address"), {"fields": ("street", ("postal_code", "city"), ("region", "country"))}),
    )


@admin.register(Staff)
class StaffAdmin(RecordAdmin):
    noun = staff.noun
    list_display = ("name", "role_title", "email", "phone", "branch", "user")
    list_select_related = ("branch", "user")
    list_filter = ("branch",)
    search_fields = ("name", "email", "role_title")
    autocomplete_fields = ("branch",)
    fields = ("name", "role_title", ("email", "phone"), "branch", "user")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":  # only people of this company
            kwargs["queryset"] = User.objects.filter(memberships__company=cast(HubRequest, request).company)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Appointment)
class AppointmentAdmin(ZonedAdmin):
    noun = appointments.noun
    list_display = ("title", "starts_at", "customer", "staff", "branch", "status")
    list_select_related = ("customer", "staff", "branch")
    list_filter = ("status", "starts_at", "branch")
    search_fields = ("title", "customer__name", "staff__name", "reference")
    autocomplete_fields = ("customer", "staff", "branch")
    fieldsets = (
        (None, {"fields": ("title", "customer", "staff", "branch", "status")}),
        (_("Time"), {"fields": (("starts_at", "ends_at", "timezone"),)}),
        (_("Notes"), {"fields": ("notes", "reference")}),
    )
