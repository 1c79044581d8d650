"""Rows that are read: what becomes of them here, whatever breaks off, comes twice, or changes meanwhile."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from integration_hub.contract import CursorExpired, Direction, TransientError
from integration_hub.http import clock
from integration_hub.sync import conflicts, lanes, reading, runs, vanishing
from integration_hub.sync.models import Mapping, RecordLink, SyncWrite, WorkRow
from integration_hub.sync.models.mapping import RemoteDelete
from integration_hub.sync.models.pull import Choice, Conflict, Reading, Stray
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due, open_problems
from integration_hub.sync.tests.test_kills import Killed

pytestmark = pytest.mark.engine
REMOTE = toy.REMOTE


def turned(world: Mapping, direction: Direction, **fields: object) -> Mapping:
    """The mapping goes that way from now on; its table is read."""
    Mapping.everywhere.filter(pk=world.pk).update(direction=direction.value, **fields)
    world.refresh_from_db()
    reading.ensure(world)
    drain()
    return world


@pytest.fixture
def both(world: Mapping) -> Mapping:
    return turned(world, Direction.BOTH)


@pytest.fixture
def pulled(world: Mapping) -> Mapping:
    return turned(world, Direction.PULL)


def look(mapping: Mapping) -> None:
    """Read what changed, and write what is due."""
    reading.poke([mapping.pk])
    lanes.wake([mapping.pk])
    drain()


def ours(mapping: Mapping) -> dict[UUID, str]:
    return toy.rows(mapping.company_id)


def values(mapping: Mapping) -> list[str]:
    return sorted(ours(mapping).values())


def link_of(remote_id: str) -> RecordLink:
    return RecordLink.everywhere.get(remote_id=remote_id)


def shared(mapping: Mapping, value: str = "one") -> tuple[UUID, str]:
    """A record that both sides agree on."""
    record = uuid4()
    toy.put(mapping.company_id, record, value)
    drain()
    return record, RecordLink.everywhere.get(record_id=record).remote_id


def test_rows_become_records(pulled):
    for number in range(8):
        REMOTE.edit(f"rec{number}", f_val=f"value {number}")
    look(pulled)
    assert values(pulled) == [f"value {number}" for number in range(8)]
    assert RecordLink.everywhere.filter(target=pulled.pk).count() == 8
    assert {row.outcome for row in SyncWrite.everywhere.filter(way="in")} == {"created"}


def test_a_mapping_that_only_reads_writes_nothing(pulled):
    REMOTE.edit("rec1", f_val="theirs")
    look(pulled)
    (record,) = ours(pulled)
    toy.put(pulled.company_id, record, "ours")
    toy.put(pulled.company_id, uuid4(), "new here")
    look(pulled)
    assert REMOTE.rows == {"rec1": {"f_val": "theirs"}}
    assert not WorkRow.everywhere.filter(target=pulled.pk).exists()


def test_the_same_rows_again_change_nothing(both):
    REMOTE.edit("rec1", f_val="one")
    look(both)
    writes = SyncWrite.everywhere.count()
    reading.whole(both)
    look(both)
    assert values(both) == ["one"]
    assert SyncWrite.everywhere.count() == writes


def test_a_record_made_of_a_row_gives_the_row_our_id(both):
    REMOTE.edit("rec1", f_val="one")
    look(both)
    (record,) = ours(both)
    assert REMOTE.rows["rec1"]["hub"] == str(record)
    assert due(both) == []


def test_an_edit_over_there_arrives_and_ends_there(both):
    record, remote_id = shared(both)
    REMOTE.edit(remote_id, f_val="two")
    look(both)
    assert ours(both)[record] == "two"
    assert due(both) == []
    before = len(REMOTE.calls)
    drain()
    assert len(REMOTE.calls) == before, "an echo went on"


def test_our_own_writes_come_back_as_nothing(both):
    record, _remote_id = shared(both)
    toy.put(both.company_id, record, "two")
    drain()
    writes = SyncWrite.everywhere.count()
    look(both)
    assert SyncWrite.everywhere.count() == writes
    assert due(both) == []


def test_an_edit_here_and_one_over_there_of_different_fields_both_live(both):
    record, remote_id = shared(both)
    REMOTE.edit(remote_id, f_fixed="theirs alone")
    toy.put(both.company_id, record, "two")
    drain()
    assert REMOTE.rows[remote_id]["f_val"] == "two"
    assert REMOTE.rows[remote_id]["f_fixed"] == "theirs alone"


def test_a_two_way_push_reads_first_and_overwrites_nobody(both):
    record, remote_id = shared(both)
    REMOTE.edit(remote_id, f_val="theirs")
    toy.put(both.company_id, record, "ours")
    drain()
    assert REMOTE.rows[remote_id]["f_val"] == "theirs"
    assert ours(both)[record] == "ours"
    (conflict,) = Conflict.everywhere.filter(settled_at=None)
    assert (conflict.ours, conflict.theirs) == ("ours", "theirs")
    assert f"sync:{both.pk}:conflicts" in open_problems()


def test_what_we_wrote_ourselves_is_nobodys_edit_though_nobody_settled_it(both):
    """Killed between the write and our commit, then edited again here: only one side was changed by people."""
    record, remote_id = shared(both)

    def dies(operation, rows):
        REMOTE.after = None
        raise Killed

    toy.put(both.company_id, record, "two")
    REMOTE.after = lambda operation, rows: dies(operation, rows) if operation == "upsert" else None
    with pytest.raises(Killed):
        drain()
    toy.put(both.company_id, record, "three")
    with clock.shifted(timedelta(minutes=3)):
        look(both)
    assert REMOTE.rows[remote_id]["f_val"] == "three"
    assert ours(both)[record] == "three"
    assert not Conflict.everywhere.exists()


def test_an_edit_that_came_after_the_reading_is_not_taken_for_agreed(both):
    """The answer to a write shows the whole row, also what somebody changed a moment before it."""
    record, remote_id = shared(both)

    def meanwhile(operation, rows):
        if operation == "upsert":
            REMOTE.edit(remote_id, f_fixed="theirs")

    REMOTE.before = meanwhile
    toy.put(both.company_id, record, "two")
    drain()
    assert link_of(remote_id).base_theirs == {"f_val": "two", "f_fixed": "same"}


@pytest.mark.parametrize(("choice", "wins"), [(Choice.OURS, "ours"), (Choice.THEIRS, "theirs")])
def test_a_settled_conflict_lets_one_side_win(both, choice, wins):
    record, remote_id = shared(both)
    REMOTE.edit(remote_id, f_val="theirs")
    toy.put(both.company_id, record, "ours")
    drain()
    conflicts.settle(Conflict.everywhere.get(), choice, actor="tests")
    drain()
    assert (REMOTE.rows[remote_id]["f_val"], ours(both)[record]) == (wins, wins)
    assert open_problems() == set()
    look(both)
    assert not Conflict.everywhere.filter(settled_at=None).exists()
    assert due(both) == []


def test_an_edit_after_the_conflict_was_shown_is_not_overwritten_by_settling_it(both):
    record, remote_id = shared(both)
    REMOTE.edit(remote_id, f_val="theirs")
    toy.put(both.company_id, record, "ours")
    drain()
    REMOTE.edit(remote_id, f_val="newer")
    conflicts.settle(Conflict.everywhere.get(), Choice.OURS, actor="tests")
    drain()
    assert REMOTE.rows[remote_id]["f_val"] == "newer"
    (again,) = Conflict.everywhere.filter(settled_at=None)
    assert (again.ours, again.theirs) == ("ours", "newer")


def test_a_conflict_ends_when_the_sides_come_to_agree(both):
    record, remote_id = shared(both)
    REMOTE.edit(remote_id, f_val="theirs")
    toy.put(both.company_id, record, "ours")
    drain()
    REMOTE.edit(remote_id, f_val="ours")
    look(both)
    assert Conflict.everywhere.get().choice == Choice.ALIKE
    assert open_problems() == set()


def test_other_fields_go_on_while_one_is_contested(both):
    record, remote_id = shared(both)
    REMOTE.edit(remote_id, f_val="theirs", f_fixed=None)
    toy.put(both.company_id, record, "ours")
    drain()
    toy.put(both.company_id, record, "ours again")
    drain()
    assert REMOTE.rows[remote_id]["f_val"] == "theirs"
    assert Conflict.everywhere.get(settled_at=None).ours == "ours again"


@pytest.mark.parametrize(("policy", "wins"), [("hub_wins", "ours"), ("provider_wins", "theirs")])
def test_a_policy_settles_it_at_once(world, policy, wins):
    mapping = turned(world, Direction.BOTH, policy=policy)
    record, remote_id = shared(mapping)
    REMOTE.edit(remote_id, f_val="theirs")
    toy.put(mapping.company_id, record, "ours")
    drain()
    look(mapping)
    assert (REMOTE.rows[remote_id]["f_val"], ours(mapping)[record]) == (wins, wins)
    assert due(mapping) == []


def test_a_row_that_our_rules_refuse_is_named_and_the_others_go_on(both):
    REMOTE.edit("rec1", f_val="refuse me")
    REMOTE.edit("rec2", f_val="fine")
    REMOTE.edit("rec3", f_val="unreadable")
    look(both)
    assert values(both) == ["fine"]
    assert set(Stray.everywhere.values_list("remote_id", flat=True)) == {"rec1", "rec3"}
    REMOTE.edit("rec1", f_val="better")
    look(both)
    assert values(both) == ["better", "fine"]
    assert set(Stray.everywhere.values_list("remote_id", flat=True)) == {"rec3"}


def test_an_edit_that_our_rules_refuse_leaves_the_record_as_it_was(both):
    record, remote_id = shared(both)
    REMOTE.edit(remote_id, f_val="refuse me")
    look(both)
    assert ours(both)[record] == "one"
    assert "Value: This word is refused." in Stray.everywhere.get().sentence
    REMOTE.edit(remote_id, f_val="two")
    look(both)
    assert ours(both)[record] == "two"
    assert not Stray.everywhere.exists()


def test_a_copied_row_is_named_and_never_becomes_a_second_record(both):
    record, remote_id = shared(both)
    REMOTE.edit("reccopy", **REMOTE.rows[remote_id])
    look(both)
    assert list(ours(both)) == [record]
    assert Stray.everywhere.get().remote_id == "reccopy"


def test_a_row_that_carries_the_id_of_an_unlinked_record_is_that_record(both):
    record, remote_id = shared(both)
    RecordLink.everywhere.all().delete()
    look(both)
    reading.whole(both)
    look(both)
    assert list(ours(both)) == [record]
    assert link_of(remote_id).record_id == record


def test_a_listing_that_breaks_off_begins_again(both):
    for number in range(8):
        REMOTE.edit(f"rec{number}", f_val=f"value {number}")
    REMOTE.before = toy.failing(CursorExpired())
    look(both)
    assert len(values(both)) == 8


def test_a_listing_that_fails_in_the_middle_goes_on_where_it_was(both, later):
    for number in range(8):
        REMOTE.edit(f"rec{number}", f_val=f"value {number}")
    pages = iter([None, TransientError("away")])

    def second(operation, rows):
        error = next(pages, None)
        if error and operation == "page":
            raise error

    REMOTE.before = second
    look(both)
    with clock.shifted(timedelta(minutes=20)):
        look(both)
    assert len(values(both)) == 8


def test_killed_between_two_pages_the_reading_goes_on(both, monkeypatch):
    for number in range(8):
        REMOTE.edit(f"rec{number}", f_val=f"value {number}")
    real, calls = reading.keep, iter([True])

    def dies(turn, row, **fields):
        if "cursor" in fields and next(calls, False):
            raise KeyboardInterrupt
        real(turn, row, **fields)

    monkeypatch.setattr(reading, "keep", dies)
    with pytest.raises(KeyboardInterrupt):
        look(both)
    with clock.shifted(timedelta(minutes=20)):
        drain()
        look(both)
    assert values(both) == [f"value {number}" for number in range(8)]


def test_a_row_missing_from_a_listing_is_asked_for_before_it_is_gone(world):
    mapping = turned(world, Direction.BOTH, on_remote_delete="delete")
    record, remote_id = shared(mapping)
    REMOTE.hidden.add(remote_id)  # a page that failed, a view that hides it
    with clock.shifted(timedelta(minutes=20)):
        reading.whole(mapping)
        look(mapping)
    assert record in ours(mapping)
    assert link_of(remote_id).gone_at is None


@pytest.mark.parametrize(("policy", "left"), [("ignore", 1), ("delete", 0)])
def test_a_row_that_is_gone_ends_as_the_mapping_says(world, policy, left):
    mapping = turned(world, Direction.BOTH, on_remote_delete=policy)
    _record, remote_id = shared(mapping)
    del REMOTE.rows[remote_id]
    with clock.shifted(timedelta(minutes=20)):
        reading.whole(mapping)
        look(mapping)
        assert len(ours(mapping)) == left
        assert RecordLink.everywhere.filter(deleted_at=None).count() == 0
        assert REMOTE.rows == {}


def test_a_table_that_was_emptied_empties_nothing_here_until_somebody_agrees(world):
    mapping = turned(world, Direction.BOTH, on_remote_delete="delete")
    for number in range(25):
        toy.put(mapping.company_id, uuid4(), f"value {number}")
    drain()
    REMOTE.rows.clear()
    with clock.shifted(timedelta(minutes=20)):
        reading.whole(mapping)
        look(mapping)
        assert len(ours(mapping)) == 25
        assert f"sync:{mapping.pk}:vanished" in open_problems()
        vanishing.agree(mapping, RemoteDelete.DELETE, actor="tests")
        drain()
        assert ours(mapping) == {}
        assert open_problems() == set()


def test_rows_that_somebody_brought_back_are_not_deleted_afterwards(world):
    mapping = turned(world, Direction.BOTH, on_remote_delete="delete")
    for number in range(25):
        toy.put(mapping.company_id, uuid4(), f"value {number}")
    drain()
    saved = dict(REMOTE.rows)
    REMOTE.rows.clear()
    with clock.shifted(timedelta(minutes=20)):
        reading.whole(mapping)
        look(mapping)
        for remote_id, cells in saved.items():
            REMOTE.edit(remote_id, **cells)
        look(mapping)
        vanishing.agree(mapping, RemoteDelete.DELETE, actor="tests")
        drain()
        assert len(ours(mapping)) == 25


def test_a_full_run_reads_the_whole_table_first(both):
    REMOTE.edit("rec1", f_val="theirs")
    Reading.everywhere.update(next_at=clock.now() + timedelta(hours=1))
    toy.put(both.company_id, uuid4(), "ours")
    run = runs.start(both, actor="tests")
    drain()
    run.refresh_from_db()
    assert run.state == "done"
    assert values(both) == ["ours", "theirs"]
    assert sorted(cells["f_val"] for cells in REMOTE.rows.values()) == ["ours", "theirs"]


def test_a_row_that_carries_the_id_of_a_deleted_record_gets_the_new_ones(both):
    REMOTE.edit("rec1", f_val="one", hub=str(uuid4()))
    look(both)
    (record,) = ours(both)
    assert REMOTE.rows["rec1"]["hub"] == str(record)
    assert due(both) == []


def test_a_row_that_was_recognised_gets_our_id(both):
    Mapping.everywhere.update(match_on=["val"], makes_there=False)
    both.refresh_from_db()
    record = uuid4()
    toy.put(both.company_id, record, "one")
    drain()
    REMOTE.edit("rec1", f_val="ONE", f_fixed="same")
    look(both)
    assert REMOTE.rows["rec1"]["hub"] == str(record)
    assert due(both) == []


def test_a_row_that_lost_our_id_gets_it_back_with_the_next_run(both):
    record, remote_id = shared(both)
    link = link_of(remote_id)
    RecordLink.everywhere.filter(pk=link.pk).update(base_theirs={**link.base_theirs, "hub": "somebody's"})
    REMOTE.edit(remote_id, hub="somebody's")
    runs.start(both, actor="alice")
    drain()
    assert REMOTE.rows[remote_id]["hub"] == str(record)


def test_a_record_deleted_before_its_create_was_settled_does_not_come_back(both):
    """The row was made, we never heard of it, and the record is deleted: reading its row must not make it anew."""
    record = uuid4()
    toy.put(both.company_id, record, "one")

    def lost(operation, _rows):
        if operation == "upsert":
            REMOTE.after = None
            raise TransientError("No answer.", unsure=True)

    REMOTE.after = lost
    drain()
    assert len(REMOTE.rows) == 1
    toy.drop(both.company_id, record)
    look(both)
    assert ours(both) == {}
    with clock.shifted(timedelta(minutes=10)):
        reading.whole(both)
        look(both)
        drain()
    assert ours(both) == {}
    assert REMOTE.rows == {}
    assert due(both) == []


@pytest.mark.parametrize(("choice", "winner"), [(Choice.OURS, "one"), (Choice.THEIRS, "one")])
def test_the_side_that_was_chosen_wins_also_with_what_it_held_at_first(both, choice, winner):
    """Settled, and before anything is merged the winning side goes back to what both had agreed on."""
    record, remote_id = shared(both, "one")
    REMOTE.edit(remote_id, f_val="theirs")
    toy.put(both.company_id, record, "ours")
    drain()
    conflicts.settle(Conflict.everywhere.get(settled_at=None), choice, actor="alice")
    if choice == Choice.OURS:
        toy.put(both.company_id, record, "one")
    else:
        REMOTE.edit(remote_id, f_val="one")
    look(both)
    assert (ours(both)[record], REMOTE.rows[remote_id]["f_val"]) == (winner, winner)
    assert not Conflict.everywhere.filter(settled_at=None).exists()


def test_by_the_clock_only_what_changed_is_read(both):
    for number in range(12):
        REMOTE.edit(f"rec{number}", f_val=f"value {number}")
    runs.start(both, actor="alice")
    drain()
    for _twice in range(2):
        look(both)  # our ids, which we wrote ourselves, come back once
    whole = Reading.everywhere.get().whole_at
    REMOTE.edit("rec7", f_val="new")
    REMOTE.calls.clear()
    with clock.shifted(timedelta(minutes=1)):
        run = runs.start(both, actor=reading.BY_THE_CLOCK)
        drain()
    run.refresh_from_db()
    assert run.state == "done"
    assert "new" in values(both)
    assert [call for call, _rows in REMOTE.calls].count("page") == 1
    assert Reading.everywhere.get().whole_at == whole
