"""Clients of the toy API: a program with a token, and people with sessions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from integration_hub.companies import tokens


@pytest.fixture(autouse=True)
def _toy(settings: Any) -> None:
    settings.ROOT_URLCONF = "integration_hub.rest.tests.toy"
    settings.API_RATE_ADDRESS = "1000/min"
    cache.clear()


@pytest.fixture
def program(api_token: Any) -> Client:
    """A client that sends a token of `company` with every request."""
    return Client(headers={"Authorization": f"Bearer {api_token[1]}"}, raise_request_exception=False)


@pytest.fixture
def with_scopes(company: Any) -> Callable[..., Client]:
    def make(*scopes: str) -> Client:
        _row, text = tokens.issue(company, "narrow", list(scopes))
        return Client(headers={"Authorization": f"Bearer {text}"})

    return make
