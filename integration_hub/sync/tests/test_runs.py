"""Full runs: scanning, progress, stopping, and what a second start does."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from integration_hub.connections.models import Connection
from integration_hub.http import clock
from integration_hub.http.models import IntegrationMetric
from integration_hub.sync import pruning, runs, scanning, schedules, setup, sql, worker
from integration_hub.sync.models import Mapping, Schedule, SyncRun, SyncWrite, WorkRow
from integration_hub.sync.models.run import RunState
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import connection_of, drain

pytestmark = pytest.mark.engine


def existing(company_id, count):
    """Records that were there before anybody connected: rows without work."""
    for _ in range(count):
        sql.execute(f"INSERT INTO {toy.TABLE} VALUES (%s, %s, %s)", [uuid4().hex, company_id.hex, "old"])


def test_connecting_starts_a_first_sync_that_brings_everything_over(transactional_db, company, world):
    existing(world.company_id, 33)
    run = runs.start(world, actor="alice")
    drain()
    run.refresh_from_db()
    assert (run.state, run.total, run.created, run.failed, run.done) == (RunState.DONE, 33, 33, 0, 33)
    assert len(toy.REMOTE.rows) == 33
    metric = IntegrationMetric.everywhere.get(action="sync", records_synced=33)
    assert metric.success


def test_a_second_full_run_finds_everything_in_step_and_calls_nobody(world):
    existing(world.company_id, 12)
    runs.start(world, actor="alice")
    drain()
    toy.REMOTE.calls.clear()
    run = runs.start(world, actor="alice")
    drain()
    run.refresh_from_db()
    assert (run.unchanged, run.created, run.updated) == (12, 0, 0)
    assert toy.REMOTE.calls == []


def test_two_starts_at_once_are_one_run(world):
    existing(world.company_id, 3)
    barrier, ids = threading.Barrier(4), []

    def begin():
        barrier.wait(10)
        try:
            ids.append(runs.start(world, actor="x").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_a_stopped_run_lets_go_of_what_it_has_not_reached(world, monkeypatch):
    existing(world.company_id, 40)
    monkeypatch.setattr(scanning, "CHUNK", 20)
    run = runs.start(world, actor="alice")

    def stop_after_first(operation, rows):
        toy.REMOTE.after = None
        runs.stop(run)

    toy.REMOTE.after = stop_after_first
    drain()
    run.refresh_from_db()
    assert run.state == RunState.STOPPED
    assert 0 < len(toy.REMOTE.rows) < 40
    again = runs.start(world, actor="alice")
    drain()
    again.refresh_from_db()
    assert again.state == RunState.DONE
    assert len(toy.REMOTE.rows) == 40


def test_a_scan_continues_where_it_was_killed(world, monkeypatch):
    existing(world.company_id, 25)
    monkeypatch.setattr(scanning, "CHUNK", 10)
    runs.start(world, actor="alice")
    toy.REMOTE.before = lambda operation, rows: (_ for _ in ()).throw(SystemExit)
    with pytest.raises(SystemExit):
        worker.drain(5)
    toy.REMOTE.before = None
    with clock.shifted(timedelta(minutes=5)):
        drain()
        run = SyncRun.everywhere.exclude(total=0).get(kind="full")
        assert (run.state, run.created) == (RunState.DONE, 25)


def test_a_failed_record_does_not_keep_the_run_open(world):
    existing(world.company_id, 2)
    sql.execute(f"INSERT INTO {toy.TABLE} VALUES (%s, %s, 'unfit')", [uuid4().hex, world.company_id.hex])
    run = runs.start(world, actor="alice")
    drain()
    run.refresh_from_db()
    assert (run.state, run.created, run.failed) == (RunState.DONE, 2, 1)


def test_schedules_start_what_is_due_once_and_catch_up_once(world):
    schedule = Schedule.everywhere.get(mapping=world)
    Schedule.everywhere.update(next_run=clock.now() - timedelta(days=3))
    assert schedules.start_due() == 1
    assert schedules.start_due() == 0
    schedule.refresh_from_db()
    assert schedule.next_run > clock.now()


def test_a_broken_or_paused_connection_starts_no_scheduled_run(world):
    Schedule.everywhere.update(next_run=clock.now() - timedelta(days=3))
    Connection.everywhere.update(is_active=False)
    assert schedules.start_due() == 0


@pytest.mark.parametrize("minutes", [0, -5])
def test_an_interval_is_at_least_a_minute(world, minutes):
    with pytest.raises(ValueError, match="at least 1"):
        schedules.set_interval(world, minutes, is_active=True)


def test_settings_reach_schedule_and_mapping(world):
    setup.configure(connection_of(world), {"auto_sync_enabled": False, "sync_interval": "15"}, actor="alice")
    assert not Mapping.everywhere.get(pk=world.pk).is_live
    schedule = Schedule.everywhere.get(mapping=world)
    assert (schedule.minutes, schedule.is_active) == (15, False)


def test_another_table_is_another_target_with_links_of_its_own(world):
    toy.put(world.company_id, uuid4(), "x")
    drain()
    setup.configure(connection_of(world), {"table": "two"}, actor="alice")
    fresh = Mapping.everywhere.exclude(pk=world.pk).get()
    assert fresh.is_live
    assert not Mapping.everywhere.get(pk=world.pk).is_live


def test_old_history_is_pruned_and_due_work_never(world):
    toy.put(world.company_id, uuid4(), "done")
    drain()
    toy.put(world.company_id, uuid4(), "unfit")
    drain()
    with clock.shifted(timedelta(days=31)):
        toy.put(world.company_id, uuid4(), "due")
        pruning.prune()
    assert not SyncWrite.everywhere.exists()
    assert sorted(WorkRow.everywhere.values_list("hold", flat=True)) == ["", "dead"]


def test_a_full_run_gets_past_a_record_that_cannot_be_read(world):
    record = uuid4()
    toy.put(world.company_id, record, "fine")
    existing(world.company_id, 5)
    runs.start(world, actor="alice")
    drain()
    sql.execute(f"UPDATE {toy.TABLE} SET val = 'unreadable' WHERE id = %s", [record.hex])
    run = runs.start(world, actor="alice")
    drain()
    run.refresh_from_db()
    assert (run.state, run.failed, run.unchanged) == (RunState.DONE, 1, 5)
