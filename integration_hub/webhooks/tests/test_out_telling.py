"""Events are rows of the change's own transaction: what is rolled back never was, and without a webhook nobody pays."""

import json
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration_hub.api import announced
from integration_hub.connections import services as connections
from integration_hub.connections.models import Connection
from integration_hub.contract import RemoteRow
from integration_hub.records.models import OrderItem
from integration_hub.records.services import Invalid, bulk, customers, events, orders, tickets
from integration_hub.sync import announcing, conflicts, runs
from integration_hub.sync.announcing import Kind
from integration_hub.sync.models import Mapping, SyncRun
from integration_hub.sync.outbox import OutsideTransaction
from integration_hub.webhooks.out import bodies, telling
from integration_hub.webhooks.out.kinds import EVENTS, RECORD_TYPES
from integration_hub.webhooks.out.models import Announcement, Delivery
from integration_hub.webhooks.tests import toy

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def told(kind: str = "", record_type: str = "") -> list[dict]:
    """The data of the events, in their order."""
    rows = Announcement.everywhere.order_by("id")
    rows = rows.filter(type=kind) if kind else rows
    rows = rows.filter(record_type=record_type) if record_type else rows
    return [json.loads(body)["data"] for body in rows.values_list("body", flat=True)]


def ana(company, **more):
    return customers.create(company, {"name": "Ana Pop", "email": "ana@example.com", **more})


def order_of(company, customer, **more):
    line = {"description": "Day pass", "quantity": 2, "unit_price": "45.00"}
    return orders.create(company, {"customer": customer, "items": [line], **more})


def test_without_a_webhook_nothing_is_read_twice_and_nothing_written(company, quiet):
    asked = []
    with transaction.atomic(), CaptureQueriesContext(database) as queries:
        announcing.announce(company.pk, lambda wants: asked.append(wants) or [])
    assert (len(queries), asked) == (1, [])
    order_of(company, ana(company))
    assert not Announcement.everywhere.exists()


def test_one_unit_of_work_looks_once_however_many_records_it_has(company, quiet):
    def looks(entries):
        with CaptureQueriesContext(database) as queries:
            bulk.save_orders(company, entries)
        return len([each for each in queries if "webhook_subscriptions" in each["sql"]])

    many = [bulk.OrderEntry({"order_number": f"N{number}", "total": "5"}) for number in range(50)]
    assert (looks(many[:1]), looks(many[1:])) == (1, 1)


def test_a_record_is_told_as_the_api_has_it(company, subscribe, api_token):
    subscribe()
    order = order_of(company, ana(company))
    (created,) = told("record.created", "order")
    shown = Client(headers={"Authorization": f"Bearer {api_token[1]}"}).get(f"/api/orders/{order.pk}").json()
    assert created == {"record_type": "order", "id": str(order.pk), "fields": shown}
    assert created["fields"]["items"][0]["unit_price"] == "45.00"


def test_made_changed_and_deleted_are_three_events(company, subscribe):
    subscribe(record_types=["customer"])
    who = ana(company)
    customers.update(who, {"name": "Ana Ionescu"})
    customers.update(who, {"name": "Ana Ionescu"})  # nothing changed
    customers.delete(who)
    assert [row.type for row in Announcement.everywhere.order_by("id")] == [
        "record.created",
        "record.updated",
        "record.deleted",
    ]
    assert [one["fields"]["name"] for one in told()] == ["Ana Pop", "Ana Ionescu", "Ana Ionescu"]
    customers.noun.restore(company, who.pk)
    assert told("record.created")[-1]["id"] == str(who.pk)


def test_what_goes_along_is_told_too(company, subscribe):
    times = {"starts_at": timezone.now(), "ends_at": timezone.now() + timedelta(hours=2)}
    event = events.create(company, {"title": "Concert", **times})
    kind = events.ticket_types.create(company, {"event": event, "name": "Seat", "price": "5"})
    order = orders.create(company, {"customer": ana(company), "items": [{"ticket_type": kind, "quantity": 1}]})
    ticket = tickets.create(company, {"event": event, "ticket_type": kind, "order_item": OrderItem.everywhere.get()})
    subscribe()
    orders.delete(order)
    gone = [(one["record_type"], one["id"]) for one in told("record.deleted")]
    assert gone == [("order", str(order.pk)), ("ticket", str(ticket.pk))]  # lines are part of their order
    changed = {one["record_type"] for one in told("record.updated")}
    assert changed == {"customer", "event"}  # what they bought and sold was counted again


def test_parts_are_told_with_what_they_belong_to(company, subscribe, api_token, quiet):
    subscribe(record_types=["event"])
    body = {
        "title": "Concert",
        "starts_at": "2027-01-01T19:00:00Z",
        "ends_at": "2027-01-01T21:00:00Z",
        "ticket_types": [{"name": "Seat", "price": "5"}],
        "sessions": [{"title": "First", "starts_at": "2027-01-01T19:00:00Z", "ends_at": "2027-01-01T20:00:00Z"}],
    }
    program = Client(headers={"Authorization": f"Bearer {api_token[1]}"})
    made = program.post("/api/events", body, content_type="application/json").json()
    assert told()[-1]["fields"] == made and len(told("record.created")) == 1
    (kind,) = made["ticket_types"]
    body = {"ticket_types": [{**kind, "name": "Stall"}], "sessions": []}
    changed = program.patch(f"/api/events/{made['id']}", body, content_type="application/json").json()
    assert changed["ticket_types"][0]["name"] == "Stall" and told()[-1]["fields"] == changed


def test_what_is_rolled_back_never_was(company, subscribe):
    subscribe()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ana(company)
        raise ZeroDivisionError
    with pytest.raises(Invalid):
        customers.create(company, {"name": ""})
    assert (Announcement.everywhere.count(), Delivery.everywhere.count()) == (0, 0)


def test_twenty_edits_are_twenty_events_each_as_it_was(company, subscribe):
    who = ana(company)
    subscribe()
    for number in range(20):
        customers.update(who, {"name": f"Ana {number}"})
    assert [one["fields"]["name"] for one in told()] == [f"Ana {number}" for number in range(20)]
    with transaction.atomic():
        for number in range(20):
            customers.update(who, {"name": f"Eva {number}"})
    assert [one["fields"]["name"] for one in told()][20:] == [f"Eva {number}" for number in range(20)]


def test_each_hears_what_it_asked_for(company, other_company, subscribe):
    everything, _ = subscribe()
    deletions, _ = subscribe(events=["record.deleted"])
    people, _ = subscribe(record_types=["customer", "staff"])
    off, _ = subscribe(active=False)
    theirs, _ = subscribe(owner=other_company)
    who = ana(company)
    order = order_of(company, who)
    orders.delete(order)
    heard = {
        row.pk: sorted(
            (one.announcement.type.removeprefix("record."), one.announcement.record_type)
            for one in Delivery.everywhere.filter(subscription=row).select_related("announcement")
        )
        for row in (everything, deletions, people, off, theirs)
    }
    assert heard[deletions.pk] == [("deleted", "order")]
    assert heard[people.pk] == [("created", "customer"), ("updated", "customer"), ("updated", "customer")]
    assert heard[everything.pk] == sorted([*heard[people.pk], ("created", "order"), ("deleted", "order")])
    assert (heard[off.pk], heard[theirs.pk]) == ([], [])
    assert Announcement.everywhere.count() == 5  # an event is written once, whoever hears it


def test_many_at_once_cost_a_few_statements(company, subscribe):
    subscribe()

    def asked(entries):
        with CaptureQueriesContext(database) as queries:
            bulk.save_orders(company, entries)
        return len(queries)

    many = [bulk.OrderEntry({"order_number": f"N{number}", "total": "5"}) for number in range(100)]
    few, lots = asked(many[:2]), asked(many[2:])
    assert lots == few
    assert len(told("record.created", "order")) == 100


def test_a_large_record_is_told_without_its_largest_fields(company, subscribe):
    subscribe(record_types=["customer"])
    ana(company, notes="ă" * 10_000)
    (data,) = told()
    body = Announcement.everywhere.get().body
    assert data["left_out"] == ["notes"] and "notes" not in data["fields"] and data["fields"]["name"] == "Ana Pop"
    assert len(body) <= bodies.LARGEST


def test_outside_of_a_transaction_nothing_is_announced(company, transactional_db, subscribe):
    subscribe()
    with pytest.raises(OutsideTransaction):
        announcing.announce(company.pk, lambda wants: [])


def test_ids_are_ordered_by_time_and_place():
    now = timezone.now()
    found = telling.ids(now, 1000) + telling.ids(now + timedelta(microseconds=1), 1000)
    assert found == sorted(found) and len(set(found)) == 2000
    assert {each.version for each in found} == {7} and {each.variant for each in found} == {uuid.RFC_4122}


def test_every_type_of_the_api_can_be_asked_for(company):
    for kind in RECORD_TYPES:
        assert announced.shown(kind, company.pk, []) == {}
    from integration_hub.api.records import VIEWSETS, OrderViewSet

    assert {view.model._meta.model_name for view in (OrderViewSet, *VIEWSETS)} == set(RECORD_TYPES)
    assert set(EVENTS) == {kind.value for kind in Kind}


# --- what is no record ----------------------------------------------------------------------------------------------


def test_a_broken_connection_is_told_once(company, subscribe, connection):
    subscribe()
    for _ in range(2):
        connections.needs_reconnect(connection.pk, "The key was withdrawn.")
    (data,) = told("connection.needs_reconnect")
    assert data == {"connection": str(connection.pk), "provider": toy.KEY, "sentence": "The key was withdrawn."}


@pytest.mark.parametrize("failed", [0, 3])
def test_a_run_is_told_when_it_ends_with_failures(company, subscribe, failed):
    subscribe()
    run = run_of(company, failed=failed)
    runs.finish(run.mapping)
    assert [(one["run"], one["failed"]) for one in told("sync.run.failed")] == [(str(run.pk), 3)] * bool(failed)
    runs.finish(run.mapping)
    assert len(told()) == bool(failed)


def test_a_conflict_is_told_when_it_opens(company, subscribe):
    subscribe()
    mapping = run_of(company).mapping
    record, row = uuid.uuid4(), RemoteRow("rec1", {"fld1": "theirs"})
    merge = SimpleNamespace(ask=[SimpleNamespace(ours="status", remote_id="fld1")])
    brought = [SimpleNamespace(record_id=record, merge=merge, row=row, title="Order 1")]
    desk = SimpleNamespace(now=timezone.now(), work={}, ours=lambda record, name: "ours")
    job = SimpleNamespace(mapping=mapping, connection=mapping.connection)
    for _ in range(2):  # still open the second time: nothing new
        with transaction.atomic():
            conflicts.note(job, brought, desk)
    (data,) = told("conflict.created")
    assert (data["record_id"], data["field"], data["ours"], data["theirs"]) == (str(record), "status", "ours", "theirs")


def run_of(company, **more) -> SyncRun:
    connection = Connection.everywhere.create(company=company, provider=toy.KEY, is_active=True)
    mapping = Mapping.everywhere.create(
        company=company, connection=connection, record_type="order", merge_on="id", label="Orders"
    )
    return SyncRun.everywhere.create(
        company=company, mapping=mapping, kind="full", started_at=timezone.now(), scanned=True, **more
    )
