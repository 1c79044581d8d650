"""Many records saved together come out as if they were saved one after the other, errors and histories included."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_hub.companies.models import Company
from integration_hub.contract import registry
from integration_hub.contract.records import Entry, RecordType, Ref, Unfit
from integration_hub.records.models import Customer, Event, Order, Ticket
from integration_hub.records.services import customers, events, orders
from integration_hub.records.tests.conftest import DAY
from integration_hub.sync.models import WorkRow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]

NAMES = st.sampled_from(["Ana", "Bea", "", "Ana ", "x" * 201])
EMAILS = st.sampled_from(["ana@example.com", "ANA@example.com", "bea@example.com", "", "no address", "ă@example.com"])
NUMBERS = st.sampled_from(["A", "B", "C", " A", "", "n" * 51])
MOMENTS = st.sampled_from([datetime(2026, 11, 20, 10, tzinfo=UTC), datetime(2026, 12, 1, 9, tzinfo=UTC)])


def some(**fields: Any) -> Any:
    """Values of some of these fields; at times the fields are not there at all."""
    return st.fixed_dictionaries({}, optional=fields)


ORDER = some(
    order_number=NUMBERS,
    customer_name=NAMES,
    customer_email=EMAILS,
    status=st.sampled_from(["Pending", "Sent", "Cancelled", "Lost"]),
    priority=st.sampled_from(["High", "Low", None]),
    currency=st.sampled_from(["EUR", "RON", "Lei"]),
    total=st.sampled_from([Decimal("5"), Decimal("7.505"), Decimal("-1")]),
    placed_at=MOMENTS,
    notes=st.sampled_from(["a note", None, "\x00"]),
)
CUSTOMER = some(name=NAMES, reference=NUMBERS, email=EMAILS, phone=st.sampled_from(["0721234567", "no number", None]))
EVENT = some(
    title=st.sampled_from(["Concert", "", "Play"]),
    status=st.sampled_from(["draft", "published", "cancelled"]),
    starts_at=MOMENTS,
    ends_at=MOMENTS,
    capacity=st.sampled_from([None, 1, 100]),
)
TICKET = some(
    participant_name=NAMES,
    participant_email=EMAILS,
    status=st.sampled_from(["valid", "cancelled", "refunded", "odd"]),
    ticket_type=st.sampled_from(["Standard", "standard", "Balcony", "Nothing"]),
    event_link=st.sampled_from(["event", "nobody's"]),
)


def shelf(company: Company) -> dict[str, list[UUID]]:
    """A few records of every kind that are there already."""
    ana = customers.create(company, {"name": "Ana", "email": "ana@example.com", "reference": "A"})
    bea = customers.create(company, {"name": "Bea"})
    first = orders.create(company, {"order_number": "A", "customer": ana.pk, "total": "3", "currency": "EUR"})
    lines = [{"description": "Seat", "quantity": 2, "unit_price": "5"}]
    second = orders.create(company, {"order_number": "B", "currency": "EUR", "items": lines})
    event = events.create(company, {"title": "Concert", "capacity": 3, **DAY})
    for name, quota in (("Standard", 2), ("Balcony", None)):
        events.ticket_types.create(company, {"event": event.pk, "name": name, "quota": quota})
    return {"customer": [ana.pk, bea.pk], "order": [first.pk, second.pk], "event": [event.pk], "ticket": []}


class Undo(Exception):
    """The state is looked at, then taken back."""


def outcome(company: Company, kind: RecordType, entries: Sequence[Entry], save: Callable[..., Any]) -> Any:
    """What saving answers, and everything there is afterwards, with ids by the order in which they came."""
    found: list[Any] = []
    try:
        with transaction.atomic():
            said = save(company.pk, entries)
            found.append([sorted(one.errors.items()) if isinstance(one, Unfit) else "saved" for one in said])
            found.append(state(company, [one for one in said if not isinstance(one, Unfit)]))
            raise Undo
    except Undo:
        return found


def state(company: Company, saved: Sequence[UUID]) -> Any:
    every = {model: [*model.everywhere.filter(company=company)] for model in (Customer, Order, Event, Ticket)}
    customer = {one.pk: (one.name, one.email, one.reference) for one in every[Customer]}
    shown = [
        sorted((c.name, c.email, c.reference, c.phone, c.orders_count, str(c.spent)) for c in every[Customer]),
        sorted(
            (
                number(o),
                o.status,
                o.priority,
                o.currency,
                str(o.total.normalize()),
                o.notes,
                customer.get(o.customer_id, ()),
            )
            for o in every[Order]
        ),
        sorted((e.title, e.status, str(e.capacity), e.tickets_sold) for e in every[Event]),
        sorted((t.participant_name, t.participant_email, t.status, t.ticket_type.name) for t in every[Ticket]),
    ]
    every_id = {one.pk: type(one).__name__ for model in every for one in every[model]}
    work = WorkRow.everywhere.filter(company=company).exclude(rev=F("done_rev"))
    queued = sorted((row.record_type, every_id.get(row.record_id, "?"), row.prio) for row in work)
    return [*shown, queued, [every_id[pk] for pk in saved]]


def number(order: Order) -> str:
    """Those that the hub makes are random."""
    return "made" if order.order_number[6:7] == "-" else order.order_number


def one_by_one(kind: RecordType) -> Callable[..., Any]:
    def save(company: UUID, entries: Sequence[Entry]) -> list[Any]:
        found: list[Any] = []
        for entry in entries:
            try:
                with transaction.atomic():
                    assert kind.save is not None
                    found.append(kind.save(company, entry))
            except Unfit as refusal:
                found.append(refusal)
        return found

    return save


@pytest.mark.parametrize(
    ("key", "values"), [("order", ORDER), ("customer", CUSTOMER), ("event", EVENT), ("ticket", TICKET)]
)
def test_together_is_as_one_by_one(company, queue, key, values):
    kind, there = registry.record_type(key), shelf(company)
    queue.take()
    refs = {"event": Ref("event", there["event"][0], ""), "nobody's": Ref("event", uuid4(), "")}
    which = st.one_of(st.none(), *(st.just(pk) for pk in there[key]))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(which, values), max_size=6))
    def holds(told):
        entries = [
            Entry(pk, {name: refs.get(one, one) if name == "event_link" else one for name, one in said.items()})
            for pk, said in told
        ]
        alone = outcome(company, kind, entries, one_by_one(kind))
        assert outcome(company, kind, entries, kind.save_many) == alone

    holds()


def test_fifty_orders_cost_as_many_queries_as_ten(company):
    kind = registry.record_type("order")
    assert kind.save_many is not None

    def spent(count: int, start: int) -> int:
        entries = [
            Entry(
                None, {"order_number": f"N-{number}", "customer_email": f"c{number}@example.com", "total": Decimal(1)}
            )
            for number in range(start, start + count)
        ]
        with CaptureQueriesContext(connection) as queries:
            found = kind.save_many(company.pk, entries)
        assert not [one for one in found if isinstance(one, Unfit)]
        return len(queries)

    assert spent(10, 0) == spent(50, 100)
    assert (Order.everywhere.count(), Customer.everywhere.count()) == (60, 60)


@pytest.mark.parametrize("key", ["order", "customer", "event"])
def test_changes_cost_as_many_queries_for_many_as_for_a_few(company, key):
    kind = registry.record_type(key)
    new: dict[str, dict[str, Any]] = {
        "order": {"order_number": "N", "total": Decimal(1)},
        "customer": {"name": "N"},
        "event": {
            "title": "N",
            "starts_at": datetime(2026, 11, 20, tzinfo=UTC),
            "ends_at": datetime(2026, 11, 21, tzinfo=UTC),
        },
    }
    name = next(iter(new[key]))
    assert kind.save_many is not None
    ids = kind.save_many(company.pk, [Entry(None, {**new[key], name: f"N{number}"}) for number in range(40)])

    def spent(some: Sequence[Any], text: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            kind.save_many(company.pk, [Entry(pk, {name: f"{text}{place}"}) for place, pk in enumerate(some)])
        return len(queries)

    assert spent(ids[:5], "few") == spent(ids, "many")
