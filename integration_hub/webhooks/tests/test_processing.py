"""Working on events: once, whatever is killed, repeated or done at once; a failing one never holds up the others."""

import threading
from datetime import timedelta

import pytest
from django import db
from django.db import connection as database

from integration_hub.companies import scope
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sync import setup
from integration_hub.sync.models import Lane
from integration_hub.sync.models.stream import StreamState
from integration_hub.webhooks import nudge, processing, pruning
from integration_hub.webhooks.models import State, WebhookEvent
from integration_hub.webhooks.replaying import CannotReplay, replay
from integration_hub.webhooks.tests import toy

pytestmark = pytest.mark.engine


class Killed(BaseException):
    """The process is gone."""


def drain() -> int:
    return processing.drain(20)


def states() -> dict[str, str]:
    return dict(WebhookEvent.everywhere.values_list("event_id", "state"))


def open_problems() -> set[str]:
    return {key.split(":")[-1] for key in Problem.everywhere.filter(closed_at=None).values_list("key", flat=True)}


def test_effects_come_once_and_the_oldest_first(report):
    for name in "abc":
        report(toy.body(id=name))
        report(toy.body(id=name))
    assert drain() == 3
    assert drain() == 0
    assert toy.effects() == ["a", "b", "c"]
    assert set(states().values()) == {"done"}
    report(toy.body(id="a"))
    assert drain() == 0


def test_a_handler_works_inside_the_company_and_a_transaction(report, connection):
    seen = []
    toy.REMOTE.handled = lambda delivery: seen.append((scope.current(), database.in_atomic_block))
    report(toy.body(id="a"))
    drain()
    assert seen == [(connection.company_id, True)]


def test_killed_in_a_handler_nothing_is_half_and_nothing_doubled(report):
    for name in "abc":
        report(toy.body(id=name))

    def die(delivery):
        if delivery.id == "c":
            raise Killed

    toy.REMOTE.handled = die
    with pytest.raises(Killed):
        drain()
    assert "c" not in toy.effects()
    toy.REMOTE.handled = None
    drain()
    assert sorted(toy.effects()) == ["a", "b", "c"]


def test_killed_before_the_commit_all_of_it_is_still_due(report, monkeypatch):
    report(toy.body(id="a"))

    def die(*args):
        raise Killed

    monkeypatch.setattr(processing, "_settle", die)
    with pytest.raises(Killed):
        drain()
    assert (toy.effects(), states()) == ([], {"a": "waiting"})
    monkeypatch.undo()
    drain()
    assert toy.effects() == ["a"]


def test_workers_at_once_share_the_work_and_do_none_twice(report):
    names = [f"{number:03}" for number in range(60)]
    for name in names:
        report(toy.body(id=name))

    def work() -> None:
        drain()
        db.connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(toy.effects()) == names


def test_a_failing_event_is_set_aside_with_its_effects_and_the_others_go_on(report):
    report(toy.body("fails", id="a"))
    report(toy.body("breaks", id="b"))
    report(toy.body(id="c"))
    drain()
    assert toy.effects() == ["c"]
    failed = {row.event_id: row for row in WebhookEvent.everywhere.filter(state="waiting")}
    assert {name: (row.attempts, row.sentence) for name, row in failed.items()} == {
        "a": (1, "The parcel is not known yet."),
        "b": (1, "ZeroDivisionError: planted"),
    }
    assert not failed["a"].trace
    assert "planted" in failed["b"].trace
    assert drain() == 0, "not before its time"


def test_five_tries_in_a_quarter_of_an_hour_then_it_waits_for_a_person(report):
    report(toy.body("fails", id="a"))
    drain()
    elapsed = 0
    for wait in processing.WAITS:
        with clock.shifted(timedelta(seconds=elapsed + wait - 5)):
            assert drain() == 0
        elapsed += wait + 1
        with clock.shifted(timedelta(seconds=elapsed)):
            assert drain() == 1
    row = WebhookEvent.everywhere.get()
    assert (row.state, row.attempts) == ("dead", 5)
    assert sum(processing.WAITS) <= 900
    assert open_problems() == {"dead"}
    assert toy.effects() == []


def dead(report, **body) -> WebhookEvent:
    report(toy.body(**body))
    WebhookEvent.everywhere.update(state=State.DEAD, sentence="It failed.", settled_at=clock.now())
    return WebhookEvent.everywhere.select_related("connection").get()


def test_a_replay_works_once_and_closes_the_problem(report):
    event = dead(report, id="a")
    processing.trouble.tell(event.connection)
    assert open_problems() == {"dead"}
    replay(event, actor="alice")
    replay(event, actor="alice")
    assert open_problems() == set()
    drain()
    assert toy.effects() == ["a"]
    with pytest.raises(CannotReplay):
        replay(event, actor="alice")
    drain()
    assert toy.effects() == ["a"]


def test_what_nothing_handles_cannot_be_replayed(report):
    report(toy.body("seen", id="a"))
    with pytest.raises(CannotReplay):
        replay(WebhookEvent.everywhere.get(), actor="alice")
    assert states() == {"a": "ignored"}


def test_an_unreadable_event_is_read_anew(report, monkeypatch):
    report(b"not json yet")
    event = WebhookEvent.everywhere.get()
    with pytest.raises(CannotReplay):
        replay(event, actor="alice")
    monkeypatch.setattr(toy.Hook, "payload", lambda self, headers, raw: {"type": "done", "what": raw.decode()})
    replay(event, actor="alice")
    drain()
    assert toy.effects() == ["not json yet"]
    event.refresh_from_db()
    assert (event.state, event.raw) == ("done", None)


def test_a_provider_that_is_gone_holds_up_nobody(report, connection):
    report(toy.body(id="a"))
    WebhookEvent.everywhere.update(provider="gone")
    report(toy.body(id="b"))
    drain()
    assert states() == {"a": "ignored", "b": "done"}


def test_the_sweep_finds_what_a_lost_nudge_left(report, monkeypatch):
    sent = []
    monkeypatch.setattr(nudge._nudger, "publish", lambda: sent.append(1))
    processing.repair()
    assert sent == []
    report(toy.body(id="a"))
    sent.clear()
    processing.repair()
    assert sent == [1]


def test_old_events_go_and_what_waits_stays(report):
    report(toy.body(id="done"))
    report(toy.body("seen", id="ignored"))
    drain()
    dead_one = report(b"{")
    assert dead_one.status_code == 200
    report(toy.body("fails", id="waits"))
    assert pruning.prune() == 0
    with clock.shifted(timedelta(days=31)):
        assert pruning.prune() == 3
    assert states() == {"waits": "waiting"}
    assert open_problems() == set()


def test_a_thin_event_wakes_its_stream_in_the_same_transaction(report, connection, monkeypatch):
    Lane.everywhere.update(next_due=None)
    report(toy.body("news", id="a"))

    def die(targets):
        raise Killed

    monkeypatch.setattr(processing.streams, "nudge", die)
    with pytest.raises(Killed):
        drain()
    assert states() == {"a": "done"}
    lane = Lane.everywhere.get(target=StreamState.everywhere.get().pk)
    assert lane.next_due is not None


def test_a_poke_of_a_failing_handler_is_not_heard(report, connection, monkeypatch):
    Lane.everywhere.update(next_due=None)

    def poke_and_fail(delivery):
        delivery.poke("things")
        raise ZeroDivisionError

    toy.REMOTE.handled = poke_and_fail
    report(toy.body(id="a"))
    drain()
    assert Lane.everywhere.get(target=StreamState.everywhere.get().pk).next_due is None


def test_a_fault_with_one_connections_events_keeps_no_other_waiting(report, connection, other_company, monkeypatch):
    other = setup.connect(other_company, toy.KEY, {"key": "k", "webhook_secret": "theirs"}, {}, actor="tests")
    report(toy.body(id="a"))
    raw = toy.body(id="b")
    report(raw, toy.signed(raw, "theirs"), f"/api/webhooks/{toy.KEY}/{other.pk}")
    due = processing._due

    def broken(owner, now):
        if owner == connection.pk:
            raise ValueError("planted")
        return due(owner, now)

    monkeypatch.setattr(processing, "_due", broken)
    assert drain() == 1
    assert states() == {"a": "waiting", "b": "done"}
