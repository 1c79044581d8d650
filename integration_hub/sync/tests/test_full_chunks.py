"""Rows of a full run: two flights of calls are read and settled together, unless somebody waits."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from integration_hub.contract import RateLimited
from integration_hub.http import clock
from integration_hub.sync import lanes, push, rows, runs, settle, sql
from integration_hub.sync.models import RecordLink, SyncRun, WorkRow
from integration_hub.sync.targets import load
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due
from integration_hub.sync.tests.test_flights import everything_arrived_once, raising
from integration_hub.sync.tests.test_kills import LANDED, Killed

pytestmark = pytest.mark.engine

CALLS = 10  # of two flights
BACKFILL = WorkRow.PRIO_BACKFILL


@pytest.fixture
def hundred(world) -> list[UUID]:
    records = [uuid4() for _ in range(CALLS * 10)]
    for record in records:
        toy.put(world.company_id, record, "x", prio=BACKFILL)
    return records


@pytest.fixture
def run(world, hundred) -> SyncRun:
    """The full run that found them."""
    found = runs.start(world, actor="")
    WorkRow.everywhere.update(run=found)
    return found


@pytest.fixture
def settled(monkeypatch) -> list[int]:
    """How many rows were settled together, each time that any were."""
    told, really = [], settle.settle

    def settling(held, job, live, results):
        if results:
            told.append(len(results))
        really(held, job, live, results)

    monkeypatch.setattr(settle, "settle", settling)
    return told


def at_call(number: int, then: Any) -> Any:
    """A hook that does this in the middle of so many-th call."""
    seen: list[Sequence[Any]] = []

    def hook(operation: str, sent: Sequence[Any]) -> None:
        with toy.REMOTE.lock:
            seen.append(sent)
            now = len(seen) == number
        if now:
            then()

    return hook


def test_rows_of_a_full_run_are_settled_two_flights_at_a_time(world, hundred, settled):
    drain()
    assert everything_arrived_once(hundred)
    assert (settled, len(toy.REMOTE.calls)) == ([100], CALLS)


def test_changes_are_settled_after_each_flight(world, settled):
    records = [uuid4() for _ in range(CALLS * 10)]
    for record in records:
        toy.put(world.company_id, record, "x")
    drain()
    assert everything_arrived_once(records)
    assert settled == [50, 50]


@pytest.mark.parametrize("prio", [WorkRow.PRIO_PERSON, WorkRow.PRIO_CHANGE])
def test_a_change_made_during_the_first_flight_goes_before_the_second(world, hundred, settled, prio):
    record, sent = uuid4(), []
    toy.REMOTE.before = at_call(1, lambda: toy.put(world.company_id, record, "now", prio=prio))
    toy.REMOTE.after = lambda operation, rows: sent.append([row.hub_id for row in rows])
    drain()
    assert everything_arrived_once([*hundred, record])
    assert settled[0] == 50
    assert str(record) in [hub_id for batch in sent[5:10] for hub_id in batch], "it waits for no second flight"


def test_a_run_that_is_stopped_during_the_first_flight_sends_no_second_one(world, settled, run):
    toy.REMOTE.before = at_call(1, lambda: runs.stop(run))
    drain()
    assert (settled, len(toy.REMOTE.calls)) == ([50], 5)
    assert RecordLink.everywhere.count() == 50
    assert due(world) == []


def test_a_row_that_was_tried_before_hides_no_stop(world, settled, run):
    """It stays due when its run is stopped, since its call may have landed; those beside it are let go."""
    first_of_the_second = rows.due(world.pk, 100)[50]
    long_ago = clock.now() - LANDED * 2
    WorkRow.everywhere.filter(pk=first_of_the_second.pk).update(tried_at=long_ago)
    toy.REMOTE.before = at_call(1, lambda: runs.stop(run))
    drain()
    assert settled[0] == 50
    assert RecordLink.everywhere.count() == 51
    assert due(world) == []


def test_what_no_call_was_begun_for_is_as_due_as_before(world, hundred):
    """Killed in the first flight: the rows of the second one need not wait for anything to land."""
    toy.REMOTE.before = at_call(1, raising(Killed()))
    with pytest.raises(Killed):
        drain()
    assert WorkRow.everywhere.exclude(tried_at=None).count() == 50
    assert len(due(world)) == 100


def test_killed_in_the_second_flight_nothing_is_lost_or_doubled(world, hundred):
    toy.REMOTE.after = at_call(7, raising(Killed()))
    with pytest.raises(Killed):
        drain()
    assert not RecordLink.everywhere.exists()
    with clock.shifted(LANDED):
        drain()
    with clock.shifted(LANDED * 3):
        drain()
    assert everything_arrived_once(hundred)
    assert due(world) == []


def test_a_pause_asked_of_the_first_flight_ends_the_chunk(world, hundred, settled):
    toy.REMOTE.before = at_call(2, raising(RateLimited("Too fast.", retry_after=30)))
    drain()
    assert settled == [40]
    assert not WorkRow.everywhere.exclude(tried_at=None).exists()
    assert len(due(world)) == 60


def test_where_the_table_is_read_too_one_flight_is_enough(world, hundred, monkeypatch):
    job = load(world.pk)
    assert len(push.pick(job)) == 100
    monkeypatch.setattr(type(job), "reads", True)
    assert len(push.pick(job)) == 50


def test_what_is_due_is_found_by_its_index(world, hundred):
    """Otherwise every row of the target would be read for each chunk."""
    if not sql.is_sqlite():
        pytest.skip("PostgreSQL reads a table of a hundred rows as a whole, whatever its indexes")
    asked = []

    def look(run: Any, text: str, values: Any, many: bool, context: Any) -> Any:
        asked.append((text, values))
        return run(text, values, many, context)

    with connection.execute_wrapper(look):
        found = rows.due(world.pk, 10)
        rows.held_up(world.pk, found)
        lanes.repair()
    assert len(asked) == 3
    for text, values in asked:
        plan = sql.fetch(f"EXPLAIN QUERY PLAN {text}", values)
        read = [line for *_ids, line in plan if re.match(r"(SEARCH|SCAN) (sync_work|w) ", line)]
        assert read
        assert all("work_due" in line or "PRIMARY KEY (rowid=?)" in line for line in read), read
