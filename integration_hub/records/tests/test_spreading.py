"""What is shown of a parent is queued with the parent's change, however many records show it."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integration_hub.records.models import Order
from integration_hub.records.services import bulk, customers, events, orders
from integration_hub.records.services.unit import work
from integration_hub.sync import nudge, outbox
from integration_hub.sync.models import Mapping, WorkRow

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def buyer(company, count, name="Ana"):
    customer = customers.create(company, {"name": name})
    entries = [bulk.OrderEntry({"order_number": f"{name}{number}", "customer": customer}) for number in range(count)]
    bulk.save_orders(company, entries)
    return customer


def statements(work):
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def test_a_customer_of_many_orders_costs_no_more_than_one_of_few(company, queue):
    few, many = buyer(company, 1, "Ana"), buyer(company, 450, "Bea")
    queue.take()
    for_few = statements(lambda: customers.update(few, {"name": "Ann"}))
    assert len(queue.take()) == 2
    for_many = statements(lambda: customers.update(many, {"name": "Beatrice"}))
    assert for_many == for_few
    assert len(queue.take()) == 451


def test_nobody_waits_for_those_that_follow(company, queue):
    ana = buyer(company, 2)
    queue.take()
    customers.update(ana, {"name": "Ann"})
    taken = queue.take()
    assert taken.pop(("customer", ana.pk)) == WorkRow.PRIO_PERSON
    assert set(taken.values()) == {WorkRow.PRIO_CHANGE}
    bulk.save_customers(company, [bulk.CustomerEntry(ana, {"name": "Anca"})])
    assert set(queue.take().values()) == {WorkRow.PRIO_BACKFILL}


def test_only_the_living_of_this_parent_and_company(company, other_company, queue):
    ana = buyer(company, 3)
    buyer(company, 1, "Bea")
    buyer(other_company, 1, "Theirs")
    gone, *_stay = Order.everywhere.filter(customer=ana).order_by("pk")
    orders.delete(gone)
    queue.take()
    customers.update(ana, {"name": "Ann"})
    shown = {pk for key, pk in queue.take() if key == "order"}
    assert shown == set(Order.everywhere.filter(customer=ana, deleted_at=None).values_list("pk", flat=True))
    assert len(shown) == 2


def test_a_row_that_is_due_already_moves_on_and_keeps_its_place(company, queue):
    ana = buyer(company, 1)
    row = WorkRow.everywhere.get(record_type="order")
    WorkRow.everywhere.filter(pk=row.pk).update(attempts=3, prio=0)
    customers.update(ana, {"name": "Ann"})
    now = WorkRow.everywhere.get(record_type="order")
    assert (now.rev, now.attempts, now.prio, now.run_at) == (row.rev + 1, 3, 0, row.run_at)


def test_every_live_mapping_hears_of_it_and_no_other(company, queue):
    second = Mapping.everywhere.get(record_type="order")
    second.pk, second.is_live = None, False
    second.merge_on = "other"
    second.save(force_insert=True)
    ana = buyer(company, 2)
    WorkRow.everywhere.all().delete()
    customers.update(ana, {"name": "Ann"})
    assert WorkRow.everywhere.filter(record_type="order").count() == 2
    Mapping.everywhere.filter(record_type="order").update(is_live=True)
    customers.update(ana, {"name": "Anca"})
    assert WorkRow.everywhere.filter(record_type="order").count() == 4
    Mapping.everywhere.filter(record_type="order").update(is_live=False)
    WorkRow.everywhere.all().delete()
    customers.update(ana, {"name": "Ancuta"})
    assert {row.record_type for row in WorkRow.everywhere.all()} == {"customer"}


def test_workers_hear_of_it_after_the_commit(company, queue, monkeypatch, django_capture_on_commit_callbacks):
    ana, heard = buyer(company, 1), []
    monkeypatch.setattr(nudge, "nudge", heard.append)
    with django_capture_on_commit_callbacks(execute=True):
        customers.update(ana, {"name": "Ann"})
    assert Mapping.everywhere.get(record_type="order").pk in heard


def test_a_record_that_changed_with_those_that_follow_is_queued_once_with_them(company, queue):
    ana, bea = buyer(company, 2, "Ana"), buyer(company, 1, "Bea")
    queue.take()
    (order,) = Order.everywhere.filter(customer=bea)
    with work(company.pk, 0) as unit:
        unit.touch("order", order.pk)
        unit.spread("order", Order, customer=ana.pk)
        unit.spread("order", Order, customer=bea.pk)
    assert len(queue.take()) == 3
    assert {row.rev for row in WorkRow.everywhere.filter(record_type="order")} == {2}


def test_a_change_that_is_undone_queues_nothing(company, queue):
    ana = buyer(company, 2)
    queue.take()
    with pytest.raises(RuntimeError), transaction.atomic():
        customers.update(ana, {"name": "Ann"})
        raise RuntimeError
    assert queue.take() == {}


@pytest.mark.django_db(transaction=True)
def test_it_belongs_into_the_change_s_own_transaction(company):
    with pytest.raises(outbox.OutsideTransaction):
        outbox.enqueue_found("order", company.pk, Order.everywhere.all())


def test_an_event_tells_its_tickets(company, everything, queue):
    made = everything()
    queue.take()
    events.update(made["Event"], {"summary": "Longer"})
    assert {key for key, _pk in queue.take()} == {"event"}
    events.update(made["Event"], {"starts_at": "2027-01-01T17:00:00Z"})
    assert {key for key, _pk in queue.take()} == {"event", "ticket"}
