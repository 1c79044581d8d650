"""Orders mirrored from a table that the environment names: the first start, and every day after it."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from celery import signals
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from integration_hub import celery
from integration_hub.companies.models import Company, User
from integration_hub.connections import clients
from integration_hub.contract import Direction, registry
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.records.models import Customer, Order
from integration_hub.records.services import customers, orders
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sync import lanes, mirroring, nudge, reading, schedules, worker
from integration_hub.sync.models import Mapping, RecordLink, Schedule, SyncRun
from integration_hub.sync.models.pull import Stray
from providers.airtable.client import AirtableClient
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
TABLE = "Shop"
COLUMNS = (
    *(("Order number", "singleLineText"), ("Customer name", "singleLineText"), ("Email", "email")),
    *(("Status", "singleLineText"), ("Priority", "singleLineText"), ("Currency", "singleLineText")),
    ("Total", "number"),
)
STATES = ("PENDING", "processing", " Sent ", "dELIVERED", "cancelled")
URGENCIES = ("HIGH", "low", "mEdium")


@pytest.fixture
def sandbox(wire: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """The base, with a table of the shop's own, and the environment that names it."""
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    cache.clear()
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        monkeypatch.setenv("AIRTABLE_PAT", server.simulator("airtable").token("demo"))
        monkeypatch.setenv("AIRTABLE_BASE_ID", demo.SALES)
        monkeypatch.setenv("AIRTABLE_TABLE_ID", TABLE)
        yield server


@pytest.fixture
def shop(sandbox: Sandbox, company: Company) -> Sandbox:
    table(sandbox, company)
    return sandbox


@pytest.fixture
def mirrored(shop: Sandbox, company: Company) -> Mapping:
    """Two orders over there, and here."""
    add(shop, 1)
    add(shop, 2)
    first_start(company)
    return Mapping.everywhere.select_related("connection").get(retired_at=None)


@pytest.fixture
def program(api_token: Any) -> Client:
    return Client(headers={"Authorization": f"Bearer {api_token[1]}"})


def table(sandbox: Sandbox, company: Company) -> None:
    token = sandbox.simulator("airtable").token("demo")
    client: AirtableClient = clients.client_with(
        registry.provider("airtable"), {"token": token}, account="tests", company_id=company.pk
    )
    fields = [{"name": name, "type": kind} for name, kind in COLUMNS]
    fields[-1]["options"] = {"precision": 2}  # type: ignore[assignment]
    client.create_table(demo.SALES, TABLE, fields)


def add(sandbox: Sandbox, number: int, **more: Any) -> str:
    cells = {
        "Order number": f"S-{number}",
        "Customer name": f"Customer {number % 10}",
        "Email": f"customer{number % 10}@example.com" if number % 3 else None,
        "Status": STATES[number % len(STATES)],
        "Priority": URGENCIES[number % len(URGENCIES)],
        "Currency": "eur",
        "Total": number + 0.5,
        **more,
    }
    made = sandbox.control("airtable", "add", table=TABLE, fields={key: cell for key, cell in cells.items() if cell})
    return str(made["id"])


def edit(sandbox: Sandbox, record: str | None, **fields: Any) -> None:
    sandbox.control("airtable", "edit", table=TABLE, record=record, fields=fields)


def row(sandbox: Sandbox, record: str | None) -> dict[str, Any]:
    rows = {one["id"]: one["fields"] for one in sandbox.control("airtable", "rows", table=TABLE)}
    return dict(rows[str(record)])


def first_start(company: Company) -> str:
    out = StringIO()
    call_command("import_keys", company=company.slug, stdout=out, stderr=out)
    drain()
    return out.getvalue()


def drain() -> None:
    lanes.repair()
    worker.drain(60.0)


def look(mapping: Mapping) -> None:
    reading.poke([mapping.pk])
    lanes.wake([mapping.pk])
    drain()


def order(number: int) -> Order:
    return Order.everywhere.select_related("customer").get(order_number=f"S-{number}", deleted_at=None)


def patch(client: Client, record: Any, **body: Any) -> Any:
    return client.patch(f"/api/orders/{record}", body, "application/json")


# --- the first start --------------------------------------------------------------------------------------------------


def test_the_first_start_brings_the_whole_table(shop: Sandbox, company: Company) -> None:
    known = customers.create(company, {"name": "Known by mail", "email": "Customer1@example.com"})
    named = customers.create(company, {"name": "Customer 3"})
    ids = [add(shop, number) for number in range(120)]
    strange = add(shop, 120, Status="On its way")
    assert f"mirrors “Demo sales · {TABLE}”" in first_start(company)

    mapping = Mapping.everywhere.get(retired_at=None)
    assert (mapping.direction, mapping.is_primary, mapping.match_on) == ("both", True, ["order_number"])
    assert Order.everywhere.count() == 120
    assert [order(number).status for number in range(5)] == ["Pending", "Processing", "Sent", "Delivered", "Cancelled"]
    assert [order(number).priority for number in range(3)] == ["High", "Low", "Medium"]
    assert {order(number).record_id for number in range(120)} == set(ids)
    assert (order(1).customer, order(3).customer) == (known, named)
    assert Customer.everywhere.count() == 11, "nine others were made, each once; one of them is another Customer 1"

    stray = Stray.everywhere.get()
    assert stray.remote_id == strange
    assert "Pending, Processing, Sent, Delivered, Cancelled" in stray.sentence
    assert Problem.everywhere.filter(key=f"sync:{mapping.pk}:strays", closed_at=None).exists()
    assert row(shop, ids[0])["Hub ID"] == str(order(0).pk), "the field for our id was made"


def test_nothing_is_mirrored_where_no_table_is_named(
    shop: Sandbox, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRTABLE_TABLE_ID")
    add(shop, 1)
    first_start(company)
    assert not Order.everywhere.exists()
    assert not Mapping.everywhere.exclude(direction=Direction.PUSH.value).exists()


def test_a_ready_table_is_mirrored_instead_of_only_written(
    sandbox: Sandbox, company: Company, monkeypatch: Any
) -> None:
    """The demo's own table has a Hub ID already, so a ready mapping of it was made a moment before."""
    monkeypatch.setenv("AIRTABLE_TABLE_ID", "Orders")
    sandbox.control("airtable", "add", table="Orders", fields={"Order number": "S-1", "Currency": "EUR"})
    first_start(company)
    assert Mapping.everywhere.get().direction == "both"
    assert order(1).currency == "EUR"


def test_a_table_that_is_not_there_is_told_and_the_key_stays(sandbox: Sandbox, company: Company) -> None:
    said = first_start(company)
    assert "connected as" in said
    assert f"has no table “{TABLE}”" in said
    assert not Mapping.everywhere.exists()


def test_without_the_right_to_make_a_field_rows_are_read_by_their_ids(
    shop: Sandbox, company: Company, program: Client
) -> None:
    shop.control("airtable", "revoke_scope", scope="schema.bases:write")
    record = add(shop, 1)
    first_start(company)
    mapping = Mapping.everywhere.get()
    assert (mapping.direction, mapping.merge_on) == ("pull", "")
    problem = Problem.everywhere.get(key=f"sync:{mapping.pk}:configure:direction", closed_at=None)
    assert "Hub ID" in problem.sentence
    assert "schema.bases:write" in problem.sentence
    assert order(1).record_id == record
    edit(shop, record, Status="delivered")
    look(mapping)
    reading.whole(mapping)
    look(mapping)
    assert (order(1).status, Order.everywhere.count()) == ("Delivered", 1)
    assert patch(program, record, priority="Low").status_code == 200
    drain()
    assert (order(1).priority, row(shop, record)["Priority"]) == ("Low", "low"), "ours is not written there"
    assert "Hub ID" not in row(shop, record)


# --- every day --------------------------------------------------------------------------------------------------------


def test_an_edit_there_comes_here_and_a_patch_here_goes_there(
    mirrored: Mapping, shop: Sandbox, program: Client
) -> None:
    record = order(1).record_id
    edit(shop, record, Status="sENT")
    look(mirrored)
    assert order(1).status == "Sent"
    answer = patch(program, record, status="Delivered", priority="High")
    assert answer.status_code == 200
    assert (answer.json()["record_id"], answer.json()["status"]) == (record, "Delivered")
    drain()
    assert (row(shop, record)["Status"], row(shop, record)["Priority"]) == ("Delivered", "High")
    assert program.get(f"/api/orders/id/{record}").json()["status"] == "Delivered"
    assert program.get(f"/api/orders/id/{order(1).pk}").json()["record_id"] == record
    assert patch(program, order(1).pk, priority="Low").json()["priority"] == "Low"


def test_only_what_changed_is_read_again(mirrored: Mapping, shop: Sandbox) -> None:
    with clock.shifted(timedelta(minutes=30)):
        shop.control("airtable", "advance", seconds=1800)
        look(mirrored)
        seen = RecordLink.everywhere.get(record_id=order(2).pk)
        edit(shop, order(1).record_id, Total=99)
        look(mirrored)
    assert order(1).total == 99
    assert RecordLink.everywhere.get(record_id=order(2).pk).version == seen.version


def test_the_same_table_twice_at_once_is_read_once(mirrored: Mapping, shop: Sandbox, program: Client) -> None:
    add(shop, 3)
    first, second = (program.post("/api/orders/sync", content_type="application/json") for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["runs"][0]["id"] == second.json()["runs"][0]["id"]
    assert first.headers["Location"] == first.json()["address"]
    drain()
    assert SyncRun.everywhere.get(pk=first.json()["runs"][0]["id"]).state == "done"
    assert sorted(Order.everywhere.values_list("order_number", flat=True)) == ["S-1", "S-2", "S-3"]
    mirroring.begin(mirrored.connection, actor="tests")
    drain()
    assert (Mapping.everywhere.count(), Order.everywhere.count()) == (1, 3)


def test_each_start_of_the_house_reads_once(mirrored: Mapping, shop: Sandbox) -> None:
    assert schedules.at_start() == 0, "it was read a moment ago"
    with clock.shifted(timedelta(minutes=2)):
        add(shop, 3)
        assert (schedules.at_start(), schedules.at_start()) == (1, 0)
        drain()
        assert order(3).status == "Delivered"
        assert schedules.at_start() == 0


def test_the_clock_of_the_house_tells_that_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(schedules, "at_start", lambda: told.append("started"))
    signals.beat_init.send(sender=celery.app)
    assert told == ["started"]


def test_it_is_read_in_the_interval_of_the_environment(mirrored: Mapping) -> None:
    assert Schedule.everywhere.get(mapping=mirrored).minutes == settings.SYNC_INTERVAL_MINUTES
    with clock.shifted(timedelta(minutes=settings.SYNC_INTERVAL_MINUTES + 1)):
        assert schedules.start_due() == 1


def test_a_mapping_that_was_stopped_is_not_started_by_the_house(mirrored: Mapping) -> None:
    Schedule.everywhere.update(is_active=False)
    with clock.shifted(timedelta(hours=1)):
        assert schedules.at_start() == 0


# --- what is refused --------------------------------------------------------------------------------------------------


def test_ids_of_others_and_of_nobody_are_not_found(mirrored: Mapping, program: Client, other_company: Company) -> None:
    theirs = orders.create(other_company, {"currency": "EUR", "total": "1"})
    orders.set_record_ids(other_company.pk, {theirs.pk: "recTHEIRS00000001"})
    for record in ("recTHEIRS00000001", theirs.pk, "recNOBODY00000001"):
        assert program.get(f"/api/orders/id/{record}").status_code == 404
        assert patch(program, record, status="Sent").status_code == 404


@pytest.mark.parametrize(("field", "value", "names"), [("status", "Lost", "Pending"), ("colour", "red", "colour")])
def test_a_patch_of_something_unknown_says_what_there_is(
    mirrored: Mapping, program: Client, field: str, value: str, names: str
) -> None:
    answer = patch(program, order(1).record_id, **{field: value})
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert names in answer.content.decode()


def test_a_sync_of_orders_that_mirror_nothing_says_what_to_do(company: Company, program: Client) -> None:
    answer = program.post("/api/orders/sync", content_type="application/json")
    assert answer.status_code == 409
    assert "mapping" in answer.json()["detail"]


def test_the_settings_say_where_the_table_is_chosen_now(mirrored: Mapping, alice: User) -> None:
    client = Client()
    client.force_login(alice)
    page = client.get("/admin/hub/airtable/").content.decode()
    assert f'href="/admin/hub/airtable/mappings/{mirrored.pk}/"' in page
    before = mirrored.connection.settings["table"]
    client.post("/admin/hub/airtable/settings/", {"table": "Elsewhere", "sync_interval": "30"})
    mirrored.connection.refresh_from_db()
    assert (mirrored.connection.settings["table"], mirrored.connection.settings["sync_interval"]) == (before, 30)
