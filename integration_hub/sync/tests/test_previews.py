"""Previews: the plan tells the truth and writes nothing; applied, it is done as shown, but for what changed since."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from integration_hub.contract import CursorExpired, Direction
from integration_hub.http import clock
from integration_hub.sync import lanes, previews, reading, runs
from integration_hub.sync.models import Mapping, PlanRow, RecordLink, SyncRun, SyncWrite
from integration_hub.sync.models.preview import Planned, PlanState
from integration_hub.sync.models.pull import Conflict
from integration_hub.sync.models.run import RunKind, RunState
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due
from integration_hub.sync.tests.test_kills import Killed
from integration_hub.sync.tests.test_reading import shared, turned, values

pytestmark = pytest.mark.engine
REMOTE = toy.REMOTE
LEASE_OVER = partial(clock.shifted, timedelta(minutes=10))


@pytest.fixture
def both(world: Mapping) -> Mapping:
    return turned(world, Direction.BOTH)


@pytest.fixture
def waiting(world: Mapping) -> Mapping:
    """A mapping of both ways that is about to begin: nobody has seen yet what it would do."""
    Mapping.everywhere.update(direction="both", waits=True, match_on=["val"])
    world.refresh_from_db()
    return world


def planned(mapping: Mapping) -> SyncRun:
    run = previews.start(mapping, actor="alice")
    drain()
    run.refresh_from_db()
    assert run.state == RunState.PLANNED
    return run


def applied(run: SyncRun) -> SyncRun:
    previews.apply(run, actor="alice")
    drain()
    run.refresh_from_db()
    return run


def plan_of(run: SyncRun) -> Counter[str]:
    return Counter(previews.rows(run).values_list("what", flat=True))


def world_now(mapping: Mapping) -> tuple[object, ...]:
    """Everything a preview must not touch."""
    links = sorted(RecordLink.everywhere.values_list("remote_id", "version", "deleted_at"))
    return toy.rows(mapping.company_id), {k: dict(v) for k, v in REMOTE.rows.items()}, links, due(mapping)


@contextmanager
def lanes_stopped(mapping: Mapping) -> Iterator[None]:
    """Nothing is synced meanwhile, and what happens is looked at by nobody before the preview."""
    Mapping.everywhere.filter(pk=mapping.pk).update(is_live=False)
    yield
    Mapping.everywhere.filter(pk=mapping.pk).update(is_live=True)


def first_meeting(mapping: Mapping) -> None:
    """Two that are the same, one only here, one only there, one that fits two records."""
    for value in ("same", "Other Same", "only here", "twin", "twin"):
        toy.put(mapping.company_id, uuid4(), value)
    for number, value in enumerate(("same", "other same", "only there", "twin")):
        REMOTE.edit(f"rec{number}", f_val=value)


def test_a_first_meeting_is_counted_and_nothing_is_written(waiting):
    first_meeting(waiting)
    before = world_now(waiting)
    run = planned(waiting)
    assert world_now(waiting) == before
    told = previews.summary(run)
    assert (told["matched"], told["only_there"], told[Planned.AMBIGUOUS]) == (2, 1, 1)
    assert told["only_here"] == 1, "the twins may belong to the row that fits both"
    assert not SyncWrite.everywhere.exists()
    assert not any(call == "upsert" for call, _rows in REMOTE.calls)


def test_a_mapping_that_waits_does_nothing_by_itself(waiting):
    first_meeting(waiting)
    before = world_now(waiting)
    runs.start(waiting, actor="schedule")
    reading.ensure(waiting)
    lanes.repair()
    drain()
    assert world_now(waiting) == before
    assert SyncRun.everywhere.latest("started_at").kind == RunKind.PREVIEW


def test_applied_it_joins_makes_and_goes_live(waiting):
    first_meeting(waiting)
    run = applied(planned(waiting))
    assert run.state == RunState.DONE
    assert values(waiting) == sorted(["same", "Other Same", "only here", "only there", "twin", "twin"])
    there = Counter(str(row["f_val"]) for row in REMOTE.rows.values())
    assert there == {"same": 1, "other same": 1, "only here": 1, "only there": 1, "twin": 1}, "nothing is doubled"
    waiting.refresh_from_db()
    assert not waiting.waits
    record = uuid4()
    toy.put(waiting.company_id, record, "later")
    drain()
    assert REMOTE.by_hub_id()[record]["f_val"] == "later"


def test_somebody_says_whose_a_row_is(waiting):
    first_meeting(waiting)
    applied(planned(waiting))
    one, other = sorted(pk for pk, value in toy.rows(waiting.company_id).items() if value == "twin")
    REMOTE.edit("rec3", hub=str(one))
    toy.put(waiting.company_id, other, "no twin any more")
    waiting.refresh_from_db()
    runs.start(waiting, actor="alice")
    drain()
    assert RecordLink.everywhere.get(record_id=one, deleted_at=None).remote_id == "rec3"
    assert REMOTE.by_hub_id()[other]["f_val"] == "no twin any more"


def test_what_is_left_alone_stays_so(waiting):
    Mapping.everywhere.update(makes_here=False, makes_there=False)
    waiting.refresh_from_db()
    first_meeting(waiting)
    run = planned(waiting)
    assert plan_of(run)[Planned.LEFT_THERE] == 1
    assert plan_of(run)[Planned.LEFT_HERE] == 1
    applied(run)
    reading.whole(waiting)
    runs.start(waiting, actor="alice")
    drain()
    assert "only there" not in values(waiting)
    assert {row.get("f_val") for row in REMOTE.rows.values()} >= {"same", "only there", "twin"}
    assert len(REMOTE.rows) == 4


def test_the_plan_of_a_live_mapping_tells_each_field(both):
    record, remote_id = shared(both, "one")
    REMOTE.edit(remote_id, f_val="theirs")
    run = planned(both)
    row = previews.rows(run).get()
    assert (row.what, row.record_id, row.remote_id) == (Planned.UPDATE, record, remote_id)
    assert row.changes == [{"field": "Value", "way": "in", "ours": "one", "theirs": "theirs", "after": "theirs"}]
    assert values(both) == ["one"]
    applied(run)
    assert values(both) == ["theirs"]
    write = SyncWrite.everywhere.filter(run=run).get()
    assert (write.outcome, write.way) == ("updated", "in")


def test_what_changed_since_is_left_alone_with_a_word(both):
    here, row_here = shared(both, "one")
    _there, row_there = shared(both, "two")
    _gone, row_gone = shared(both, "three")
    for remote_id in (row_here, row_there, row_gone):
        REMOTE.edit(remote_id, f_val=f"new {remote_id}")
    run = planned(both)
    with lanes_stopped(both):
        toy.put(both.company_id, here, "edited")
        REMOTE.edit(row_there, f_val="edited")
        REMOTE.rows.pop(row_gone)
    applied(run)
    told = {row.remote_id: row for row in previews.rows(run)}
    assert {row.state for row in told.values()} == {PlanState.SKIPPED}
    assert "record was changed" in told[row_here].sentence
    assert "row was changed" in told[row_there].sentence
    assert "gone" in told[row_gone].sentence


def test_a_conflict_is_shown_and_opened_when_applied(both):
    record, remote_id = shared(both, "one")
    with lanes_stopped(both):
        toy.put(both.company_id, record, "ours")
        REMOTE.edit(remote_id, f_val="theirs")
    run = planned(both)
    row = previews.rows(run).get()
    assert row.what == Planned.CONFLICT
    assert row.changes[0]["way"] == "both"
    assert not Conflict.everywhere.exists()
    applied(run)
    assert Conflict.everywhere.get(settled_at=None).theirs == "theirs"


def test_deletes_are_planned_on_both_sides(both):
    Mapping.everywhere.update(on_remote_delete="delete")
    both.refresh_from_db()
    here, _row = shared(both, "deleted here")
    there, row_there = shared(both, "deleted there")
    with lanes_stopped(both):
        toy.drop(both.company_id, here)
        REMOTE.rows.pop(row_there)
        REMOTE.moves.pop(row_there)
    run = planned(both)
    assert plan_of(run) == {Planned.DELETE_THERE: 1, Planned.DELETE_HERE: 1}
    assert there in toy.rows(both.company_id)
    applied(run)
    assert toy.rows(both.company_id) == {}
    assert REMOTE.rows == {}


def test_a_broken_listing_plans_anew_and_never_twice(waiting):
    for number in range(8):
        REMOTE.edit(f"rec{number}", f_val=f"value {number}")
    left = [CursorExpired()]

    def breaks(operation, given):
        if operation == "page" and given[0] and left:
            raise left.pop()

    REMOTE.before = breaks
    run = planned(waiting)
    assert plan_of(run) == {Planned.CREATE_HERE: 8}


def test_killed_while_it_is_planned_or_applied_it_goes_on(waiting, monkeypatch):
    first_meeting(waiting)
    run = previews.start(waiting, actor="alice")
    REMOTE.after = None
    calls = iter([None, Killed()])

    def dies(operation, given):
        if operation == "page" and (found := next(calls, None)):
            raise found

    REMOTE.before = dies
    with pytest.raises(Killed):
        drain()
    REMOTE.before = None
    with LEASE_OVER():
        drain()
    run.refresh_from_db()
    assert previews.summary(run)["matched"] == 2
    applied(run)
    assert len(REMOTE.rows) == len(toy.rows(waiting.company_id)) - 1, "the twins share a row that is nobody's yet"


def test_an_outdated_preview_is_refused(both):
    run = planned(both)
    Mapping.everywhere.update(version=99)
    with pytest.raises(previews.NotReady, match="changed since"):
        previews.apply(run, actor="alice")


def test_applied_twice_is_once(both):
    run = planned(both)
    previews.apply(run, actor="alice")
    with pytest.raises(previews.NotReady):
        previews.apply(run, actor="bob")


def test_a_discarded_preview_is_over_and_the_mapping_waits_on(waiting):
    run = planned(waiting)
    assert previews.discard(run, actor="alice")
    assert not previews.discard(run, actor="alice")
    with pytest.raises(previews.NotReady):
        previews.apply(run, actor="alice")
    waiting.refresh_from_db()
    assert waiting.waits


def test_a_push_only_mapping_finds_its_rows_by_keys(world):
    Mapping.everywhere.update(waits=True, match_on=["val"])
    world.refresh_from_db()
    record = uuid4()
    toy.put(world.company_id, record, "same")
    REMOTE.edit("rec1", f_val="same")
    REMOTE.edit("rec2", f_val="theirs alone")
    run = planned(world)
    assert plan_of(run) == {Planned.UPDATE: 1, Planned.LEFT_THERE: 1}
    applied(run)
    assert REMOTE.rows["rec1"]["hub"] == str(record)
    assert len(REMOTE.rows) == 2
    assert PlanRow.everywhere.filter(state=PlanState.PLANNED).count() == 0
