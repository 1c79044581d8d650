"""Lists of problems and of the trail, to look at."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from integration_hub.companies.admin_base import ReadOnlyAdmin
from integration_hub.companies.models import Role
from integration_hub.notices.models import AuditEvent, Problem


class StateFilter(admin.SimpleListFilter):
    """Open problems unless somebody asks for the closed ones."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Open")), ("closed", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Problem]) -> QuerySet[Problem]:
        if self.value() not in ("open", "closed"):
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "open")


@admin.register(Problem)
class ProblemAdmin(ReadOnlyAdmin):
    list_display = ("sentence", "severity", "provider", "affected", "since", "closed_at")
    list_filter: ClassVar = [StateFilter, "severity", "provider"]
    search_fields = ("sentence", "detail")
    date_hierarchy = "since"


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """The trail names people and settings, so only admins of the company read it."""

    list_display = ("at", "actor", "action", "target")
    list_filter = ("action",)
    search_fields = ("actor", "action", "target")
    date_hierarchy = "at"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._role(request) is Role.ADMIN

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._role(request) is Role.ADMIN
