"""Choices that are made, files that are put in, links that died, fields that are to blame."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import responses

from integration_hub.contract import (
    ConfigError,
    Field,
    FieldRefused,
    File,
    MappedField,
    Rejected,
    Row,
    RowsGone,
    Target,
    TransientError,
    Written,
)
from providers.airtable.client import LARGEST_FILE, AirtableClient
from providers.airtable.files import shown
from providers.airtable.sinks import RecordsSink
from providers.airtable.tests.conftest import BASE, FIRST, HUB_ID, REC1, REC2, SECOND, TABLE, asked, sent, target
from providers.airtable.writing import missing_choices

Say = Callable[..., None]
PATH, LIST = f"/{BASE}/{TABLE}", f"/{BASE}/{TABLE}/listRecords"
NUMBER, STATUS, TAGS, FILES, CLIENT = "fldNumber00000001", "fldStatus", "fldTags", "fldFiles", "fldClient"
CUSTOMERS = "tblCustomers00001"
CUSTOMERS_LIST = f"/{BASE}/{CUSTOMERS}/listRecords"
ANA, BEN = "recAna", "recBen"
CONTENT = f"https://content.airtable.com/v0/{BASE}/{REC1}/{FILES}/uploadAttachment"
PDF = File("ticket.pdf", "application/pdf", b"%PDF-1.7")


def mapped(remote_id: str, label: str, type_: str, **options: Any) -> MappedField:
    kinds = {"multipleSelects": "choices", "multipleRecordLinks": "link", "multipleAttachments": "file"}
    return MappedField(Field(label.lower(), label, kinds.get(type_, "text")), remote_id, label, type_, options)


TO = target(
    mapped(NUMBER, "Number", "singleLineText"),
    mapped(STATUS, "Status", "singleSelect", choices=[{"name": "Sent"}]),
    mapped(TAGS, "Tags", "multipleSelects", choices=[{"name": "A"}, {"name": "B"}]),
    mapped(FILES, "Files", "multipleAttachments"),
    mapped(CLIENT, "Client", "multipleRecordLinks", linkedTableId=CUSTOMERS),
)
CREATING = replace(TO, create_choices=True)


def record(remote_id: str, hub_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": remote_id, "createdTime": "2026-11-20T09:00:00.000Z", "fields": {HUB_ID: hub_id, **fields}}


def answer(*records: dict[str, Any], created: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"records": list(records), "createdRecords": list(created)}


@pytest.fixture
def upsert(client: AirtableClient) -> Callable[..., dict[str, Written]]:
    def write(*rows: Row, to: Target = TO) -> dict[str, Written]:
        return {one.hub_id: one for one in RecordsSink().upsert(client, to, rows)}

    return write


# --- choices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "missing"),
    [
        ({STATUS: "Sent", TAGS: ["A", "B"]}, {}),
        ({STATUS: None, TAGS: []}, {}),
        ({}, {}),
        ({STATUS: "Lost"}, {STATUS: "Lost"}),
        ({STATUS: "sent"}, {STATUS: "sent"}),
        ({TAGS: ["A", "C"], STATUS: "Sent"}, {TAGS: ["A", "C"]}),
    ],
)
def test_missing_choices(cells: Any, missing: Any) -> None:
    assert missing_choices(TO, [Row(FIRST, None, cells)]) == ({FIRST: missing} if missing else {})


def test_where_nobody_knows_the_choices_each_may_be_missing() -> None:
    bare = target(mapped(STATUS, "Status", "singleSelect"))
    assert missing_choices(bare, [Row(FIRST, None, {STATUS: "Sent"})]) == {FIRST: {STATUS: "Sent"}}


@pytest.mark.parametrize(
    ("to", "status", "typecast"), [(CREATING, "Lost", True), (CREATING, "Sent", False), (TO, "Lost", False)]
)
def test_typecast_only_where_it_is_needed_and_allowed(
    http: responses.RequestsMock, say: Say, upsert: Any, to: Target, status: str, typecast: bool
) -> None:
    say("PATCH", PATH, answer(record(REC1, FIRST)))
    upsert(Row(FIRST, None, {STATUS: status}), to=to)
    assert ("typecast" in sent(http)) is typecast


def test_a_new_choice_beside_a_link_goes_in_a_call_of_its_own(
    http: responses.RequestsMock, say: Say, upsert: Any
) -> None:
    """With typecast, a link to a row that is gone would make a row with that id for a name."""
    say("PATCH", PATH, answer(record(REC1, FIRST), record(REC2, SECOND), created=(REC1,)))
    say("PATCH", PATH, answer(record(REC1, FIRST, **{STATUS: "Lost"})))
    rows = Row(FIRST, None, {STATUS: "Lost", CLIENT: [ANA]}), Row(SECOND, REC2, {STATUS: "Sent"})
    written = upsert(*rows, to=CREATING)
    first, second = sent(http, 0), sent(http, 1)
    assert "typecast" not in first and second["typecast"] is True
    assert [one["fields"] for one in first["records"]] == [
        {CLIENT: [ANA], HUB_ID: FIRST},
        {STATUS: "Sent", HUB_ID: SECOND},
    ]
    assert second["records"] == [{"id": REC1, "fields": {STATUS: "Lost", HUB_ID: FIRST}}]
    assert (written[FIRST].created, written[FIRST].cells[STATUS]) == (True, "Lost")
    assert written[SECOND].remote_id == REC2


def test_a_choice_that_may_not_be_made_names_its_field(say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!INVALID_MULTIPLE_CHOICE_OPTIONS")
    with pytest.raises(FieldRefused) as refused:
        upsert(Row(FIRST, None, {STATUS: "Lost", TAGS: ["A"]}), to=CREATING)
    assert refused.value.fields == (STATUS,)


# --- files ------------------------------------------------------------------------------------------------------------


def with_file(made: File | None = PDF, remote_id: str | None = REC1) -> Row:
    return Row(FIRST, remote_id, {NUMBER: "1"}, {FILES: lambda: made})


def test_the_cell_is_emptied_then_the_file_put_in(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    say("PATCH", PATH, answer(record(REC1, FIRST)))
    there = {"id": "att1", "filename": "ticket.pdf", "size": 8, "type": "application/pdf"}
    http.add("POST", CONTENT, json={"id": REC1, "fields": {FILES: [{**there, "url": "https://dies.soon"}]}})
    written = upsert(with_file())[FIRST]
    assert sent(http, 0)["records"][0]["fields"] == {NUMBER: "1", FILES: [], HUB_ID: FIRST}
    assert sent(http, 1) == {
        "contentType": "application/pdf",
        "filename": "ticket.pdf",
        "file": b64encode(b"%PDF-1.7").decode(),
    }
    assert written.cells[FILES] == [there], "links that die are not kept"


def test_a_file_that_is_no_more_leaves_the_cell_empty(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    say("PATCH", PATH, answer(record(REC1, FIRST)))
    upsert(with_file(None))
    assert len(http.calls) == 1 and sent(http)["records"][0]["fields"][FILES] == []


def test_a_file_that_is_too_large_is_refused_before_anything_is_touched(
    http: responses.RequestsMock, upsert: Any
) -> None:
    with pytest.raises(Rejected, match=r"“big.pdf” has 5.01 MB; Airtable takes at most 5 MB") as refused:
        upsert(with_file(File("big.pdf", "application/pdf", b"x" * (LARGEST_FILE + 1))))
    assert refused.value.hub_ids == (FIRST,) and refused.value.code == "file_too_large"
    assert len(http.calls) == 0


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (413, "REQUEST_TOO_LARGE", "has 0.01 MB; Airtable takes at most 5 MB"),
        (422, "ATTACHMENTS_FAILED_UPLOADING", "did not take the file “ticket.pdf”"),
        (422, "INVALID_REQUEST_UNKNOWN", "did not take the file “ticket.pdf”"),
    ],
)
def test_a_refused_file_names_its_record(
    http: responses.RequestsMock, say: Say, upsert: Any, status: int, code: str, says: str
) -> None:
    say("PATCH", PATH, answer(record(REC1, FIRST)))
    http.add("POST", CONTENT, status=status, json={"error": {"type": code, "message": "No."}})
    with pytest.raises(Rejected, match=says) as refused:
        upsert(with_file())
    assert refused.value.hub_ids == (FIRST,)


@pytest.mark.parametrize(("there", "kind"), [((), RowsGone), ((record(REC1, FIRST),), FieldRefused)])
def test_a_row_that_is_gone_and_a_field_that_takes_no_files(
    http: responses.RequestsMock, say: Say, upsert: Any, there: Any, kind: type[Exception]
) -> None:
    say("PATCH", PATH, answer(record(REC1, FIRST)))
    http.add("POST", CONTENT, status=404, json={"error": {"type": "MODEL_ID_NOT_FOUND"}})
    say("POST", LIST, answer(*there))
    with pytest.raises(kind) as refused:
        upsert(with_file())
    told: Any = refused.value
    assert (told.hub_ids if kind is RowsGone else told.fields) == ((FIRST,) if kind is RowsGone else (FILES,))


@pytest.mark.parametrize("code", ["UNKNOWN_FIELD_NAME", "INVALID_VALUE_FOR_COLUMN"])
def test_a_field_that_is_no_attachment_is_blamed_by_its_id(
    http: responses.RequestsMock, say: Say, upsert: Any, code: str
) -> None:
    say("PATCH", PATH, answer(record(REC1, FIRST)))
    http.add("POST", CONTENT, status=422, json={"error": {"type": code, "message": "Something."}})
    with pytest.raises(FieldRefused) as refused:
        upsert(with_file())
    assert refused.value.fields == (FILES,)


def test_a_lost_answer_is_not_repeated_here(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    """The engine repeats the row, which empties the cell first: one file in the end."""
    say("PATCH", PATH, answer(record(REC1, FIRST)))
    http.add("POST", CONTENT, status=503)
    with pytest.raises(TransientError):
        upsert(with_file())
    assert len(http.calls) == 2


def test_only_files_lose_their_links() -> None:
    button = {"label": "Open", "url": "https://x"}
    file = {"id": "att1", "url": "https://x", "filename": "f"}
    cells: dict[str, Any] = {"a": [file], "b": "https://x", "c": ["rec1"], "d": button, "e": []}
    assert shown(cells) == {**cells, "a": [{"id": "att1", "filename": "f"}]}


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_linked_row_that_is_gone_is_told_apart_from_ours(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!ROW_DOES_NOT_EXIST")
    say("POST", LIST, answer(record(REC1, FIRST)))
    say("POST", CUSTOMERS_LIST, {"records": [{"id": BEN, "fields": {}}]})
    with pytest.raises(RowsGone, match="links to was deleted") as refused:
        upsert(Row(FIRST, REC1, {CLIENT: [ANA]}), Row(SECOND, None, {CLIENT: [BEN]}))
    assert (refused.value.hub_ids, refused.value.remote_ids) == ((), (ANA,))
    assert asked(http)[1:] == [f"POST {LIST}", f"POST {CUSTOMERS_LIST}"]
    assert sent(http)["filterByFormula"] == f"OR(RECORD_ID()='{ANA}',RECORD_ID()='{BEN}')"


def test_a_new_row_with_a_dead_link(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!ROW_DOES_NOT_EXIST")
    say("POST", CUSTOMERS_LIST, {"records": []})
    with pytest.raises(RowsGone) as refused:
        upsert(Row(FIRST, None, {CLIENT: [ANA]}))
    assert refused.value.remote_ids == (ANA,)
    assert len(http.calls) == 2, "no row of ours could be gone"


def test_both_may_be_gone_at_once(say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!ROW_DOES_NOT_EXIST")
    say("POST", LIST, answer())
    say("POST", CUSTOMERS_LIST, {"records": []})
    with pytest.raises(RowsGone) as refused:
        upsert(Row(FIRST, REC1, {CLIENT: [ANA]}))
    assert (refused.value.hub_ids, refused.value.remote_ids) == ((FIRST,), (ANA,))


def test_a_linked_table_that_is_gone_blames_the_link_field(say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!ROW_DOES_NOT_EXIST")
    say("POST", CUSTOMERS_LIST, "!NOT_FOUND")
    with pytest.raises(FieldRefused, match="“Client” links to is gone") as refused:
        upsert(Row(FIRST, None, {CLIENT: [ANA]}))
    assert refused.value.fields == (CLIENT,)


# --- blame ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ('Field "Status" cannot accept the provided value', (STATUS,)),
        ('Field "Renamed since" cannot accept the provided value', ("Renamed since",)),
        (f'Unknown field name: "{STATUS}"', (STATUS,)),
    ],
)
def test_fields_are_blamed_by_id_where_the_target_knows_them(
    http: responses.RequestsMock, upsert: Any, message: str, fields: tuple[str, ...]
) -> None:
    code = "UNKNOWN_FIELD_NAME" if message.startswith("Unknown") else "INVALID_VALUE_FOR_COLUMN"
    url = f"https://api.airtable.com/v0{PATH}"
    http.add("PATCH", url, status=422, json={"error": {"type": code, "message": message}})
    with pytest.raises(FieldRefused) as refused:
        upsert(Row(FIRST, None, {STATUS: "Sent"}))
    assert refused.value.fields == fields


@pytest.mark.parametrize("name", [HUB_ID, "Hub ID"])
def test_without_the_hub_id_nothing_can_be_written(http: responses.RequestsMock, upsert: Any, name: str) -> None:
    body = {"error": {"type": "UNKNOWN_FIELD_NAME", "message": f'Unknown field name: "{name}"'}}
    http.add("PATCH", f"https://api.airtable.com/v0{PATH}", status=422, json=body)
    with pytest.raises(ConfigError, match="“Hub ID” of the Airtable table is gone") as refused:
        upsert(Row(FIRST, None, {}))
    assert refused.value.code == "no_hub_id"


def test_reading_without_links_and_with_blame(client: AirtableClient, say: Say) -> None:
    there = {"id": "att1", "filename": "f", "url": "https://x"}
    say("POST", LIST, answer(record(REC1, FIRST, **{FILES: [there]})))
    found = RecordsSink().read(client, TO, [REC1])
    assert found[REC1][FILES] == [{"id": "att1", "filename": "f"}]
    say("POST", LIST, "!UNKNOWN_FIELD_NAME")
    with pytest.raises(FieldRefused):
        RecordsSink().read(client, TO, [REC1])


@pytest.mark.parametrize("type_", ["formula", "button", "multipleLookupValues", "rollup", "aiText", "typeOfTomorrow"])
def test_a_computed_field_mapped_by_mistake(type_: str) -> None:
    with pytest.raises(FieldRefused, match="Choose another field") as refused:
        RecordsSink().convert("x", mapped("fldF", "Sum", type_))
    assert refused.value.fields == ("fldF",)
