"""Branches, staff, customers, events, tickets and appointments over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from integration_hub.records.models import Branch, EventSession, Ticket, TicketType
from integration_hub.records.services import appointments, branches, customers, events, orders, staff, tickets
from integration_hub.rest.tests.test_access import problem

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
WHEN = {"starts_at": "2026-12-01T18:00:00Z", "ends_at": "2026-12-01T20:00:00Z"}
NEW: dict[str, dict[str, Any]] = {
    "branches": {"name": "Old Town", "city": "Cluj", "country": "RO"},
    "staff": {"name": "Dan", "email": "dan@example.com"},
    "customers": {"name": "Ana Pop", "email": "ana@example.com", "phone": "+40721234567"},
    "events": {"title": "Concert", "kind": "hybrid", "capacity": 10, **WHEN},
    "appointments": {"title": "Fitting", "status": "confirmed", **WHEN},
}
CHANGES = {
    "branches": {"city": "Iași"},
    "staff": {"role_title": "Host"},
    "customers": {"notes": "Sits in front."},
    "events": {"status": "published"},
    "appointments": {"status": "completed"},
}
FOREIGN = {
    "branches": lambda company: branches.create(company, NEW["branches"]),
    "staff": lambda company: staff.create(company, NEW["staff"]),
    "customers": lambda company: customers.create(company, NEW["customers"]),
    "events": lambda company: events.create(company, NEW["events"]),
    "appointments": lambda company: appointments.create(company, NEW["appointments"]),
}


def send(client, method, address, body=None):
    return getattr(client, method)(f"/api/{address}", body or {}, "application/json")


@pytest.mark.parametrize("kind", NEW)
def test_from_birth_to_end(program, kind):
    made = send(program, "post", kind, NEW[kind])
    assert made.status_code == 201
    body = made.json()
    assert NEW[kind].items() <= body.items()
    assert program.get(made["Location"]).json() == body
    address = f"{kind}/{body['id']}"
    changed = send(program, "patch", address, CHANGES[kind]).json()
    assert changed["updated_at"] > body["updated_at"]
    assert changed == body | CHANGES[kind] | {"updated_at": changed["updated_at"]}
    assert program.get(f"/api/{kind}").json()["results"] == [changed]
    assert program.delete(f"/api/{address}").status_code == 204
    assert program.get(f"/api/{kind}").json()["count"] == 0
    problem(program.get(f"/api/{address}"), 404)


@pytest.mark.parametrize("kind", FOREIGN)
def test_another_companys_record_is_404(program, other_company, kind):
    theirs = FOREIGN[kind](other_company)
    for pk in (theirs.pk, uuid4(), "nonsense"):
        for method in ("get", "patch", "delete"):
            problem(send(program, method, f"{kind}/{pk}"), 404)
    assert program.get(f"/api/{kind}").json()["count"] == 0
    theirs.refresh_from_db()
    assert theirs.deleted_at is None


@pytest.mark.parametrize("kind", [*NEW, "tickets", "orders"])
def test_lists_refuse_what_they_do_not_know(program, kind):
    assert "colour" in problem(program.get(f"/api/{kind}?colour=red"), 400)["errors"]
    assert "page_size" in problem(program.get(f"/api/{kind}?page_size=201"), 400)["errors"]
    assert "colour" in problem(send(program, "post", kind, {"colour": "red"}), 400)["errors"]


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_page_costs_the_same_number_of_queries_for_any_number_of_rows(
    program, company, kind, django_assert_num_queries
):
    queries = 5 if kind == "events" else 3  # token, count, rows; events: ticket types, sessions
    FOREIGN[kind](company)
    program.get(f"/api/{kind}")
    for known in (1, 5):
        with django_assert_num_queries(queries):
            assert program.get(f"/api/{kind}").json()["count"] == known
        for _ in range(4 if known == 1 else 0):
            FOREIGN[kind](company)


def test_what_others_need_is_409_and_stays(program, order, customer):
    body = problem(program.delete(f"/api/customers/{customer.pk}"), 409)
    assert "orders" in body["detail"]
    assert program.get(f"/api/customers/{customer.pk}").status_code == 200


def test_a_customer_shows_the_purchase_history_and_cannot_be_told_one(program, order, customer):
    body = program.get(f"/api/customers/{customer.pk}").json()
    assert (body["orders_count"], body["spent"]) == (1, {"EUR": "76.50"})
    assert body["first_purchase_at"] == body["last_purchase_at"]
    assert body["first_purchase_at"].endswith("Z")
    assert "spent" in problem(send(program, "patch", f"customers/{customer.pk}", {"spent": {}}), 400)["errors"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("name=ana", 2), ("email=ANA@example.com", 1), ("reference=K7", 1), ("reference=k7", 0)],
)
def test_customers_are_found(program, company, query, found):
    customers.create(company, {"name": "Ana", "email": "ana@example.com"})
    customers.create(company, {"name": "Diana", "reference": "K7"})
    customers.create(company, {"name": "Zed"})
    assert program.get(f"/api/customers?{query}").json()["count"] == found


def test_a_phone_that_is_none_is_400(program):
    answer = problem(send(program, "post", "customers", {"name": "A", "phone": "call me"}), 400)
    assert "+40721234567" in answer["errors"]["phone"][0]


def test_an_event_comes_with_ticket_types_and_sessions(program):
    kinds = [{"name": "Seat", "price": "25.00"}, {"name": "Stream", "place": "online", "quota": 5, "currency": "USD"}]
    sitting = {"title": "Evening", "venue": "Hall", **WHEN}
    show = {"title": "Show", **WHEN, "ticket_types": kinds, "sessions": [sitting]}
    body = send(program, "post", "events", show).json()
    assert [kind | {"id": 0} for kind in body["ticket_types"]] == [
        {"id": 0, "name": "Seat", "place": "in_person", "price": "25.00", "currency": "EUR", "quota": None},
        {"id": 0, "name": "Stream", "place": "online", "price": "0.00", "currency": "USD", "quota": 5},
    ]
    assert body["sessions"][0] | {"id": 0} == {"id": 0, **sitting}


def test_the_parts_given_are_the_whole_list(program, event, company):
    address = f"events/{event.pk}"
    two = [{"name": "Seat", "price": "25.00"}, {"name": "Box"}]
    made = send(program, "patch", address, {"ticket_types": two}).json()["ticket_types"]
    seat = next(kind for kind in made if kind["name"] == "Seat")
    changes = [{"id": seat["id"], "name": "Good seat"}, {"name": "Standing"}]
    body = send(program, "patch", address, {"ticket_types": changes}).json()
    assert [kind["name"] for kind in body["ticket_types"]] == ["Good seat", "Standing"]
    assert body["ticket_types"][0]["id"] == seat["id"]
    assert body["ticket_types"][0]["price"] == "25.00"
    assert TicketType.everywhere.filter(event=event, deleted_at=None).count() == 2
    assert send(program, "patch", address, {"title": "New"}).json()["ticket_types"] == body["ticket_types"]


def test_wrong_parts_are_named_and_nothing_is_kept(program, event):
    parts = {
        "title": "Changed",
        "ticket_types": [{"name": "Seat"}, {"name": "Seat"}, {"id": str(uuid4()), "name": "Ghost"}],
        "sessions": [{"title": "Back in time", "starts_at": WHEN["ends_at"], "ends_at": WHEN["starts_at"]}],
    }
    first = problem(send(program, "patch", f"events/{event.pk}", parts), 400)
    assert set(first["errors"]) == {"ticket_types.1.name", "ticket_types.2.id"}
    del parts["ticket_types"]
    second = problem(send(program, "patch", f"events/{event.pk}", parts), 400)
    assert set(second["errors"]) == {"sessions.0.ends_at"}
    body = program.get(f"/api/events/{event.pk}").json()
    assert (body["title"], body["ticket_types"]) == ("Concert", [])
    assert not EventSession.everywhere.exists()


def test_a_part_of_another_event_is_no_part_of_this_one(program, company, event):
    other = events.create(company, {"title": "Other", **WHEN})
    theirs = events.ticket_types.create(company, {"event": other, "name": "Seat"})
    body = {"ticket_types": [{"id": str(theirs.pk), "name": "Stolen"}]}
    assert list(problem(send(program, "patch", f"events/{event.pk}", body), 400)["errors"]) == ["ticket_types.0.id"]


def test_an_event_cannot_go_back(program, event):
    send(program, "patch", f"events/{event.pk}", {"status": "cancelled"})
    assert "status" in problem(send(program, "patch", f"events/{event.pk}", {"status": "draft"}), 400)["errors"]


@pytest.fixture
def seat(company, event):
    return events.ticket_types.create(company, {"event": event, "name": "Seat", "price": "10", "quota": 2})


def test_a_ticket_from_sale_to_check_in(program, seat, event):
    made = send(program, "post", "tickets", {"ticket_type": str(seat.pk), "participant_name": "Ana"}).json()
    assert made["event"] == str(event.pk)
    assert made["code"] == Ticket.everywhere.get().code
    came = send(program, "patch", f"tickets/{made['id']}", {"checked_in_at": "2026-12-01T18:05:00+02:00"}).json()
    assert came["checked_in_at"] == "2026-12-01T16:05:00Z"
    assert "code" in problem(send(program, "patch", f"tickets/{made['id']}", {"code": "x"}), 400)["errors"]


def test_one_ticket_too_many_is_400(program, seat):
    for status in (201, 201):
        assert send(program, "post", "tickets", {"ticket_type": str(seat.pk)}).status_code == status
    assert "sold out" in problem(send(program, "post", "tickets", {"ticket_type": str(seat.pk)}), 400)["detail"]


def test_tickets_are_found(program, company, seat, event, customer):
    line = {"ticket_type": seat.pk, "quantity": 1, "unit_price": "10"}
    order = orders.create(company, {"customer": customer, "items": [line]})
    item = order.items.model.everywhere.get(order=order)
    one = tickets.create(company, {"ticket_type": seat, "order_item": item, "participant_email": "ana@example.com"})
    tickets.create(company, {"ticket_type": seat, "status": "reserved"})
    tickets.check_in(one)
    for query, found in {
        f"event={event.pk}": 2,
        f"ticket_type={seat.pk}": 2,
        f"event={uuid4()}": 0,
        f"order={order.pk}": 1,
        "status=reserved": 1,
        "email=Ana@example.com": 1,
        "checked_in=true": 1,
        "checked_in=false": 1,
    }.items():
        assert program.get(f"/api/tickets?{query}").json()["count"] == found, query
    assert "true, false" in problem(program.get("/api/tickets?checked_in=maybe"), 400)["detail"]
    assert "not an id" in problem(program.get("/api/tickets?event=5"), 400)["detail"]


def test_foreign_keys_of_another_company_are_no_records(program, other_company):
    theirs = branches.create(other_company, NEW["branches"])
    for kind in ("staff", "events", "appointments"):
        answer = problem(send(program, "post", kind, NEW[kind] | {"branch": str(theirs.pk)}), 400)
        assert list(answer["errors"]) == ["branch"]


def test_days_of_events_and_appointments_are_the_companys(program, company):
    late = {"starts_at": "2026-12-01T22:30:00Z", "ends_at": "2026-12-01T23:30:00Z"}  # 2 December in Bucharest
    events.create(company, {"title": "Late", **late})
    appointments.create(company, {"title": "Late", **late})
    for kind in ("events", "appointments"):
        assert program.get(f"/api/{kind}?start_date=2026-12-02&end_date=2026-12-02").json()["count"] == 1
        assert program.get(f"/api/{kind}?end_date=2026-12-01").json()["count"] == 0


def test_a_branch_takes_the_companys_zone(program):
    assert send(program, "post", "branches", {"name": "A"}).json()["timezone"] == "Europe/Bucharest"
    answer = problem(send(program, "post", "branches", {"name": "A", "timezone": "Mars/Base"}), 400)
    assert "Mars/Base" in answer["errors"]["timezone"][0]
    assert Branch.everywhere.count() == 1
