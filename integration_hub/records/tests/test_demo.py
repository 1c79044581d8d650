"""The demo company: believable, the same every time, made once."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from integration_hub.companies import tokens
from integration_hub.companies.models import Company, Membership, User
from integration_hub.records.demo import filling, theatre
from integration_hub.records.models import (
    RECORDS,
    Appointment,
    Branch,
    Customer,
    Event,
    Order,
    Staff,
    Ticket,
)
from integration_hub.records.services import customers, history
from integration_hub.records.tests.test_races import history_is_right

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture(autouse=True)
def unpaced(monkeypatch):
    monkeypatch.setattr("integration_hub.connections.pacing.time.sleep", lambda seconds: None)


def demo(*options):
    said = StringIO()
    call_command("demo", "--json", *options, stdout=said)
    return json.loads(said.getvalue())


def rows():
    return {model: list(model.everywhere.order_by("pk").values()) for model in RECORDS}


def test_a_company_to_look_at():
    told = demo("--admin-password", "open-Sesame-1")
    company = Company.objects.get(slug=told["company"]["slug"])
    assert (company.name, company.timezone, company.currency) == ("Casa Teatrului", "Europe/Bucharest", "RON")
    admin, person = (User.objects.get(username=told[who]["username"]) for who in ("admin", "staff"))
    assert admin.check_password("open-Sesame-1")
    assert person.check_password(told["staff"]["password"])
    assert tokens.find(told["token"]).unthrottled
    assert sorted(tokens.find(told["token"]).scopes) == ["admin", "read", "write"]
    assert Membership.everywhere.filter(user=admin).count() == 2
    assert Membership.everywhere.get(user=person).role == "staff"

    mine = {model: model.everywhere.filter(company=company).count() for model in RECORDS}
    assert (mine[Branch], mine[Staff], mine[Event], mine[Customer], mine[Order]) == (3, 4, 6, 40, 60)
    assert mine[Ticket] > 90
    assert mine[Appointment] == 5
    assert set(Customer.everywhere.filter(company=company).values_list("language", flat=True)) == {
        "ro", "he", "de", "es", "en",
    }  # fmt: skip
    assert {event.status for event in Event.everywhere.all()} == {"draft", "published", "finished"}
    assert all(event.sold_share is None or event.sold_share <= 1 for event in Event.everywhere.all())
    assert Ticket.everywhere.exclude(checked_in_at=None).exists()
    assert not Customer.everywhere.exclude(email__endswith="@example.com").exists()
    assert history_is_right(company)


def test_a_second_run_does_nothing_even_to_what_was_deleted():
    told = demo()
    customers.delete(Customer.everywhere.filter(orders_count=0, appointments=None).first())
    before = rows()
    again = demo()
    assert rows() == before
    assert again["token"] is None
    assert again["admin"]["password"] is None
    assert User.objects.get(username="admin").check_password(told["admin"]["password"])
    demo("--staff-password", "another-Word-2")
    assert User.objects.get(username="staff").check_password("another-Word-2")


def test_a_killed_run_is_completed_by_the_next(monkeypatch):
    calls, issue = [], theatre.issue

    def killed(*args):
        calls.append(args)
        if len(calls) > 20:
            raise KeyboardInterrupt
        issue(*args)

    monkeypatch.setattr(theatre, "issue", killed)
    with pytest.raises(KeyboardInterrupt):
        demo()
    monkeypatch.setattr(theatre, "issue", issue)
    demo()
    company = Company.objects.get(slug=filling.SLUG)
    assert Order.everywhere.filter(company=company).count() == 60
    bought = sum(item.quantity for order in Order.everywhere.filter(company=company) for item in tickets_of(order))
    assert Ticket.everywhere.filter(company=company).count() == bought
    assert history.refresh_events(company.pk, []) == []


def tickets_of(order):
    return order.items.model.everywhere.filter(order=order, ticket_type__isnull=False)
