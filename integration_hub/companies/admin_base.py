"""The ModelAdmin every company-owned page of the admin stands on."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from integration_hub.companies.models import Role


class ScopedModelAdmin(admin.ModelAdmin):
    """Shows the rows of the company that is entered. Its admins may change them, staff may look.

    Querysets come from the scoped default manager, choices of foreign keys too; a new row gets the company.
    """

    def _role(self, request: HttpRequest) -> Role | None:
        return getattr(request, "role", None)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._role(request) is not None

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._role(request) is not None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._role(request) is Role.ADMIN

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._role(request) is Role.ADMIN

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._role(request) is Role.ADMIN

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return (*(super().get_exclude(request, obj) or ()), "company")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.company = request.company  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)


class ReadOnlyAdmin(ScopedModelAdmin):
    """A list and a page to look at; nothing can be changed here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
