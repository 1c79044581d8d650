"""The demo company: believable, the same every time, made once."""

import json
import random
from collections import Counter
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from integration_hub.companies import tokens
from integration_hub.companies.models import Company, Membership, User
from integration_hub.records.demo import filling, people, planning, tables
from integration_hub.records.models import (
    RECORDS,
    Appointment,
    Branch,
    Customer,
    Event,
    Order,
    OrderItem,
    Staff,
    Ticket,
)
from integration_hub.records.services import bulk, customers
from integration_hub.records.tests.test_races import history_is_right

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
NOW = datetime(2026, 11, 21, 15, 0, tzinfo=ZoneInfo("Europe/Bucharest"))


@pytest.fixture(autouse=True)
def unpaced(monkeypatch):
    monkeypatch.setattr("integration_hub.connections.pacing.time.sleep", lambda seconds: None)


def demo(*options):
    said = StringIO()
    call_command("demo", "--json", "--size", "small", *options, stdout=said)
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
    assert (mine[Branch], mine[Staff], mine[Event], mine[Customer], mine[Order]) == (3, 12, 16, 40, 60)
    assert mine[Ticket] > 90
    assert mine[Appointment] == len(tables.TALKS)
    assert set(Customer.everywhere.filter(company=company).values_list("language", flat=True)) == {
        "ro", "he", "de", "es", "en",
    }  # fmt: skip
    assert set(Event.everywhere.values_list("status", flat=True)) == {"draft", "published", "finished", "cancelled"}
    assert all(event.sold_share is None or event.sold_share <= 1 for event in Event.everywhere.all())
    assert Ticket.everywhere.exclude(checked_in_at=None).exists()
    assert not Customer.everywhere.exclude(email__endswith="@example.com").exists()
    assert Company.objects.count() == 2
    for each in Company.objects.all():
        assert Order.everywhere.filter(company=each).exists()
        assert history_is_right(each)


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


@pytest.mark.parametrize(("service", "call"), [("save_customers", 3), ("create_tickets", 2), ("save_orders", 3)])
def test_a_killed_run_is_completed_by_the_next_and_nothing_is_there_twice(monkeypatch, service, call):
    calls, work = [], getattr(bulk, service)

    def killed(*args, **kwargs):
        calls.append(args)
        if len(calls) == call:
            raise KeyboardInterrupt
        return work(*args, **kwargs)

    monkeypatch.setattr("integration_hub.records.demo.making.MANY", 16)
    monkeypatch.setattr(bulk, service, killed)
    with pytest.raises(KeyboardInterrupt):
        demo()
    monkeypatch.setattr(bulk, service, work)
    demo()
    company = Company.objects.get(slug=filling.SLUG)
    for model, count in ((Customer, 40), (Order, 60), (Event, 16), (Staff, 12)):
        assert model.everywhere.filter(company=company).count() == count, model
    sold = OrderItem.everywhere.filter(company=company, ticket_type__isnull=False)
    assert Ticket.everywhere.filter(company=company).count() == sum(sold.values_list("quantity", flat=True))
    assert history_is_right(company)


# --- what is planned, in full, without a database ---------------------------------------------------------------------
@pytest.fixture(scope="module")
def planned():
    buyers = people.buyers(random.Random(planning.SEED), "CT", planning.FULL.customers)
    shows = planning.shows(planning.FULL, NOW)
    return buyers, shows, list(planning.sales(planning.FULL, shows, buyers, NOW, "CT"))


def test_the_whole_company_is_as_large_as_it_is_said_to_be(planned):
    buyers, shows, sales = planned
    assert (len(tables.BRANCHES), len(tables.STAFF), len(shows)) == (3, 12, 40)
    assert (len(buyers), len(sales)) == (2000, 5000)
    for values in ([one.email for one in buyers], [one.name for one in buyers], [sale.number for sale in sales]):
        assert len(set(values)) == len(values)
    speaking = Counter(one.language for one in buyers)
    assert min(speaking[language] for language in ("ro", "he", "de", "es", "en")) > 100
    assert len({show.production.zone for show in shows}) == 6


def test_it_is_the_same_every_time(planned):
    buyers, shows, sales = planned
    again = people.buyers(random.Random(planning.SEED), "CT", planning.FULL.customers)
    assert again == buyers
    assert planning.shows(planning.FULL, NOW) == shows
    assert list(planning.sales(planning.FULL, shows, again, NOW, "CT")) == sales


def test_what_was_sold_could_have_been(planned):
    _buyers, _shows, sales = planned
    taken = Counter()
    for sale in sales:
        assert NOW - timedelta(days=660) < sale.placed_at < NOW
        assert sale.show is None or sale.placed_at < sale.show.starts_at
        for line in sale.lines:
            seats = [seat.status for seat in line.seats]
            assert len(seats) == (line.quantity if line.kind else 0)
            taken.update({(sale.show, ""): len(seats), (sale.show, line.kind): len(seats)} if line.kind else {})
            if sale.payment == "refunded":
                assert set(seats) <= {"refunded"}
    for (show, kind), count in taken.items():
        limit = kind.quota if kind else show.production.capacity
        assert limit is None or count <= limit
    assert [sale.placed_at for sale in sales] == sorted(sale.placed_at for sale in sales)
    months = Counter((sale.placed_at.year, sale.placed_at.month) for sale in sales)
    assert len([month for month, count in months.items() if count > 50]) >= 17
    assert {sale.payment for sale in sales} == {"paid", "unpaid", "refunded", "partly_refunded"}
    assert {sale.status for sale in sales} == set(Order.Status.values)
