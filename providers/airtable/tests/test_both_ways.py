"""Both ways over the real door: what people change in the base is changed here, and nothing is overwritten unseen."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from integration_hub.companies.models import Company
from integration_hub.contract import Direction
from integration_hub.http import clock
from integration_hub.records.models import Customer, Order
from integration_hub.records.services import orders
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sync import conflicts, lanes, nudge, reading, setup, worker
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.pull import Choice, Conflict, Reading, Stray
from providers.airtable.sandbox import AirtableSimulator

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
HUB = timedelta(minutes=10)


@pytest.fixture
def sandbox(wire: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    with running(AirtableSimulator()) as server:
        server.control("airtable", "limits", per_base=10_000, per_user=10_000)
        monkeypatch.setenv("AIRTABLE_API_URL", f"{server.url}/airtable")
        yield server


@pytest.fixture
def mapping(company: Company, sandbox: Sandbox) -> Mapping:
    given = sandbox.simulator("airtable").credentials()
    setup.connect(company, "airtable", {"token": given["token"]}, {"base_id": given["base_id"]}, actor="alice")
    drain()
    Mapping.everywhere.update(direction=Direction.BOTH.value, on_remote_delete="delete")
    mapping = Mapping.everywhere.get()
    reading.ensure(mapping)
    drain()
    return mapping


def drain() -> None:
    lanes.repair()
    worker.drain(20.0)


def look(mapping: Mapping) -> None:
    reading.poke([mapping.pk])
    lanes.wake([mapping.pk])
    drain()


def add(sandbox: Sandbox, **fields: Any) -> str:
    made = sandbox.control("airtable", "add", table="Orders", fields=fields)
    return str(made["id"])


def edit(sandbox: Sandbox, record: str | None, **fields: Any) -> None:
    sandbox.control("airtable", "edit", table="Orders", record=record, fields=fields)


def row(sandbox: Sandbox, record: str | None) -> dict[str, Any]:
    rows = {one["id"]: one["fields"] for one in sandbox.control("airtable", "rows", table="Orders")}
    return dict(rows[str(record)])


def test_a_row_made_over_there_becomes_an_order_with_its_customer(
    mapping: Mapping, company: Company, sandbox: Sandbox
) -> None:
    known = Customer.everywhere.count()
    record = add(
        sandbox,
        **{
            "Order number": "A-1",
            "Customer": "Ana Pop",
            "Customer e-mail": "Ana@Example.com",
            "Status": "Sent",
            "Currency": "EUR",
            "Total": 20.5,
        },
    )
    look(mapping)
    order = Order.everywhere.select_related("customer").get(order_number="A-1")
    assert (order.status, order.currency, order.total, order.record_id) == ("Sent", "EUR", 20.5, record)
    assert order.customer.email == "Ana@Example.com"
    assert Customer.everywhere.count() == known + 1
    assert row(sandbox, record)["Hub ID"] == str(order.pk)
    reading.whole(mapping)
    look(mapping)
    assert Order.everywhere.count() == 1, "the same row twice is one order"


def test_an_edit_over_there_changes_the_order_and_one_here_the_row(
    mapping: Mapping, company: Company, sandbox: Sandbox
) -> None:
    order = orders.create(company, {"currency": "EUR", "total": "10"})
    drain()
    order.refresh_from_db()
    edit(sandbox, order.record_id, Status="Delivered")
    orders.update(order, {"priority": "High"})
    look(mapping)
    order.refresh_from_db()
    assert (order.status, order.priority) == ("Delivered", "High")
    assert row(sandbox, order.record_id)["Priority"] == "High"
    assert row(sandbox, order.record_id)["Status"] == "Delivered"
    assert not Conflict.everywhere.exists()


def test_a_field_changed_on_both_sides_waits_for_a_person(mapping: Mapping, company: Company, sandbox: Sandbox) -> None:
    order = orders.create(company, {"currency": "EUR", "total": "10"})
    drain()
    order.refresh_from_db()
    edit(sandbox, order.record_id, Status="Delivered")
    orders.update(order, {"status": "Cancelled", "priority": "High"})
    drain()
    conflict = Conflict.everywhere.get(settled_at=None)
    assert (conflict.field, conflict.ours, conflict.theirs) == ("status", "Cancelled", "Delivered")
    assert row(sandbox, order.record_id)["Priority"] == "High", "the other fields went on"
    conflicts.settle(conflict, Choice.THEIRS, actor="alice")
    drain()
    order.refresh_from_db()
    assert (order.status, row(sandbox, order.record_id)["Status"]) == ("Delivered", "Delivered")


def test_a_strange_word_becomes_a_stray_and_the_rest_of_the_table_comes(mapping: Mapping, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "rows", table="Orders")
    bad = add(sandbox, **{"Order number": "A-1", "Currency": "Lei and more"})
    add(sandbox, **{"Order number": "A-2", "Currency": "EUR", "Total": 3})
    look(mapping)
    assert list(Order.everywhere.values_list("order_number", flat=True)) == ["A-2"]
    stray = Stray.everywhere.get()
    assert stray.remote_id == bad
    assert stray.sentence.startswith("Currency: ")


def test_a_listing_closed_in_the_middle_begins_again(
    mapping: Mapping, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        add(sandbox, **{"Order number": f"A-{number}", "Currency": "EUR", "Total": 1})
    real, first = reading.take, iter([True])

    def closes(*given: Any) -> bool:
        if next(first, False):
            sandbox.control("airtable", "expire_iterators")
        return real(*given)

    monkeypatch.setattr(reading, "take", closes)
    look(mapping)
    assert Order.everywhere.count() == 120


def test_a_deleted_row_deletes_its_order_only_after_it_was_asked_for(
    mapping: Mapping, company: Company, sandbox: Sandbox
) -> None:
    order = orders.create(company, {"currency": "EUR", "total": "10"})
    drain()
    order.refresh_from_db()
    sandbox.control("airtable", "delete", table="Orders", record=order.record_id)
    look(mapping)
    assert Order.everywhere.filter(deleted_at=None).count() == 1, "what only changed says nothing of deletes"
    with clock.shifted(HUB):
        reading.whole(mapping)
        look(mapping)
    assert Order.everywhere.filter(deleted_at=None).count() == 0
    assert Reading.everywhere.get().whole_at is not None
