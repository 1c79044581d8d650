"""Links that people set over there: the record they mean is found, waited for, let go, and never guessed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from integration_hub.companies.models import Company
from integration_hub.connections import clients, services
from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, registry
from integration_hub.http import clock
from integration_hub.records.models import Customer, Event, Order, OrderItem, Ticket
from integration_hub.records.services import customers, events, orders
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sync import lanes, mappings, nudge, previews, reading, undoing, worker
from integration_hub.sync.mappings import Draft, Pair
from integration_hub.sync.models import Mapping, OwedLink, RecordLink, SyncWrite, WorkRow
from integration_hub.sync.models.pull import Conflict, Reading, Stray
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo
from providers.airtable.sinks import RecordsSink

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
SINK = RecordsSink()
CUSTOMERS, ORDERS, EVENTS, TICKETS, LINES = "Customers", "Sales orders", "Events", "Tickets", "Order lines"
FIELDS = {
    "customer": ["name", "email"],
    "order": ["order_number", "customer_link", "status", "currency"],
    "event": ["title", "starts_at", "ends_at", "timezone"],
    "ticket": ["participant_name", "event_link", "ticket_type"],
    "order_item": ["description", "order_link", "quantity", "unit_price"],
}


@dataclass
class Base:
    """The base, and what people do in it."""

    sandbox: Sandbox
    connection: Connection

    def mapping(self, record_type: str, label: str, direction: Direction = Direction.BOTH) -> Mapping:
        """A new table for these records, mapped that way."""
        kind, names = registry.record_type(record_type), FIELDS[record_type]
        client = clients.open_client(self.connection)
        table = SINK.make_place(client, demo.SALES, label, kind, names)
        pairs = [Pair(name, remote_id) for name, remote_id in SINK.suggest(kind, table).items() if name in names]
        made = mappings.save(self.connection, Draft(record_type, table, pairs), actor="alice")
        Mapping.everywhere.filter(pk=made.pk).update(direction=direction.value)
        made.refresh_from_db()
        reading.ensure(made)
        return made

    def add(self, table: str, **fields: Any) -> str:
        return str(self.sandbox.control("airtable", "add", table=table, fields=fields)["id"])

    def edit(self, table: str, record: str, **fields: Any) -> None:
        self.sandbox.control("airtable", "edit", table=table, record=record, fields=fields)

    def row(self, table: str, record: str) -> dict[str, Any]:
        rows = {one["id"]: one["fields"] for one in self.sandbox.control("airtable", "rows", table=table)}
        return dict(rows[record])


@pytest.fixture
def base(company: Company, wire: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Base]:
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        token = server.simulator("airtable").token("demo")
        made = services.connect(company, "airtable", {"token": token}, {"base_id": demo.SALES}, actor="alice")
        yield Base(server, made)


@pytest.fixture
def two(base: Base) -> tuple[Mapping, Mapping]:
    """Customers and orders, both ways."""
    found = base.mapping("customer", CUSTOMERS), base.mapping("order", ORDERS)
    drain()
    return found


def drain() -> None:
    lanes.repair()
    worker.drain(20.0)


def look(*which: Mapping) -> None:
    """Read what changed in these tables, one after the other, and write what is due."""
    for mapping in which:
        reading.poke([mapping.pk])
        lanes.wake([mapping.pk])
        drain()


def row_of(record: Any) -> str:
    return str(RecordLink.everywhere.values_list("remote_id", flat=True).get(record_id=record.pk, deleted_at=None))


def bought(company: Company, email: str = "ana@example.com") -> tuple[Customer, Order]:
    """A customer with an order, on both sides."""
    customer = customers.create(company, {"name": email.split("@")[0], "email": email})
    order = orders.create(company, {"customer": customer.pk, "currency": "EUR", "total": "5"})
    drain()
    return customer, order


def now(order: Order) -> Order:
    return Order.everywhere.select_related("customer").get(pk=order.pk)


def test_a_link_set_over_there_changes_the_customer_and_is_no_echo(
    two: tuple[Mapping, Mapping], base: Base, company: Company
) -> None:
    _ana, order = bought(company)
    ben, _other = bought(company, "ben@example.com")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ben)]})
    look(*two)
    assert now(order).customer == ben
    writes = SyncWrite.everywhere.count()
    look(*two)
    assert SyncWrite.everywhere.count() == writes, "an echo went on"
    assert base.row(ORDERS, row_of(order))["Customer (link)"] == [row_of(ben)]
    assert not Conflict.everywhere.exists()


def test_an_emptied_link_empties_ours(two: tuple[Mapping, Mapping], base: Base, company: Company) -> None:
    _ana, order = bought(company)
    base.edit(ORDERS, row_of(order), **{"Customer (link)": []})
    look(*two)
    assert now(order).customer is None
    assert "Customer (link)" not in base.row(ORDERS, row_of(order))


def test_several_rows_in_one_link_are_told_and_change_nothing(
    two: tuple[Mapping, Mapping], base: Base, company: Company
) -> None:
    ana, order = bought(company)
    ben, _other = bought(company, "ben@example.com")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ana), row_of(ben)], "Status": "Sent"})
    look(*two)
    assert (now(order).customer, now(order).status) == (ana, "Sent"), "the other fields came"
    stray = Stray.everywhere.get()
    assert stray.remote_id == row_of(order)
    assert "2 rows" in stray.sentence
    assert len(base.row(ORDERS, row_of(order))["Customer (link)"]) == 2, "and theirs stays as it is"
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ben)]})
    look(*two)
    assert now(order).customer == ben
    assert not Stray.everywhere.exists()


@pytest.mark.parametrize("parents_first", [True, False])
def test_a_row_with_its_customer_arrives_in_either_order(
    two: tuple[Mapping, Mapping], base: Base, *, parents_first: bool
) -> None:
    people, sales = two
    ana = base.add(CUSTOMERS, Name="Ana", **{"E-mail": "ana@example.com"})
    row = base.add(ORDERS, **{"Order number": "A-1", "Currency": "EUR", "Customer (link)": [ana]})
    look(*((people, sales) if parents_first else (sales, people)))
    drain()
    order = Order.everywhere.select_related("customer").get(order_number="A-1")
    assert order.customer.email == "ana@example.com"
    assert not OwedLink.everywhere.exists()
    assert base.row(ORDERS, row)["Customer (link)"] == [ana]
    assert base.row(ORDERS, row)["Hub ID"] == str(order.pk)
    assert not Conflict.everywhere.exists()


def test_while_a_customer_is_not_known_nobody_writes_over_the_link(
    two: tuple[Mapping, Mapping], base: Base, company: Company
) -> None:
    people, sales = two
    _ana, order = bought(company)
    late = base.add(CUSTOMERS, Name="Late")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [late]})
    look(sales)
    assert OwedLink.everywhere.get().field == "customer_link"
    orders.update(now(order), {"status": "Sent"})
    drain()
    told = base.row(ORDERS, row_of(order))
    assert (told["Customer (link)"], told["Status"]) == ([late], "Sent")
    look(people)
    drain()
    assert now(order).customer.name == "Late"
    assert not OwedLink.everywhere.exists()


def test_a_debt_ends_when_the_cell_names_somebody_known(
    two: tuple[Mapping, Mapping], base: Base, company: Company
) -> None:
    _people, sales = two
    ana, order = bought(company)
    ben, _other = bought(company, "ben@example.com")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [base.add(CUSTOMERS, Name="Late")]})
    look(sales)
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ben)]})
    look(sales)
    assert now(order).customer == ben
    assert not OwedLink.everywhere.exists()
    orders.update(now(order), {"customer": ana.pk})
    drain()
    assert base.row(ORDERS, row_of(order))["Customer (link)"] == [row_of(ana)]


def test_a_debt_ends_when_the_cell_is_what_it_was_before(
    two: tuple[Mapping, Mapping], base: Base, company: Company
) -> None:
    _people, sales = two
    ana, order = bought(company)
    ben, _other = bought(company, "ben@example.com")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [base.add(CUSTOMERS, Name="Late")]})
    look(sales)
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ana)]})
    look(sales)
    orders.update(now(order), {"customer": ben.pk})
    drain()
    assert base.row(ORDERS, row_of(order))["Customer (link)"] == [row_of(ben)]
    assert not OwedLink.everywhere.exists()


def test_orders_do_not_wait_for_customers_that_cannot_be_read(base: Base) -> None:
    people, sales = base.mapping("customer", CUSTOMERS), base.mapping("order", ORDERS)
    base.add(ORDERS, **{"Order number": "A-1", "Currency": "EUR"})
    lanes.pause(people.pk, "Its table is gone.")
    look(sales)
    assert Order.everywhere.filter(order_number="A-1").exists()


def test_both_sides_choose_the_same_customer(two: tuple[Mapping, Mapping], base: Base, company: Company) -> None:
    _ana, order = bought(company)
    ben, _other = bought(company, "ben@example.com")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ben)]})
    orders.update(now(order), {"customer": ben.pk})
    look(*two)
    assert not Conflict.everywhere.exists()
    assert now(order).customer == ben


def test_both_sides_choose_somebody_else_and_a_person_is_asked(
    two: tuple[Mapping, Mapping], base: Base, company: Company
) -> None:
    _ana, order = bought(company)
    ben, _other = bought(company, "ben@example.com")
    eva, _another = bought(company, "eva@example.com")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ben)]})
    orders.update(now(order), {"customer": eva.pk})
    look(*two)
    conflict = Conflict.everywhere.get(settled_at=None)
    assert (conflict.field, conflict.theirs) == ("customer_link", [row_of(ben)])


def test_another_name_of_the_customer_is_no_change_of_the_link(
    two: tuple[Mapping, Mapping], base: Base, company: Company
) -> None:
    """Were it one, it would stand against what they changed meanwhile."""
    ana, order = bought(company)
    ben, _other = bought(company, "ben@example.com")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ben)]})
    customers.update(ana, {"email": "ana@new.example.com"})
    look(*two)
    assert not Conflict.everywhere.exists()
    assert now(order).customer == ben


def test_a_mapping_that_only_reads_takes_links_and_writes_nothing(base: Base) -> None:
    people = base.mapping("customer", CUSTOMERS, Direction.PULL)
    sales = base.mapping("order", ORDERS, Direction.PULL)
    drain()
    ana = base.add(CUSTOMERS, Name="Ana")
    row = base.add(ORDERS, **{"Order number": "A-1", "Currency": "EUR", "Customer (link)": [ana]})
    look(sales, people)
    drain()
    order = Order.everywhere.select_related("customer").get()
    assert order.customer.name == "Ana"
    assert "Hub ID" not in base.row(ORDERS, row)
    orders.delete(order)
    drain()
    assert base.row(ORDERS, row)["Order number"] == "A-1"
    assert not WorkRow.everywhere.filter(target=sales.pk, hold="dead").exists()


def test_a_preview_shows_a_changed_link_and_undo_sets_it_back(
    two: tuple[Mapping, Mapping], base: Base, company: Company
) -> None:
    ana, order = bought(company)
    ben, _other = bought(company, "ben@example.com")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [row_of(ben)]})
    _people, sales = two
    run = previews.start(sales, actor="alice")
    drain()
    assert now(order).customer == ana, "nothing is written before it is applied"
    assert "Customer (link)" in str(previews.rows(run).get(record_id=order.pk).changes)
    run.refresh_from_db()
    previews.apply(run, actor="alice")
    drain()
    assert now(order).customer == ben
    done = SyncWrite.everywhere.filter(record_id=order.pk, way="in").latest("id").run
    undoing.start(done, actor="alice")
    drain()
    assert now(order).customer == ana
    assert base.row(ORDERS, row_of(order))["Customer (link)"] == [row_of(ana)]


def test_a_link_to_a_table_nobody_mapped_stays_as_it_was(base: Base, company: Company) -> None:
    """The table is there, and once it is mapped no more its rows are nobody's."""
    people, sales = base.mapping("customer", CUSTOMERS), base.mapping("order", ORDERS)
    drain()
    ana, order = bought(company)
    somebody = base.add(CUSTOMERS, Name="Somebody")
    mappings.remove(people, actor="alice")
    base.edit(ORDERS, row_of(order), **{"Customer (link)": [somebody], "Status": "Sent"})
    look(sales)
    assert (now(order).customer, now(order).status) == (ana, "Sent")
    assert not Stray.everywhere.exists()


def test_a_ticket_waits_for_its_event(base: Base, company: Company) -> None:
    """An event and its ticket are known over there; here a ticket cannot be without its event."""
    shows, seats = base.mapping("event", EVENTS), base.mapping("ticket", TICKETS)
    drain()
    times = {"Starts": "2026-12-01T18:00:00.000Z", "Ends": "2026-12-01T20:00:00.000Z", "Time zone": "UTC"}
    show = base.add(EVENTS, Title="Concert", **times)
    seat = base.add(TICKETS, Participant="Ana", **{"Event (link)": [show], "Ticket type": "standard"})
    look(seats)
    assert Stray.everywhere.get().remedy == "parent"
    assert not Ticket.everywhere.exists()
    before = Reading.everywhere.get(mapping=seats).pokes
    look(shows)
    event = Event.everywhere.get(title="Concert")
    assert Reading.everywhere.get(mapping=seats).pokes > before, "its row is looked at again"
    assert "Ticket type" in Stray.everywhere.get().sentence
    events.ticket_types.create(company, {"event": event.pk, "name": "Standard"})
    reading.whole(seats)
    look(seats)
    ticket = Ticket.everywhere.get()
    assert (ticket.event, ticket.ticket_type.name, ticket.participant_name) == (event, "Standard", "Ana")
    assert not Stray.everywhere.exists()
    assert base.row(TICKETS, seat)["Hub ID"] == str(ticket.pk)


def test_lines_of_orders_come_change_and_go_with_their_order(base: Base) -> None:
    base.sandbox.control("airtable", "rename_field", table="Orders", field="Hub ID", name="Other")  # none of ours
    sales, lines = base.mapping("order", ORDERS), base.mapping("order_item", LINES)
    Mapping.everywhere.filter(pk=lines.pk).update(on_remote_delete="delete")
    drain()
    sold = base.add(ORDERS, **{"Order number": "A-1", "Currency": "EUR"})
    other = base.add(ORDERS, **{"Order number": "A-2", "Currency": "EUR"})
    cells = {"Description": "Day pass", "Quantity": 2, "Unit price": 10, "Order (link)": [sold]}
    line = base.add(LINES, **cells)
    look(lines)
    assert Stray.everywhere.get().remedy == "parent"
    look(sales)
    drain()
    item = OrderItem.everywhere.select_related("order").get()
    assert (item.order.order_number, item.quantity, item.order.total) == ("A-1", 2, 20)
    assert not Stray.everywhere.exists()
    base.edit(LINES, line, Quantity=3)
    look(lines)
    assert Order.everywhere.get(order_number="A-1").total == 30
    base.edit(LINES, line, Quantity=-1)
    look(lines)
    assert "Quantity" in Stray.everywhere.get().sentence
    base.edit(LINES, line, **{"Quantity": 4, "Order (link)": [other]})
    look(lines)
    assert "stays with its order" in Stray.everywhere.get().sentence
    assert OrderItem.everywhere.get().quantity == 4, "what may be changed is"
    base.sandbox.control("airtable", "delete", table=LINES, record=line)
    with clock.shifted(timedelta(minutes=10)):
        reading.whole(lines)
        look(lines)
    assert not OrderItem.everywhere.filter(deleted_at=None).exists()
    assert Order.everywhere.get(order_number="A-1").total == 0
