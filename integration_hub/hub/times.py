"""Times on a page are those of the company it was made for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class CompanyTimeMiddleware:
    """After CompanyMiddleware: everything rendered speaks the company's zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        company = getattr(request, "company", None)
        if company is None:
            return self.get_response(request)
        with timezone.override(company.timezone):
            return self.get_response(request)
