"""Records: what is stored, shown, refused; batches, upserts, pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from integration_hub.sandbox.clock import iso
from integration_hub.sandbox.testing import Sandbox
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo

Ask = Callable[..., requests.Response]
ORDERS = f"{demo.SALES}/Orders"
CONTACTS = f"{demo.EVENTS}/Contacts"
PROGRAMME = f"{demo.EVENTS}/Programme"


def kind(answer: requests.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    return answer.status_code, error if isinstance(error, str) else error["type"]


def create(ask: Ask, *rows: dict[str, Any], table: str = ORDERS, **more: Any) -> list[dict[str, Any]]:
    answer = ask("POST", table, json={"records": [{"fields": row} for row in rows], **more})
    assert answer.status_code == 200, answer.text
    records: list[dict[str, Any]] = answer.json()["records"]
    return records


@pytest.mark.parametrize(
    ("table", "field", "given", "shown"),
    [
        (ORDERS, "Order number", "1001", "1001"),
        (ORDERS, "Customer e-mail", "not an address", "not an address"),
        (ORDERS, "Total", 0, 0),
        (ORDERS, "Total", 12.345, 12.345),
        (ORDERS, "Placed at", "2026-04-24T17:07:42+02:00", "2026-04-24T15:07:42.000Z"),
        (ORDERS, "Placed at", "2026-04-24T15:07:42", "2026-04-24T15:07:42.000Z"),
        (CONTACTS, "Newsletter", True, True),
        (CONTACTS, "Interests", ["Sport", "Music"], ["Sport", "Music"]),
        (CONTACTS, "Rating", 3, 3),
        (PROGRAMME, "Day", "2026-04-24", "2026-04-24"),
        (PROGRAMME, "Share sold", 0.123, 0.123),
        (PROGRAMME, "Length", 5400.5, 5400.5),
    ],
)
def test_values_that_fit(ask: Ask, table: str, field: str, given: Any, shown: Any) -> None:
    (record,) = create(ask, {field: given}, table=table)
    assert record["fields"][field] == shown
    assert ask("GET", f"{table}/{record['id']}").json()["fields"][field] == shown


@pytest.mark.parametrize("empty", [None, "", [], False])
def test_empty_cells_are_left_out(ask: Ask, empty: Any) -> None:
    field = "Newsletter" if empty is False else "Interests" if empty == [] else "Name"
    (record,) = create(ask, {field: empty}, table=CONTACTS)
    assert field not in record["fields"]


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        (ORDERS, "Order number", 1001),
        (ORDERS, "Total", "12.50"),
        (ORDERS, "Total", True),
        (ORDERS, "Status", ["Sent"]),
        (ORDERS, "Placed at", "soon"),
        (ORDERS, "Placed at", 1776000000),
        (CONTACTS, "Newsletter", "yes"),
        (CONTACTS, "Rating", 0),
        (CONTACTS, "Rating", 6),
        (CONTACTS, "Interests", "Music"),
        (CONTACTS, "Number", 7),
        (CONTACTS, "Created", "2026-04-24T15:07:42.000Z"),
        (CONTACTS, "Label", "x"),
        (PROGRAMME, "Day", "24/04/2026"),
    ],
)
def test_values_that_do_not_fit(ask: Ask, table: str, field: str, value: Any) -> None:
    answer = ask("POST", table, json={"fields": {field: value}})
    assert kind(answer) == (422, "INVALID_VALUE_FOR_COLUMN")
    assert f'Field "{field}" cannot accept' in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("table", "field", "given", "shown"),
    [
        (ORDERS, "Order number", 1001, "1001"),
        (ORDERS, "Total", "€ 1,012.50", 1012.5),
        (ORDERS, "Status", "Lost", "Lost"),
        (CONTACTS, "Newsletter", "checked", True),
        (CONTACTS, "Interests", "Music, Opera", ["Music", "Opera"]),
        (PROGRAMME, "Day", "4/24/2026", "2026-04-24"),
        (PROGRAMME, "Share sold", "12.5 %", 0.125),
    ],
)
def test_typecast(ask: Ask, table: str, field: str, given: Any, shown: Any) -> None:
    (record,) = create(ask, {field: given}, table=table, typecast=True)
    assert record["fields"][field] == shown


def test_typecast_makes_linked_rows_by_name(ask: Ask) -> None:
    (show,) = create(ask, {"Title": "Gala", "Guests": "Ana Pop, Dan Ban"}, table=PROGRAMME, typecast=True)
    names = [ask("GET", f"{CONTACTS}/{guest}").json()["fields"]["Name"] for guest in show["fields"]["Guests"]]
    assert names == ["Ana Pop", "Dan Ban"]


def test_stale_link(ask: Ask) -> None:
    answer = ask("POST", PROGRAMME, json={"fields": {"Guests": ["rec00000000000000"]}})
    assert kind(answer) == (422, "ROW_DOES_NOT_EXIST")


@pytest.mark.parametrize("name", ["Orders", "Order%73", "{id}"])
def test_tables_by_name_or_id(ask: Ask, sim: AirtableSimulator, name: str) -> None:
    table = sim.state.base(demo.SALES).table("Orders")
    assert ask("GET", f"{demo.SALES}/{name.replace('{id}', table.id)}").json() == {"records": []}


def test_a_name_with_a_slash_is_one_segment(ask: Ask) -> None:
    spec = {"name": "In/Out é", "fields": [{"name": "Name", "type": "singleLineText"}]}
    assert ask("POST", f"meta/bases/{demo.SALES}/tables", json=spec).ok
    assert ask("GET", f"{demo.SALES}/In%2FOut%20%C3%A9").json() == {"records": []}
    assert kind(ask("GET", f"{demo.SALES}/In/Out%20%C3%A9"))[0] in (403, 404)


def test_batch_is_all_or_nothing(ask: Ask, sim: AirtableSimulator) -> None:
    rows = [{"Hub ID": f"h{n}", "Status": "New one"} for n in range(9)]
    bad = [*rows, {"Hub ID": "h9", "Total": "x y"}]
    body = {"records": [{"fields": row} for row in bad], "typecast": True}
    choices = [choice["name"] for choice in sim.state.base("").table("Orders").field("Status").choices]
    assert kind(ask("POST", ORDERS, json=body)) == (422, "INVALID_VALUE_FOR_COLUMN")
    assert sim.rows() == []
    assert [c["name"] for c in sim.state.base("").table("Orders").field("Status").choices] == choices
    made = create(ask, *rows, typecast=True)
    updates = [{"id": each["id"], "fields": {"Total": 5}} for each in made]
    updates[-1]["fields"] = {"Total": "x"}
    assert kind(ask("PATCH", ORDERS, json={"records": updates})) == (422, "INVALID_VALUE_FOR_COLUMN")
    assert all("Total" not in each["fields"] for each in sim.rows())
    gone = [made[0]["id"], "rec00000000000000"]
    assert kind(ask("DELETE", ORDERS, params={"records[]": gone})) == (422, "ROW_DOES_NOT_EXIST")
    assert len(sim.rows()) == 9


def test_put_clears_and_patch_does_not(ask: Ask) -> None:
    (record,) = create(ask, {"Hub ID": "h1", "Total": 5, "Status": "Sent"})
    change = {"records": [{"id": record["id"], "fields": {"Total": 6}}]}
    patched = ask("PATCH", ORDERS, json=change).json()["records"][0]
    assert patched["fields"] == {"Hub ID": "h1", "Total": 6, "Status": "Sent"}
    assert ask("PUT", ORDERS, json=change).json()["records"][0]["fields"] == {"Total": 6}


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", ORDERS, {"records": [{"fields": {}}] * 11}, (422, "INVALID_RECORDS")),
        ("PATCH", ORDERS, {"records": [{"id": "recX", "fields": {}}] * 11}, (422, "INVALID_RECORDS")),
        ("POST", ORDERS, {"records": []}, (422, "INVALID_REQUEST_UNKNOWN")),
        ("POST", ORDERS, {"rows": []}, (422, "INVALID_REQUEST_MISSING_FIELDS")),
        ("POST", ORDERS, {"fields": {"Colour": "red"}}, (422, "UNKNOWN_FIELD_NAME")),
        ("POST", ORDERS, {"fields": {"status": "Sent"}}, (422, "UNKNOWN_FIELD_NAME")),
        ("POST", ORDERS, {"fields": {"Status": "Lost"}}, (422, "INVALID_MULTIPLE_CHOICE_OPTIONS")),
        ("POST", ORDERS, {"fields": {}, "typecast": "yes"}, (422, "INVALID_REQUEST_UNKNOWN")),
        ("PATCH", ORDERS, {"records": [{"id": "rec0", "fields": {}}]}, (422, "ROW_DOES_NOT_EXIST")),
        ("PATCH", f"{ORDERS}/rec0", {"fields": {}}, (404, "MODEL_ID_NOT_FOUND")),
        ("DELETE", f"{ORDERS}/rec0", None, (404, "MODEL_ID_NOT_FOUND")),
        ("GET", f"{ORDERS}/rec0", None, (404, "NOT_FOUND")),
        ("DELETE", ORDERS, None, (422, "INVALID_REQUEST_UNKNOWN")),
        ("GET", f"{ORDERS}?pageSize=101", None, (422, "INVALID_REQUEST_UNKNOWN")),
        ("GET", f"{ORDERS}?pageSize=0", None, (422, "INVALID_REQUEST_UNKNOWN")),
        ("GET", f"{ORDERS}?fields[]=Colour", None, (422, "UNKNOWN_FIELD_NAME")),
        ("GET", f"{ORDERS}?sort[0][field]=Colour", None, (422, "UNKNOWN_FIELD_NAME")),
        ("GET", f"{ORDERS}?view=Nobody", None, (422, "VIEW_NAME_NOT_FOUND")),
        ("GET", f"{ORDERS}?cellFormat=string", None, (422, "INVALID_REQUEST_UNKNOWN")),
        ("GET", f"{ORDERS}?offset=itr1/rec1", None, (422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")),
        ("GET", f"{ORDERS}?filterByFormula=AND(", None, (422, "INVALID_FILTER_BY_FORMULA")),
        ("GET", f"{ORDERS}?filterByFormula=%7BColour%7D=1", None, (422, "INVALID_FILTER_BY_FORMULA")),
    ],
)
def test_refusals(ask: Ask, method: str, path: str, body: Any, expected: tuple[int, str]) -> None:
    assert kind(ask(method, path, json=body)) == expected


def test_a_record_that_is_not_there_has_no_message(ask: Ask) -> None:
    assert ask("GET", f"{ORDERS}/rec0").json() == {"error": {"type": "NOT_FOUND"}}


class TestUpsert:
    def upsert(self, ask: Ask, *records: dict[str, Any], on: list[str], **more: Any) -> requests.Response:
        body = {"records": list(records), "performUpsert": {"fieldsToMergeOn": on}, **more}
        return ask(more.pop("method", "PATCH"), ORDERS, json=body)

    def test_none_creates_one_updates(self, ask: Ask) -> None:
        (known,) = create(ask, {"Hub ID": "h1", "Total": 1})
        answer = self.upsert(
            ask, {"fields": {"Hub ID": "h2"}}, {"fields": {"Hub ID": "h1", "Total": 2}}, on=["Hub ID"]
        ).json()
        assert answer["updatedRecords"] == [known["id"]]
        assert answer["createdRecords"] == [answer["records"][0]["id"]]
        assert answer["records"][1]["fields"] == {"Hub ID": "h1", "Total": 2}

    def test_a_copy_makes_the_whole_request_fail(self, ask: Ask, sandbox: Sandbox, sim: AirtableSimulator) -> None:
        (known,) = create(ask, {"Hub ID": "h1", "Total": 1})
        copy = sandbox.control("airtable", "duplicate", record=known["id"])
        assert copy["fields"] == known["fields"]
        answer = self.upsert(ask, {"fields": {"Hub ID": "h2"}}, {"fields": {"Hub ID": "h1", "Total": 2}}, on=["Hub ID"])
        assert kind(answer) == (422, "INVALID_REQUEST_UNKNOWN")
        assert [row["fields"] for row in sim.rows()] == [{"Hub ID": "h1", "Total": 1}] * 2

    def test_with_an_id_the_merge_fields_do_not_count(self, ask: Ask, sandbox: Sandbox) -> None:
        (known,) = create(ask, {"Hub ID": "h1"})
        sandbox.control("airtable", "duplicate", record=known["id"])
        answer = self.upsert(ask, {"id": known["id"], "fields": {"Hub ID": "h1", "Total": 2}}, on=["Hub ID"]).json()
        assert answer["updatedRecords"] == [known["id"]]

    def test_several_merge_fields_by_id(self, ask: Ask, sim: AirtableSimulator) -> None:
        table = sim.state.base(demo.SALES).table("Orders")
        on = [table.field("Order number").id, table.field("Total").id]
        create(ask, {"Order number": "1", "Total": 5}, {"Order number": "1", "Total": 6})
        row = {"fields": {"Order number": "1", "Total": 5.0, "Status": "Sent"}}
        assert len(self.upsert(ask, row, on=on).json()["updatedRecords"]) == 1

    @pytest.mark.parametrize(
        ("on", "fields"),
        [
            ([], {"Hub ID": "1"}),
            (["Hub ID", "Total", "Status", "Priority"], {"Hub ID": "1"}),
            (["Customer e-mail"], {"Customer e-mail": "a@b.example"}),
            (["Hub ID"], {"Total": 5}),
        ],
    )
    def test_senseless_ones(self, ask: Ask, on: list[str], fields: dict[str, Any]) -> None:
        assert kind(self.upsert(ask, {"fields": fields}, on=on)) == (422, "INVALID_REQUEST_UNKNOWN")

    def test_unknown_merge_field(self, ask: Ask) -> None:
        answer = self.upsert(ask, {"fields": {"Hub ID": "1"}}, on=["Colour"])
        assert kind(answer) == (422, "UNKNOWN_FIELD_NAME")


class TestListing:
    def ids(self, answer: requests.Response) -> list[str]:
        return [record["id"] for record in answer.json()["records"]]

    def test_order_means_nothing_without_sort(self, ask: Ask) -> None:
        made = [each["id"] for _ in range(4) for each in create(ask, *({"Hub ID": str(n)} for n in range(10)))]
        listed = self.ids(ask("GET", ORDERS))
        assert sorted(listed) == sorted(made)
        assert listed != made
        assert self.ids(ask("GET", f"{ORDERS}?view=Grid%20view")) == made

    def test_sort_puts_empty_first_and_choices_in_their_order(self, ask: Ask) -> None:
        create(ask, *({"Status": status} for status in ("Sent", None, "Pending", "Cancelled")))
        listed = ask("GET", f"{ORDERS}?sort[0][field]=Status&sort[0][direction]=asc").json()["records"]
        assert [each["fields"].get("Status") for each in listed] == [None, "Pending", "Sent", "Cancelled"]

    def test_pages(self, ask: Ask) -> None:
        made = {each["id"] for _ in range(3) for each in create(ask, *({"Hub ID": str(n)} for n in range(10)))}
        first = ask("GET", f"{ORDERS}?pageSize=20").json()
        assert first["offset"].startswith("itr")
        last = ask("POST", f"{ORDERS}/listRecords", json={"offset": first["offset"], "pageSize": 20}).json()
        assert "offset" not in last
        assert {each["id"] for each in first["records"] + last["records"]} == made

    def test_an_offset_in_the_address_of_a_post_is_ignored(self, ask: Ask) -> None:
        create(ask, *({"Hub ID": str(n)} for n in range(3)))
        first = ask("POST", f"{ORDERS}/listRecords", json={"pageSize": 2}).json()
        again = ask("POST", f"{ORDERS}/listRecords?offset={first['offset']}", json={"pageSize": 2}).json()
        assert again["records"] == first["records"]

    def test_iterators_expire(self, ask: Ask, sandbox: Sandbox) -> None:
        create(ask, *({"Hub ID": str(n)} for n in range(3)))
        offset = ask("GET", f"{ORDERS}?pageSize=1").json()["offset"]
        sandbox.control("airtable", "advance", seconds=299)
        assert ask("GET", f"{ORDERS}?pageSize=1&offset={offset}").ok
        sandbox.control("airtable", "advance", seconds=301)
        answer = ask("GET", f"{ORDERS}?pageSize=1&offset={offset}")
        assert kind(answer) == (422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")

    def test_paging_is_no_snapshot(self, ask: Ask, sandbox: Sandbox) -> None:
        create(ask, *({"Hub ID": str(n), "Total": n} for n in range(4)))
        page = ask("GET", f"{ORDERS}?pageSize=2&sort[0][field]=Total").json()
        rest = ask("GET", f"{ORDERS}?sort[0][field]=Total").json()["records"][2:]
        sandbox.control("airtable", "delete", record=rest[0]["id"])
        sandbox.control("airtable", "edit", record=rest[1]["id"], fields={"Total": 99})
        following = ask("GET", f"{ORDERS}?pageSize=2&offset={page['offset']}").json()["records"]
        assert [each["fields"]["Total"] for each in following] == [99]

    def test_text_format_needs_zone_and_locale(self, ask: Ask) -> None:
        create(ask, {"Total": 12.5, "Status": "Sent"})
        listed = ask("GET", f"{ORDERS}?cellFormat=string&timeZone=UTC&userLocale=en").json()["records"]
        assert listed[0]["fields"] == {"Status": "Sent", "Total": "12.5"}


def test_times_of_changes_are_kept(ask: Ask, sandbox: Sandbox, sim: AirtableSimulator) -> None:
    (first, second) = create(ask, {"Hub ID": "h1"}, {"Hub ID": "h2"})
    since = sim.clock.now()
    sandbox.control("airtable", "advance", seconds=10)
    ask("PATCH", f"{ORDERS}/{first['id']}", json={"fields": {"Hub ID": "h1"}})
    sandbox.control("airtable", "edit", record=second["id"], fields={"Total": 5})
    stamp = f"'{iso(since + 5)}'"
    found = ask("GET", ORDERS, params={"filterByFormula": f"IS_AFTER(LAST_MODIFIED_TIME(), {stamp})"}).json()
    assert [each["id"] for each in found["records"]] == [second["id"]], "writing the same value is no change"
    found = ask("GET", ORDERS, params={"filterByFormula": f"LAST_MODIFIED_TIME({{Hub ID}})>{stamp}"}).json()
    assert found["records"] == []
