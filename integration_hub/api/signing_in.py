"""Where connecting by signing in begins: a browser is sent on, a program gets a link to give to a person."""

from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.integrations import IntegrationView
from integration_hub.companies.models import Role
from integration_hub.connections import links, oauth
from integration_hub.rest.fields import Text
from integration_hub.rest.problems import Problem, missing_scope
from integration_hub.rest.requests import token_of
from integration_hub.rest.serializers import StrictSerializer


class AuthSerializer(StrictSerializer):
    auth_url = Text(read_only=True, help_text="Opened by an admin of the company in a browser: good once, 15 minutes.")


class AuthView(IntegrationView):
    """Begin to connect by signing in at the provider. A browser is redirected to the page that asks and leads on (to
    the login first where needed). A program gets a link to that page, for an admin of the company; it needs the scope
    `admin`. The sign-in itself is bound to the browser it happens in."""

    @extend_schema(
        operation_id="integrations_auth",
        summary="Connect by signing in",
        responses={
            200: AuthSerializer,
            302: OpenApiResponse(description="For a browser: on to the page that asks."),
        },
    )
    def get(self, request: Request, provider: str) -> Response:
        declared = self.declared(provider)
        if declared.oauth is None:
            text = _("One cannot sign in at %(name)s. Connect it with a key.")
            raise Problem("not-found", text % {"name": declared.name})
        refuse_without_admin(request)
        if oauth.client_of(declared) is None:
            raise Problem("conflict", oauth.no_client(declared))
        return Response(AuthSerializer({"auth_url": links.make(declared.key, self.company.pk)}).data)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "GET" and is_browser(request) and kwargs.get("provider"):
            return HttpResponseRedirect(links.page(str(kwargs["provider"])))
        return super().dispatch(request, *args, **kwargs)


def is_browser(request: HttpRequest) -> bool:
    """Somebody who navigates: no token, and pages are what is asked for."""
    return "Authorization" not in request.headers and request.headers.get("Accept", "").startswith("text/html")


def refuse_without_admin(request: Request) -> None:
    """Reading, as far as HTTP goes; but what it leads to is for admins."""
    token = token_of(request)
    if token is not None and "admin" not in token.scopes:
        raise missing_scope("admin", token.scopes)
    if token is None and getattr(request._request, "role", None) is not Role.ADMIN:
        raise Problem("forbidden", _("Only admins of the company connect services. Ask one of them."))


def urls() -> list[Any]:
    return [path("integrations/<str:provider>/auth", AuthView.as_view())]
