"""Webhooks as Airtable has them; pyairtable, unchanged, makes them, reads them and believes their signatures."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pyairtable import Api
from pyairtable.models import WebhookNotification
from pyairtable.models.webhook import WebhookSpecification

from integration_hub.sandbox.testing import Sandbox
from integration_hub.sandbox.world import World
from integration_hub.tests.stack import wait_until
from providers.airtable.sandbox import AirtableSimulator
from providers.airtable.simulator import demo, hooks, parts, pinging
from providers.airtable.simulator.pinging import Ping
from providers.airtable.simulator.tests.conftest import Ask

DAY = 86_400.0
HOOKS = f"bases/{demo.SALES}/webhooks"
ALL = {"options": {"filters": {"dataTypes": ["tableData", "tableFields", "tableMetadata"]}}}
PREVIOUS = {"options": {**ALL["options"], "includes": {"includePreviousCellValues": True}}}


@pytest.fixture
def sent(sim: AirtableSimulator) -> list[Ping]:
    """Pings go here, when `deliver` says so."""
    found: list[Ping] = []

    def keep(ping: Ping) -> int:
        found.append(ping)
        return 200

    sim.pinger.by_hand, sim.pinger.send = True, keep
    return found


@pytest.fixture
def api(sandbox: Sandbox, sim: AirtableSimulator) -> Api:
    return Api(sim.credentials()["token"], endpoint_url=f"{sandbox.url}/airtable", timeout=(5, 5))


def make(ask: Ask, url: str = "https://hub.example.com/x", key: str = "demo", **specification: Any) -> dict[str, Any]:
    answer = ask("POST", HOOKS, key, json={"notificationUrl": url, "specification": specification or PREVIOUS})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def payloads(ask: Ask, hook: str, cursor: int = 1) -> dict[str, Any]:
    return dict(ask("GET", f"{HOOKS}/{hook}/payloads", params={"cursor": cursor}).json())


def test_pyairtable_makes_reads_and_deletes_them(api: Api, sent: list[Ping], sim: AirtableSimulator) -> None:
    base = api.base(demo.SALES)
    made = base.add_webhook("https://hub.example.com/x", WebhookSpecification.model_validate(PREVIOUS))
    table = base.table("Orders")
    record = table.create({"Order number": "1", "Status": "Sent"})
    table.update(record["id"], {"Status": "Delivered"})
    table.delete(record["id"])
    hook = base.webhook(made.id)
    first, second, third = hook.payloads()
    number, status = (table.schema().field(name).id for name in ("Order number", "Status"))
    changed = table.id if table.id.startswith("tbl") else table.schema().id
    cells = first.changed_tables_by_id[changed].created_records_by_id[record["id"]].cell_values_by_field_id
    assert cells[number] == "1"
    assert cells[status]["name"] == "Sent"
    moved = second.changed_tables_by_id[changed].changed_records_by_id[record["id"]]
    assert moved.previous is not None
    assert moved.previous.cell_values_by_field_id[status]["name"] == "Sent"
    assert moved.current.cell_values_by_field_id[status]["name"] == "Delivered"
    assert third.changed_tables_by_id[changed].destroyed_record_ids == [record["id"]]
    assert [one.cursor for one in (first, second, third)] == [1, 2, 3]
    sim.pinger.deliver()
    [ping] = sent
    notified = WebhookNotification.from_request(ping.raw.decode(), ping.headers[pinging.HEADER], made.mac_secret_base64)
    assert (notified.base.id, notified.webhook.id) == (demo.SALES, made.id)
    hook.delete()
    assert base.webhooks() == []


def test_cursors_begin_at_one_and_fifty_come_at_once(ask: Ask, sandbox: Sandbox, sent: list[Ping]) -> None:
    hook = make(ask)["id"]
    for number in range(60):
        sandbox.control("airtable", "add", table="Orders", fields={"Order number": str(number)})
    page = payloads(ask, hook)
    assert (len(page["payloads"]), page["cursor"], page["mightHaveMore"]) == (50, 51, True)
    page = payloads(ask, hook, 51)
    assert (len(page["payloads"]), page["cursor"], page["mightHaveMore"]) == (10, 61, False)
    assert payloads(ask, hook, 61)["payloads"] == []
    for wrong in ("0", "62", "x", "-1"):
        assert ask("GET", f"{HOOKS}/{hook}/payloads", params={"cursor": wrong}).status_code == 422
    assert ask("GET", HOOKS).json()["webhooks"][0]["cursorForNextPayload"] == 61


def test_one_act_is_one_payload_and_many_acts_are_one_ping(
    ask: Ask, sandbox: Sandbox, sim: AirtableSimulator, sent: list[Ping]
) -> None:
    hook = make(ask)["id"]
    sim.pinger.deliver()
    ask("POST", f"{demo.SALES}/Orders", json={"records": [{"fields": {}}, {"fields": {"Status": "Sent"}}]})
    sandbox.control("airtable", "add", table="Orders", fields={})
    [ours, theirs] = payloads(ask, hook)["payloads"]
    assert len(ours["changedTablesById"][_orders(sim)]["createdRecordsById"]) == 2
    assert [one["actionMetadata"]["source"] for one in (ours, theirs)] == ["publicApi", "client"]
    assert ours["actionMetadata"]["sourceMetadata"]["user"]["id"] == demo.OWNER[0]
    before = len(sent)
    sim.pinger.deliver()
    assert len(sent) == before + 1


def _orders(sim: AirtableSimulator) -> str:
    return str(sim.state.base(demo.SALES).table("Orders").id)


def test_what_is_refused_leaves_no_payload(ask: Ask, sent: list[Ping]) -> None:
    hook = make(ask)["id"]
    bad = {"records": [{"fields": {"Order number": "1"}}, {"fields": {"Status": "No such choice"}}]}
    assert ask("POST", f"{demo.SALES}/Orders", json=bad).status_code == 422
    assert payloads(ask, hook)["payloads"] == []


def test_fields_and_tables_are_told(ask: Ask, sandbox: Sandbox, sim: AirtableSimulator, sent: list[Ping]) -> None:
    hook = make(ask)["id"]
    sandbox.control("airtable", "rename_field", table="Orders", field="Priority", name="Urgency")
    sandbox.control("airtable", "delete_field", table="Orders", field="Urgency")
    ask("POST", f"meta/bases/{demo.SALES}/tables/Orders/fields", json={"name": "New", "type": "singleLineText"})
    sandbox.control("airtable", "add_table", name="Guests")
    told = [one.get("changedTablesById", one) for one in payloads(ask, hook)["payloads"]]
    kinds = [next(iter(one[_orders(sim)])) for one in told[:3]]
    assert kinds == ["changedFieldsById", "destroyedFieldIds", "createdFieldsById"]
    assert list(told[3]["createdTablesById"].values()) == [{"metadata": {"name": "Guests"}}]


def test_a_hook_tells_only_what_was_asked_for(
    ask: Ask, sandbox: Sandbox, sim: AirtableSimulator, sent: list[Ping]
) -> None:
    fields_only = make(ask, options={"filters": {"dataTypes": ["tableFields"]}})["id"]
    elsewhere = make(ask, options={"filters": {"dataTypes": ["tableData"], "recordChangeScope": "tblElsewhere00001"}})
    people = make(ask, options={"filters": {"dataTypes": ["tableData"], "fromSources": ["client"]}})["id"]
    ask("POST", f"{demo.SALES}/Orders", json={"fields": {"Status": "Sent"}})
    found = sandbox.control("airtable", "add", table="Orders", fields={})
    sandbox.control("airtable", "edit", table="Orders", record=found["id"], fields={"Status": "Sent"})
    assert payloads(ask, fields_only)["payloads"] == []
    assert payloads(ask, elsewhere["id"])["payloads"] == []
    _made, changed = payloads(ask, people)["payloads"]
    assert "previous" not in changed["changedTablesById"][_orders(sim)]["changedRecordsById"][found["id"]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"specification": {}},
        {"specification": {"options": {"filters": {"dataTypes": []}}}},
        {"specification": {"options": {"filters": {"dataTypes": ["everything"]}}}},
        {"notificationUrl": "http://hub.example.com/x", "specification": ALL},
        {"notificationUrl": "ftp://localhost/x", "specification": ALL},
    ],
)
def test_what_makes_no_sense_is_refused(ask: Ask, body: dict[str, Any]) -> None:
    assert ask("POST", HOOKS, json=body).status_code == 422


def test_scopes_levels_and_caps(ask: Ask, sandbox: Sandbox, sent: list[Ping]) -> None:
    assert ask("GET", HOOKS, "viewer").status_code == 403, "a creator's role is needed"
    assert ask("POST", HOOKS, "no_schema", json={"specification": ALL}).status_code == 403
    for _number in range(10):
        make(ask)
    refused = ask("POST", HOOKS, json={"specification": ALL})
    assert (refused.status_code, refused.json()["error"]["type"]) == (422, "TOO_MANY_WEBHOOKS_IN_BASE")
    sandbox.control("airtable", "revoke_scope", scope="webhook:manage")
    assert ask("GET", HOOKS).status_code == 403


def test_others_see_and_touch_none_of_them(ask: Ask, sent: list[Ping]) -> None:
    hook = make(ask)["id"]
    assert ask("GET", HOOKS, "colleague").json() == {"webhooks": []}
    assert ask("DELETE", f"{HOOKS}/{hook}", "colleague").status_code == 404
    assert ask("DELETE", f"{HOOKS}/{hook}").json() == {}
    assert ask("GET", f"{HOOKS}/{hook}/payloads").status_code == 404


def test_an_integration_may_have_two_in_a_base(ask: Ask, sim: AirtableSimulator, sent: list[Ping]) -> None:
    from providers.airtable.simulator.grants import SCOPES, Grant

    now = sim.clock.now()
    grant = Grant("grt1", *demo.OWNER, list(SCOPES), access="oauth-token", access_until=now + DAY)
    sim.state.grants.append(grant)
    headers = {"Authorization": "Bearer oauth-token"}
    answers = [ask("POST", HOOKS, json={"specification": ALL}, headers=headers).status_code for _number in range(3)]
    assert answers == [200, 200, 422]
    make(ask)
    assert len(ask("GET", HOOKS, headers=headers).json()["webhooks"]) == 2, "it sees only its own"


def test_it_ends_after_seven_days_and_is_readable_for_seven_more(
    ask: Ask, sandbox: Sandbox, sent: list[Ping], sim: AirtableSimulator
) -> None:
    hook = make(ask)["id"]
    sandbox.control("airtable", "advance", seconds=6 * DAY)
    sandbox.control("airtable", "add", table="Orders", fields={})
    sandbox.control("airtable", "advance", seconds=2 * DAY)
    sim.pinger.deliver()
    sent.clear()
    sandbox.control("airtable", "add", table="Orders", fields={})
    assert sim.pinger.deliver() == 0
    assert len(payloads(ask, hook)["payloads"]) == 1, "what came before the end"
    assert ask("POST", f"{HOOKS}/{hook}/refresh").status_code == 404, "nothing brings it back"
    sandbox.control("airtable", "advance", seconds=7 * DAY)
    assert ask("GET", f"{HOOKS}/{hook}/payloads").status_code == 404


def test_refreshing_and_reading_keep_it_alive_and_old_payloads_go(ask: Ask, sandbox: Sandbox, sent: list[Ping]) -> None:
    hook = make(ask)["id"]
    for _day in range(10):
        sandbox.control("airtable", "add", table="Orders", fields={})
        sandbox.control("airtable", "advance", seconds=DAY)
        ask("POST", f"{HOOKS}/{hook}/refresh")
    page = payloads(ask, hook)
    assert len(page["payloads"]) == 6, "of the last seven days"
    assert page["cursor"] == 11, "numbers go on, the first ones are gone"


def test_pings_are_tried_again_for_about_a_day_and_then_switched_off(
    ask: Ask, sandbox: Sandbox, sim: AirtableSimulator, sent: list[Ping]
) -> None:
    sim.pinger.send = lambda ping: 405
    hook = make(ask)["id"]
    for _third_of_an_hour in range(100):
        sim.pinger.deliver(now=False)
        sandbox.control("airtable", "advance", seconds=1200)
    [shown] = ask("GET", HOOKS).json()["webhooks"]
    assert not shown["areNotificationsEnabled"]
    result = shown["lastNotificationResult"]
    assert (result["success"], result["retryNumber"], result["willBeRetried"]) == (False, 13, False)
    assert result["error"]["message"] == "The HTTP request returned a 405 status code instead of 200 or 204"
    sim.pinger.send = lambda ping: 204
    ask("POST", f"{HOOKS}/{hook}/enableNotifications", json={"enable": True})
    sim.pinger.deliver()
    [shown] = ask("GET", HOOKS).json()["webhooks"]
    assert (shown["areNotificationsEnabled"], shown["lastNotificationResult"]["success"]) == (True, True)


def test_hooks_and_payloads_survive_a_restart_of_the_sandbox(
    ask: Ask, sandbox: Sandbox, sim: AirtableSimulator, sent: list[Ping]
) -> None:
    hook = make(ask)["id"]
    sandbox.control("airtable", "add", table="Orders", fields={})
    handed = sim.parts(whole=True)
    kept = [(shelf, name, value) for (shelf, name), value in handed.changed.items() if value is not None]
    loaded = parts.load(json.loads(json.dumps(kept)))
    assert loaded is not None
    [again] = loaded.hooks
    assert (again.id, again.next, again.secret) == (hook, 2, sim.state.hooks[0].secret)
    assert loaded.kept.take(again, 1) == sim.state.kept.take(sim.state.hooks[0], 1)
    assert loaded.dump() == sim.state.dump()
    sandbox.control("airtable", "add", table="Orders", fields={})
    changed = sim.parts(whole=False).changed
    assert [name for shelf, name in changed if shelf == parts.PAYLOADS] == [f"{hook}/00000002"]


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """A hub of sorts."""
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/x", heard
    server.shutdown()
    server.server_close()


def test_they_are_sent_by_themselves(
    ask: Ask, sandbox: Sandbox, sim: AirtableSimulator, listener: tuple[str, list[bytes]]
) -> None:
    url, heard = listener
    hook = make(ask, url)["id"]
    wait_until(lambda: heard, 10, "no first ping")
    sandbox.control("airtable", "add", table="Orders", fields={})
    wait_until(lambda: len(heard) > 1, 10, "no ping")
    assert json.loads(heard[-1])["webhook"]["id"] == hook
    wait_until(lambda: sim.pinger._thread is None, 10, "the thread stays although there is nothing to send")


def test_the_browser_page_of_a_row_leads_to_payloads(
    ask: Ask, sandbox: Sandbox, sim: AirtableSimulator, sent: list[Ping]
) -> None:
    import requests

    hook = make(ask)["id"]
    page = f"{sandbox.url}/browse/airtable/{demo.SALES}/{_orders(sim)}/new"
    number = sim.state.base(demo.SALES).table("Orders").field("Order number").id
    assert requests.post(page, {"act": "add", f"value:{number}": "by hand", f"was:{number}": ""}, timeout=5).ok
    assert len(payloads(ask, hook)["payloads"]) == 1


def test_a_world_with_old_state_has_no_hooks(sim: AirtableSimulator) -> None:
    state = sim.dump()
    for key in ("hooks", "payloads", "transactions"):
        state.pop(key)
    sim.load(state)
    assert sim.state.hooks == []
    assert World([sim]).simulator("airtable") is sim
    assert hooks.AT_ONCE == 50
