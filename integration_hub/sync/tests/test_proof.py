"""Proof of sync: what differs is found, what changes meanwhile is not taken for a difference, and nothing is written
until somebody wants it fixed."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from integration_hub.contract import CursorExpired, Direction, Page, RemoteRow, TransientError
from integration_hub.http import clock
from integration_hub.sync import lanes, proof, proving, sql
from integration_hub.sync.models import FieldMapping, Lane, Mapping, RecordLink, SyncWrite, WorkRow
from integration_hub.sync.models.proof import Difference, Kind, Mend, Proof, ProofState
from integration_hub.sync.pruning import prune
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, open_problems
from integration_hub.sync.tests.test_kills import LEASE_OVER, Killed
from integration_hub.sync.tests.test_reading import look, ours, shared, turned

pytestmark = pytest.mark.engine
REMOTE = toy.REMOTE


@pytest.fixture
def both(world: Mapping) -> Mapping:
    return turned(world, Direction.BOTH)


@pytest.fixture
def pulled(world: Mapping) -> Mapping:
    return turned(world, Direction.PULL)


def compared(mapping: Mapping) -> Proof:
    """A comparison, from its start to its end."""
    started = proof.start(Mapping.everywhere.get(pk=mapping.pk), actor="tests")
    drain()
    started.refresh_from_db()
    return started


def filled(mapping: Mapping, count: int = 8) -> list[tuple[UUID, str]]:
    """So many records that both sides agree on."""
    records = sorted(uuid4() for _number in range(count))
    for number, record in enumerate(records):
        toy.put(mapping.company_id, record, f"value {number}")
    drain()
    links = dict(RecordLink.everywhere.filter(target=mapping.pk).values_list("record_id", "remote_id"))
    return [(record, links[record]) for record in records]


def found(one: Proof) -> list[tuple[str, UUID | None, str]]:
    rows = Difference.everywhere.filter(proof=one).order_by("kind", "pk")
    return [(row.kind, row.record_id, row.remote_id) for row in rows]


def calls() -> set[str]:
    return {operation for operation, _count in REMOTE.calls}


def behind_our_back(mapping: Mapping, record: UUID, value: str) -> None:
    """The record is another one, and no work row says so."""
    sql.execute(f"UPDATE {toy.TABLE} SET val = %s WHERE id = %s", [value, record.hex])


# --- what is found ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [Direction.PUSH, Direction.BOTH])
def test_both_sides_alike(world, direction):
    mapping = turned(world, direction)
    filled(mapping)
    writes = SyncWrite.everywhere.count()
    REMOTE.calls.clear()
    done = compared(mapping)
    assert (done.state, done.equal, done.compared, done.ours, done.theirs) == (ProofState.DONE, 8, 8, 8, 8)
    assert done.finished_at is not None
    assert "upsert" not in calls()
    assert (SyncWrite.everywhere.count(), found(done), open_problems()) == (writes, [], set())


def test_an_empty_table_and_no_records(world):
    done = compared(world)
    assert (done.state, done.compared) == (ProofState.DONE, 0)


def test_an_edit_behind_our_back_is_found_field_by_field(world):
    (first, remote_id), *_others = filled(world)
    REMOTE.edit(remote_id, f_val="theirs")
    REMOTE.calls.clear()
    done = compared(world)
    (row,) = Difference.everywhere.filter(proof=done)
    assert (row.kind, row.record_id, row.remote_id, row.title) == (Kind.DIFFERS, first, remote_id, "value 0")
    assert row.fields == [{"field": "val", "ours": "value 0", "theirs": "theirs"}]
    assert (done.equal, done.compared, done.kinds) == (7, 8, {"differs": 1})
    assert "upsert" not in calls()
    assert REMOTE.rows[remote_id]["f_val"] == "theirs", "comparing writes nothing"


def test_a_row_that_is_gone_was_asked_for_by_its_id(world):
    (first, remote_id), (_second, hidden), *_others = filled(world)
    del REMOTE.rows[remote_id]
    REMOTE.hidden.add(hidden)  # a listing left it out although it is there
    done = compared(world)
    assert found(done) == [(Kind.GONE, first, remote_id)]
    assert (done.equal, done.compared, done.theirs) == (7, 8, 6)


def test_a_record_without_a_row(world):
    (first, remote_id), *_others = filled(world)
    del REMOTE.rows[remote_id]
    RecordLink.everywhere.filter(record_id=first).delete()
    done = compared(world)
    assert found(done) == [(Kind.ONLY_HERE, first, "")]
    assert done.kinds == {"only_here": 1}


def test_a_row_whose_link_was_lost_counts_once(world):
    (first, _remote_id), *_others = filled(world)
    RecordLink.everywhere.filter(record_id=first).delete()
    done = compared(world)
    assert found(done) == [(Kind.ONLY_HERE, first, "")]
    assert done.compared == 8


def test_a_copy_is_named(world):
    (first, remote_id), *_others = filled(world)
    REMOTE.edit("reccopy", **REMOTE.rows[remote_id])
    done = compared(world)
    assert found(done) == [(Kind.COPY, first, "reccopy")]
    assert (done.equal, done.compared) == (8, 9)


def test_rows_that_people_keep_beside_ours_are_no_difference_where_nothing_is_read(world):
    filled(world)
    REMOTE.edit("rectheirs", f_val="their own")
    REMOTE.edit("recdead", f_val="old", hub=str(uuid4()))
    done = compared(world)
    assert found(done) == [(Kind.ONLY_THERE, Difference.everywhere.get().record_id, "recdead")]
    assert (done.theirs, done.theirs_alone, done.equal) == (10, 1, 8)


def test_a_row_that_could_not_be_taken_in_is_only_there(both):
    filled(both, 2)
    REMOTE.edit("recodd", f_val="refuse me")
    done = compared(both)
    assert found(done) == [(Kind.ONLY_THERE, None, "recodd")]
    assert "This word is refused." in Difference.everywhere.get().sentence


def test_records_without_a_row_are_no_difference_where_nothing_is_written(pulled):
    REMOTE.edit("rec1", f_val="one")
    look(pulled)
    toy.put(pulled.company_id, uuid4(), "ours alone")
    done = compared(pulled)
    assert (found(done), done.equal, done.ours, done.ours_alone) == ([], 1, 2, 1)


def test_a_record_deleted_here_whose_row_is_still_there(pulled):
    REMOTE.edit("rec1", f_val="one")
    look(pulled)
    (record,) = ours(pulled)
    toy.drop(pulled.company_id, record)
    done = compared(pulled)
    assert found(done) == [(Kind.ONLY_THERE, record, "rec1")]


def test_rows_of_deleted_records_are_as_they_should_be_where_they_are_kept(world):
    Mapping.everywhere.update(on_delete="keep")
    (first, _remote_id), *_others = filled(world, 3)
    toy.drop(world.company_id, first)
    drain()
    assert (found(compared(world)), len(REMOTE.rows)) == ([], 3)


def test_the_filter_says_which_records_are_compared(world):
    (first, remote_id), (second, other), *_others = filled(world, 4)
    Mapping.everywhere.update(filter=[{"field": "val", "op": "is_not", "value": "value 0"}])
    REMOTE.edit(remote_id, f_val="theirs")
    REMOTE.edit(other, f_val="theirs")
    done = compared(world)
    assert found(done) == [(Kind.DIFFERS, second, other)]
    assert (done.ours, done.compared) == (3, 3)
    assert first not in {row.record_id for row in Difference.everywhere.all()}


@pytest.mark.parametrize(
    ("mode", "theirs", "differs"), [("if_new", "x", 0), ("if_empty", "x", 0), ("if_empty", None, 1)]
)
def test_fields_that_are_not_always_written_may_differ(world, mode, theirs, differs):
    (_first, remote_id), *_others = filled(world, 2)
    FieldMapping.objects.filter(mapping=world, ours="fixed").update(write_mode=mode)
    REMOTE.edit(remote_id, f_fixed=theirs)
    assert len(found(compared(world))) == differs


def test_what_our_own_rules_spelled_anew_counts_as_agreed(both, monkeypatch):
    """Our services may keep another spelling than the cell has; the reading agreed on both."""
    record, remote_id = shared(both)
    RecordLink.everywhere.filter(record_id=record).update(base_theirs={"f_val": "Nr. one", "f_fixed": "same"})
    REMOTE.edit(remote_id, f_val="Nr. one")
    assert found(compared(both)) == []


def test_a_record_that_cannot_be_read_is_named_and_the_others_are_compared(world):
    (first, remote_id), *_others = filled(world, 5)
    behind_our_back(world, first, "unreadable")
    done = compared(world)
    assert found(done) == [(Kind.DIFFERS, first, remote_id)]
    assert "fault in the hub" in Difference.everywhere.get().sentence
    assert done.equal == 4


def test_what_was_given_up_says_why(world):
    record, remote_id = shared(world)
    toy.put(world.company_id, record, "unfit")
    drain()
    done = compared(world)
    assert found(done) == [(Kind.DIFFERS, record, remote_id)]
    assert Difference.everywhere.get().sentence == "Value does not fit."


def test_many_differences_are_counted_and_some_kept(world, monkeypatch):
    monkeypatch.setattr(proving, "KEPT", 3)
    for _record, remote_id in filled(world):
        REMOTE.edit(remote_id, f_val="theirs")
    done = compared(world)
    assert (Difference.everywhere.count(), done.differences, done.compared) == (3, 8, 8)


# --- what changes meanwhile -------------------------------------------------------------------------------------------


def test_edits_here_while_it_compares_are_no_difference(world):
    records = filled(world)

    def meanwhile(operation, rows):
        if operation == "page":
            REMOTE.before = None
            for number, (record, _remote_id) in enumerate(records):
                toy.put(world.company_id, record, f"later {number}")

    REMOTE.before = meanwhile
    done = compared(world)
    assert (found(done), done.equal, done.compared) == ([], 8, 8)


def test_edits_there_while_it_compares_are_read_first(both):
    records = filled(both)

    def meanwhile(operation, rows):
        if operation == "page":
            REMOTE.before = None
            for number, (_record, remote_id) in enumerate(records):
                REMOTE.edit(remote_id, f_val=f"theirs {number}")

    REMOTE.before = meanwhile
    done = compared(both)
    assert (found(done), done.equal) == ([], 8)
    assert sorted(ours(both).values()) == [f"theirs {number}" for number in range(8)]


def test_what_is_on_its_way_is_counted_apart(world):
    (first, _remote_id), *_others = filled(world, 3)
    behind_our_back(world, first, "on its way")
    soon = clock.now() + timedelta(hours=1)
    WorkRow.everywhere.filter(record_id=first).update(rev=F("rev") + 1, run_at=soon)
    done = compared(world)
    assert (found(done), done.equal, done.moving, done.compared) == ([], 2, 1, 2)


def test_a_row_deleted_while_it_compares(world):
    """Found to differ at first, and gone when it is looked at again."""
    (first, remote_id), *_others = filled(world, 3)
    REMOTE.edit(remote_id, f_val="theirs")

    def meanwhile(operation, rows):
        if operation == "read":
            REMOTE.before = None
            del REMOTE.rows[remote_id]

    REMOTE.before = meanwhile
    assert found(compared(world)) == [(Kind.GONE, first, remote_id)]


# --- what breaks off --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", range(5))
def test_killed_at_any_call_it_goes_on_and_counts_nothing_twice(world, call):
    (first, remote_id), (_second, gone), *_others = filled(world)
    REMOTE.edit(remote_id, f_val="theirs")
    del REMOTE.rows[gone]
    left = [call]

    def dies(operation, rows):
        if not left[0]:
            REMOTE.before = None
            raise Killed
        left[0] -= 1

    REMOTE.before = dies
    with pytest.raises(Killed):
        compared(world)
    with clock.shifted(LEASE_OVER):
        drain()
    done = Proof.everywhere.get()
    assert (done.state, done.equal, done.compared, done.ours, done.theirs) == (ProofState.DONE, 6, 8, 8, 7)
    assert {kind for kind, _record, _row in found(done)} == {Kind.DIFFERS, Kind.GONE}
    assert first in {row.record_id for row in Difference.everywhere.all()}


def test_killed_before_its_commit_a_page_is_read_again(world, monkeypatch):
    filled(world)
    real, first = proving._fence, iter([True])

    def dies(turn, one):
        now = real(turn, one)
        if next(first, False):
            raise Killed
        return now

    monkeypatch.setattr(proving, "_fence", dies)
    with pytest.raises(Killed):
        compared(world)
    with clock.shifted(LEASE_OVER):
        drain()
    assert Proof.everywhere.get().equal == 8


def test_a_listing_that_breaks_off_begins_anew(world):
    (_first, remote_id), *_others = filled(world)
    REMOTE.edit(remote_id, f_val="theirs")
    pages = iter([None, None, CursorExpired()])

    def second(operation, rows):
        error = next(pages, None) if operation == "page" else None
        if error:
            raise error

    REMOTE.before = second
    done = compared(world)
    assert (done.restarts, done.equal, done.compared, done.theirs) == (1, 7, 8, 8)


def test_a_listing_that_always_breaks_off_is_given_up(world):
    filled(world, 2)
    REMOTE.before = lambda operation, rows: (
        toy.failing(CursorExpired())(operation, rows) if operation == "page" else None
    )
    done = compared(world)
    assert (done.state, done.restarts) == (ProofState.STOPPED, proof.RESTARTS)
    assert done.sentence


def test_a_provider_that_is_away_is_waited_for(world):
    filled(world, 2)
    REMOTE.before = toy.failing(TransientError("Away."))
    assert compared(world).state == ProofState.RUNNING
    with clock.shifted(timedelta(minutes=5)):
        drain()
    assert Proof.everywhere.get().equal == 2


def test_a_mapping_that_changed_is_compared_anew(world):
    filled(world)

    def meanwhile(operation, rows):
        if operation == "page":
            REMOTE.before = None
            Mapping.everywhere.update(version=F("version") + 1)

    REMOTE.before = meanwhile
    started = proof.start(world, actor="tests")
    drain()
    lanes.wake([world.pk])
    drain()
    started.refresh_from_db()
    assert (started.state, started.equal) == (ProofState.DONE, 8)


def test_stopped_it_reads_no_further(world):
    filled(world)

    def meanwhile(operation, rows):
        if operation == "page":
            REMOTE.before = None
            assert proof.stop(Proof.everywhere.get(), actor="alice")

    REMOTE.before = meanwhile
    REMOTE.calls.clear()
    done = compared(world)
    assert (done.state, done.equal) == (ProofState.STOPPED, 0)
    assert [operation for operation, _count in REMOTE.calls] == ["page"]
    assert not proof.stop(done, actor="alice")


def test_changes_do_not_wait_for_a_comparison(world):
    records = filled(world, 30)
    seen: list[str] = []

    def meanwhile(operation, rows):
        seen.append(operation)
        if seen == ["page"]:
            toy.put(world.company_id, records[0][0], "now")

    REMOTE.before = meanwhile
    compared(world)
    assert seen[:3] == ["page", "upsert", "page"]


def test_a_lane_whose_nudge_was_lost_is_woken(world):
    filled(world, 2)
    proof.start(world, actor="tests")
    Lane.everywhere.update(next_due=None)
    proof.tend()
    drain()
    assert Proof.everywhere.get().state == ProofState.DONE


def test_a_second_start_is_the_first(world):
    assert proof.start(world, actor="alice") == proof.start(world, actor="bob")


def test_what_cannot_be_compared_says_why(world, monkeypatch):
    for reason, fields in {"preview": {"waits": True}, "replaced": {"retired_at": clock.now()}}.items():
        Mapping.everywhere.update(waits=False, retired_at=None)
        Mapping.everywhere.update(**fields)
        with pytest.raises(proof.NotNow, match=reason):
            proof.start(Mapping.everywhere.get(), actor="tests")
    Mapping.everywhere.update(retired_at=None)
    monkeypatch.setattr(toy.ToySink, "readable", False)
    with pytest.raises(proof.NotNow, match="read"):
        proof.start(Mapping.everywhere.get(), actor="tests")


# --- fixing -----------------------------------------------------------------------------------------------------------


def fixed(mapping: Mapping, one: Proof, difference: int | None = None) -> int:
    count = proof.fix(one, actor="alice", difference=difference)
    drain()
    return count


def test_a_mapping_that_is_only_written_writes_the_whole_row_again(world):
    (_first, remote_id), *_others = filled(world, 3)
    REMOTE.edit(remote_id, f_val="theirs", f_fixed="theirs too")
    done = compared(world)
    assert fixed(world, done) == 1
    assert (REMOTE.rows[remote_id]["f_val"], REMOTE.rows[remote_id]["f_fixed"]) == ("value 0", "same")
    assert Difference.everywhere.get().mend == Mend.DONE
    assert compared(world).kinds == {}
    assert fixed(world, done) == 0, "twice is once"


@pytest.mark.parametrize("direction", [Direction.PUSH, Direction.BOTH])
def test_missing_rows_are_made_again(world, direction):
    mapping = turned(world, direction)
    (first, remote_id), (second, other), *_others = filled(mapping, 4)
    del REMOTE.rows[remote_id]
    del REMOTE.rows[other]
    RecordLink.everywhere.filter(record_id=second).delete()
    done = compared(mapping)
    assert done.kinds == {"gone": 1, "only_here": 1}
    assert fixed(mapping, done) == 2
    assert {first, second} <= set(REMOTE.by_hub_id())
    assert (len(REMOTE.rows), compared(mapping).kinds) == (4, {})


def test_a_row_that_came_back_meanwhile_keeps_its_link(world):
    (_first, remote_id), *_others = filled(world, 3)
    saved = REMOTE.rows.pop(remote_id)
    done = compared(world)
    REMOTE.edit(remote_id, **saved)
    fixed(world, done)
    assert len(REMOTE.rows) == 3


def test_one_alone(world):
    records = filled(world, 3)
    for _record, remote_id in records[:2]:
        REMOTE.edit(remote_id, f_val="theirs")
    done = compared(world)
    assert fixed(world, done, Difference.everywhere.get(remote_id=records[0][1]).pk) == 1
    assert [REMOTE.rows[remote_id]["f_val"] for _record, remote_id in records[:2]] == ["value 0", "theirs"]


def test_two_ways_a_lost_change_of_ours_goes_over(both):
    (first, remote_id), *_others = filled(both, 3)
    behind_our_back(both, first, "lost")
    done = compared(both)
    assert done.kinds == {"differs": 1}
    fixed(both, done)
    assert REMOTE.rows[remote_id]["f_val"] == "lost"
    assert compared(both).kinds == {}


def test_two_ways_a_change_of_theirs_that_no_listing_told_comes_here(both):
    (first, remote_id), *_others = filled(both, 3)
    look(both)
    look(both)
    REMOTE.rows[remote_id]["f_val"] = "untold"  # their clock does not move: what changed since is not asked for
    done = compared(both)
    assert found(done) == [(Kind.DIFFERS, first, remote_id)]
    fixed(both, done)
    assert ours(both)[first] == "untold"
    assert compared(both).kinds == {}


@pytest.mark.parametrize("theirs", ["one", None])
def test_read_only_theirs_come_back_over_ours(pulled, theirs):
    REMOTE.edit("rec1", f_val="one", f_fixed="same")
    look(pulled)
    (record,) = ours(pulled)
    REMOTE.edit("rec1", f_val=theirs)
    look(pulled)
    toy.put(pulled.company_id, record, "ours")
    done = compared(pulled)
    assert found(done) == [(Kind.DIFFERS, record, "rec1")]
    fixed(pulled, done)
    assert ours(pulled)[record] == (theirs or "")
    assert "upsert" not in calls()


def test_read_only_a_row_that_is_gone_goes_as_the_mapping_says(world):
    mapping = turned(world, Direction.PULL, on_remote_delete="delete")
    REMOTE.edit("rec1", f_val="one")
    look(mapping)
    del REMOTE.rows["rec1"]
    done = compared(mapping)
    assert done.kinds == {"gone": 1}
    fixed(mapping, done)
    assert ours(mapping) == {}


def test_a_row_without_a_record_is_met_again(both):
    REMOTE.edit("rec1", f_val="refuse me")
    look(both)
    done = compared(both)
    assert done.kinds == {"only_there": 1}
    REMOTE.rows["rec1"]["f_val"] = "better"
    fixed(both, done)
    assert list(ours(both).values()) == ["better"]


def test_a_row_whose_record_was_deleted_here_becomes_one_again(pulled):
    REMOTE.edit("rec1", f_val="one")
    look(pulled)
    (record,) = ours(pulled)
    toy.drop(pulled.company_id, record)
    fixed(pulled, compared(pulled))
    assert list(ours(pulled).values()) == ["one"]
    assert compared(pulled).equal == 1


def test_a_copy_is_for_people(world):
    (_first, remote_id), *_others = filled(world, 2)
    REMOTE.edit("reccopy", **REMOTE.rows[remote_id])
    assert fixed(world, compared(world)) == 0


def test_killed_while_fixing_it_is_fixed_again(world):
    (_first, remote_id), *_others = filled(world, 3)
    REMOTE.edit(remote_id, f_val="theirs")
    done = compared(world)

    def dies(operation, rows):
        if operation == "read":
            REMOTE.before = None
            raise Killed

    REMOTE.before = dies
    with pytest.raises(Killed):
        fixed(world, done)
    with clock.shifted(LEASE_OVER):
        drain()
    assert REMOTE.rows[remote_id]["f_val"] == "value 0"


# --- telling people ---------------------------------------------------------------------------------------------------


def test_differences_that_last_become_a_problem_that_closes_itself(world):
    (_first, remote_id), (_second, other), *_others = filled(world, 4)
    key = f"sync:{world.pk}:proof"
    REMOTE.edit(remote_id, f_val="theirs")
    compared(world)
    assert key not in open_problems(), "once is no trouble yet"
    REMOTE.edit(remote_id, f_val="value 0")
    REMOTE.edit(other, f_val="theirs")
    compared(world)
    assert key not in open_problems(), "another one than before"
    done = compared(world)
    assert key in open_problems()
    fixed(world, done)
    compared(world)
    assert key not in open_problems()


def tomorrow(hour: int, minute: int = 0) -> timedelta:
    """As far off as that moment of tomorrow is (UTC)."""
    now = clock.now()
    return datetime.combine(now.date() + timedelta(days=1), time(hour, minute), UTC) - now


def test_every_night_once(world):
    filled(world, 2)
    with clock.shifted(tomorrow(2)):
        proof.tend()
        assert not Proof.everywhere.exists()
    with clock.shifted(tomorrow(4)):
        proof.tend()
        proof.tend()
        drain()
        proof.tend()
        done = Proof.everywhere.get()
    assert (done.state, done.actor, done.equal) == (ProofState.DONE, "schedule", 2)


@pytest.mark.parametrize(
    "fields", [{"is_live": False}, {"waits": True}, {"retired_at": datetime(2026, 1, 1, tzinfo=UTC)}]
)
def test_some_mappings_rest_at_night(world, fields):
    Mapping.everywhere.update(**fields)
    with clock.shifted(tomorrow(4)):
        proof.tend()
    assert not Proof.everywhere.exists()


def test_one_that_goes_at_three_is_that_nights(world):
    with clock.shifted(tomorrow(2, 59)):
        proof.start(world, actor="alice")
    with clock.shifted(tomorrow(4)):
        proof.tend()
        assert Proof.everywhere.get().night == clock.now().date()


def test_comparisons_of_a_mapping_that_was_replaced_end(world):
    proof.start(world, actor="alice")
    Mapping.everywhere.update(retired_at=clock.now())
    proof.tend()
    assert Proof.everywhere.get().state == ProofState.STOPPED


def test_old_ones_are_pruned(world):
    (_first, remote_id), *_others = filled(world, 2)
    REMOTE.edit(remote_id, f_val="theirs")
    compared(world)
    with clock.shifted(timedelta(days=31)):
        prune()
    assert not Proof.everywhere.exists()
    assert not Difference.everywhere.exists()


# --- many -------------------------------------------------------------------------------------------------------------


def test_two_thousand_rows_are_streamed_with_as_many_queries_a_page(world, monkeypatch):
    mapping, count, size = world, 2_300, 100
    ids = sorted(uuid4() for _number in range(count))
    rows = [(pk.hex, mapping.company_id.hex, f"v{number}") for number, pk in enumerate(ids)]
    given = sql.given(id="text", company="text", val="text")
    sql.execute(
        f"INSERT INTO {toy.TABLE} (id, company, val) SELECT id, company, val FROM {given} AS news", [sql.rows(rows)]
    )
    cells = {f"rec{n:06d}": {"hub": str(pk), "f_val": f"v{n}", "f_fixed": "same"} for n, pk in enumerate(ids)}
    REMOTE.rows.update(cells)
    del REMOTE.rows["rec002000"]
    RecordLink.everywhere.bulk_create(
        RecordLink(
            company_id=mapping.company_id, target=mapping.pk, record_type="toy", record_id=pk, remote_id=f"rec{n:06d}"
        )
        for n, pk in enumerate(ids)
    )
    kept = sorted(REMOTE.rows)

    def page(sink, client, target, cursor):
        start = cursor or 0
        part = [RemoteRow(key, dict(client.rows[key])) for key in kept[start : start + size]]
        return Page(part, start + size, last=start + size >= len(kept))

    spent: list[int] = []
    real = proving.list_rows

    def counted(turn, one):
        with CaptureQueriesContext(connection) as queries:
            real(turn, one)
        spent.append(len(queries))

    monkeypatch.setattr(toy.ToySink, "page", page)
    monkeypatch.setattr(proving, "list_rows", counted)
    done = compared(mapping)
    for _turn in range(20):
        if done.state == ProofState.RUNNING:
            drain()
            done.refresh_from_db()
    assert (done.state, done.equal, done.kinds) == (ProofState.DONE, count - 1, {"gone": 1})
    assert len(spent) == 23
    assert len(set(spent[1:])) == 1, spent
