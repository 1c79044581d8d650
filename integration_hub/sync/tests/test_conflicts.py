"""Many conflicts at once: settled together, later, by two people, over a kill; and when they are pointless."""

from datetime import timedelta
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from integration_hub.contract import Direction
from integration_hub.http import clock
from integration_hub.notices.models import AuditEvent, Problem
from integration_hub.sync import conflicts, lanes, pruning, reading
from integration_hub.sync.models import Mapping, RecordLink
from integration_hub.sync.models.pull import Choice, Conflict
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, open_problems
from integration_hub.sync.tests.test_reading import look, ours, shared, turned

pytestmark = pytest.mark.engine
REMOTE = toy.REMOTE


@pytest.fixture
def both(world: Mapping) -> Mapping:
    return turned(world, Direction.BOTH)


def contradict(mapping: Mapping, count: int = 3) -> list[Conflict]:
    """So many records of which both sides say something else."""
    pairs = [shared(mapping, f"value {number}") for number in range(count)]
    for record, remote_id in pairs:
        REMOTE.edit(remote_id, f_val=f"theirs {record}")
        toy.put(mapping.company_id, record, f"ours {record}")
    drain()
    found = list(Conflict.everywhere.filter(settled_at=None))
    assert len(found) == count
    return found


def sides(mapping: Mapping) -> set[str]:
    """Who won, over there and here."""
    there = {str(cells["f_val"]).split()[0] for cells in REMOTE.rows.values()}
    return there | {value.split()[0] for value in ours(mapping).values()}


def all_of(found: list[Conflict]) -> dict[UUID, str]:
    return {row.pk: conflicts.print_of(row) for row in found}


@pytest.mark.parametrize(("choice", "wins"), [(Choice.OURS, "ours"), (Choice.THEIRS, "theirs")])
def test_many_are_settled_together(both, choice, wins):
    found = contradict(both)
    settled = conflicts.settle_all(both.company_id, all_of(found), choice, actor="alice")
    assert (settled.done, settled.gone, settled.moved) == (3, 0, 0)
    drain()
    look(both)
    assert sides(both) == {wins}
    assert open_problems() == set()
    assert not Conflict.everywhere.filter(settled_at=None).exists()
    (line,) = AuditEvent.everywhere.filter(action="conflicts.settled")
    assert (line.actor, line.data["conflicts"]) == ("alice", 3)


def test_a_value_that_moved_since_it_was_shown_is_not_settled(both):
    first, second = contradict(both, 2)
    shown = all_of([first, second])
    REMOTE.edit(first.remote_id, f_val="newer")
    look(both)
    settled = conflicts.settle_all(both.company_id, shown, Choice.OURS, actor="alice")
    assert (settled.ids, settled.moved) == ((second.pk,), 1)
    drain()
    assert REMOTE.rows[first.remote_id]["f_val"] == "newer"
    assert Conflict.everywhere.get(settled_at=None).theirs == "newer"


def test_two_conflicts_of_one_record_move_both_of_its_bases(both):
    (first,) = contradict(both, 1)
    second = Conflict.everywhere.create(
        company_id=both.company_id,
        target=both.pk,
        record_type="toy",
        record_id=first.record_id,
        remote_id=first.remote_id,
        field="fixed",
        remote_field="f_fixed",
        ours="same",
        theirs="other",
        opened_at=clock.now(),
    )
    conflicts.settle_all(both.company_id, all_of([first, second]), Choice.OURS, actor="alice")
    link = RecordLink.everywhere.get(record_id=first.record_id)
    assert link.base_theirs == {"f_val": first.theirs, "f_fixed": "other"}


def test_another_companys_are_not_touched(both, other_company):
    found = contradict(both, 1)
    settled = conflicts.settle_all(other_company.pk, all_of(found), Choice.OURS, actor="charlie")
    assert (settled.done, settled.gone) == (0, 1)
    assert Conflict.everywhere.filter(settled_at=None).count() == 1


def test_two_people_at_once_settle_each_conflict_once(both):
    found, ready, results = contradict(both, 6), Event(), []

    def settle(choice: Choice) -> None:
        ready.wait()
        results.append(conflicts.settle_all(both.company_id, all_of(found), choice, actor=choice))
        connection.close()

    people = [Thread(target=settle, args=[choice]) for choice in (Choice.OURS, Choice.THEIRS)]
    for person in people:
        person.start()
    ready.set()
    for person in people:
        person.join()
    assert sum(settled.done for settled in results) == 6
    assert sum(settled.gone for settled in results) == 6
    assert {row.choice for row in Conflict.everywhere.all()} == {row.actor for row in Conflict.everywhere.all()}
    drain()
    look(both)
    for row in Conflict.everywhere.all():
        assert REMOTE.rows[row.remote_id]["f_val"] == (row.ours if row.choice == "ours" else row.theirs)


def test_settling_waits_for_a_merge_that_is_going_on(both):
    found, held, go_on, order = contradict(both, 1), Event(), Event(), []

    def merge() -> None:
        with transaction.atomic():
            lanes.hold(both.pk)
            held.set()
            go_on.wait()
            order.append("merged")
        connection.close()

    def settle() -> None:
        held.wait()
        conflicts.settle(found[0], Choice.OURS, actor="alice")
        order.append("settled")
        connection.close()

    threads = [Thread(target=merge), Thread(target=settle)]
    for thread in threads:
        thread.start()
    held.wait()
    go_on.set()
    for thread in threads:
        thread.join()
    assert order == ["merged", "settled"]


# --- more than a page waits for ---------------------------------------------------------------------------------------


def test_a_choice_for_all_is_noted_and_carried_out_by_the_sweep(both):
    contradict(both)
    assert conflicts.wish(Conflict.everywhere.filter(target=both.pk), Choice.THEIRS, actor="alice") == 3
    assert Conflict.everywhere.filter(settled_at=None).count() == 3
    assert conflicts.carry_out() == 3
    drain()
    assert sides(both) == {"theirs"}
    assert open_problems() == set()
    assert {row.actor for row in Conflict.everywhere.all()} == {"alice"}


def test_nobody_chooses_over_a_choice_that_is_being_carried_out(both):
    contradict(both)
    rows = Conflict.everywhere.filter(target=both.pk)
    conflicts.wish(rows, Choice.THEIRS, actor="alice")
    assert conflicts.wish(rows, Choice.OURS, actor="bob") == 0


def test_values_that_change_before_their_turn_are_asked_about_again(both):
    first, *_others = contradict(both)
    conflicts.wish(Conflict.everywhere.filter(target=both.pk), Choice.OURS, actor="alice")
    REMOTE.edit(first.remote_id, f_val="newer")
    look(both)
    assert conflicts.carry_out() == 2
    drain()
    (left,) = Conflict.everywhere.filter(settled_at=None)
    assert (left.pk, left.theirs, left.choice, left.actor) == (first.pk, "newer", "", "")
    assert REMOTE.rows[first.remote_id]["f_val"] == "newer"


def test_the_same_values_read_again_keep_the_choice(both):
    contradict(both, 1)
    conflicts.wish(Conflict.everywhere.filter(target=both.pk), Choice.OURS, actor="alice")
    reading.whole(both)
    look(both)
    assert Conflict.everywhere.get().choice == Choice.OURS
    assert conflicts.carry_out() == 1


def test_killed_in_between_the_next_sweep_goes_on(both, monkeypatch):
    contradict(both, 4)
    monkeypatch.setattr(conflicts, "AT_ONCE_POLITE", 2)
    monkeypatch.setattr(conflicts, "AT_ONCE", 2)
    conflicts.wish(Conflict.everywhere.filter(target=both.pk), Choice.OURS, actor="alice")
    real, turns = conflicts._together, iter([False, True])

    def dies(*args):
        if next(turns):
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(conflicts, "_together", dies)
        conflicts.carry_out()
    assert Conflict.everywhere.filter(settled_at=None).count() == 2
    assert conflicts.carry_out() == 2
    drain()
    assert sides(both) == {"ours"}


def test_a_word_is_bounded(both, monkeypatch):
    contradict(both)
    monkeypatch.setattr(conflicts, "MOST", 2)
    monkeypatch.setattr(conflicts, "MARKED", 1)
    assert conflicts.wish(Conflict.everywhere.filter(target=both.pk), Choice.OURS, actor="alice") == 2
    assert conflicts.carry_out() == 2


# --- pointless ones ---------------------------------------------------------------------------------------------------


def test_conflicts_end_where_nothing_is_merged_any_more(both):
    contradict(both)
    assert conflicts.tidy() == 0
    Mapping.everywhere.filter(pk=both.pk).update(direction="push")
    assert conflicts.tidy() == 3
    assert open_problems() == set()
    assert {row.choice for row in Conflict.everywhere.all()} == {"alike"}


def test_conflicts_of_records_that_are_gone_end(both):
    first, *_others = contradict(both)
    toy.drop(both.company_id, first.record_id)
    drain()
    assert conflicts.tidy() == 1
    assert Conflict.everywhere.filter(settled_at=None).count() == 2


def test_a_row_that_vanished_ends_its_conflict(both):
    (row,) = contradict(both, 1)
    del REMOTE.rows[row.remote_id]
    with clock.shifted(timedelta(minutes=20)):
        reading.whole(both)
        look(both)
    assert Conflict.everywhere.get().choice == Choice.ALIKE
    assert open_problems() == set()


def test_more_than_many_are_not_counted_one_by_one(both, monkeypatch):
    monkeypatch.setattr(conflicts, "MANY", 2)
    contradict(both)
    problem = Problem.everywhere.get(closed_at=None)
    assert (problem.sentence, problem.affected) == (
        "More than 2 fields were changed on both sides to different values.",
        2,
    )
    assert problem.url == f"/admin/hub/conflicts/?mapping={both.pk}"


def test_a_conflict_whose_link_is_no_more_is_settled_all_the_same(both):
    row = Conflict.everywhere.create(
        company_id=both.company_id,
        target=both.pk,
        record_type="toy",
        record_id=uuid4(),
        remote_id="recgone",
        field="val",
        remote_field="f_val",
        ours="a",
        theirs="b",
        opened_at=clock.now(),
    )
    conflicts.settle(row, Choice.OURS, actor="alice")
    with pytest.raises(conflicts.NotOpen):
        conflicts.settle(row, Choice.OURS, actor="bob")


def test_settled_conflicts_are_kept_for_a_month_and_open_ones_for_ever(both):
    first, second = contradict(both, 2)
    conflicts.settle(first, Choice.OURS, actor="alice")
    pruning.prune()
    assert Conflict.everywhere.count() == 2
    with clock.shifted(timedelta(days=31)):
        pruning.prune()
    assert list(Conflict.everywhere.values_list("pk", flat=True)) == [second.pk]
