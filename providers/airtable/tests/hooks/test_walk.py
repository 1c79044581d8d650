"""From an edit in the base to our record: webhook, ping, payload, reading; and what it costs."""

from typing import Any

import pytest

from integration_hub.records.models import Order
from integration_hub.records.services import orders
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync.models import Mapping, RecordLink
from integration_hub.sync.models.pull import Conflict, Reading
from integration_hub.webhooks.models import WebhookEvent
from providers.airtable.hooks import telling
from providers.airtable.models import AirtableNamed, AirtableWebhook
from providers.airtable.tests.hooks.conftest import Post, add, asked, deliver, drain, edit, hooks, row

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


def test_a_mapping_that_is_only_written_has_no_webhook(pushing: Mapping, sandbox: Sandbox) -> None:
    assert hooks(sandbox) == []
    assert not AirtableWebhook.everywhere.exists()
    assert telling.listening(pushing.connection_id) == []


def test_one_that_is_read_has_one_for_its_base(mapping: Mapping, sandbox: Sandbox) -> None:
    [hook] = hooks(sandbox)
    row_of = AirtableWebhook.everywhere.get()
    assert (hook["id"], hook["notificationUrl"]) == (row_of.hook_id, row_of.url)
    assert row_of.url == f"http://localhost:8000/api/webhooks/airtable/{mapping.connection_id}"
    assert hook["specification"]["options"]["includes"] == {"includePreviousCellValues": True}
    [told] = telling.listening(mapping.connection_id)
    assert (told.base, told.live, told.words) == ("Demo sales", True, "at once")


def test_an_edit_over_there_arrives_by_a_ping(order: Any, sandbox: Sandbox) -> None:
    edit(sandbox, order.record_id, Status="Delivered")
    before = len(asked(sandbox))
    assert deliver(sandbox) == 1
    order.refresh_from_db()
    assert order.status == "Delivered"
    assert asked(sandbox, before)[:2] == ["GET payloads", "POST listRecords"]
    assert not AirtableNamed.everywhere.exists()


def test_a_row_made_over_there_becomes_an_order_and_gets_our_id(mapping: Mapping, sandbox: Sandbox) -> None:
    record = add(sandbox, **{"Order number": "A-1", "Customer": "Ana", "Currency": "EUR", "Total": 20.5})
    deliver(sandbox)
    made = Order.everywhere.get(order_number="A-1")
    assert (made.record_id, row(sandbox, record)["Hub ID"]) == (record, str(made.pk))


def test_ten_changed_rows_cost_two_requests(mapping: Mapping, sandbox: Sandbox) -> None:
    """Two more write back when each order was changed, which the demo's table has a field for."""
    records = [add(sandbox, **{"Order number": f"A-{number}", "Currency": "EUR"}) for number in range(10)]
    deliver(sandbox)
    deliver(sandbox)  # the echo of our ids
    before = len(asked(sandbox))
    for record in records:
        edit(sandbox, record, Status="Sent")
    deliver(sandbox)
    assert list(Order.everywhere.values_list("status", flat=True)) == ["Sent"] * 10
    assert asked(sandbox, before) == ["GET payloads", "POST listRecords", "POST listRecords", f"PATCH {table(mapping)}"]


def table(mapping: Mapping) -> str:
    return str(mapping.place["table"])


def test_what_we_write_ourselves_is_not_read_again(order: Any, sandbox: Sandbox) -> None:
    from integration_hub.records.services import orders

    orders.update(order, {"priority": "High"})
    drain()
    assert row(sandbox, order.record_id)["Priority"] == "High"
    before = len(asked(sandbox))
    assert deliver(sandbox) == 1
    assert asked(sandbox, before) == ["GET payloads"]


def test_a_field_that_is_not_mapped_leads_to_no_reading(order: Any, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "add_field", table="Orders", name="Remark")
    deliver(sandbox)
    before = len(asked(sandbox))
    edit(sandbox, order.record_id, Remark="call back")
    deliver(sandbox)
    assert asked(sandbox, before) == ["GET payloads"]


def test_while_pings_come_the_table_is_seldom_asked(order: Any, mapping: Mapping, sandbox: Sandbox) -> None:
    from integration_hub.http import clock
    from integration_hub.sync import lanes, reading

    reading.poke([mapping.pk])
    lanes.wake([mapping.pk])
    drain()
    wait = Reading.everywhere.get().next_at - clock.now()  # type: ignore[operator]
    assert wait.total_seconds() / 60 == pytest.approx(telling.CALM, abs=1)


def test_a_payload_deletes_nothing_by_its_word(order: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says destroyed; the row is asked for by its id, and it is there."""
    from providers.airtable.simulator import journal

    real = journal._tell

    def lies(draft: Any, told: dict[str, Any], table: Any, record: str, before: Any) -> None:
        real(draft, told, table, record, before)
        told.pop("changedRecordsById", None)
        told["destroyedRecordIds"] = [record]

    monkeypatch.setattr(journal, "_tell", lies)
    edit(sandbox, order.record_id, Status="Sent")
    deliver(sandbox)
    order.refresh_from_db()
    assert (order.deleted_at, order.status) == (None, "Sent")
    assert RecordLink.everywhere.get().deleted_at is None


def test_a_destroyed_row_is_confirmed_by_its_id_and_goes_its_way(order: Any, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "delete", table="Orders", record=order.record_id)
    before = len(asked(sandbox))
    deliver(sandbox)
    assert asked(sandbox, before) == ["GET payloads", "POST listRecords"]
    order.refresh_from_db()
    assert order.deleted_at is not None
    assert RecordLink.everywhere.get().deleted_at is not None


def test_a_table_emptied_in_small_pieces_stops_and_asks(mapping: Mapping, sandbox: Sandbox) -> None:
    from integration_hub.notices.models import Problem

    records = [add(sandbox, **{"Order number": f"A-{number}", "Currency": "EUR"}) for number in range(40)]
    deliver(sandbox)
    deliver(sandbox)
    assert Order.everywhere.filter(deleted_at=None).count() == 40
    for start in range(0, 40, 5):
        for record in records[start : start + 5]:
            sandbox.control("airtable", "delete", table="Orders", record=record)
        deliver(sandbox)
    assert Order.everywhere.filter(deleted_at=None).count() == 20, "as many as may go without anybody being asked"
    assert Problem.everywhere.filter(closed_at=None, key__endswith=":vanished").count() == 1


def test_another_field_leads_to_a_new_look_at_the_tables(order: Any, sandbox: Sandbox) -> None:
    from integration_hub.connections.models import Discovery

    Discovery.everywhere.update(asked_at=None)
    sandbox.control("airtable", "rename_field", table="Orders", field="Priority", name="Urgency")
    deliver(sandbox)
    base = AirtableWebhook.everywhere.get().base_id
    assert Discovery.everywhere.get(within=base).asked_at is not None


def test_pings_late_twice_and_out_of_order_change_nothing(order: Any, sandbox: Sandbox, post: Post) -> None:
    sandbox.control("airtable", "ping_trouble", hold=1)
    edit(sandbox, order.record_id, Status="Sent")
    assert deliver(sandbox) == 1
    order.refresh_from_db()
    assert order.status == "Pending", "the ping is still on its way"
    sandbox.control("airtable", "ping_trouble", double=1)
    edit(sandbox, order.record_id, Status="Delivered")
    sandbox.control("airtable", "advance", seconds=2)
    deliver(sandbox)
    assert len(post.sent) >= 3
    order.refresh_from_db()
    assert order.status == "Delivered"
    before, events = len(asked(sandbox)), WebhookEvent.everywhere.count()
    assert post.again(post.sent[-1]) == 200
    drain()
    assert WebhookEvent.everywhere.count() == events, "the very same ping again is the same event"
    assert asked(sandbox, before) == []


def test_a_ping_that_was_lost_costs_an_hour_at_most(order: Any, sandbox: Sandbox) -> None:
    from datetime import timedelta

    from integration_hub.http import clock

    sandbox.control("airtable", "ping_trouble", lose=1)
    edit(sandbox, order.record_id, Status="Sent")
    deliver(sandbox)
    order.refresh_from_db()
    assert order.status == "Pending"
    with clock.shifted(timedelta(minutes=61)):
        drain()
    order.refresh_from_db()
    assert order.status == "Sent"


def test_a_conflict_says_who_changed_each_side_and_when(order: Any, sandbox: Sandbox) -> None:
    orders.update(order, {"status": "Sent"}, actor="alice")
    edit(sandbox, order.record_id, Status="Delivered")
    deliver(sandbox)
    conflict = Conflict.everywhere.get(field="status")
    assert (conflict.ours, conflict.ours_by) == ("Sent", "alice")
    assert (conflict.theirs, conflict.theirs_by) == ("Delivered", "Colleague")
    assert conflict.ours_at is not None
    assert conflict.theirs_at is not None
    drain()  # read again, by nobody's word: what is known stays
    conflict.refresh_from_db()
    assert (conflict.ours_by, conflict.theirs_by) == ("alice", "Colleague")
