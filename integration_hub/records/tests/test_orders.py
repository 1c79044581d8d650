"""Orders: lines, totals, numbers, and the remote row they mirror."""

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_hub.records.models import Order, OrderItem
from integration_hub.records.services import Invalid, events, orders, tickets
from integration_hub.records.tests.conftest import made_event
from integration_hub.records.tests.test_services import refused

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def lines(order):
    return [str(item) for item in OrderItem.everywhere.filter(order=order, deleted_at=None).order_by("position")]


def test_lines_make_the_total(company):
    order = orders.create(
        company,
        {
            "items": [
                {"description": "Seat", "quantity": 3, "unit_price": "10.10", "discount": "0.15"},
                {"description": "Programme", "unit_price": "2.50"},
            ]
        },
    )
    assert order.total == Decimal("28.26")
    assert [item.amount for item in order.items.model.everywhere.order_by("position")] == [
        Decimal("25.76"),
        Decimal("2.50"),
    ]


def test_a_new_number_is_made_readable_and_unique(company):
    numbers = {orders.create(company, {}).order_number for _number in range(30)}
    assert len(numbers) == 30
    assert all(len(number) == 13 and not set("01ILOU") & set(number[7:]) for number in numbers)


def test_lines_by_id_change_only_what_is_said(company):
    order = orders.create(company, {"items": [{"description": "a", "unit_price": "5", "discount": "0.5"}]})
    item = OrderItem.everywhere.get()
    orders.update(order, {"items": [{"id": str(item.pk), "quantity": 2}]})
    item.refresh_from_db()
    assert (item.quantity, item.discount, item.amount) == (2, Decimal("0.5"), Decimal(5))
    assert refused(orders.update, order, {"items": [{"id": str(uuid4())}]})["items.0.id"]
    twice = [{"id": str(item.pk)}, {"id": str(item.pk)}]
    assert refused(orders.update, order, {"items": twice})["items.1.id"] == ["This line is named twice."]


def test_a_line_said_again_without_its_id_is_the_same_line(company, queue):
    said = [{"description": word, "unit_price": "5"} for word in "aab"]
    order = orders.create(company, {"items": said})
    ids = list(OrderItem.everywhere.order_by("position").values_list("pk", flat=True))
    queue.take()
    orders.update(order, {"items": said})
    assert queue.take() == {}
    orders.update(order, {"items": [said[0], said[2]]})
    assert list(OrderItem.everywhere.filter(deleted_at=None).order_by("position").values_list("pk", flat=True)) == [
        ids[0],
        ids[2],
    ]
    assert Order.everywhere.get().total == Decimal(10)
    assert ("order", order.pk) in queue.take()


def test_lines_taken_away_take_their_amounts_along(company):
    order = orders.create(company, {"items": [{"description": "a", "unit_price": "5"}]})
    orders.update(order, {"items": []})
    assert Order.everywhere.get().total == 0
    assert lines(order) == []


def test_a_total_is_for_orders_without_lines(company):
    assert orders.create(company, {"total": "12.345"}).total == Decimal("12.34")
    said = refused(orders.create, company, {"total": "9", "items": [{"description": "a", "unit_price": "5"}]})
    assert said == {"total": ["The lines add up to 5.00, not to 9.00. Leave the total out, or correct the lines."]}
    orders.create(company, {"total": "5", "items": [{"description": "a", "unit_price": "5"}]})


def test_another_currency_rounds_the_lines_again(company):
    order = orders.create(company, {"items": [{"description": "a", "unit_price": "5.55"}]})
    orders.update(order, {"currency": "JPY"})
    assert Order.everywhere.get().total == 6
    assert OrderItem.everywhere.get().amount == 6


def test_a_line_with_held_tickets_stays(company):
    kind = events.ticket_types.create(company, {"event": made_event(company), "name": "Standard", "price": "5"})
    order = orders.create(company, {"items": [{"ticket_type": kind}]})
    assert lines(order) == ["1 × Concert – Standard"]
    ticket = tickets.create(company, {"ticket_type": kind, "order_item": OrderItem.everywhere.get()})
    assert "Cancel them before you remove it" in refused(orders.update, order, {"items": []})["items"][0]
    tickets.update(ticket, {"status": "cancelled"})
    orders.update(order, {"items": []})


@pytest.mark.parametrize("items", ["x", {"a": 1}, [1], 5, ["x"]])
def test_items_are_a_list_of_lines(company, items):
    assert list(refused(orders.create, company, {"items": items})) == ["items"]


def test_a_line_needs_a_price_its_ticket_type_may_give(company):
    kind = events.ticket_types.create(company, {"event": made_event(company), "name": "Standard", "price": "5"})
    assert orders.create(company, {"items": [{"ticket_type": kind}]}).total == 5
    in_dollars = {"currency": "USD", "items": [{"ticket_type": kind}]}
    assert list(refused(orders.create, company, in_dollars)) == ["items.0.unit_price"]


def test_record_ids_are_noted_without_a_trace(company, other_company, queue):
    first, second = orders.create(company, {}), orders.create(company, {})
    theirs = orders.create(other_company, {})
    before = list(Order.everywhere.order_by("pk").values("pk", "updated_at"))
    queue.take()
    orders.set_record_ids(company.pk, {first.pk: "rec1", second.pk: "rec2", theirs.pk: "rec3"})
    orders.set_record_ids(company.pk, {first.pk: "rec2", second.pk: "rec1"})  # a swap
    found = dict(Order.everywhere.values_list("pk", "record_id"))
    assert found == {first.pk: "rec2", second.pk: "rec1", theirs.pk: None}
    orders.set_record_ids(company.pk, {first.pk: "rec1"})  # claimed by another
    assert dict(Order.everywhere.values_list("pk", "record_id"))[second.pk] is None
    orders.set_record_ids(company.pk, {first.pk: None})
    assert not Order.everywhere.exclude(record_id=None).exists()
    assert list(Order.everywhere.order_by("pk").values("pk", "updated_at")) == before
    assert queue.take() == {}


LINE = st.fixed_dictionaries(
    {
        "description": st.sampled_from(["a", "b", "c"]),
        "quantity": st.integers(1, 999),
        "unit_price": st.decimals(0, 9999, places=2),
        "discount": st.decimals(0, 1, places=3),
    }
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.lists(LINE, max_size=5), min_size=1, max_size=4))
def test_whatever_is_said_of_lines_is_what_is_there(company, drafts):
    order = orders.create(company, {"items": drafts[0]})
    for draft in drafts:
        saved = orders.update(order, {"items": draft})
        rows = OrderItem.everywhere.filter(order=order, deleted_at=None).order_by("position")
        said = [(d["description"], d["quantity"], d["unit_price"], d["discount"]) for d in draft]
        assert list(rows.values_list("description", "quantity", "unit_price", "discount")) == said
        cents = [(d["quantity"] * d["unit_price"] * (1 - d["discount"])).quantize(Decimal("0.01")) for d in draft]
        assert Order.everywhere.get(pk=order.pk).total == saved.total == sum(cents)
    orders.delete(order)


def test_invalid_says_everything_in_one_line():
    error = Invalid({"": ["It is gone."], "name": ["This is needed.", "It is long."]})
    assert str(error) == "It is gone.; name: This is needed. It is long."
