"""A new connection is looked through at once, and the sweep finds what a lost nudge left."""

from collections.abc import Iterator
from typing import Any

import pytest

from integration_hub.connections import discovery, nudge
from integration_hub.connections.models import Connection, Discovery
from integration_hub.contract import Resource
from integration_hub.sync import setup, tasks
from integration_hub.sync.models import Mapping
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import connection_of

pytestmark = pytest.mark.engine


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(nudge._nudger, "publish", lambda: sent.append("nudge"))
    return sent


@pytest.fixture
def again(world: Mapping, nudges: list[str], monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The toy is connected again, and now there is something to discover."""

    def discover(self: toy.Toy, client: Any, within: str = "") -> Iterator[Resource]:
        yield Resource("table", "one", "One")

    monkeypatch.setattr(toy.Toy, "discover", discover)
    assert not Discovery.everywhere.exists(), "a provider without discovery is not asked"
    return setup.connect(world.company, "toy", {"api_key": "k"}, {}, actor="tests")


def test_a_new_connection_is_asked_and_a_worker_finds(again: Connection, nudges: list[str]) -> None:
    assert len(nudges) == 1
    assert discovery.known(again).asked
    assert discovery.serve() == 1
    assert [resource.label for resource in discovery.known(again).resources] == ["One"]


def test_the_sweep_repairs_a_lost_nudge(world: Mapping, again: Connection, nudges: list[str]) -> None:
    nudges.clear()
    tasks.sweep()
    assert len(nudges) == 1
    discovery.serve()
    tasks.sweep()
    assert len(nudges) == 1
    assert discovery.known(connection_of(world)).fresh
