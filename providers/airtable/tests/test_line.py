"""The whole line: an order saved in the hub is a row of the base, whatever happens in between."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from integration_hub.companies.models import Company
from integration_hub.connections.models import Connection
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.records.models import Order
from integration_hub.records.services import customers, orders
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sync import lanes, nudge, setup, worker
from integration_hub.sync.models import FieldMapping, Lane, Mapping, RecordLink, SyncRun, SyncWrite, WorkRow
from integration_hub.sync.models.work import Hold
from providers.airtable.provider import Airtable
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.tests.conftest import AT_ITS_PACE

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
LATER = timedelta(minutes=3)


@pytest.fixture
def sandbox(wire: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        yield server


@pytest.fixture
def line(company: Company, sandbox: Sandbox) -> Connection:
    """Alice's company, connected, with nothing to do yet."""
    given = sandbox.simulator("airtable").credentials()
    made = setup.connect(company, "airtable", {"token": given["token"]}, {"base_id": given["base_id"]}, actor="alice")
    drain()
    return made


def drain(seconds: float = 20.0) -> None:
    lanes.repair()
    worker.drain(seconds)


def order(company: Company, price: str = "10.05", **data: Any) -> Order:
    item = {"description": "Seat", "quantity": 2, "unit_price": price}
    return orders.create(company, {"currency": "EUR", "items": [item], **data})


def rows(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [record["fields"] for record in sandbox.simulator("airtable").rows("Orders")]


def open_problems() -> list[str]:
    return list(Problem.everywhere.filter(closed_at=None).values_list("sentence", flat=True))


def test_an_order_becomes_a_row_with_every_mapped_cell(line: Connection, company: Company, sandbox: Sandbox) -> None:
    ana = customers.create(company, {"name": "Ana Pop", "email": "ana.pop@example.com"})
    made = order(company, customer=ana.pk, status="Sent", priority="High")
    drain()
    (row,) = rows(sandbox)
    assert row["Hub ID"] == str(made.pk)
    assert (row["Order number"], row["Customer"], row["Customer e-mail"]) == (
        made.order_number,
        "Ana Pop",
        "ana.pop@example.com",
    )
    assert (row["Status"], row["Priority"], row["Currency"], row["Total"]) == ("Sent", "High", "EUR", 20.1)
    assert row["Items"] == "2 × Seat @ 10.05"


def test_a_change_of_the_customer_reaches_the_orders(line: Connection, company: Company, sandbox: Sandbox) -> None:
    ana = customers.create(company, {"name": "Ana Pop"})
    order(company, customer=ana.pk)
    drain()
    customers.update(ana, {"name": "Ana Ionescu"})
    drain()
    assert rows(sandbox)[0]["Customer"] == "Ana Ionescu"


def test_only_what_changed_is_sent(line: Connection, company: Company, sandbox: Sandbox) -> None:
    made = order(company)
    drain()
    orders.update(made, {"priority": "Low"})
    drain()
    sent = next(entry["body"] for entry in reversed(sandbox.requests("airtable")) if entry["method"] == "PATCH")
    assert len(sent["records"][0]["fields"]) == 3  # the priority, when it changed, and our id
    assert rows(sandbox)[0]["Priority"] == "Low"


def test_totals_agree_to_the_cent(line: Connection, company: Company, sandbox: Sandbox) -> None:
    for number in range(25):
        item = {"description": "Seat", "quantity": 3, "unit_price": f"{number}.33", "discount": "0.15"}
        orders.create(company, {"currency": "EUR", "items": [item]})
    drain()
    ours = {str(row.pk): row.total for row in Order.everywhere.all()}
    theirs = {row["Hub ID"]: Decimal(str(row.get("Total", 0))) for row in rows(sandbox)}
    assert theirs == ours


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "body": {"error": {"type": "SERVER_ERROR"}}},
        {"status": 502, "html": "<html>Bad gateway</html>"},
        {"status": 200, "html": "<html>Welcome to the hotel network</html>"},
        {"drop": "before"},
        {"drop": "after"},
        {"status": 503, "effect": True},
    ],
    ids=lambda fault: "-".join(map(str, fault)) + str(fault.get("status", fault.get("drop"))),
)
def test_whatever_the_network_does_there_is_one_right_row(
    line: Connection, company: Company, sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.fault("airtable", method="PATCH", **fault)
    made = order(company, status="Sent")
    drain()
    with clock.shifted(LATER):
        drain()
    with clock.shifted(2 * LATER):
        drain()
    assert [(row["Hub ID"], row["Status"]) for row in rows(sandbox)] == [(str(made.pk), "Sent")]
    assert not WorkRow.everywhere.exclude(hold="").exists()


def test_a_timed_out_create_that_lands_late_makes_no_second_row(
    line: Connection, company: Company, sandbox: Sandbox
) -> None:
    sandbox.fault("airtable", method="PATCH", drop="before", late=1.0)
    made = order(company)
    drain()
    threading.Event().wait(1.5)
    with clock.shifted(LATER):
        drain()
    assert [row["Hub ID"] for row in rows(sandbox)] == [str(made.pk)]
    assert RecordLink.everywhere.get().remote_id == sandbox.simulator("airtable").rows("Orders")[0]["id"]


def test_a_429_waits_out_the_penalty_and_loses_nothing(line: Connection, company: Company, sandbox: Sandbox) -> None:
    sandbox.fault("airtable", method="PATCH", status=429, body={"error": {"type": "RATE_LIMIT_REACHED"}})
    order(company)
    drain()
    assert rows(sandbox) == []
    assert Lane.everywhere.get(target=Mapping.everywhere.get().pk).next_due > clock.now() + timedelta(seconds=20)  # type: ignore[operator]
    drain()
    assert len([entry for entry in sandbox.requests("airtable") if entry["method"] == "PATCH"]) == 1
    with clock.shifted(timedelta(seconds=35)):
        drain()
    assert len(rows(sandbox)) == 1


def test_a_spent_monthly_quota_is_a_sentence_for_people(line: Connection, company: Company, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "limits", quota=0, per_base=10_000, per_user=10_000)
    order(company)
    drain()
    assert any("quota" in sentence or "month" in sentence for sentence in open_problems())
    assert not WorkRow.everywhere.exclude(hold="").exists()


def test_a_choice_that_is_missing_pauses_its_field_alone_with_a_button(
    line: Connection, company: Company, sandbox: Sandbox
) -> None:
    sandbox.control(
        "airtable", "retype_field", field="Priority", type="singleSelect", options={"choices": [{"name": "High"}]}
    )
    orders = [order(company, priority="High"), order(company, priority="Low")]
    drain()
    assert {row["Hub ID"] for row in rows(sandbox)} == {str(one.pk) for one in orders}
    paused = FieldMapping.objects.exclude(paused="").get()
    assert (paused.ours, "Low" in paused.paused) == ("priority", True)
    assert open_problems() == [paused.paused]
    assert not WorkRow.everywhere.filter(hold=Hold.DEAD).exists()


def test_a_value_that_does_not_fit_is_named_and_the_others_arrive(
    line: Connection, company: Company, sandbox: Sandbox
) -> None:
    sandbox.control("airtable", "retype_field", field="Total", type="number", options={"precision": 0})
    setup.sync_now(line, actor="tests")
    drain()
    good, bad = order(company, "10.00"), order(company, "9.99")
    drain()
    assert [row["Hub ID"] for row in rows(sandbox)] == [str(good.pk)]
    dead = WorkRow.everywhere.get(hold=Hold.DEAD)
    assert dead.record_id == bad.pk
    assert "keeps only 0 decimals" in dead.sentence
    assert SyncWrite.everywhere.get(outcome="failed").title == bad.order_number


@pytest.mark.parametrize("what", ["delete_table", "delete_base"])
def test_a_table_deleted_in_the_middle_pauses_with_a_sentence_and_loses_nothing(
    line: Connection, company: Company, sandbox: Sandbox, what: str
) -> None:
    for _ in range(15):
        order(company)
    sandbox.fault("airtable", method="PATCH", skip=1, command=what)
    drain()
    assert len(open_problems()) == 1
    assert WorkRow.everywhere.filter(hold="").exclude(rev=0).count() == 15
    assert Lane.everywhere.get(target=Mapping.everywhere.get().pk).paused == "configure"


@pytest.mark.parametrize(
    ("order_name", "arguments"), [("expire_token", {}), ("revoke_scope", {"scope": "data.records:write"})]
)
def test_a_key_that_lost_its_power_stops_calls_and_keeps_work(
    line: Connection, company: Company, sandbox: Sandbox, order_name: str, arguments: dict[str, str]
) -> None:
    sandbox.control("airtable", order_name, **arguments)
    order(company)
    drain()
    before = len(sandbox.requests("airtable"))
    drain()
    assert len(sandbox.requests("airtable")) == before
    assert WorkRow.everywhere.get().hold == ""
    assert open_problems()


def test_a_users_copy_of_a_row_is_left_alone_and_told(line: Connection, company: Company, sandbox: Sandbox) -> None:
    made = order(company)
    drain()
    remote = RecordLink.everywhere.get().remote_id
    sandbox.control("airtable", "advance", seconds=60)
    sandbox.control("airtable", "duplicate", record=remote)
    orders.update(made, {"status": "Sent"})
    drain()
    assert [row["Status"] for row in rows(sandbox)] == ["Sent", "Pending"]
    RecordLink.everywhere.all().delete()  # as if the link had never been saved: the upsert meets both
    orders.update(made, {"status": "Delivered"})
    drain()
    assert RecordLink.everywhere.get().remote_id == remote
    assert any("copied" in sentence for sentence in open_problems())


def test_a_row_deleted_over_there_comes_back_whole(line: Connection, company: Company, sandbox: Sandbox) -> None:
    made = order(company)
    drain()
    sandbox.control("airtable", "delete", record=RecordLink.everywhere.get().remote_id)
    orders.update(made, {"priority": "High"})
    drain()
    (row,) = rows(sandbox)
    assert (row["Order number"], row["Priority"], row["Total"]) == (made.order_number, "High", 20.1)


def test_an_order_knows_the_row_it_mirrors(line: Connection, company: Company, sandbox: Sandbox) -> None:
    made = order(company)
    before = Order.everywhere.get(pk=made.pk).updated_at
    drain()
    mirrored = Order.everywhere.get(pk=made.pk)
    assert mirrored.record_id == sandbox.simulator("airtable").rows("Orders")[0]["id"]
    assert mirrored.updated_at == before
    assert WorkRow.everywhere.get().rev == WorkRow.everywhere.get().done_rev


def test_a_deleted_order_takes_its_row_along(line: Connection, company: Company, sandbox: Sandbox) -> None:
    made = order(company)
    drain()
    orders.delete(made)
    drain()
    assert rows(sandbox) == []


def test_two_workers_share_the_line_without_a_429(
    line: Connection, company: Company, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At five requests a second the door paces all workers together."""
    monkeypatch.setattr(Airtable, "api", AT_ITS_PACE)
    sandbox.control("airtable", "limits", per_base=5, per_user=50)
    for _ in range(120):
        order(company)

    def work() -> None:
        try:
            worker.drain(30)
        finally:
            connection.close()

    lanes.repair()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    drain(30)
    assert sandbox.counters["rate_limited"] == 0
    assert len(rows(sandbox)) == 120
    assert SyncRun.everywhere.get(kind="live").created == 120
