"""How often: each token has its own rate; whoever comes without a valid one shares the rate of the address."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from integration_hub.rest.requests import token_of


class TokenThrottle(SimpleRateThrottle):
    """API_RATE_TOKEN for each token (default 600 a minute)."""

    scope = "token"

    def get_rate(self) -> str:
        return str(settings.API_RATE_TOKEN)

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        token = token_of(request)
        if token is None or token.unthrottled:
            return None
        return self.cache_format % {"scope": self.scope, "ident": token.pk}


class AddressThrottle(SimpleRateThrottle):
    """API_RATE_ADDRESS for each network address without a valid token (default 60 a minute): sessions, guesses."""

    scope = "address"

    def get_rate(self) -> str:
        return str(settings.API_RATE_ADDRESS)

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if token_of(request) is not None:
            return None
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
