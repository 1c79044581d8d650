"""Rows that could not be taken in: looked at again when somebody says so, and copies."""

from uuid import UUID

import pytest

from integration_hub.contract import Direction, TransientError
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sync import reading, strays
from integration_hub.sync.models import Mapping, RecordLink
from integration_hub.sync.models.pull import Stray
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due, open_problems
from integration_hub.sync.tests.test_kills import Killed
from integration_hub.sync.tests.test_reading import look, ours, shared, turned, values

pytestmark = pytest.mark.engine
REMOTE = toy.REMOTE


@pytest.fixture
def both(world: Mapping) -> Mapping:
    return turned(world, Direction.BOTH)


def stray(mapping: Mapping, remote_id: str = "rec1", value: str = "unreadable") -> Stray:
    """A row that could not be taken in."""
    REMOTE.edit(remote_id, f_val=value)
    look(mapping)
    return Stray.everywhere.get(remote_id=remote_id)


def corrected(remote_id: str, value: str) -> None:
    """Now it could be, and no listing of changes says so."""
    REMOTE.rows[remote_id]["f_val"] = value


def copied(mapping: Mapping) -> tuple[UUID, Stray]:
    """A record whose row somebody duplicated over there."""
    record, remote_id = shared(mapping)
    REMOTE.edit("reccopy", **REMOTE.rows[remote_id])
    look(mapping)
    return record, Stray.everywhere.get()


def test_they_are_one_problem_that_closes_itself(both):
    stray(both)
    REMOTE.edit("rec2", f_val="refuse me")
    look(both)
    problem = Problem.everywhere.get(key=f"sync:{both.pk}:strays", closed_at=None)
    assert problem.sentence == "2 rows of Toy could not be taken in."
    assert (problem.affected, problem.url) == (2, f"/admin/hub/strays/{both.pk}/")
    REMOTE.edit("rec1", f_val="fine")
    REMOTE.edit("rec2", f_val="fine too")
    look(both)
    assert open_problems() == set()


def test_a_row_is_looked_at_again_by_its_id(both):
    row = stray(both)
    REMOTE.edit("rec2", f_val="refuse me")
    look(both)
    corrected("rec1", "fine")
    REMOTE.calls.clear()
    assert strays.again(both, actor="alice", rows=[row.pk]) == 1
    drain()
    assert values(both) == ["fine"]
    assert ("read", 1) in REMOTE.calls
    assert list(Stray.everywhere.values_list("remote_id", flat=True)) == ["rec2"]


def test_all_are_looked_at_again_but_copies(both):
    _record, copy = copied(both)
    stray(both, "rec1")
    stray(both, "rec2")
    corrected("rec1", "fine")
    corrected("rec2", "fine too")
    assert strays.again(both, actor="alice") == 2
    drain()
    assert values(both) == ["fine", "fine too", "one"]
    assert Stray.everywhere.get().pk == copy.pk


def test_what_still_cannot_be_taken_in_stays_with_its_reason(both):
    row = stray(both, value="refuse me")
    strays.again(both, actor="alice", rows=[row.pk])
    drain()
    again = Stray.everywhere.get()
    assert (again.remedy, "This word is refused." in again.sentence) == ("give up", True)
    assert f"sync:{both.pk}:strays" in open_problems()


def test_a_row_that_is_gone_is_no_stray(both):
    row = stray(both)
    del REMOTE.rows["rec1"]
    strays.again(both, actor="alice", rows=[row.pk])
    drain()
    assert not Stray.everywhere.exists()
    assert open_problems() == set()


def test_an_edit_that_was_refused_is_looked_at_again(both):
    record, remote_id = shared(both)
    row = stray(both, remote_id, "refuse me")
    corrected(remote_id, "two")
    strays.again(both, actor="alice", rows=[row.pk])
    drain()
    assert ours(both)[record] == "two"
    assert not Stray.everywhere.exists()


def test_while_the_provider_is_away_the_word_is_kept(both, later):
    row = stray(both)
    corrected("rec1", "fine")
    REMOTE.before = toy.failing(TransientError("away"))
    strays.again(both, actor="alice", rows=[row.pk])
    drain()
    assert Stray.everywhere.get().remedy == strays.AGAIN
    with clock.shifted(reading.timedelta(minutes=30)):
        drain()
    assert values(both) == ["fine"]


def test_killed_in_between_no_row_is_taken_in_twice(both, monkeypatch):
    row = stray(both)
    corrected("rec1", "fine")
    strays.again(both, actor="alice", rows=[row.pk])

    def dies(turn, asked):
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(strays, "_done", dies)
        drain()
    with clock.shifted(reading.timedelta(minutes=30)):
        drain()
    assert values(both) == ["fine"]
    assert not Stray.everywhere.exists()


# --- copies -----------------------------------------------------------------------------------------------------------


def test_a_copy_becomes_a_record_of_its_own(both):
    record, copy = copied(both)
    assert strays.own(both, [copy.pk], actor="alice") == 1
    drain()
    mine = ours(both)
    (new,) = mine.keys() - {record}
    assert mine[new] == "one"
    assert REMOTE.rows["reccopy"]["hub"] == str(new)
    assert RecordLink.everywhere.get(remote_id="reccopy").record_id == new
    assert not Stray.everywhere.exists()
    assert open_problems() == set()
    assert due(both) == []
    REMOTE.edit("reccopy", f_val="two")
    look(both)
    assert ours(both) == {record: "one", new: "two"}


def test_a_copy_that_is_left_is_not_asked_about_again(both):
    record, copy = copied(both)
    assert strays.leave(both, [copy.pk], actor="alice") == 1
    assert open_problems() == set()
    REMOTE.edit("reccopy", f_val="changed there")
    look(both)
    reading.whole(both)
    look(both)
    assert (Stray.everywhere.get().remedy, list(ours(both))) == ("left", [record])
    assert open_problems() == set()
    assert strays.again(both, actor="alice", rows=[copy.pk]) == 1  # on second thoughts
    drain()
    assert Stray.everywhere.get().remedy == "copy"
    assert f"sync:{both.pk}:strays" in open_problems()


def test_only_copies_become_records_of_their_own(both):
    row = stray(both)
    assert strays.own(both, [row.pk], actor="alice") == 0
    assert strays.leave(both, [row.pk], actor="alice") == 0
    assert Stray.everywhere.get().remedy == "give up"


def test_another_mappings_rows_are_not_touched(both):
    row = stray(both)
    other = Mapping(pk=UUID(int=1), company_id=both.company_id)
    assert strays.again(other, actor="alice", rows=[row.pk]) == 0


def test_rows_of_a_mapping_that_is_not_read_any_more_are_forgotten(both):
    stray(both)
    assert strays.tidy() == 0
    Mapping.everywhere.filter(pk=both.pk).update(direction="push")
    assert strays.tidy() == 1
    assert open_problems() == set()
