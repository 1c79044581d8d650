"""Every type of field: what it takes and refuses, how it is read; files, links, and what is computed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests

from integration_hub.sandbox.testing import Sandbox
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo
from providers.airtable.simulator.tests.test_records import ORDERS, create, kind

Ask = Callable[..., requests.Response]
OWNER = {"id": demo.OWNER[0], "email": demo.OWNER[1], "name": "Demo"}
STARS = {"icon": "star", "color": "yellowBright", "max": 5}
CHOICES = {"choices": [{"name": "A"}, {"name": "B"}]}
TIME = {"dateFormat": {"name": "iso"}, "timeFormat": {"name": "24hour"}, "timeZone": "Europe/Bucharest"}

# type → options, what it takes and shows, what it refuses
WRITABLE: dict[str, tuple[Any, list[tuple[Any, Any]], list[Any]]] = {
    "singleLineText": (None, [("שלום", "שלום"), ("مرحبا", "مرحبا")], [5, True, ["a"], {"text": "a"}]),
    "multilineText": (None, [("a\nb", "a\nb")], [5]),
    "richText": (None, [("*a*", "*a*")], [5]),
    "email": (None, [("no address", "no address")], [5]),
    "url": (None, [("https://example.com", "https://example.com")], [5]),
    "phoneNumber": (None, [("+40 21", "+40 21")], [5]),
    "number": ({"precision": 2}, [(0, 0), (-1.5, -1.5)], ["1.5", True, {}]),
    "currency": ({"precision": 2, "symbol": "€"}, [(12.5, 12.5)], ["12.5"]),
    "percent": ({"precision": 1}, [(0.123, 0.123)], ["12 %"]),
    "duration": ({"durationFormat": "h:mm"}, [(5400, 5400), (0.5, 0.5)], ["1:30"]),
    "rating": (STARS, [(1, 1), (5, 5)], [0, 6, 2.5, "3", True]),
    "checkbox": ({"icon": "check", "color": "greenBright"}, [(True, True)], ["yes", 1]),
    "date": ({"dateFormat": {"name": "iso"}}, [("2026-11-21", "2026-11-21")], ["21.11.2026", 5]),
    "dateTime": (TIME, [("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"),
                        ("2026-11-21T10:00:00", "2026-11-21T08:00:00.000Z")], ["soon", 5]),
    "singleSelect": (CHOICES, [("A", "A")], ["C", ["A"], 5]),
    "multipleSelects": (CHOICES, [(["B", "A", "B"], ["B", "A"])], ["A", ["C"], [5]]),
    "singleCollaborator": (None, [({"id": OWNER["id"]}, OWNER), ({"email": OWNER["email"]}, OWNER)],
                           [{"email": "nobody@example.com"}, "Demo"]),
    "multipleCollaborators": (None, [([{"id": OWNER["id"]}], [OWNER])], [{"id": OWNER["id"]}, [{"id": "usrNobody"}]]),
    "barcode": (None, [({"text": "123"}, {"text": "123"}), ({"text": "1", "type": "code39"},
                                                            {"text": "1", "type": "code39"})], ["123", {"type": "x"}]),
}  # fmt: skip


@pytest.fixture
def column(sandbox: Sandbox) -> Callable[..., str]:
    """Adds a field to the orders as a person would; its name."""

    def add(type: str, options: Any = None, name: str = "X") -> str:
        made: str = sandbox.control("airtable", "add_field", name=name, type=type, options=options)["name"]
        return made

    return add


def put(ask: Ask, value: Any, **more: Any) -> requests.Response:
    return ask("POST", ORDERS, json={"fields": {"X": value}, **more})


@pytest.mark.parametrize("type", WRITABLE)
def test_what_each_type_takes_shows_and_refuses(ask: Ask, column: Callable[..., str], type: str) -> None:
    options, taken, refused = WRITABLE[type]
    column(type, options)
    for given, shown in taken:
        answer = put(ask, given)
        assert answer.json()["fields"] == {"X": shown}
        record = answer.json()["id"]
        cleared = ask("PATCH", f"{ORDERS}/{record}", json={"fields": {"X": None}})
        assert cleared.json()["fields"] == {}, "an empty cell is left out"
    for value in refused:
        assert kind(put(ask, value)) in (
            (422, "INVALID_VALUE_FOR_COLUMN"),
            (422, "INVALID_MULTIPLE_CHOICE_OPTIONS"),
        ), value


COMPUTED = ("formula", "rollup", "multipleLookupValues", "count", "autoNumber", "createdTime", "lastModifiedTime",
            "createdBy", "lastModifiedBy", "button", "aiText", "externalSyncSource", "manualSort")  # fmt: skip


@pytest.mark.parametrize("type", COMPUTED)
def test_computed_fields_refuse(ask: Ask, column: Callable[..., str], type: str) -> None:
    column(type)
    answer = put(ask, "x")
    assert kind(answer) == (422, "INVALID_VALUE_FOR_COLUMN")
    assert answer.json()["error"]["message"].startswith('Field "X" cannot accept')
    spec = {"name": "Y", "type": type}
    assert kind(ask("POST", f"meta/bases/{demo.SALES}/tables/Orders/fields", json=spec)) == (
        422,
        "UNSUPPORTED_FIELD_TYPE_FOR_CREATE",
    )
    assert create(ask, {"Order number": "1"})[0]["id"]


def test_a_locked_field_is_named(ask: Ask, sandbox: Sandbox) -> None:
    field = sandbox.control("airtable", "lock_field", field="Total")
    answer = ask("POST", ORDERS, json={"fields": {"Total": 5}})
    assert kind(answer) == (403, "INVALID_PERMISSIONS")
    assert (
        answer.json()["error"]["message"]
        == f"You are not permitted to write cell values in field Total ({field['id']})"
    )


# --- choices ----------------------------------------------------------------------------------------------------------


def test_typecast_makes_a_choice_only_for_those_who_may(ask: Ask, column: Callable[..., str], sandbox: Sandbox) -> None:
    column("singleSelect", CHOICES)
    assert put(ask, "C", typecast=True).json()["fields"] == {"X": "C"}
    assert put(ask, "C").status_code == 200, "it is there now"
    sandbox.control("airtable", "permit", level="edit")
    assert kind(put(ask, "D", typecast=True)) == (422, "INVALID_MULTIPLE_CHOICE_OPTIONS")
    assert put(ask, "A", typecast=True).status_code == 200


# --- levels -----------------------------------------------------------------------------------------------------------


def test_a_base_to_read_only(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "permit", level="read", base=demo.SALES)
    levels = {base["id"]: base["permissionLevel"] for base in ask("GET", "meta/bases").json()["bases"]}
    assert levels == {demo.SALES: "read", demo.EVENTS: "create"}
    assert ask("GET", ORDERS).status_code == 200
    assert kind(put(ask, "x")) == (403, "INVALID_PERMISSIONS")
    assert kind(ask("POST", f"meta/bases/{demo.SALES}/tables", json={})) == (403, "INVALID_PERMISSIONS")


def test_a_base_taken_away_looks_as_if_it_were_not_there(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.control("airtable", "permit", level="none", base=demo.SALES)
    assert [base["id"] for base in ask("GET", "meta/bases").json()["bases"]] == [demo.EVENTS]
    assert kind(ask("GET", ORDERS)) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")


# --- files ------------------------------------------------------------------------------------------------------------


def upload(ask: Ask, record: str, content: bytes = b"%PDF", field: str = "X", **more: Any) -> requests.Response:
    body = {"contentType": "application/pdf", "filename": "ticket.pdf", "file": base64.b64encode(content).decode()}
    return ask("POST", f"{demo.SALES}/{record}/{field}/uploadAttachment", json={**body, **more})


@pytest.fixture
def row(ask: Ask, column: Callable[..., str]) -> str:
    column("multipleAttachments")
    made: str = create(ask, {"Order number": "1"})[0]["id"]
    return made


def test_a_link_to_a_file_expires(ask: Ask, row: str, sandbox: Sandbox) -> None:
    (cell,) = upload(ask, row).json()["fields"].values()
    assert (cell[0]["filename"], cell[0]["size"], cell[0]["type"]) == ("ticket.pdf", 4, "application/pdf")
    assert requests.get(cell[0]["url"], timeout=5).content == b"%PDF"
    sandbox.control("airtable", "advance", seconds=7300)
    assert requests.get(cell[0]["url"], timeout=5).status_code == 410
    fresh = ask("GET", f"{ORDERS}/{row}").json()["fields"]["X"][0]["url"]
    assert requests.get(fresh, timeout=5).content == b"%PDF"
    assert requests.get(fresh.replace("/files/att", "/files/xxx"), timeout=5).status_code == 404


def test_five_megabytes_and_no_more(ask: Ask, row: str, sandbox: Sandbox) -> None:
    most = 5 * 1024 * 1024
    assert upload(ask, row, b"x" * most).status_code == 200
    assert kind(upload(ask, row, b"x" * (most + 1))) == (413, "REQUEST_TOO_LARGE")
    assert len(ask("GET", f"{ORDERS}/{row}").json()["fields"]["X"]) == 1


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"file": "not base64!"}, (422, "INVALID_REQUEST_UNKNOWN")),
        ({"filename": ""}, (422, "INVALID_REQUEST_UNKNOWN")),
        ({"contentType": None}, (422, "INVALID_REQUEST_UNKNOWN")),
        ({"field": "Gone"}, (422, "UNKNOWN_FIELD_NAME")),
        ({"field": "Total"}, (422, "INVALID_VALUE_FOR_COLUMN")),
    ],
)
def test_uploads_that_are_refused(ask: Ask, row: str, change: Any, refused: tuple[int, str]) -> None:
    assert kind(upload(ask, row, **change)) == refused


def test_uploads_to_rows_that_are_gone_or_locked(ask: Ask, row: str, sandbox: Sandbox) -> None:
    assert kind(upload(ask, "recGone0000000001")) == (404, "MODEL_ID_NOT_FOUND")
    sandbox.control("airtable", "lock_field", field="X")
    assert kind(upload(ask, row)) == (403, "INVALID_PERMISSIONS")
    reading = ask("POST", f"{demo.SALES}/{row}/X/uploadAttachment", key="read_only", json={})
    assert kind(reading) == (403, "INVALID_PERMISSIONS")


def test_files_by_address_and_by_id(ask: Ask, row: str) -> None:
    path = f"{ORDERS}/{row}"
    given = [{"url": "https://example.com/a.png"}, {"url": "https://example.com/b", "filename": "b.pdf"}]
    cell = ask("PATCH", path, json={"fields": {"X": given}}).json()["fields"]["X"]
    assert [(one["filename"], one["type"]) for one in cell] == [("a.png", "image/png"), ("b.pdf", "application/pdf")]
    kept = ask("PATCH", path, json={"fields": {"X": [{"id": cell[1]["id"]}]}}).json()["fields"]["X"]
    assert [one["id"] for one in kept] == [cell[1]["id"]]
    for wrong in ([{"id": "attUnknown"}], [{"url": "file:///etc"}], "x", [5]):
        assert kind(ask("PATCH", path, json={"fields": {"X": wrong}})) == (422, "INVALID_ATTACHMENT_OBJECT")


# --- links, lookups, rollups ------------------------------------------------------------------------------------------


@pytest.fixture
def linked(sandbox: Sandbox, column: Callable[..., str]) -> str:
    """A table of customers with one row, Ana, that orders link to in X."""
    customers = sandbox.control("airtable", "add_table", name="Customers")
    column("multipleRecordLinks", {"linkedTableId": customers["id"]})
    ana: str = sandbox.control("airtable", "add", table="Customers", fields={"Name": "Ana"})["id"]
    return ana


def test_links_show_on_both_sides(ask: Ask, linked: str, sandbox: Sandbox) -> None:
    order = put(ask, [linked]).json()
    assert order["fields"] == {"X": [linked]}
    assert sandbox.control("airtable", "rows", table="Customers")[0]["fields"]["Orders"] == [order["id"]]
    sandbox.control("airtable", "delete", table="Customers", record=linked)
    assert ask("GET", f"{ORDERS}/{order['id']}").json()["fields"] == {}
    answer = put(ask, [linked])
    assert kind(answer) == (422, "ROW_DOES_NOT_EXIST") and linked in answer.json()["error"]["message"]


def test_lookups_rollups_counts_and_buttons(
    ask: Ask, linked: str, column: Callable[..., str], sandbox: Sandbox
) -> None:
    fields = {
        field["name"]: field["id"]
        for field in ask("GET", f"meta/bases/{demo.SALES}/tables").json()["tables"][0]["fields"]
    }
    customers = ask("GET", f"meta/bases/{demo.SALES}/tables").json()["tables"][1]["fields"]
    through = {"recordLinkFieldId": fields["X"]}
    column("multipleLookupValues", {**through, "fieldIdInLinkedTable": customers[0]["id"]}, "Names")
    column("rollup", {**through, "fieldIdInLinkedTable": customers[0]["id"]}, "All names")
    column("count", through, "How many")
    column("button", None, "Open")
    shown = put(ask, [linked]).json()["fields"]
    assert shown == {"X": [linked], "Names": ["Ana"], "All names": "Ana", "How many": 1,
                     "Open": {"label": "Open", "url": None}}  # fmt: skip


# --- what people change -----------------------------------------------------------------------------------------------


def test_choices_come_change_and_go(ask: Ask, column: Callable[..., str], sandbox: Sandbox) -> None:
    column("multipleSelects", CHOICES)
    record = put(ask, ["A", "B"]).json()["id"]
    sandbox.control("airtable", "rename_choice", field="X", choice="A", name="Alpha")
    sandbox.control("airtable", "delete_choice", field="X", choice="B")
    changed = sandbox.control("airtable", "add_choice", field="X", name="C")
    assert [choice["name"] for choice in changed["options"]["choices"]] == ["Alpha", "C"]
    assert ask("GET", f"{ORDERS}/{record}").json()["fields"] == {"X": ["Alpha"]}


def test_retyping_to_computed_and_back(ask: Ask, sandbox: Sandbox, sim: AirtableSimulator) -> None:
    create(ask, {"Order number": "1", "Payment": "12"})
    sandbox.control("airtable", "retype_field", field="Payment", type="formula", options={"formula": "1"})
    assert sim.rows()[0]["fields"]["Payment"] == 1
    assert kind(ask("POST", ORDERS, json={"fields": {"Payment": "x"}})) == (422, "INVALID_VALUE_FOR_COLUMN")
    sandbox.control("airtable", "retype_field", field="Payment", type="singleLineText")
    assert "Payment" not in sim.rows()[0]["fields"]


def test_deleting_and_retyping_links_leaves_texts(ask: Ask, linked: str, sandbox: Sandbox) -> None:
    put(ask, [linked])
    sandbox.control("airtable", "retype_field", field="X", type="singleLineText")
    (order,) = ask("GET", ORDERS).json()["records"]
    assert order["fields"]["X"] == "Ana"
    names = {
        field["name"]: field["type"]
        for field in ask("GET", f"meta/bases/{demo.SALES}/tables").json()["tables"][1]["fields"]
    }
    assert names["Orders"] == "singleLineText"


@pytest.mark.parametrize(
    ("order", "arguments", "says"),
    [
        ("add_choice", {"field": "Total", "name": "A"}, "has no choices"),
        ("delete_choice", {"field": "Status", "choice": "Gone"}, "no choice 'Gone'"),
        ("add_choice", {"field": "Status", "name": "Sent"}, "already"),
        ("permit", {"level": "emperor"}, "no level 'emperor'"),
        ("add_field", {"name": "total"}, "Duplicate or empty"),
        ("add_table", {"name": "orders"}, "Duplicate table name"),
        ("delete_field", {"field": "Order number"}, "primary"),
    ],
)
def test_bad_orders_say_why(sandbox: Sandbox, order: str, arguments: Any, says: str) -> None:
    answer = requests.post(f"{sandbox.url}/_control/airtable/{order}", json=arguments, timeout=5)
    assert answer.status_code == 400 and says in answer.json()["error"]
