"""Making tables and fields over the API, and renaming fields."""

import pytest
from django.test import Client

from integration_hub.companies import tokens
from integration_hub.connections.models import FoundResource
from providers.airtable.tests.api.conftest import (
    EVENTS,
    ROOT,
    SALES,
    address,
    client_of,
    connect,
    fields_of,
    make_table,
    patch,
    post,
    problem,
    table_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
COMENZI = {
    "name": "Comenzi",
    "description": "Din hub",
    "fields": [
        {"name": "Număr Comandă", "type": "singleLineText", "description": "Unic"},
        {"name": "Sumă Totală", "type": "currency", "options": {"precision": 2, "symbol": "lei"}},
        {"name": "Stare", "type": "singleSelect", "options": {"choices": [{"name": "Nouă"}, {"name": "Plătită"}]}},
    ],
}
TABLES = f"{ROOT}/bases/{SALES}/tables"


def there(sandbox, name, base=0):
    """The table over there."""
    return next((one for one in sandbox.simulator("airtable").state.bases[base].tables if one.name == name), None)


def test_a_table_is_made_and_known_at_once(program, connected, sandbox):
    program.get(TABLES)
    answer = post(program, TABLES, COMENZI)
    assert answer.status_code == 201
    table = answer.json()
    made = there(sandbox, "Comenzi")
    assert (table["id"], table["name"]) == (made.id, "Comenzi")
    assert [field["name"] for field in table["fields"]] == ["Număr Comandă", "Sumă Totală", "Stare"]
    assert table["fields"][1]["options"] == {"precision": 2, "symbol": "lei"}
    assert table_of(program, "Comenzi") == table
    assert made.description == "Din hub"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fields": COMENZI["fields"]}, "name"),
        ({"name": "", "fields": COMENZI["fields"]}, "name"),
        ({"name": "x" * 256, "fields": COMENZI["fields"]}, "name"),
        ({"name": "T"}, "fields"),
        ({"name": "T", "fields": []}, "fields"),
        ({"name": "T", "fields": [{"name": "A"}]}, "fields.0.type"),
        ({"name": "T", "fields": [{"name": "A", "type": "formula"}]}, "fields.0.type"),
        ({"name": "T", "fields": [{"name": "A", "type": "colour"}]}, "fields.0.type"),
        ({"name": "T", "fields": [{"name": "A", "type": "number", "options": 5}]}, "fields.0.options"),
        ({"name": "T", "fields": COMENZI["fields"], "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_table_is_400_by_field_before_airtable_is_asked(program, connected, sandbox, body, field):
    before = len(sandbox.requests("airtable"))
    assert field in problem(post(program, TABLES, body), 400)["errors"]
    assert len(sandbox.requests("airtable")) == before


def test_a_name_that_is_taken_is_refused_with_the_remedy(program, connected):
    said = problem(post(program, TABLES, {**COMENZI, "name": "orders"}), 422)
    assert "another name" in said["detail"]
    assert said["type"].endswith("/provider-refused")


def test_texts_that_no_text_can_hold_are_refused(program, connected, sandbox):
    for name in ('"a\\ud800"', '"a\\u0000b"'):
        body = '{"name": ' + name + ', "fields": [{"name": "A", "type": "singleLineText"}]}'
        problem(post(program, TABLES, body), 400)
        body = '{"name": "T", "fields": [{"name": "A", "type": "singleSelect", "options": {"x": [' + name + "]}}]}"
        problem(post(program, TABLES, body), 400)
    problem(post(program, TABLES, "{"), 400)
    problem(post(program, TABLES, '["name"]'), 400)
    assert len(sandbox.simulator("airtable").state.bases[0].tables) == 1


def test_a_field_is_made_in_a_table_named_by_id_or_name(program, connected, sandbox):
    field = {"name": "Sumă Totală", "type": "currency", "options": {"precision": 2, "symbol": "lei"}}
    table = table_of(program, "Orders")["id"]
    answer = post(program, f"{TABLES}/{table}/fields", field)
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in field} == field
    assert fields_of(program, "Orders")["Sumă Totală"] == answer.json()["id"]
    assert post(program, address("Orders", "fields", of=TABLES), {"name": "B", "type": "email"}).status_code == 201
    assert "B" in [one.name for one in there(sandbox, "Orders").fields]


def test_a_field_is_made_at_the_address_without_the_base(program, connected, sandbox):
    table = table_of(program, "Orders")["id"]
    answer = post(program, f"{ROOT}/tables/{table}/fields", {"name": "Notă", "type": "multilineText"})
    assert answer.status_code == 201
    assert answer.json()["id"] in [one.id for one in there(sandbox, "Orders").fields]


def test_a_table_that_nobody_listed_needs_its_base(program, connected, sandbox):
    unknown = make_table(sandbox, "Extra", [{"name": "A", "type": "singleLineText"}], base=EVENTS)
    body = {"name": "B", "type": "email"}
    assert "bases/{baseId}" in problem(post(program, f"{ROOT}/tables/{unknown}/fields", body), 404)["detail"]
    assert post(program, f"{ROOT}/bases/{EVENTS}/tables/{unknown}/fields", body).status_code == 201
    assert post(program, f"{ROOT}/tables/{unknown}/fields", {**body, "name": "C"}).status_code == 201
    problem(post(program, f"{ROOT}/tables/{SALES}/fields", body), 404)
    problem(post(program, f"{ROOT}/tables/%00/fields", body), 404)


def test_a_link_shows_up_on_both_sides(program, connected, sandbox):
    contacts = table_of(program, "Contacts", EVENTS)["id"]
    made = there(sandbox, "Programme", 1).id
    body = {"name": "Speaker", "type": "multipleRecordLinks", "options": {"linkedTableId": contacts}}
    assert post(program, f"{ROOT}/bases/{EVENTS}/tables/{made}/fields", body).status_code == 201
    assert FoundResource.everywhere.filter(remote_id=made).exists()
    assert "Speaker" in fields_of(program, "Programme", EVENTS)


def test_a_field_is_renamed_at_both_addresses(program, connected, sandbox):
    table, fields = table_of(program, "Orders")["id"], fields_of(program, "Orders")
    answer = patch(program, f"{TABLES}/{table}/fields/{fields['Total']}", {"name": "Total / lei 🎟"})
    assert answer.status_code == 200
    assert answer.json() == {
        "id": fields["Total"],
        "name": "Total / lei 🎟",
        "type": "number",
        "options": {"precision": 2},
    }
    assert fields_of(program, "Orders")["Total / lei 🎟"] == fields["Total"]
    path = address("tables", table, "fields", "Total / lei 🎟")
    assert patch(program, path, {"name": "Sumă", "description": "Cu TVA"}).json()["name"] == "Sumă"
    field = next(one for one in there(sandbox, "Orders").fields if one.id == fields["Total"])
    assert (field.name, field.description) == ("Sumă", "Cu TVA")


@pytest.mark.parametrize("body", [{}, {"type": "email"}, {"options": {}}, {"name": ""}, {"name": 5}, []])
def test_nothing_but_name_and_description_of_a_field_changes(program, connected, body):
    table, fields = table_of(program, "Orders")["id"], fields_of(program, "Orders")
    problem(patch(program, f"{TABLES}/{table}/fields/{fields['Total']}", body), 400)


def test_what_is_not_there_is_404_and_names_what_is(program, connected):
    body = {"name": "A", "type": "email"}
    assert "Demo sales" in problem(post(program, f"{ROOT}/bases/appNo/tables", COMENZI), 404)["detail"]
    assert "Orders" in problem(post(program, f"{TABLES}/tblNo/fields", body), 404)["detail"]
    orders = table_of(program, "Orders")["id"]
    assert "Order number" in problem(patch(program, f"{TABLES}/{orders}/fields/fldNo", {"name": "A"}), 404)["detail"]
    problem(patch(program, f"{ROOT}/tables/{orders}/fields/fldNo", {"name": "A"}), 404)
    problem(post(program, f"{TABLES}/{orders}/fields/", body), 404)


def test_a_table_deleted_over_there_is_404(program, connected, sandbox):
    table = table_of(program, "Orders")["id"]
    sandbox.simulator("airtable").state.bases[0].tables.clear()
    problem(post(program, f"{TABLES}/{table}/fields", {"name": "A", "type": "email"}), 404)


def test_a_key_without_the_right_to_make_is_422_with_the_remedy(program, company, sandbox):
    connect(company, sandbox, "colleague")
    sandbox.control("airtable", "revoke_scope", scope="schema.bases:write", token="colleague")
    said = problem(post(program, TABLES, COMENZI), 422)["detail"]
    assert "may not" in said


def test_an_airtable_that_breaks_off_is_504_and_does_not_pretend(program, connected, sandbox):
    program.get(TABLES)
    sandbox.fault("airtable", status=500)
    said = problem(post(program, TABLES, COMENZI), 504)
    assert said["type"].endswith("/provider-unsure")
    assert "may have been" in said["detail"]


def test_a_busy_base_is_503_and_nothing_is_made(program, connected, sandbox):
    program.get(TABLES)
    sandbox.fault("airtable", status=429)
    answer = post(program, TABLES, COMENZI)
    problem(answer, 503)
    assert int(answer["Retry-After"]) >= 1
    assert there(sandbox, "Comenzi") is None


def test_an_idempotency_key_makes_one_table(program, connected, sandbox):
    first, second = (post(program, TABLES, COMENZI, **{"Idempotency-Key": "t1"}) for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert [one.name for one in sandbox.simulator("airtable").state.bases[0].tables] == ["Orders", "Comenzi"]


def test_making_needs_the_scope_admin_and_the_role_admin(company, connected, bob, alice):
    writer = client_of(tokens.issue(company, "writer", ["read", "write"])[1])
    staff, admin = Client(), Client()
    staff.force_login(bob)
    admin.force_login(alice)
    table, fields = table_of(writer, "Orders")["id"], fields_of(writer, "Orders")
    one = f"fields/{fields['Total']}"
    for client in (writer, staff):
        problem(post(client, TABLES, COMENZI), 403)
        problem(post(client, f"{TABLES}/{table}/fields", {"name": "A", "type": "email"}), 403)
        problem(post(client, f"{ROOT}/tables/{table}/fields", {"name": "A", "type": "email"}), 403)
        problem(patch(client, f"{TABLES}/{table}/{one}", {"name": "A"}), 403)
        problem(patch(client, f"{ROOT}/tables/{table}/{one}", {"name": "A"}), 403)
    assert post(admin, TABLES, COMENZI).status_code == 201


def test_another_company_neither_makes_nor_renames(program, connected, other_company, sandbox):
    table, fields = table_of(program, "Orders")["id"], fields_of(program, "Orders")
    theirs = client_of(tokens.issue(other_company, "theirs", ["read", "write", "admin"])[1])
    paths = [f"{TABLES}/{table}", f"{ROOT}/tables/{table}"]
    for path in paths:
        problem(post(theirs, f"{path}/fields", {"name": "A", "type": "email"}), 409)
        problem(patch(theirs, f"{path}/fields/{fields['Total']}", {"name": "A"}), 409)
    connect(other_company, sandbox, "other_base")
    for path in paths:
        problem(post(theirs, f"{path}/fields", {"name": "A", "type": "email"}), 404)
        problem(patch(theirs, f"{path}/fields/{fields['Total']}", {"name": "A"}), 404)
    assert "Total" in [one.name for one in there(sandbox, "Orders").fields]
