"""Errors outside of views: Django's handlers answer with a problem document where the API was asked."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from integration_hub.rest.problems import Problem, answer, translate


def asks_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    return answer(Problem("internal")) if asks_api(request) else defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not asks_api(request):
        return defaults.bad_request(request, exception)
    problem = translate(exception)
    return answer(problem if problem.kind.status < 500 else Problem("malformed"))
