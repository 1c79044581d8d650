"""A program and people at the API's door, and a few records to ask for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from integration_hub.api.tests.toy import Toy
from integration_hub.companies import scope
from integration_hub.companies.models import ApiToken
from integration_hub.contract import registry
from integration_hub.records.models import Customer, Event, Order
from integration_hub.records.services import customers, events, orders
from integration_hub.sync import nudge


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nudges go nowhere, and nobody is throttled by what the test before asked."""
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    cache.clear()


def client_of(token_text: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token_text}"})


@pytest.fixture
def program(api_token: Any) -> Client:
    """Sends a token of `company` with every request; not throttled, so that queries can be counted."""
    ApiToken.everywhere.update(unthrottled=True)
    return client_of(api_token[1])


@pytest.fixture
def customer(company: Any) -> Customer:
    return customers.create(company, {"name": "Ana Pop", "email": "ana@example.com"})


@pytest.fixture
def stranger(other_company: Any) -> Customer:
    """A customer of the other company."""
    return customers.create(other_company, {"name": "Ana Stranger", "email": "stranger@example.com"})


@pytest.fixture
def order(company: Any, customer: Customer) -> Order:
    line = {"description": "Day pass", "quantity": 2, "unit_price": "45.00", "discount": "0.15"}
    return orders.create(company, {"order_number": "A-1", "customer": customer, "items": [line]})


@pytest.fixture
def their_order(other_company: Any, stranger: Customer) -> Order:
    made = orders.create(other_company, {"order_number": "B-1", "customer": stranger, "total": "10"})
    orders.set_record_ids(other_company.pk, {made.pk: "recTHEIRS00000001"})
    return made


@pytest.fixture
def event(company: Any) -> Event:
    when = {"starts_at": "2026-12-01T18:00:00Z", "ends_at": "2026-12-01T20:00:00Z"}
    return events.create(company, {"title": "Concert", **when})


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    """A provider without a network."""
    provider = Toy()
    monkeypatch.setitem(registry._providers, provider.key, provider)
    yield provider
    assert scope.current_or_none() is None
