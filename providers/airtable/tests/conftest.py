"""Airtable over the real door; `responses` stands where the wire was, fixtures/api holds what Airtable would say."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import responses

from integration_hub.contract import MappedField, RecordType, Target, registry
from integration_hub.http.door import Door
from integration_hub.sandbox.clients import client as demo_client
from integration_hub.sandbox.testing import Sandbox, running
from providers.airtable.client import AirtableClient
from providers.airtable.provider import Airtable
from providers.airtable.sandbox import AirtableSimulator

API = "https://api.airtable.com/v0"
TOKEN = "patAbcdefghijklmn." + "0123456789abcdef" * 4
BASE, TABLE, HUB_ID = "appOrdersBase0001", "tblOrders00000001", "fldHubId000000001"
FIRST, SECOND = "8f6f6c1e-5f0b-4b52-9a2f-4a8f7f0f0001", "8f6f6c1e-5f0b-4b52-9a2f-4a8f7f0f0002"
REC1, REC2 = "recOrder000000001", "recOrder000000002"


def payload(name: str) -> Any:
    """A body as Airtable sends it."""
    return json.loads((Path(__file__).parent / "fixtures" / "api" / f"{name}.json").read_text(encoding="utf-8"))


ERRORS = payload("errors")


AT_ITS_PACE = Airtable.api


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The door as in life, but at a pace that nobody has to wait for: the simulator is told to bear it."""
    rates = tuple(replace(rate, calls=1000) for rate in AT_ITS_PACE.rates)
    monkeypatch.setattr(Airtable, "api", replace(AT_ITS_PACE, rates=rates))


@pytest.fixture
def http() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(registry=responses.registries.OrderedRegistry) as mock:
        yield mock


@pytest.fixture
def say(http: responses.RequestsMock) -> Callable[..., None]:
    """Queue answers: method, path, then a fixture's name, a body, or an error's name after `!`."""

    def queue(method: str, path: str, answer: Any = "") -> None:
        if isinstance(answer, str) and answer.startswith("!"):
            error = ERRORS[answer[1:]]
            http.add(method, API + path, json=error["body"], status=error["status"])
        else:
            http.add(method, API + path, json=payload(answer) if isinstance(answer, str) else answer)

    return queue


@pytest.fixture
def client(db: None) -> AirtableClient:
    provider = registry.provider("airtable")
    door = Door(
        provider,
        base_url=provider.api.base_url,
        account="tests",
        company_id=None,
        headers=provider.headers({"token": TOKEN}),
        secrets=(TOKEN,),
    )
    return AirtableClient(door)


def sent(http: responses.RequestsMock, number: int = -1) -> Any:
    """The JSON body of a request that was made."""
    return json.loads(http.calls[number].request.body or b"null")


def asked(http: responses.RequestsMock) -> list[str]:
    """Method and path of every request that was made."""
    return [f"{call.request.method} {call.request.path_url.removeprefix('/v0')}" for call in http.calls]


def order_type() -> RecordType:
    return registry.record_type("order")


def target(*fields: MappedField) -> Target:
    place = {"base": BASE, "table": TABLE}
    return Target(str(UUID(int=1)), "order", place, HUB_ID, fields)


@pytest.fixture
def sign_in_sandbox(monkeypatch: pytest.MonkeyPatch, wire: None) -> Iterator[Sandbox]:
    """The simulator, at which people can sign in."""
    with running(AirtableSimulator()) as sandbox:
        for kind in ("API", "OAUTH"):
            monkeypatch.setenv(f"AIRTABLE_{kind}_URL", f"{sandbox.url}/airtable")
        for name, value in zip(("ID", "SECRET"), demo_client("airtable"), strict=True):
            monkeypatch.setenv(f"AIRTABLE_CLIENT_{name}", value)
        yield sandbox
