"""Setting up and starting a sync over the API: the specification's body, names as people write them, the same twice."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from integration_hub.companies import tokens
from integration_hub.connections.models import Discovery
from integration_hub.http import clock
from integration_hub.http.models import IntegrationMetric
from integration_hub.notices.models import AuditEvent
from integration_hub.records.services import customers, orders
from integration_hub.sync import lanes, worker
from integration_hub.sync.models import FieldMapping, Mapping, Schedule, SyncRun
from providers.airtable.api import wishes
from providers.airtable.api.finding import BELIEVED
from providers.airtable.tests.api.conftest import (
    EVENTS,
    ROOT,
    SALES,
    client_of,
    connect,
    fields_of,
    make_table,
    post,
    problem,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]
SYNC = f"{ROOT}/sync"
# The specification's body, word for word but for the ids, which are those of the base at hand.
VERBATIM = """
{"base_id": "%s", "table_id": "%s", "mode": "push", "data_type": "orders",
 "field_mapping": {"order_number": "Număr Comandă", "customer_email": "Email Client", "total": "Sumă Totală"}}
"""


def wish(table, **other):
    return {**json.loads(VERBATIM % (SALES, table)), **other}


def mapping_in(table):
    return next(one for one in Mapping.everywhere.filter(retired_at=None) if one.place["table"] == table)


def pairs(mapping):
    return dict(mapping.fields.values_list("ours", "remote_label"))


def grow_old():
    Discovery.everywhere.update(found_at=clock.now() - BELIEVED * 2)


def audited(action):
    return AuditEvent.everywhere.filter(action=action).count()


@pytest.fixture
def order(company):
    ana = customers.create(company, {"name": "Ana Pop", "email": "ana@example.com"})
    items = [{"description": "Seat", "quantity": 1, "unit_price": "150.00"}]
    return orders.create(
        company, {"order_number": "ORD-2025-001", "customer": ana.pk, "currency": "RON", "items": items}
    )


def test_the_specifications_body_brings_orders_over(program, romanian, order, sandbox):
    answer = post(program, SYNC, VERBATIM % (SALES, romanian))
    assert answer.status_code == 202
    body = answer.json()
    (run,) = body["runs"]
    assert answer["Location"] == body["address"] == run["address"]
    assert (run["record_type"], run["target"], run["state"], run["total"]) == ("order", "Comenzi", "running", 1)
    lanes.repair()
    worker.drain(20)
    assert program.get(body["address"]).json()["state"] == "done"
    (row,) = [record["fields"] for record in sandbox.simulator("airtable").rows("Comenzi")]
    assert row == {
        "Număr Comandă": "ORD-2025-001",
        "Email Client": "ana@example.com",
        "Sumă Totală": 150,
        "Hub ID": str(order.pk),
    }
    assert IntegrationMetric.everywhere.filter(action="create_field").count() == 1


def test_fields_are_kept_by_id_so_that_a_rename_breaks_nothing(program, romanian, order, sandbox):
    post(program, SYNC, wish(romanian))
    ids = fields_of(program, "Comenzi")
    mapping = mapping_in(romanian)
    assert dict(mapping.fields.values_list("ours", "remote_id")) == {
        "order_number": ids["Număr Comandă"],
        "customer_email": ids["Email Client"],
        "total": ids["Sumă Totală"],
    }
    assert mapping.merge_on == ids["Hub ID"]
    next(one for one in sandbox.simulator("airtable").state.bases[0].tables if one.id == romanian).fields[
        2
    ].name = "Total"
    lanes.repair()
    worker.drain(20)
    (row,) = [record["fields"] for record in sandbox.simulator("airtable").rows("Comenzi")]
    assert row["Total"] == 150


def test_the_same_body_again_changes_nothing_and_runs_the_same_mapping(program, romanian, order):
    first = post(program, SYNC, wish(romanian)).json()
    again = post(program, SYNC, wish(romanian))
    assert (again.status_code, again.json()) == (202, first)  # the first run goes on
    SyncRun.everywhere.update(state="done")
    third = post(program, SYNC, wish(romanian)).json()
    assert third["address"] != first["address"]
    assert third["runs"][0]["mapping"] == first["runs"][0]["mapping"]
    assert (audited("mapping.created"), audited("mapping.changed")) == (1, 0)
    assert mapping_in(romanian).version == 1


def test_the_same_wish_from_four_at_once_is_one_mapping(api_token, program, romanian, order):
    program.get(f"{ROOT}/bases/{SALES}/tables?refresh=1")
    post(program, f"{ROOT}/bases/{SALES}/tables/{romanian}/fields", {"name": "Hub ID", "type": "singleLineText"})

    def ask(_number):
        try:
            return post(client_of(api_token[1]), SYNC, wish(romanian))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert [answer.status_code for answer in answers] == [202] * 4
    assert len({answer.json()["address"] for answer in answers}) == 1
    assert Mapping.everywhere.filter(place__table=romanian).count() == 1


def test_names_are_found_whatever_their_accents_and_case(program, romanian):
    names = {"Order Number": "numar comanda", "customer e-mail": "EMAIL CLIENT", "TOTAL": "sumă totală"}
    body = wish("comenzi", base_id="demo sales", data_type="Order", field_mapping=names)
    assert post(program, SYNC, body).status_code == 202
    assert pairs(mapping_in(romanian)) == {
        "order_number": "Număr Comandă",
        "customer_email": "Email Client",
        "total": "Sumă Totală",
    }
    before = Mapping.everywhere.count()
    assert post(program, SYNC, wish(romanian)).status_code == 202  # the same, in other words
    assert (Mapping.everywhere.count(), audited("mapping.changed")) == (before, 0)


def test_names_go_by_id_and_by_labels_in_the_callers_language(program, romanian, monkeypatch):
    monkeypatch.setattr(wishes, "_", lambda text: {"Order number": "Număr de comandă"}.get(text, text))
    ids = fields_of(program, "Comenzi", query="?refresh=1")
    names = {"numar de comanda": ids["Număr Comandă"], "Total": ids["Sumă Totală"]}
    assert post(program, SYNC, wish(romanian, field_mapping=names)).status_code == 202
    assert pairs(mapping_in(romanian)) == {"order_number": "Număr Comandă", "total": "Sumă Totală"}


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("orders", "order"),
        ("order", "order"),
        ("Orders", "order"),
        ("order_items", "order_item"),
        ("order item", "order_item"),
        ("tickets", "ticket"),
        ("customers", "customer"),
        ("events", "event"),
        ("appointments", "appointment"),
        ("branches", "branch"),
        ("staff", "staff"),
    ],
)
def test_kinds_of_records_go_by_one_or_many(program, connected, sandbox, word, key):
    table = make_table(sandbox, "Tabel", [{"name": "Nume", "type": "singleLineText"}])
    ours = {"order": "order_number", "order_item": "description", "ticket": "participant_name", "event": "title",
            "appointment": "title"}.get(key, "name")  # fmt: skip
    answer = post(program, SYNC, wish(table, data_type=word, field_mapping={ours: "Nume"}))
    assert answer.status_code == 202, answer.content
    assert mapping_in(table).record_type == key


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"mode": "sideways"}, "mode", "push, pull"),
        ({"data_type": "invoices"}, "data_type", "order, order_item"),
        ({"data_type": 5}, "data_type", "quotes"),
        ({"base_id": None}, "base_id", "null"),
        ({"table_id": ""}, "table_id", "blank"),
        ({"field_mapping": {}}, "field_mapping", "empty"),
        ({"field_mapping": []}, "field_mapping", "dictionary"),
        ({"field_mapping": {"total": 5}}, "field_mapping.total", "quotes"),
        ({"field_mapping": {"colour": "Sumă Totală"}}, "field_mapping.colour", "order_number, customer_name"),
        ({"field_mapping": {"total": "Culoare"}}, "field_mapping.total", "Număr Comandă, Email Client"),
        ({"field_mapping": {"placed_at": "Sumă Totală"}}, "field_mapping.placed_at", "does not take"),
        ({"field_mapping": {"total": "Sumă Totală", "notes": "sumă totală"}}, "field_mapping.notes", "taken"),
        ({"write_modes": {"total": "sometimes"}}, "write_modes.total", "always, if_empty"),
        ({"write_modes": {"colour": "always"}}, "write_modes.colour", "order_number"),
        ({"filter": [{"field": "colour", "op": "is", "value": "red"}]}, "filter", "Condition 1"),
        ({"filter": {}}, "filter", "list"),
        ({"minutes": 0}, "minutes", "1"),
        ({"minutes": "15"}, "minutes", "whole number"),
        ({"create_choices": "yes"}, "create_choices", "true or false"),
        ({"colour": "red"}, "colour", "unknown"),
    ],
)
def test_what_is_wrong_is_400_by_field_and_changes_nothing(program, romanian, sandbox, change, field, says):
    before = Mapping.everywhere.count()
    errors = problem(post(program, SYNC, wish(romanian, **change)), 400)["errors"]
    assert says in " ".join(errors[field])
    assert Mapping.everywhere.count() == before
    assert FieldMapping.objects.filter(mapping__place__table=romanian).count() == 0
    assert not IntegrationMetric.everywhere.filter(action="create_field").exists()


def test_every_unknown_name_is_told_at_once(program, romanian):
    names = {"colour": "Sumă Totală", "total": "Culoare", "order_number": "Număr Comandă"}
    errors = problem(post(program, SYNC, wish(romanian, field_mapping=names)), 400)["errors"]
    assert set(errors) == {"field_mapping.colour", "field_mapping.total"}


def test_a_body_needs_where_and_what(program, connected):
    errors = problem(post(program, SYNC, {"mode": "push"}), 400)["errors"]
    assert set(errors) == {"base_id", "table_id", "data_type"}
    for body in ("{", "[]", '"push"', '{"mode": "push", "mode": "pull"}', '{"data_type": "\\ud800"}'):
        problem(post(program, SYNC, body), 400)


def test_a_base_or_table_that_is_not_there_is_400_and_names_those_there_are(program, romanian):
    errors = problem(post(program, SYNC, wish(romanian, base_id="appNowhere0000001")), 400)["errors"]
    assert "Demo sales" in errors["base_id"][0]
    errors = problem(post(program, SYNC, wish("tblNowhere0000001")), 400)["errors"]
    assert "Comenzi" in errors["table_id"][0]


def test_another_wish_changes_the_same_mapping(program, romanian, order):
    first = post(program, SYNC, wish(romanian)).json()["runs"][0]
    names = {"order_number": "Număr Comandă", "total": "Sumă Totală"}
    options = {
        "field_mapping": names,
        "write_modes": {"total": "if_empty"},
        "filter": [{"field": "status", "op": "is", "value": "Pending"}],
        "create_choices": True,
        "live": False,
        "minutes": 240,
    }
    second = post(program, SYNC, wish(romanian, **options)).json()["runs"][0]
    assert second["mapping"] == first["mapping"]
    assert second["id"] != first["id"]  # everything is looked at once more
    mapping = mapping_in(romanian)
    assert pairs(mapping) == {"order_number": "Număr Comandă", "total": "Sumă Totală"}
    assert mapping.fields.get(ours="total").write_mode == "if_empty"
    assert (mapping.filter, mapping.create_choices, mapping.is_live) == (options["filter"], True, False)
    assert Schedule.everywhere.get(mapping=mapping).minutes == 240
    post(program, SYNC, wish(romanian, **options))
    assert audited("mapping.changed") == 1


def test_what_is_left_out_stays(program, romanian):
    post(program, SYNC, wish(romanian, minutes=None, live=False, write_modes={"total": "if_new"}))
    body = wish(romanian)
    del body["field_mapping"]
    assert post(program, SYNC, body).status_code == 202
    mapping = mapping_in(romanian)
    assert len(pairs(mapping)) == 3
    assert mapping.fields.get(ours="total").write_mode == "if_new"
    assert (mapping.is_live, Schedule.everywhere.get(mapping=mapping).is_active) == (False, False)
    assert audited("mapping.changed") == 0


def test_without_a_field_mapping_fields_are_matched_by_name(program, romanian):
    body = wish(romanian)
    del body["field_mapping"]
    assert post(program, SYNC, body).status_code == 202
    assert pairs(mapping_in(romanian)) == {
        "order_number": "Număr Comandă",
        "customer_email": "Email Client",
        "total": "Sumă Totală",
    }


def test_the_ready_mapping_is_the_mapping_of_its_table(program, connected):
    ready = Mapping.everywhere.get()
    body = wish("Orders", field_mapping={"order_number": "Order number", "total": "Total"})
    assert post(program, SYNC, body).json()["runs"][0]["mapping"] == str(ready.pk)
    assert Mapping.everywhere.count() == 1


def test_one_table_takes_two_kinds_and_one_kind_two_tables(program, romanian):
    post(program, SYNC, wish(romanian))
    names = {"name": "Număr Comandă", "email": "Email Client"}
    assert post(program, SYNC, wish(romanian, data_type="customers", field_mapping=names)).status_code == 202
    kinds = Mapping.everywhere.filter(place__table=romanian).values_list("record_type", flat=True)
    assert set(kinds) == {"order", "customer"}
    assert Mapping.everywhere.filter(record_type="order", retired_at=None).count() == 2


def test_a_field_that_came_meanwhile_is_found(program, romanian, sandbox):
    program.get(f"{ROOT}/bases/{SALES}/tables?refresh=1")
    table = next(one for one in sandbox.simulator("airtable").state.bases[0].tables if one.id == romanian)
    table.fields[2].name = "Total"
    body = wish(romanian, field_mapping={"total": "Total", "order_number": "Număr Comandă"})
    problem(post(program, SYNC, body), 400)  # the list is a few seconds old and believed
    grow_old()
    assert post(program, SYNC, body).status_code == 202


def test_a_key_that_may_not_make_the_hub_id_is_told_what_to_do(program, romanian, sandbox):
    sandbox.control("airtable", "revoke_scope", scope="schema.bases:write")
    before = Mapping.everywhere.count()
    assert problem(post(program, SYNC, wish(romanian)), 422)["detail"]
    assert Mapping.everywhere.count() == before
    table = next(one for one in sandbox.simulator("airtable").state.bases[0].tables if one.id == romanian)
    assert "Hub ID" not in [field.name for field in table.fields]


def test_an_empty_body_syncs_everything_that_is_set_up(program, connected):
    SyncRun.everywhere.update(state="done")
    for answer in (program.post(SYNC, content_type="application/json"), post(program, SYNC, {})):
        assert answer.status_code == 202
        assert [run["record_type"] for run in answer.json()["runs"]] == ["order"]
        assert answer["Location"] == answer.json()["address"]


def test_an_empty_body_where_nothing_is_set_up_says_why(program, company, sandbox):
    sandbox.simulator("airtable").state.bases[0].tables.clear()
    connect(company, sandbox)
    assert "Orders" in problem(post(program, SYNC, {}), 409)["detail"]


def test_what_is_not_connected_is_409(program, company, sandbox):
    problem(post(program, SYNC, {}), 409)
    problem(post(program, SYNC, wish("tblX")), 409)


def test_changing_what_is_set_up_needs_admin_running_it_needs_write(company, program, romanian, bob, alice):
    writer = client_of(tokens.issue(company, "writer", ["read", "write"])[1])
    assert "“admin”" in problem(post(writer, SYNC, wish(romanian)), 403)["detail"]
    assert post(writer, SYNC, {}).status_code == 202
    assert post(program, SYNC, wish(romanian)).status_code == 202
    assert post(writer, SYNC, wish(romanian)).status_code == 202
    problem(post(writer, SYNC, wish(romanian, minutes=5)), 403)
    staff, admin = Client(), Client()
    staff.force_login(bob)
    admin.force_login(alice)
    problem(post(staff, SYNC, {}), 403)
    problem(post(staff, SYNC, wish(romanian)), 403)
    assert post(admin, SYNC, wish(romanian, minutes=5)).status_code == 202
    only_admin = client_of(tokens.issue(company, "only admin", ["admin"])[1])
    problem(post(only_admin, SYNC, wish(romanian)), 403)


def test_another_company_reaches_nothing_of_it(program, romanian, other_company, sandbox):
    post(program, SYNC, wish(romanian))
    theirs = client_of(tokens.issue(other_company, "theirs", ["read", "write", "admin"])[1])
    problem(post(theirs, SYNC, wish(romanian)), 409)
    connect(other_company, sandbox, "other_base")
    problem(post(theirs, SYNC, wish(romanian)), 400)
    body = wish("Contacts", base_id=EVENTS, data_type="customers", field_mapping={"name": "Name"})
    assert post(theirs, SYNC, body).status_code == 202
    mine = Mapping.everywhere.filter(company=other_company)
    assert [one.record_type for one in mine] == ["customer"]


def test_an_idempotency_key_starts_one_run(program, romanian):
    first, second = (post(program, SYNC, wish(romanian), **{"Idempotency-Key": "s1"}) for _ in "12")
    assert first.json() == second.json()
    assert (second["Idempotency-Replayed"], second["Location"]) == ("true", first["Location"])
