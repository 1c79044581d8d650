"""Bases and tables as resources; their fields in our words; which field holds our id."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses

from integration_hub.contract import Field, MappedField, RemoteField, Resource, registry
from providers.airtable.cells import writable
from providers.airtable.client import AirtableClient
from providers.airtable.schema import HUB_ID_SAYS, merge_field_of, remote_fields, table_resource
from providers.airtable.sinks import RecordsSink
from providers.airtable.tests.conftest import BASE, FIRST, HUB_ID, REC1, TABLE, asked, order_type, payload, sent, target

Say = Callable[..., None]
SINK = RecordsSink()
PLACE = {"base": BASE, "table": TABLE}
SAMPLES = Path(os.environ.get("CONTRACTS_DIR", "../shared/contracts")) / "airtable" / "samples" / "pyairtable"
COMPUTED = {
    "AITextFieldSchema", "AutoNumberFieldSchema", "ButtonFieldSchema", "CountFieldSchema", "CreatedByFieldSchema",
    "CreatedTimeFieldSchema", "ExternalSyncSourceFieldSchema", "FormulaFieldSchema", "LastModifiedByFieldSchema",
    "LastModifiedTimeFieldSchema", "ManualSortFieldSchema", "MultipleLookupValuesFieldSchema", "RollupFieldSchema",
    "UnknownFieldSchema",
}  # fmt: skip


def orders() -> Resource:
    return table_resource(BASE, payload("tables")["tables"][1])


def test_bases_and_their_tables(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    provider = registry.provider("airtable")
    say("GET", "/meta/bases", "bases_page_1")
    say("GET", "/meta/bases", "bases_page_2")
    bases = list(provider.discover(client))
    assert [(one.kind, one.id, one.label, one.parent, one.details) for one in bases] == [
        ("base", BASE, "Shop", "", {"permission": "create"}),
        ("base", "appArchiveBase001", "Archive", "", {"permission": "read"}),
    ]
    say("GET", f"/meta/bases/{BASE}/tables", "tables")
    tables = list(provider.discover(client, BASE))
    assert [(one.kind, one.label, one.parent) for one in tables] == [("table", name, BASE)
                                                                   for name in ("Customers", "Orders")]  # fmt: skip
    assert tables[1] == orders()
    assert tables[1].details["primary"] == "fldNumber00000001"


def test_five_hundred_tables_of_five_hundred_fields(client: AirtableClient, say: Say) -> None:
    fields = [{"id": f"fld{n:014}", "name": f"Field {n}", "type": "singleLineText"} for n in range(500)]
    few = fields[:3]
    tables = [
        {"id": f"tbl{n:014}", "name": f"Table {n}", "primaryFieldId": "fld0", "fields": fields if n % 50 == 0 else few}
        for n in range(500)
    ]
    say("GET", f"/meta/bases/{BASE}/tables", {"tables": tables})
    found = list(registry.provider("airtable").discover(client, BASE))
    assert len(found) == 500 and len(SINK.fields(found[450])) == 500
    assert json.loads(json.dumps(dict(found[0].details))) == found[0].details, "it can be stored"


def test_names_of_all_sorts(client: AirtableClient, say: Say) -> None:
    names = ["a/b", "🎟️ Billets", 'say "x"', "הזמנות", "طلبات", "n" * 200, "O'Brien", " spaced "]
    tables = [
        {"id": f"tbl{n}", "name": name, "fields": [{"id": "fldA", "name": name, "type": "x"}]}
        for n, name in enumerate(names)
    ]
    say("GET", f"/meta/bases/{BASE}/tables", {"tables": tables})
    found = list(registry.provider("airtable").discover(client, BASE))
    assert [one.label for one in found] == names
    assert [SINK.fields(one)[0].label for one in found] == names


def test_a_place_and_its_resource() -> None:
    assert SINK.place(orders()) == PLACE
    assert SINK.resource_id(PLACE) == TABLE
    assert SINK.mappable


def test_fields_in_words_and_which_can_be_written() -> None:
    fields = {one.label: one for one in SINK.fields(orders())}
    assert fields["Total"] == RemoteField(
        "fldTotal000000001", "Total", "currency", "Currency", True, {"precision": 2, "symbol": "€"}
    )
    assert [one.label for one in fields.values() if not one.writable] == ["Currency", "Manual sort"]
    assert fields["Currency"].words == "Formula"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the collected samples are not at {SAMPLES} (set CONTRACTS_DIR)")
def test_one_field_of_every_collected_type() -> None:
    samples = {path.stem: json.loads(path.read_text()) for path in sorted((SAMPLES / "field_schema").glob("*.json"))}
    assert len(samples) > 30
    for name, sample in samples.items():
        body = {"id": "fldA", "name": "A", **sample}
        (found,) = remote_fields(table_resource(BASE, {"id": TABLE, "name": "T", "fields": [body]}))
        assert found.type == sample["type"] and found.words
        assert found.writable is (name not in COMPUTED), name
        for ours in order_type().fields:
            assert not SINK.takes(ours, found) or found.writable


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the collected samples are not at {SAMPLES} (set CONTRACTS_DIR)")
def test_a_collected_table() -> None:
    sample = json.loads((SAMPLES / "TableSchema.json").read_text())
    found = table_resource(BASE, sample)
    assert (found.id, found.label) == (sample["id"], sample["name"])
    assert len(SINK.fields(found)) == len(sample["fields"])


def test_a_resource_without_its_details_has_no_fields() -> None:
    bare = Resource("table", TABLE, "Orders", BASE)
    assert SINK.fields(bare) == () and SINK.merge_field(bare) == ""


# --- our id -----------------------------------------------------------------------------------------------------------


def with_field(**field: Any) -> Resource:
    return table_resource(
        BASE, {"id": TABLE, "name": "T", "fields": [{"id": "fldA", "type": "singleLineText", **field}]}
    )


@pytest.mark.parametrize("name", ["Hub ID", "hub id", "HUB_ID", " hubId "])
def test_our_id_is_known_by_its_name(name: str) -> None:
    assert merge_field_of(with_field(name=name)) == "fldA"


def test_our_id_is_known_by_what_it_says_after_a_rename() -> None:
    assert merge_field_of(with_field(name="Do not touch", description=HUB_ID_SAYS)) == "fldA"
    assert merge_field_of(with_field(name="Do not touch", description="Something else")) == ""


def test_our_id_is_text() -> None:
    assert merge_field_of(with_field(name="Hub ID", type="formula")) == ""
    assert SINK.merge_field(orders()) == HUB_ID


def test_our_id_is_not_suggested_for_anything() -> None:
    assert HUB_ID not in SINK.suggest(order_type(), orders()).values()
    assert SINK.suggest(order_type(), orders())["placed_at"] == "fldPlaced00000001"


# --- looking and reading ----------------------------------------------------------------------------------------------


def test_look(client: AirtableClient, say: Say) -> None:
    for _time in range(2):
        say("GET", f"/meta/bases/{BASE}/tables", "tables")
    assert SINK.look(client, PLACE) == orders()
    assert SINK.look(client, {"base": BASE, "table": "tblGone0000000001"}) is None


def test_read(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    mapped = MappedField(Field("total", "Total", "money"), "fldTotal000000001", "Total", "currency", {"precision": 2})
    say("POST", f"/{BASE}/{TABLE}/listRecords", "records_one")
    found = SINK.read(client, target(mapped), [REC1, "recGone0000000001"])
    assert list(found) == [REC1] and found[REC1][HUB_ID] == FIRST
    assert sent(http)["fields"] == [HUB_ID, "fldTotal000000001"]
    assert asked(http) == [f"POST /{BASE}/{TABLE}/listRecords"]


def test_links_lead_to_a_table() -> None:
    ours = Field("customer", "Customer", "link", to="customer")
    link = MappedField(ours, "fldL", "Client", "multipleRecordLinks", {"linkedTableId": "tblCustomers00001"})
    assert SINK.links_to(link) == "tblCustomers00001"
    assert SINK.links_to(MappedField(ours, "fldT", "Client", "singleLineText")) == ""


@pytest.mark.parametrize(
    ("kind", "type", "result", "reads"),
    [
        ("money", "formula", "number", True),
        ("money", "formula", "currency", True),
        ("money", "formula", "singleLineText", True),  # as it can be written into a text
        ("money", "formula", "checkbox", False),
        ("money", "formula", "", False),  # one that is broken results in nothing
        ("text", "formula", "number", True),
        ("text", "rollup", "multipleAttachments", False),
        ("email", "multipleLookupValues", "email", True),
        ("integer", "count", "", True),
        ("datetime", "lastModifiedTime", "", True),
        ("datetime", "formula", "lastModifiedTime", True),
        ("email", "createdBy", "", True),
        ("choice", "formula", "singleSelect", True),
        ("link", "multipleLookupValues", "multipleRecordLinks", False),
        ("text", "typeOfTomorrow", "", False),
        ("money", "currency", "", True),
        ("money", "checkbox", "", False),
    ],
)
def test_what_is_computed_is_read_by_its_result_and_never_written(
    kind: str, type: str, result: str, reads: bool
) -> None:
    theirs = RemoteField("fld1", "Sum", type, writable=writable(type), options={"result": {"type": result}})
    ours = Field("ours", "Ours", kind)
    assert SINK.gives(ours, theirs) is reads
    assert SINK.takes(ours, theirs) is (reads and theirs.writable)
