"""A connected cabinet, empty or with what was discovered in it."""

import pytest

from integration_hub.companies.models import Company
from integration_hub.connections import nudge
from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.hub.tests import cabinet
from integration_hub.hub.tests.cabinet import CLIENTS, MADE, ORDERS
from integration_hub.hub.tests.mapping.pages import know


@pytest.fixture(autouse=True)
def in_a_cabinet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_providers", {cabinet.PROVIDER.key: cabinet.PROVIDER})
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    MADE.reset()


@pytest.fixture
def empty(company: Company) -> Connection:
    """Connected, and nothing discovered yet."""
    return Connection.everywhere.create(
        company=company,
        provider="cabinet",
        status="connected",
        is_active=True,
        api_key="k",
        account_label="The cabinet",
    )


@pytest.fixture
def connection(empty: Connection) -> Connection:
    know(empty, cabinet.cabinet(), ORDERS, CLIENTS)
    return empty
