"""Counts and the summary of orders: the same from the roll-ups as from counting, narrowed by the same filters."""

import random
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from integration_hub.records import guard, selection, summing
from integration_hub.records.models import DayBook, Order
from integration_hub.records.services import customers, daybooks, orders
from integration_hub.rest.tests.test_access import problem

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
NOON = datetime(2026, 11, 20, 10, tzinfo=UTC)
EMPTY = {
    "count": 0,
    "by_status": dict.fromkeys(Order.Status.values, 0),
    "by_priority": dict.fromkeys(Order.Priority.values, 0),
    "totals": {},
    "per_day": [],
    "top_customers": [],
}
# The days are those of Bucharest, two hours ahead.
SHELF = (
    # customer, status, priority, currency, total, hours after noon
    ("Ana Pop", "Pending", "Medium", "EUR", "100", 0),
    ("Ana Pop", "Delivered", "High", "EUR", "76.5", 1),
    ("Ana Pop", "Delivered", "Medium", "RON", "500", -24),
    ("Bob Ana-Maria", "Cancelled", "Low", "EUR", "200", 13),
    ("Dana Ion", "Sent", "Medium", "RON", "80", -24),
    (None, "Pending", "Medium", "EUR", "5", -48),
)
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"status": "Delivered"},
    {"priority": "Medium"},
    {"status": "Pending", "priority": "Medium"},
    {"customer": "ana"},
    {"customer": "ana", "status": "Delivered"},
    {"customer": "bob@example.com"},
    {"start_date": "2026-11-20"},
    {"end_date": "2026-11-19"},
    {"start_date": "2026-11-20", "end_date": "2026-11-20"},
    {"start_date": "2026-11-21", "priority": "Low"},
    {"start_date": "2020-01-01", "end_date": "2020-12-31"},
    {"customer": "nobody"},
)


@pytest.fixture
def shelf(company):
    people = {}
    for name in ("Ana Pop", "Bob Ana-Maria", "Dana Ion"):
        email = f"{name.split()[0].lower()}@example.com"
        people[name] = customers.create(company, {"name": name, "email": email})
    for who, status, priority, currency, total, hours in SHELF:
        about = {"status": status, "priority": priority, "currency": currency, "total": total}
        placed = NOON + timedelta(hours=hours)
        orders.create(company, {"customer": people.get(who), "placed_at": placed, **about})
    return people


def asked(program, path, **filters):
    answer = program.get(f"/api/orders{path}?{urlencode(filters)}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_has_exactly_this_shape(program, company, shelf):
    daybooks.tend_one(company.pk)
    ana, bob, dana = shelf.values()
    assert asked(program, "/summary") == {
        "count": 6,
        "by_status": {"Pending": 2, "Processing": 0, "Sent": 1, "Delivered": 2, "Cancelled": 1},
        "by_priority": {"Low": 1, "Medium": 4, "High": 1},
        "totals": {"EUR": "381.50", "RON": "580.00"},
        "per_day": [
            {"date": "2026-11-18", "count": 1, "totals": {"EUR": "5.00"}},
            {"date": "2026-11-19", "count": 2, "totals": {"RON": "580.00"}},
            {"date": "2026-11-20", "count": 2, "totals": {"EUR": "176.50"}},
            {"date": "2026-11-21", "count": 1, "totals": {"EUR": "200.00"}},
        ],
        "top_customers": [
            {"id": str(bob.pk), "name": "Bob Ana-Maria", "orders": 1, "totals": {"EUR": "200.00"}},
            {"id": str(ana.pk), "name": "Ana Pop", "orders": 3, "totals": {"EUR": "176.50", "RON": "500.00"}},
            {"id": str(dana.pk), "name": "Dana Ion", "orders": 1, "totals": {"RON": "80.00"}},
        ],
    }


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: urlencode(filters) or "all")
def test_the_roll_ups_say_what_counting_says(program, company, shelf, filters):
    assert not DayBook.everywhere.exists()
    counted, listed = asked(program, "/summary", **filters), asked(program, "", **filters)
    daybooks.tend_one(company.pk)
    added, listed_again = asked(program, "/summary", **filters), asked(program, "", **filters)
    assert added == counted
    assert listed == listed_again
    assert added["count"] == listed["count"] == len(listed["results"])
    assert sum(added["by_status"].values()) == sum(added["by_priority"].values()) == added["count"]
    assert sum(day["count"] for day in added["per_day"]) == added["count"]


@pytest.mark.parametrize("read", [0.5, 1_000])
def test_the_best_customers_of_some_orders_are_found_without_reading_all(program, company, monkeypatch, read):
    chance = random.Random(7)
    people = [customers.create(company, {"name": f"Customer {n}"}) for n in range(40)]
    for number, who in enumerate(people):
        states = [("Sent", 100 + 10 * number), ("Delivered", 700 - 13 * number), ("Sent", chance.randrange(50))]
        for status, total in states[: 2 + number % 2]:
            orders.create(company, {"customer": who, "status": status, "total": total, "placed_at": NOON})
    found = asked(program, "/summary", status="Sent")["top_customers"]
    daybooks.tend_one(company.pk)
    monkeypatch.setattr(summing, "READ", read)
    assert asked(program, "/summary", status="Sent")["top_customers"] == found
    assert len(found) == 10 and found[0]["name"] == "Customer 39"


def test_a_name_that_very_many_have_is_found_as_well(program, company, shelf, monkeypatch):
    monkeypatch.setattr(selection, "NAMED", 1)
    assert asked(program, "", customer="ana")["count"] == 5
    daybooks.tend_one(company.pk)
    for more, count in (({}, 5), ({"status": "Delivered"}, 2), ({"end_date": "2026-11-19"}, 2)):
        assert asked(program, "", customer="ana", **more)["count"] == count
        assert asked(program, "/summary", customer="ana", **more)["count"] == count


def test_two_years_of_nothing_are_zeros(program, company):
    years = {"start_date": "2025-01-01", "end_date": "2026-12-31"}
    assert asked(program, "/summary", **years) == EMPTY
    daybooks.tend_one(company.pk)
    assert asked(program, "/summary", **years) == EMPTY
    assert asked(program, "", **years) == {"count": 0, "page": 1, "page_size": 50, "results": []}


def test_the_orders_of_others_are_not_added(program, other_company, shelf, company):
    ana = customers.create(other_company, {"name": "Ana Strange"})
    orders.create(other_company, {"total": "1000", "customer": ana})
    for owner in (company, other_company):
        daybooks.tend_one(owner.pk)
    assert asked(program, "/summary", customer="ana")["count"] == 5
    found = asked(program, "/summary")
    assert found["count"] == 6 and "Ana Strange" not in str(found)


def test_what_becomes_of_an_order_is_seen_at_once(program, company, shelf):
    daybooks.tend_one(company.pk)
    for order in Order.everywhere.filter(currency="RON"):
        orders.delete(order)
    found = asked(program, "/summary")
    assert (found["count"], found["totals"], len(found["per_day"])) == (4, {"EUR": "381.50"}, 3)
    assert [one["name"] for one in found["top_customers"]] == ["Bob Ana-Maria", "Ana Pop"]


def test_another_zone_is_another_day_at_once(program, company, shelf):
    daybooks.tend_one(company.pk)
    company.timezone = "Asia/Tokyo"
    company.save()
    days = [day["date"] for day in asked(program, "/summary")["per_day"]]
    daybooks.tend_one(company.pk)
    assert days == [day["date"] for day in asked(program, "/summary")["per_day"]]
    assert asked(program, "", start_date="2026-11-21")["count"] == 1


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("status=Lost", "status", "Pending, Processing, Sent, Delivered, Cancelled"),
        ("priority=Urgent", "priority", "Low, Medium, High"),
        ("start_date=30.11.2026", "start_date", "YYYY-MM-DD"),
        ("end_date=2026-02-30", "end_date", "YYYY-MM-DD"),
        ("start_date=2026-12-01&end_date=2026-11-30", "end_date", "before the first"),
        ("page=2", "page", "start_date, end_date, status, priority, customer"),
        ("status=Sent&status=Pending", "status", "once"),
    ],
)
def test_what_cannot_be_asked_is_named(program, query, field, says):
    answer = problem(program.get(f"/api/orders/summary?{query}"), 400)
    assert says in answer["errors"][field][0]


def test_the_summary_costs_the_same_for_any_number_of_orders(program, company, shelf, django_assert_num_queries):
    daybooks.tend_one(company.pk)
    asked(program, "/summary")
    for _round in range(2):
        with django_assert_num_queries(8):  # token, book, states, days, best customers (3), names
            asked(program, "/summary")
        for n in range(5):
            orders.create(company, {"total": "1", "placed_at": NOON - timedelta(days=n)})


def test_while_the_roll_ups_are_made_many_orders_are_not_added_up(program, company, shelf, monkeypatch):
    """Few are; of many the answer says how far the counting is, and when to ask again."""
    assert asked(program, "/summary")["count"] == 6  # no roll-ups yet, and few
    monkeypatch.setattr(selection, "ADDED_UP", 5)
    answer = program.get("/api/orders/summary")
    assert problem(answer, 503)["type"].endswith("/unavailable")
    assert answer["Retry-After"] == "5"
    assert answer.json()["detail"].startswith("The orders of this company are being counted: 0 %. Repeat the request")
    assert asked(program, "/summary", status="Delivered")["count"] == 2  # these are few
    assert asked(program, "", page_size=2)["count"] == 6  # lists go on
    with guard.writing():
        DayBook.everywhere.create(company=company, zone=company.timezone, walked_to=NOON - timedelta(hours=24))
        half_made = program.get("/api/orders/summary").json()["detail"]
        assert "being counted: 39 %" in half_made
        DayBook.everywhere.filter(company=company).delete()
    daybooks.tend_one(company.pk)
    assert asked(program, "/summary")["count"] == 6
