"""Syncs that read: rows become records, records rows, nothing twice, nothing overwritten unseen, nothing unasked."""

import json
from dataclasses import replace
from typing import Any

import pytest

from integration_hub.companies import tokens
from integration_hub.contract import registry
from integration_hub.notices.models import AuditEvent
from integration_hub.records.models import Order
from integration_hub.records.services import customers, orders
from integration_hub.sync import lanes, worker
from integration_hub.sync.models import Mapping, PlanRow, RecordLink, SyncRun
from integration_hub.sync.models.pull import Conflict
from providers.airtable.tests.api.conftest import SALES, client_of, post, problem
from providers.airtable.tests.api.test_sync import SYNC, mapping_in, wish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]


@pytest.fixture
def order(company):
    ana = customers.create(company, {"name": "Ana Pop", "email": "ana@example.com"})
    items = [{"description": "Seat", "quantity": 1, "unit_price": "150.00"}]
    told = {"order_number": "ORD-1", "customer": ana.pk, "currency": "RON", "items": items}
    return orders.create(company, told)


def drain() -> None:
    lanes.repair()
    worker.drain(20)


def add(sandbox: Any, **cells: Any) -> str:
    return str(sandbox.control("airtable", "add", base=SALES, table="Comenzi", fields=cells)["id"])


def rows(sandbox: Any) -> dict[str, dict[str, Any]]:
    return {one["id"]: one["fields"] for one in sandbox.simulator("airtable").rows("Comenzi")}


def both(table: str, **other: Any) -> dict[str, Any]:
    return wish(table, mode="bidirectional", **other)


NUMBER, TOTAL = "Număr Comandă", "Sumă Totală"


def test_both_ways_joins_what_is_the_same_and_makes_what_is_missing(program, romanian, order, sandbox):
    known = add(sandbox, **{NUMBER: "ORD-1", "Email Client": "ana@example.com", TOTAL: 150})
    new = add(sandbox, **{NUMBER: "ORD-2", "Email Client": "ion@example.com", TOTAL: 20})
    answer = post(program, SYNC, both(romanian, match_on=["order_number"]))
    assert (answer.status_code, answer.json()["runs"][0]["kind"]) == (202, "full")
    drain()
    mapping = mapping_in(romanian)
    assert (mapping.direction, mapping.first, mapping.match_on) == ("both", "ask", ["order_number"])
    assert set(Order.everywhere.values_list("order_number", flat=True)) == {"ORD-1", "ORD-2"}
    assert RecordLink.everywhere.get(target=mapping.pk, record_id=order.pk).remote_id == known
    assert rows(sandbox).keys() == {known, new}, "nothing is doubled"
    assert rows(sandbox)[new]["Hub ID"] == str(Order.everywhere.get(order_number="ORD-2").pk)
    assert not Conflict.everywhere.exists()


def test_where_both_have_another_value_nothing_is_overwritten_unless_it_is_said(program, romanian, order, sandbox):
    known = add(sandbox, **{NUMBER: "ORD-1", "Email Client": "ana@example.com", TOTAL: 99})
    post(program, SYNC, both(romanian, match_on=["order_number"]))
    drain()
    order.refresh_from_db()
    assert (order.total, rows(sandbox)[known][TOTAL]) == (150, 99)
    assert Conflict.everywhere.get(settled_at=None).field == "total"
    assert post(program, SYNC, both(romanian, match_on=["order_number"], first="hub_wins")).status_code == 202


def test_the_best_key_is_taken_where_none_is_said(program, romanian):
    assert post(program, SYNC, both(romanian)).status_code == 202
    assert mapping_in(romanian).match_on == ["order_number"]
    post(program, SYNC, both(romanian, match_on=[]))
    assert mapping_in(romanian).match_on == []
    post(program, SYNC, both(romanian, minutes=5))
    assert mapping_in(romanian).match_on == [], "what is left out stays"


def test_pulling_reads_and_writes_nothing(program, romanian, order, sandbox):
    add(sandbox, **{NUMBER: "ORD-2", "Email Client": "ion@example.com", TOTAL: 20})
    before = rows(sandbox)
    assert post(program, SYNC, wish(romanian, mode="pull")).status_code == 202
    drain()
    assert Order.everywhere.get(order_number="ORD-2").customer.email == "ion@example.com"
    assert rows(sandbox) == before
    mapping = mapping_in(romanian)
    assert (mapping.direction, mapping.first, mapping.merge_on) == ("pull", "provider_wins", "")
    orders.update(order, {"notes": "changed here"})
    drain()
    assert rows(sandbox) == before


def test_a_preview_writes_nothing_until_it_is_applied(program, romanian, order, sandbox):
    add(sandbox, **{NUMBER: "ORD-2", "Email Client": "ion@example.com", TOTAL: 20})
    answer = post(program, SYNC, both(romanian, preview=True)).json()
    assert answer["runs"][0]["kind"] == "preview"
    again = post(program, SYNC, both(romanian, preview=True)).json()
    assert again["address"] == answer["address"], "it is being planned"
    drain()
    mapping = mapping_in(romanian)
    assert mapping.waits and Order.everywhere.count() == 1 and len(rows(sandbox)) == 1
    assert program.get(answer["address"]).json()["state"] == "planned"
    planned = dict(PlanRow.everywhere.values_list("title", "what"))
    assert planned == {"ORD-1": "create_there", "ORD-2": "create_here"}
    answer = post(program, SYNC, both(romanian))  # a program that knows what it does
    assert answer.json()["runs"][0]["kind"] == "full"
    drain()
    assert (mapping_in(romanian).waits, Order.everywhere.count(), len(rows(sandbox))) == (False, 2, 2)


def test_a_preview_of_what_runs_already_changes_nothing_of_it(program, romanian):
    post(program, SYNC, wish(romanian))
    SyncRun.everywhere.update(state="done")
    before = mapping_in(romanian)
    answer = post(program, SYNC, wish(romanian, preview=True))
    assert answer.json()["runs"][0]["kind"] == "preview"
    assert (mapping_in(romanian).version, mapping_in(romanian).waits) == (before.version, False)


def test_the_same_body_again_changes_nothing(program, romanian):
    body = both(
        romanian, policy="newest_wins", on_remote_delete="cancel", directions={"total": "push"}, makes_here=False
    )
    first = post(program, SYNC, body).json()
    assert post(program, SYNC, body).json() == first
    mapping = mapping_in(romanian)
    assert (mapping.version, mapping.policy, mapping.on_remote_delete, mapping.makes_here) == (
        1,
        "newest_wins",
        "cancel",
        False,
    )
    assert dict(mapping.fields.values_list("ours", "direction"))["total"] == "push"
    assert AuditEvent.everywhere.filter(action="mapping.changed").count() == 0


def test_turning_it_leaves_out_what_has_no_part_in_it(program, connected, sandbox):
    """A mapping of everything, turned to reading: what the hub makes itself stays out, unless it was named."""
    body = {"base_id": SALES, "table_id": "Orders", "data_type": "orders", "mode": "pull"}
    assert "items" in Mapping.everywhere.get().fields.values_list("ours", flat=True)
    assert post(program, SYNC, body).status_code == 202
    assert "items" not in Mapping.everywhere.get().fields.values_list("ours", flat=True)
    named = {**body, "field_mapping": {"items": "Items"}}
    errors = problem(post(program, SYNC, named), 400)["errors"]
    assert "can only be written" in errors["field_mapping.items"][0]


def test_a_computed_field_is_only_read(program, romanian, sandbox):
    options = {"formula": "{Sumă Totală}*2", "isValid": True, "result": {"type": "number"}}
    made = {"name": "Calculat", "type": "formula", "options": options}
    sandbox.control("airtable", "add_field", base=SALES, table="Comenzi", **made)
    names = {"order_number": NUMBER, "total": "Calculat"}
    errors = problem(post(program, SYNC, wish(romanian, field_mapping=names)), 400)["errors"]
    assert "computed over there" in errors["field_mapping.total"][0]
    answer = post(program, SYNC, both(romanian, field_mapping=names))
    assert answer.status_code == 202, answer.content
    assert mapping_in(romanian).fields.get(ours="total").direction == "pull"


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"mode": "sideways"}, "mode", "push, pull, bidirectional"),
        ({"policy": "mine"}, "policy", "ask, hub_wins, provider_wins, newest_wins"),
        ({"first": 5}, "first", "quotes"),
        ({"on_remote_delete": "burn"}, "on_remote_delete", "ignore, cancel, delete"),
        ({"match_on": "order_number"}, "match_on", "list"),
        ({"match_on": ["colour"]}, "match_on.colour", "order_number, customer_name"),
        ({"match_on": ["total"]}, "match_on", "There are: order_number."),
        ({"directions": {"total": "up"}}, "directions.total", "push, pull, both"),
        ({"directions": {"colour": "push"}}, "directions.colour", "order_number"),
        ({"mode": "push", "directions": {"total": "pull"}}, "field_mapping.total", "neither way"),
        ({"makes_here": "yes"}, "makes_here", "true or false"),
        ({"preview": 1}, "preview", "true or false"),
    ],
)
def test_what_is_wrong_is_400_by_field_and_changes_nothing(program, romanian, change, field, says):
    before = Mapping.everywhere.count()
    errors = problem(post(program, SYNC, {**both(romanian), **change}), 400)["errors"]
    assert says in " ".join(errors[field]), errors
    assert Mapping.everywhere.count() == before


def test_records_that_cannot_be_read_only_go_out(program, romanian, monkeypatch):
    deaf = replace(registry.record_type("order_item"), save=None)
    monkeypatch.setitem(registry._record_types, "order_item", deaf)
    asked = {**both(romanian), "data_type": "order_items", "field_mapping": {"description": NUMBER}}
    assert "never read" in " ".join(problem(post(program, SYNC, asked), 400)["errors"]["mode"])


def test_beginning_what_waits_needs_admin(company, program, romanian):
    writer = client_of(tokens.issue(company, "writer", ["read", "write"])[1])
    post(program, SYNC, both(romanian, preview=True))
    assert post(writer, SYNC, both(romanian, preview=True)).status_code == 202
    problem(post(writer, SYNC, both(romanian)), 403)
    assert mapping_in(romanian).waits
    assert json.dumps(mapping_in(romanian).match_on) == '["order_number"]'
