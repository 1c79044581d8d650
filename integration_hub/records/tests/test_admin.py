"""The admin's pages of records, as a browser posts them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from integration_hub.records.admin.forms import shortened
from integration_hub.records.models import RECORDS, Customer, Event, Order, OrderItem, Staff, Ticket, TicketType
from integration_hub.records.services import appointments, branches, customers, events, orders, staff, tickets

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
NO_LINES = {"items-TOTAL_FORMS": "0", "items-INITIAL_FORMS": "0"}


@pytest.fixture
def browser(alice, entered) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:records_{name}", args=args)


def errors_of(response: Any) -> str:
    """What is wrong according to the page, form and rows together."""
    context = response.context
    rows = [formset.formset for formset in context["inline_admin_formsets"]]
    return " ".join(str(part) for part in (context["adminform"].form.errors, *(f.errors for f in rows)))


def order_form(**changes: str) -> dict[str, str]:
    form = {
        "order_number": "", "customer": "", "status": "Pending", "priority": "Medium", "payment_state": "unpaid",
        "currency": "EUR", "placed_at_0": "2026-11-20", "placed_at_1": "10:00:00", "notes": "",
    }  # fmt: skip
    return form | NO_LINES | changes


def line(number: int, **fields: str) -> dict[str, str]:
    blank = {"id": "", "ticket_type": "", "description": "", "quantity": "1", "unit_price": "", "discount": "0"}
    return {f"items-{number}-{name}": value for name, value in (blank | fields).items()}


def test_an_order_is_created_with_its_lines(browser, company):
    ana = customers.create(company, {"name": "Ana"})
    form = order_form(customer=str(ana.pk)) | {"items-TOTAL_FORMS": "2"}
    form |= line(0, description="Seat", quantity="3", unit_price="10.10", discount="0.15") | line(
        1, description="Programme", unit_price="2"
    )
    response = browser.post(page("order_add"), form)
    assert response.status_code == 302, errors_of(response)
    order = Order.objects.get()
    assert order.total == Decimal("27.76")
    assert [item.description for item in order.items.all()] == ["Seat", "Programme"]
    assert Customer.objects.get().spent == {"EUR": "27.76"}


def test_changing_removing_and_adding_lines_at_once(browser, company):
    order = orders.create(
        company,
        {"items": [{"description": word, "unit_price": "10"} for word in ("one", "two")]},
    )
    one, two = order.items.order_by("position")
    form = order_form(order_number=order.order_number) | {"items-TOTAL_FORMS": "3", "items-INITIAL_FORMS": "2"}
    form |= line(0, id=str(one.pk), description="one", quantity="5", unit_price="10")
    form |= line(1, id=str(two.pk), description="two", unit_price="10") | {"items-1-DELETE": "on"}
    form |= line(2, description="three", unit_price="1.50")
    response = browser.post(page("order_change", order.pk), form)
    assert response.status_code == 302, errors_of(response)
    order.refresh_from_db()
    assert order.total == Decimal("51.50")
    assert [str(item) for item in order.items.all()] == ["5 × one", "1 × three"]
    assert OrderItem.everywhere.get(pk=two.pk).deleted_at is not None


def test_what_the_service_refuses_is_shown_on_the_fields(browser, company):
    orders.create(company, {"order_number": "A1"})
    form = order_form(order_number="A1") | {"items-TOTAL_FORMS": "1"} | line(0, quantity="2", unit_price="3")
    response = browser.post(page("order_add"), form)
    assert response.status_code == 200
    said = errors_of(response)
    assert "There already is an order with the number “A1”." in said
    assert "Say what is sold" in said
    assert Order.objects.count() == 1

    response = browser.post(page("customer_add"), {"name": "Ana", "phone": "12"})
    assert "not a phone number" in errors_of(response)


def test_a_ticket_type_gives_its_price(browser, company):
    event = made_event(company)
    kind = events.ticket_types.create(company, {"event": event, "name": "Standard", "price": "20"})
    form = order_form() | {"items-TOTAL_FORMS": "1"} | line(0, ticket_type=str(kind.pk), quantity="2")
    response = browser.post(page("order_add"), form)
    assert response.status_code == 302, errors_of(response)
    assert Order.objects.get().total == Decimal(40)


def test_an_untouched_form_changes_nothing(browser, company):
    order = orders.create(company, {"placed_at": datetime(2026, 11, 20, 8, tzinfo=UTC)})
    before = Order.objects.get().updated_at
    response = browser.post(page("order_change", order.pk), order_form(order_number=order.order_number))
    assert response.status_code == 302, errors_of(response)
    assert Order.objects.get().updated_at == before


def made_event(company: Any, **data: Any) -> Event:
    day = {"starts_at": datetime(2027, 1, 1, 18, tzinfo=UTC), "ends_at": datetime(2027, 1, 1, 20, tzinfo=UTC)}
    return events.create(company, {"title": "Concert", **day, **data})


def test_an_event_with_its_ticket_types_and_sessions(browser, company):
    form = {
        "title": "Concert", "summary": "", "kind": "in_person", "status": "draft", "capacity": "50", "timezone": "",
        "starts_at_0": "2027-01-01", "starts_at_1": "18:00", "ends_at_0": "2027-01-01", "ends_at_1": "20:00",
        "venue": "", "branch": "", "series": "", "sessions-TOTAL_FORMS": "1", "sessions-INITIAL_FORMS": "0",
        "ticket_types-TOTAL_FORMS": "1", "ticket_types-INITIAL_FORMS": "0",
        "ticket_types-0-name": "Standard", "ticket_types-0-place": "in_person", "ticket_types-0-price": "20",
        "ticket_types-0-currency": "EUR", "sessions-0-title": "First half", "sessions-0-starts_at_0": "2027-01-01",
        "sessions-0-starts_at_1": "18:00", "sessions-0-ends_at_0": "2027-01-01", "sessions-0-ends_at_1": "19:00",
    }  # fmt: skip
    response = browser.post(page("event_add"), form)
    assert response.status_code == 302, errors_of(response)
    event = Event.objects.get()
    assert event.timezone == company.timezone
    assert TicketType.objects.get().event == event
    assert event.sessions.get().title == "First half"

    steps = {"action": "set_finished", "_selected_action": str(event.pk)}
    response = browser.post(page("event_changelist"), steps, follow=True)
    assert "From Draft an event goes to Published or Cancelled" in response.content.decode()
    browser.post(page("event_changelist"), steps | {"action": "set_published"})
    assert Event.objects.get().status == "published"


def test_deleting_goes_through_the_services(browser, company):
    ana = customers.create(company, {"name": "Ana"})
    order = orders.create(company, {"customer": ana, "order_number": "A1"})
    response = browser.post(page("customer_delete", ana.pk), {"post": "yes"}, follow=True)
    assert "Still belonging to it: orders (1)" in response.content.decode()
    assert Customer.objects.exists()

    asked = browser.post(page("order_changelist"), {"action": "delete_selected", "_selected_action": [str(order.pk)]})
    assert "A1" in asked.content.decode()
    assert Order.objects.exists()
    browser.post(
        page("order_changelist"), {"action": "delete_selected", "_selected_action": [str(order.pk)], "post": "yes"}
    )
    assert not Order.objects.exists()
    assert Order.everywhere.get().deleted_at is not None
    browser.post(page("customer_delete", ana.pk), {"post": "yes"})
    assert not Customer.objects.exists()


def test_check_in_and_status_actions(browser, company):
    kind = events.ticket_types.create(company, {"event": made_event(company), "name": "Standard"})
    ticket = tickets.create(company, {"ticket_type": kind, "participant_name": "Ana"})
    browser.post(page("ticket_changelist"), {"action": "check_in", "_selected_action": str(ticket.pk)})
    assert Ticket.objects.get().checked_in_at is not None
    order = orders.create(company, {})
    browser.post(page("order_changelist"), {"action": "set_sent", "_selected_action": str(order.pk)})
    assert Order.objects.get().status == "Sent"


def test_a_login_of_this_company_only(browser, company, alice, charlie):
    form = {"name": "Ana", "role_title": "", "email": "", "phone": "", "branch": "", "user": str(charlie.pk)}
    response = browser.post(page("staff_add"), form)
    assert "Select a valid choice" in errors_of(response)
    assert browser.post(page("staff_add"), form | {"user": str(alice.pk)}).status_code == 302
    assert Staff.objects.get().user == alice


def test_staff_look_but_do_not_touch(company, bob, entered):
    order = orders.create(company, {})
    client = Client()
    client.force_login(bob)
    assert client.get(page("order_change", order.pk)).status_code == 200
    assert client.post(page("order_change", order.pk), order_form()).status_code == 403
    assert client.get(page("order_add")).status_code == 403
    assert client.post(page("order_delete", order.pk), {"post": "yes"}).status_code == 403


def test_another_companys_records_are_not_there(browser, other_company):
    order = orders.create(other_company, {"order_number": "THEIRS"})
    assert browser.get(page("order_change", order.pk)).status_code == 302  # "perhaps it was deleted"
    assert "THEIRS" not in browser.get(page("order_changelist")).content.decode()


def filled(company: Any, number: int) -> None:
    """One more of everything."""
    branch = branches.create(company, {"name": f"Branch {number}"})
    person = staff.create(company, {"name": f"Person {number}", "branch": branch})
    customer = customers.create(company, {"name": f"Customer {number}"})
    event = made_event(company, branch=branch)
    kind = events.ticket_types.create(company, {"event": event, "name": "Standard", "price": "5"})
    order = orders.create(company, {"customer": customer, "items": [{"ticket_type": kind}]})
    tickets.create(company, {"ticket_type": kind, "order_item": order.items.get()})
    events.series.create(company, {"title": f"Series {number}"})
    met = {"starts_at": event.starts_at, "ends_at": event.ends_at}
    appointments.create(company, {"title": "Talk", "customer": customer, "staff": person, "branch": branch, **met})


@pytest.mark.parametrize(
    "name", ["order", "customer", "event", "ticket", "staff", "branch", "appointment", "eventseries"]
)
def test_lists_ask_the_same_number_of_questions(browser, company, name, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for number in range(3):
        filled(company, number)
        browser.get(page(f"{name}_changelist"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(page(f"{name}_changelist")).status_code == 200
        counts.append(len(queries))
    assert counts[1] == counts[2], counts


def test_every_record_people_change_has_its_page():
    hidden = {"OrderItem", "EventSession"}  # on the page of their parent
    assert {model.__name__ for model in RECORDS if not admin.site.is_registered(model)} == hidden


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("120.0000", "120.00"), ("0.100000", "0.10"), ("0.125000", "0.125"), ("0.0000", "0.00"), ("1000.0000", "1000.00")],
)
def test_amounts_are_shown_without_the_columns_zeros(stored, shown):
    assert str(shortened(Decimal(stored))) == shown
