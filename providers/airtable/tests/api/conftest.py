"""A program at the hub's door, and Airtable's simulator behind the hub."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.test import Client

from integration_hub.companies.models import ApiToken, Company
from integration_hub.connections.models import Connection
from integration_hub.rest.tests.test_access import problem
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sync import nudge, setup
from providers.airtable.sandbox import AirtableSimulator

ROOT = "/api/integrations/airtable"
SALES, EVENTS = "appDemoSalesBase1", "appDemoEventBase1"
__all__ = ["EVENTS", "ROOT", "SALES", "address", "client_of", "fields_of", "patch", "post", "problem", "table_of"]


@pytest.fixture
def sandbox(wire: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    cache.clear()
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        yield server


@pytest.fixture
def connected(company: Company, sandbox: Sandbox) -> Connection:
    """Alice's company, connected; its orders go to the table Orders of the sales base."""
    return connect(company, sandbox)


def connect(company: Company, sandbox: Sandbox, token: str = "demo") -> Connection:
    key = sandbox.simulator("airtable").token(token)
    return setup.connect(company, "airtable", {"token": key}, {"base_id": SALES}, actor="alice")


def client_of(token_text: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token_text}"})


@pytest.fixture
def program(api_token: Any) -> Client:
    ApiToken.everywhere.update(unthrottled=True)
    return client_of(api_token[1])


@pytest.fixture
def romanian(connected: Connection, sandbox: Sandbox) -> str:
    """The id of a table with the names of the specification, and without a field for the hub's id."""
    fields = [
        {"name": "Număr Comandă", "type": "singleLineText"},
        {"name": "Email Client", "type": "email"},
        {"name": "Sumă Totală", "type": "currency", "options": {"precision": 2, "symbol": "lei"}},
    ]
    return make_table(sandbox, "Comenzi", fields)


def make_table(sandbox: Sandbox, name: str, fields: list[Any], base: str = SALES) -> str:
    """A table that somebody makes over there; its id."""
    from providers.airtable.simulator import fields as making

    simulator = sandbox.simulator("airtable")
    with simulator.lock:
        table = making.new_table(name, making.make_all(fields))
        next(one for one in simulator.state.bases if one.id == base).tables.append(table)
    return str(table.id)


def address(*parts: str, of: str = ROOT) -> str:
    """Names in it percent-encoded, each as one segment."""
    return "/".join([of, *(quote(part, safe="") for part in parts)])


def post(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(path, body, "application/json", headers=headers)


def patch(client: Client, path: str, body: Any) -> Any:
    return client.patch(path, body, "application/json")


def table_of(client: Client, name: str, base: str = SALES, query: str = "") -> dict[str, Any]:
    """The table with this name, as the API lists it."""
    results = client.get(address("bases", base, "tables") + query).json()["results"]
    return next(table for table in results if table["name"] == name)


def fields_of(client: Client, name: str, base: str = SALES, query: str = "") -> dict[str, str]:
    return {field["name"]: field["id"] for field in table_of(client, name, base, query)["fields"]}
