"""Claims: one holder at a time, fair turns, fencing, repair."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from integration_hub.connections.models import Connection
from integration_hub.http import clock
from integration_hub.sync import lanes, nudge, runs, worker
from integration_hub.sync.models import Lane
from integration_hub.sync.targets import load
from integration_hub.sync.tests import toy
from integration_hub.sync.turn import Slice

pytestmark = pytest.mark.engine


def lane(mapping) -> Lane:
    return Lane.everywhere.get(target=mapping.pk)


def test_only_one_of_many_workers_gets_the_lane(world):
    lanes.wake([world.pk])
    barrier, claims = threading.Barrier(6), []

    def work():
        barrier.wait(10)
        try:
            claims.append(lanes.claim())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len([claim for claim in claims if claim]) == 1


def test_a_lane_comes_back_when_its_worker_died(world):
    lanes.wake([world.pk])
    assert lanes.claim() is not None
    assert lanes.claim() is None
    with clock.shifted(timedelta(seconds=46)):
        assert lanes.claim() is not None


def test_who_lost_the_lease_cannot_settle(world):
    lanes.wake([world.pk])
    old = lanes.claim()
    with clock.shifted(timedelta(seconds=46)):
        new = lanes.claim()
        with pytest.raises(lanes.LostLane), transaction.atomic():
            lanes.fence(old)
        with transaction.atomic():
            lanes.fence(new)


def test_an_expired_lease_cannot_settle_even_when_nobody_took_it(world):
    lanes.wake([world.pk])
    held = lanes.claim()
    with clock.shifted(timedelta(seconds=46)), pytest.raises(lanes.LostLane), transaction.atomic():
        lanes.fence(held)


def test_a_wake_during_the_turn_is_not_lost_on_release(world):
    lanes.wake([world.pk])
    held = lanes.claim()
    lanes.wake([world.pk])
    lanes.release(held, None)
    assert lanes.claim() is not None


def test_release_without_a_wake_leaves_the_lane_idle(world):
    lanes.wake([world.pk])
    lanes.release(lanes.claim(), None)
    assert lane(world).next_due is None
    assert lanes.claim() is None


def test_a_later_release_does_not_free_the_lane_of_another(world):
    lanes.wake([world.pk])
    old = lanes.claim()
    with clock.shifted(timedelta(seconds=46)):
        lanes.claim()
        lanes.release(old, None)
        assert lane(world).claim is not None


@pytest.mark.parametrize("change", [{"status": "needs_reconnect"}, {"is_active": False}, {"status": "paused"}])
def test_a_connection_that_is_not_well_holds_its_lanes(world, change):
    lanes.wake([world.pk])
    Connection.everywhere.filter(pk=world.connection_id).update(**change)
    assert lanes.claim() is None
    Connection.everywhere.filter(pk=world.connection_id).update(status="connected", is_active=True)
    assert lanes.claim() is not None


def test_the_least_recently_served_lane_comes_first(world):
    others = []
    for seconds in (30, 60):
        others.append(
            Lane.everywhere.create(
                company_id=world.company_id,
                connection_id=world.connection_id,
                target=uuid4(),
                served_at=clock.now() - timedelta(seconds=seconds),
                next_due=clock.now(),
            )
        )
    lanes.wake([world.pk])
    assert [lanes.claim().target for _ in range(3)] == [others[1].target, others[0].target, world.pk]


def test_slow_lanes_hold_at_most_a_quarter_of_the_threads(world, settings):
    settings.CELERY_WORKER_CONCURRENCY = 8
    for _ in range(5):
        Lane.everywhere.create(
            company_id=world.company_id,
            connection_id=world.connection_id,
            target=uuid4(),
            served_at=clock.now() - timedelta(minutes=1),
            next_due=clock.now(),
            slow=True,
        )
    lanes.wake([world.pk])
    taken = [claim.target for claim in iter(lanes.claim, None)]
    assert len(taken) == 3
    assert world.pk in taken


def test_repair_finds_work_whose_nudge_was_lost(world):
    toy.put(world.company_id, uuid4(), "a")
    Lane.everywhere.update(next_due=None)
    assert lanes.repair() == 1
    assert lanes.claim() is not None
    assert lanes.repair() == 0


def test_repair_finds_a_run_that_was_started_and_never_announced(world):
    """Killed between the commit of a full run and the wake that follows it."""
    runs.start(world, actor="alice")
    Lane.everywhere.update(next_due=None)
    assert lanes.repair() == 1


def test_a_drain_waits_for_a_lane_that_is_due_again_in_a_moment_but_not_for_a_later_one(world, monkeypatch):
    served, slept = [], []
    dues = [timedelta(seconds=0.3), timedelta(seconds=30)]

    def serve(held):
        served.append(held.target)
        lanes.release(held, clock.now() + dues.pop(0))

    def sleep(seconds):
        slept.append(seconds)
        Lane.everywhere.update(next_due=clock.now())

    monkeypatch.setattr(worker.push, "serve", serve)
    monkeypatch.setattr(worker.time, "sleep", sleep)
    Lane.everywhere.update(next_due=clock.now())
    assert worker.drain(20) == 2
    assert served == [world.pk] * 2
    assert [0 < seconds <= 0.3 for seconds in slept] == [True]


def test_who_ends_a_shift_hands_over_only_when_the_next_lane_is_due(world, monkeypatch):
    """Whoever is called too early finds nothing, and nobody else is called."""
    Lane.everywhere.filter(target=world.pk).update(next_due=clock.now() + timedelta(seconds=0.3))
    handed_over = []
    monkeypatch.setattr(nudge, "publish", lambda: handed_over.append(lanes.due_count()))
    assert worker.drain(0) == 0
    assert handed_over == [1]


# --- longer turns -----------------------------------------------------------------------------------------------------


@pytest.fixture
def held(world) -> lanes.Claim:
    lanes.wake([world.pk])
    claimed = lanes.claim()
    assert claimed is not None
    return claimed


def test_a_turn_goes_on_while_nobody_else_waits(world, held):
    assert lanes.may_go_on(held, world.version)
    Lane.everywhere.create(
        target=uuid4(),
        company_id=world.company_id,
        connection_id=world.connection_id,
        served_at=clock.now(),
        next_due=clock.now(),
    )
    assert not lanes.may_go_on(held, world.version)


def test_a_turn_ends_when_what_it_does_is_no_longer_wanted(world, held):
    assert not lanes.may_go_on(held, world.version + 1)
    Lane.everywhere.filter(target=world.pk).update(paused="configure")
    assert not lanes.may_go_on(held, world.version)
    Lane.everywhere.filter(target=world.pk).update(paused="")
    Connection.everywhere.filter(pk=world.connection_id).update(is_active=False)
    assert not lanes.may_go_on(held, world.version)


def test_a_turn_lasts_no_longer_than_its_lease_allows_calls(world, held, settings):
    turn = Slice(held, load(held.target), in_the_midst=True)
    turn.started -= 3.0
    assert turn.going
    settings.SYNC_LEASE = settings.CALL_SECONDS + 8
    assert not turn.going
