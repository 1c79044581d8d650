"""The admin site of the hub: who comes in, and which lists lie together."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

OURS = ("integration_hub.", "providers.")


class HubAdminSite(AdminSite):
    """Open to people with a role in a company and to superusers; they log in with allauth, second factor included."""

    site_title = site_header = _("Integration Hub")
    index_title = _("All tables")
    enable_nav_sidebar = False
    empty_value_display = "–"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only pages of the product. The raw forms libraries bring would show seeds of second factors, offer groups
        that mean nothing here, and let the beat's tasks be broken by a click."""
        if admin_class is not None and admin_class.__module__.startswith(OURS):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and (getattr(request, "role", None) is not None or getattr(user, "is_superuser", False))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """allauth's login page; who is logged in already and still ends here has no company."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied(_("You belong to no company yet. Ask an admin to add you under “Team and access”."))
        if request.user.is_authenticated:
            return HttpResponseRedirect(resolve_url(settings.LOGIN_REDIRECT_URL))
        back = request.GET.get(REDIRECT_FIELD_NAME) or request.get_full_path()
        query = urlencode({REDIRECT_FIELD_NAME: back})
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
