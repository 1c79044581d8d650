"""Reading streams: records and cursor together, under a lane, whatever is killed, repeated or done at once."""

import threading
from datetime import timedelta

import pytest
from django import db

from integration_hub.connections.models import Connection
from integration_hub.contract import AuthFailed, ConfigError, RateLimited, TransientError
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sync import lanes, nudge, setup, streams, worker
from integration_hub.sync.models import Lane
from integration_hub.sync.models.stream import StreamState
from integration_hub.webhooks.tests import toy

pytestmark = pytest.mark.engine

LEASE_OVER = timedelta(seconds=50)


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def connection(transactional_db, company, monkeypatch):
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    toy.register()
    toy.REMOTE.pages = [["a", "b"], ["c"], ["d"]]
    yield setup.connect(company, toy.KEY, {"key": "k"}, {}, actor="tests")
    toy.unregister()


def drain() -> None:
    worker.drain(20)


def stored() -> list[str]:
    return toy.effects("toy.stored")


def due_in() -> timedelta:
    due = Lane.everywhere.get().next_due
    assert due is not None
    return due - clock.now()


def raising(error, page=2):
    def before(number):
        if number == page:
            toy.REMOTE.before = None
            raise error

    toy.REMOTE.before = before


def open_problems() -> set[str]:
    return {key.split(":")[-1] for key in Problem.everywhere.filter(closed_at=None).values_list("key", flat=True)}


def test_connecting_reads_everything_and_the_next_run_goes_on_from_there(connection):
    drain()
    assert stored() == ["a", "b", "c", "d"]
    state = StreamState.everywhere.get()
    assert (state.cursor, state.records, state.began_at) == (3, 4, None)
    assert timedelta(minutes=29) < due_in() <= timedelta(minutes=30)
    drain()
    toy.REMOTE.pages.append(["e"])
    with clock.shifted(timedelta(minutes=31)):
        drain()
    assert stored() == ["a", "b", "c", "d", "e"]
    assert toy.REMOTE.reads == [None, 3]
    assert Connection.everywhere.get().last_sync_at is not None


@pytest.mark.parametrize("place", ["before", "stored"])
def test_killed_anywhere_it_goes_on_at_the_last_cursor_with_nothing_lost_or_doubled(connection, place):
    def die(what):
        if what == 2 or getattr(what, "cursor", None) == 2:
            raise Killed

    setattr(toy.REMOTE, place, die)
    with pytest.raises(Killed):
        drain()
    assert stored() == ["a", "b"]
    setattr(toy.REMOTE, place, None)
    drain()
    assert stored() == ["a", "b"], "while the lease lasts nobody else reads"
    with clock.shifted(LEASE_OVER):
        drain()
    assert stored() == ["a", "b", "c", "d"]
    assert toy.REMOTE.reads == [None, 1]


def test_a_run_is_whole_only_when_it_began_without_a_cursor(connection):
    raising(TransientError("Not now."))
    drain()
    assert StreamState.everywhere.get().whole
    with clock.shifted(timedelta(minutes=10)):
        drain()
        assert stored() == ["a", "b", "c", "d"]
    toy.REMOTE.pages.append(["e"])
    with clock.shifted(timedelta(hours=1)):
        drain()
    assert not StreamState.everywhere.get().whole


def test_who_lost_the_lane_can_store_nothing(connection):
    def steal(number):
        Lane.everywhere.update(lease_until=clock.now() - timedelta(seconds=1))

    toy.REMOTE.before = steal
    drain()
    assert stored() == []
    toy.REMOTE.before = None
    with clock.shifted(LEASE_OVER):
        drain()
    assert stored() == ["a", "b", "c", "d"]


def test_at_once_it_is_read_by_one(connection):
    def work() -> None:
        drain()
        db.connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert stored() == ["a", "b", "c", "d"]
    assert toy.REMOTE.reads == [None]


def test_a_poke_has_it_read_now_also_while_it_is_being_read(connection):
    drain()
    state = StreamState.everywhere.get()
    toy.REMOTE.pages.append(["e"])
    streams.poke([(connection.pk, "things")])
    assert due_in() <= timedelta(0)

    def poked_meanwhile(number):
        toy.REMOTE.before = None
        streams.poke([(connection.pk, "things")])
        toy.REMOTE.pages.append(["f"])

    toy.REMOTE.before = poked_meanwhile
    drain()
    assert stored()[-2:] == ["e", "f"]
    assert StreamState.everywhere.get().pk == state.pk


def test_a_refused_key_waits_for_the_reconnect(connection, company):
    raising(AuthFailed("The key was refused."))
    drain()
    assert Connection.everywhere.get().status == "needs_reconnect"
    drain()
    assert stored() == ["a", "b"]
    setup.connect(company, toy.KEY, {"key": "new"}, {}, actor="tests")
    drain()
    assert stored() == ["a", "b", "c", "d"]


def test_what_is_set_up_wrongly_stops_until_somebody_saves_the_settings(connection):
    raising(ConfigError("The table is gone."))
    drain()
    assert (Lane.everywhere.get().paused, open_problems()) == ("configure", {"configure"})
    setup.configure(Connection.everywhere.get(), {}, actor="tests")
    drain()
    assert (stored(), open_problems()) == (["a", "b", "c", "d"], set())


def test_a_rate_limit_is_waited_for(connection):
    raising(RateLimited("Slow down.", retry_after=100))
    drain()
    assert timedelta(seconds=90) < due_in() <= timedelta(seconds=100)
    with clock.shifted(timedelta(seconds=101)):
        drain()
    assert stored() == ["a", "b", "c", "d"]


def test_our_own_fault_is_told_after_a_while_and_closes_itself(connection):
    def broken(number):
        raise ZeroDivisionError("planted")

    toy.REMOTE.before = broken
    for number in range(streams.TOLD_AFTER):
        with clock.shifted(timedelta(hours=number)):
            drain()
    assert open_problems() == {"failing"}
    toy.REMOTE.before = None
    with clock.shifted(timedelta(days=1)):
        drain()
    assert (stored(), open_problems()) == (["a", "b", "c", "d"], set())


def test_a_stream_that_is_not_declared_any_more_rests(connection, monkeypatch):
    monkeypatch.setattr(toy.Hooked, "streams", ())
    drain()
    assert stored() == []
    assert Lane.everywhere.get().next_due is None


def test_connections_from_before_the_stream_get_it(connection):
    StreamState.everywhere.all().delete()
    Lane.everywhere.all().delete()
    streams.prepare_new()
    streams.prepare_new()
    assert lanes.due_count() == 1
    drain()
    assert stored() == ["a", "b", "c", "d"]
