"""What CompanyMiddleware adds to a request, for those who type their views."""

from django.http import HttpRequest

from integration_hub.companies.models import Company, Role


class HubRequest(HttpRequest):
    """`company` is None for people without one; `role` is theirs in that company."""

    company: Company | None
    companies: list[Company]
    role: Role | None
