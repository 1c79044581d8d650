"""Tables, files, links and choices against the simulator, over the real door: made, filled, broken by people."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests

from integration_hub.companies.models import Company
from integration_hub.connections import clients, services
from integration_hub.contract import (
    ConfigError,
    Field,
    FieldRefused,
    File,
    MappedField,
    Rejected,
    Resource,
    Row,
    RowsGone,
    Target,
    registry,
)
from integration_hub.sandbox.testing import Sandbox, running
from providers.airtable.client import LARGEST_FILE, AirtableClient
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo
from providers.airtable.sinks import RecordsSink

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
SINK = RecordsSink()
NAMES = ["participant_name", "status", "checked_in_at", "pdf"]
PDF = File("ticket.pdf", "application/pdf", b"%PDF-1.7")


@pytest.fixture
def sandbox(wire: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        yield server


@pytest.fixture
def client(company: Company, sandbox: Sandbox) -> AirtableClient:
    token = sandbox.simulator("airtable").token("demo")
    made = services.connect(company, "airtable", {"token": token}, {"base_id": demo.SALES}, actor="alice")
    opened: AirtableClient = clients.open_client(made)
    return opened


@pytest.fixture
def tickets(client: AirtableClient) -> Resource:
    return SINK.make_place(client, demo.SALES, "Tickets / 🎟", registry.record_type("ticket"), NAMES)


def target(resource: Resource, record_type: str = "ticket", **more: Any) -> Target:
    """As the engine makes one, of everything that is suggested."""
    kind = registry.record_type(record_type)
    fields = {one.id: one for one in SINK.fields(resource)}
    mapped = [
        MappedField(
            kind.field(name), fields[remote].id, fields[remote].label, fields[remote].type, fields[remote].options
        )
        for name, remote in SINK.suggest(kind, resource).items()
    ]
    return Target("t", record_type, SINK.place(resource), SINK.merge_field(resource), tuple(mapped), **more)


def cells(to: Target, **values: Any) -> dict[str, Any]:
    return {one.remote_id: values[one.ours.name] for one in to.fields if one.ours.name in values}


def column(to: Target, name: str) -> str:
    return next(one.remote_id for one in to.fields if one.ours.name == name)


def rows(sandbox: Sandbox, table: str = "Tickets / 🎟") -> list[dict[str, Any]]:
    return [one["fields"] for one in sandbox.control("airtable", "rows", table=table)]


def test_what_is_discovered_is_what_was_made(client: AirtableClient, tickets: Resource) -> None:
    provider = registry.provider("airtable")
    bases = {base.label: base for base in provider.discover(client)}
    assert bases["Demo sales"].details == {"permission": "create"}
    found = {table.label: table for table in provider.discover(client, demo.SALES)}
    assert found["Tickets / 🎟"] == tickets == SINK.look(client, SINK.place(tickets))
    types = {one.label: one.type for one in SINK.fields(tickets)}
    assert types == {"Participant": "singleLineText", "Status": "singleSelect", "Checked in": "dateTime",
                     "Ticket as PDF": "multipleAttachments", "Hub ID": "singleLineText"}  # fmt: skip
    assert set(SINK.suggest(registry.record_type("ticket"), tickets)) == set(NAMES)


def test_every_record_type_gets_a_table_of_its_own(client: AirtableClient) -> None:
    """Parents first: links lead to the tables that are there."""
    linked = {}
    for key in ("branch", "staff", "customer", "event", "order", "order_item", "ticket", "appointment"):
        kind = registry.record_type(key)
        made = SINK.make_place(client, demo.EVENTS, f"{kind.plural}", kind, [field.name for field in kind.fields])
        assert SINK.merge_field(made) and len(SINK.fields(made)) == len(kind.fields) + 1
        links = {field.name for field in kind.fields if field.kind == "link"}
        linked[key] = links == {one.ours.name for one in target(made, key).fields if SINK.links_to(one)}
    assert all(linked.values())


def test_missing_fields_are_made_and_links_lead_back(client: AirtableClient, tickets: Resource) -> None:
    orders = next(one for one in registry.provider("airtable").discover(client, demo.SALES) if one.label == "Orders")
    more = SINK.make_fields(client, tickets, registry.record_type("ticket"), ["order_link", "ticket_type"])
    assert [one.label for one in SINK.fields(more)][-2:] == ["Ticket type", "Order (link)"]
    to = target(more)
    assert SINK.links_to(next(one for one in to.fields if one.ours.name == "order_link")) == orders.id
    seen = SINK.look(client, SINK.place(orders))
    assert seen is not None and "Tickets / 🎟" in {one.label for one in SINK.fields(seen)}


def test_a_key_that_may_not_build_says_which_scope_it_lacks(client: AirtableClient, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "revoke_scope", scope="schema.bases:write")
    with pytest.raises(ConfigError, match=r"the scope schema\.bases:write"):
        SINK.make_place(client, demo.SALES, "New", registry.record_type("ticket"), NAMES)


def test_files_are_put_in_once_however_often(client: AirtableClient, tickets: Resource, sandbox: Sandbox) -> None:
    to, hub_id = target(tickets), str(uuid4())
    pdf = column(to, "pdf")
    for _time in range(3):
        (written,) = SINK.upsert(client, to, [Row(hub_id, None, {}, {pdf: lambda: PDF})])
    (row,) = rows(sandbox)
    (file,) = row["Ticket as PDF"]
    assert (file["filename"], file["type"], file["size"]) == ("ticket.pdf", "application/pdf", 8)
    assert requests.get(file["url"], timeout=20).content == PDF.content
    assert "url" not in str(written.cells[pdf]) and "url" not in str(SINK.read(client, to, [written.remote_id]))
    SINK.upsert(client, to, [Row(hub_id, written.remote_id, {}, {pdf: lambda: None})])
    assert "Ticket as PDF" not in rows(sandbox)[0]


def test_a_file_over_the_limit_touches_nothing(client: AirtableClient, tickets: Resource, sandbox: Sandbox) -> None:
    to = target(tickets)
    big = File("big.pdf", "application/pdf", b"x" * (LARGEST_FILE + 1))
    with pytest.raises(Rejected, match="at most 5 MB"):
        SINK.upsert(client, to, [Row(str(uuid4()), None, {}, {column(to, "pdf"): lambda: big})])
    assert rows(sandbox) == []
    sandbox.control("airtable", "limits", file_bytes=4)
    with pytest.raises(Rejected, match="at most 5 MB"):
        SINK.upsert(client, to, [Row(str(uuid4()), None, {}, {column(to, "pdf"): lambda: PDF})])


@pytest.mark.parametrize(
    ("order", "arguments"),
    [
        ("delete_field", {}),
        ("retype_field", {"type": "singleLineText"}),
        ("retype_field", {"type": "formula", "options": {"formula": "1"}}),
        ("lock_field", {}),
    ],
)
def test_what_people_do_to_a_file_field_blames_it(
    client: AirtableClient, tickets: Resource, sandbox: Sandbox, order: str, arguments: Any
) -> None:
    to = target(tickets)
    sandbox.control("airtable", order, table="Tickets / 🎟", field="Ticket as PDF", **arguments)
    with pytest.raises(FieldRefused) as refused:
        SINK.upsert(client, to, [Row(str(uuid4()), None, {}, {column(to, "pdf"): lambda: PDF})])
    assert refused.value.fields == (column(to, "pdf"),)


@pytest.mark.parametrize("created", [True, False])
def test_choices_are_made_where_that_is_allowed(
    client: AirtableClient, tickets: Resource, sandbox: Sandbox, created: bool
) -> None:
    to, row = target(tickets, create_choices=created), str(uuid4())
    cell = cells(to, status="Lost and found")
    if created:
        SINK.upsert(client, to, [Row(row, None, cell)])
        assert rows(sandbox)[0]["Status"] == "Lost and found"
        sandbox.control("airtable", "permit", level="edit")
        cell = cells(to, status="Lost again")
    with pytest.raises(FieldRefused) as refused:
        SINK.upsert(client, to, [Row(row, None, cell)])
    assert refused.value.fields == (column(to, "status"),) and refused.value.lasting


@pytest.fixture
def linked(client: AirtableClient, tickets: Resource, sandbox: Sandbox) -> tuple[Target, str]:
    """Tickets that link to orders, and one order's row."""
    more = SINK.make_fields(client, tickets, registry.record_type("ticket"), ["order_link"])
    order = sandbox.control("airtable", "add", table="Orders", fields={"Order number": "1001"})
    return target(more, create_choices=True), order["id"]


def test_a_link_to_a_row_that_is_gone_is_told(
    client: AirtableClient, sandbox: Sandbox, linked: tuple[Target, str]
) -> None:
    to, order = linked
    row = Row(str(uuid4()), None, cells(to, order_link=[order]))
    (written,) = SINK.upsert(client, to, [row])
    assert rows(sandbox)[0]["Order (link)"] == [order]
    sandbox.control("airtable", "delete", table="Orders", record=order)
    with pytest.raises(RowsGone) as refused:
        SINK.upsert(client, to, [Row(row.hub_id, written.remote_id, row.cells)])
    assert (refused.value.hub_ids, refused.value.remote_ids) == ((), (order,))
    sandbox.control("airtable", "delete", table="Tickets / 🎟", record=written.remote_id)
    with pytest.raises(RowsGone) as refused:
        SINK.upsert(client, to, [Row(row.hub_id, written.remote_id, row.cells)])
    assert (refused.value.hub_ids, refused.value.remote_ids) == ((row.hub_id,), (order,))


def test_a_new_choice_does_not_make_a_row_of_a_stale_link(
    client: AirtableClient, sandbox: Sandbox, linked: tuple[Target, str]
) -> None:
    to, order = linked
    both = cells(to, order_link=[order], status="Brand new")
    (written,) = SINK.upsert(client, to, [Row(str(uuid4()), None, both)])
    assert written.created and (rows(sandbox)[0]["Status"], rows(sandbox)[0]["Order (link)"]) == ("Brand new", [order])
    stale = cells(to, order_link=["recGone0000000001"], status="Newer still")
    with pytest.raises(RowsGone):
        SINK.upsert(client, to, [Row(str(uuid4()), None, stale)])
    assert len(rows(sandbox, "Orders")) == 1, "no order is called recGone0000000001"


def test_without_the_hub_id_the_table_is_to_be_set_up(
    client: AirtableClient, tickets: Resource, sandbox: Sandbox
) -> None:
    to = target(tickets)
    sandbox.control("airtable", "rename_field", table="Tickets / 🎟", field="Hub ID", name="Do not touch")
    SINK.upsert(client, to, [Row(str(uuid4()), None, cells(to, participant_name="Ana"))])
    seen = SINK.look(client, SINK.place(tickets))
    assert seen is not None and SINK.merge_field(seen) == to.merge_on, "known by what it says of itself"
    sandbox.control("airtable", "delete_field", table="Tickets / 🎟", field="Do not touch")
    for attempt in (
        lambda: SINK.upsert(client, to, [Row(str(uuid4()), None, cells(to, participant_name="Ana"))]),
        lambda: SINK.read(client, to, ["rec1"]),
    ):
        with pytest.raises(ConfigError) as refused:
            attempt()
        assert refused.value.code == "no_hub_id"


def test_a_table_that_is_gone_and_a_base_out_of_reach(
    client: AirtableClient, tickets: Resource, sandbox: Sandbox
) -> None:
    place = SINK.place(tickets)
    sandbox.control("airtable", "delete_table", table="Tickets / 🎟")
    assert SINK.look(client, place) is None
    sandbox.control("airtable", "permit", level="none")
    with pytest.raises(ConfigError):
        SINK.look(client, place)
    assert [base.label for base in registry.provider("airtable").discover(client)] == ["Demo events"]


def test_an_unfit_field_for_every_kind(client: AirtableClient, tickets: Resource, sandbox: Sandbox) -> None:
    """Whatever people make of the field, one sentence names it and no row is half written."""
    to = target(tickets)
    name = column(to, "participant_name")
    made = next(one for one in to.fields if one.remote_id == name)
    for type_ in ("formula", "autoNumber", "createdTime", "button", "multipleLookupValues", "rollup", "count"):
        field = sandbox.control("airtable", "add_field", table="Tickets / 🎟", name=f"A {type_}", type=type_)
        computed = MappedField(Field("x", "X"), field["id"], field["name"], type_)
        with pytest.raises(FieldRefused, match=f"A {type_}"):
            SINK.convert("x", computed)
        wrongly = Target(to.id, to.record_type, to.place, to.merge_on, (made, computed))
        with pytest.raises(FieldRefused) as refused:
            SINK.upsert(client, wrongly, [Row(str(uuid4()), None, {name: "Ana", field["id"]: "x"})])
        assert (refused.value.fields, refused.value.lasting) == ((field["id"],), True)
    assert rows(sandbox) == []
