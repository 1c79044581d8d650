"""Every call: what leaves, what comes back. Compared with what pyairtable sends and with collected schemas."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pyairtable
import pytest
import responses
from pyairtable.formulas import quoted as their_quoted
from referencing import Registry, Resource

from integration_hub.contract import File, TransientError
from providers.airtable.client import AirtableClient, quoted
from providers.airtable.tests.conftest import API, BASE, FIRST, HUB_ID, REC1, REC2, TABLE, TOKEN, asked, payload, sent

Say = Callable[..., None]
FORMULA = f"{{{HUB_ID}}}='{FIRST}'"
NUMBER = "fldNumber00000001"


def query(url: str | None) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(str(url)).query)


def test_whoami(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("GET", "/meta/whoami", "whoami")
    assert client.whoami() == payload("whoami")
    assert http.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_bases_are_read_to_the_last_page(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("GET", "/meta/bases", "bases_page_1")
    say("GET", "/meta/bases", "bases_page_2")
    assert [base["name"] for base in client.bases()] == ["Shop", "Archive"]
    assert asked(http) == ["GET /meta/bases", "GET /meta/bases?offset=itrBasesPageTwo01%2FappArchiveBase001"]


def test_tables(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("GET", f"/meta/bases/{BASE}/tables", "tables")
    assert [table["name"] for table in client.tables(BASE)] == ["Customers", "Orders"]


PDF = File("ticket.pdf", "application/pdf", b"%PDF-1.7")
STARS = {"icon": "star", "max": 5, "color": "yellowBright"}


def test_create_table(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    fields: list[Any] = [
        {"name": "Name", "type": "singleLineText"},
        {"name": "Stars", "type": "rating", "options": STARS},
    ]
    for _time in range(2):
        say("POST", f"/meta/bases/{BASE}/tables", "create_table")
    assert client.create_table(BASE, "Guests", fields)["primaryFieldId"] == "fldGuestName00001"
    assert sent(http) == {"name": "Guests", "fields": fields}
    client.create_table(BASE, "Guests", fields, "Who comes")
    assert sent(http)["description"] == "Who comes"


def test_create_field(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("POST", f"/meta/bases/{BASE}/tables/{TABLE}/fields", "create_field")
    field = {"name": "Stars", "type": "rating", "options": STARS}
    assert client.create_field(BASE, TABLE, field) == payload("create_field")
    assert sent(http) == field


def test_rename_field(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    path = f"/meta/bases/{BASE}/tables/{TABLE}/fields/{NUMBER}"
    for _time in range(3):
        say("PATCH", path, {"id": NUMBER, "name": "No.", "type": "singleLineText"})
    assert client.rename_field(BASE, TABLE, NUMBER, name="No.")["name"] == "No."
    client.rename_field(BASE, TABLE, NUMBER, description="")
    client.rename_field(BASE, TABLE, NUMBER, name="No.", description="Ours")
    bodies = [sent(http, number) for number in range(3)]
    assert bodies == [{"name": "No."}, {"description": ""}, {"name": "No.", "description": "Ours"}]


def test_create_records(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    for _time in range(2):
        say("POST", f"/{BASE}/{TABLE}", "update_records")
    records = [{"fields": {NUMBER: "1001"}}, {"fields": {NUMBER: "1002"}}]
    assert [one["id"] for one in client.create_records(BASE, TABLE, records)["records"]] == [REC1, REC2]
    assert sent(http) == {"records": records, "returnFieldsByFieldId": True}
    client.create_records(BASE, TABLE, records, typecast=True)
    assert sent(http)["typecast"] is True


def test_typecast_is_said_only_when_wanted(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    records: list[Any] = [{"id": REC1, "fields": {NUMBER: "1001"}}]
    for _time in range(2):
        say("PATCH", f"/{BASE}/{TABLE}", "update_records")
    client.update_records(BASE, TABLE, records, typecast=True)
    client.upsert_records(BASE, TABLE, records, HUB_ID, typecast=True)
    assert [sent(http, number)["typecast"] for number in (0, 1)] == [True, True]


def test_upload_attachment(client: AirtableClient, http: responses.RequestsMock) -> None:
    url = f"https://content.airtable.com/v0/{BASE}/{REC1}/fldFiles%2F1/uploadAttachment"
    http.add("POST", url, json=payload("upload_attachment"))
    answer = client.upload_attachment(BASE, REC1, "fldFiles/1", PDF)
    assert answer["fields"]["fldFiles000000001"][-1]["filename"] == "ticket.pdf"
    assert sent(http) == {"contentType": "application/pdf", "filename": "ticket.pdf", "file": "JVBERi0xLjc="}
    assert http.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_lost_answer_to_a_create_is_not_repeated(client: AirtableClient, http: responses.RequestsMock) -> None:
    http.add("POST", f"{API}/{BASE}/{TABLE}", status=503)
    with pytest.raises(TransientError) as refused:
        client.create_records(BASE, TABLE, [{"fields": {}}])
    assert refused.value.unsure and len(http.calls) == 1


def test_records_by_id_a_hundred_a_request(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    ids = [f"rec{number:014}" for number in range(250)]
    for start in (0, 100, 200):
        there = [{"id": one, "createdTime": "2026-11-20T09:00:00.000Z", "fields": {}} for one in ids[start:][:99]]
        say("POST", f"/{BASE}/{TABLE}/listRecords", {"records": there})
    found = client.records_by_id(BASE, TABLE, [*ids, ids[0]], [HUB_ID])
    assert len(found) == 99 + 99 + 50 and ids[99] not in found
    formulas = [sent(http, number)["filterByFormula"] for number in range(3)]
    assert [formula.count("RECORD_ID()=") for formula in formulas] == [100, 100, 50]
    assert formulas[2].startswith(f"OR(RECORD_ID()='{ids[200]}',")


def test_no_ids_no_call(client: AirtableClient, http: responses.RequestsMock) -> None:
    assert client.records_by_id(BASE, TABLE, []) == {}
    assert len(http.calls) == 0


def test_list_records(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("POST", f"/{BASE}/{TABLE}/listRecords", "records_page_1")
    page = client.list_records(BASE, TABLE, formula=FORMULA, fields=[HUB_ID])
    assert page["offset"] == "itrRecordsPageTwo/recOrder000000001"
    assert sent(http) == {
        "returnFieldsByFieldId": True,
        "pageSize": 100,
        "filterByFormula": FORMULA,
        "fields": [HUB_ID],
    }


def test_the_offset_travels_in_the_body(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("POST", f"/{BASE}/{TABLE}/listRecords", "records_page_1")
    say("POST", f"/{BASE}/{TABLE}/listRecords", "records_page_2")
    assert [record["id"] for record in client.records_by_formula(BASE, TABLE, FORMULA)] == [REC1, REC2]
    assert sent(http)["offset"] == "itrRecordsPageTwo/recOrder000000001"
    assert "offset" not in asked(http)[1]


def test_a_list_that_airtable_closed_begins_again(
    client: AirtableClient, http: responses.RequestsMock, say: Say
) -> None:
    for answer in ("records_page_1", "!LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "records_page_1", "records_page_2"):
        say("POST", f"/{BASE}/{TABLE}/listRecords", answer)
    found = client.records_by_formula(BASE, TABLE, FORMULA)
    assert [record["id"] for record in found] == [REC1, REC2]


def test_a_list_that_is_always_closed_is_not_read_for_ever(client: AirtableClient, say: Say) -> None:
    for _try in range(2):
        say("POST", f"/{BASE}/{TABLE}/listRecords", "!LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
    with pytest.raises(TransientError) as refused:
        client.records_by_formula(BASE, TABLE, FORMULA)
    assert refused.value.code == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"


def test_update_records(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("PATCH", f"/{BASE}/{TABLE}", "update_records")
    records = [{"id": REC1, "fields": {NUMBER: "1001"}}, {"id": REC2, "fields": {NUMBER: "1002"}}]
    assert client.update_records(BASE, TABLE, records) == payload("update_records")
    assert sent(http) == {"records": records, "returnFieldsByFieldId": True}


def test_upsert_records(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("PATCH", f"/{BASE}/{TABLE}", "upsert_records")
    records: list[Any] = [{"id": REC1, "fields": {NUMBER: "1001"}}, {"fields": {HUB_ID: FIRST}}]
    assert client.upsert_records(BASE, TABLE, records, HUB_ID)["createdRecords"] == [REC2]
    assert sent(http) == {
        "performUpsert": {"fieldsToMergeOn": [HUB_ID]},
        "records": records,
        "returnFieldsByFieldId": True,
    }


def test_delete_records(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    say("DELETE", f"/{BASE}/{TABLE}", "delete_records")
    assert client.delete_records(BASE, TABLE, [REC1, REC2]) == payload("delete_records")
    assert query(http.calls[0].request.url) == [("records[]", REC1), ("records[]", REC2)]


def test_names_are_one_path_segment(client: AirtableClient, http: responses.RequestsMock, say: Say) -> None:
    http.add("POST", f"{API}/{BASE}/Orders%2F2026%3F/listRecords", json=payload("records_none"))
    assert client.list_records(BASE, "Orders/2026?") == {"records": []}
    assert asked(http) == [f"POST /{BASE}/Orders%2F2026%3F/listRecords"]


@pytest.mark.parametrize("body", ["<html>Please log in</html>", "[]", '"ok"', ""])
def test_a_page_in_between_is_no_answer(client: AirtableClient, http: responses.RequestsMock, body: str) -> None:
    http.add("PATCH", f"{API}/{BASE}/{TABLE}", body=body)
    with pytest.raises(TransientError) as refused:
        client.update_records(BASE, TABLE, [])
    assert refused.value.unsure, "the write may have arrived"


# --- the same requests as pyairtable makes ----------------------------------------------------------------------------


def same_request(http: responses.RequestsMock, ours: Callable[[], Any], theirs: Callable[[], Any]) -> None:
    """Both make one request; method, path, query and body are equal, but for defaults and extras we leave out."""
    ours()
    theirs()
    mine, reference = (call.request for call in list(http.calls)[-2:])
    assert (mine.method, urlsplit(mine.url).path) == (reference.method, urlsplit(reference.url).path)
    assert query(mine.url) == [pair for pair in query(reference.url) if pair != ("include", "visibleFieldIds")]
    said = {
        name: value for name, value in json.loads(reference.body or b"{}").items() if value not in (False, None, "")
    }
    assert {name: value for name, value in json.loads(mine.body or b"{}").items() if name != "pageSize"} == said


@pytest.fixture
def table() -> pyairtable.Table:
    return pyairtable.Api(TOKEN).table(BASE, TABLE)


def test_pyairtable_reads_alike(
    client: AirtableClient, http: responses.RequestsMock, say: Say, table: pyairtable.Table
) -> None:
    for _side in range(2):
        say("GET", "/meta/whoami", "whoami")
    same_request(http, client.whoami, table.api.whoami)
    for _side in range(2):
        say("GET", "/meta/bases", "bases")
    same_request(http, lambda: list(client.bases()), lambda: table.api.bases(force=True))
    for _side in range(2):
        say("GET", f"/meta/bases/{BASE}/tables", "tables")
    same_request(http, lambda: client.tables(BASE), lambda: table.base.schema(force=True))


def test_pyairtable_writes_alike(
    client: AirtableClient, http: responses.RequestsMock, say: Say, table: pyairtable.Table
) -> None:
    known: list[Any] = [{"id": REC1, "fields": {NUMBER: "1001"}}, {"id": REC2, "fields": {NUMBER: "1002"}}]
    for _side in range(2):
        say("PATCH", f"/{BASE}/{TABLE}", "update_records")
    same_request(
        http,
        lambda: client.update_records(BASE, TABLE, known),
        lambda: table.batch_update(known, use_field_ids=True),
    )
    mixed: list[Any] = [{"id": REC1, "fields": {NUMBER: "1001"}}, {"fields": {HUB_ID: FIRST}}]
    for _side in range(2):
        say("PATCH", f"/{BASE}/{TABLE}", "upsert_records")
    same_request(
        http,
        lambda: client.upsert_records(BASE, TABLE, mixed, HUB_ID),
        lambda: table.batch_upsert(mixed, key_fields=[HUB_ID], use_field_ids=True),
    )
    for _side in range(2):
        say("DELETE", f"/{BASE}/{TABLE}", "delete_records")
    same_request(
        http,
        lambda: client.delete_records(BASE, TABLE, [REC1, REC2]),
        lambda: table.batch_delete([REC1, REC2]),
    )


def test_pyairtable_builds_alike(
    client: AirtableClient, http: responses.RequestsMock, say: Say, table: pyairtable.Table
) -> None:
    field: Any = {"name": "Stars", "type": "rating", "options": STARS}
    for _side in range(2):
        say("POST", f"/meta/bases/{BASE}/tables", "create_table")
    ours, theirs = [{"name": "Name", "type": "singleLineText"}, field], [{"name": "Name", "type": "singleLineText"}]
    client.create_table(BASE, "Guests", ours)
    table.api.request("POST", table.base.urls.tables, json={"name": "Guests", "fields": [*theirs, field]})
    assert sent(http, 0) == sent(http, 1) and asked(http)[0] == asked(http)[1]
    for _side in range(2):
        say("POST", f"/meta/bases/{BASE}/tables/{TABLE}/fields", "create_field")
    same_request(
        http,
        lambda: client.create_field(BASE, TABLE, field),
        lambda: table.create_field("Stars", "rating", options=STARS),
    )
    url = f"https://content.airtable.com/v0/{BASE}/{REC1}/fldFiles000000001/uploadAttachment"
    for _side in range(2):
        http.add("POST", url, json=payload("upload_attachment"))
    client.upload_attachment(BASE, REC1, "fldFiles000000001", PDF)
    table.upload_attachment(REC1, "fldFiles000000001", PDF.name, content=PDF.content)
    mine, reference = sent(http, -2), sent(http, -1)
    assert mine == {**reference, "file": reference["file"].replace("\n", "")}
    new: list[Any] = [{NUMBER: "1001"}, {NUMBER: "1002"}]
    for _side in range(2):
        say("POST", f"/{BASE}/{TABLE}", "update_records")
    same_request(
        http,
        lambda: client.create_records(BASE, TABLE, [{"fields": one} for one in new], typecast=True),
        lambda: table.batch_create(new, typecast=True, use_field_ids=True),
    )


@pytest.mark.parametrize("text", ["plain", "O'Brien", "back\\slash", "both \\' of them", 'say "x"', ""])
def test_pyairtable_quotes_alike(text: str) -> None:
    assert quoted(text) == their_quoted(text)


# --- collected schemas ------------------------------------------------------------------------------------------------

CONTRACTS = Path(os.environ.get("CONTRACTS_DIR", "../shared/contracts")) / "airtable" / "json-schema-thirdparty"


def schema(name: str) -> Any:
    """A validator for one collected schema; its references are to its neighbours."""
    if not CONTRACTS.is_dir():
        pytest.skip(f"the collected schemas are not at {CONTRACTS} (set CONTRACTS_DIR)")
    loaded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CONTRACTS.glob("*.json"))]
    known = Registry().with_resources(
        (reference, Resource.from_contents(body, default_specification=referencing_default()))
        for body in loaded
        for reference in (body["$id"], f"#/components/schemas/{body.get('title', '')}")
    )
    (wanted,) = [body for body in loaded if body["$id"].endswith(name)]
    return jsonschema.Draft202012Validator(wanted, registry=known)


def referencing_default() -> Any:
    from referencing.jsonschema import DRAFT202012

    return DRAFT202012


@pytest.mark.parametrize(
    "name", ["records_page_1", "records_page_2", "records_copies", "update_records", "upsert_records", "update_one"]
)
def test_fixtures_hold_records_as_collected(name: str) -> None:
    records = payload(name)["records"]
    validator = schema("/record.json")
    assert records
    for record in records:
        validator.validate(record)


def test_errors_with_a_message_are_as_collected() -> None:
    validator = schema("schemas/Error")
    bodies = [error["body"] for error in payload("errors").values()]
    objects = [body for body in bodies if isinstance(body.get("error"), dict) and "message" in body["error"]]
    assert len(objects) > 10
    for body in objects:
        validator.validate(body)
