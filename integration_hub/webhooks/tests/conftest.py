"""Fixtures of the room: the toy connected for Alice's company, and its own way of reporting."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from integration_hub.companies.models import Company
from integration_hub.connections.models import Connection
from integration_hub.sync import nudge as engine
from integration_hub.sync import setup
from integration_hub.webhooks import nudge
from integration_hub.webhooks.out import nudge as outgoing
from integration_hub.webhooks.out import services
from integration_hub.webhooks.out.kinds import EVENTS
from integration_hub.webhooks.out.models import Subscription
from integration_hub.webhooks.tests import endpoint, toy

Report = Callable[..., Any]
Subscribe = Callable[..., tuple[Subscription, str]]


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nudges go nowhere."""
    monkeypatch.setattr(engine._nudger, "publish", lambda: None)
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    monkeypatch.setattr(outgoing._nudger, "publish", lambda: None)


@pytest.fixture
def connection(transactional_db: None, quiet: None, company: Company) -> Iterator[Connection]:
    toy.register()
    yield setup.connect(company, toy.KEY, {"key": "k", "webhook_secret": toy.SECRET}, {}, actor="tests")
    toy.unregister()


@pytest.fixture
def report(connection: Connection) -> Report:
    """report(body, headers) → the hub's answer at the connection's own address, signed unless headers are given."""
    client = Client(raise_request_exception=False)

    def post(raw: bytes, headers: dict[str, str] | None = None, address: str = "") -> Any:
        address = address or f"/api/webhooks/{toy.KEY}/{connection.pk}"
        given = toy.signed(raw) if headers is None else headers
        return client.post(address, raw, content_type="application/json", headers=given)

    return post


@pytest.fixture
def receiver(transactional_db: None, quiet: None, wire: None, settings: Any) -> Iterator[endpoint.Endpoint]:
    """An endpoint on this machine, which the operator allowed."""
    settings.ALLOWED_PRIVATE_HOSTS = [endpoint.ALLOWED]
    with endpoint.running() as found:
        yield found


@pytest.fixture
def subscribe(company: Company, quiet: None, settings: Any) -> Subscribe:
    """subscribe(url, events=…, record_types=…, company=…) → the subscription and its secret; of everything, where
    nothing is said."""
    settings.ALLOWED_PRIVATE_HOSTS = [endpoint.ALLOWED]

    def make(url: str = "https://shop.example.com/hook", *, owner: Company | None = None, **given: Any) -> Any:
        said = {"url": url, "events": list(EVENTS), **given}
        return services.create(owner or company, said, actor="tests")

    return make
