"""Keys, scopes, levels, limits, penalties, schema rules, people's doings, and faults in Airtable's terms."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from integration_hub.sandbox.testing import Sandbox, running
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo
from providers.airtable.simulator.tests.parts import Kept
from providers.airtable.simulator.tests.test_records import CONTACTS, ORDERS, PROGRAMME, create, kind

Ask = Callable[..., requests.Response]
META = f"meta/bases/{demo.SALES}/tables"


class TestKeys:
    def test_none(self, sandbox: Sandbox) -> None:
        answer = requests.get(f"{sandbox.url}/airtable/v0/meta/whoami", timeout=5)
        assert kind(answer) == (401, "AUTHENTICATION_REQUIRED")

    @pytest.mark.parametrize("key", ["unheard-of", "expired"])
    def test_dead(self, ask: Ask, key: str) -> None:
        assert kind(ask("GET", "meta/whoami", key=key)) == (401, "UNAUTHORIZED")

    def test_whoami_names_the_address_only_with_its_scope(self, ask: Ask, sandbox: Sandbox) -> None:
        assert ask("GET", "meta/whoami").json()["email"] == demo.OWNER[1]
        sandbox.control("airtable", "revoke_scope", scope="user.email:read")
        assert set(ask("GET", "meta/whoami").json()) == {"id", "scopes"}

    @pytest.mark.parametrize(
        ("key", "method", "path"),
        [
            ("read_only", "POST", ORDERS),
            ("read_only", "POST", META),
            ("no_schema", "GET", META),
            ("no_schema", "GET", "meta/bases"),
            ("viewer", "POST", ORDERS),
            ("viewer", "POST", META),
        ],
    )
    def test_too_little_permitted(self, ask: Ask, key: str, method: str, path: str) -> None:
        assert kind(ask(method, path, key=key, json={"fields": {}})) == (403, "INVALID_PERMISSIONS")

    def test_the_refusal_says_what_and_where(self, ask: Ask, sim: AirtableSimulator) -> None:
        table = sim.state.base(demo.SALES).table("Orders")
        message = ask("POST", ORDERS, key="viewer", json={"fields": {}}).json()["error"]["message"]
        assert message == f"You are not permitted to create records in table Orders ({table.id})"

    @pytest.mark.parametrize("path", [ORDERS, f"{demo.SALES}/Nowhere", "appNowhere0000000/Orders"])
    def test_not_granted_and_not_there_look_the_same(self, ask: Ask, path: str) -> None:
        assert kind(ask("GET", path, key="other_base")) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")

    def test_bases_shown_are_those_granted(self, ask: Ask, sandbox: Sandbox) -> None:
        assert [base["id"] for base in ask("GET", "meta/bases", key="other_base").json()["bases"]] == [demo.EVENTS]
        sandbox.control("airtable", "limits", bases_per_page=1, per_base=100)
        first = ask("GET", "meta/bases").json()
        second = ask("GET", "meta/bases", params={"offset": first["offset"]}).json()
        assert [base["id"] for page in (first, second) for base in page["bases"]] == [demo.SALES, demo.EVENTS]
        assert "offset" not in second

    def test_locked_field(self, ask: Ask, sandbox: Sandbox) -> None:
        sandbox.control("airtable", "lock_field", field="Status")
        answer = ask("POST", ORDERS, json={"fields": {"Status": "Sent"}})
        assert kind(answer) == (403, "INVALID_PERMISSIONS")
        assert "write cell values in field Status (fld" in answer.json()["error"]["message"]

    def test_expire_and_restore(self, ask: Ask, sandbox: Sandbox) -> None:
        control = f"{sandbox.url}/_control"
        requests.post(f"{control}/faults", json={"provider": "airtable", "expire_token": True}, timeout=5)
        assert kind(ask("GET", "meta/whoami")) == (401, "UNAUTHORIZED")
        requests.post(f"{control}/airtable/restore_token", timeout=5)
        revoke = {"provider": "airtable", "revoke_scope": "data.records:write"}
        assert requests.post(f"{control}/faults", json=revoke, timeout=5).ok
        assert kind(ask("POST", ORDERS, json={"fields": {}})) == (403, "INVALID_PERMISSIONS")
        requests.post(f"{control}/airtable/restore_token", timeout=5)
        assert ask("POST", ORDERS, json={"fields": {}}).ok

    def test_credentials_work(self, sandbox: Sandbox, sim: AirtableSimulator) -> None:
        given = sim.credentials()
        headers = {"Authorization": f"Bearer {given['token']}"}
        address = f"{sandbox.url}/airtable/v0/{given['base_id']}/Orders"
        assert requests.get(address, headers=headers, timeout=5).json() == {"records": []}


class TestLimits:
    def test_five_a_second_then_half_a_minute_of_nothing(self, ask: Ask, sandbox: Sandbox) -> None:
        sandbox.control("airtable", "limits", per_base=5)
        keys = ["demo", "colleague", "demo", "colleague", "demo"]
        assert all(ask("GET", ORDERS, key=key).ok for key in keys)
        refused = ask("GET", ORDERS, key="read_only")
        assert kind(refused) == (429, "RATE_LIMIT_REACHED")
        assert "Retry-After" not in refused.headers
        assert ask("GET", f"{demo.EVENTS}/Contacts").ok, "each base has its own limit"
        assert ask("GET", "meta/whoami").ok
        sandbox.control("airtable", "advance", seconds=29)
        assert kind(ask("GET", ORDERS)) == (429, "RATE_LIMIT_REACHED")
        assert kind(ask("GET", META)) == (429, "RATE_LIMIT_REACHED")
        sandbox.control("airtable", "advance", seconds=1.5)
        assert ask("GET", ORDERS).ok
        assert sandbox.counters["rate_limited"] == 3

    def test_the_window_slides(self, ask: Ask, sandbox: Sandbox) -> None:
        sandbox.control("airtable", "limits", per_base=2)
        for _ in range(4):
            assert ask("GET", ORDERS).ok
            sandbox.control("airtable", "advance", seconds=0.5)

    def test_penalty_can_be_shortened(self, ask: Ask, sandbox: Sandbox) -> None:
        sandbox.control("airtable", "limits", per_base=1, penalty=0.2, window=0.1)
        assert ask("GET", ORDERS).ok
        assert ask("GET", ORDERS).status_code == 429
        time.sleep(0.25)
        assert ask("GET", ORDERS).ok

    def test_fifty_a_second_for_each_user(self, ask: Ask, sandbox: Sandbox) -> None:
        sandbox.control("airtable", "limits", per_user=3)
        assert all(ask("GET", "meta/whoami").ok for _ in range(3))
        assert kind(ask("GET", "meta/bases")) == (429, "RATE_LIMIT_REACHED")
        assert ask("GET", "meta/whoami", key="colleague").ok

    def test_monthly_quota_spares_meta(self, ask: Ask, sandbox: Sandbox) -> None:
        sandbox.control("airtable", "limits", quota=1)
        assert ask("GET", ORDERS).ok
        assert kind(ask("GET", ORDERS)) == (429, "PUBLIC_API_BILLING_LIMIT_EXCEEDED")
        assert ask("GET", META).ok
        assert sandbox.counters["rate_limited"] == 0

    def test_sizes(self, ask: Ask, sandbox: Sandbox) -> None:
        sandbox.control("airtable", "limits", body_bytes=100)
        assert kind(ask("POST", ORDERS, json={"fields": {"Items": "x" * 200}})) == (413, "REQUEST_TOO_LARGE")
        assert ask("GET", ORDERS, params={"filterByFormula": "x" * 16_000}).status_code == 414

    def test_unknown_limit(self, sandbox: Sandbox) -> None:
        answer = requests.post(f"{sandbox.url}/_control/airtable/limits", json={"per_hour": 5}, timeout=5)
        assert answer.status_code == 400


def test_bad_path_is_a_bare_string(ask: Ask) -> None:
    for path in ("nowhere", f"{ORDERS}/rec1/nothing/else"):
        assert (ask("GET", path).status_code, ask("GET", path).json()) == (404, {"error": "NOT_FOUND"})


@pytest.mark.parametrize("body", ["{", '{"fields": {"Total": NaN}}'])
def test_bad_json(ask: Ask, body: str) -> None:
    assert kind(ask("POST", ORDERS, data=body)) == (400, "INVALID_REQUEST_BODY")


class TestSchema:
    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            ({"name": "total", "type": "singleLineText"}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
            ({"name": " ", "type": "singleLineText"}, "DUPLICATE_OR_EMPTY_FIELD_NAME"),
            ({"name": "X", "type": "formula"}, "UNSUPPORTED_FIELD_TYPE_FOR_CREATE"),
            ({"name": "X", "type": "telepathy"}, "INVALID_REQUEST_UNKNOWN"),
            ({"name": "X", "type": "number"}, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
            ({"name": "X", "type": "number", "options": {"precision": 9}}, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
            ({"name": "X", "type": "email", "options": {"a": 1}}, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
            ({"name": "X", "type": "singleSelect", "options": {}}, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE"),
            (
                {"name": "X", "type": "dateTime", "options": {"timeZone": "Mars"}},
                "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE",
            ),
            (
                {"name": "X", "type": "multipleRecordLinks", "options": {"linkedTableId": "tblNowhere"}},
                "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE",
            ),
        ],
    )
    def test_fields_refused(self, ask: Ask, field: dict[str, Any], expected: str) -> None:
        assert kind(ask("POST", f"{META}/Orders/fields", json=field)) == (422, expected)

    def test_field_made_and_renamed(self, ask: Ask) -> None:
        choices = [{"name": "Card"}, {"name": "Cash", "color": "redLight2"}]
        made = ask(
            "POST",
            f"{META}/Orders/fields",
            json={"name": "Paid by", "type": "singleSelect", "options": {"choices": choices}},
        ).json()
        assert list(made)[:3] == ["type", "id", "name"]
        assert [choice["name"] for choice in made["options"]["choices"]] == ["Card", "Cash"]
        assert all(choice["id"].startswith("sel") for choice in made["options"]["choices"])
        address = f"{META}/Orders/fields/{made['id']}"
        assert ask("PATCH", address, json={"name": "Paid with"}).json()["name"] == "Paid with"
        assert kind(ask("PATCH", address, json={"type": "number"})) == (422, "INVALID_REQUEST_UNKNOWN")
        assert kind(ask("PATCH", address, json={"name": "TOTAL"})) == (422, "DUPLICATE_OR_EMPTY_FIELD_NAME")
        assert kind(ask("PATCH", f"{META}/Orders/fields/fldNo", json={}))[0] == 403

    @pytest.mark.parametrize(
        ("table", "expected"),
        [
            ({"name": "orders", "fields": [{"name": "A", "type": "singleLineText"}]}, "DUPLICATE_TABLE_NAME"),
            ({"name": "T", "fields": []}, "INVALID_REQUEST_MISSING_FIELDS"),
            ({"fields": [{"name": "A", "type": "singleLineText"}]}, "INVALID_REQUEST_MISSING_FIELDS"),
            (
                {"name": "T", "fields": [{"name": "A", "type": "checkbox", "options": demo.CHECK}]},
                "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE",
            ),
            (
                {"name": "T", "fields": [{"name": "A", "type": "email"}, {"name": "a", "type": "email"}]},
                "DUPLICATE_OR_EMPTY_FIELD_NAME",
            ),
            (
                {"name": "T", "description": "x" * 20_001, "fields": [{"name": "A", "type": "email"}]},
                "INVALID_REQUEST_UNKNOWN",
            ),
        ],
    )
    def test_tables_refused(self, ask: Ask, table: dict[str, Any], expected: str) -> None:
        assert kind(ask("POST", META, json=table)) == (422, expected)

    def test_a_new_base(self, ask: Ask) -> None:
        tables = [{"name": "Things", "fields": [{"name": "Name", "type": "singleLineText"}]}]
        made = ask("POST", "meta/bases", json={"name": "New", "workspaceId": "wsp0", "tables": tables}).json()
        assert ask("GET", f"{made['id']}/Things").json() == {"records": []}
        assert len(made["id"]) == 17


class TestPeople:
    def test_rename_leaves_ids(self, ask: Ask, sandbox: Sandbox, sim: AirtableSimulator) -> None:
        field = sim.state.base("").table("Orders").field("Total").id
        sandbox.control("airtable", "rename_field", field="Total", name="Sum")
        assert kind(ask("POST", ORDERS, json={"fields": {"Total": 1}})) == (422, "UNKNOWN_FIELD_NAME")
        (record,) = create(ask, {field: 1})
        assert record["fields"] == {"Sum": 1}
        sandbox.control("airtable", "rename_table", table="Orders", name="Sales")
        assert ask("GET", ORDERS).status_code == 403
        assert len(ask("GET", f"{demo.SALES}/Sales").json()["records"]) == 1

    def test_deleting(self, ask: Ask, sandbox: Sandbox) -> None:
        (record,) = create(ask, {"Total": 1, "Hub ID": "h"})
        sandbox.control("airtable", "delete_field", field="Total")
        assert ask("GET", f"{ORDERS}/{record['id']}").json()["fields"] == {"Hub ID": "h"}
        sandbox.control("airtable", "delete", record=record["id"])
        assert ask("GET", f"{ORDERS}/{record['id']}").status_code == 404
        sandbox.control("airtable", "delete_table", table="Orders")
        assert kind(ask("GET", ORDERS)) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
        sandbox.control("airtable", "delete_base", base="Demo sales")
        assert kind(ask("GET", META)) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")

    def test_retyping_empties_what_does_not_fit(self, ask: Ask, sandbox: Sandbox, sim: AirtableSimulator) -> None:
        create(ask, {"Payment": "12.5"}, {"Payment": "later"})
        sandbox.control("airtable", "retype_field", field="Payment", type="number", options={"precision": 2})
        assert [row["fields"] for row in sim.rows()] == [{"Payment": 12.5}, {}]
        assert kind(ask("POST", ORDERS, json={"fields": {"Payment": "12"}})) == (422, "INVALID_VALUE_FOR_COLUMN")

    def test_deleting_a_linked_table_leaves_texts(self, ask: Ask, sandbox: Sandbox) -> None:
        guest = ask("GET", f"{CONTACTS}?sort[0][field]=Name").json()["records"][0]["id"]
        (show,) = create(ask, {"Title": "Gala", "Guests": [guest]}, table=PROGRAMME)
        sandbox.control("airtable", "delete_table", base="Demo events", table="Contacts")
        assert ask("GET", f"{PROGRAMME}/{show['id']}").json()["fields"]["Guests"] == "Ana Pop"
        assert ask("PATCH", f"{PROGRAMME}/{show['id']}", json={"fields": {"Guests": "Nobody"}}).ok

    def test_orders_that_make_no_sense(self, sandbox: Sandbox) -> None:
        for name, order in (
            ("edit", {"record": "rec0", "fields": {}}),
            ("add", {"table": "Nowhere", "fields": {}}),
            ("add", {"fields": {"Colour": 1}}),
            ("delete_field", {"field": "Order number"}),
            ("advance", {"seconds": -1}),
            ("expire_token", {"token": "nobody's"}),
        ):
            answer = requests.post(f"{sandbox.url}/_control/airtable/{name}", json=order, timeout=5)
            assert answer.status_code == 400, name
            assert answer.json()["error"].endswith("."), "a sentence"


class TestFaults:
    def test_table_deleted_between_two_calls(self, ask: Ask, sandbox: Sandbox) -> None:
        sandbox.fault("airtable", method="POST", skip=1, command="delete_table", arguments={"table": "Orders"})
        assert ask("POST", ORDERS, json={"fields": {}}).ok
        assert kind(ask("POST", ORDERS, json={"fields": {}})) == (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")

    def test_timed_out_create_lands_late(self, ask: Ask, sandbox: Sandbox, sim: AirtableSimulator) -> None:
        sandbox.fault("airtable", method="POST", late=0.2)
        with pytest.raises(requests.ReadTimeout):
            ask("POST", ORDERS, json={"fields": {"Hub ID": "h1"}}, timeout=0.2)
        assert sim.rows() == []
        create(ask, {"Hub ID": "h1"})
        deadline = time.monotonic() + 30
        while len(sim.rows()) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [row["fields"]["Hub ID"] for row in sim.rows()] == ["h1", "h1"], "the two rows a late create makes"

    def test_dropped_after_the_effect(self, ask: Ask, sandbox: Sandbox, sim: AirtableSimulator) -> None:
        sandbox.fault("airtable", drop="after")
        with pytest.raises(requests.ConnectionError):
            ask("POST", ORDERS, json={"fields": {"Hub ID": "h1"}})
        assert [row["fields"] for row in sim.rows()] == [{"Hub ID": "h1"}]


def test_everything_survives_a_restart(tmp_path: Path, sandbox: Sandbox, sim: AirtableSimulator, ask: Ask) -> None:
    create(ask, {"Hub ID": "h1", "Total": 12.5, "Placed at": "2026-04-24T15:07:42.000Z"})
    sandbox.control("airtable", "expire_token", token="colleague")
    file = tmp_path / "sandbox.json"
    file.write_text(json.dumps({"airtable": sim.dump()}))
    with running(AirtableSimulator(), state_file=file) as second:
        again: AirtableSimulator = second.simulator("airtable")
        assert again.dump() == sim.dump()
        assert again.rows() == sim.rows()


def test_what_people_do_is_kept_in_parts(sandbox: Sandbox, sim: AirtableSimulator) -> None:
    kept = Kept()
    guests = {"base": "Demo events", "table": "Contacts"}
    row = sandbox.control("airtable", "add", fields={"Name": "Dora", "Interests": ["Music", "Chess"]}, **guests)["id"]
    for order, more in (
        ("duplicate", {"record": row}),
        ("edit", {"record": row, "fields": {"Programme": "Autumn concert, A new one"}}),
        ("rename_choice", {"field": "Interests", "choice": "Music", "name": "Song"}),
        ("delete_choice", {"field": "Interests", "choice": "Chess"}),
        ("retype_field", {"field": "Rating", "type": "singleLineText"}),
        ("rename_field", {"field": "Phone", "name": "Telephone"}),
        ("delete_field", {"field": "Programme"}),
        ("delete", {"record": row}),
        ("delete_table", {}),
        ("delete_base", {}),
        ("advance", {"seconds": 1}),
    ):
        place = {name: guests[name] for name in ("base", "table") if order != "advance"}
        sandbox.control("airtable", order, **{**place, **more} if order != "delete_base" else {"base": place["base"]})
        assert kept.after(sim).dump() == sim.dump(), order
    sandbox.reset()
    assert kept.after(sim).dump() == sim.dump(), "after a reset nothing older counts"


def test_state_is_told_without_keys(sandbox: Sandbox, sim: AirtableSimulator) -> None:
    told = requests.get(f"{sandbox.url}/_control/state", timeout=5)
    assert sim.token("demo") not in told.text
    assert [base["name"] for base in told.json()["airtable"]["bases"]] == ["Demo sales", "Demo events"]


def test_pages_show_bases_tables_rows(sandbox: Sandbox, sim: AirtableSimulator, ask: Ask) -> None:
    table = sim.state.base(demo.SALES).table("Orders")
    page = f"{sandbox.url}/browse/airtable/{demo.SALES}"
    assert "Demo sales" in requests.get(sandbox.url, timeout=5).text
    assert f'href="/browse/airtable/{demo.SALES}/{table.id}"' in requests.get(page, timeout=5).text
    assert "No rows yet." in requests.get(f"{page}/{table.id}", timeout=5).text
    create(ask, {"Order number": "<1001>", "Total": 1234.5, "Status": "Sent"})
    shown = requests.get(f"{page}/{table.id}", timeout=5).text
    assert "&lt;1001&gt;" in shown
    assert "1,234.50" in shown
    assert requests.get(f"{page}/tblNowhere", timeout=5).status_code == 404
