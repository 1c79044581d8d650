"""Finding orders in the admin: by their whole number, a part of it, or the customer; and what is said of very many."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integration_hub.records.admin import orders as page
from integration_hub.records.models import Order
from integration_hub.records.services import customers, orders

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
LIST = "admin:records_order_changelist"


@pytest.fixture
def browser(alice):
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def shelf(company, other_company):
    ana = customers.create(company, {"name": "Ana Pop", "email": "ana.pop@example.com"})
    for number, buyer in (("A-100", ana), ("A-1001", None), ("B-1001", None), ("B%_2", ana)):
        orders.create(company, {"order_number": number, "customer": buyer})
    orders.create(other_company, {"order_number": "A-1007"})


def found(browser, term, **filters):
    answer = browser.get(reverse(LIST), {"q": term, **filters})
    assert answer.status_code == 200
    return {order.order_number for order in answer.context["cl"].result_list}


@pytest.mark.parametrize(
    ("term", "numbers"),
    [
        ("A-100", {"A-100"}),  # a whole number is meant alone
        ("1001", {"A-1001", "B-1001"}),
        ("b-10", {"B-1001"}),
        ("%_", {"B%_2"}),
        ("pop ana", {"A-100", "B%_2"}),
        ("ANA.POP@", {"A-100", "B%_2"}),
        ("1007", set()),  # another company's
        ("nothing", set()),
        ("  ", {"A-100", "A-1001", "B-1001", "B%_2"}),
    ],
)
def test_orders_are_found_by_parts(browser, shelf, term, numbers):
    assert found(browser, term) == numbers


def test_filters_hold_beside_the_search(browser, shelf, company):
    orders.update(Order.everywhere.get(order_number="B-1001"), {"status": "Sent"})
    assert found(browser, "100", status__exact="Sent") == {"B-1001"}
    assert found(browser, "ana", status__exact="Sent") == set()


def test_of_very_many_the_newest_are_shown_and_that_is_said(browser, shelf, monkeypatch):
    monkeypatch.setattr(page, "FOUND", 2)
    answer = browser.get(reverse(LIST), {"q": "-"})
    assert {order.order_number for order in answer.context["cl"].result_list} == {"A-1001", "B-1001"}
    (said,) = get_messages(answer.wsgi_request)
    assert str(said) == "More than 2 orders have “-” in their number; of these you see the newest. Type more."


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has such indexes")
def test_a_part_of_a_number_has_an_index_of_just_what_is_asked(company):
    asked = str(Order.everywhere.filter(order_number__icontains="x").order_by().query)
    assert 'UPPER("orders"."order_number"::text) LIKE' in asked
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'orders_by_number_part'")
        (definition,) = cursor.fetchone()
    assert "gin (upper((order_number)::text) gin_trgm_ops)" in definition


def test_searching_asks_as_often_however_many_orders_there_are(browser, shelf, company):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            found(browser, "100")
        return len(seen)

    few = queries()
    for number in range(20):
        orders.create(company, {"order_number": f"C-100{number}"})
    assert queries() == few
