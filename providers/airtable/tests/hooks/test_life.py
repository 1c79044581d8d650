"""A webhook's life: made once, kept alive, made anew when it is lost, taken away. What happened in between is read."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django import db

from integration_hub.companies.models import Company
from integration_hub.connections import services as connections
from integration_hub.connections.models import Connection
from integration_hub.contract import Direction
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.records.models import Order
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync import lanes, mappings, setup, worker
from integration_hub.sync.models import Lane, Mapping
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.models.stream import StreamState
from providers.airtable.client import AirtableClient
from providers.airtable.hooks import address, planning, telling, tending
from providers.airtable.hooks.facts import Kept
from providers.airtable.models import AirtableNamed, AirtableWebhook
from providers.airtable.streams import ChangesStream
from providers.airtable.tests.hooks.conftest import (
    add,
    ages,
    asked,
    both_ways,
    deliver,
    drain,
    edit,
    hooks,
    look,
    poke,
)

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
LEASE_OVER = timedelta(seconds=50)
DAY = 86_400.0


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def connection(mapping: Mapping) -> Connection:
    return Connection.everywhere.get()


def hook() -> AirtableWebhook:
    return AirtableWebhook.everywhere.get()


def statuses() -> list[str]:
    return sorted(Order.everywhere.filter(deleted_at=None).values_list("status", flat=True))


# --- made, and only once ----------------------------------------------------------------------------------------------


def test_looking_again_makes_no_second_one(connection: Connection, sandbox: Sandbox) -> None:
    before = hook()
    for _round in range(3):
        look(connection)
    assert [one["id"] for one in hooks(sandbox)] == [before.hook_id]
    assert (hook().secret, hook().cursor) == (before.secret, before.cursor)


def test_killed_before_it_was_noted_it_is_found_and_made_anew(
    pushing: Mapping, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its secret was told once, and nobody knows it: it goes, and another comes."""
    real = ChangesStream.store

    def die(self: Any, pull: Any, batch: Any) -> None:
        raise Killed

    monkeypatch.setattr(ChangesStream, "store", die)
    both_ways(pushing)
    with pytest.raises(Killed):
        drain()
    [orphan] = hooks(sandbox)
    monkeypatch.setattr(ChangesStream, "store", real)
    with clock.shifted(LEASE_OVER):
        drain()
    [made] = hooks(sandbox)
    assert made["id"] != orphan["id"]
    assert hook().hook_id == made["id"]


def test_a_call_to_make_one_that_timed_out_after_it_worked_leaves_no_second(pushing: Mapping, sandbox: Sandbox) -> None:
    sandbox.fault("airtable", method="POST", path="/webhooks", drop="after")
    both_ways(pushing)
    drain()
    with clock.shifted(timedelta(minutes=11)):
        drain()
        drain()
    assert [one["id"] for one in hooks(sandbox)] == [hook().hook_id]


def test_two_workers_make_one(pushing: Mapping, sandbox: Sandbox) -> None:
    both_ways(pushing)
    at_once(4, drain)
    drain()
    assert len(hooks(sandbox)) == 1


def at_once(count: int, act: Callable[[], None]) -> None:
    def work() -> None:
        act()
        db.connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(count)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()


# --- kept alive -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "refreshed"), [(2.9, 1), (3.1, 0)])
def test_it_is_refreshed_when_less_than_three_days_are_left(
    days: float, refreshed: int, connection: Connection, sandbox: Sandbox
) -> None:
    """Draining keeps it alive as well: this is for one that has nothing to tell."""
    simulator = sandbox.simulator("airtable")
    with simulator.lock:
        simulator.state.hooks[0].expires = simulator.clock.now() + days * DAY
    AirtableWebhook.everywhere.update(look_at=None)
    [duty] = planning.plan(connection, None).duties
    [fact] = tending._looked(client_of(connection), duty, lost=False)
    assert asked(sandbox).count("POST refresh") == refreshed
    assert isinstance(fact, Kept)
    assert fact.expires is not None
    assert fact.expires - clock.now() > timedelta(days=6 if refreshed else 3)


def client_of(connection: Connection) -> AirtableClient:
    from integration_hub.connections import clients

    client: AirtableClient = clients.open_client(connection)
    return client


def test_a_hub_that_runs_keeps_it_for_weeks(connection: Connection, sandbox: Sandbox) -> None:
    before = hook().hook_id
    for day in range(1, 22):
        sandbox.control("airtable", "advance", seconds=DAY)
        with clock.shifted(timedelta(days=day)):
            drain()
    assert [one["id"] for one in hooks(sandbox)] == [before]


@pytest.mark.parametrize("order", ["expire_webhooks", "disable_webhooks", "lose_webhooks"])
def test_one_that_is_over_is_made_anew_and_nothing_is_missed(
    order: str, connection: Connection, sandbox: Sandbox
) -> None:
    record = add(sandbox, **{"Order number": "A-1", "Currency": "EUR", "Status": "Pending"})
    deliver(sandbox)
    deliver(sandbox)
    before = hook().hook_id
    sandbox.control("airtable", order)
    edit(sandbox, record, Status="Sent")
    assert deliver(sandbox) == 0
    assert statuses() == ["Pending"]
    look(connection)
    assert hook().hook_id != before
    assert [one["id"] for one in hooks(sandbox)] == [hook().hook_id]
    drain()
    assert statuses() == ["Sent"], "what happened meanwhile was asked for"
    deliver(sandbox)
    edit(sandbox, record, Status="Delivered")
    deliver(sandbox)
    assert statuses() == ["Delivered"]


def test_one_whose_pings_were_switched_off_is_switched_on_and_drained(connection: Connection, sandbox: Sandbox) -> None:
    record = add(sandbox, **{"Order number": "A-1", "Currency": "EUR", "Status": "Pending"})
    deliver(sandbox)
    before = hook().hook_id
    sandbox.control("airtable", "silence_webhooks")
    edit(sandbox, record, Status="Sent")
    assert deliver(sandbox) == 0
    look(connection)
    assert statuses() == ["Sent"]
    [one] = hooks(sandbox)
    assert (one["id"], one["areNotificationsEnabled"]) == (before, True)


def test_a_lost_one_is_found_out_by_draining(connection: Connection, sandbox: Sandbox) -> None:
    before = hook().hook_id
    sandbox.control("airtable", "lose_webhooks")
    AirtableWebhook.everywhere.update(pinged_at=clock.now())
    poke(connection)
    assert hook().hook_id != before


def test_pings_that_do_not_arrive_are_told_and_the_table_is_asked_as_ever(
    connection: Connection, sandbox: Sandbox
) -> None:
    sandbox.simulator("airtable").pinger.send = lambda ping: 503
    add(sandbox, **{"Order number": "A-1", "Currency": "EUR"})
    sandbox.simulator("airtable").pinger.deliver()
    look(connection)
    [told] = telling.listening(connection.pk)
    assert not told.live
    assert "503" in told.sentence
    assert told.words == "every 5 minutes"
    assert Order.everywhere.count() == 1


# --- gaps -------------------------------------------------------------------------------------------------------------


def test_a_gap_longer_than_payloads_live_is_read_whole(connection: Connection, sandbox: Sandbox) -> None:
    """Nobody heard anything for eight days; rows were changed, and one was deleted."""
    kept, gone = (add(sandbox, **{"Order number": name, "Currency": "EUR"}) for name in ("kept", "gone"))
    deliver(sandbox)
    deliver(sandbox)
    edit(sandbox, kept, Status="Sent")
    sandbox.control("airtable", "delete", table="Orders", record=gone)
    sandbox.control("airtable", "ping_trouble", lose=1)
    sandbox.simulator("airtable").pinger.deliver()
    with ages(8 * DAY, sandbox):
        drain()
        drain()
        assert dict(Order.everywhere.values_list("order_number", "status")) == {"kept": "Sent", "gone": "Pending"}
        assert list(Order.everywhere.filter(deleted_at=None).values_list("order_number", flat=True)) == ["kept"]
        assert Reading.everywhere.get().whole_at > clock.now() - timedelta(hours=1)  # type: ignore[operator]


def test_payloads_that_are_gone_while_the_webhook_lived_on_are_noticed_by_the_clock(
    connection: Connection, sandbox: Sandbox
) -> None:
    """Somebody else kept it alive."""
    before = Reading.everywhere.get().anew
    AirtableWebhook.everywhere.update(drained_at=clock.now() - timedelta(days=7, hours=1), pinged_at=clock.now())
    poke(connection)
    assert Reading.everywhere.get().anew == before + 1


def test_a_cursor_that_airtable_does_not_know_leads_to_a_new_webhook(connection: Connection, sandbox: Sandbox) -> None:
    before = hook().hook_id
    AirtableWebhook.everywhere.update(cursor=900, pinged_at=clock.now())
    add(sandbox, **{"Order number": "A-1", "Currency": "EUR"})
    poke(connection)
    assert (hook().hook_id != before, hook().cursor) == (True, 1)
    drain()
    assert Order.everywhere.count() == 1


@pytest.mark.parametrize(("code", "anew"), [("INTERNAL_ERROR", False), ("INVALID_HOOK", True)])
def test_a_payload_that_is_broken_leads_to_asking(
    code: str, anew: bool, connection: Connection, sandbox: Sandbox
) -> None:
    before, pokes = hook().hook_id, Reading.everywhere.get().pokes
    sandbox.control("airtable", "break_payload", code=code)
    deliver(sandbox)
    assert (hook().hook_id != before) == anew
    assert Reading.everywhere.get().pokes > pokes


# --- draining ---------------------------------------------------------------------------------------------------------


def test_two_hundred_payloads_are_drained_fifty_at_a_time(connection: Connection, sandbox: Sandbox) -> None:
    for number in range(120):
        add(sandbox, **{"Order number": f"A-{number}", "Currency": "EUR"})
    before = len(asked(sandbox))
    deliver(sandbox)
    assert asked(sandbox, before).count("GET payloads") == 3
    assert Order.everywhere.count() == 120
    assert not AirtableNamed.everywhere.exists()


def test_killed_in_the_middle_of_draining_nothing_is_lost_or_done_twice(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        add(sandbox, **{"Order number": f"A-{number}", "Currency": "EUR"})
    real, calls = AirtableClient.payloads, iter(range(9))

    def dies(self: Any, *given: Any) -> Any:
        if next(calls) == 1:
            raise Killed
        return real(self, *given)

    monkeypatch.setattr(AirtableClient, "payloads", dies)
    with pytest.raises(Killed):
        deliver(sandbox)
    assert hook().cursor == 51
    assert AirtableNamed.everywhere.count() + Order.everywhere.count() == 50, "named with the cursor"
    with clock.shifted(LEASE_OVER):
        drain()
    assert Order.everywhere.count() == 120
    assert not AirtableNamed.everywhere.exists()


def test_killed_between_merging_and_forgetting_the_names_it_is_read_again(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from providers.airtable.hooks import naming

    record = add(sandbox, **{"Order number": "A-1", "Currency": "EUR"})
    real = naming.heard

    def dies(*given: Any) -> None:
        raise Killed

    monkeypatch.setattr(naming, "heard", dies)
    with pytest.raises(Killed):
        deliver(sandbox)
    assert AirtableNamed.everywhere.get().remote_id == record
    monkeypatch.setattr(naming, "heard", real)
    with clock.shifted(LEASE_OVER):
        drain()
    assert Order.everywhere.count() == 1
    assert not AirtableNamed.everywhere.exists()


def test_two_workers_draining_at_once_read_each_payload_once(connection: Connection, sandbox: Sandbox) -> None:
    for number in range(60):
        add(sandbox, **{"Order number": f"A-{number}", "Currency": "EUR"})
    before = len(asked(sandbox))
    sandbox.simulator("airtable").pinger.deliver()
    at_once(4, drain)
    drain()
    assert Order.everywhere.count() == 60
    assert asked(sandbox, before).count("GET payloads") <= 3


def test_who_lost_the_lane_moves_no_cursor(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(sandbox, **{"Order number": "A-1", "Currency": "EUR"})
    cursor, real = hook().cursor, AirtableClient.payloads

    def steals(self: Any, *given: Any) -> Any:
        target = StreamState.everywhere.get().pk
        Lane.everywhere.filter(target=target).update(lease_until=clock.now() - timedelta(seconds=1))
        return real(self, *given)

    monkeypatch.setattr(AirtableClient, "payloads", steals)
    deliver(sandbox)
    assert hook().cursor == cursor
    assert not AirtableNamed.everywhere.exists()
    monkeypatch.setattr(AirtableClient, "payloads", real)
    with clock.shifted(LEASE_OVER):
        drain()
    assert Order.everywhere.count() == 1


def test_a_row_named_again_while_it_is_read_is_read_again(
    connection: Connection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from providers.airtable.sinks import RecordsSink

    record = add(sandbox, **{"Order number": "A-1", "Currency": "EUR", "Status": "Pending"})
    real, first = RecordsSink.read, iter([True])

    def edited_meanwhile(self: Any, client: Any, target: Any, ids: Any) -> Any:
        found = real(self, client, target, ids)
        if next(first, False):
            edit(sandbox, record, Status="Sent")
            AirtableNamed.everywhere.update(named_at=clock.now())
        return found

    monkeypatch.setattr(RecordsSink, "read", edited_meanwhile)
    deliver(sandbox)
    assert statuses() == ["Sent"]


# --- taken away -------------------------------------------------------------------------------------------------------


def test_it_goes_with_the_last_mapping_that_is_read(mapping: Mapping, sandbox: Sandbox) -> None:
    mappings.remove(mapping, actor="alice")
    drain()
    assert hooks(sandbox) == []
    assert not AirtableWebhook.everywhere.exists()


def test_it_goes_when_the_mapping_is_only_written_from_now_on(mapping: Mapping, sandbox: Sandbox) -> None:
    Mapping.everywhere.update(direction=Direction.PUSH.value)
    with clock.shifted(timedelta(minutes=11)):
        drain()
    assert hooks(sandbox) == []


def test_disconnecting_takes_it_away_first(connection: Connection, sandbox: Sandbox) -> None:
    connections.disconnect(connection, actor="alice")
    assert hooks(sandbox) == []
    assert not AirtableWebhook.everywhere.exists()
    drain()
    assert hooks(sandbox) == []


def test_a_dead_token_does_not_stand_in_the_way_of_disconnecting(connection: Connection, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "expire_token")
    assert connections.disconnect(connection, actor="alice")
    assert not AirtableWebhook.everywhere.exists()
    assert len(hooks(sandbox)) == 1, "it ends by itself within seven days"


def test_connecting_again_takes_away_what_was_left(connection: Connection, company: Company, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "expire_token")
    connections.disconnect(connection, actor="alice")
    sandbox.control("airtable", "restore_token")
    given = sandbox.simulator("airtable").credentials()
    setup.connect(company, "airtable", {"token": given["token"]}, {"base_id": given["base_id"]}, actor="alice")
    drain()
    assert [one["id"] for one in hooks(sandbox)] == [hook().hook_id]


def test_webhooks_of_others_are_left_alone(connection: Connection, sandbox: Sandbox) -> None:
    other = client_of(connection).create_webhook(hook().base_id, "https://other.example.com/x", tending.WANTED)
    look(connection)
    assert other["id"] in {one["id"] for one in hooks(sandbox)}
    connections.disconnect(connection, actor="alice")
    assert [one["id"] for one in hooks(sandbox)] == [other["id"]]


# --- where there can be none ------------------------------------------------------------------------------------------


def test_without_the_permission_people_are_told_and_the_table_is_asked(
    pushing: Mapping, company: Company, sandbox: Sandbox
) -> None:
    sandbox.control("airtable", "revoke_scope", scope="webhook:manage")
    given = sandbox.simulator("airtable").credentials()
    setup.connect(company, "airtable", {"token": given["token"]}, {"base_id": given["base_id"]}, actor="alice")
    both_ways(pushing)
    drain()
    assert "POST webhooks" not in asked(sandbox)
    [told] = telling.listening(pushing.connection_id)
    assert (told.live, told.words) == (False, "every 5 minutes")
    assert "webhook:manage" in told.sentence
    add(sandbox, **{"Order number": "A-1", "Currency": "EUR"})
    with clock.shifted(timedelta(minutes=6)):
        lanes.repair()
        worker.drain(20)
    assert Order.everywhere.count() == 1


def test_a_permission_that_was_taken_away_later_is_told_with_a_button_and_mends_itself(
    connection: Connection, company: Company, sandbox: Sandbox
) -> None:
    sandbox.control("airtable", "revoke_scope", scope="webhook:manage")
    look(connection)
    problem = Problem.everywhere.get(closed_at=None, key__startswith="webhook:")
    assert "every 5 minutes" in problem.sentence
    assert not telling.listening(connection.pk)[0].live
    sandbox.control("airtable", "restore_token")
    given = sandbox.simulator("airtable").credentials()
    setup.connect(company, "airtable", {"token": given["token"]}, {"base_id": given["base_id"]}, actor="alice")
    drain()
    assert not Problem.everywhere.filter(closed_at=None, key__startswith="webhook:").exists()
    assert len(hooks(sandbox)) == 1


def test_a_base_that_has_too_many_is_told(pushing: Mapping, sandbox: Sandbox) -> None:
    client = client_of(Connection.everywhere.get())
    for number in range(10):
        client.create_webhook(str(pushing.place["base"]), f"https://other.example.com/{number}", tending.WANTED)
    both_ways(pushing)
    drain()
    assert "as many webhooks as Airtable allows" in telling.listening(pushing.connection_id)[0].sentence
    assert Problem.everywhere.filter(closed_at=None, key__startswith="webhook:").count() == 1


@pytest.mark.parametrize(
    ("public", "api", "can"),
    [
        ("https://hub.example.com", "https://api.airtable.com", True),
        ("https://8.8.8.8", "https://api.airtable.com", True),
        ("http://hub.example.com", "https://api.airtable.com", False),
        ("https://localhost:8000", "https://api.airtable.com", False),
        ("https://hub", "https://api.airtable.com", False),
        ("https://hub.local", "https://api.airtable.com", False),
        ("https://192.168.1.5", "https://api.airtable.com", False),
        ("https://[::1]", "https://api.airtable.com", False),
        ("http://localhost:8000", "http://127.0.0.1:9000/airtable", True),
    ],
)
def test_where_pings_can_come_to(public: str, api: str, can: bool) -> None:
    assert address.reachable(public, api) is can


def test_a_hub_without_a_public_address_makes_none_and_says_why(
    pushing: Mapping, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_ways(pushing)
    monkeypatch.setattr(address, "reachable", lambda public, api: False)
    drain()
    assert hooks(sandbox) == []
    [told] = telling.listening(pushing.connection_id)
    assert "no public https address" in told.sentence
    [stat] = telling.stats(pushing.connection_id)
    assert stat.value == "every 5 minutes"


def test_a_table_with_a_rhythm_of_its_own_needs_none(mapping: Mapping, sandbox: Sandbox) -> None:
    from integration_hub.sync import reading

    reading.ensure(mapping, 60)
    poke(Connection.everywhere.get())
    assert hooks(sandbox) == []


def test_when_the_hub_moves_the_webhook_follows(connection: Connection, sandbox: Sandbox, settings: Any) -> None:
    before = hook().hook_id
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    look(connection)
    [one] = hooks(sandbox)
    assert one["id"] != before
    assert one["notificationUrl"].startswith("http://127.0.0.1:8000/")
