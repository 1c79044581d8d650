"""Two people at once. On PostgreSQL the transactions truly overlap; SQLite lets one in after the other."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from integration_hub.records import guard
from integration_hub.records.models import Customer, Event, Order, OrderItem, Ticket
from integration_hub.records.services import Invalid, customers, events, history, orders, tickets
from integration_hub.records.tests.conftest import made_event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all in threads of their own; results or errors, in order."""
    found: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            found[place] = act()
        except Exception as error:  # told to the test, which judges it
            found[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return found


@pytest.fixture
def overlapping(monkeypatch):
    """Both transactions have written before either counts; on SQLite the second cannot begin, so nobody waits."""
    meet = threading.Barrier(2)
    refresh = history.refresh_customers

    def met(company_id, ids):
        if connection.vendor == "postgresql" and ids and threading.current_thread() is not threading.main_thread():
            meet.wait(10)
        return refresh(company_id, ids)

    monkeypatch.setattr(history, "refresh_customers", met)


def no_errors(found):
    assert [error for error in found if isinstance(error, Exception)] == []


def test_two_orders_of_one_customer_both_count(company, overlapping):
    ana = customers.create(company, {"name": "Ana"})
    no_errors(at_once(*[lambda: orders.create(company, {"customer": ana, "total": "10.05"})] * 2))
    row = Customer.everywhere.get()
    assert (row.orders_count, row.spent) == (2, {"EUR": "20.10"})


def test_two_changes_of_two_orders_of_one_customer_both_count(company, overlapping):
    ana = customers.create(company, {"name": "Ana"})
    first, second = (orders.create(company, {"customer": ana, "total": "1"}) for _number in range(2))
    no_errors(
        at_once(
            lambda: orders.update(first, {"total": "10"}),
            lambda: orders.update(second, {"total": "20"}),
        )
    )
    assert Customer.everywhere.get().spent == {"EUR": "30.00"}


def test_an_order_whose_customer_is_deleted_meanwhile(company, monkeypatch):
    """The order is written, the customer is deleted, then the order wants to be counted."""
    ana = customers.create(company, {"name": "Ana"})
    written, deleted = threading.Event(), threading.Event()
    refresh = history.refresh_customers

    def waiting(company_id, ids):
        written.set()
        if connection.vendor == "postgresql" and ids:
            deleted.wait(10)
        return refresh(company_id, ids)

    def delete():
        written.wait(10)
        monkeypatch.setattr(history, "refresh_customers", refresh)
        customers.delete(ana)
        deleted.set()

    monkeypatch.setattr(history, "refresh_customers", waiting)
    found = at_once(lambda: orders.create(company, {"customer": ana.pk, "total": "5"}), delete)
    refused = [error for error in found if isinstance(error, Exception)]
    assert [type(error) for error in refused] == [Invalid], found
    gone, ordered = Customer.everywhere.get().deleted_at is not None, Order.everywhere.exists()
    assert gone != ordered


def test_the_last_place_is_sold_once(company):
    event = made_event(company, capacity=1)
    kind = events.ticket_types.create(company, {"event": event, "name": "Standard"})
    found = at_once(*[lambda: tickets.create(company, {"ticket_type": kind})] * 4)
    assert sum(isinstance(error, Invalid) for error in found) == 3
    assert Ticket.everywhere.count() == 1
    assert Event.everywhere.get().tickets_sold == 1


def test_one_number_goes_to_one_order(company):
    found = at_once(*[lambda: orders.create(company, {"order_number": "A1"})] * 3)
    assert sum(isinstance(error, Invalid) for error in found) == 2
    assert Order.everywhere.count() == 1


def test_everybody_edits_everything_and_nobody_deadlocks(company, queue):
    event = made_event(company)
    kind = events.ticket_types.create(company, {"event": event, "name": "Standard", "price": "3"})
    people = [customers.create(company, {"name": f"Customer {number}"}) for number in range(2)]
    line = [{"ticket_type": kind, "quantity": 2}]
    known = [orders.create(company, {"customer": person, "items": line}) for person in people]
    items = list(OrderItem.everywhere.all())

    def sell(number: int) -> None:
        for step in range(6):
            person = people[(number + step) % 2]
            orders.create(company, {"customer": person, "items": line})
            ticket = tickets.create(company, {"ticket_type": kind, "order_item": items[step % 2]})
            orders.update(known[step % 2], {"customer": person, "items": [{"ticket_type": kind, "quantity": step + 1}]})
            customers.update(person, {"name": f"Name {number} {step}"})
            events.update(event, {"title": f"Title {number} {step}"})
            tickets.update(ticket, {"status": "refunded" if step % 2 else "cancelled"})
            orders.delete(orders.create(company, {"customer": person, "total": step}))

    found = at_once(*[lambda number=number: sell(number) for number in range(3)])
    assert not any(isinstance(error, OperationalError) for error in found), found
    no_errors(found)
    # What the services counted on the way is what a fresh count finds.
    assert history_is_right(company)


def history_is_right(company) -> bool:
    with transaction.atomic(), guard.writing():
        wrong = [
            *history.refresh_customers(company.pk, list(Customer.everywhere.values_list("pk", flat=True))),
            *history.refresh_events(company.pk, list(Event.everywhere.values_list("pk", flat=True))),
        ]
    return wrong == []
