"""One story, from a wrong key to a deleted field that was made again: web, worker, sandbox and browser for real.

STORY_SHOTS names a folder that keeps a picture of every step in each look, for people who want to see them.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from integration_hub.tests import stack
from integration_hub.tests.bench.filling import fill
from integration_hub.tests.browser.conftest import LOOKS, STILL, overflow, violations
from integration_hub.tests.stack import Hub

pytestmark = pytest.mark.browser
PATIENCE = 30.0  # seconds for a busy machine
HUB, TAB = "/admin/hub/", "/admin/hub/airtable/"
ORDERS = 240
QUICK = 10  # calls of ten rows
TABLE = "Comenzi 2025"
# What is refused; a choice that overtook the answer to the one before; a page that was left while it asked something.
EXPECTED = ("the server responded with a status of 4", "htmx:sendAbort", "htmx:afterRequest", "htmx:sendError")
SHOTS = os.environ.get("STORY_SHOTS", "")


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """A fresh hub with orders and nothing connected."""
    with stack.running("embedded", DEMO="0", API_RATE_TOKEN="60000/min") as running:
        fill(running.env, "orders", ORDERS)
        yield running


@pytest.fixture
def windows(browser: Browser, hub: Hub) -> Iterator[Callable[[str], Page]]:
    """A page for the admin or for staff, logged in as people do it. What the console says is an error."""
    expect.set_options(timeout=PATIENCE * 1000)
    opened: list[BrowserContext] = []
    said: list[str] = []

    def open_window(role: str) -> Page:
        window = browser.new_context(base_url=hub.run["address"], **LOOKS["light"])
        window.set_default_timeout(PATIENCE * 1000)
        window.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        window.on("weberror", lambda error: said.append(str(error.error)))
        opened.append(window)
        page = window.new_page()
        page.goto("/accounts/login/")
        page.locator("[name=login]").fill(hub.run[role]["username"])
        page.locator("[name=password]").fill(hub.run[role]["password"])
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**{HUB}")
        return page

    yield open_window
    expect.set_options(timeout=5_000)  # what it was
    for window in opened:
        window.close()
    assert [text for text in said if not any(part in text for part in EXPECTED)] == []


def test_the_story(hub: Hub, windows: Callable[[str], Page]) -> None:
    page = windows("admin")
    connect(page, hub)
    choose(page)
    create_the_table(page, hub)
    mapping = save(page, hub)
    stop_and_resume(page, hub, mapping)
    edit_an_order(page, hub)
    rename_a_field(page, hub, mapping)
    delete_a_field(page, hub, mapping)
    choose_another(page, hub, mapping)
    sign_in_instead(page, hub, mapping)
    staff_may_look(windows("staff"), hub, mapping)


# --- the steps --------------------------------------------------------------------------------------------------------


def connect(page: Page, hub: Hub) -> None:
    """A wrong key says what is wrong and stores nothing; the right one is tried while it is typed."""
    page.goto(TAB)
    seen(page, "connect")
    key = page.locator("#connect_token")
    key.fill("patWrong.0123456789abcdef")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Airtable does not accept the token")
    seen(page, "wrong-key")
    key.fill(hub.run["sandbox"]["credentials"]["airtable"]["token"])
    expect(page.locator("#checked")).to_contain_text("demo@example.com")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Airtable is connected as demo@example.com.")).to_be_visible()
    expect(page.get_by_text("Nothing goes to Airtable yet.")).to_be_visible()
    seen(page, "connected")


def choose(page: Page) -> None:
    page.locator("#new-mapping").click()
    page.locator("#pick-records").select_option("order")
    base = page.get_by_label("Base", exact=True)
    base.select_option(label="Demo sales")
    expect(page.locator("#new-name")).to_be_visible()
    seen(page, "choose")


def create_the_table(page: Page, hub: Hub) -> None:
    page.locator("#new-name").fill(TABLE)
    page.locator("#make-table").click()
    expect(page.get_by_text(f"The table “{TABLE}” is there.")).to_be_visible()
    kinds = {field["name"]: field["type"] for field in table(hub)["fields"]}
    assert (kinds["Status"], kinds["Priority"], kinds["Placed"]) == ("singleSelect", "singleSelect", "dateTime")
    expect(page.locator("#remote-order_number-0")).not_to_have_value("")


def save(page: Page, hub: Hub) -> str:
    """The examples follow what is chosen; then the mapping is saved. Its address."""
    notes = page.locator("#remote-notes-0")
    expect(page.locator("#example-order_number-0")).to_contain_text("F-0000")
    notes.select_option("")
    expect(page.locator("#example-notes-0")).to_have_text("")
    page.get_by_text("Another record").wait_for()
    page.locator("#record-q").fill("F-0000007")
    page.get_by_label("F-0000007").check()
    expect(page.locator("#example-order_number-0")).to_have_text("F-0000007")
    seen(page, "map")
    slow(hub)
    page.locator("#save").click()
    expect(page.get_by_text("Saved. Every record is looked at now")).to_be_visible()
    return page.url.removeprefix(page.url.split("/admin/")[0])


def stop_and_resume(page: Page, hub: Hub, mapping: str) -> None:
    """The first sync shows how far it is; stopped it stays where it is; resumed it goes to the end."""
    bar = page.locator("#mapping-progress")
    expect(bar.get_by_text(re.compile(rf"[1-9]\d* of {ORDERS} rows"))).to_be_visible()
    seen(page, "syncing")
    page.locator("#run-stop").click()
    seen(page, "stop")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. What was written stays")).to_be_visible()
    seen(page, "stopped-run")
    page.goto(mapping)
    expect(bar.get_by_text(re.compile(rf"was stopped at \d+ of {ORDERS} rows"))).to_be_visible()
    assert 0 < len(rows(hub)) < ORDERS
    seen(page, "stopped")
    hub.control("DELETE", "faults")
    page.locator("#run-resume").click()
    expect(page.get_by_text("Going on.")).to_be_visible()
    page.goto(mapping)
    expect(bar.get_by_text("Last full sync")).to_be_visible()
    seen(page, "synced")
    assert len(rows(hub)) == ORDERS


def edit_an_order(page: Page, hub: Hub) -> None:
    page.goto("/admin/records/order/?q=F-0000007")
    page.get_by_role("link", name="F-0000007").click()
    page.locator("#id_status").select_option("Delivered")
    page.get_by_role("button", name="Save", exact=True).click()
    wait(lambda: row(hub, "F-0000007").get("Status") == "Delivered", "the order did not arrive")


def rename_a_field(page: Page, hub: Hub, mapping: str) -> None:
    """Nothing breaks, and after the next sync it has its new name here."""
    change(hub, "rename_field", field="Total", name="Sumă")
    sync(page, hub)
    page.goto(mapping)
    expect(page.locator("#remote-total-0 option:checked")).to_contain_text("Sumă")
    assert row(hub, "F-0000007")["Sumă"] == 49
    all_green(page)


def delete_a_field(page: Page, hub: Hub, mapping: str) -> None:
    """Only that field stands still, and a problem leads to it."""
    change(hub, "delete_field", field="Status")
    sync(page, hub)
    page.goto(TAB)
    problem = page.locator(".problem")
    expect(problem).to_contain_text("The field “Status” was deleted over there")
    seen(page, "problem")
    problem.get_by_role("link", name="Open the mapping").click()
    expect(page.locator("#line-status-0")).to_contain_text("Paused.")
    seen(page, "paused")


def choose_another(page: Page, hub: Hub, mapping: str) -> None:
    """The missing field is made again and saved: nothing is wrong any more, and every row has it."""
    page.get_by_role("button", name="Create it again Status").click()
    expect(page.get_by_text("Created: Status.")).to_be_visible()
    expect(page.locator("#remote-status-0 option:checked")).to_contain_text("Status")
    assert [one["name"] for one in column(hub, "Status")["options"]["choices"]][:2] == ["Pending", "Processing"]
    seen(page, "made")
    page.locator("#save").click()
    expect(page.get_by_text("Saved. Every record is looked at now")).to_be_visible()
    expect(page.locator("tr.paused")).to_have_count(0)
    wait(lambda: all(one.get("Status") for one in rows(hub)), "the new field was not filled")
    assert row(hub, "F-0000007")["Status"] == "Delivered"
    page.goto(f"{HUB}problems/?show=settled")
    expect(page.locator(".problem").filter(has_text="The field “Status” was deleted")).to_contain_text("Settled")
    all_green(page)
    seen(page, "green")


def sign_in_instead(page: Page, hub: Hub, mapping: str) -> None:
    """In the place of the token somebody signs in at Airtable: refused first, then allowed. The mapping goes on, also
    when the access ends and is renewed."""
    page.goto(TAB)
    page.get_by_text("Sign in anew, or use another key").click()
    page.locator("#sign-in").click()
    seen(page, "consent")
    page.get_by_role("button", name="Go on to Airtable").click()
    expect(page.get_by_role("heading", name="A program asks for access to Airtable")).to_be_visible()
    seen(page, "consent-there")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("You did not allow it at Airtable. Nothing was changed.")).to_be_visible()
    seen(page, "consent-refused")
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Go on to Airtable").click()
    page.get_by_role("button", name="Grant access").click()
    expect(page.get_by_text("Airtable is connected as demo@example.com.")).to_be_visible()
    expect(page.locator("#standing")).to_contain_text("Signed in at Airtable")
    seen(page, "signed-in")
    hub.control("POST", "airtable/expire_grants", {})
    page.goto("/admin/records/order/?q=F-0000008")
    page.get_by_role("link", name="F-0000008").click()
    page.locator("#id_status").select_option("Cancelled")
    page.get_by_role("button", name="Save", exact=True).click()
    wait(lambda: row(hub, "F-0000008").get("Status") == "Cancelled", "the order did not arrive after signing in")
    all_green(page)


def all_green(page: Page) -> None:
    """No problem is open, and no card says otherwise."""
    page.goto(f"{HUB}problems/")
    expect(page.locator(".problem")).to_have_count(0)
    page.goto(HUB)
    expect(page.locator("#card-airtable .state")).to_have_text("Connected")


def staff_may_look(page: Page, hub: Hub, mapping: str) -> None:
    """Staff see how it is mapped; there is nothing to press, and what is sent all the same is refused."""
    page.goto(mapping)
    expect(page.locator("#line-status-0")).to_contain_text("Status")
    expect(page.locator("#save, #remove, #refresh, #run-stop")).to_have_count(0)
    seen(page, "staff")
    token = next(one["value"] for one in page.context.cookies() if one["name"] == "csrftoken")
    for address in (mapping, f"{mapping}remove/", f"{TAB}connect/", f"{TAB}sync/", f"{TAB}mappings/new/"):
        headers = {"X-CSRFToken": token, "Referer": page.url}
        answer = page.request.post(address, form={"do": "save"}, headers=headers)
        assert (answer.status, "Only admins" in answer.text()) == (403, True), address


# --- the sandbox ------------------------------------------------------------------------------------------------------


def slow(hub: Hub) -> None:
    """The first rows arrive as always, so that there is something to see; the others leave time to stop them."""
    fault = {"provider": "airtable", "method": "PATCH", "latency": 8.0, "skip": QUICK, "count": 1000}
    hub.control("POST", "faults", fault)


def change(hub: Hub, order: str, **given: Any) -> None:
    """What somebody does to the table at Airtable."""
    hub.control("POST", f"airtable/{order}", {"table": TABLE, **given})


def table(hub: Hub) -> dict[str, Any]:
    """The table as it stands in the sandbox."""
    bases = hub.control("GET", "state?provider=airtable")["airtable"]["bases"]
    return next(one for base in bases for one in base["tables"] if one["name"] == TABLE)


def column(hub: Hub, name: str) -> dict[str, Any]:
    return next(one for one in table(hub)["fields"] if one["name"] == name)


def rows(hub: Hub) -> list[dict[str, Any]]:
    return [one["fields"] for one in hub.control("POST", "airtable/rows", {"table": TABLE})]


def row(hub: Hub, number: str) -> dict[str, Any]:
    return next(one for one in rows(hub) if one["Order number"] == number)


def wait(true: Callable[[], bool], sentence: str) -> None:
    stack.wait_until(true, PATIENCE, sentence)


def sync(page: Page, hub: Hub) -> None:
    """Press Sync now, and see it through."""
    page.goto(TAB)
    page.locator("#sync").click()
    expect(page.get_by_text("A full sync has started.")).to_be_visible()
    wait(lambda: all(run["state"] != "running" for run in full(hub)), "the sync did not end")


def full(hub: Hub) -> list[dict[str, Any]]:
    return [run for run in hub.api("GET", "/api/runs")["results"] if run["kind"] == "full"]


# --- the pages --------------------------------------------------------------------------------------------------------


def seen(page: Page, name: str) -> None:
    """axe-core finds nothing on this page, a phone shows all of it, and with STORY_SHOTS there is a picture of it."""
    wrong = violations(page)
    page.set_viewport_size(LOOKS["phone"]["viewport"])
    wrong += ["wider than a phone"] * (overflow(page) > 0)
    for look, how in LOOKS.items() if SHOTS else ():
        page.set_viewport_size(how["viewport"])
        page.emulate_media(color_scheme=how["color_scheme"])
        page.evaluate(STILL)
        page.screenshot(path=Path(SHOTS) / f"{name}-{look}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(LOOKS["light"]["viewport"])
    assert wrong == [], name
