"""Several calls in flight at once: what is killed, refused, lost or late in the middle of them."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections

from integration_hub.contract import RateLimited, Rejected, TransientError
from integration_hub.http import clock, flight
from integration_hub.sync import lanes, worker
from integration_hub.sync.models import RecordLink, WorkRow
from integration_hub.sync.models.work import Hold
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due
from integration_hub.sync.tests.test_kills import LANDED, LEASE_OVER, Killed

pytestmark = pytest.mark.engine

CALLS = 5
Hook = Callable[[str, Sequence[Any]], None]


@pytest.fixture
def fifty(world) -> list[UUID]:
    """As many records as five calls take."""
    records = [uuid4() for _ in range(CALLS * 10)]
    for record in records:
        toy.put(world.company_id, record, "x")
    return records


def meeting(then: Hook, calls: int = CALLS) -> Hook:
    """Calls wait for each other, so that all of them are in flight; then each goes on as told. Later ones just go."""
    gate = threading.Barrier(calls)
    left = [calls]

    def hook(operation: str, rows: Sequence[Any]) -> None:
        with toy.REMOTE.lock:
            left[0] -= 1
            late = left[0] < 0
        if not late:
            gate.wait(20)
            then(operation, rows)

    return hook


def one_of_them(what: Callable[[], None]) -> Hook:
    """The first that gets so far does this, the others go on."""
    first = threading.Lock()

    def hook(operation: str, rows: Sequence[Any]) -> None:
        if first.acquire(blocking=False):
            what()

    return hook


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def everything_arrived_once(records: Sequence[UUID]) -> bool:
    return sorted(toy.REMOTE.by_hub_id()) == sorted(records) and len(toy.REMOTE.rows) == len(records)


def test_five_calls_are_in_flight_at_once_and_no_row_is_in_two(world, fifty):
    toy.REMOTE.before = meeting(lambda operation, rows: None)
    drain()
    assert everything_arrived_once(fifty)
    assert (toy.REMOTE.most, toy.REMOTE.overlaps, len(toy.REMOTE.calls)) == (CALLS, 0, CALLS)
    assert due(world) == []


def test_helpers_keep_no_connection_to_the_database(world, fifty):
    """A sink that asks the database by mistake leaves nothing open behind."""
    seen = []

    def ask(operation, rows):
        lanes.due_count()
        seen.append(connections["default"])

    toy.REMOTE.before = ask
    drain()
    helpers = [each for each in seen if each is not connections["default"]]
    assert helpers
    assert all(each.connection is None for each in helpers)
    assert everything_arrived_once(fifty)


@pytest.mark.parametrize("place", ["before", "after"])
def test_killed_with_calls_in_flight_nothing_is_lost_or_doubled(world, fifty, place):
    """One call is killed, the others have their effect, and nobody settles any of them."""
    setattr(toy.REMOTE, place, meeting(one_of_them(raising(Killed()))))
    with pytest.raises(Killed):
        drain()
    assert not RecordLink.everywhere.exists()
    assert len(toy.REMOTE.rows) >= 40
    assert sorted(due(world)) == sorted(fifty)
    with clock.shifted(LANDED):
        drain()
    with clock.shifted(LANDED * 3):
        drain()
    assert everything_arrived_once(fifty)
    assert due(world) == []


def test_a_pause_asked_of_one_leaves_the_others_settled(world, fifty):
    toy.REMOTE.before = meeting(one_of_them(raising(RateLimited("Too fast.", retry_after=30))))
    drain()
    assert RecordLink.everywhere.count() == 40
    assert len(due(world)) == 10
    assert not WorkRow.everywhere.exclude(tried_at=None).exists()  # the refused ones are as if nobody had tried
    toy.REMOTE.calls.clear()
    with clock.shifted(timedelta(seconds=20)):
        worker.drain(5)
        assert toy.REMOTE.calls == []
    with clock.shifted(timedelta(seconds=40)):
        drain()
    assert everything_arrived_once(fifty)


def test_lane_lost_with_calls_in_flight_nothing_is_settled(world, fifty):
    shifts = []

    def oversleep():
        later = clock.shifted(LEASE_OVER)
        later.__enter__()
        shifts.append(later)
        assert lanes.claim() is not None  # another worker takes over

    toy.REMOTE.after = meeting(one_of_them(oversleep))
    try:
        worker.drain(5)
        assert not RecordLink.everywhere.exists()
        assert sorted(due(world)) == sorted(fifty)
    finally:
        for shift in shifts:
            shift.__exit__(None, None, None)
    with clock.shifted(LANDED * 2):
        drain()
    assert everything_arrived_once(fifty)
    assert due(world) == []


def test_our_own_bug_in_one_call_sets_aside_one_record(world, fifty):
    bad = str(fifty[7])

    def stumble(operation, rows):
        if any(row.hub_id == bad for row in rows):
            raise KeyError("planted")

    toy.REMOTE.before = stumble
    drain()
    dead = WorkRow.everywhere.get(hold=Hold.DEAD)
    assert str(dead.record_id) == bad
    assert "KeyError" in dead.trace
    assert everything_arrived_once([record for record in fifty if str(record) != bad])


def test_a_refused_record_is_found_while_the_other_calls_arrive(world, fifty):
    bad = str(fifty[23])

    def refuse(operation, rows):
        if any(row.hub_id == bad for row in rows):
            raise Rejected("Value too long.")

    toy.REMOTE.before = refuse
    drain()
    assert str(WorkRow.everywhere.get(hold=Hold.DEAD).record_id) == bad
    assert len(toy.REMOTE.rows) == 49
    assert due(world) == []


def test_a_time_out_of_one_puts_off_its_rows_only_and_then_one_call_at_a_time_is_enough(world, fifty):
    toy.REMOTE.before = meeting(one_of_them(raising(TransientError("No answer.", unsure=True))))
    drain()
    assert RecordLink.everywhere.count() == 40
    assert WorkRow.everywhere.exclude(tried_at=None).count() == 10
    assert lanes.Lane.everywhere.get(target=world.pk).slow
    for _ in range(20):
        toy.put(world.company_id, uuid4(), "y")
    toy.REMOTE.most = 0
    drain()
    assert toy.REMOTE.most == 1
    with clock.shifted(LANDED):
        drain()
    with clock.shifted(LANDED * 3):
        drain()
    assert len(toy.REMOTE.rows) == 70
    assert due(world) == []


def test_deletes_fly_too(world, fifty):
    drain()
    for record in fifty:
        toy.drop(world.company_id, record)
    toy.REMOTE.before = meeting(lambda operation, rows: None)
    drain()
    assert toy.REMOTE.rows == {}
    assert due(world) == []


def test_without_a_free_helper_the_calls_are_made_one_after_the_other(world, fifty, monkeypatch):
    monkeypatch.setattr(flight, "_free", threading.Semaphore(0))
    drain()
    assert everything_arrived_once(fifty)
    assert toy.REMOTE.most == 1
