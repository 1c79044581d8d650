"""One story of a table that was there before the hub: signing in, a first meeting looked over before anything is
written, edits on both sides, a contradiction settled by a person, and all of it taken back. Everything for real.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from integration_hub.tests import stack
from integration_hub.tests.bench.filling import fill
from integration_hub.tests.stack import Hub
from providers.airtable.tests.test_story import HUB, TAB, seen, wait, windows

__all__ = ["windows"]  # the fixture

pytestmark = pytest.mark.browser
ORDERS, SHARED, ALONE = 60, 20, 5
TABLE = "Orders"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """A fresh hub with orders, and a table that people filled long before."""
    with stack.running("embedded", DEMO="0", API_RATE_TOKEN="60000/min") as running:
        fill(running.env, "orders", ORDERS)
        for number in range(SHARED):
            there(running, "add", fields={"Order number": f"F-{number:07d}", "Status": "Sent"})
        for number in range(ALONE):
            cells = {"Order number": f"A-{number}", "Currency": "RON", "Total": 12.5, "Customer": "Ana Pop"}
            there(running, "add", fields=cells)
        yield running


def test_the_story_both_ways(hub: Hub, windows: Callable[[str], Page]) -> None:
    page = windows("admin")
    sign_in(page)
    choose(page)
    mapping = save(page)
    preview(page, hub)
    apply(page, hub)
    edit_on_both_sides(page, hub)
    contradict(page, hub)
    settle(page, hub)
    take_back(page, hub, mapping)
    staff_may_look(windows("staff"), mapping)


# --- the steps --------------------------------------------------------------------------------------------------------


def sign_in(page: Page) -> None:
    page.goto(TAB)
    page.locator("#sign-in").click()
    page.get_by_role("button", name="Go on to Airtable").click()
    page.get_by_role("button", name="Grant access").click()
    expect(page.get_by_text("Airtable is connected as demo@example.com.")).to_be_visible()


def choose(page: Page) -> None:
    """Orders, both ways, with a table that has rows; an order is the same where its number is."""
    page.locator("#new-mapping").click()
    page.locator("#pick-records").select_option("order")
    page.get_by_label("Base", exact=True).select_option(label="Demo sales")
    page.get_by_label("Table", exact=True).select_option(label=TABLE)
    page.locator("#go").click()
    page.locator("#direction-both").click()
    expect(page.locator("#policy")).to_be_visible()
    expect(page.locator("select[name='way.order_number']")).to_be_visible()  # the fields are shown anew
    page.locator("#match-order_number").set_checked(True)
    page.locator("#first").select_option("provider_wins")
    page.locator("#policy").select_option("ask")
    seen(page, "both-ways-map")


def save(page: Page) -> str:
    """Nothing is written by saving: it leads to the preview. The mapping's address."""
    page.locator("#save").click()
    page.wait_for_url("**/preview/**")
    return page.url.split("/admin/", 1)[1].split("preview/")[0]


def preview(page: Page, hub: Hub) -> None:
    expect(page.locator("#apply")).to_be_visible()
    found = figures(page, "#found")
    assert (found["matched"], found["only here"], found["only at airtable"]) == (SHARED, ORDERS - SHARED, ALONE), found
    seen(page, "both-ways-preview")
    assert not any(row.get("Hub ID") for row in rows(hub)), "nothing is written yet"
    assert orders(hub) == ORDERS


def apply(page: Page, hub: Hub) -> None:
    page.locator("#apply").click()
    seen(page, "both-ways-apply")
    page.get_by_role("button", name="Apply exactly this").click()
    expect(page.locator("#applied")).to_be_visible()
    seen(page, "both-ways-applied")
    at_rest(hub)
    assert len(rows(hub)) == ORDERS + ALONE, "nothing is doubled"
    assert orders(hub) == ORDERS + ALONE
    assert all(row.get("Hub ID") for row in rows(hub))
    assert order(hub, "F-0000003")["status"] == "Sent", "the table's word won, as was chosen"


def edit_on_both_sides(page: Page, hub: Hub) -> None:
    change_order(page, "F-0000030", status="Delivered")
    wait(lambda: row(hub, "F-0000030").get("Status") == "Delivered", "the order did not arrive")
    there(hub, "edit", record=row_id(hub, "A-1"), fields={"Status": "Processing"})
    page.goto(TAB)
    page.locator("#sync").click()
    wait(lambda: order(hub, "A-1")["status"] == "Processing", "the row did not arrive")
    at_rest(hub)


def contradict(page: Page, hub: Hub) -> None:
    """While the connection is paused both sides change the same field."""
    page.goto(TAB)
    page.locator("#pause").click()
    expect(page.locator("#resume")).to_be_visible()
    there(hub, "edit", record=row_id(hub, "F-0000005"), fields={"Status": "Delivered"})
    change_order(page, "F-0000005", status="Cancelled", priority="High")
    page.goto(TAB)
    page.locator("#resume").click()
    wait(lambda: row(hub, "F-0000005").get("Priority") == "High", "the other field did not go on")
    assert row(hub, "F-0000005")["Status"] == "Delivered"
    assert order(hub, "F-0000005")["status"] == "Cancelled"


def settle(page: Page, hub: Hub) -> None:
    page.goto(f"{HUB}problems/")
    page.get_by_role("link", name="Choose which value stays").first.click()
    line = page.locator("tr", has_text="F-0000005")
    expect(line).to_contain_text("Cancelled")
    expect(line).to_contain_text("Delivered")
    seen(page, "both-ways-conflict")
    line.get_by_role("button", name="Keep Airtable's").click()
    wait(lambda: order(hub, "F-0000005")["status"] == "Delivered", "the choice was not carried out")
    page.goto(f"{HUB}conflicts/")
    expect(page.get_by_text("No open conflicts")).to_be_visible()


def take_back(page: Page, hub: Hub, mapping: str) -> None:
    """The first meeting is undone: what was made goes, but for what somebody edited since."""
    page.goto(f"/admin/{mapping}preview/")
    page.locator("#to-run").click()
    page.locator("#undo").click()
    seen(page, "both-ways-undo")
    page.get_by_role("button", name=re.compile("^(Undo|Take)")).click()
    wait(lambda: not running(hub), "the undo did not end")
    at_rest(hub)
    numbers = {str(one["Order number"]) for one in rows(hub)}
    assert len(numbers) == SHARED + ALONE + 1, "the rows that were made are gone, but for the one edited since"
    assert "F-0000030" in numbers
    assert orders(hub) == ORDERS + 1, "the orders that were made are gone, but for the one edited since"
    assert order(hub, "F-0000003")["status"] == "Pending"
    undo = next(run for run in hub.api("GET", "/api/runs")["results"] if run["kind"] == "undo")
    page.goto(f"{HUB}runs/{undo['id']}/?q=F-0000030")
    expect(page.get_by_text("later run").first).to_be_visible()
    seen(page, "both-ways-undone")


def staff_may_look(page: Page, mapping: str) -> None:
    page.goto(f"/admin/{mapping}preview/")
    expect(page.locator("#apply, #plan, #discard")).to_have_count(0)
    page.goto(f"{HUB}conflicts/?show=settled")
    expect(page.get_by_text("F-0000005").first).to_be_visible()


# --- both sides -------------------------------------------------------------------------------------------------------


def there(hub: Hub, order: str, **given: Any) -> Any:
    """What somebody does to the table at Airtable."""
    return hub.control("POST", f"airtable/{order}", {"table": TABLE, **given})


def records(hub: Hub) -> dict[str, dict[str, Any]]:
    return {one["id"]: one["fields"] for one in there(hub, "rows")}


def rows(hub: Hub) -> list[dict[str, Any]]:
    return list(records(hub).values())


def row(hub: Hub, number: str) -> dict[str, Any]:
    return next(one for one in rows(hub) if one.get("Order number") == number)


def row_id(hub: Hub, number: str) -> str:
    return next(pk for pk, one in records(hub).items() if one.get("Order number") == number)


def orders(hub: Hub) -> int:
    return int(hub.api("GET", "/api/orders?page_size=1")["count"])


def order(hub: Hub, number: str) -> dict[str, Any]:
    found = hub.api("GET", "/api/orders?page_size=200")["results"]
    return next(dict(one) for one in found if one["order_number"] == number)


def change_order(page: Page, number: str, **words: str) -> None:
    page.goto(f"/admin/records/order/?q={number}")
    page.get_by_role("link", name=number).click()
    for name, word in words.items():
        page.locator(f"#id_{name}").select_option(word)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/records/order/**")


def running(hub: Hub) -> bool:
    found = hub.api("GET", "/api/runs?page_size=50")["results"]
    return any(run["state"] == "running" and run["kind"] != "live" for run in found)


def at_rest(hub: Hub) -> None:
    """Nothing runs, and nothing is due."""
    wait(lambda: not running(hub) and waiting(hub) == 0, "it does not come to rest")


def waiting(hub: Hub) -> int:
    return sum(int(one["waiting"]) for one in hub.api("GET", "/api/integrations")["results"])


def figures(page: Page, where: str) -> dict[str, int]:
    """{"matched": 20, …} of a row of figures."""
    told = page.locator(f"{where} > div")
    pairs = [(one.locator("dt").inner_text(), one.locator("dd").inner_text()) for one in told.all()]
    return {words.lower(): int(number.replace(",", "")) for words, number in pairs}
