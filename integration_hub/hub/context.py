"""What every template of the product can ask for as `hub`. Nothing here costs a query before it is asked."""

import json
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from integration_hub.companies.middleware import FIELD, HEADER
from integration_hub.companies.models import Company, Role
from integration_hub.hub import nav
from integration_hub.notices.models import Problem

# No eval and no injected style: the CSP allows neither. A 409 says "you switched company" and replaces the page.
HTMX = json.dumps(
    {
        "allowEval": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "409", "swap": True, "error": False, "target": "#content", "swapOverride": "innerHTML"},
            {"code": "[23]..", "swap": True},
            {"code": "[45]..", "swap": False, "error": True},
        ],
    }
)


class Hub:
    """The page's company, its sidebar, and what its requests must carry."""

    field = FIELD
    htmx_config = HTMX

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.company: Company | None = getattr(request, "company", None)
        self.companies: list[Company] = getattr(request, "companies", [])
        self.role: Role | None = getattr(request, "role", None)

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def role_name(self) -> str:
        names = {Role.ADMIN: _("Admin"), Role.STAFF: _("Staff")}
        return names.get(self.role, _("No company")) if self.role else _("No company")

    @cached_property
    def _open(self) -> dict[str, int | None]:
        """Problems, and the conflicts that some of them count: one look for both."""
        if self.company is None:
            return {"problems": 0, "conflicts": 0}
        rows = Problem.everywhere.filter(company=self.company, closed_at=None)
        theirs = Q(key__startswith="sync:", key__endswith=":conflicts")
        return rows.aggregate(problems=Count("pk"), conflicts=Sum("affected", filter=theirs))

    @property
    def open_problems(self) -> int:
        return self._open["problems"] or 0

    @property
    def open_conflicts(self) -> int:
        """At most a thousand of each mapping are counted."""
        return self._open["conflicts"] or 0

    @cached_property
    def sections(self) -> list[nav.Section]:
        if self.company is None and not getattr(self.request.user, "is_superuser", False):
            return []
        return nav.sections(self.request, {"hub:problems": self.open_problems, "hub:conflicts": self.open_conflicts})

    @property
    def headers(self) -> str:
        """JSON for hx-headers: every htmx request names the page's company."""
        return json.dumps({HEADER: str(self.company.pk)} if self.company else {})

    @property
    def shell(self) -> str:
        """The layout to extend: htmx is given the content alone."""
        return "hub/bare.html" if getattr(self.request, "htmx", False) else "admin/base_site.html"

    @property
    def safe_back(self) -> str:
        """Where going back to the page's own company leads: the same page, unless it only takes POST."""
        return self.request.get_full_path() if self.request.method == "GET" else reverse("hub:overview")


def hub(request: HttpRequest) -> dict[str, Any]:
    return {"hub": Hub(request)}
