"""The table changes while it is read: what vanished over there never empties anything here."""

from typing import Any

import pytest

from integration_hub.companies.models import Company
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.records.models import Order
from integration_hub.records.services import orders
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync import reading, runs
from integration_hub.sync.models import FieldMapping, Mapping
from providers.airtable.tests import test_both_ways as both_ways
from providers.airtable.tests.test_both_ways import drain, edit, look

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
sandbox, mapping = both_ways.sandbox, both_ways.mapping


@pytest.fixture
def order(mapping: Mapping, company: Company) -> Order:
    made = orders.create(company, {"currency": "EUR", "total": "10", "status": "Sent", "priority": "High"})
    drain()
    made.refresh_from_db()
    assert made.record_id
    return made


def paused() -> set[str]:
    return set(FieldMapping.objects.exclude(paused="").values_list("ours", flat=True))


@pytest.mark.parametrize("whole", [False, True])
def test_a_deleted_field_empties_nothing(mapping: Mapping, order: Order, sandbox: Sandbox, whole: bool) -> None:
    sandbox.control("airtable", "delete_field", table="Orders", field="Status")
    edit(sandbox, order.record_id, Priority="Low")
    if whole:
        reading.whole(mapping)
    look(mapping)
    order.refresh_from_db()
    assert (order.status, order.priority) == ("Sent", "Low"), "the other fields go on"
    assert paused() == {"status"}
    assert Problem.everywhere.filter(closed_at=None, key__contains=":field:").exists()


def test_a_renamed_field_is_read_on(mapping: Mapping, order: Order, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "rename_field", table="Orders", field="Status", name="Where it is")
    edit(sandbox, order.record_id, **{"Where it is": "Delivered"})
    look(mapping)
    order.refresh_from_db()
    assert order.status == "Delivered"
    assert paused() == set()


@pytest.mark.parametrize("moment", ["a run", "a reading", "our own edit"])
def test_a_retyped_field_empties_nothing(
    mapping: Mapping, company: Company, order: Order, sandbox: Sandbox, moment: str
) -> None:
    options = {"icon": "check", "color": "greenBright"}
    sandbox.control("airtable", "retype_field", table="Orders", field="Priority", type="checkbox", options=options)
    edit(sandbox, order.record_id, Status="Delivered")
    if moment == "a run":
        runs.start(mapping, actor="alice")
    elif moment == "our own edit":
        orders.update(order, {"notes": "call back"})
    look(mapping)
    order.refresh_from_db()
    assert (order.status, order.priority) == ("Delivered", "High")
    assert paused() == {"priority"}


def test_a_cell_that_was_emptied_empties_ours_after_one_look_at_the_table(
    mapping: Mapping, company: Company, sandbox: Sandbox
) -> None:
    """With a field that may be empty."""
    made = orders.create(company, {"currency": "EUR", "total": "1", "payment_state": "paid"})
    drain()
    made.refresh_from_db()
    edit(sandbox, made.record_id, Payment=None)
    look(mapping)
    assert paused() == set()


def test_a_deleted_table_deletes_nothing(mapping: Mapping, order: Order, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "delete_table", table="Orders")
    reading.whole(mapping)
    look(mapping)
    order.refresh_from_db()
    assert order.deleted_at is None
    assert Problem.everywhere.filter(closed_at=None, severity="bad").exists()


def test_an_emptied_table_asks_before_anything_is_deleted(mapping: Mapping, company: Company, sandbox: Sandbox) -> None:
    made = [orders.create(company, {"currency": "EUR", "total": "1"}) for _ in range(25)]
    drain()
    for record in sandbox.control("airtable", "rows", table="Orders"):
        sandbox.control("airtable", "delete", table="Orders", record=record["id"])
    with clock.shifted(both_ways.HUB):
        reading.whole(mapping)
        look(mapping)
    assert Order.everywhere.filter(deleted_at=None).count() == len(made)
    problem = Problem.everywhere.get(closed_at=None, key__contains=":vanished")
    assert "25 rows are gone" in problem.sentence


def test_a_page_that_failed_deletes_nothing(
    mapping: Mapping, company: Company, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer rows than before: the rest of the listing never came."""
    for _ in range(120):
        orders.create(company, {"currency": "EUR", "total": "1"})
    drain()
    real = reading.take

    def short(turn: Any, page: Any, row: Any) -> None:
        real(turn, type(page)(page.rows[:10], page.cursor, page.last), row)

    monkeypatch.setattr(reading, "take", short)
    with clock.shifted(both_ways.HUB):
        reading.whole(mapping)
        look(mapping)
    assert Order.everywhere.filter(deleted_at=None).count() == 120
    assert not Problem.everywhere.filter(closed_at=None, key__contains=":vanished").exists()
