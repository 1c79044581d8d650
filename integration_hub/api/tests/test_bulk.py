"""Many orders in one request: each in its place, none twice, none of another company's."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integration_hub.api import bulk
from integration_hub.api.tests.conftest import client_of
from integration_hub.companies import tokens
from integration_hub.records.models import Customer, Order, OrderItem
from integration_hub.records.services import bulk as services
from integration_hub.records.services import customers, events, orders, tickets
from integration_hub.records.tests.test_races import history_is_right

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
LINE = {"description": "Day pass", "quantity": 2, "unit_price": "45.00"}


@pytest.fixture(autouse=True)
def unpaced(monkeypatch):
    monkeypatch.setattr("integration_hub.connections.pacing.time.sleep", lambda seconds: None)


def send(client, *orders, key=None, **flags):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/api/orders/bulk", {"orders": orders, **flags}, "application/json", headers=headers)


def told(answer):
    assert answer.status_code == 200, answer.content
    body = answer.json()
    rows = body["results"]
    assert [row["index"] for row in rows] == list(range(body["count"]))
    statuses = [row["status"] for row in rows]
    for verb in (*bulk.VERBS, bulk.ERROR):
        assert body["errors" if verb == bulk.ERROR else verb] == statuses.count(verb)
    return statuses


def wrong(answer):
    return {row["index"]: set(row["errors"]) for row in answer.json()["results"] if row["errors"]}


@pytest.fixture
def kind(company, event):
    return events.ticket_types.create(company, {"event": event, "name": "Standard", "price": "25"})


def test_each_order_is_answered_in_its_place_and_the_good_ones_are_saved(program, company, customer, kind):
    line = {"ticket_type": str(kind.pk), "quantity": 3}
    answer = send(
        program,
        {"order_number": "W-1", "customer": str(customer.pk), "items": [LINE, line]},
        {"order_number": "W-2", "status": "Sold", "colour": "red"},
        {"order_number": "W-3", "items": [{**LINE, "quantity": 0}]},
        {"order_number": "W-4", "items": [{"quantity": 1}], "total": "5"},
        {"total": "12.50", "currency": "RON"},
        {"order_number": "W-1"},
    )
    assert told(answer) == ["created", "error", "error", "error", "created", "error"]
    assert wrong(answer) == {
        1: {"colour"},
        2: {"items.0.quantity"},
        3: {"items.0.unit_price", "items.0.description"},
        5: {"order_number"},
    }
    first, unnumbered = (answer.json()["results"][at] for at in (0, 4))
    saved = program.get(f"/api/orders/{first['id']}").json()
    assert (saved["total"], saved["customer"]) == ("165.00", str(customer.pk))
    assert [item["description"] for item in saved["items"]] == ["Day pass", "Concert – Standard"]
    assert Order.everywhere.get(pk=unnumbered["id"]).order_number == unnumbered["order_number"] != ""
    assert Order.everywhere.count() == 2
    assert history_is_right(company)


def test_all_or_nothing_names_everything_and_saves_nothing(program, customer):
    good = {"order_number": "W-1", "customer": str(customer.pk), "items": [LINE]}
    answer = send(program, good, {"order_number": "W-2", "status": "Sold"}, {"total": "-1"}, all_or_nothing=True)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()["errors"]) == {"orders.1.status", "orders.2.total"}
    assert not Order.everywhere.exists()
    assert told(send(program, good, {"order_number": "W-2"}, all_or_nothing=True)) == ["created", "created"]


def test_a_second_time_changes_nothing_and_another_content_is_said(program, customer):
    sent = [{"order_number": f"W-{n}", "customer": str(customer.pk), "items": [LINE]} for n in range(3)]
    assert told(send(program, *sent)) == ["created"] * 3
    before = list(Order.everywhere.order_by("pk").values())
    assert told(send(program, *sent)) == ["unchanged"] * 3
    sent[1]["priority"] = "High"
    answer = send(program, *sent)
    assert told(answer) == ["unchanged", "error", "unchanged"]
    assert wrong(answer) == {1: {"order_number"}}
    assert list(Order.everywhere.order_by("pk").values()) == before
    assert told(send(program, *sent, update_existing=True)) == ["unchanged", "updated", "unchanged"]
    assert Order.everywhere.get(order_number="W-1").priority == "High"


def test_an_order_comes_out_as_from_the_single_address(program, company, customer, kind):
    body = {
        "customer": str(customer.pk),
        "status": "Processing",
        "placed_at": "2026-05-01T18:00:00+03:00",
        "items": [{**LINE, "discount": "0.15"}, {"ticket_type": str(kind.pk)}],
    }
    one = program.post("/api/orders", {"order_number": "S", **body}, "application/json").json()
    (row,) = send(program, {"order_number": "B", **body}).json()["results"]
    other = program.get(f"/api/orders/{row['id']}").json()
    passing = ("id", "order_number", "updated_at")
    for found in (one, other):
        for name in passing:
            del found[name]
        for item in found["items"]:
            del item["id"]
    assert other == one
    assert Customer.everywhere.get(pk=customer.pk).orders_count == 2
    assert history_is_right(company)


@pytest.mark.parametrize(
    ("orders", "word"), [([], "one order"), ([{}] * 1001, "1000"), ([5], "0"), ("many", "list"), (None, "null")]
)
def test_a_body_that_is_none_is_refused_whole(program, orders, word):
    answer = program.post("/api/orders/bulk", {"orders": orders}, "application/json")
    assert answer.status_code == 400
    assert word in answer.content.decode()
    assert not Order.everywhere.exists()


def test_a_key_makes_one_effect(program):
    sent = [{"items": [LINE]}, {"items": [{**LINE, "quantity": -1}]}]
    first = send(program, *sent, key="k-1")
    again = send(program, *sent, key="k-1")
    assert told(first) == ["created", "error"]
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Order.everywhere.count() == 1


def test_ids_of_another_company_are_errors_of_their_order(program, company, stranger, other_company):
    when = {"starts_at": "2026-12-01T18:00:00Z", "ends_at": "2026-12-01T20:00:00Z"}
    theirs = events.ticket_types.create(
        other_company, {"event": events.create(other_company, {"title": "T", **when}), "name": "S", "price": "1"}
    )
    answer = send(
        program,
        {"order_number": "W-1", "customer": str(stranger.pk)},
        {"order_number": "W-2", "items": [{"ticket_type": str(theirs.pk), "unit_price": "1"}]},
        {"order_number": "W-3", "items": [LINE]},
    )
    assert told(answer) == ["error", "error", "created"]
    assert wrong(answer) == {0: {"customer"}, 1: {"items.0.ticket_type"}}
    assert set(Order.everywhere.values_list("company", flat=True)) == {company.pk}
    assert not OrderItem.everywhere.exclude(company=company).exists()


def test_a_number_another_company_has_is_free(program, their_order):
    assert told(send(program, {"order_number": their_order.order_number, "total": "1"})) == ["created"]
    their_order.refresh_from_db()
    assert str(their_order.total) == "10.0000"


def test_reading_is_not_enough(company):
    _row, text = tokens.issue(company, "Reader", ["read"])
    assert send(client_of(text), {"total": "1"}).status_code == 403


def test_sixty_cost_as_many_queries_as_three(program, customer, kind):
    def queries(prefix, count, **flags):
        line = {"ticket_type": str(kind.pk)}
        sent = [
            {"order_number": f"{prefix}{n}", "customer": str(customer.pk), "items": [line, LINE], **flags}
            for n in range(count)
        ]
        with CaptureQueriesContext(connection) as asked:
            assert told(send(program, *sent, update_existing=True, all_or_nothing=True))
        return len(asked)

    queries("warm", 1)
    assert queries("A", 3) == queries("B", 60)
    assert queries("A", 3, priority="High", status="Sent") == queries("B", 60, priority="High", status="Sent")


def test_killed_between_two_chunks_a_second_request_completes(program, monkeypatch):
    monkeypatch.setitem(bulk.TOGETHER, connection.vendor, 2)
    save, calls = services.save_orders, []

    def killed(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise SystemExit
        return save(*args, **kwargs)

    monkeypatch.setattr(services, "save_orders", killed)
    sent = [{"order_number": f"W-{n}", "items": [LINE]} for n in range(5)]
    with pytest.raises(SystemExit):
        send(program, *sent)
    assert Order.everywhere.count() == 2
    assert told(send(program, *sent)) == ["unchanged"] * 2 + ["created"] * 3


def test_who_was_deleted_meanwhile_costs_the_others_nothing(program, company, customer, monkeypatch):
    """The customer goes after the plan and before the save."""
    enter = services.work

    def late(*args):
        Customer.everywhere.filter(pk=customer.pk).exists() and customers.delete(customer)
        return enter(*args)

    monkeypatch.setattr(services, "work", late)
    answer = send(program, {"total": "1"}, {"total": "2", "customer": str(customer.pk)}, {"total": "3"})
    assert told(answer) == ["created", "error", "created"]
    assert wrong(answer) == {1: {"customer"}}


def test_lines_keep_their_tickets(program, company, customer, kind):
    order = orders.create(company, {"order_number": "W-1", "items": [{"ticket_type": kind, "quantity": 1}]})
    item = OrderItem.everywhere.get(order=order)
    tickets.create(company, {"ticket_type": kind, "order_item": item})
    answer = send(program, {"order_number": "W-1", "items": [LINE]}, update_existing=True)
    assert told(answer) == ["error"]
    assert wrong(answer) == {0: {"items"}}
