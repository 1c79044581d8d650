"""A file in the browser: dropped, matched by hand, looked over, imported, undone. The worker's turns come in between.

SHOTS names a folder that keeps a picture of every step in each look, for people who want to see them.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from integration_hub.companies.models import Company, User
from integration_hub.records.importing import nudge, work
from integration_hub.records.models import Import, Order
from integration_hub.records.models.imports import ImportState
from integration_hub.records.services import customers
from integration_hub.tests.browser.conftest import LOOKS, STILL, Opened, flaws, overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS", "")
PAGES = "/admin/hub/imports/"
# As an old trading system writes its orders: a row for each line, the number twice, days, and of money only prices.
HEAD = (
    "OrderID,CustomerID,Abnehmer,OrderDate,ShippedDate,ShipVia,Freight,ShipCity,"
    "OrderID,ProductID,UnitPrice,Quantity,Discount"
)
ROWS = """
20101,BLUME,Blumenhaus Königin,2025-07-04,2025-07-16,3,32.38,Köln,20101,11,14,12,0
20101,BLUME,Blumenhaus Königin,2025-07-04,2025-07-16,3,32.38,Köln,20101,42,9.8,10,0
20101,BLUME,Blumenhaus Königin,2025-07-04,2025-07-16,3,32.38,Köln,20101,72,34.8,5,0
20102,CAFES,Café Străzii,2025-07-05,2025-07-10,1,11.61,Iași,20102,14,18.6,9,0
20102,CAFES,Café Străzii,2025-07-05,2025-07-10,1,11.61,Iași,20102,51,42.4,40,0.15
20103,TEATR,תיאטרון הים,2025-07-08,NULL,2,65.83,חיפה,20103,41,7.7,10,0
20104,BLUME,Blumenhaus Königin,2025-07-08,NULL,1,41.34,Köln,20104,22,16.8,6,0.05
""".strip()
TOTAL = "2,221.76"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)


@pytest.fixture
def page(opened: Opened, alice: User) -> Page:
    return opened(alice).new_page()


def seen(page: Page, name: str) -> None:
    """Nothing is wrong with this page, a phone shows all of it; with SHOTS there is a picture of it in each look."""
    wrong = flaws(page)
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


def give(page: Page, name: str, text: str) -> None:
    page.locator("#file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})
    page.locator("#upload").click()


def test_a_file_is_brought_looked_over_imported_and_undone(page: Page, company: Company) -> None:
    customers.create(company, {"name": "Café Străzii", "reference": "CAFES"})
    page.goto("/admin/records/order/")
    page.locator("#import-here").click()
    expect(page.get_by_label("Orders")).to_be_checked()
    seen(page, "1-upload")
    give(page, "orders.csv", f"{HEAD}\n{ROWS}")
    expect(page.get_by_role("heading", name="Reading and checking the file")).to_be_visible()
    seen(page, "2-checking")
    work.serve()
    expect(page.get_by_text("The file is checked and can be imported.")).to_be_visible()  # the page followed by itself
    map_by_hand(page)
    work.serve()
    expect(page.locator("#start")).to_be_visible()
    expect(page.locator(".figures")).to_contain_text(TOTAL)
    expect(page.get_by_role("region", name="Preview")).to_contain_text("Blumenhaus Königin")
    seen(page, "4-preview")
    page.locator("#start").click()
    midway(page)
    work.serve()
    expect(page.get_by_text("All 4 records are in.")).to_be_visible()
    expect(page.locator(".figures")).to_contain_text(TOTAL)
    assert Order.everywhere.count() == 4
    seen(page, "6-done")
    take_back(page)


def map_by_hand(page: Page) -> None:
    """The hub does not know this word for a buyer; what is not ours stays out."""
    page.locator("#change-columns").click()
    choice = page.get_by_label("Our field for Abnehmer")
    expect(choice).to_have_value("")
    choice.select_option("customer_name")
    expect(page.get_by_label("Our field for Freight")).to_have_value("")
    seen(page, "3-columns")
    page.locator("#check").click()


def midway(page: Page) -> None:
    """As it looks while a large file is being saved."""
    expect(page.get_by_role("heading", name="Importing")).to_be_visible()
    Import.everywhere.update(done=1, created=1)
    expect(page.locator("#progress")).to_contain_text("1 of 7 rows")
    seen(page, "5-saving")
    page.locator("#stop").click()
    expect(page.get_by_role("heading", name="Stop this import?")).to_be_visible()
    seen(page, "5-stop")
    page.get_by_role("link", name="Let it run").click()
    Import.everywhere.update(done=0, created=0)


def take_back(page: Page) -> None:
    page.locator("#undo").click()
    expect(page.get_by_role("heading", name="Undo the import of “orders.csv”?")).to_be_visible()
    seen(page, "7-undo")
    page.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_role("heading", name="Undoing")).to_be_visible()
    work.serve()
    expect(page.get_by_text("It was undone.")).to_be_visible()
    assert not Order.everywhere.filter(deleted_at=None).exists()
    seen(page, "8-undone")
    page.get_by_role("link", name="Imports", exact=True).click()
    expect(page.get_by_role("link", name="orders.csv")).to_be_visible()
    seen(page, "9-list")


def test_a_list_is_taken_along_as_it_is_filtered(page: Page, company: Company) -> None:
    for name in ("Ana", "Anton", "Mia"):
        customers.create(company, {"name": name})
    page.goto("/admin/records/customer/?q=An")
    page.get_by_text("Export", exact=True).click()
    expect(page.get_by_text("as it is filtered now")).to_be_visible()
    page.wait_for_function("window.htmx")
    seen(page, "list")
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    assert taken.value.suggested_filename.startswith("alices-customers-20")
    text = Path(taken.value.path()).read_text(encoding="utf-8-sig")
    assert [line.split(",")[1] for line in text.splitlines()] == ["Name", "Ana", "Anton"]
    page.locator("h1").click()
    expect(page.get_by_text("as it is filtered now")).to_be_hidden()


def test_what_a_file_asks_and_what_is_wrong_with_it(page: Page, company: Company) -> None:
    page.goto(PAGES)
    expect(page.get_by_text("Nothing was imported yet")).to_be_visible()
    seen(page, "0-nothing")
    page.goto(f"{PAGES}new/?kind=orders")
    give(page, "dates.csv", "Order number,Order date,Status,Total\nA1,03/04/2025,Sent,5\nA2,05/04/2025,Sold,x7")
    work.serve()
    page.locator("#import-form").wait_for()
    seen(page, "a-asks")
    page.locator("#check").click()  # an answer is wanted
    expect(page.locator("#import-form")).to_be_visible()
    page.get_by_label("3 April 2025").check()
    page.locator("#check").click()
    work.serve()
    expect(page.get_by_text("cells or rows cannot be read")).to_be_visible()
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text("Sold")
    seen(page, "b-refused")
    with page.expect_download() as taken:
        page.locator("#problems").click()
    assert "x7" in Path(taken.value.path()).read_text(encoding="utf-8")


def test_a_file_that_is_too_large_never_leaves_the_page(page: Page, company: Company) -> None:
    page.goto(f"{PAGES}new/")
    page.locator("#file").evaluate("one => one.dataset.maxBytes = 3")
    give(page, "large.csv", "abcd")
    assert "larger than" in page.locator("#file").evaluate("one => one.validationMessage")
    assert not Import.everywhere.exists()


def test_it_works_without_script(browser: Any, live_server: Any, alice: User, company: Company) -> None:
    window = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    client = Client()
    client.force_login(alice)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    window.add_cookies([cookie])
    page = window.new_page()
    page.goto(f"{PAGES}new/?kind=orders")
    give(page, "few.csv", "Order number,Total\nA1,5")
    work.serve()
    page.get_by_role("link", name="Look again").click()
    page.locator("#start").click()
    work.serve()
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("1 record is in.")).to_be_visible()
    assert Import.everywhere.get().state == ImportState.DONE
    window.close()
