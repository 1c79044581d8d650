"""One row made over the API: by name or id, checked against the table, honest where nobody knows."""

import pytest
from django.test import Client

from integration_hub.companies import tokens
from integration_hub.connections.models import Discovery
from integration_hub.http import clock
from providers.airtable.api.asking import SECONDS
from providers.airtable.api.finding import BELIEVED
from providers.airtable.tests.api.conftest import (
    EVENTS,
    ROOT,
    SALES,
    address,
    client_of,
    connect,
    fields_of,
    make_table,
    post,
    problem,
    table_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
# The specification's body, word for word.
VERBATIM = """
{"fields": {"Număr Comandă": "ORD-2025-001", "Email Client": "client@example.com", "Sumă Totală": 150.00}}
"""
CONTACTS = f"{ROOT}/bases/{EVENTS}/tables/Contacts/records"


def rows(sandbox, table, base=SALES):
    return [record["fields"] for record in sandbox.simulator("airtable").rows(table, base)]


def grow_old():
    Discovery.everywhere.update(found_at=clock.now() - BELIEVED * 2)


def test_the_specifications_body_becomes_a_row(program, romanian, sandbox):
    answer = post(program, f"{ROOT}/bases/{SALES}/tables/{romanian}/records", VERBATIM)
    assert answer.status_code == 201
    cells = {"Număr Comandă": "ORD-2025-001", "Email Client": "client@example.com", "Sumă Totală": 150}
    record = answer.json()
    assert set(record) == {"id", "createdTime", "fields"}
    assert record["id"].startswith("rec")
    assert record["fields"] == cells
    assert rows(sandbox, "Comenzi") == [cells]


def test_fields_go_by_id_too_and_by_names_without_accents(program, romanian, sandbox):
    ids = fields_of(program, "Comenzi", query="?refresh=1")
    body = {"fields": {ids["Număr Comandă"]: "A-1", "email client": "a@example.com"}}
    assert post(program, address("bases", "Demo sales", "tables", "comenzi", "records"), body).status_code == 201
    assert rows(sandbox, "Comenzi") == [{"Număr Comandă": "A-1", "Email Client": "a@example.com"}]


def test_a_table_may_have_any_name(program, connected, sandbox):
    for name in ("Comenzi / 2025 🎟", "a \"b\" 'c'", "הזמנות", "ș" * 200, "x/records", "fields/fields"):
        make_table(sandbox, name, [{"name": "A/B 🎭", "type": "singleLineText"}])
    program.get(f"{ROOT}/bases/{SALES}/tables?refresh=1")
    for name in ("Comenzi / 2025 🎟", "a \"b\" 'c'", "הזמנות", "ș" * 200, "x/records", "fields/fields"):
        answer = post(program, address("bases", SALES, "tables", name, "records"), {"fields": {"A/B 🎭": name}})
        assert answer.status_code == 201, answer.content
        assert rows(sandbox, name) == [{"A/B 🎭": name}]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"fields": {"Colour": "red"}}, "fields.Colour", "Name, E-mail, Phone"),
        ({"fields": {"Name": 5}}, "fields.Name", "text in quotes"),
        ({"fields": {"Rating": "5"}}, "fields.Rating", "without quotes|whole number"),
        ({"fields": {"Rating": 6}}, "fields.Rating", "1 to 5"),
        ({"fields": {"Rating": 0}}, "fields.Rating", "from 1"),
        ({"fields": {"Newsletter": "yes"}}, "fields.Newsletter", "true or false"),
        ({"fields": {"Interests": "Music"}}, "fields.Interests", "list"),
        ({"fields": {"Interests": ["Chess"]}}, "fields.Interests", "Music, Theatre"),
        ({"fields": {"Programme": ["Autumn concert"]}}, "fields.Programme", "record ids"),
        ({"fields": {"Number": 5}}, "fields.Number", "itself"),
        ({"fields": {"Label": "x"}}, "fields.Label", "itself"),
        ({"fields": {"Name": "A", "name": "B"}}, "fields.name", "twice"),
        ({"fields": {}}, "fields", "empty"),
        ({"fields": []}, "fields", "dictionary"),
        ({}, "fields", "required"),
        ({"fields": {"Name": "A"}, "typecast": "yes"}, "typecast", "true or false"),
        ({"fields": {"Name": "A"}, "records": []}, "records", "unknown"),
    ],
)
def test_what_does_not_fit_is_400_by_field_and_nothing_is_made(program, connected, sandbox, body, field, says):
    before = rows(sandbox, "Contacts", EVENTS)
    (sentence,) = problem(post(program, CONTACTS, body), 400)["errors"][field]
    assert any(one in sentence for one in says.split("|"))
    assert rows(sandbox, "Contacts", EVENTS) == before


def test_every_wrong_field_is_named(program, connected):
    errors = problem(post(program, CONTACTS, {"fields": {"Name": 5, "Rating": 9, "X": 1}}), 400)["errors"]
    assert set(errors) == {"fields.Name", "fields.Rating", "fields.X"}


@pytest.mark.parametrize("body", ["{", "", "[]", '"x"', '{"fields": {"Name": NaN}}', '{"fields": {"Name": "\\ud800"}}'])
def test_malformed_bodies_are_400(program, connected, body):
    problem(post(program, CONTACTS, body), 400)


def test_choices_go_by_name_whatever_their_case_and_are_made_with_typecast(program, connected, sandbox):
    assert post(program, CONTACTS, {"fields": {"Name": "A", "Interests": ["music"]}}).status_code == 201
    typecast = {"fields": {"Name": "B", "Interests": ["Chess"], "Rating": "4"}, "typecast": True}
    assert post(program, CONTACTS, typecast).status_code == 201
    assert [row.get("Interests") for row in rows(sandbox, "Contacts", EVENTS)[-2:]] == [["Music"], ["Chess"]]


def test_every_cell_a_program_may_write(program, connected, sandbox):
    guest = sandbox.simulator("airtable").rows("Contacts", EVENTS)[0]["id"]
    cells = {
        "Title": "Concert",
        "Day": "2026-12-01",
        "Starts at": "2026-12-01T18:00:00.000Z",
        "Length": 5400,
        "Price": 45.5,
        "Share sold": 0.25,
        "Notes": "Two\nlines",
        "Guests": [guest],
    }
    answer = post(program, f"{ROOT}/bases/{EVENTS}/tables/Programme/records", {"fields": cells})
    assert answer.status_code == 201, answer.content
    assert {name: answer.json()["fields"][name] for name in cells} == cells


def test_a_field_that_came_meanwhile_is_found(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{SALES}/tables")
    orders = next(table for table in sandbox.simulator("airtable").state.bases[0].tables if table.name == "Orders")
    next(field for field in orders.fields if field.name == "Customer").name = "Client"
    body = {"fields": {"Client": "Ana"}}
    path = f"{ROOT}/bases/{SALES}/tables/Orders/records"
    problem(post(program, path, body), 400)  # the list is a few seconds old and believed
    grow_old()
    assert post(program, path, body).json()["fields"] == {"Client": "Ana"}


def test_a_field_deleted_meanwhile_is_422_and_the_table_is_looked_at_again(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{SALES}/tables")
    grow_old()
    orders = next(table for table in sandbox.simulator("airtable").state.bases[0].tables if table.name == "Orders")
    orders.fields = [field for field in orders.fields if field.name != "Customer"]
    answer = post(program, f"{ROOT}/bases/{SALES}/tables/Orders/records", {"fields": {"Customer": "Ana"}})
    problem(answer, 422)
    assert Discovery.everywhere.get(within=SALES).asked_at is not None


def test_a_table_or_base_that_is_not_there_is_404(program, connected, sandbox):
    assert "Orders" in problem(post(program, f"{ROOT}/bases/{SALES}/tables/Nope/records", VERBATIM), 404)["detail"]
    problem(post(program, f"{ROOT}/bases/appNowhere0000001/tables/Orders/records", VERBATIM), 404)
    table = table_of(program, "Orders")
    sandbox.simulator("airtable").state.bases[0].tables.clear()
    grow_old()
    body = {"fields": {"Customer": "Ana"}}
    problem(post(program, f"{ROOT}/bases/{SALES}/tables/{table['id']}/records", body), 404)
    assert Discovery.everywhere.get(within=SALES).asked_at is not None


def test_a_timeout_is_504_and_says_that_it_may_have_been_made(program, connected, sandbox, monkeypatch):
    program.get(f"{ROOT}/bases/{EVENTS}/tables")
    monkeypatch.setattr("providers.airtable.api.asking.SECONDS", 0.3)
    sandbox.fault("airtable", latency=1.0)
    said = problem(post(program, CONTACTS, {"fields": {"Name": "Late"}}, **{"Idempotency-Key": "r1"}), 504)
    assert said["type"].endswith("/provider-unsure")
    assert "look there before you repeat" in said["detail"]


def test_a_row_made_before_the_connection_broke_is_not_denied(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{EVENTS}/tables")
    sandbox.fault("airtable", drop="after")
    problem(post(program, CONTACTS, {"fields": {"Name": "Made"}}), 504)
    assert rows(sandbox, "Contacts", EVENTS)[-1]["Name"] == "Made"


def test_programs_wait_ten_seconds_at_most():
    assert SECONDS == 10.0


def test_what_never_left_is_502(program, connected, monkeypatch):
    program.get(f"{ROOT}/bases/{EVENTS}/tables")
    monkeypatch.setenv("AIRTABLE_API_URL", "http://127.0.0.1:9")
    assert "minute" in problem(post(program, CONTACTS, {"fields": {"Name": "A"}}), 502)["detail"]


def test_a_busy_base_is_503(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{EVENTS}/tables")
    sandbox.fault("airtable", status=429)
    assert post(program, CONTACTS, {"fields": {"Name": "A"}})["Retry-After"] == "30"


def test_a_month_used_up_says_so(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{EVENTS}/tables")
    sandbox.control("airtable", "limits", quota=0)
    assert "month" in problem(post(program, CONTACTS, {"fields": {"Name": "A"}}), 503)["detail"]


def test_a_refused_key_is_409(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{EVENTS}/tables")
    sandbox.control("airtable", "expire_token")
    problem(post(program, CONTACTS, {"fields": {"Name": "A"}}), 409)
    connected.refresh_from_db()
    assert connected.status == "needs_reconnect"


def test_a_key_that_may_not_write_is_422(program, connected, sandbox):
    program.get(f"{ROOT}/bases/{EVENTS}/tables")
    sandbox.control("airtable", "revoke_scope", scope="data.records:write")
    assert "may not" in problem(post(program, CONTACTS, {"fields": {"Name": "A"}}), 422)["detail"]


def test_the_same_idempotency_key_makes_one_row(program, connected, sandbox):
    before = len(rows(sandbox, "Contacts", EVENTS))
    first, second = (post(program, CONTACTS, {"fields": {"Name": "A"}}, **{"Idempotency-Key": "r1"}) for _ in "12")
    assert first.json() == second.json()
    assert len(rows(sandbox, "Contacts", EVENTS)) == before + 1
    problem(post(program, CONTACTS, {"fields": {"Name": "B"}}, **{"Idempotency-Key": "r1"}), 422)


def test_the_scope_write_is_needed_and_enough(company, connected, bob, alice):
    reader = client_of(tokens.issue(company, "reader", ["read", "admin"])[1])
    writer = client_of(tokens.issue(company, "writer", ["write"])[1])
    staff, admin = Client(), Client()
    staff.force_login(bob)
    admin.force_login(alice)
    body = {"fields": {"Name": "A"}}
    assert "“write”" in problem(post(reader, CONTACTS, body), 403)["detail"]
    problem(post(staff, CONTACTS, body), 403)
    problem(post(Client(), CONTACTS, body), 401)
    assert post(writer, CONTACTS, body).status_code == 201
    assert post(admin, CONTACTS, body).status_code == 201


def test_another_company_makes_no_row(program, connected, other_company, sandbox):
    theirs = client_of(tokens.issue(other_company, "theirs", ["read", "write", "admin"])[1])
    path = f"{ROOT}/bases/{SALES}/tables/Orders/records"
    body = {"fields": {"Customer": "Ana"}}
    problem(post(theirs, path, body), 409)
    connect(other_company, sandbox, "other_base")
    problem(post(theirs, path, body), 404)
    assert rows(sandbox, "Orders") == []
