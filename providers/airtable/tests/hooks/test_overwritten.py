"""An edit that our writing covered in the last moment: Airtable keeps no trace of it but the payload."""

from typing import Any

import pytest

from integration_hub.notices.models import Problem
from integration_hub.records.services import orders
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync import strays
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.pull import Conflict, Stray
from providers.airtable.client import AirtableClient
from providers.airtable.tests.hooks.conftest import deliver, drain, edit, row

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def collision(order: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody types after our reading and before our write: `Delivered` there, `Sent` here."""
    real, first = AirtableClient.update_records, iter([True])

    def late(self: Any, *given: Any, **more: Any) -> Any:
        if next(first, False):
            edit(sandbox, order.record_id, Status="Delivered")
        return real(self, *given, **more)

    monkeypatch.setattr(AirtableClient, "update_records", late)
    orders.update(order, {"status": "Sent"})
    drain()
    assert row(sandbox, order.record_id)["Status"] == "Sent", "there is no trace of it in the table"
    return order


def told() -> Problem | None:
    return Problem.everywhere.filter(closed_at=None, key__endswith=":covered").first()


def test_it_is_found_and_told_with_both_values_and_nothing_is_changed(collision: Any, sandbox: Sandbox) -> None:
    deliver(sandbox)
    collision.refresh_from_db()
    assert (collision.status, row(sandbox, collision.record_id)["Status"]) == ("Sent", "Sent")
    stray = Stray.everywhere.get()
    assert (stray.remote_id, stray.remedy) == (collision.record_id, "covered")
    assert "“Delivered” was typed there just before the hub wrote “Sent”" in stray.sentence
    problem = told()
    assert problem is not None
    assert problem.affected == 1
    assert problem.url == f"/admin/hub/strays/{stray.target}/"
    assert not Problem.everywhere.filter(closed_at=None, key__endswith=":strays").exists()
    assert not Conflict.everywhere.exists()


def test_it_ends_when_somebody_changes_the_row_once_more(collision: Any, sandbox: Sandbox) -> None:
    deliver(sandbox)
    edit(sandbox, collision.record_id, Status="Delivered")
    deliver(sandbox)
    collision.refresh_from_db()
    assert collision.status == "Delivered"
    assert told() is None
    assert not Stray.everywhere.exists()


def test_it_ends_when_somebody_says_that_it_was_seen(collision: Any, mapping: Mapping, sandbox: Sandbox) -> None:
    deliver(sandbox)
    strays.again(mapping, actor="alice")
    drain()
    assert told() is None
    assert not Stray.everywhere.exists()


def test_where_the_hub_wins_nobody_is_asked(collision: Any, mapping: Mapping, sandbox: Sandbox) -> None:
    Mapping.everywhere.update(policy="hub_wins")
    deliver(sandbox)
    assert told() is None


def test_a_payload_that_comes_before_our_call_was_settled_is_judged_after(
    order: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration_hub.sync import settle

    real, first = AirtableClient.update_records, iter([True])

    def late(self: Any, *given: Any, **more: Any) -> Any:
        if next(first, False):
            edit(sandbox, order.record_id, Status="Delivered")
        return real(self, *given, **more)

    settled, early = settle.settle, iter([True])

    def after_the_ping(*given: Any) -> None:
        if given[3] and next(early, False):
            from integration_hub.sync import worker
            from integration_hub.webhooks import processing

            sandbox.simulator("airtable").pinger.deliver()
            processing.drain(5)
            worker.drain(5)  # the stream's lane; the mapping's is in our hands
        settled(*given)

    monkeypatch.setattr(AirtableClient, "update_records", late)
    monkeypatch.setattr(settle, "settle", after_the_ping)
    orders.update(order, {"status": "Sent"})
    drain()
    assert told() is not None


def test_our_writes_one_after_the_other_are_no_collision(order: Any, sandbox: Sandbox) -> None:
    for status in ("Processing", "Sent", "Delivered"):
        orders.update(order, {"status": status})
        drain()
    deliver(sandbox)
    assert told() is None
    assert not Stray.everywhere.exists()


def test_an_edit_that_was_taken_in_before_we_wrote_is_none_either(order: Any, sandbox: Sandbox) -> None:
    edit(sandbox, order.record_id, Status="Delivered")
    deliver(sandbox)
    order.refresh_from_db()
    orders.update(order, {"status": "Sent"})
    drain()
    deliver(sandbox)
    assert told() is None
