"""The ready mapping: found by name among what the base has, or a sentence that says what to do."""

from collections.abc import Callable
from typing import Any

import pytest
import responses

from integration_hub.contract import ConfigError, ReadyTarget, registry
from providers.airtable.client import AirtableClient
from providers.airtable.ready import target_from
from providers.airtable.schema import table_resource
from providers.airtable.sinks import RecordsSink
from providers.airtable.tests.conftest import BASE, HUB_ID, TABLE, asked, order_type, payload

Say = Callable[..., None]


def orders_of(tables: Any) -> Any:
    return tables["tables"][1]


@pytest.fixture
def ready(client: AirtableClient) -> Callable[..., ReadyTarget]:
    def look(**settings: Any) -> ReadyTarget:
        return RecordsSink().ready(client, {"base_id": "", "table": "Orders", **settings}, order_type())

    return look


@pytest.fixture
def refused(ready: Callable[..., ReadyTarget]) -> Callable[..., str]:
    def look(**settings: Any) -> str:
        with pytest.raises(ConfigError) as error:
            ready(**settings)
        return error.value.sentence

    return look


def test_orders_find_their_fields_by_name(
    http: responses.RequestsMock, say: Say, ready: Callable[..., ReadyTarget]
) -> None:
    say("GET", "/meta/bases", "bases")
    say("GET", f"/meta/bases/{BASE}/tables", "tables")
    found = ready()
    assert found.label == "Shop · Orders"
    assert found.place == {"base": BASE, "table": TABLE}
    assert found.merge_on == HUB_ID
    assert {mapped.ours.name: (mapped.remote_label, mapped.remote_type) for mapped in found.fields} == {
        "order_number": ("Order number", "singleLineText"),
        "customer_name": ("customer_name", "singleLineText"),
        "customer_email": ("Email", "email"),
        "status": ("Status", "singleSelect"),
        "priority": ("Priority", "singleSelect"),
        "total": ("Total", "currency"),
        "items": ("Items", "multilineText"),
        "placed_at": ("Order date", "dateTime"),
    }, "currency is a formula over there; payment state, notes and the last update have no field there"
    total = next(mapped for mapped in found.fields if mapped.ours.name == "total")
    assert total.options["precision"] == 2
    assert asked(http) == ["GET /meta/bases", f"GET /meta/bases/{BASE}/tables"]


@pytest.mark.parametrize("named", [TABLE, "orders", "ORDERS", " Orders "])
def test_the_table_by_name_or_id(say: Say, ready: Callable[..., ReadyTarget], named: str) -> None:
    say("GET", "/meta/bases", "bases")
    say("GET", f"/meta/bases/{BASE}/tables", "tables")
    assert ready(table=named).place["table"] == TABLE


@pytest.mark.parametrize("named", [BASE, "Shop", "shop"])
def test_the_base_by_id_or_name(say: Say, ready: Callable[..., ReadyTarget], named: str) -> None:
    say("GET", "/meta/bases", "bases_page_1")
    say("GET", "/meta/bases", "bases_page_2")
    say("GET", f"/meta/bases/{BASE}/tables", "tables")
    assert ready(base_id=named).place["base"] == BASE


def test_a_token_without_bases(say: Say, refused: Callable[..., str]) -> None:
    say("GET", "/meta/bases", "bases_none")
    assert "The token sees no base. Add one under “Access”" in refused()


def test_several_bases_are_named_to_choose_from(say: Say, refused: Callable[..., str]) -> None:
    say("GET", "/meta/bases", "bases_page_1")
    say("GET", "/meta/bases", "bases_page_2")
    assert refused() == (
        "The token sees 2 bases: Shop (appOrdersBase0001), Archive (appArchiveBase001). "
        "Choose one in a mapping, or type its id (app…) in the settings."
    )


def test_a_base_out_of_reach(say: Say, refused: Callable[..., str]) -> None:
    say("GET", "/meta/bases", "bases")
    sentence = refused(base_id="appElsewhere00001")
    assert "no access to the base appElsewhere00001. It sees: Shop." in sentence


def test_a_base_to_look_at_only(say: Say, refused: Callable[..., str]) -> None:
    say("GET", "/meta/bases", "bases_page_1")
    say("GET", "/meta/bases", "bases_page_2")
    assert refused(base_id="Archive") == (
        "The token's owner may only look at the base Archive. Make that person an editor there."
    )


def test_a_missing_table_and_what_there_is(say: Say, refused: Callable[..., str]) -> None:
    say("GET", "/meta/bases", "bases")
    say("GET", f"/meta/bases/{BASE}/tables", "tables")
    assert "no table “Bookings”. It has: Customers, Orders." in refused(table="Bookings")


def test_a_base_that_was_deleted_meanwhile(say: Say, refused: Callable[..., str]) -> None:
    say("GET", "/meta/bases", "bases")
    say("GET", f"/meta/bases/{BASE}/tables", "!NOT_FOUND")
    assert "Choose it anew in the settings" in refused()


@pytest.mark.parametrize("change", ["renamed", "number"])
def test_without_a_hub_id_of_the_right_type(say: Say, refused: Callable[..., str], change: str) -> None:
    tables = payload("tables")
    hub_id = next(field for field in orders_of(tables)["fields"] if field["id"] == HUB_ID)
    hub_id.update({"name": "Reference"} if change == "renamed" else {"type": "number"})
    say("GET", "/meta/bases", "bases")
    say("GET", f"/meta/bases/{BASE}/tables", tables)
    sentence = refused()
    assert "The table “Orders” has no text field “Hub ID”. Add one there, of the type “Single line text”" in sentence


def test_one_field_over_there_takes_one_of_ours(say: Say, ready: Callable[..., ReadyTarget]) -> None:
    tables = payload("tables")
    fields = orders_of(tables)["fields"]
    fields[:] = [field for field in fields if field["id"] == HUB_ID]
    fields += [
        {"id": "fldA", "name": "Order", "type": "singleLineText"},
        {"id": "fldB", "name": "Name", "type": "singleLineText"},
    ]
    say("GET", "/meta/bases", "bases")
    say("GET", f"/meta/bases/{BASE}/tables", tables)
    assert [(mapped.ours.name, mapped.remote_id) for mapped in ready().fields] == [("order_number", "fldA")]


# --- other records ----------------------------------------------------------------------------------------------------


def table(name: str, *fields: tuple[str, str]) -> Any:
    listed = [{"id": f"fld{number}", "name": label, "type": type_} for number, (label, type_) in enumerate(fields)]
    return {"id": f"tbl{name}", "name": name, "primaryFieldId": "fld0", "fields": listed}


TEXT = "singleLineText"
HUB = ("Hub ID", TEXT)
OTHERS: dict[str, tuple[Any, dict[str, str]]] = {
    "customer": (
        table("Clienți", ("Nume", "singleLineText"), ("Telefon", "phoneNumber"), HUB, ("Reducere", "percent")),
        {"name": "Nume", "phone": "Telefon"},
    ),
    "ticket": (
        table(
            "Tickets", ("Teilnehmer", "singleLineText"), HUB, ("Status", "singleSelect"), ("PDF", "multipleAttachments")
        ),
        {"participant_name": "Teilnehmer", "status": "Status", "pdf": "PDF"},
    ),
    "event": (
        table("אירועים", ("כותרת", "singleLineText"), ("התחלה", "dateTime"), HUB),
        {"title": "כותרת", "starts_at": "התחלה"},
    ),
    "order_item": (
        table(
            "Order items", ("Description", "singleLineText"), ("Qty", "number"), ("Order", "multipleRecordLinks"), HUB
        ),
        {"description": "Description", "quantity": "Qty", "order_link": "Order"},
    ),
}


@pytest.mark.parametrize("key", OTHERS)
def test_other_records_find_the_table_called_after_them(client: AirtableClient, say: Say, key: str) -> None:
    found, expected = OTHERS[key]
    say("GET", "/meta/bases", "bases")
    say("GET", f"/meta/bases/{BASE}/tables", {"tables": [*payload("tables")["tables"], found]})
    ready = RecordsSink().ready(client, {"base_id": "", "table": "Orders"}, registry.record_type(key))
    assert (ready.place["table"], ready.label) == (found["id"], f"Shop · {found['name']}")
    assert {mapped.ours.name: mapped.remote_label for mapped in ready.fields} == expected
    assert ready.merge_on not in {mapped.remote_id for mapped in ready.fields}


def test_other_records_without_such_a_table(client: AirtableClient, say: Say) -> None:
    say("GET", "/meta/bases", "bases")
    say("GET", f"/meta/bases/{BASE}/tables", "tables")
    with pytest.raises(ConfigError, match=r"no table “Events”\. It has: Customers, Orders"):
        RecordsSink().ready(client, {}, registry.record_type("event"))


def test_a_table_with_nothing_but_our_id_makes_a_mapping_of_no_fields() -> None:
    ready = target_from(table_resource(BASE, table("Orders", HUB, ("Colour", "singleLineText"))), order_type(), "Shop")
    assert ready.fields == () and ready.merge_on == "fld0"


def test_only_orders_are_mapped_when_a_key_is_connected() -> None:
    assert registry.provider("airtable").ready == ("order",)
