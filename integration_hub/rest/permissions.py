"""What they may: a token by its scopes, a person by the role in the company that is entered."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from integration_hub.companies.models import Role
from integration_hub.rest.problems import Problem, missing_scope
from integration_hub.rest.requests import company_of, token_of


def needed_scope(request: Request, view: Any) -> str:
    """`read` for safe methods, else what the view says (`write`, or `admin` where integrations are configured)."""
    return "read" if request.method in SAFE_METHODS else str(getattr(view, "unsafe_scope", "write"))


class CompanyPermission(BasePermission):
    """Scopes do not imply each other. Staff may read, admins may do everything."""

    def has_permission(self, request: Request, view: Any) -> bool:
        token = token_of(request)
        needed = needed_scope(request, view)
        if token is not None:
            if needed not in token.scopes:
                raise missing_scope(needed, token.scopes)
            return True
        if not request.user.is_authenticated:
            return False  # DRF answers 401
        self._check_person(request, needed)
        return True

    def _check_person(self, request: Request, needed: str) -> None:
        if company_of(request) is None:
            raise Problem("forbidden", _("You do not belong to a company yet. Ask its admin to add you."))
        if needed != "read" and getattr(request._request, "role", None) is not Role.ADMIN:
            raise Problem("forbidden", _("Staff may look but not change. Ask an admin of the company."))
