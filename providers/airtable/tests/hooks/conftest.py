"""A company that reads a base as things happen: the hub, the simulator, and the pings between them, sent by hand."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from integration_hub.companies.models import Company
from integration_hub.connections import discovery
from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, registry
from integration_hub.http import clock
from integration_hub.records.services import orders
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sync import lanes, nudge, reading, setup, streams, worker
from integration_hub.sync.models import Mapping
from integration_hub.webhooks import nudge as events
from integration_hub.webhooks import processing
from providers.airtable.hooks import planning
from providers.airtable.models import AirtableWebhook
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator.pinging import Ping
from providers.airtable.streams import CHANGES

LATER = timedelta(minutes=11)  # the stream looks again by itself


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have tests of their own."""
    monkeypatch.setattr(planning, "BRIEF", timedelta())
    monkeypatch.setattr(planning, "LONGEST", timedelta())


class Post:
    """Carries pings from the simulator to the hub, and keeps them."""

    def __init__(self) -> None:
        self.browser = Client()
        self.sent: list[Ping] = []
        self.answers: list[int] = []

    def __call__(self, ping: Ping) -> int:
        self.sent.append(ping)
        return self.again(ping)

    def again(self, ping: Ping, **changes: Any) -> int:
        path = ping.url.split(":8000", 1)[1]
        given = {"raw": ping.raw, "headers": ping.headers, **changes}
        headers = {key: value for key, value in given["headers"].items() if key != "Content-Type"}
        answer = self.browser.post(path, given["raw"], content_type="application/json", headers=headers)
        self.answers.append(answer.status_code)
        return answer.status_code


@pytest.fixture
def sandbox(wire: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    for nudger in (nudge._nudger, events._nudger):
        monkeypatch.setattr(nudger, "publish", lambda: None)
    with running(AirtableSimulator()) as server:
        simulator = server.simulator("airtable")
        simulator.pinger.by_hand, simulator.pinger.send = True, Post()
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        yield server


@pytest.fixture
def post(sandbox: Sandbox) -> Post:
    found: Post = sandbox.simulator("airtable").pinger.send
    return found


@pytest.fixture
def pushing(transactional_db: None, company: Company, sandbox: Sandbox) -> Mapping:
    """Connected; orders are only written."""
    given = sandbox.simulator("airtable").credentials()
    setup.connect(company, "airtable", {"token": given["token"]}, {"base_id": given["base_id"]}, actor="alice")
    discovery.serve(20)
    drain()
    return Mapping.everywhere.get()


@pytest.fixture
def mapping(pushing: Mapping, sandbox: Sandbox) -> Mapping:
    """Both ways, with a webhook that was heard."""
    both_ways(pushing)
    drain()
    deliver(sandbox)
    assert AirtableWebhook.everywhere.get().pinged_at is not None
    return pushing


@pytest.fixture
def order(mapping: Mapping, company: Company, sandbox: Sandbox) -> Any:
    """An order whose row is there, and whose echo was heard."""
    made = orders.create(company, {"currency": "EUR", "total": "10"})
    drain()
    deliver(sandbox)
    made.refresh_from_db()
    assert made.record_id
    return made


def both_ways(mapping: Mapping) -> None:
    """As somebody saves it: `mapped` is called in the transaction that changes it."""
    way = {"direction": Direction.BOTH.value, "on_remote_delete": "delete", "by_hand": True}
    Mapping.everywhere.filter(pk=mapping.pk).update(**way)
    mapping.refresh_from_db()
    reading.ensure(mapping)
    registry.provider("airtable").mapped(mapping)
    lanes.wake([mapping.pk])


def drain() -> None:
    """Do everything that is due now."""
    for _round in range(3):  # events wake streams, and streams wake lanes
        processing.drain(20)
        lanes.repair()
        worker.drain(20)


def deliver(sandbox: Sandbox) -> int:
    """Send the pings that wait, and do what they lead to."""
    sent: int = sandbox.simulator("airtable").pinger.deliver()
    drain()
    return sent


def look(connection: Connection) -> None:
    """What the next night would do."""
    AirtableWebhook.everywhere.filter(connection=connection).update(look_at=None)
    poke(connection)


def poke(connection: Connection) -> None:
    streams.poke([(connection.pk, CHANGES)])
    drain()


def add(sandbox: Sandbox, **fields: Any) -> str:
    return str(sandbox.control("airtable", "add", table="Orders", fields=fields)["id"])


def edit(sandbox: Sandbox, record: str | None, **fields: Any) -> None:
    sandbox.control("airtable", "edit", table="Orders", record=record, fields=fields)


def row(sandbox: Sandbox, record: str | None) -> dict[str, Any]:
    rows = {one["id"]: one["fields"] for one in sandbox.control("airtable", "rows", table="Orders")}
    return dict(rows[str(record)])


def asked(sandbox: Sandbox, since: int = 0) -> list[str]:
    """Method and last part of each request, without those before number `since`."""
    paths = [(one["method"], one["path"].split("?")[0]) for one in sandbox.requests("airtable", 1000)]
    return [f"{method} {path.rsplit('/', 1)[-1]}" for method, path in paths][since:]


def hooks(sandbox: Sandbox) -> list[dict[str, Any]]:
    with sandbox.simulator("airtable").lock:
        return [hook.view() for hook in sandbox.simulator("airtable").state.hooks]


def ages(seconds: float, sandbox: Sandbox) -> Any:
    """Time passes here and there."""
    sandbox.control("airtable", "advance", seconds=seconds)
    return clock.shifted(timedelta(seconds=seconds))


Carry = Callable[[Ping], int]
