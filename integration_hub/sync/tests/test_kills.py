"""The crash matrix: a worker that vanishes at any point loses nothing and doubles nothing.

A kill is an exception nothing in the engine catches (BaseException): no settle, no release, as after SIGKILL. Real
processes are killed in integration_hub/tests/test_kill_walks.py.
"""

from datetime import timedelta
from uuid import uuid4

import pytest

from integration_hub.contract import TransientError
from integration_hub.http import clock
from integration_hub.sync import lanes, settle, worker
from integration_hub.sync.models import RecordLink, WorkRow
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due

pytestmark = pytest.mark.engine

LEASE_OVER = timedelta(seconds=50)
LANDED = timedelta(seconds=120)


class Killed(BaseException):
    """The process is gone."""


def kill_once(*args):
    toy.REMOTE.before = toy.REMOTE.after = None
    raise Killed


def killed(place: str) -> None:
    """Drain with a kill planted before or after the remote effect."""
    setattr(toy.REMOTE, place, kill_once)
    with pytest.raises(Killed):
        drain()


def test_killed_before_the_call_the_row_is_still_due(world):
    record = uuid4()
    toy.put(world.company_id, record, "x")
    killed("before")
    assert due(world) == [record]
    with clock.shifted(LANDED):
        drain()
    assert [cells["f_val"] for cells in toy.REMOTE.rows.values()] == ["x"]


def test_killed_between_the_remote_create_and_our_commit_there_is_no_second_row(world):
    record = uuid4()
    toy.put(world.company_id, record, "x")
    killed("after")
    assert len(toy.REMOTE.rows) == 1
    assert not RecordLink.everywhere.exists()
    with clock.shifted(LANDED):
        drain()
    assert len(toy.REMOTE.rows) == 1
    assert RecordLink.everywhere.get().remote_id in toy.REMOTE.rows
    assert due(world) == []


def test_while_the_lease_lasts_nobody_else_touches_the_lane(world):
    toy.put(world.company_id, uuid4(), "x")
    killed("after")
    toy.REMOTE.calls.clear()
    drain()
    assert toy.REMOTE.calls == []


def test_a_create_in_the_air_is_not_repeated_before_it_must_have_landed(world):
    """A time-out on a create: the provider may still be at it, and a second one would make a second row."""
    record = uuid4()
    toy.put(world.company_id, record, "x")

    def late(operation, rows):
        toy.REMOTE.before = None
        raise TransientError("No answer.", unsure=True)

    toy.REMOTE.before = late
    drain()
    toy.REMOTE.calls.clear()
    with clock.shifted(LEASE_OVER):
        drain()
    assert toy.REMOTE.calls == []
    with clock.shifted(LANDED):
        drain()
    assert record in toy.REMOTE.by_hub_id()


def test_killed_in_the_middle_of_a_batch_the_rest_is_written(world):
    records = [uuid4() for _ in range(10)]
    for record in records:
        toy.put(world.company_id, record, "x")
    write, seen = toy.ToySink.write, []

    def half(self, client, row):
        if len(seen) == 5:
            raise Killed
        seen.append(row.hub_id)
        return write(self, client, row)

    toy.ToySink.write = half
    try:
        with pytest.raises(Killed):
            drain()
    finally:
        toy.ToySink.write = write
    assert len(toy.REMOTE.rows) == 5
    with clock.shifted(LANDED):
        drain()
    assert sorted(toy.REMOTE.by_hub_id()) == sorted(records)
    assert len(toy.REMOTE.rows) == 10


def test_an_edit_back_to_the_base_after_a_killed_write_still_arrives(world):
    """base A, B written but never settled, edited back to A: comparing with the base alone would leave B there."""
    record = uuid4()
    toy.put(world.company_id, record, "A")
    drain()
    toy.put(world.company_id, record, "B")
    killed("after")
    assert toy.REMOTE.by_hub_id()[record]["f_val"] == "B"
    toy.put(world.company_id, record, "A")
    with clock.shifted(LANDED):
        drain()
    assert toy.REMOTE.by_hub_id()[record]["f_val"] == "A"


def test_a_late_landing_write_is_written_over_again(world):
    """A timed-out update lands after a newer one: the row is looked at once more when it must have landed."""
    record = uuid4()
    toy.put(world.company_id, record, "A")
    drain()
    remote_id = RecordLink.everywhere.get().remote_id
    toy.put(world.company_id, record, "B")

    def times_out(operation, rows):
        toy.REMOTE.before = None
        raise TransientError("No answer.", unsure=True)

    toy.REMOTE.before = times_out
    drain()
    toy.put(world.company_id, record, "C")
    with clock.shifted(timedelta(seconds=20)):
        drain()
        assert toy.REMOTE.by_hub_id()[record]["f_val"] == "C"
    toy.REMOTE.rows[remote_id]["f_val"] = "B"  # the first write lands only now
    with clock.shifted(LANDED):
        drain()
    assert toy.REMOTE.by_hub_id()[record]["f_val"] == "C"
    with clock.shifted(LANDED * 3):
        drain()
        assert due(world) == []


def test_deleted_here_while_its_create_was_in_the_air_leaves_no_orphan(world):
    record = uuid4()
    toy.put(world.company_id, record, "x")
    killed("after")
    toy.drop(world.company_id, record)
    with clock.shifted(LANDED):
        drain()
    assert toy.REMOTE.rows == {}
    assert due(world) == []


def test_lease_lost_while_the_call_runs_nothing_is_settled(world):
    record = uuid4()
    toy.put(world.company_id, record, "x")
    moved = []

    def oversleep(operation, rows):
        toy.REMOTE.after = None
        clock_later = clock.shifted(LEASE_OVER)
        clock_later.__enter__()
        moved.append(clock_later)
        assert lanes.claim() is not None  # another worker takes over

    toy.REMOTE.after = oversleep
    try:
        worker.drain(5)
        assert not RecordLink.everywhere.exists()
        assert due(world) == [record]
    finally:
        for shift in moved:
            shift.__exit__(None, None, None)
    with clock.shifted(LANDED * 2):
        drain()
    assert len(toy.REMOTE.rows) == 1
    assert due(world) == []


def test_killed_while_settling_the_row_is_found_again(world, monkeypatch):
    record = uuid4()
    toy.put(world.company_id, record, "x")
    counts = settle._counts

    def die(*args):
        monkeypatch.setattr(settle, "_counts", counts)
        raise Killed

    monkeypatch.setattr(settle, "_counts", die)
    with pytest.raises(Killed):
        drain()
    assert not RecordLink.everywhere.exists()
    with clock.shifted(LANDED):
        drain()
    assert len(toy.REMOTE.rows) == 1
    assert WorkRow.everywhere.get().done_rev == WorkRow.everywhere.get().rev
