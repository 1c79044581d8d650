"""A toy room behind the grammar: API tokens as things to list and make, and views that misbehave on order."""

import threading
from typing import Any
from uuid import uuid4

import django_filters
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.urls import include, path, re_path
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.companies import scope
from integration_hub.companies.models import ApiToken
from integration_hub.contract import AuthFailed, ConfigError, RateLimited, Rejected, TransientError
from integration_hub.rest import fields
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.views import HubView, HubViewSet, NotFoundView, ProblemKindsView


class PartSerializer(StrictSerializer):
    quantity = fields.Whole(min_value=1)


class ThingSerializer(StrictSerializer):
    id = fields.Id(read_only=True)
    name = fields.Text(max_length=20)
    kind = fields.Choice(["small", "large"], required=False, write_only=True)
    price = fields.Amount(required=False, write_only=True, minimum="0", maximum="1000")
    at = fields.Moment(required=False, write_only=True)
    wanted = fields.Switch(required=False, write_only=True)
    other = fields.Id(required=False, write_only=True)
    parts = PartSerializer(many=True, required=False, write_only=True)


class ThingFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains")


class Gate:
    """Lets a test hold a request in the middle of its work."""

    entered = threading.Event()
    go_on = threading.Event()
    closed = False

    @classmethod
    def close(cls) -> None:
        cls.entered.clear()
        cls.go_on.clear()
        cls.closed = True

    @classmethod
    def pass_through(cls) -> None:
        if cls.closed:
            cls.entered.set()
            assert cls.go_on.wait(10)


class ThingView(HubViewSet):
    serializer_class = ThingSerializer
    filterset_class = ThingFilter

    def get_queryset(self) -> Any:
        return ApiToken.objects.order_by("-created_at", "-pk")

    def list(self, request: Request) -> Response:
        return self.page(self.get_queryset())

    def create(self, request: Request) -> Response:
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        name = body.validated_data["name"]
        thing = ApiToken.everywhere.create(company_id=scope.current(), name=name, prefix="p", digest=uuid4().hex)
        Gate.pass_through()
        if name == "explode":
            raise RuntimeError("the secret is 12345")
        return Response(self.get_serializer(thing).data, status=201, headers={"Location": f"/api/things/{thing.pk}"})


ERRORS: dict[str, Exception] = {
    "busy": OperationalError("database is locked"),
    "bug": RuntimeError("the secret is 12345"),
    "denied": PermissionDenied(),
    "suspicious": SuspiciousOperation(),
    "auth": AuthFailed("Toy no longer takes the key."),
    "config": ConfigError("The base is gone."),
    "rejected": Rejected("The value does not fit."),
    "transient": TransientError("Toy did not answer."),
    "limited": RateLimited("Toy asks for patience.", retry_after=30),
}


class ErrorView(HubView):
    def get(self, request: Request, name: str) -> Response:
        raise ERRORS[name]


class OutsideView(HubView):
    """A command that may not run in a transaction, and needs the scope admin."""

    unsafe_scope = "admin"
    calls_out = True

    def post(self, request: Request) -> Response:
        from django.db import connection

        return Response({"in_transaction": connection.in_atomic_block, "company": str(scope.current())})


class ScopeView(HubView):
    def get(self, request: Request) -> Response:
        return Response({"company": str(scope.current())})


urlpatterns = [
    path("", include("integration_hub.hub.urls")),
    path("api/things", ThingView.as_view({"get": "list", "post": "create"})),
    path("api/errors/<str:name>", ErrorView.as_view()),
    path("api/outside", OutsideView.as_view()),
    path("api/scope", ScopeView.as_view()),
    path("api/problems/<slug:code>", ProblemKindsView.as_view()),
    re_path(r"^api(?:/|\Z)", NotFoundView.as_view()),
]
handler400 = "integration_hub.rest.errors.bad_request"
handler500 = "integration_hub.rest.errors.server_error"
