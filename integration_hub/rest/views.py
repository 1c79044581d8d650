"""The views every address of the API stands on."""

from contextlib import ExitStack
from functools import partial
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, MethodNotAllowed, ValidationError
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from integration_hub.companies import scope
from integration_hub.companies.models import Company
from integration_hub.rest import idempotency, query
from integration_hub.rest.kinds import KINDS
from integration_hub.rest.problems import Problem, by_field, refuse
from integration_hub.rest.requests import company_of


class HubView(APIView):
    """Enters the caller's company for exactly this request, and is strict about what is asked.

    `unsafe_scope` is what a token needs for unsafe methods; `query_parameters` are the ones of the address;
    `calls_out`: an unsafe method speaks to a provider, so an Idempotency-Key cannot hold a transaction around it.
    """

    unsafe_scope: ClassVar[str] = "write"
    query_parameters: ClassVar[tuple[str, ...]] = ()
    calls_out: ClassVar[bool] = False
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # noqa: RUF012

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self.entered:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who, how often, whether at all, and then what: each step refuses before the next one costs anything."""
        self.format_kwarg = None
        self.perform_authentication(request)
        self.check_throttles(request)
        self.check_method(request)
        self.check_permissions(request)
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        query.check(request.query_params, self.known_parameters())
        if request.method not in SAFE_METHODS:
            _ = request._request.body  # read here, where a body over the limit becomes a 413
        if idempotency.asked(request):
            self._once(request)

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except APIException:
            self.check_throttles(request)  # guessing tokens is slowed down too
            raise
        company = company_of(request)
        if company is not None:
            self.entered.enter_context(scope.entered(company.pk))

    @property
    def company(self) -> Company:
        """The company this request is for; permissions let nobody in without one."""
        company = company_of(self.request)
        if company is None:
            raise Problem("forbidden")
        return company

    def check_method(self, request: Request) -> None:
        """405 comes before everything that depends on what the method would do."""
        if (request.method or "").lower() not in self.http_method_names or self.handler(request) is None:
            raise MethodNotAllowed(str(request.method))

    def handler(self, request: Request) -> Any:
        return getattr(self, (request.method or "").lower(), None)

    def known_parameters(self) -> list[str]:
        return list(self.query_parameters)

    def _once(self, request: Request) -> None:
        """DRF looks the handler up after `initial`, and finds it wrapped."""
        setattr(self, (request.method or "").lower(), partial(self._run_once, self.handler(request)))

    def _run_once(self, handler: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return idempotency.once(request, partial(handler, request, *args, **kwargs), atomic=not self.calls_out)


class HubViewSet(HubView, GenericViewSet[Any]):
    """A HubView over one kind of object, with lists, filters and pages."""

    def known_parameters(self) -> list[str]:
        names = super().known_parameters()
        if getattr(self, "action", "") == "list":
            filters = getattr(self, "filterset_class", None)
            names += [*(filters.base_filters if filters is not None else ()), *paging_parameters(self)]
        return names

    def filter_queryset(self, queryset: Any) -> Any:
        try:
            return super().filter_queryset(queryset)
        except ValidationError as error:
            raise Problem("parameter", errors=by_field(error.detail)) from error

    def count(self, queryset: Any) -> int:
        """How many rows all pages have together; a view that knows without counting says so."""
        return int(queryset.count())

    def page(self, queryset: Any) -> Response:
        """The page asked for, as an answer."""
        rows = self.paginate_queryset(self.filter_queryset(queryset))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


def paging_parameters(view: GenericViewSet[Any]) -> tuple[str, ...]:
    return tuple(getattr(view.paginator, "parameters", ()))


class PublicView(HubView):
    """No company, no token: the same for everyone."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class NotFoundView(PublicView):
    """Every address under /api that is none; a trailing slash is the usual reason."""

    throttle_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        path = request.path
        if path.endswith("/") and path.strip("/") != "api":
            raise Problem("not-found", f"No address of the API ends in a slash. Try {path.rstrip('/')}.")
        refuse("not-found", f"There is no address {path}. See /docs for all of them.")


class ProblemKindsView(PublicView):
    """What the `type` of a problem document points at."""

    schema = None

    def get(self, request: Request, code: str = "") -> Response:
        if not code:
            return Response({"results": [kind.as_dict() for kind in KINDS.values()]})
        if code not in KINDS:
            raise Problem("not-found")
        return Response(KINDS[code].as_dict())
