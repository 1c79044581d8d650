"""What each error means: who waits, who is blamed, what people are told, and what cures it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import OperationalError

from integration_hub.contract import AuthFailed, ConfigError, RateLimited, TransientError
from integration_hub.http import clock
from integration_hub.sync import ladder, lanes, push, settle, setup
from integration_hub.sync.models import Lane, WorkRow
from integration_hub.sync.models.work import Hold
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import connection_of, drain, due, open_problems
from integration_hub.sync.tests.toy import failing

pytestmark = pytest.mark.engine


def test_a_transient_failure_climbs_the_ladder_and_recovers(world):
    record = uuid4()
    toy.put(world.company_id, record, "x")
    toy.REMOTE.before = failing(TransientError("The provider had a hiccup.", status=503))
    drain()
    row = WorkRow.everywhere.get()
    assert (row.attempts, row.sentence, row.tried_at) == (1, "The provider had a hiccup.", None)
    assert row.run_at > clock.now() - timedelta(seconds=5)
    with clock.shifted(timedelta(minutes=2)):
        drain()
    assert record in toy.REMOTE.by_hub_id()
    row.refresh_from_db()
    assert (row.attempts, row.failing_since) == (0, None)


def test_the_ladder_lasts_more_than_three_days_and_then_gives_up(world):
    toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.before = failing(TransientError("Down.", status=503), times=50)
    drain()
    with clock.shifted(ladder.HORIZON - timedelta(minutes=1)):
        drain()
        assert WorkRow.everywhere.get().hold == Hold.NO
    with clock.shifted(ladder.HORIZON + timedelta(hours=13)):
        drain()
    row = WorkRow.everywhere.get()
    assert (row.hold, row.sentence) == (Hold.DEAD, "Down.")


def test_retry_after_is_honoured(world):
    toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.before = failing(TransientError("Later.", status=503, retry_after=900))
    drain()
    assert WorkRow.everywhere.get().run_at > clock.now() + timedelta(seconds=890)


def test_a_row_that_failed_often_travels_alone(world):
    for _ in range(4):
        toy.put(world.company_id, uuid4(), "x")
    sick = WorkRow.everywhere.order_by("run_at").first()
    WorkRow.everywhere.filter(pk=sick.pk).update(attempts=ladder.ALONE_AFTER)
    toy.REMOTE.calls.clear()
    drain()
    assert toy.REMOTE.calls == [("upsert", 3), ("upsert", 1)]


def test_a_rate_limit_moves_the_lane_and_blames_no_record(world):
    toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.before = failing(RateLimited("Slow down.", retry_after=30))
    drain()
    row = WorkRow.everywhere.get()
    assert (row.attempts, row.hold, row.tried_at) == (0, "", None)
    assert Lane.everywhere.get().next_due > clock.now() + timedelta(seconds=25)
    with clock.shifted(timedelta(seconds=31)):
        drain()
    assert due(world) == []


def test_a_spent_monthly_quota_is_told_to_people(world):
    toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.before = failing(RateLimited("The monthly quota is used up.", retry_after=21_600, scope="account"))
    drain()
    assert f"sync:{world.pk}:wait" in open_problems()
    with clock.shifted(timedelta(hours=7)):
        drain()
    assert open_problems() == set()


def test_a_rejected_key_needs_a_reconnect_and_everything_waits(world):
    for _ in range(3):
        toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.before = failing(AuthFailed("The key was withdrawn."))
    drain()
    assert connection_of(world).status == "needs_reconnect"
    assert len(due(world)) == 3
    toy.REMOTE.calls.clear()
    drain()
    assert toy.REMOTE.calls == []
    from integration_hub.companies.models import Company

    setup.connect(Company.objects.get(pk=world.company_id), "toy", {"api_key": "new"}, {}, actor="alice")
    drain()
    assert len(toy.REMOTE.rows) == 3


def test_a_missing_table_pauses_the_lane_until_somebody_says_sync_now(world):
    toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.before = failing(ConfigError("The table is gone."))
    drain()
    assert Lane.everywhere.get().sentence == "The table is gone."
    assert f"sync:{world.pk}:configure" in open_problems()
    drain()
    assert len(due(world)) == 1
    setup.sync_now(connection_of(world), actor="alice")
    drain()
    assert due(world) == []
    assert open_problems() == set()


def test_what_the_door_refused_moves_the_lane_not_the_rows(world):
    toy.put(world.company_id, uuid4(), "x")
    toy.REMOTE.before = failing(TransientError("The provider does not answer.", code="breaker", retry_after=30))
    drain()
    assert WorkRow.everywhere.get().attempts == 0
    assert Lane.everywhere.get().next_due > clock.now() + timedelta(seconds=25)


def test_a_busy_database_gives_the_lane_back_and_blames_no_record(world, monkeypatch):
    record = uuid4()
    toy.put(world.company_id, record, "x")
    write = settle._writes

    def busy(*args):
        monkeypatch.setattr(settle, "_writes", write)
        raise OperationalError("database is locked")

    monkeypatch.setattr(settle, "_writes", busy)
    lanes.wake([world.pk])
    push.serve(lanes.claim())
    row = WorkRow.everywhere.get()
    assert (row.hold, row.attempts, Lane.everywhere.get().claim) == ("", 0, None)
    with clock.shifted(timedelta(minutes=3)):
        drain()
    assert len(toy.REMOTE.rows) == 1
    assert due(world) == []
