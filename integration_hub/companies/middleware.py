"""Every browser request enters exactly one company, and refuses a page that belongs to another."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from integration_hub.companies import access, scope
from integration_hub.companies.models import Company
from integration_hub.companies.requests import HubRequest

SESSION_KEY = "company"
HEADER = "X-Hub-Company"
FIELD = "_company"


class CompanyMiddleware:
    """Sets request.company, request.companies and request.role, and enters the company for the request.

    A page carries the company it was made for (header or form field); when the session has moved on to another one,
    the answer is 409 and nothing is done. API requests carry a token instead and enter in rest/authentication.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, plain: HttpRequest) -> HttpResponse:
        request = cast(HubRequest, plain)
        request.company = request.role = None
        request.companies = []
        if request.path.startswith("/static/") or "HTTP_AUTHORIZATION" in request.META:
            return self.get_response(request)
        self.enter(request)
        company = cast("Company | None", request.company)
        if company is None:
            return self.get_response(request)
        if (claimed := claimed_company(request)) and claimed != str(company.pk):
            return switched(request, company, claimed)
        with scope.entered(company.pk):
            return self.get_response(request)

    def enter(self, request: HubRequest) -> None:
        if not request.user.is_authenticated:
            return
        companies = access.companies_of(request.user)
        chosen = request.session.get(SESSION_KEY)
        company = next((c for c in companies if str(c.pk) == chosen), companies[0] if companies else None)
        request.companies, request.company = companies, company
        if company is not None:
            request.role = access.role_of(request.user, company.pk)


def claimed_company(request: HubRequest) -> str:
    """The company the page was made for, as the page itself says."""
    if request.path == reverse("switch_company") or request.path.startswith("/api/"):
        return ""  # the API answers a page of another company itself, as a problem document
    header = request.headers.get(HEADER, "")
    return header or (request.POST.get(FIELD, "") if request.method == "POST" else request.GET.get(FIELD, ""))


def switched(request: HubRequest, company: Company, claimed: str) -> HttpResponse:
    """409: the page belongs to another company than the session does now."""
    other = next((c for c in request.companies if str(c.pk) == claimed), None)
    context = {"company": company, "page_company": other, "back": request.get_full_path()}
    return render(request, "companies/switched.html", context, status=409)


def switch(plain: HttpRequest) -> HttpResponse:
    """POST company=<id>: go on as another of one's companies."""
    request = cast(HubRequest, plain)
    chosen = request.POST.get("company", "")
    if request.method == "POST" and any(str(c.pk) == chosen for c in request.companies):
        request.session[SESSION_KEY] = chosen
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("hub:overview")
    return HttpResponseRedirect(back)
