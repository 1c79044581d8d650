"""Tables and fields made for our records: what is ordered, and that nothing is made twice."""

from collections.abc import Callable
from typing import Any

import pytest
import responses

from integration_hub.contract import ConfigError, Field, RecordType, Resource, registry
from providers.airtable.building import HUB_ID_FIELD, missing_specs, table_of, table_specs
from providers.airtable.client import AirtableClient
from providers.airtable.schema import HUB_ID_SAYS, table_resource
from providers.airtable.sinks import RecordsSink
from providers.airtable.tests.conftest import BASE, TABLE, asked, order_type, payload, sent

Say = Callable[..., None]
SINK = RecordsSink()
TABLES = f"/meta/bases/{BASE}/tables"
FIELDS = f"{TABLES}/{TABLE}/fields"
CUSTOMERS: dict[str, Any] = {
    "id": "tblCustomers00001",
    "name": "Clienți",
    "fields": [{"id": "fldH", "name": "Hub ID", "type": "singleLineText"}],
}


def kinds(*pairs: tuple[str, str]) -> list[Field]:
    return [Field(name, name.title(), kind, ("A", "B") if kind == "choice" else ()) for name, kind in pairs]


def orders() -> Resource:
    return table_resource(BASE, payload("tables")["tables"][1])


def test_a_table_of_orders_is_ready_for_kanban_and_calendar() -> None:
    specs = table_specs(order_type().fields, [])
    types = {spec["name"]: spec["type"] for spec in specs}
    assert (specs[0]["name"], specs[-1]) == ("Order number", HUB_ID_FIELD)
    assert (types["Status"], types["Priority"]) == ("singleSelect", "singleSelect")
    assert types["Placed"] in ("date", "dateTime")
    status = next(spec for spec in specs if spec["name"] == "Status")
    assert [choice["name"] for choice in status["options"]["choices"]] == list(order_type().field("status").choices)


def test_what_names_a_row_comes_first_wherever_it_stands() -> None:
    specs = table_specs(kinds(("state", "choice"), ("email", "email"), ("title", "text")), [])
    assert [spec["name"] for spec in specs] == ["Title", "State", "Email", "Hub ID"]


def test_without_a_name_the_hub_id_is_the_primary_field() -> None:
    specs = table_specs(kinds(("state", "choice"), ("day", "date")), [])
    assert [spec["name"] for spec in specs] == ["Hub ID", "State", "Day"]


def test_labels_that_are_taken_get_a_number() -> None:
    fields = [Field("a", "Name"), Field("b", "name"), Field("c", "Hub ID")]
    assert [spec["name"] for spec in table_specs(fields, [])] == ["Name", "name 2", "Hub ID 2", "Hub ID"]


@pytest.mark.parametrize("name", ["Customers", "customers", "Clienți", "KUNDEN", "לקוחות"])
def test_links_lead_to_the_table_of_the_other_records(name: str) -> None:
    link = Field("customer", "Customer", "link", to="customer")
    (title, made, _hub_id) = table_specs([Field("t", "Title"), link], [{**CUSTOMERS, "name": name}])
    assert title["name"] == "Title"
    assert (made["type"], made["options"]) == ("multipleRecordLinks", {"linkedTableId": "tblCustomers00001"})


def test_links_without_such_a_table_are_text() -> None:
    link = Field("customer", "Customer", "link", to="customer")
    elsewhere = [{**CUSTOMERS, "fields": []}, {**CUSTOMERS, "name": "Suppliers"}]
    assert table_of("customer", elsewhere) == ""
    assert table_specs([Field("t", "Title"), link], elsewhere)[1]["type"] == "singleLineText"


def test_a_new_table(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("GET", TABLES, "tables")
    say("POST", TABLES, "create_table")
    made = SINK.make_place(client, BASE, " Guests ", order_type(), ["total", "order_number"])
    assert (made.kind, made.id, made.parent) == ("table", "tblGuests00000001", BASE)
    assert sent(http)["name"] == "Guests"
    assert [field["name"] for field in sent(http)["fields"]] == ["Order number", "Total", "Hub ID"]
    assert sent(http)["fields"][-1]["description"] == HUB_ID_SAYS


@pytest.mark.parametrize(("name", "says"), [("ORDERS", "has a table “ORDERS” already"), ("  ", "Give the new table")])
def test_a_table_name_that_will_not_do(
    client: AirtableClient, http: responses.RequestsMock, say: Say, name: str, says: str
) -> None:
    say("GET", TABLES, "tables")
    with pytest.raises(ConfigError, match=says):
        SINK.make_place(client, BASE, name, order_type(), ["order_number"])
    assert len(http.calls) == 1


def test_unknown_names_are_our_own_mistake(client: AirtableClient, say: Say) -> None:
    say("GET", TABLES, "tables")
    with pytest.raises(KeyError):
        SINK.make_place(client, BASE, "New", order_type(), ["no_such_field"])


def test_missing_fields_are_made_one_by_one(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("GET", TABLES, "tables")
    for number in range(2):
        say("POST", FIELDS, {"id": f"fldNew{number}", "name": "x", "type": "singleLineText"})
    found = SINK.make_fields(client, orders(), order_type(), ["currency", "notes"])
    assert [sent(http, number)["name"] for number in (1, 2)] == ["Currency 2", "Notes"], "a formula has the name"
    assert [field.id for field in SINK.fields(found)][-2:] == ["fldNew0", "fldNew1"]
    assert asked(http) == [f"GET {TABLES}", f"POST {FIELDS}", f"POST {FIELDS}"]


def test_what_a_broken_attempt_made_is_not_made_again() -> None:
    now = payload("tables")["tables"][1]
    known = {field["id"] for field in now["fields"]}
    fields = [order_type().field("notes"), order_type().field("total")]
    first = list(missing_specs(now, known, fields, []))
    now["fields"].append({"id": "fldNotes", **first[0]})
    again = list(missing_specs(now, known, fields, []))
    assert [spec["name"] for spec in first] == ["Notes", "Total 2"]
    assert [spec["name"] for spec in again] == ["Total 2"]


def test_our_id_is_made_where_it_is_missing() -> None:
    now = payload("tables")["tables"][0]
    assert list(missing_specs(now, set(), [], [])) == [HUB_ID_FIELD]
    now["fields"].append({"id": "fldX", "name": "Hub ID", "type": "number"})
    assert next(missing_specs(now, set(), [], []))["name"] == "Hub ID 2"
    now["fields"].append({"id": "fldY", "name": "Renamed", "type": "singleLineText", "description": HUB_ID_SAYS})
    assert list(missing_specs(now, set(), [], [])) == []


def test_a_table_that_is_gone(client: AirtableClient, say: Say) -> None:
    say("GET", TABLES, {"tables": []})
    with pytest.raises(ConfigError, match="“Orders” is gone"):
        SINK.make_fields(client, orders(), order_type(), ["notes"])


KEYS = ["order", "order_item", "ticket", "customer", "event", "appointment", "branch", "staff"]


@pytest.mark.parametrize("key", KEYS)
def test_what_we_make_is_what_we_suggest(key: str) -> None:
    """A table made for a record finds every field of it again, but for files that only ever come from there."""
    record_type: RecordType = registry.record_type(key)
    written = [field for field in record_type.fields if field.kind != "files"]
    specs = table_specs(record_type.fields, [])
    fields = [{"id": f"fld{place}", **spec} for place, spec in enumerate(specs)]
    made = table_resource(BASE, {"id": TABLE, "name": "T", "fields": fields})
    pairs = SINK.suggest(record_type, made)
    assert set(pairs) == {field.name for field in written}
    names = {field["id"]: field["name"] for field in fields}
    assert all(names[pairs[field.name]] == field.label for field in written)
