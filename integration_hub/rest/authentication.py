"""Who asks: a program with an API token, or a person's browser session."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from integration_hub.companies import tokens
from integration_hub.companies.middleware import HEADER
from integration_hub.companies.models import ApiToken, User
from integration_hub.companies.requests import HubRequest
from integration_hub.rest.problems import Problem

if TYPE_CHECKING:
    from typing import Any

REALM = 'Bearer realm="Integration Hub"'


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer hub_…`. Any other Authorization header is refused rather than overlooked."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiToken] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _space, text = header.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise exceptions.AuthenticationFailed(_("Send the token as: Authorization: Bearer <token>."))
        token = tokens.find(text.strip())
        if token is None:
            raise exceptions.AuthenticationFailed(_("This API token does not exist or was revoked."))
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return REALM


class SessionAuthentication(authentication.SessionAuthentication):
    """A person in the browser: unsafe methods need the CSRF token, and the page must belong to the present company."""

    def authenticate(self, request: Request) -> "tuple[Any, None] | None":
        found = super().authenticate(request)
        if found is None or not isinstance(found[0], User):
            return None
        refuse_other_company(request)
        return found[0], None


def refuse_other_company(request: Request) -> None:
    """409 when the person went on to another company in another tab."""
    plain: HubRequest = request._request  # type: ignore[assignment]
    claimed = request.headers.get(HEADER, "")
    if claimed and plain.company is not None and claimed != str(plain.company.pk):
        detail = _("You switched to %(company)s in another tab. Reload the page and try again.")
        raise Problem("company-switched", detail % {"company": plain.company.name})
