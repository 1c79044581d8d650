"""Between two looks at payloads: short, and longer while a hub that writes much hears only itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integration_hub.connections.models import Connection
from integration_hub.http import clock
from integration_hub.records.services import orders
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync.models import Lane
from integration_hub.sync.models.stream import StreamState
from providers.airtable.hooks import planning
from providers.airtable.hooks.payloads import is_echo
from providers.airtable.hooks.planning import Pause
from providers.airtable.tests.hooks.conftest import asked, deliver, drain, edit

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OURS = {"actionMetadata": {"source": "publicApi", "sourceMetadata": {"user": {"id": "usr1"}}}}
THEIRS = {"actionMetadata": {"source": "client", "sourceMetadata": {"user": {"id": "usr1"}}}}


@pytest.fixture(autouse=True)
def no_pauses() -> None:
    """Here they hold, as they do in life."""


def test_it_grows_while_there_are_only_echoes_and_is_short_again_after_anything_else() -> None:
    pause, waits = None, []
    for echo in (False, True, True, True, True, True, False):
        pause = Pause.after(pause, at=NOW, echo=echo)
        waits.append((pause.until - NOW).total_seconds())
    assert waits == [1, 1, 2, 4, 4, 4, 1]


def test_what_is_written_is_read_again() -> None:
    pauses = {"app1": Pause(NOW, 3), "app2": Pause(NOW + timedelta(seconds=1))}
    assert planning.read_pauses(planning.write_pauses(pauses)) == pauses
    assert planning.read_pauses(None) == {}


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    assert Pause(NOW + timedelta(seconds=3)).holds(NOW)
    assert not Pause(NOW + timedelta(hours=1)).holds(NOW)
    assert not Pause(NOW).holds(NOW)


@pytest.mark.parametrize(
    ("payloads", "user", "echo"),
    [
        ([OURS], "usr1", True),
        ([OURS, THEIRS], "usr1", False),
        ([OURS], "usr2", False),
        ([OURS], "", False),
        ([{"error": True, "code": "INTERNAL_ERROR"}], "usr1", False),
    ],
)
def test_an_echo_is_what_our_own_token_wrote(payloads: Any, user: str, echo: bool) -> None:
    assert is_echo(payloads, user) is echo


def test_a_ping_during_a_pause_is_heard_when_it_is_over(order: Any, sandbox: Sandbox) -> None:
    connection = Connection.everywhere.get()
    with clock.shifted(timedelta(seconds=30)):
        orders.update(order, {"priority": "High"})
        drain()
        deliver(sandbox)  # our own echo
    with clock.shifted(timedelta(seconds=30.2)):
        before = len(asked(sandbox))
        edit(sandbox, order.record_id, Status="Delivered")
        sandbox.simulator("airtable").pinger.deliver()
        from integration_hub.sync import worker
        from integration_hub.webhooks import processing

        StreamState.everywhere.update(cursor={_base(): [(clock.now() + timedelta(seconds=3)).isoformat(), 3]})
        processing.drain(5)
        worker.drain(0.5)
        assert asked(sandbox, before) == [], "a moment ago"
        wait = planning.rest(connection, StreamState.everywhere.get().cursor, timedelta(minutes=10))
        assert timedelta(seconds=1) < wait <= timedelta(seconds=3)
        due = Lane.everywhere.get(target=StreamState.everywhere.get().pk).next_due
        assert due is not None
        assert due - clock.now() <= timedelta(seconds=3), "the lane comes back by itself"
    with clock.shifted(timedelta(seconds=40)):
        drain()
    order.refresh_from_db()
    assert order.status == "Delivered"


def _base() -> str:
    from providers.airtable.models import AirtableWebhook

    return str(AirtableWebhook.everywhere.get().base_id)
