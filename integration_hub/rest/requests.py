"""Whose company a request is for, and on whose word."""

from typing import cast

from rest_framework.request import Request

from integration_hub.companies.models import ApiToken, Company


def token_of(request: Request) -> ApiToken | None:
    return request.auth if isinstance(request.auth, ApiToken) else None


def company_of(request: Request) -> Company | None:
    """The token's company, else the one the session is in."""
    token = token_of(request)
    if token is not None:
        return token.company
    return cast("Company | None", getattr(request._request, "company", None))


def actor_of(request: Request) -> str:
    """Who did it, for the audit trail: a token's name or a person's user name."""
    token = token_of(request)
    return f"API token {token.name} ({token.prefix}…)" if token is not None else str(request.user.get_username())
