"""The first company: a theatre with two halls in Bucharest and one in Cluj, which travels. The same every time, counted
from the moment it was made: the next run completes one that was killed, as it plans the same and saves the rest."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from integration_hub.companies.models import Company, User
from integration_hub.records.demo import planning, tables
from integration_hub.records.demo.making import Act, Pace, make, missing
from integration_hub.records.demo.people import Buyer, buyers, email
from integration_hub.records.demo.planning import Line, Sale, Show, Size
from integration_hub.records.models import Branch, Customer, Event, EventSeries, Order, Staff, TicketType
from integration_hub.records.services import appointments, branches, bulk, events, staff

PREFIX = "CT"
Kinds = dict[tuple[str, datetime, str], TicketType]


def fill(company: Company, login: User, size: Size, pace: Pace) -> None:
    """`login` is the person at the box office."""
    now = company.created_at.astimezone(ZoneInfo(company.timezone))
    people = buyers(random.Random(planning.SEED), PREFIX, size.customers)  # noqa: S311 - the same demo every time
    shows = planning.shows(size, now)
    pace.do(missing(branches.noun, company, "name", branch_rows()))
    pace.do(missing(staff.noun, company, "name", staff_rows(company, login)))
    pace.do(missing(events.series, company, "title", [{"title": name, "summary": s} for name, s in tables.SERIES]))
    pace.save(new_buyers(company, people), partial(save_buyers, company))
    pace.do(new_shows(company, shows))
    box_office = BoxOffice(company)
    pace.save(box_office.new(planning.sales(size, shows, people, now, PREFIX)), box_office.save)
    pace.do(missing(appointments.noun, company, "title", appointment_rows(company, now)))


def branch_rows() -> Iterator[dict[str, Any]]:
    names = ("name", "street", "postal_code", "city", "country", "phone")
    return (dict(zip(names, row, strict=True)) for row in tables.BRANCHES)


def staff_rows(company: Company, login: User) -> Iterator[dict[str, Any]]:
    places = {branch.name: branch for branch in Branch.everywhere.filter(company=company, deleted_at=None)}
    for number, (name, title, branch) in enumerate(tables.STAFF, 1):
        user = login if number == 2 else None
        about = {"name": name, "role_title": title, "phone": f"{tables.STAFF_NUMBERS}{number:02}", "email": email(name)}
        yield {**about, "branch": places.get(branch), "user": user}


def new_buyers(company: Company, people: Iterable[Buyer]) -> Iterator[Buyer]:
    known = set(Customer.everywhere.filter(company=company).values_list("reference", flat=True))
    return (buyer for buyer in people if buyer.reference not in known)


def save_buyers(company: Company, people: Sequence[Buyer]) -> None:
    bulk.save_customers(company, [bulk.CustomerEntry(Customer(company=company), vars(buyer)) for buyer in people])


def new_shows(company: Company, shows: Iterable[Show]) -> Iterator[Act]:
    known = set(Event.everywhere.filter(company=company).values_list("title", "starts_at"))
    return (partial(make_show, company, one) for one in shows if (one.production.title, one.starts_at) not in known)


def make_show(company: Company, show: Show) -> None:
    played = show.production
    branch = Branch.everywhere.filter(company=company, name=played.branch, deleted_at=None).first()
    series = EventSeries.everywhere.filter(company=company, title=played.series, deleted_at=None).first()
    about = {"title": played.title, "summary": played.summary, "kind": played.kind, "capacity": played.capacity}
    where = {"branch": branch, "venue": played.venue, "timezone": played.zone, "series": series}
    when = {"starts_at": show.starts_at, "ends_at": show.ends_at, "status": show.status}
    event = make(events.noun, company, {**about, **where, **when})
    for kind in played.kinds:
        cost = {"price": kind.price, "currency": played.currency, "quota": kind.quota}
        make(events.ticket_types, company, {"event": event, "name": kind.name, "place": kind.place, **cost})
    for day, title in enumerate(played.sessions):
        begin = show.starts_at + timedelta(days=day)
        sitting = {"event": event, "title": title, "starts_at": begin, "ends_at": begin + timedelta(hours=3)}
        make(events.sessions, company, sitting)


class BoxOffice:
    """Saves what was sold, each order with its tickets in one transaction."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.people: dict[str, Customer] = {}
        for one in Customer.everywhere.filter(company=company, deleted_at=None):
            one.company = company
            self.people[one.reference] = one
        self.kinds: Kinds = {}
        for kind in TicketType.everywhere.filter(company=company, deleted_at=None).select_related("event"):
            kind.company = kind.event.company = company
            self.kinds[kind.event.title, kind.event.starts_at, kind.name] = kind

    def new(self, sales: Iterable[Sale]) -> Iterator[Sale]:
        known = set(Order.everywhere.filter(company=self.company).values_list("order_number", flat=True))
        return (sale for sale in sales if sale.number not in known)

    def save(self, sales: Sequence[Sale]) -> None:
        outcome = bulk.save_orders(self.company, [bulk.OrderEntry(self.order(sale)) for sale in sales])
        bulk.create_tickets(self.company, [*self.tickets(zip(sales, outcome.plans, strict=True))])

    def order(self, sale: Sale) -> dict[str, Any]:
        state = {"status": sale.status, "priority": sale.priority, "payment_state": sale.payment}
        about = {"order_number": sale.number, "placed_at": sale.placed_at, "currency": sale.currency}
        customer = self.people[sale.buyer.reference]
        return {**about, **state, "customer": customer, "items": [self.line(sale, line) for line in sale.lines]}

    def line(self, sale: Sale, line: Line) -> dict[str, Any]:
        if kind := self.kind(sale, line):
            return {"ticket_type": kind, "quantity": line.quantity, "discount": line.discount}
        return {"description": line.thing, "quantity": line.quantity, "unit_price": line.price}

    def kind(self, sale: Sale, line: Line) -> TicketType | None:
        if sale.show is None or line.kind is None:
            return None
        return self.kinds[sale.show.production.title, sale.show.starts_at, line.kind.name]

    def tickets(self, saved: Iterable[tuple[Sale, bulk.Plan[Any]]]) -> Iterator[dict[str, Any]]:
        """A ticket for each seat."""
        for sale, plan in saved:
            for line, item in zip(sale.lines, plan.now.lines.all, strict=True):
                for seat in line.seats:
                    who = {"participant_name": seat.name, "participant_email": seat.email}
                    state = {"status": seat.status, "checked_in_at": seat.arrived, "participant_phone": seat.phone}
                    yield {"ticket_type": self.kind(sale, line), "order_item": item, **who, **state}


def appointment_rows(company: Company, now: datetime) -> Iterator[dict[str, Any]]:
    rng = random.Random(planning.SEED)  # noqa: S311 - the same demo every time
    people = list(Staff.everywhere.filter(company=company, deleted_at=None).order_by("name"))
    callers = list(Customer.everywhere.filter(company=company, deleted_at=None).order_by("reference")[:40])
    for number, title in enumerate(tables.TALKS):
        person, day = rng.choice(people), now + timedelta(days=number - 3)
        start = day.replace(hour=10 + number % 7, minute=30, second=0, microsecond=0)
        who = {"customer": rng.choice(callers), "staff": person, "branch": person.branch}
        status = rng.choice(("completed", "completed", "no_show") if start < now else ("scheduled", "confirmed"))
        yield {"title": title, **who, "starts_at": start, "ends_at": start + timedelta(minutes=45), "status": status}
