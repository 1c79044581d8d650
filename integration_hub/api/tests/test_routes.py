"""Addresses that a provider declares: mounted, under the house's rules, described, and refused when they are wrong."""

from types import ModuleType
from typing import Any

import pytest
from django.core.cache import cache
from django.core.checks.registry import registry as checks
from django.test import Client
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api import integrations, routes
from integration_hub.api.tests.conftest import client_of
from integration_hub.companies import scope, tokens
from integration_hub.contract import registry
from integration_hub.contract.provider import Route
from integration_hub.records.models import Order
from integration_hub.rest.serializers import StrictSerializer
from integration_hub.rest.tests.test_access import problem
from integration_hub.rest.views import HubView, PublicView

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
HERE = "integration_hub.api.tests.test_routes"


class DrawersView(HubView):
    """What lies in a drawer of the toy box."""

    unsafe_scope = "admin"

    def get(self, request: Request, drawer: str) -> Response:
        return Response({"drawer": drawer, "company": str(self.company.pk), "orders": Order.objects.count()})

    def post(self, request: Request, drawer: str) -> Response:
        return Response({"drawer": drawer, **StrictSerializer(data=request.data).initial_data}, status=201)


class OwnSyncView(HubView):
    """Answers in the place of the generic sync."""

    def post(self, request: Request) -> Response:
        return Response({"own": True})


class OpenView(HubView):
    permission_classes = (AllowAny,)


class NoView:
    pass


def route(path: str, view: str) -> Route:
    return Route(path, f"{HERE}.{view}")


@pytest.fixture
def mounted(toy: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The toy box with two addresses of its own, as a start with such a declaration would mount them."""
    declared = (route("drawers/<path:drawer>", "DrawersView"), route("sync", "OwnSyncView"))
    monkeypatch.setattr(type(toy), "routes", declared)
    urls = ModuleType("urls_with_the_toy_box")
    api = [*routes.urls(), *integrations.urls()]
    urls.urlpatterns = [path("api/", include(api)), path("", include("integration_hub.hub.urls"))]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls
    return toy


def test_a_route_is_mounted_below_the_providers_key(mounted: Any, program: Client, company: Any, order: Any) -> None:
    answer = program.get("/api/integrations/toy/drawers/left")
    assert answer.json() == {"drawer": "left", "company": str(company.pk), "orders": 1}
    made = program.post("/api/integrations/toy/drawers/left", {"lamp": 1}, "application/json")
    assert (made.status_code, made.json()) == (201, {"drawer": "left", "lamp": 1})


def test_names_in_an_address_may_hold_anything(mounted: Any, program: Client) -> None:
    for name, written in (("a/b", "a%2Fb"), ("🎟 Bilete", "%F0%9F%8E%9F%20Bilete"), ('"x"', "%22x%22")):
        assert program.get(f"/api/integrations/toy/drawers/{written}").json()["drawer"] == name


def test_a_route_wins_over_the_generic_address(mounted: Any, program: Client) -> None:
    assert program.post("/api/integrations/toy/sync", content_type="application/json").json() == {"own": True}
    assert program.get("/api/integrations/toy").json()["key"] == "toy"


def test_a_route_stands_under_the_houses_authentication_and_scopes(mounted: Any, company: Any, bob: Any) -> None:
    address = "/api/integrations/toy/drawers/left"
    problem(Client().get(address), 401)
    reader = client_of(tokens.issue(company, "reader", ["read"])[1])
    assert reader.get(address).status_code == 200
    assert "“admin”" in problem(reader.post(address, {}, "application/json"), 403)["detail"]
    staff = Client()
    staff.force_login(bob)
    assert staff.get(address).status_code == 200
    problem(staff.post(address, {}, "application/json"), 403)
    assert scope.current_or_none() is None


def test_a_route_enters_the_companys_scope(mounted: Any, other_company: Any, order: Any) -> None:
    theirs = client_of(tokens.issue(other_company, "theirs", ["read"])[1])
    answer = theirs.get("/api/integrations/toy/drawers/left").json()
    assert answer == {"drawer": "left", "company": str(other_company.pk), "orders": 0}


def test_a_route_is_throttled_and_strict_about_parameters(mounted: Any, company: Any, settings: Any) -> None:
    settings.API_RATE_TOKEN = "2/min"
    cache.clear()
    program = client_of(tokens.issue(company, "busy", ["read"])[1])
    problem(program.get("/api/integrations/toy/drawers/left?colour=red"), 400)
    assert program.get("/api/integrations/toy/drawers/left").status_code == 200
    assert "Retry-After" in program.get("/api/integrations/toy/drawers/left").headers


def test_an_idempotency_key_is_honoured(mounted: Any, program: Client) -> None:
    address, headers = "/api/integrations/toy/drawers/left", {"Idempotency-Key": "d1"}
    first, second = (program.post(address, {"a": 1}, "application/json", headers=headers) for _ in range(2))
    assert (first.json(), second["Idempotency-Replayed"]) == (second.json(), "true")


def test_routes_are_in_the_document(mounted: Any) -> None:
    document = SchemaGenerator(patterns=[path("api/", include(routes.urls()))]).get_schema(public=True)
    found = document["paths"]["/api/integrations/toy/drawers/{drawer}"]
    assert set(found) == {"get", "post"}
    assert {"401", "403", "404", "409", "429", "502"} <= set(found["get"]["responses"])


@pytest.mark.parametrize(
    ("declared", "code", "said"),
    [
        ((Route("a", "integration_hub.nowhere.View"),), "api.E001", "cannot be imported"),
        ((Route("a", f"{HERE}.Forgotten"),), "api.E001", "cannot be imported"),
        ((Route("a", "View"),), "api.E001", "cannot be imported"),
        ((route("a", "NoView"),), "api.E002", "not derived from"),
        ((route("a", "route"),), "api.E002", "not derived from"),
        ((route("/a", "DrawersView"),), "api.E003", "nor ends with a slash"),
        ((route("a/", "DrawersView"),), "api.E003", "nor ends with a slash"),
        ((route("<nonsense:a>", "DrawersView"),), "api.E003", "path syntax"),
        ((route("a", "DrawersView"), route("a", "OwnSyncView")), "api.E004", "twice"),
        ((route("a", "OpenView"),), "api.E005", "permission_classes"),
        ((Route("a", f"{PublicView.__module__}.PublicView"),), "api.E005", "authentication_classes"),
    ],
)
def test_a_wrong_declaration_is_an_error_at_start(
    toy: Any, monkeypatch: pytest.MonkeyPatch, declared: Any, code: str, said: str
) -> None:
    monkeypatch.setattr(type(toy), "routes", declared)
    assert routes.check_routes in checks.registered_checks
    found = [message for message in routes.check_routes() if message.id == code]
    assert said in " ".join(str(message.msg) for message in found)
    assert {message.obj for message in found} == {"toy"}
    with pytest.raises(routes.BrokenRoute, match="'toy'"):
        routes.urls()


def test_what_is_declared_in_this_house_is_sound() -> None:
    assert routes.check_routes() == []


@pytest.mark.parametrize("provider", registry.providers(), ids=lambda provider: provider.key)
def test_no_providers_route_answers_strangers(provider: Any, company: Any) -> None:
    """Every operation of every declared route refuses who has no token, and who lacks the scope."""
    reader, writer = (client_of(tokens.issue(company, scope, [scope])[1]) for scope in ("read", "write"))
    for pattern in routes.mounted(provider):
        address = "/api/" + "/".join("x" if "<" in part else part for part in str(pattern.pattern).split("/"))
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(pattern.callback.cls, method):
                problem(getattr(Client(), method)(address, content_type="application/json"), 401)
                lacking = writer if method == "get" else reader
                problem(getattr(lacking, method)(address, content_type="application/json"), 403)
