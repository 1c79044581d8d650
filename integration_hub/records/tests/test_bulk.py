"""Many orders at once beside others who do the same."""

import pytest

from integration_hub.records.models import Customer, Order, OrderItem, Ticket
from integration_hub.records.services import Invalid, bulk, customers, events, orders
from integration_hub.records.tests.conftest import DAY
from integration_hub.records.tests.test_races import at_once, history_is_right, no_errors

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]
LINES = [{"description": "Day pass", "quantity": 2, "unit_price": "45"}, {"description": "Map", "unit_price": "3"}]


def test_the_same_orders_sent_twice_at_once_are_made_once(company, queue):
    ana = customers.create(company, {"name": "Ana"})

    def send():
        told = [{"order_number": str(number), "customer": ana.pk, "items": LINES} for number in range(20)]
        return bulk.save_orders(company, [bulk.OrderEntry(data) for data in told])

    found = at_once(send, send)
    no_errors(found)
    assert sum((outcome.counts for outcome in found), start=type(found[0].counts)()) == {"created": 20, "unchanged": 20}
    assert (Order.everywhere.count(), OrderItem.everywhere.count()) == (20, 40)
    assert history_is_right(company)
    assert {kind for kind, _pk in queue.take()} == {"customer", "order", "order_item"}


def test_the_loser_of_a_race_looks_again(company, monkeypatch):
    """Whoever planned an order as new while somebody else saved it finds it as it is."""
    orders.create(company, {"order_number": "A", "total": "1"})
    bea, look, calls = Customer(company=company, name="Bea"), bulk.known_orders, []

    def late(*args):
        calls.append(args)
        return {} if len(calls) == 1 else look(*args)

    monkeypatch.setattr(bulk, "known_orders", late)
    monkeypatch.setattr(bulk, "_moved", lambda *args: False)
    outcome = bulk.save_orders(company, [bulk.OrderEntry({"order_number": "A", "total": "1"}, customer=bea)])
    assert outcome.counts == {"updated": 1, "customers created": 1}
    assert Order.everywhere.get().customer == Customer.everywhere.get()


def test_more_tickets_than_places_are_refused_together(company):
    event = events.create(company, {"title": "Concert", "capacity": 3, **DAY})
    kind = events.ticket_types.create(company, {"event": event, "name": "Standard"})
    with pytest.raises(Invalid, match="full"):
        bulk.create_tickets(company, [{"ticket_type": kind}] * 4)
    assert not Ticket.everywhere.exists()
    assert len(bulk.create_tickets(company, [{"ticket_type": kind}] * 3)) == 3
    event.refresh_from_db()
    assert event.tickets_sold == 3
