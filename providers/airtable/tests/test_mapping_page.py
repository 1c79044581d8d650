"""The mapping page over the real sink and a simulated base: found, made, saved, brought over, and followed."""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from integration_hub.companies.models import Company, User
from integration_hub.connections import discovery, services
from integration_hub.connections import nudge as discovering
from integration_hub.connections.models import Connection
from integration_hub.notices.models import Problem
from integration_hub.records.services import customers, orders
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sync import nudge, runs, schema
from integration_hub.sync.models import FieldMapping, Mapping, SyncRun
from integration_hub.sync.tests.conftest import drain
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator.demo import SALES

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
TAB = "/admin/hub/airtable/"
NEW = f"{TAB}mappings/new/"


@pytest.fixture
def sandbox(wire: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    for lost in (nudge, discovering):
        monkeypatch.setattr(lost._nudger, "publish", lambda: None)
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        yield server


@pytest.fixture
def connect(company: Company, sandbox: Sandbox) -> Callable[..., Connection]:
    def make(key: str = "demo") -> Connection:
        told = {"token": sandbox.simulator("airtable").token(key)}
        connection = services.connect(company, "airtable", told, {"auto_sync_enabled": False}, actor="alice")
        for within in ("", SALES):
            discovery.renew(connection, within)
        return connection

    return make


@pytest.fixture
def admin(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def number(company: Company) -> str:
    """Of an order with a customer and a line."""
    buyer = customers.create(company, {"name": "Ana 🎟️ Pop", "email": "ana@example.com"}, actor="t")
    line = {"description": "שורה / “Standard”", "quantity": 2, "unit_price": "75.00"}
    made = orders.create(company, {"customer": buyer, "items": [line], "status": "Sent"}, actor="t")
    return str(made.order_number)


BOX = re.compile('type="(checkbox|radio)"')


def text(answer: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def form(answer: Any) -> dict[str, list[str]]:
    """What the browser would send of this page's form: chosen options, inputs, ticked boxes."""
    page = answer.content.decode()
    page = page[page.index('<form id="mapping"') :]
    told: dict[str, list[str]] = {}
    for found in re.finditer(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>|<input([^>]*)>', page, re.S):
        name, options, given = found.groups()
        if name:
            chosen = re.search(r'<option value="([^"]*)"[^>]*\bselected', options)
            told.setdefault(name, []).append(html.unescape(chosen[1]) if chosen else first(options))
        elif (called := re.search(r'name="([^"]+)"', given)) and (" checked" in given or not BOX.search(given)):
            value = re.search(r'value="([^"]*)"', given)
            told.setdefault(called[1], []).append(html.unescape(value[1]) if value else "")
    return told


def first(options: str) -> str:
    found = re.search(r'<option value="([^"]*)"', options)
    return found[1] if found else ""


def rows(sandbox: Sandbox, table: str) -> list[dict[str, Any]]:
    return [one["fields"] for one in sandbox.control("airtable", "rows", base=SALES, table=table)]


def make_table(admin: Client, records: str, name: str) -> Any:
    told = {"records": records, "base": SALES, "do": "make_table", "name": name}
    return admin.post(NEW, told, follow=True)


def test_a_made_table_is_mapped_whole_and_filled(
    admin: Client, sandbox: Sandbox, connect: Callable[..., Connection], number: str
) -> None:
    connect()
    page = make_table(admin, "order", "Comenzi / 2025 “🎟️”")
    assert "is there. Look over the fields, then save." in text(page)
    told = form(page)
    assert [told[name][0] for name in ("remote.order_number", "remote.status", "remote.total")] != ["", "", ""]
    saved = admin.post(NEW, {**told, "do": "save"}, follow=True)
    assert saved.status_code == 200 and "Saved." in text(saved), text(saved)
    drain()
    row = rows(sandbox, "Comenzi / 2025 “🎟️”")[0]
    assert (row["Order number"], row["Status"], row["Total"]) == (number, "Sent", 150)
    assert "שורה / “Standard”" in row["Items"]
    assert Problem.everywhere.count() == 0


@pytest.mark.parametrize("records", ["customer", "event", "ticket", "order_item"])
def test_every_ready_kind_makes_its_table_and_saves_as_suggested(
    admin: Client, sandbox: Sandbox, connect: Callable[..., Connection], number: str, records: str
) -> None:
    connect()
    page = make_table(admin, records, f"Table of {records}")
    saved = admin.post(NEW, {**form(page), "do": "save"}, follow=True)
    assert "Saved." in text(saved)
    drain()
    assert SyncRun.everywhere.get().state == "done"
    assert len(rows(sandbox, f"Table of {records}")) == (1 if records in ("customer", "order_item") else 0)


def test_an_existing_table_is_suggested_and_its_missing_fields_are_made(
    admin: Client, sandbox: Sandbox, connect: Callable[..., Connection], number: str
) -> None:
    connection = connect()
    sandbox.control(
        "airtable", "add_table", name="Mea", base=SALES, fields=[{"name": "Număr comandă", "type": "singleLineText"}]
    )
    discovery.renew(connection, SALES)
    table = next(one.id for one in discovery.known(connection, SALES).resources if one.label == "Mea")
    page = admin.get(NEW, {"records": "order", "base": SALES, "table": table, "go": "1"})
    assert form(page)["remote.order_number"] != [""]  # suggested across languages
    assert "The table has no field for the hub's own id yet." in text(page)
    page = admin.post(NEW, {**form(page), "do": "make_fields", "make": ["status", "total"]})
    assert "Created:" in text(page), text(page)
    told = form(page)
    assert "" not in (*told["remote.status"], *told["remote.total"])
    admin.post(NEW, {**told, "do": "save"})
    drain()
    row = rows(sandbox, "Mea")[0]
    assert (row["Număr comandă"], row["Status"], row["Total"]) == (number, "Sent", 150)


def test_who_may_not_make_is_told_why(admin: Client, connect: Callable[..., Connection]) -> None:
    connect("viewer")
    page = admin.get(NEW, {"records": "order", "base": SALES})
    assert "this key has the permission “read”" in text(page)
    assert make_table(admin, "order", "X").status_code == 422


def test_a_renamed_field_goes_on_and_a_deleted_one_is_mended_on_the_page(
    admin: Client, sandbox: Sandbox, connect: Callable[..., Connection], number: str
) -> None:
    connect()
    admin.post(NEW, {**form(make_table(admin, "order", "T")), "do": "save"})
    drain()
    mapping = Mapping.everywhere.get()
    here = f"{TAB}mappings/{mapping.pk}/"
    sandbox.control("airtable", "rename_field", field="Total", name="Sumă", table="T", base=SALES)
    sandbox.control("airtable", "delete_field", field="Status", table="T", base=SALES)
    schema.look(mapping)
    runs.start(mapping, actor="t")
    drain()
    page = admin.get(here)
    assert "Sumă · " in text(page) and "Paused." in text(page) and "Status (not there)" in text(page)
    refused = admin.post(here, {**form(page), "do": "save"})
    assert refused.status_code == 422 and "The table has no field" in text(refused)
    told = form(page) | {"remote.status": [""]}
    page = admin.post(here, {**told, "do": "make_fields", "make": ["status"]})
    assert form(page)["remote.status"] != [""], text(page)
    assert admin.post(here, {**form(page), "do": "save"}).status_code == 302
    drain()
    assert rows(sandbox, "T")[0]["Sumă"] == 150
    assert not Problem.everywhere.filter(closed_at=None).exists()
    assert not FieldMapping.objects.exclude(paused="").exists()


def test_another_field_over_there_gets_what_is_here_already(
    admin: Client, sandbox: Sandbox, connect: Callable[..., Connection], number: str
) -> None:
    connect()
    admin.post(NEW, {**form(make_table(admin, "order", "T")), "do": "save"})
    drain()
    mapping = Mapping.everywhere.get()
    here = f"{TAB}mappings/{mapping.pk}/"
    other = sandbox.control(
        "airtable", "add_field", name="Other", type="number", options={"precision": 2}, table="T", base=SALES
    )
    schema.look(mapping)
    told = form(admin.get(here)) | {"remote.total": [other["id"]]}
    assert admin.post(here, {**told, "do": "save"}).status_code == 302
    drain()
    assert rows(sandbox, "T")[0]["Other"] == 150


def test_a_mapping_edited_while_its_run_is_going(
    admin: Client, sandbox: Sandbox, connect: Callable[..., Connection], number: str
) -> None:
    connect()
    admin.post(NEW, {**form(make_table(admin, "order", "T")), "do": "save"})
    mapping = Mapping.everywhere.get()
    first_run = SyncRun.everywhere.get()
    told = form(admin.get(f"{TAB}mappings/{mapping.pk}/")) | {"remote.notes": [""], "mode.status": ["if_new"]}
    assert admin.post(f"{TAB}mappings/{mapping.pk}/", {**told, "do": "save"}).status_code == 302
    first_run.refresh_from_db()
    assert first_run.state == "stopped"
    drain()
    assert rows(sandbox, "T")[0]["Status"] == "Sent"
    assert SyncRun.everywhere.filter(kind="full", state="done").count() == 1


def test_500_tables_and_500_fields(admin: Client, sandbox: Sandbox, connect: Callable[..., Connection]) -> None:
    connection = connect()
    columns = [{"name": f"Col {n} " + "x" * 100, "type": "singleLineText"} for n in range(499)]
    fields = [{"name": "Hub ID", "type": "singleLineText"}, *columns]
    sandbox.control("airtable", "add_table", name="Wide", base=SALES, fields=fields)
    for n in range(500):
        sandbox.control("airtable", "add_table", name=f"Table {n}", base=SALES)
    discovery.renew(connection, SALES)
    page = admin.get(NEW, {"records": "order", "base": SALES})
    assert len(re.findall(r'<option value="Table \d+ \(tbl', page.content.decode())) == 500
    page = admin.get(NEW, {"records": "order", "base": SALES, "table": "Wide", "go": "1"})
    told = form(page) | {"remote.order_number": ["Col 77 " + "x" * 100]}
    assert admin.post(NEW, {**told, "do": "save"}).status_code == 302
    assert FieldMapping.objects.get(ours="order_number").remote_label.startswith("Col 77 ")
