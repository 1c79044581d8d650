"""Delivering: what arrives, what waits, what is given up, and what each error means."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
import structlog
from django.db import connection

from integration_hub.contract import Rejected, RowsGone
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sync import lanes, push, runs, worker
from integration_hub.sync.models import Lane, RecordLink, SyncRun, SyncWrite, WorkRow
from integration_hub.sync.models.work import Hold
from integration_hub.sync.targets import load
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due, open_problems
from integration_hub.sync.tests.toy import failing
from integration_hub.sync.turn import Slice

pytestmark = pytest.mark.engine


def test_a_new_record_arrives_and_is_linked(world):
    record = uuid4()
    toy.put(world.company_id, record, "hello")
    drain()
    link = RecordLink.everywhere.get()
    assert toy.REMOTE.rows[link.remote_id] == {"hub": str(record), "f_val": "hello", "f_fixed": "same"}
    assert link.base_ours == {"val": "hello", "fixed": "same"}
    assert due(world) == []


def test_only_changed_fields_are_written_to_a_linked_row(world):
    record = uuid4()
    toy.put(world.company_id, record, "a")
    drain()
    sent = []
    toy.REMOTE.before = lambda operation, rows: sent.extend(rows)
    toy.put(world.company_id, record, "b")
    drain()
    assert [dict(row.cells) for row in sent] == [{"f_val": "b"}]
    assert sent[0].remote_id is not None


def test_a_change_back_to_what_both_have_makes_no_call(world):
    record = uuid4()
    toy.put(world.company_id, record, "a")
    drain()
    toy.REMOTE.calls.clear()
    toy.put(world.company_id, record, "b")
    toy.put(world.company_id, record, "a")
    drain()
    assert toy.REMOTE.calls == []
    assert due(world) == []


def test_batches_are_full_and_people_come_first(world):
    for _ in range(25):
        toy.put(world.company_id, uuid4(), "backfill", prio=2)
    waiting = uuid4()
    toy.put(world.company_id, waiting, "person", prio=0)
    first = []
    toy.REMOTE.before = lambda operation, rows: first.append([row.hub_id for row in rows])
    drain()
    assert [len(batch) for batch in first] == [10, 10, 6]
    assert first[0][0] == str(waiting)


def test_an_edit_during_the_call_stays_due_and_arrives(world):
    record = uuid4()
    toy.put(world.company_id, record, "before")

    def edit(operation, rows):
        toy.REMOTE.after = None
        thread = threading.Thread(target=lambda: (toy.put(world.company_id, record, "during"), connection.close()))
        thread.start()
        thread.join(30)

    toy.REMOTE.after = edit
    drain()
    assert toy.REMOTE.by_hub_id()[record]["f_val"] == "during"
    assert due(world) == []


def test_a_deleted_record_deletes_its_row(world):
    record = uuid4()
    toy.put(world.company_id, record, "a")
    drain()
    toy.drop(world.company_id, record)
    drain()
    assert toy.REMOTE.rows == {}
    assert RecordLink.everywhere.get().deleted_at is not None
    toy.put(world.company_id, record, "again")
    drain()
    assert toy.REMOTE.by_hub_id()[record]["f_val"] == "again"
    assert RecordLink.everywhere.get().deleted_at is None


def test_a_row_deleted_over_there_is_written_again_whole(world):
    record = uuid4()
    toy.put(world.company_id, record, "a")
    drain()
    toy.REMOTE.rows.clear()
    toy.REMOTE.before = failing(RowsGone("The row is gone.", hub_ids=(str(record),)))
    toy.put(world.company_id, record, "b")
    drain()
    assert list(toy.REMOTE.rows.values()) == [{"hub": str(record), "f_val": "b", "f_fixed": "same"}]
    assert due(world) == []


def test_a_mapping_may_keep_rows_of_deleted_records(world):
    record = uuid4()
    toy.put(world.company_id, record, "a")
    drain()
    type(world).everywhere.filter(pk=world.pk).update(on_delete="keep")
    toy.drop(world.company_id, record)
    drain()
    assert record in toy.REMOTE.by_hub_id()
    assert due(world) == []


def test_one_bad_record_among_ten_is_found_and_the_others_arrive(world):
    records = [uuid4() for _ in range(10)]
    bad = str(records[4])
    for record in records:
        toy.put(world.company_id, record, "x")

    def refuse(operation, rows):
        if any(row.hub_id == bad for row in rows):
            raise Rejected("Value too long.")

    toy.REMOTE.before = refuse
    drain()
    assert len(toy.REMOTE.rows) == 9
    dead = WorkRow.everywhere.get(hold=Hold.DEAD)
    assert (str(dead.record_id), dead.sentence, dead.remedy) == (bad, "Value too long.", "give up")
    assert SyncWrite.everywhere.get(outcome="failed").sentence == "Value too long."
    assert f"sync:{world.pk}:failed" in open_problems()


def test_a_value_that_cannot_be_converted_is_refused_without_a_call(world):
    good, bad = uuid4(), uuid4()
    toy.put(world.company_id, good, "fine")
    toy.put(world.company_id, bad, "unfit")
    drain()
    assert set(toy.REMOTE.by_hub_id()) == {good}
    assert WorkRow.everywhere.get(record_id=bad).sentence == "Value does not fit."


def test_our_own_bug_sets_the_record_aside_with_its_traceback(world):
    bug, good = uuid4(), uuid4()
    toy.put(world.company_id, bug, "bug")
    toy.put(world.company_id, good, "fine")
    drain()
    assert "ZeroDivisionError" in WorkRow.everywhere.get(record_id=bug).trace
    assert set(toy.REMOTE.by_hub_id()) == {good}


def test_a_bug_inside_the_call_is_bisected_too(world):
    records = [uuid4() for _ in range(8)]
    bad = str(records[0])
    for record in records:
        toy.put(world.company_id, record, "x")

    def stumble(operation, rows):
        if any(row.hub_id == bad for row in rows):
            raise KeyError("planted")

    toy.REMOTE.before = stumble
    drain()
    assert len(toy.REMOTE.rows) == 7
    assert "KeyError" in WorkRow.everywhere.get(hold=Hold.DEAD).trace


def test_retry_this_one_delivers_and_closes_the_problem(world):
    record = uuid4()
    toy.REMOTE.before = failing(Rejected("No."))
    toy.put(world.company_id, record, "x")
    drain()
    assert runs.retry_record(SyncWrite.everywhere.get(outcome="failed"), actor="alice") == 1
    drain()
    assert record in toy.REMOTE.by_hub_id()
    assert open_problems() == set()
    assert runs.retry_record(SyncWrite.everywhere.get(outcome="failed"), actor="alice") == 0


def test_retry_failed_tries_all_of_a_run(world):
    for _ in range(3):
        toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.before = lambda operation, rows: (_ for _ in ()).throw(Rejected("No."))
    drain()
    toy.REMOTE.before = None
    run = SyncRun.everywhere.get(kind="live")
    assert run.failed == 3
    assert runs.retry_failed(run, actor="alice") == 3
    drain()
    assert len(toy.REMOTE.rows) == 3


def test_a_copy_made_by_a_user_is_told_and_does_not_stop_anything(world, monkeypatch):
    write = toy.ToySink.write

    def with_copy(self, client, row):
        written = write(self, client, row)
        return type(written)(written.hub_id, written.remote_id, written.cells, written.created, ("recCopy",))

    monkeypatch.setattr(toy.ToySink, "write", with_copy)
    record = uuid4()
    toy.put(world.company_id, record, "x")
    drain()
    problem = Problem.everywhere.get(key=f"sync:{world.pk}:copy:{record}")
    assert "recCopy" in problem.detail
    assert due(world) == []


def test_a_remote_row_of_another_record_is_never_taken_over(world):
    first, second = uuid4(), uuid4()
    toy.put(world.company_id, first, "x")
    drain()
    remote_id = RecordLink.everywhere.get().remote_id
    toy.REMOTE.rows[remote_id]["hub"] = str(second)  # a user typed the second record's id into the first one's row
    toy.put(world.company_id, second, "y")
    drain()
    assert WorkRow.everywhere.get(record_id=second).hold == Hold.DEAD
    assert RecordLink.everywhere.get().record_id == first


def test_two_workers_never_work_on_one_target_at_once(world):
    for _ in range(60):
        toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.after = lambda operation, rows: threading.Event().wait(0.01)
    lanes.wake([world.pk])

    def work():
        try:
            worker.drain(15)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert toy.REMOTE.overlaps == 0
    assert len(toy.REMOTE.rows) == 60
    assert sum(count for _, count in toy.REMOTE.calls) == 60


def test_changes_of_an_hour_are_one_run_with_every_field_told(world):
    record = uuid4()
    toy.put(world.company_id, record, "a")
    drain()
    toy.put(world.company_id, record, "b")
    drain()
    run = SyncRun.everywhere.get(kind="live")
    assert (run.created, run.updated, run.failed) == (1, 1, 0)
    write = SyncWrite.everywhere.filter(outcome="updated").get()
    assert write.changes == [{"field": "Value", "before": "a", "after": "b"}]


def test_the_next_turn_is_when_the_next_row_is_due(world):
    toy.put(world.company_id, uuid4(), "x")
    WorkRow.everywhere.update(run_at=clock.now() + timedelta(minutes=5))
    drain()
    Lane.everywhere.update(next_due=clock.now())
    held = lanes.claim()
    assert push._next_due(Slice(held, load(held.target))) > clock.now() + timedelta(minutes=4)


def test_log_lines_of_a_call_name_the_run(world):
    seen = []
    toy.REMOTE.before = lambda operation, rows: seen.append(structlog.contextvars.get_contextvars())
    toy.put(world.company_id, uuid4(), "x")
    drain()
    assert (seen[0]["run"], seen[0]["mapping"]) == ("live", str(world.pk))
    assert "run" not in structlog.contextvars.get_contextvars()


def test_a_record_that_cannot_even_be_read_does_not_hold_up_the_others(world):
    bad, good = uuid4(), [uuid4() for _ in range(12)]
    for record in good:
        toy.put(world.company_id, record, "fine")
    toy.put(world.company_id, bad, "unreadable")
    drain()
    assert sorted(toy.REMOTE.by_hub_id()) == sorted(good)
    dead = WorkRow.everywhere.get(hold=Hold.DEAD)
    assert dead.record_id == bad
    assert "ZeroDivisionError" in dead.trace
    assert due(world) == []
