"""Orders over HTTP: their exact shape, their filters, both kinds of id, and what is refused."""

from uuid import uuid4

import pytest
from django.test import Client

from integration_hub.companies import tokens
from integration_hub.companies.middleware import SESSION_KEY
from integration_hub.companies.models import Membership
from integration_hub.records.models import Order
from integration_hub.records.services import customers, daybooks, orders
from integration_hub.rest.tests.test_access import problem

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
SHAPE = [
    "id",
    "order_number",
    "record_id",
    "customer",
    "customer_name",
    "customer_email",
    "status",
    "priority",
    "currency",
    "total",
    "placed_at",
    "updated_at",
    "items",
]


def post(client, body, **headers):
    return client.post("/api/orders", body, "application/json", headers=headers)


def patch(client, pk, body):
    return client.patch(f"/api/orders/{pk}", body, "application/json")


def numbers(answer):
    assert answer.status_code == 200, answer.content
    return [row["order_number"] for row in answer.json()["results"]]


def test_an_order_has_exactly_this_shape(program, order, customer):
    body = program.get(f"/api/orders/{order.pk}").json()
    assert list(body) == SHAPE
    line = body["items"][0]
    assert body | {"placed_at": 0, "updated_at": 0, "items": 0} == {
        "id": str(order.pk),
        "order_number": "A-1",
        "record_id": None,
        "customer": str(customer.pk),
        "customer_name": "Ana Pop",
        "customer_email": "ana@example.com",
        "status": "Pending",
        "priority": "Medium",
        "currency": "EUR",
        "total": "76.50",
        "placed_at": 0,
        "updated_at": 0,
        "items": 0,
    }
    assert line | {"id": 0} == {
        "id": 0,
        "ticket_type": None,
        "description": "Day pass",
        "quantity": 2,
        "unit_price": "45.00",
        "discount": "0.15",
    }
    assert body["placed_at"].endswith("Z")


def test_creating_answers_201_with_the_object_and_its_address(program, customer):
    lines = [{"description": "Pass", "quantity": 3, "unit_price": "10.00"}, {"description": "Fee", "unit_price": 0.1}]
    answer = post(program, {"customer": str(customer.pk), "priority": "High", "items": lines})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["total"], body["currency"], body["priority"]) == ("30.10", "EUR", "High")
    assert [line["unit_price"] for line in body["items"]] == ["10.00", "0.10"]
    assert program.get(answer["Location"]).json() == body


def test_creating_twice_with_one_key_makes_one_order(program):
    body = {"order_number": "once", "total": "5"}
    first, second = (post(program, body, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert Order.everywhere.filter(order_number="once").count() == 1
    problem(post(program, {"order_number": "other"}, **{"Idempotency-Key": "k"}), 422)


def test_money_has_the_digits_of_its_currency(program):
    body = {"currency": "JPY", "items": [{"description": "Sushi", "quantity": 2, "unit_price": "1200"}]}
    answer = post(program, body).json()
    assert (answer["total"], answer["items"][0]["unit_price"]) == ("2400", "1200")
    fine = post(program, {"items": [{"description": "Bit", "quantity": 100, "unit_price": "0.0125"}]}).json()
    assert (fine["total"], fine["items"][0]["unit_price"]) == ("1.25", "0.0125")


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"status": "Lost"}, "status", "Pending, Processing, Sent, Delivered, Cancelled"),
        ({"status": 5}, "status", "text in quotes"),
        ({"colour": "red"}, "colour", "order_number"),
        ({"record_id": "rec1"}, "record_id", "set by the hub"),
        ({"customer": "Ana"}, "customer", "8-4-4-4-12"),
        ({"customer": str(uuid4())}, "customer", "no such customer"),
        ({"currency": "euro"}, "currency", ""),
        ({"currency": "eur"}, "currency", "EUR"),
        ({"placed_at": "yesterday"}, "placed_at", "offset"),
        ({"total": "-1"}, "total", "at least 0"),
        ({"items": "two"}, "items", "list"),
        ({"items": [{"description": "x", "unit_price": "1", "quantity": 0}]}, "items.0.quantity", "1"),
        ({"items": [{"description": "x", "unit_price": "1", "discount": "1.5"}]}, "items.0.discount", "at most 1"),
        ({"items": [{"description": "x", "unit_price": "1", "size": 1}]}, "items.0.size", "quantity"),
        ({"items": [{"description": "x"}]}, "items.0.unit_price", ""),
        ({"total": "5", "items": [{"description": "x", "unit_price": "1"}]}, "total", "add up to 1.00"),
    ],
)
def test_wrong_fields_are_400_by_field(program, body, field, says):
    answer = problem(post(program, body), 400)
    assert list(answer["errors"]) == [field]
    assert says in answer["errors"][field][0]
    assert not Order.everywhere.exists()


def test_a_number_that_is_taken_is_400(program, order):
    assert "A-1" in problem(post(program, {"order_number": "A-1"}), 400)["errors"]["order_number"][0]


def test_an_order_is_changed_by_either_id(program, company, order):
    assert patch(program, order.pk, {"status": "Sent"}).json()["status"] == "Sent"
    orders.set_record_ids(company.pk, {order.pk: "recX3kPq2LmN0aBc1"})
    body = patch(program, "recX3kPq2LmN0aBc1", {"priority": "Low"}).json()
    assert (body["status"], body["priority"], body["record_id"]) == ("Sent", "Low", "recX3kPq2LmN0aBc1")
    for address in (f"/api/orders/id/{order.pk}", "/api/orders/id/recX3kPq2LmN0aBc1", "/api/orders/recX3kPq2LmN0aBc1"):
        assert program.get(address).json() == body


def test_a_patch_changes_only_what_it_names(program, order):
    before = program.get(f"/api/orders/{order.pk}").json()
    assert patch(program, order.pk, {}).json() == before
    after = patch(program, order.pk, {"customer": None}).json()
    assert (after["customer"], after["customer_name"], after["customer_email"]) == (None, "", "")
    assert after["items"] == before["items"]
    assert after["updated_at"] > before["updated_at"]


def test_the_lines_given_are_the_whole_list(program, order):
    line = program.get(f"/api/orders/{order.pk}").json()["items"][0]
    new = {"description": "Fee", "unit_price": "1.50"}
    body = patch(program, order.pk, {"items": [{**line, "quantity": 1}, new]}).json()
    assert [row["description"] for row in body["items"]] == ["Day pass", "Fee"]
    assert body["items"][0]["id"] == line["id"]
    assert body["total"] == "39.75"
    assert patch(program, order.pk, {"items": []}).json()["total"] == "0.00"


def test_a_deleted_order_is_gone(program, order):
    assert program.delete(f"/api/orders/{order.pk}").status_code == 204
    problem(program.get(f"/api/orders/{order.pk}"), 404)
    problem(program.delete(f"/api/orders/{order.pk}"), 404)


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_another_companys_order_is_404_by_either_id(program, their_order, method):
    call = getattr(program, method)
    for record_id in (their_order.pk, "recTHEIRS00000001", uuid4(), "recNOTHING0000001", "a%00b", "%F0%9F"):
        problem(call(f"/api/orders/{record_id}", {}, "application/json"), 404)
    their_order.refresh_from_db()
    assert their_order.deleted_at is None


def test_another_companys_customer_is_no_customer(program, order, stranger):
    for answer in (post(program, {"customer": str(stranger.pk)}), patch(program, order.pk, {"customer": stranger.pk})):
        assert "no such customer" in problem(answer, 400)["errors"]["customer"][0]


def test_lists_show_one_company_newest_first(program, company, order, their_order):
    orders.create(company, {"order_number": "A-0", "placed_at": "2020-01-01T00:00:00Z"})
    answer = program.get("/api/orders")
    assert numbers(answer) == ["A-1", "A-0"]
    assert answer.json()["count"] == 2


@pytest.fixture
def shelf(company, customer):
    """Three orders around midnight of 30 November in Bucharest (UTC+2)."""
    other = customers.create(company, {"name": "Bob Ana-Maria", "email": "bob@example.com"})
    facts = [
        ("one", customer, "Pending", "Low", "2026-11-29T21:59:00Z"),
        ("two", other, "Sent", "High", "2026-11-29T22:00:00Z"),
        ("three", None, "Sent", "Low", "2026-11-30T22:00:00Z"),
    ]
    for number, who, status, priority, placed in facts:
        data = {"order_number": number, "customer": who, "status": status, "priority": priority, "placed_at": placed}
        orders.create(company, data)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=Sent", ["three", "two"]),
        ("priority=Low", ["three", "one"]),
        ("status=Sent&priority=Low", ["three"]),
        ("customer=ana", ["two", "one"]),
        ("customer=ANA@example.com", ["one"]),
        ("customer=example.com", []),
        ("start_date=2026-11-30", ["three", "two"]),
        ("end_date=2026-11-29", ["one"]),
        ("start_date=2026-11-30&end_date=2026-11-30", ["two"]),
        ("start_date=2026-11-29&end_date=2026-12-01", ["three", "two", "one"]),
    ],
)
def test_filters(program, shelf, query, found):
    assert numbers(program.get(f"/api/orders?{query}")) == found


def test_the_customer_filter_takes_an_id(program, shelf, customer, stranger):
    assert numbers(program.get(f"/api/orders?customer={customer.pk}")) == ["one"]
    assert numbers(program.get(f"/api/orders?customer={stranger.pk}")) == []


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("status=Lost", "status", "Pending, Processing, Sent, Delivered, Cancelled"),
        ("start_date=30.11.2026", "start_date", "YYYY-MM-DD"),
        ("end_date=0001-01-01", "end_date", "1900"),
        ("start_date=2026-12-01&end_date=2026-11-30", "end_date", "before the first"),
        ("colour=red", "colour", "status, priority, customer"),
        ("page_size=500", "page_size", "At most 200"),
    ],
)
def test_wrong_filters_are_400_by_name(program, query, field, says):
    answer = problem(program.get(f"/api/orders?{query}"), 400)
    assert says in answer["errors"][field][0]
    assert answer["type"].endswith("/parameter")


def test_a_page_costs_the_same_number_of_queries_for_any_number_of_orders(
    program, company, order, customer, django_assert_num_queries
):
    daybooks.tend_one(company.pk)
    program.get("/api/orders")
    for known in (1, 8):
        with django_assert_num_queries(4):  # token, count from the roll-up, orders with customers, lines
            assert len(numbers(program.get("/api/orders"))) == known
        for n in range(7 if known == 1 else 0):
            line = {"description": "x", "unit_price": "1"}
            orders.create(company, {"order_number": f"N-{n}", "customer": customer, "items": [line, line]})


def test_after_reads_on_in_the_same_order(program, company):
    for n in range(5):
        orders.create(company, {"order_number": str(n), "placed_at": "2026-01-01T00:00:00Z"})
    first = program.get("/api/orders?page_size=3").json()["results"]
    rest = program.get(f"/api/orders?page_size=3&after={first[-1]['id']}").json()
    assert len(rest["results"]) == 2
    assert {row["order_number"] for row in first + rest["results"]} == set("01234")


def test_a_walk_survives_that_the_last_row_seen_is_deleted(program, company, order):
    orders.create(company, {"order_number": "older", "placed_at": "2020-01-01T00:00:00Z"})
    program.delete(f"/api/orders/{order.pk}")
    assert numbers(program.get(f"/api/orders?after={order.pk}")) == ["older"]


def test_what_goes_wrong_at_the_door(company, alice, order):
    _row, text = tokens.issue(company, "reader", ["read"])
    reader = Client(headers={"Authorization": f"Bearer {text}"})
    problem(Client().get("/api/orders"), 401)
    problem(Client(headers={"Authorization": "Bearer hub_no"}).get("/api/orders"), 401)
    problem(post(reader, {}), 403)
    problem(patch(reader, order.pk, {}), 403)
    problem(reader.delete(f"/api/orders/{order.pk}"), 403)
    problem(reader.get("/api/orders/"), 404)
    tokens.revoke(_row)
    problem(reader.get("/api/orders"), 401)


def test_an_order_is_not_put(program, order):
    answer = program.put(f"/api/orders/{order.pk}", {}, "application/json")
    problem(answer, 405)
    assert "PATCH" in answer["Allow"]


def test_malformed_json_is_400(program):
    assert "not valid JSON" in problem(program.post("/api/orders", '{"status": ', "application/json"), 400)["detail"]


def test_a_person_who_switched_company_in_another_tab_gets_409(alice, company, other_company):
    Membership.everywhere.create(company=other_company, user=alice, role="admin")
    client = Client()
    client.force_login(alice)
    session = client.session
    session[SESSION_KEY] = str(other_company.pk)
    session.save()
    problem(post(client, {"order_number": "x"}, **{"X-Hub-Company": str(company.pk)}), 409)
    assert not Order.everywhere.exists()
    assert post(client, {"order_number": "x"}, **{"X-Hub-Company": str(other_company.pk)}).status_code == 201
    assert Order.everywhere.get().company_id == other_company.pk


def test_writes_of_the_api_are_queued_for_a_program_or_a_person(monkeypatch, program, alice):
    seen = []
    told = lambda *args, prio, by: seen.append((args[0], prio, by.split(" (")[0]))  # noqa: E731
    monkeypatch.setattr("integration_hub.sync.outbox.enqueue", told)
    post(program, {"order_number": "p"})
    client = Client()
    client.force_login(alice)
    post(client, {"order_number": "q"})
    assert [found for found in seen if found[0] == "order"] == [("order", 1, "API token tests"), ("order", 0, "alice")]
