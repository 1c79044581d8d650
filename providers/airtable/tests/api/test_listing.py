"""Bases and tables over the API: from what was discovered, asked for anew when that is old."""

from datetime import timedelta

import pytest
from django.test import Client

from integration_hub.companies import tokens
from integration_hub.connections import services
from integration_hub.connections.models import Connection, Discovery
from integration_hub.http import clock
from providers.airtable.tests.api.conftest import (
    EVENTS,
    ROOT,
    SALES,
    address,
    client_of,
    connect,
    fields_of,
    make_table,
    problem,
    table_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
TEXT = [{"name": "Name", "type": "singleLineText"}]


def asked(sandbox, ending):
    return [one for one in sandbox.requests("airtable") if one["path"].endswith(ending)]


def grow_old(**age):
    Discovery.everywhere.update(found_at=clock.now() - timedelta(**age))


def test_bases_are_listed_with_what_the_key_may_do_there(program, connected):
    answer = program.get(f"{ROOT}/bases")
    assert answer.status_code == 200
    body = answer.json()
    found_at = body.pop("found_at")
    assert found_at.endswith("Z")
    assert body == {
        "count": 2,
        "page": 1,
        "page_size": 50,
        "results": [
            {"id": SALES, "name": "Demo sales", "permission_level": "create"},
            {"id": EVENTS, "name": "Demo events", "permission_level": "create"},
        ],
        "error": "",
    }


def test_tables_are_listed_with_their_fields(program, connected):
    body = program.get(f"{ROOT}/bases/{SALES}/tables").json()
    (table,) = body["results"]
    assert set(table) == {"id", "name", "fields"}
    assert table["name"] == "Orders"
    fields = {field["name"]: field for field in table["fields"]}
    assert set(fields["Total"]) == {"id", "name", "type", "options"}
    assert (fields["Total"]["type"], fields["Total"]["options"]) == ("number", {"precision": 2})
    assert fields["Order number"]["options"] is None


def test_a_base_may_be_named(program, connected):
    for name in ("Demo events", "demo EVENTS", EVENTS):
        names = [one["name"] for one in program.get(address("bases", name, "tables")).json()["results"]]
        assert names == ["Contacts", "Programme"]


def test_what_is_fresh_is_not_asked_for_again(program, connected, sandbox):
    first = program.get(f"{ROOT}/bases/{SALES}/tables").json()
    before = len(asked(sandbox, "/tables"))
    assert program.get(f"{ROOT}/bases/{SALES}/tables").json() == first
    assert len(asked(sandbox, "/tables")) == before


def test_what_is_older_than_an_hour_is_renewed_first(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{SALES}/tables")
    make_table(sandbox, "Extra", TEXT)
    assert [one["name"] for one in program.get(f"{ROOT}/bases/{SALES}/tables").json()["results"]] == ["Orders"]
    grow_old(seconds=3601)
    names = [one["name"] for one in program.get(f"{ROOT}/bases/{SALES}/tables").json()["results"]]
    assert names == ["Orders", "Extra"]


def test_refresh_asks_now(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{SALES}/tables")
    make_table(sandbox, "Extra", TEXT)
    assert program.get(f"{ROOT}/bases/{SALES}/tables?refresh=0").json()["count"] == 1
    assert program.get(f"{ROOT}/bases/{SALES}/tables?refresh=1").json()["count"] == 2
    assert "refresh" in problem(program.get(f"{ROOT}/bases?refresh=yes"), 400)["errors"]


def test_lists_come_in_pages(program, connected, sandbox):
    for number in range(4):
        make_table(sandbox, f"T{number}", TEXT)
    body = program.get(f"{ROOT}/bases/{SALES}/tables?page=2&page_size=2&refresh=1").json()
    assert (body["count"], body["page"], body["page_size"]) == (5, 2, 2)
    assert [one["name"] for one in body["results"]] == ["T1", "T2"]
    problem(program.get(f"{ROOT}/bases/{SALES}/tables?page=9"), 404)
    problem(program.get(f"{ROOT}/bases/{SALES}/tables?page_size=201"), 400)
    problem(program.get(f"{ROOT}/bases/{SALES}/tables?after=x"), 400)


def test_a_base_with_500_tables_and_a_table_with_500_fields(program, connected, sandbox):
    for number in range(500):
        make_table(sandbox, f"Table {number}", TEXT)
    make_table(sandbox, "Wide", [{"name": f"Field {number}", "type": "singleLineText"} for number in range(500)])
    body = program.get(f"{ROOT}/bases/{SALES}/tables?page=3&page_size=200&refresh=1").json()
    assert (body["count"], len(body["results"])) == (502, 102)
    assert len(body["results"][-1]["fields"]) == 500


def test_an_unknown_base_is_404_and_names_those_there_are(program, connected):
    said = problem(program.get(f"{ROOT}/bases/appNowhere0000001/tables"), 404)["detail"]
    assert "appNowhere0000001" in said
    assert f"Demo sales ({SALES})" in said


def test_a_base_that_is_new_is_found_although_the_list_is_fresh(program, connected, sandbox):
    program.get(f"{ROOT}/bases")
    sandbox.simulator("airtable").state.bases[1].name = "Spectacole 🎭 / 2027"
    problem(program.get(address("bases", "Spectacole 🎭 / 2027", "tables")), 404)  # the list is some seconds old
    grow_old(seconds=90)
    assert program.get(address("bases", EVENTS, "tables")).status_code == 200
    assert program.get(f"{ROOT}/bases?refresh=1").json()["results"][1]["name"] == "Spectacole 🎭 / 2027"


def test_names_of_bases_need_no_slash_rule(program, connected, sandbox):
    """A base whose name holds a slash is addressed by its id; the address with the name is no other address."""
    sandbox.simulator("airtable").state.bases[1].name = "A/B"
    assert program.get(f"{ROOT}/bases?refresh=1").json()["results"][1]["name"] == "A/B"
    problem(program.get(address("bases", "A/B", "tables")), 404)


def test_airtable_in_trouble_leaves_what_was_known(program, connected, sandbox):
    known = program.get(f"{ROOT}/bases").json()
    grow_old(hours=2)
    sandbox.fault("airtable", status=500, count=9)
    body = program.get(f"{ROOT}/bases").json()
    assert body["results"] == known["results"]
    assert body["error"]
    assert "minute" in problem(program.get(f"{ROOT}/bases?refresh=1"), 502)["detail"]


def test_nothing_known_and_airtable_in_trouble_is_502(program, connected, sandbox):
    Discovery.everywhere.all().delete()
    sandbox.fault("airtable", status=503, count=9)
    problem(program.get(f"{ROOT}/bases"), 502)


def test_a_busy_airtable_is_503_with_a_time(program, connected, sandbox):
    sandbox.fault("airtable", status=429, count=9)
    answer = program.get(f"{ROOT}/bases?refresh=1")
    assert "nothing was done" in problem(answer, 503)["detail"]
    assert int(answer["Retry-After"]) >= 30


def test_a_refused_key_is_409_and_noted(program, connected, sandbox):
    sandbox.control("airtable", "expire_token")
    assert "token" in problem(program.get(f"{ROOT}/bases?refresh=1"), 409)["detail"]
    connected.refresh_from_db()
    assert connected.status == "needs_reconnect"
    assert "Connect it again" in problem(program.get(f"{ROOT}/bases"), 409)["detail"]


def test_what_is_not_connected_or_paused_is_409(program, company, sandbox):
    assert "not connected" in problem(program.get(f"{ROOT}/bases"), 409)["detail"]
    services.pause(connect(company, sandbox), actor="alice")
    assert "paused" in problem(program.get(f"{ROOT}/bases"), 409)["detail"]


def test_reading_needs_the_scope_read(company, connected, bob):
    reader = client_of(tokens.issue(company, "reader", ["read"])[1])
    writer = client_of(tokens.issue(company, "writer", ["write", "admin"])[1])
    staff = Client()
    staff.force_login(bob)
    for path in (f"{ROOT}/bases", f"{ROOT}/bases/{SALES}/tables"):
        assert reader.get(path).status_code == 200
        assert staff.get(path).status_code == 200
        problem(writer.get(path), 403)
        problem(Client().get(path), 401)


def test_another_companys_connection_cannot_be_reached(program, connected, other_company, sandbox):
    program.get(f"{ROOT}/bases/{SALES}/tables")
    theirs = client_of(tokens.issue(other_company, "theirs", ["read", "write", "admin"])[1])
    for path in (f"{ROOT}/bases", f"{ROOT}/bases/{SALES}/tables"):
        assert "not connected" in problem(theirs.get(path), 409)["detail"]
    connect(other_company, sandbox, "other_base")  # a key that sees one base only
    assert [one["id"] for one in theirs.get(f"{ROOT}/bases").json()["results"]] == [EVENTS]
    problem(theirs.get(f"{ROOT}/bases/{SALES}/tables"), 404)
    assert Connection.everywhere.count() == 2


def test_hebrew_arabic_and_long_names(program, connected, sandbox):
    names = ["הזמנות", "الطلبات", "x" * 200, '"Comenzi" \'25']
    for name in names:
        make_table(sandbox, name, [{"name": name, "type": "singleLineText"}])
    listed = program.get(f"{ROOT}/bases/{SALES}/tables?refresh=1").json()["results"]
    assert [one["name"] for one in listed][1:] == names
    assert fields_of(program, "הזמנות") == {"הזמנות": table_of(program, "הזמנות")["fields"][0]["id"]}
