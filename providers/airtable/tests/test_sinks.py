"""Rows: found again by the hub's id, made once, made again where they vanished, copies named, deletes that are late."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import responses

from integration_hub.contract import (
    ConfigError,
    FieldRefused,
    RateLimited,
    Rejected,
    Row,
    RowsGone,
    TransientError,
    Written,
)
from providers.airtable.client import AirtableClient
from providers.airtable.sinks import RecordsSink
from providers.airtable.tests.conftest import (
    BASE,
    FIRST,
    HUB_ID,
    REC1,
    REC2,
    SECOND,
    TABLE,
    asked,
    payload,
    sent,
    target,
)

Say = Callable[..., None]
NUMBER = "fldNumber00000001"
PATH, LIST = f"/{BASE}/{TABLE}", f"/{BASE}/{TABLE}/listRecords"
NEW1, NEW2 = Row(FIRST, None, {NUMBER: "1001"}), Row(SECOND, None, {NUMBER: "1002"})
OLD1, OLD2 = Row(FIRST, REC1, {NUMBER: "1001"}), Row(SECOND, REC2, {NUMBER: "1002"})


@pytest.fixture
def upsert(client: AirtableClient) -> Callable[..., dict[str, Written]]:
    def write(*rows: Row) -> dict[str, Written]:
        return {one.hub_id: one for one in RecordsSink().upsert(client, target(), rows)}

    return write


@pytest.fixture
def delete(client: AirtableClient) -> Callable[..., None]:
    def remove(*ids: str) -> None:
        RecordsSink().delete(client, target(), ids)

    return remove


def test_known_rows_are_changed_by_their_id(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "update_records")
    written = upsert(OLD1, OLD2)
    assert {hub_id: (one.remote_id, one.created, one.copies) for hub_id, one in written.items()} == {
        FIRST: (REC1, False, ()),
        SECOND: (REC2, False, ()),
    }
    assert written[FIRST].cells["fldTotal000000001"] == 129.9
    assert "performUpsert" not in sent(http)
    assert sent(http)["records"][0] == {"id": REC1, "fields": {NUMBER: "1001", HUB_ID: FIRST}}


def test_new_and_known_rows_travel_together(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "upsert_records")
    written = upsert(OLD1, NEW2)
    assert (written[FIRST].created, written[SECOND].created, written[SECOND].remote_id) == (False, True, REC2)
    assert sent(http)["performUpsert"] == {"fieldsToMergeOn": [HUB_ID]}
    assert [sorted(record) for record in sent(http)["records"]] == [["fields", "id"], ["fields"]]
    assert "typecast" not in sent(http)


def test_answers_belong_to_rows_by_hub_id_not_by_place(say: Say, upsert: Any) -> None:
    body = payload("upsert_records")
    body["records"].reverse()
    say("PATCH", PATH, body)
    written = upsert(OLD1, NEW2)
    assert (written[FIRST].remote_id, written[SECOND].remote_id) == (REC1, REC2)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("INVALID_REQUEST_UNKNOWN", Rejected),
        ("INVALID_VALUE_FOR_COLUMN", FieldRefused),
        ("INVALID_MULTIPLE_CHOICE_OPTIONS", FieldRefused),
        ("UNKNOWN_FIELD_NAME", FieldRefused),
        ("INVALID_PERMISSIONS_field", FieldRefused),
        ("INVALID_PERMISSIONS", ConfigError),
        ("RATE_LIMIT_REACHED", RateLimited),
        ("SERVER_ERROR", TransientError),
    ],
)
def test_refusals_of_a_batch_pass_through(
    http: responses.RequestsMock, say: Say, upsert: Any, name: str, kind: type[Exception]
) -> None:
    say("PATCH", PATH, f"!{name}")
    with pytest.raises(kind):
        upsert(NEW1, NEW2)
    assert len(http.calls) == 1, "the engine bisects and retries, the sink does not"


# --- a row that vanished over there -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ROW_DOES_NOT_EXIST", "NOT_FOUND", "MODEL_ID_NOT_FOUND"])
def test_a_vanished_row_is_named(http: responses.RequestsMock, say: Say, upsert: Any, name: str) -> None:
    """Only the changed cells are at hand here: the engine must send the record whole."""
    say("PATCH", PATH, f"!{name}")
    say("POST", LIST, "records_none")
    with pytest.raises(RowsGone) as refused:
        upsert(OLD1)
    assert refused.value.hub_ids == (FIRST,)
    assert sent(http, 1)["filterByFormula"] == f"OR(RECORD_ID()='{REC1}')"


def test_of_several_only_the_vanished_one_is_named(say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!ROW_DOES_NOT_EXIST")
    say("POST", LIST, "records_one")
    with pytest.raises(RowsGone) as refused:
        upsert(OLD1, OLD2)
    assert refused.value.hub_ids == (SECOND,)


def test_a_vanished_table_is_not_mistaken_for_vanished_rows(
    http: responses.RequestsMock, say: Say, upsert: Any
) -> None:
    say("PATCH", PATH, "!INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
    say("POST", LIST, "!INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
    with pytest.raises(ConfigError, match="does not find the base or table"):
        upsert(OLD1, OLD2)
    assert len(http.calls) == 2


def test_when_all_rows_are_there_the_refusal_stands(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
    say("POST", LIST, "records_page_2")
    with pytest.raises(ConfigError):
        upsert(OLD2)
    assert len(http.calls) == 2


def test_a_table_that_vanished_before_the_first_row(http: responses.RequestsMock, say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!NOT_FOUND")
    with pytest.raises(ConfigError):
        upsert(NEW1)
    assert len(http.calls) == 1


# --- copies -----------------------------------------------------------------------------------------------------------


def test_of_copies_the_oldest_is_ours_and_the_others_are_named(
    http: responses.RequestsMock, say: Say, upsert: Any
) -> None:
    say("PATCH", PATH, "!INVALID_REQUEST_UNKNOWN")
    say("POST", LIST, "records_copies")
    say("PATCH", PATH, "update_one")
    written = upsert(NEW1)[FIRST]
    assert (written.remote_id, written.created) == (REC1, False)
    assert written.copies == ("recOrder000000004", "recOrder000000003")
    assert sent(http, 1)["filterByFormula"] == f"{{{HUB_ID}}}='{FIRST}'"
    assert sent(http)["records"] == [{"id": REC1, "fields": {NUMBER: "1001", HUB_ID: FIRST}}]


@pytest.mark.parametrize("there", ["records_none", "records_one"])
def test_without_copies_the_refusal_stands(http: responses.RequestsMock, say: Say, upsert: Any, there: str) -> None:
    say("PATCH", PATH, "!INVALID_REQUEST_UNKNOWN")
    say("POST", LIST, there)
    with pytest.raises(Rejected, match="parameter validation failed"):
        upsert(NEW1)


def test_a_bad_value_in_a_row_with_copies_is_still_refused(say: Say, upsert: Any) -> None:
    say("PATCH", PATH, "!INVALID_REQUEST_UNKNOWN")
    say("POST", LIST, "records_copies")
    say("PATCH", PATH, "!INVALID_VALUE_FOR_COLUMN")
    with pytest.raises(FieldRefused, match="cannot accept the provided value"):
        upsert(NEW1)


# --- deletes ----------------------------------------------------------------------------------------------------------


def test_delete(http: responses.RequestsMock, say: Say, delete: Any) -> None:
    say("DELETE", PATH, "delete_records")
    delete(REC1, REC2)
    assert asked(http) == [f"DELETE {PATH}?records%5B%5D={REC1}&records%5B%5D={REC2}"]


def test_no_rows_no_call(http: responses.RequestsMock, delete: Any) -> None:
    delete()
    assert len(http.calls) == 0


@pytest.mark.parametrize("name", ["ROW_DOES_NOT_EXIST", "NOT_FOUND", "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"])
def test_what_is_gone_already_is_no_error(http: responses.RequestsMock, say: Say, delete: Any, name: str) -> None:
    say("DELETE", PATH, f"!{name}")
    say("POST", LIST, "records_page_2")
    say("DELETE", PATH, "delete_one")
    delete(REC1, REC2)
    assert asked(http)[-1] == f"DELETE {PATH}?records%5B%5D={REC2}"


def test_all_gone_already(http: responses.RequestsMock, say: Say, delete: Any) -> None:
    say("DELETE", PATH, "!ROW_DOES_NOT_EXIST")
    say("POST", LIST, "records_none")
    delete(REC1, REC2)
    assert len(http.calls) == 2


def test_a_delete_refused_for_another_reason(http: responses.RequestsMock, say: Say, delete: Any) -> None:
    say("DELETE", PATH, "!INVALID_PERMISSIONS")
    with pytest.raises(ConfigError, match="make its owner an editor"):
        delete(REC1)


def test_a_delete_that_is_refused_though_the_rows_are_there(say: Say, delete: Any) -> None:
    say("DELETE", PATH, "!NOT_FOUND")
    say("POST", LIST, "records_page_2")
    with pytest.raises(ConfigError):
        delete(REC2)


def test_the_page_of_a_row() -> None:
    assert RecordsSink().remote_url(target(), REC1) == f"https://airtable.com/{BASE}/{TABLE}/{REC1}"


def test_a_batch_is_what_airtable_takes() -> None:
    rows: Sequence[Row] = [NEW1] * RecordsSink.batch
    assert len(rows) == 10
