"""Taking runs back: both sides become what they were, where both still are what the run left."""

from uuid import UUID, uuid4

import pytest

from integration_hub.contract import Direction
from integration_hub.http import clock
from integration_hub.sync import reading, runs, undoing
from integration_hub.sync.models import Mapping, RecordLink, SyncRun, SyncWrite
from integration_hub.sync.models.run import RunKind, RunState
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due
from integration_hub.sync.tests.test_kills import Killed
from integration_hub.sync.tests.test_previews import LEASE_OVER
from integration_hub.sync.tests.test_reading import look, ours, shared, turned, values

pytestmark = pytest.mark.engine
REMOTE = toy.REMOTE


@pytest.fixture(params=[Direction.PUSH, Direction.BOTH])
def mapping(request: pytest.FixtureRequest, world: Mapping) -> Mapping:
    return turned(world, request.param)


@pytest.fixture
def both(world: Mapping) -> Mapping:
    return turned(world, Direction.BOTH)


def hour(mapping: Mapping) -> SyncRun:
    """The live run so far; what comes next belongs to another one."""
    run = SyncRun.everywhere.get(mapping=mapping, kind=RunKind.LIVE, state=RunState.RUNNING)
    SyncRun.everywhere.filter(pk=run.pk).update(state=RunState.DONE, finished_at=clock.now(), hour=None)
    run.refresh_from_db()
    return run


def undone(run: SyncRun) -> SyncRun:
    undo = undoing.start(run, actor="alice")
    drain()
    undo.refresh_from_db()
    assert undo.state == RunState.DONE
    return undo


def left(undo: SyncRun) -> dict[UUID, str]:
    """What was left alone, and why."""
    return dict(SyncWrite.everywhere.filter(run=undo, outcome="failed").values_list("record_id", "sentence"))


def test_edits_that_went_out_are_set_back_on_both_sides(mapping):
    record, remote_id = shared(mapping, "one")
    hour(mapping)
    toy.put(mapping.company_id, record, "two")
    toy.put(mapping.company_id, record, "three")
    drain()
    undo = undone(hour(mapping))
    assert ours(mapping) == {record: "one"}
    assert REMOTE.rows[remote_id]["f_val"] == "one"
    assert left(undo) == {}
    assert due(mapping) == []


def test_edits_that_came_in_are_set_back_on_both_sides(both):
    record, remote_id = shared(both, "one")
    hour(both)
    REMOTE.edit(remote_id, f_val="two")
    look(both)
    assert values(both) == ["two"]
    undone(hour(both))
    assert ours(both) == {record: "one"}
    assert REMOTE.rows[remote_id]["f_val"] == "one"


def test_several_edits_of_a_run_go_back_to_what_was_before_the_first(mapping):
    record, remote_id = shared(mapping, "one")
    hour(mapping)
    for value in ("two", "three"):
        toy.put(mapping.company_id, record, value)
        drain()
    run = hour(mapping)
    assert SyncWrite.everywhere.filter(run=run).count() == 2
    undone(run)
    assert ours(mapping) == {record: "one"}
    assert REMOTE.rows[remote_id]["f_val"] == "one"


def test_a_row_that_was_made_is_deleted_and_not_made_again(mapping):
    record, _remote_id = shared(mapping, "one")
    undone(hour(mapping))
    assert REMOTE.rows == {}
    assert ours(mapping) == {record: "one"}, "the record is nobody's to delete"
    toy.put(mapping.company_id, record, "two")
    runs.start(mapping, actor="alice")
    drain()
    assert REMOTE.rows == {}


def test_what_was_taken_away_may_be_made_again(mapping):
    record, _remote_id = shared(mapping, "one")
    undo = undone(hour(mapping))
    assert undoing.allow_again(undo, actor="alice") == 1
    drain()
    assert REMOTE.by_hub_id()[record]["f_val"] == "one"


def test_a_record_that_was_made_of_a_row_is_deleted_and_not_made_again(both):
    REMOTE.edit("rec1", f_val="theirs")
    look(both)
    assert values(both) == ["theirs"]
    undo = undone(hour(both))
    assert values(both) == []
    assert REMOTE.rows["rec1"]["f_val"] == "theirs", "the row is nobody's to delete"
    reading.whole(both)
    look(both)
    assert values(both) == []
    undoing.allow_again(undo, actor="alice")
    drain()
    assert values(both) == ["theirs"]


def test_a_deleted_record_and_its_row_come_back(mapping):
    record, old = shared(mapping, "one")
    hour(mapping)
    toy.remove(mapping.company_id, record)
    drain()
    assert REMOTE.rows == {}
    undone(hour(mapping))
    assert ours(mapping) == {record: "one"}
    (remote_id,) = REMOTE.rows
    assert REMOTE.rows[remote_id]["hub"] == str(record)
    assert remote_id != old
    assert RecordLink.everywhere.get(record_id=record).remote_id == remote_id


def test_what_was_edited_since_is_left_alone(both):
    here, _row_here = shared(both, "one")
    there, row_there = shared(both, "uno")
    hour(both)
    toy.put(both.company_id, here, "two")
    toy.put(both.company_id, there, "due")
    drain()
    run = hour(both)
    toy.put(both.company_id, here, "three")
    REMOTE.edit(row_there, f_val="tre")
    drain()
    undo = undone(run)
    assert set(left(undo)) == {here, there}
    assert all("changed since: Value" in sentence for sentence in left(undo).values())
    look(both)
    assert sorted(values(both)) == ["three", "tre"]
    assert {str(row["f_val"]) for row in REMOTE.rows.values()} == {"three", "tre"}


def test_a_row_made_and_edited_later_is_left_alone(both):
    record, remote_id = shared(both, "one")
    run = hour(both)
    toy.put(both.company_id, record, "two")
    drain()
    undo = undone(run)
    assert "later run" in left(undo)[record]
    assert remote_id in REMOTE.rows


def test_a_row_that_is_gone_is_left_alone(both):
    record, remote_id = shared(both, "one")
    hour(both)
    toy.put(both.company_id, record, "two")
    drain()
    run = hour(both)
    REMOTE.rows.pop(remote_id)
    undo = undone(run)
    assert "gone" in left(undo)[record]
    assert values(both) == ["two"]


def test_a_value_our_rules_refuse_by_now_is_left_alone(both, monkeypatch):
    record, _remote_id = shared(both, "one")
    hour(both)
    toy.put(both.company_id, record, "two")
    drain()
    run = hour(both)
    monkeypatch.setattr(toy, "REFUSED", "one")
    undo = undone(run)
    assert left(undo)[record] == "This word is refused."
    assert values(both) == ["two"]


@pytest.mark.parametrize("operation", ["read", "upsert"])
def test_killed_it_goes_on_and_nothing_is_set_back_twice(both, operation):
    records = {shared(both, f"old {number}")[0]: number for number in range(8)}
    hour(both)
    for record, number in records.items():
        toy.put(both.company_id, record, f"new {number}")
    drain()
    undo = undoing.start(hour(both), actor="alice")

    def dies(called, _rows):
        if called == operation:
            REMOTE.after = REMOTE.before = None
            raise Killed

    REMOTE.before = dies
    with pytest.raises(Killed):
        drain()
    with LEASE_OVER():
        drain()
    undo.refresh_from_db()
    assert undo.state == RunState.DONE
    assert ours(both) == {record: f"old {number}" for record, number in records.items()}
    assert {str(row["f_val"]) for row in REMOTE.rows.values()} == {f"old {number}" for number in range(8)}


def test_what_cannot_be_taken_back_says_why(both):
    shared(both, "one")
    run = hour(both)
    undo = undone(run)
    assert "already" in undoing.refusal(run)
    assert "took another one back" in undoing.refusal(undo)
    with pytest.raises(undoing.NotPossible):
        undoing.start(run, actor="bob")
    full = runs.start(both, actor="alice")
    assert "still going" in undoing.refusal(full)
    drain()
    full.refresh_from_db()
    assert "nothing" in undoing.refusal(full)
    toy.put(both.company_id, uuid4(), "new")
    drain()
    recent = hour(both)
    with clock.shifted(undoing.KEPT * 2):
        assert "30 days" in undoing.refusal(recent)
    Mapping.everywhere.update(retired_at=clock.now())
    recent.mapping.refresh_from_db()
    assert "removed" in undoing.refusal(recent)


def test_an_applied_preview_is_taken_back_as_well(both):
    from integration_hub.sync.tests.test_previews import applied, lanes_stopped, planned

    record, remote_id = shared(both, "one")
    with lanes_stopped(both):
        REMOTE.edit(remote_id, f_val="two")
        REMOTE.edit("rec9", f_val="new there")
    run = applied(planned(both))
    assert sorted(values(both)) == ["new there", "two"]
    undone(run)
    assert ours(both) == {record: "one"}
    assert REMOTE.rows[remote_id]["f_val"] == "one"
