"""The word to the workers that a discovery is due: harmless, and nobody waits for it."""

from typing import Any

import pytest
from kombu.exceptions import OperationalError

from integration_hub.connections import discovery, nudge, tasks
from integration_hub.connections.models import Connection
from integration_hub.connections.tests.library import Library

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nudger(reader: Connection, monkeypatch: pytest.MonkeyPatch) -> nudge.Nudger:
    """One that sends, after the connection was made with one that does not."""
    fresh = nudge.Nudger()
    monkeypatch.setattr(nudge, "_nudger", fresh)
    return fresh


def test_a_nudge_expires_and_is_never_retried_by_the_sender(
    reader: Connection, nudger: nudge.Nudger, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.discover, "apply_async", lambda **options: sent.append(options))
    discovery.ask(reader)
    assert sent == [{"expires": 10, "retry": False}]


def test_a_broker_that_refuses_harms_nobody_and_is_left_alone(
    reader: Connection, library: Library, nudger: nudge.Nudger, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def refuse(**options: Any) -> None:
        tries.append(options)
        raise OperationalError("gone")

    monkeypatch.setattr(tasks.discover, "apply_async", refuse)
    for _ in range(3):
        assert discovery.ask(reader)
    assert (len(tries), nudger.lost) == (1, 3)
    assert discovery.serve() == 1
    assert library.listed == [""]
