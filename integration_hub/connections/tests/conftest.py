"""What the tests of this room share: keys to turn, and a look at what really lies in a column."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from integration_hub.companies.models import Company
from integration_hub.connections import nudge, services
from integration_hub.connections.models import Connection
from integration_hub.connections.tests.library import Library
from integration_hub.connections.tests.toy import GOOD, Toy
from integration_hub.contract import registry

OLD_KEY = "b2xkLWtleS1mb3ItdGVzdHMtb25seS0zMi1ieXRlcyE="
NEW_KEY = "bmV3LWtleS1mb3ItdGVzdHMtb25seS0zMi1ieXRlcyE="


@pytest.fixture
def stored() -> Callable[[Model, str], Any]:
    """What the database holds in a column, past every field's own reading."""

    def read(row: Model, column: str) -> Any:
        pk = row._meta.pk
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT "{column}" FROM "{row._meta.db_table}" WHERE "{pk.column}" = %s',
                [pk.get_db_prep_value(row.pk, connection)],
            )
            return cursor.fetchone()[0]

    return read


@pytest.fixture
def row(company: Company) -> Connection:
    return Connection.everywhere.create(
        company=company, provider="somewhere", api_key="sécret-1", secrets={"more": "sécret-2"}
    )


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """The toy provider, registered for one test."""
    provider = Toy()
    monkeypatch.setitem(registry._providers, "toy", provider)
    return provider


@pytest.fixture
def secrets() -> dict[str, str]:
    return {"api_key": GOOD, "signing": "s1gning"}


@pytest.fixture
def connected(company: Company, toy: Toy, secrets: dict[str, str]) -> Connection:
    """The toy's connection of `company`, made the usual way."""
    return services.connect(company, "toy", secrets, {}, actor="alice")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """A toy provider with something to discover."""
    provider = Library()
    monkeypatch.setitem(registry._providers, "toy", provider)
    return provider


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nudges for discoveries, counted instead of sent."""
    sent: list[str] = []
    monkeypatch.setattr(nudge._nudger, "publish", lambda: sent.append("nudge"))
    return sent


@pytest.fixture
def reader(company: Company, library: Library, secrets: dict[str, str], nudges: list[str]) -> Connection:
    """The library's connection of `company`."""
    return services.connect(company, "toy", secrets, {}, actor="alice")
