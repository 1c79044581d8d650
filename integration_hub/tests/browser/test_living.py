"""Pages that live: refreshes that move nothing, forms that are not disturbed, two tabs, and the small comforts."""

import pytest
from playwright.sync_api import Page, expect

from integration_hub.companies.models import Company, Membership, User
from integration_hub.connections.models import Connection
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.notices import problems
from integration_hub.records.models import Customer
from integration_hub.records.services import customers
from integration_hub.sync.models import SyncRun
from integration_hub.tests.browser.conftest import Opened

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HALF_MINUTE = 31_000
TAB = "/admin/hub/paper/"


def at(opened: Opened, user: User, address: str, look: str = "light") -> Page:
    """The page with its clock in our hands."""
    page = opened(user, look).new_page()
    page.clock.install()
    page.goto(address)
    page.wait_for_function("window.htmx")
    return page


def half_a_minute_later(page: Page) -> None:
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        page.clock.run_for(HALF_MINUTE)


def test_the_overview_follows_without_moving_anything(opened: Opened, alice: User, drawer: Drawer) -> None:
    page = at(opened, alice, "/admin/hub/", "phone")
    expect(page.locator("#card-paper .state")).to_have_text("Connected")
    page.locator("#sync-paper").focus()
    before = page.evaluate("[scrollY, document.activeElement.id]")
    page.evaluate("window.card = document.getElementById('card-paper')")
    Connection.everywhere.update(status="connected", last_error="", account_label="Drawer of zoe")
    SyncRun.everywhere.update(state="running", finished_at=None, total=40)
    half_a_minute_later(page)
    expect(page.locator("#card-paper")).to_contain_text("Drawer of zoe")
    expect(page.locator("#card-paper progress")).to_have_attribute("max", "40")
    assert page.evaluate("[scrollY, document.activeElement.id]") == before
    assert page.evaluate("window.card === document.getElementById('card-paper')")  # the same element, not a new one


@pytest.mark.parametrize("address", ["/admin/hub/", TAB, "/admin/hub/problems/"])
def test_a_new_problem_appears_by_itself(
    opened: Opened, alice: User, company: Company, drawer: Drawer, address: str
) -> None:
    page = at(opened, alice, address)
    problems.raise_(company.pk, "new", sentence="Paper ran out.", provider="paper")
    half_a_minute_later(page)
    expect(page.get_by_text("Paper ran out.")).to_be_visible()
    problems.close_all(company.pk, "")
    half_a_minute_later(page)
    expect(page.get_by_text("Paper ran out.")).to_have_count(0)


def test_a_form_somebody_types_in_is_not_disturbed(opened: Opened, alice: User, drawer: Drawer) -> None:
    page = at(opened, alice, TAB)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.headers.get("hx-request") else None)
    page.locator("#settings_drawer").fill("half a sen")
    page.clock.run_for(HALF_MINUTE)
    page.clock.run_for(HALF_MINUTE)
    assert asked == []
    expect(page.locator("#settings_drawer")).to_have_value("half a sen")


def test_a_running_sync_is_followed_closely(opened: Opened, alice: User, drawer: Drawer) -> None:
    SyncRun.everywhere.update(state="running", finished_at=None, total=40, updated=2)
    page = at(opened, alice, f"/admin/hub/runs/{drawer.run.pk}/")
    expect(page.locator("progress")).to_have_attribute("value", "3")
    SyncRun.everywhere.update(state="done", updated=39)
    with page.expect_response(lambda answer: "/runs/" in answer.url):
        page.clock.run_for(2_500)
    expect(page.locator("#live .state").first).to_have_text("Done, with errors")
    expect(page.locator("#live")).to_have_attribute("hx-trigger", "every 30s, refresh")


def test_connecting_from_the_form(opened: Opened, alice: User, company: Company) -> None:
    page = at(opened, alice, TAB)
    key = page.locator("#connect_api_key")
    assert key.get_attribute("type") == "password"
    key.fill("bad-key")
    page.get_by_role("button", name="Show Drawer key").click()
    assert key.get_attribute("type") == "text"
    page.get_by_role("button", name="Hide Drawer key").click()
    assert key.get_attribute("type") == "password"
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Paper does not know this key.")).to_be_visible()
    assert not Connection.everywhere.filter(status="connected").exists()
    page.locator("#connect_api_key").fill("good-alice")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Paper is connected as Drawer of alice.")).to_be_visible()
    expect(page.locator("#live .state").first).to_have_text("Connected")
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_text("A full sync has started.")).to_be_visible()


def test_the_menu_on_a_phone(opened: Opened, alice: User, company: Company) -> None:
    page = at(opened, alice, "/admin/hub/", "phone")
    orders = page.get_by_role("link", name="Orders", exact=True)
    expect(orders).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    orders.click()
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()


# --- two tabs, two companies ------------------------------------------------------------------------------------------


@pytest.fixture
def two(alice: User, other_company: Company) -> User:
    Membership.everywhere.create(company=other_company, user=alice, role="admin")
    return alice


def switch_to(page: Page, name: str) -> None:
    page.goto("/admin/hub/")
    page.locator(".switcher summary").click()
    page.locator(".switcher button", has_text=name).click()
    expect(page.locator(".switcher summary")).to_contain_text(name)


def test_a_form_of_the_first_tab_does_not_land_in_the_company_of_the_second(
    opened: Opened, two: User, company: Company, other_company: Company
) -> None:
    window = opened(two)
    first, second = window.new_page(), window.new_page()
    first.goto("/admin/records/customer/add/")
    first.locator("#id_name").fill("Ion")
    switch_to(second, "Charlie's")
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first.get_by_text("You switched to Charlie's in another tab")).to_be_visible()
    assert not Customer.everywhere.exists()
    first.get_by_role("button", name="Back to Alice's").click()
    expect(first.locator(".switcher summary")).to_contain_text("Alice's")


def test_a_list_of_the_first_tab_does_not_act_in_the_company_of_the_second(
    opened: Opened, two: User, company: Company, other_company: Company
) -> None:
    kept = customers.create(company, {"name": "Ion"}, actor="alice")
    window = opened(two)
    first, second = window.new_page(), window.new_page()
    first.goto("/admin/records/customer/")
    first.locator("input.action-select").check()
    first.locator("select[name=action]").select_option("delete_selected")
    switch_to(second, "Charlie's")
    first.get_by_role("button", name="Go").click()
    expect(first.get_by_text("You switched to Charlie's in another tab")).to_be_visible()
    first.get_by_role("link", name="Go on with Charlie's").click()
    expect(first.get_by_role("heading", name="Integration Hub")).to_be_visible()
    assert Customer.everywhere.filter(pk=kept.pk, deleted_at=None).exists()


def test_a_page_that_refreshes_itself_says_so_too(
    opened: Opened, two: User, company: Company, other_company: Company
) -> None:
    window = opened(two)
    first, second = window.new_page(), window.new_page()
    first.clock.install()
    first.goto("/admin/hub/")
    switch_to(second, "Charlie's")
    half_a_minute_later(first)
    expect(first.get_by_text("You switched to Charlie's in another tab")).to_be_visible()
    first.get_by_role("button", name="Back to Alice's").click()
    expect(first.locator("#live")).to_be_visible()


# --- colours ----------------------------------------------------------------------------------------------------------


def test_colours_follow_the_system_until_somebody_chooses(opened: Opened, alice: User, company: Company) -> None:
    page = at(opened, alice, "/admin/hub/", "dark")
    canvas = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(canvas) == "rgb(15, 20, 27)"
    page.locator(".me summary").click()
    page.locator(".theme-toggle").click()
    assert page.evaluate(canvas) == "rgb(246, 247, 249)"
    page.reload()
    assert page.evaluate(canvas) == "rgb(246, 247, 249)"
