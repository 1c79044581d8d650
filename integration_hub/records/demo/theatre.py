"""The first company: a theatre with two halls in Bucharest and one in Cluj. The same every time, counted from today."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from integration_hub.companies.models import Company, User
from integration_hub.records.demo import tables
from integration_hub.records.demo.making import Act, do, email, find, make, missing, moment
from integration_hub.records.demo.tables import DemoEvent
from integration_hub.records.models import Branch, Customer, Event, EventSeries, OrderItem, Staff, TicketType
from integration_hub.records.services import appointments, branches, customers, events, orders, staff, tickets

TICKET_STATES = {"Pending": "reserved", "Cancelled": "cancelled"}  # else valid
PAYMENTS = {"Pending": "unpaid", "Cancelled": "refunded"}  # else paid


def fill(company: Company, login: User, *, alone: bool) -> None:
    """`login` is the person at the box office. `alone`: nobody uses the hub yet, so nobody is waited for."""
    rng = random.Random(1879)  # noqa: S311 - the same demo every time
    series = [{"title": title, "summary": summary} for title, summary in tables.SERIES]
    # One after the other: each is asked for when the ones before are there.
    for acts in (
        lambda: missing(branches.noun, company, "name", branch_rows()),
        lambda: missing(staff.noun, company, "name", staff_rows(company, login)),
        lambda: missing(customers.noun, company, "reference", customer_rows()),
        lambda: missing(events.series, company, "title", series),
        lambda: event_acts(company),
        lambda: missing(orders.noun, company, "order_number", order_rows(company, rng)),
        lambda: issue_tickets(company, rng),
        lambda: take_steps(company),
        lambda: missing(appointments.noun, company, "title", appointment_rows(company, rng)),
    ):
        do(acts(), alone=alone)


def branch_rows() -> Iterator[dict[str, Any]]:
    names = ("name", "street", "postal_code", "city", "country", "phone")
    return (dict(zip(names, row, strict=True)) for row in tables.BRANCHES)


def staff_rows(company: Company, login: User) -> Iterator[dict[str, Any]]:
    for name, title, branch, phone in tables.STAFF:
        about = {"name": name, "role_title": title, "phone": phone, "email": email(name)}
        user = login if title == "Box office" else None
        yield {**about, "branch": find(Branch, company, name=branch), "user": user}


def customer_rows() -> Iterator[dict[str, Any]]:
    everyone = ((language, prefix, name) for language, prefix, names in tables.PEOPLE for name in names)
    for number, (language, prefix, name) in enumerate(everyone, 1):
        about = {"name": name, "language": language, "email": email(name), "phone": f"{prefix}{number:04}"}
        yield {"reference": f"CT-{number:03}", **about}


def event_acts(company: Company) -> Iterator[Act]:
    for event in tables.EVENTS:
        if find(Event, company, title=event.title) is None:
            yield partial(make_event, company, event)


def make_event(company: Company, demo: DemoEvent) -> None:
    start = moment(company, demo.day, demo.hour)
    where = {"branch": find(Branch, company, name=demo.branch), "venue": demo.venue}
    about = {"title": demo.title, "summary": demo.summary, "kind": demo.kind, "capacity": demo.capacity}
    series = find(EventSeries, company, title=demo.series)
    when = {"starts_at": start, "ends_at": start + timedelta(hours=demo.hours)}
    event = make(events.noun, company, {**about, **where, **when, "series": series})
    for name, place, price, quota in demo.types:
        kind = {"event": event, "name": name, "place": place, "price": price, "quota": quota}
        make(events.ticket_types, company, kind)
    for day, title in enumerate(demo.sessions):
        begin = start + timedelta(days=day)
        sitting = {"event": event, "title": title, "starts_at": begin, "ends_at": begin + timedelta(hours=3)}
        make(events.sessions, company, sitting)


def order_rows(company: Company, rng: random.Random) -> Iterable[dict[str, Any]]:
    buyers = list(Customer.everywhere.filter(company=company, deleted_at=None).order_by("reference"))
    titles = [event.title for event in tables.EVENTS if event.steps]
    rows = TicketType.everywhere.filter(company=company, deleted_at=None, event__title__in=titles)
    kinds = list(rows.select_related("event").order_by("event__starts_at", "name"))
    taken: Counter[Any] = Counter()
    for number in range(tables.FIRST_NUMBER, tables.FIRST_NUMBER + tables.ORDERS):
        quantity = rng.choice((1, 1, 2, 2, 2, 3, 4))
        kind = rng.choice([kind for kind in kinds if has_room(kind, quantity, taken)])
        taken.update({kind.pk: quantity, kind.event_id: quantity})
        yield order_row(company, rng, number, kind, quantity) | {"customer": rng.choice(buyers)}


def has_room(kind: TicketType, quantity: int, taken: Counter[Any]) -> bool:
    limits = ((kind.pk, kind.quota), (kind.event_id, kind.event.capacity))
    return all(limit is None or taken[key] + quantity <= limit for key, limit in limits)


def order_row(company: Company, rng: random.Random, number: int, kind: TicketType, quantity: int) -> dict[str, Any]:
    over = kind.event.starts_at < datetime.now(UTC)
    day = -rng.randint(22, 60) if over else -rng.randint(0, 21)
    placed = moment(company, day, rng.randint(8, 21), rng.randint(0, 59))
    fresh = rng.choices(("Pending", "Processing", "Sent", "Cancelled"), (5, 4, 3, 1))[0]
    status = "Delivered" if over else fresh
    lines: list[dict[str, Any]] = [
        {"ticket_type": kind, "quantity": quantity, "discount": "0.1" if quantity > 2 else "0"}
    ]
    if rng.random() < 0.35:
        extra, price = rng.choice(tables.EXTRAS)
        lines.append({"description": extra, "quantity": rng.randint(1, 2), "unit_price": price})
    return {
        "order_number": f"CT-{number}",
        "status": status,
        "priority": rng.choices(("Low", "Medium", "High"), (2, 6, 2))[0],
        "payment_state": PAYMENTS.get(status, "paid"),
        "placed_at": min(placed, datetime.now(UTC) - timedelta(minutes=number % 50)),
        "notes": "Invoice to the company, please." if number % 12 == 0 else "",
        "items": lines,
    }


def issue_tickets(company: Company, rng: random.Random) -> Iterator[Act]:
    lines = OrderItem.everywhere.filter(company=company, deleted_at=None, ticket_type__isnull=False, tickets=None)
    for line in lines.select_related("order__customer", "ticket_type__event").order_by("order__order_number"):
        came = [line.order.status == "Delivered" and rng.random() < 0.85 for _seat in range(line.quantity)]
        yield partial(issue, company, line, came)


def issue(company: Company, line: OrderItem, came: list[bool]) -> None:
    """A ticket for each seat of a line; the first one is the buyer's own."""
    buyer, kind = line.order.customer, line.ticket_type
    if buyer is None or kind is None:
        return
    for seat, present in enumerate(came):
        who = {"participant_name": f"{buyer.name} +{seat}"}
        if seat == 0:
            who = {"participant_name": buyer.name, "participant_email": buyer.email, "participant_phone": buyer.phone}
        arrived = kind.event.starts_at - timedelta(minutes=5 * (seat + 2)) if present else None
        state = {"status": TICKET_STATES.get(line.order.status, "valid"), "checked_in_at": arrived}
        make(tickets.noun, company, {"ticket_type": kind, "order_item": line, **who, **state})


def take_steps(company: Company) -> Iterator[Act]:
    """Events are published, and those that are over finished."""
    for demo in tables.EVENTS:
        event = find(Event, company, title=demo.title, status="draft")
        for step in demo.steps if event else ():
            yield partial(events.update, event, {"status": step}, actor="demo", prio=2)


def appointment_rows(company: Company, rng: random.Random) -> Iterator[dict[str, Any]]:
    people = list(Staff.everywhere.filter(company=company, deleted_at=None).order_by("name"))
    buyers = list(Customer.everywhere.filter(company=company, deleted_at=None).order_by("reference"))
    for number, title in enumerate(tables.TALKS):
        person, start = rng.choice(people), moment(company, number - 1, 10 + number, 30)
        who = {"customer": rng.choice(buyers), "staff": person, "branch": person.branch}
        when = {"starts_at": start, "ends_at": start + timedelta(minutes=45)}
        status = "completed" if number == 0 else rng.choice(("scheduled", "confirmed"))
        yield {"title": title, **who, **when, "status": status}
