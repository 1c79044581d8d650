"""Services: what they take, what they refuse, what they queue, and what they leave alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from integration_hub.notices.models import AuditEvent
from integration_hub.records.models import (
    Branch,
    Customer,
    Event,
    EventSession,
    Order,
    OrderItem,
    Staff,
    Ticket,
    TicketType,
)
from integration_hub.records.services import (
    Invalid,
    appointments,
    branches,
    customers,
    events,
    orders,
    staff,
    tickets,
)
from integration_hub.records.tests.conftest import DAY, made_event
from integration_hub.sync.models import WorkRow

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def refused(act, *args, **kwargs):
    """The errors of a call that must be refused."""
    with pytest.raises(Invalid) as caught:
        act(*args, **kwargs)
    return caught.value.errors


def test_every_change_is_queued_with_its_urgency(company, queue):
    ana = customers.create(company, {"name": "Ana"}, prio=1)
    assert queue.take() == {("customer", ana.pk): 1}
    customers.update(ana, {"email": "ana@example.com"})
    assert queue.take() == {("customer", ana.pk): 0}
    customers.delete(ana)
    assert queue.take() == {("customer", ana.pk): 0}
    customers.delete(ana)
    assert queue.take() == {}


def test_nothing_changed_writes_nothing(company, queue, django_assert_num_queries):
    data = {"name": "Ana", "email": "ana@example.com", "phone": "+40 721 234 567"}
    ana = customers.create(company, data)
    before = Customer.everywhere.values().get()
    queue.take()
    customers.update(ana, {"name": " Ana ", "phone": "+40721234567", "notes": ""})
    assert queue.take() == {}
    assert Customer.everywhere.values().get() == before


def test_a_change_rolled_back_was_never_queued(company, queue):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        customers.create(company, {"name": "Ana"})
        raise ZeroDivisionError
    assert not Customer.everywhere.exists()
    assert not WorkRow.everywhere.exists()


def test_updated_at_moves_only_with_an_edit(company):
    ana = customers.create(company, {"name": "Ana"})
    order = orders.create(company, {"customer": ana, "items": [{"description": "x", "unit_price": "5"}]})
    fresh = Customer.everywhere.get()
    assert fresh.updated_at == ana.updated_at
    assert fresh.orders_count == 1
    later = orders.update(order, {"status": "Sent"})
    assert later.updated_at > order.updated_at
    assert Order.everywhere.get().updated_at == later.updated_at


def test_who_shows_a_name_hears_of_its_change(everything, queue):
    made = everything()
    queue.take()
    customers.update(made["Customer"], {"name": "Bea"})
    assert {key for key, _id in queue.take()} == {"customer", "order", "appointment", "ticket"}
    customers.update(made["Customer"], {"email": "bea@example.com"})
    assert {key for key, _id in queue.take()} == {"customer", "order", "appointment", "ticket"}
    customers.update(made["Customer"], {"name": "Beatrice"})  # a ticket only names the e-mail
    assert {key for key, _id in queue.take()} == {"customer", "order", "appointment"}
    customers.update(made["Customer"], {"phone": "+40721234567"})
    assert {key for key, _id in queue.take()} == {"customer"}
    branches.update(made["Branch"], {"name": "New"})
    assert {key for key, _id in queue.take()} == {"branch", "staff", "event", "appointment", "ticket"}
    events.update(made["Event"], {"title": "New"})
    assert {key for key, _id in queue.take()} == {"event", "ticket"}
    events.series.update(made["EventSeries"], {"title": "New"})
    assert {key for key, _id in queue.take()} == {"event"}
    events.ticket_types.update(made["TicketType"], {"name": "New"})
    assert {key for key, _id in queue.take()} == {"ticket", "order_item"}
    events.ticket_types.update(made["TicketType"], {"place": "online"})
    assert {key for key, _id in queue.take()} == {"ticket"}
    staff.update(made["Staff"], {"name": "New"})
    assert {key for key, _id in queue.take()} == {"staff", "appointment"}
    orders.update(made["Order"], {"order_number": "New"})
    assert {key for key, _id in queue.take()} == {"order", "order_item", "ticket"}
    orders.update(made["Order"], {"customer": None})
    assert {key for key, _id in queue.take()} == {"order", "customer", "ticket"}
    orders.update(made["Order"], {"notes": "New"})
    assert {key for key, _id in queue.take()} == {"order"}


def test_all_that_is_wrong_is_said_at_once(company, other_company):
    theirs = customers.create(other_company, {"name": "Theirs"})
    errors = refused(
        orders.create,
        company,
        {
            "nonsense": 1,
            "created_at": "2026-01-01",
            "customer": theirs.pk,
            "status": "Lost",
            "currency": "euro",
            "placed_at": "2026-01-01",
            "items": [{"quantity": 0, "unit_price": "x", "discount": "1.5", "color": "red"}],
        },
    )
    assert set(errors) == {
        "nonsense", "created_at", "customer", "status", "currency", "placed_at",
        "items.0.quantity", "items.0.unit_price", "items.0.discount", "items.0.color", "items.0.description",
    }  # fmt: skip
    assert "There is no field “nonsense”" in errors["nonsense"][0]
    assert "cannot be written" in errors["created_at"][0]
    assert errors["customer"] == ["There is no such customer."]
    assert "with its offset" in errors["placed_at"][0]
    assert not Order.everywhere.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": {"first": "Ana"}}, "name"),
        ({"name": "A\x00B"}, "name"),
        ({"email": "not an address"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"phone": "0721234567"}, "phone"),  # local, and the company names no country
        ({"language": "xx"}, "language"),
        ({"orders_count": 5}, "orders_count"),
        ({"spent": {"EUR": "1"}}, "spent"),
        ({"company": str(uuid4())}, "company"),
        ({"id": str(uuid4())}, "id"),
    ],
)
def test_wrong_values_of_a_customer(company, changes, field):
    assert list(refused(customers.create, company, {"name": "Ana", **changes})) == [field]
    ana = customers.create(company, {"name": "Ana"})
    assert list(refused(customers.update, ana, changes)) == [field]
    assert customers.validate(company, changes, ana).keys() == {field}
    assert Customer.everywhere.get().name == "Ana"


@pytest.mark.parametrize("value", ["2026-11-20", "2026-11-20T10:00:00", datetime(2026, 11, 20), 5, True, "soon"])
def test_a_time_without_its_offset_is_refused(company, value):
    assert list(refused(orders.create, company, {"placed_at": value})) == ["placed_at"]


def test_times_are_kept_in_utc_and_names_trimmed(company):
    order = orders.create(company, {"placed_at": "2026-11-20T10:00:00+02:00", "order_number": "  A1 "})
    assert (order.placed_at, order.order_number) == (datetime(2026, 11, 20, 8, tzinfo=UTC), "A1")


def test_local_numbers_are_read_where_they_are_at_home(company):
    company.country = "RO"
    assert customers.create(company, {"name": "Ana", "phone": "0721 234 567"}).phone == "+40721234567"
    berlin = branches.create(company, {"name": "Berlin", "country": "DE", "phone": "030 901820"})
    assert (berlin.phone, berlin.timezone) == ("+4930901820", company.timezone)


def test_foreign_keys_stay_in_the_company(everything, company, other_company):
    mine, theirs = everything(), everything(2, company=other_company)
    for act, field in (
        (lambda key: orders.update(mine["Order"], {"customer": key}), "customer"),
        (lambda key: orders.update(mine["Order"], {"items": [{"ticket_type": key, "unit_price": 1}]}), "ticket_type"),
        (lambda key: staff.update(mine["Staff"], {"branch": key}), "branch"),
        (lambda key: tickets.update(mine["Ticket"], {"event": key}), "event"),
        (lambda key: appointments.update(mine["Appointment"], {"staff": key}), "staff"),
        (lambda key: events.sessions.update(mine["EventSession"], {"event": key}), "event"),
    ):
        name = {"customer": "Customer", "ticket_type": "TicketType", "branch": "Branch", "event": "Event"}
        record = theirs[name.get(field, "Staff")]
        for key in (record, record.pk, str(record.pk), "nonsense", 7):
            assert any(field in said for said in refused(act, key)), (field, key)


def test_a_reference_is_there_once_and_free_again_after_a_delete(company, other_company):
    ana = customers.create(company, {"name": "Ana", "reference": "C1"})
    customers.create(company, {"name": "Nobody"})
    customers.create(company, {"name": "Nobody"})
    customers.create(other_company, {"name": "Ana", "reference": "C1"})
    assert list(refused(customers.create, company, {"name": "Bea", "reference": "C1"})) == ["reference"]
    customers.delete(ana)
    customers.create(company, {"name": "Bea", "reference": "C1"})


def test_what_the_check_did_not_see_the_database_does(company, monkeypatch):
    customers.create(company, {"name": "Ana", "reference": "C1"})
    noun = customers.noun
    object.__setattr__(noun, "check", lambda *args: None)
    try:
        errors = refused(customers.create, company, {"name": "Bea", "reference": "C1"})
    finally:
        object.__setattr__(noun, "check", customers._check)
    assert errors == {"": ["Somebody else just saved one like it. Look again, then save."]}
    assert Customer.everywhere.count() == 1
    assert not issubclass(Invalid, IntegrityError)


def test_deletes_are_soft_audited_and_refused_while_needed(everything, entered):
    made = everything()
    for noun, name, needed_by in (
        (branches, "Branch", ["staff", "events", "appointments"]),
        (staff, "Staff", ["appointments"]),
        (customers, "Customer", ["orders", "appointments"]),
        (events.series, "EventSeries", ["events"]),
        (events, "Event", ["tickets"]),
        (events.ticket_types, "TicketType", ["tickets", "order lines"]),
    ):
        said = " ".join(refused(noun.delete, made[name], actor="ana")[""])
        assert all(word in said for word in needed_by), said
    assert not AuditEvent.everywhere.filter(action__endswith="deleted").exists()

    orders.delete(made["Order"], actor="ana")
    gone = {model: model.everywhere.get().deleted_at for model in (Order, OrderItem, Ticket)}
    assert all(gone.values())
    appointments.delete(made["Appointment"], actor="ana")
    events.delete(made["Event"], actor="ana")
    assert TicketType.everywhere.get().deleted_at
    assert EventSession.everywhere.get().deleted_at
    for noun, name in ((customers, "Customer"), (staff, "Staff"), (branches, "Branch")):
        noun.delete(made[name], actor="ana")
    assert not any(model.objects.exists() for model in (Order, Ticket, Event, Customer, Staff, Branch))
    events_seen = AuditEvent.everywhere.filter(action__endswith="deleted", actor="ana")
    assert events_seen.get(action="order.deleted").data == {"name": made["Order"].order_number}
    assert events_seen.count() == 6


def test_a_deleted_record_cannot_be_changed(company):
    ana = customers.create(company, {"name": "Ana"})
    customers.delete(ana)
    assert refused(customers.update, ana, {"name": "Bea"}) == {"": ["It was deleted in the meantime."]}


def test_an_edit_keeps_what_others_changed_meanwhile(company):
    ana = customers.create(company, {"name": "Ana"})
    stale = Customer.everywhere.get()
    customers.update(ana, {"email": "ana@example.com"})
    customers.update(stale, {"name": "Bea"})
    assert Customer.everywhere.values("name", "email").get() == {"name": "Bea", "email": "ana@example.com"}


# --- events and tickets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "step", "allowed"),
    [
        ([], "published", True),
        ([], "cancelled", True),
        ([], "finished", False),
        (["published"], "finished", True),
        (["published"], "cancelled", True),
        (["published"], "draft", False),
        (["published", "finished"], "published", False),
        (["cancelled"], "draft", False),
    ],
)
def test_steps_of_an_event(company, path, step, allowed):
    event = made_event(company)
    for status in path:
        events.update(event, {"status": status})
    if allowed:
        assert events.update(event, {"status": step}).status == step
    else:
        assert list(refused(events.update, event, {"status": step})) == ["status"]


def test_an_event_ends_after_it_starts_and_lives_in_a_zone(company):
    day = {"starts_at": DAY["ends_at"], "ends_at": DAY["starts_at"]}
    assert list(refused(events.create, company, {"title": "x", **day})) == ["ends_at"]
    assert list(refused(events.create, company, {"title": "x", **DAY, "timezone": "Mars/Base"})) == ["timezone"]
    assert list(refused(events.create, company, {"title": "x"})) == ["starts_at", "ends_at"]
    branch = branches.create(company, {"name": "Eilat", "timezone": "Asia/Jerusalem"})
    assert made_event(company, branch=branch).timezone == "Asia/Jerusalem"


def test_capacity_and_quota_hold(company):
    event = made_event(company, capacity=3)
    few = events.ticket_types.create(company, {"event": event, "name": "Few", "quota": 1})
    many = events.ticket_types.create(company, {"event": event, "name": "Many"})
    first = tickets.create(company, {"ticket_type": few})
    assert "sold out" in refused(tickets.create, company, {"ticket_type": few})["ticket_type"][0]
    tickets.update(first, {"status": "refunded"})
    tickets.create(company, {"ticket_type": few})
    tickets.create(company, {"ticket_type": many})
    tickets.create(company, {"ticket_type": many, "status": "reserved"})
    assert "is full (3 places)" in refused(tickets.create, company, {"ticket_type": many})["event"][0]
    assert "is full" in refused(tickets.update, first, {"status": "valid"})["event"][0]
    assert Ticket.everywhere.filter(status__in=Ticket.HOLDING).count() == 3
    assert list(refused(events.update, event, {"capacity": 2})) == ["capacity"]
    assert Event.everywhere.get().tickets_sold == 3


def test_codes_are_long_different_and_not_for_writing(company):
    kind = events.ticket_types.create(company, {"event": made_event(company), "name": "Standard"})
    codes = {tickets.create(company, {"ticket_type": kind}).code for _number in range(20)}
    assert len(codes) == 20
    assert min(map(len, codes)) >= 24
    assert list(refused(tickets.create, company, {"ticket_type": kind, "code": "known"})) == ["code"]


def test_tickets_belong_to_their_event_and_line(everything, company):
    made = everything()
    other = made_event(company, title="Other")
    kind = events.ticket_types.create(company, {"event": other, "name": "Other"})
    assert list(refused(tickets.update, made["Ticket"], {"event": other})) == ["ticket_type"]
    assert list(refused(tickets.create, company, {"ticket_type": kind, "order_item": made["OrderItem"]})) == [
        "order_item"
    ]


def test_check_in_keeps_the_first_time(company, everything):
    ticket = everything()["Ticket"]
    first = tickets.check_in(ticket).checked_in_at
    again = tickets.check_in(Ticket.everywhere.get())
    assert again.checked_in_at == first
    assert datetime.now(UTC) - first < timedelta(minutes=1)
    orders.update(Order.everywhere.get(), {"status": "Cancelled"})
    tickets.update(ticket, {"checked_in_at": None})
    assert "is cancelled" in refused(tickets.check_in, Ticket.everywhere.get())[""][0]


def test_prices_are_decimals_never_binary_floats(company):
    event = made_event(company)
    kind = events.ticket_types.create(company, {"event": event, "name": "A", "price": 0.1})
    assert kind.price == Decimal("0.1")
    for price in (True, "NaN", -1, "1,5", "1e30"):
        said = refused(events.ticket_types.create, company, {"event": event, "name": "B", "price": price})
        assert list(said) == ["price"]
    assert list(refused(events.ticket_types.create, company, {"event": event, "name": "A"})) == ["name"]
