"""The lines of an order as records of their own: read, and queued when something of them changed."""

from decimal import Decimal

import pytest

from integration_hub.contract import registry
from integration_hub.contract.records import Ref
from integration_hub.records.models import OrderItem
from integration_hub.records.services import bulk, orders

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
ANA, BEA, CLEO = ({"description": name, "unit_price": "5"} for name in ("Ana", "Bea", "Cleo"))


def items(order):
    return list(OrderItem.everywhere.filter(order=order, deleted_at=None).order_by("position"))


def queued(queue):
    return {pk for key, pk in queue.take() if key == "order_item"}


def values(item):
    return registry.record_type("order_item").load(item.company_id, [item.pk])[item.pk]


def test_what_the_engine_reads(company, everything):
    kind = everything()["TicketType"]
    line = {"ticket_type": kind, "quantity": 3, "unit_price": "10.105", "discount": "0.15"}
    order = orders.create(company, {"order_number": "77", "items": [ANA, line]})
    said = values(items(order)[1])
    assert said.pop("updated_at") is not None
    assert said == {
        "description": "Concert – Standard", "order_link": Ref("order", order.pk, "77"), "order_number": "77",
        "position": 2, "ticket_type": "Standard", "quantity": 3, "unit_price": Decimal("10.105"),
        "discount": Decimal("0.15"), "amount": Decimal("25.77"), "currency": "EUR",
    }  # fmt: skip
    yen = orders.create(company, {"currency": "JPY", "items": [{"description": "a", "unit_price": "1200"}]})
    assert str(values(items(yen)[0])["amount"]) == "1200"


def test_its_page_is_that_of_its_order(company):
    order = orders.create(company, {"items": [ANA]})
    address = registry.record_type("order_item").address(items(order)[0].pk)
    assert address == registry.record_type("order").address(order.pk)


def test_only_the_lines_that_changed_are_queued(company, queue):
    order = orders.create(company, {"items": [ANA, BEA]})
    ana, bea = items(order)
    assert queued(queue) == {ana.pk, bea.pk}
    orders.update(order, {"items": [ANA, {**BEA, "quantity": 2}]})
    assert queued(queue) == {bea.pk}
    orders.update(order, {"items": [ANA, {**BEA, "quantity": 2}, CLEO]})
    cleo = items(order)[2]
    assert queued(queue) == {cleo.pk}
    orders.update(order, {"items": [ANA, CLEO]})
    assert queued(queue) == {bea.pk, cleo.pk}  # one has gone, the other stands where it stood
    orders.update(order, {"notes": "Call first", "status": "Sent"})
    assert queued(queue) == set()
    orders.delete(order)
    assert queued(queue) == {ana.pk, cleo.pk}
    assert registry.record_type("order_item").load(company.pk, [ana.pk]) == {}


@pytest.mark.parametrize("change", [{"order_number": "New"}, {"currency": "RON"}, {"currency": "JPY"}])
def test_what_they_show_of_their_order_queues_them(company, queue, change):
    order = orders.create(company, {"items": [ANA, BEA]})
    queue.take()
    orders.update(order, change)
    assert queued(queue) == {item.pk for item in items(order)}


def test_many_at_once_are_queued_with_nobody_waiting(company, queue):
    entries = [bulk.OrderEntry({"order_number": str(number), "items": [ANA, BEA]}) for number in range(3)]
    bulk.save_orders(company, entries)
    taken = queue.take()
    assert sum(key == "order_item" for key, _pk in taken) == 6
    assert set(taken.values()) == {2}
    bulk.save_orders(company, entries)
    assert queue.take() == {}
    bulk.save_orders(company, [bulk.OrderEntry({"order_number": "1", "items": [ANA]})])
    assert len(queued(queue)) == 1
