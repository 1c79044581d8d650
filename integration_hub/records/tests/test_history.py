"""Purchase histories and sales follow from orders and tickets, whatever happens to those."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integration_hub.records.models import Customer, Event, OrderItem
from integration_hub.records.services import customers, events, history, orders, tickets
from integration_hub.records.tests.conftest import made_event

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def ana(company):
    return customers.create(company, {"name": "Ana"})


@pytest.fixture
def kind(company):
    event = made_event(company, capacity=8)
    return events.ticket_types.create(company, {"event": event, "name": "Standard", "price": "20"})


def bought(customer):
    row = Customer.everywhere.get(pk=customer.pk)
    return row.orders_count, row.tickets_count, row.spent


def sold(kind):
    row = Event.everywhere.get(pk=kind.event_id)
    return row.tickets_sold, row.revenue, row.sold_share


def with_ticket(company, ana, kind, quantity=1):
    order = orders.create(company, {"customer": ana, "items": [{"ticket_type": kind, "quantity": quantity}]})
    item = OrderItem.everywhere.get(order=order)
    return order, [tickets.create(company, {"ticket_type": kind, "order_item": item}) for _number in range(quantity)]


def test_orders_and_tickets_count_until_cancelled_refunded_or_deleted(company, ana, kind, queue):
    order, (first, _second) = with_ticket(company, ana, kind, 2)
    assert bought(ana) == (1, 2, {"EUR": "40.00"})
    assert sold(kind) == (2, {"EUR": "40.00"}, Decimal("0.25"))

    tickets.update(first, {"status": "refunded"})
    assert bought(ana) == (1, 1, {"EUR": "20.00"})
    assert sold(kind) == (1, {"EUR": "20.00"}, Decimal("0.125"))

    queue.take()
    orders.update(order, {"status": "Cancelled"})
    assert bought(ana) == (0, 0, {})
    assert sold(kind) == (0, {}, Decimal(0))
    assert {key for key, _id in queue.take()} == {"order", "customer", "event", "ticket"}

    orders.update(order, {"status": "Delivered", "payment_state": "refunded"})
    assert bought(ana) == (0, 1, {})
    orders.update(order, {"payment_state": "paid"})
    assert bought(ana) == (1, 1, {"EUR": "20.00"})

    orders.delete(order)
    assert bought(ana) == (0, 0, {})
    assert sold(kind) == (0, {}, Decimal(0))


def test_first_and_last_purchase_and_currencies(company, ana):
    days = [datetime(2026, month, 1, tzinfo=UTC) for month in (3, 1, 2)]
    for day, currency, total in zip(days, ("EUR", "JPY", "EUR"), ("10.10", "500", "0.20"), strict=True):
        orders.create(company, {"customer": ana, "placed_at": day, "currency": currency, "total": total})
    row = Customer.everywhere.get()
    assert (row.first_purchase_at, row.last_purchase_at) == (days[1], days[0])
    assert row.spent == {"EUR": "10.30", "JPY": "500"}


def test_a_moved_order_counts_where_it_is(company, ana, kind):
    bea = customers.create(company, {"name": "Bea"})
    order, _tickets = with_ticket(company, ana, kind)
    orders.update(order, {"customer": bea})
    assert (bought(ana)[0], bought(bea)) == (0, (1, 1, {"EUR": "20.00"}))
    orders.update(order, {"customer": None})
    assert (bought(ana)[0], bought(bea)[0]) == (0, 0)


def test_only_changes_that_count_ask_again(company, ana, queue):
    order = orders.create(company, {"customer": ana, "total": "5"})
    queue.take()
    orders.update(order, {"priority": "High", "notes": "soon"})
    assert queue.take() == {("order", order.pk): 0}


def test_a_free_ticket_holds_a_place_and_earns_nothing(company, kind):
    tickets.create(company, {"ticket_type": kind})
    assert sold(kind) == (1, {}, Decimal("0.125"))


def test_more_tickets_back_than_bought_never_earn_less_than_nothing(company, ana, kind):
    _order, given = with_ticket(company, ana, kind)
    extra = tickets.create(company, {"ticket_type": kind, "order_item": given[0].order_item})
    for ticket in (*given, extra):
        tickets.update(ticket, {"status": "refunded"})
    assert sold(kind) == (0, {"EUR": "0.00"}, Decimal(0))


def test_no_capacity_no_share(company):
    assert made_event(company).sold_share is None


def test_the_number_of_queries_does_not_grow(company):
    everyone = [customers.create(company, {"name": f"Customer {number}"}) for number in range(12)]
    for customer in everyone:
        orders.create(company, {"customer": customer, "total": "5"})
    counts = []
    for number in (1, 12):
        with CaptureQueriesContext(connection) as queries:
            assert history.refresh_customers(company.pk, [c.pk for c in everyone[:number]]) == []
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6
