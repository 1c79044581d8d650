"""Addresses that providers declare, mounted below /api/integrations/<key>/ under the house's own rules: a route's view
is a HubView, so that it cannot forget who asks, for which company, with which scopes, and how often."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import path
from django.utils.module_loading import import_string

from integration_hub.contract import Provider, registry
from integration_hub.contract.provider import Route
from integration_hub.rest.views import HubView

HOUSE_RULES = ("authentication_classes", "permission_classes", "throttle_classes")


class BrokenRoute(ImproperlyConfigured):
    """A provider declares an address that cannot be mounted."""


def urls() -> list[Any]:
    """The routes of all providers, in their order; BrokenRoute when one cannot be mounted."""
    return [pattern for provider in registry.providers() for pattern in mounted(provider)]


def mounted(provider: Provider) -> list[Any]:
    broken = [text for _code, text in complaints(provider)]
    if broken:
        raise BrokenRoute(" ".join(broken))
    return [path(address(provider, route), view_of(route).as_view()) for route in provider.routes]


def address(provider: Provider, route: Route) -> str:
    return f"integrations/{provider.key}/{route.path}"


def view_of(route: Route) -> Any:
    """ImportError when the dotted path leads nowhere."""
    return import_string(route.view)


@register()
def check_routes(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(text, obj=provider.key, id=f"api.{code}")
        for provider in registry.providers()
        for code, text in complaints(provider)
    ]


def complaints(provider: Provider) -> Iterator[tuple[str, str]]:
    """Everything wrong with the routes of one declaration."""
    for route in provider.routes:
        for code, text in (*_of_path(provider, route), *_of_view(route)):
            yield code, f"The route {route.path!r} of {provider.key!r} {text}"
    paths = [route.path for route in provider.routes]
    for twice in sorted({one for one in paths if paths.count(one) > 1}):
        yield "E004", f"{provider.key!r} declares the route {twice!r} twice."


def _of_path(provider: Provider, route: Route) -> Iterable[tuple[str, str]]:
    if not route.path or route.path.startswith("/") or route.path.endswith("/"):
        yield "E003", "must be a path that neither begins nor ends with a slash."
    try:
        path(address(provider, route), HubView.as_view()).pattern.regex  # noqa: B018 - compiled on first use
    except ImproperlyConfigured as error:
        yield "E003", f"is not in Django's path syntax: {error}"


def _of_view(route: Route) -> Iterable[tuple[str, str]]:
    try:
        view = view_of(route)
    except ImportError as error:
        yield "E001", f"names a view that cannot be imported: {error}."
        return
    if not (isinstance(view, type) and issubclass(view, HubView)):
        yield "E002", f"leads to {route.view}, which is not derived from rest.views.HubView."
        return
    for name in HOUSE_RULES:
        if getattr(view, name) != getattr(HubView, name):
            yield "E005", f"leads to {route.view}, which sets {name} of its own; the house's hold for all."
