"""Enqueueing: a row with the change, never without it, and never a lost edit."""

import threading
from uuid import uuid4

import pytest
from django.db import connection, transaction

from integration_hub.companies.models import Company
from integration_hub.sync import outbox
from integration_hub.sync.models import Lane, Mapping, WorkRow
from integration_hub.sync.models.work import Hold
from integration_hub.sync.tests import toy
from integration_hub.sync.tests.conftest import drain, due

pytestmark = pytest.mark.engine


def row(mapping: Mapping) -> WorkRow:
    return WorkRow.everywhere.get(target=mapping.pk)


def test_enqueue_refuses_to_stand_outside_the_change(world):
    with pytest.raises(outbox.OutsideTransaction):
        outbox.enqueue("toy", world.company_id, [uuid4()])


def test_a_rolled_back_change_was_never_queued(world):
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.enqueue("toy", world.company_id, [uuid4()])
        raise RuntimeError
    assert not WorkRow.everywhere.exists()


def test_ten_edits_make_one_row_and_one_delivery(world):
    record = uuid4()
    for number in range(10):
        toy.put(world.company_id, record, str(number))
    assert row(world).rev == 10
    toy.REMOTE.calls.clear()
    drain()
    assert toy.REMOTE.calls == [("upsert", 1)]
    assert toy.REMOTE.by_hub_id()[record]["f_val"] == "9"
    assert row(world).done_rev == 10


def test_another_companys_mapping_gets_nothing(world, other_company):
    toy.put(other_company.pk, uuid4(), "theirs")
    assert due(world) == []


def test_a_mapping_that_is_not_live_gets_nothing(world):
    Mapping.everywhere.filter(pk=world.pk).update(is_live=False)
    toy.put(world.company_id, uuid4(), "quiet")
    assert due(world) == []


def test_an_edit_during_back_off_keeps_the_wait(world):
    record = uuid4()
    toy.put(world.company_id, record, "a")
    from datetime import timedelta

    from integration_hub.http import clock

    WorkRow.everywhere.update(run_at=clock.now() + timedelta(hours=1), attempts=4)
    waiting = row(world).run_at
    toy.put(world.company_id, record, "b")
    assert (row(world).run_at, row(world).attempts, row(world).rev) == (waiting, 4, 2)


def test_an_edit_revives_a_dead_row(world):
    record = uuid4()
    toy.put(world.company_id, record, "unfit")
    drain()
    assert row(world).hold == Hold.DEAD
    toy.put(world.company_id, record, "fits")
    assert (row(world).hold, row(world).attempts) == (Hold.NO, 0)
    drain()
    assert toy.REMOTE.by_hub_id()[record]["f_val"] == "fits"


def test_a_person_waiting_overtakes_but_is_never_demoted(world):
    record = uuid4()
    toy.put(world.company_id, record, "a", prio=2)
    toy.put(world.company_id, record, "b", prio=0)
    toy.put(world.company_id, record, "c", prio=1)
    assert row(world).prio == 0


def test_the_lane_is_due_after_the_commit_and_not_before(world):
    with transaction.atomic():
        outbox.enqueue("toy", world.company_id, [uuid4()])
        assert Lane.everywhere.get(target=world.pk).next_due is None
    assert Lane.everywhere.get(target=world.pk).next_due is not None


def test_bulk_writers_in_any_order_do_not_deadlock(world):
    """Rows are touched in (target, record) order, so two writers of the same records queue up instead of blocking."""
    records = [uuid4() for _ in range(40)]
    barrier, errors = threading.Barrier(2), []

    def write(ids):
        barrier.wait(10)
        try:
            for _ in range(5):
                with transaction.atomic():
                    outbox.enqueue("toy", world.company_id, ids)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(ids,)) for ids in (records, records[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert set(WorkRow.everywhere.values_list("rev", flat=True)) == {10}


def test_a_change_that_commits_while_a_mapping_goes_live_is_not_missed(world):
    """The change read the mappings before ours was live; going live waits for it, so that the first scan sees it."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite runs writing transactions one after the other, so the two cannot overlap")
    Mapping.everywhere.filter(pk=world.pk).update(is_live=False)
    company = Company.objects.get(pk=world.company_id)
    enqueued, order = threading.Event(), []

    def change():
        try:
            with transaction.atomic():
                outbox.enqueue("toy", company.pk, [uuid4()])
                enqueued.set()
                threading.Event().wait(0.5)
                order.append("change")
        finally:
            connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    enqueued.wait(10)
    with transaction.atomic():
        outbox.going_live(company.pk)
        order.append("live")
    thread.join(10)
    assert order == ["change", "live"]
