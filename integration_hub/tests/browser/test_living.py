"""Pages that live: refreshes that move nothing, forms that are not disturbed, two tabs, and the small comforts."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from integration_hub.companies.models import Company, Membership, User
from integration_hub.connections.models import Connection
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.notices import problems
from integration_hub.records.models import Customer
from integration_hub.records.services import customers
from integration_hub.sync.models import SyncRun, SyncWrite
from integration_hub.tests.browser.conftest import Opened, violations

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


def refreshed(page: Page) -> None:
    """The page's live part has been asked for and is in place."""
    settled = "document.addEventListener('htmx:afterSettle', () => done(), {once: true})"
    page.evaluate(f"() => new Promise((done) => {{ {settled}; htmx.trigger('#live', 'refresh') }})")


def test_a_form_somebody_types_in_is_not_disturbed(opened: Opened, alice: User, drawer: Drawer) -> None:
    """The page around it goes on living."""
    page = at(opened, alice, TAB)
    field = page.locator("#settings_drawer")
    field.fill("half a sen")
    page.evaluate("document.activeElement.setSelectionRange(2, 6)")
    caret = "[document.activeElement.id, document.activeElement.selectionStart, document.activeElement.selectionEnd]"
    for label in ("Drawer of zoe", "Drawer of yves"):
        Connection.everywhere.update(account_label=label)
        half_a_minute_later(page)
        expect(page.locator("#standing h2")).to_have_text(label)
        expect(field).to_have_value("half a sen")
        assert page.evaluate(caret) == ["settings_drawer", 2, 6]


@pytest.mark.parametrize("look", ["light", "phone"])
def test_a_refresh_keeps_focus_scroll_details_and_what_is_typed(
    opened: Opened, alice: User, company: Company, drawer: Drawer, look: str
) -> None:
    """All four inside the very part that is refreshed, while a problem is put in above and the records change."""
    changes = [{"field": f"Field {n}", "before": None, "after": "new"} for n in range(9)]
    SyncWrite.everywhere.filter(outcome="updated").update(changes=changes)
    page = opened(alice, look).new_page()
    page.goto(f"/admin/hub/runs/{drawer.run.pk}/")
    page.wait_for_function("window.htmx")
    page.locator("#q").press_sequentially("half a na")
    page.evaluate("document.activeElement.setSelectionRange(1, 4)")
    more = page.locator("#" + str(page.locator("details.more").first.get_attribute("id")))
    more.locator("summary").click()
    page.locator("#q").focus()
    page.evaluate("window.scrollTo(0, 120)")
    page.evaluate("window.kept = document.activeElement")
    now = "[scrollY, document.activeElement === window.kept, kept.value, kept.selectionStart, kept.selectionEnd]"
    before = page.evaluate(now)
    assert before[1:] == [True, "half a na", 1, 4] and before[0] > 0
    SyncRun.everywhere.update(created=41)
    newest = SyncWrite.everywhere.get(title="Order 0-2")
    newest.pk, newest.title = None, "Order 0-3"
    newest.save()
    refreshed(page)
    expect(page.get_by_text("Order 0-3")).to_be_attached()
    expect(page.locator(".facts")).to_contain_text("41")
    assert page.evaluate(now) == before
    assert more.evaluate("one => one.open") is True


def test_a_problem_put_in_above_moves_no_focus_and_opens_nothing_again(
    opened: Opened, alice: User, company: Company, drawer: Drawer
) -> None:
    page = opened(alice).new_page()
    page.goto("/admin/hub/")
    page.wait_for_function("window.htmx")
    page.locator("#sync-paper").focus()
    page.evaluate("window.kept = document.activeElement")
    problems.close_all(company.pk, "")
    refreshed(page)
    expect(page.locator(".problem")).to_have_count(0)
    expect(page.locator("#problem-count")).to_be_hidden()
    problems.raise_(company.pk, "new", sentence="Paper ran out.", provider="paper")
    refreshed(page)
    expect(page.get_by_text("Paper ran out.")).to_be_visible()
    expect(page.locator("#problem-count")).to_have_text("1 open")  # the menu counts along
    assert page.evaluate("document.activeElement === window.kept") is True


def test_what_is_typed_survives_even_a_session_that_ended(opened: Opened, alice: User, drawer: Drawer) -> None:
    page = at(opened, alice, TAB)
    page.locator("#settings_drawer").fill("half a sen")
    page.context.clear_cookies()
    half_a_minute_later(page)
    expect(page.locator("#settings_drawer")).to_have_value("half a sen")
    expect(page.locator("#standing")).to_be_visible()


def test_a_card_follows_its_run_by_itself_and_only_that(opened: Opened, alice: User, drawer: Drawer) -> None:
    SyncRun.everywhere.update(state="running", finished_at=None, total=40, updated=2)
    page = at(opened, alice, "/admin/hub/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.headers.get("hx-request") else None)
    progress = page.locator("#progress-paper progress")
    expect(progress).to_have_attribute("value", "3")
    for done in (20, 30):
        SyncRun.everywhere.update(updated=done)
        half = page.expect_response(lambda answer: answer.url.endswith("/paper/progress/"))
        with half:
            page.clock.run_for(2_500)
        expect(progress).to_have_attribute("value", str(done + 1))
    assert {address.partition("/admin/")[2] for address in asked} == {"hub/paper/progress/"}
    SyncRun.everywhere.update(state="done", updated=39)
    with page.expect_response(lambda answer: answer.url.endswith("/admin/hub/")):  # the rest hears that it is over
        page.clock.run_for(2_500)
    expect(page.locator("#card-paper .state")).to_have_text("Connected")
    expect(page.locator("#progress-paper")).to_have_count(0)
    asked.clear()
    page.clock.run_for(10_000)
    assert asked == []


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


# --- a key is tried while it is typed ---------------------------------------------------------------------------------


@pytest.fixture
def checks() -> Iterator[list[str]]:
    cache.clear()
    yield []
    cache.clear()


def test_a_key_is_tried_when_it_fits_and_never_before(
    opened: Opened, alice: User, company: Company, checks: list[str]
) -> None:
    page = at(opened, alice, TAB)
    page.on("request", lambda asked: checks.append(asked.post_data or "") if asked.url.endswith("/check/") else None)
    key, line = page.locator("#connect_api_key"), page.locator("#checked")
    key.press_sequentially("goo")
    page.clock.run_for(5_000)
    assert checks == []  # half a key stays in the page
    key.press_sequentially("d-zoe")
    page.clock.run_for(600)
    expect(line).to_have_text("Works: Drawer of zoe.")
    assert len(checks) == 1 and "api_key=good-zoe" in checks[0]
    key.press_sequentially("s")
    expect(line).to_be_empty()  # it spoke of another key
    page.clock.run_for(200)  # the page's clock goes on by itself as well
    assert len(checks) == 1  # not sooner than two seconds after the last
    cache.clear()  # the server's own clock is not in our hands
    page.clock.run_for(1_500)
    expect(line).to_have_text("Works: Drawer of zoes.")
    cache.clear()
    key.fill("bad-zoe")
    page.clock.run_for(2_500)
    expect(line).to_have_text("Paper does not know this key.")
    assert len(checks) == 3 and not Connection.everywhere.exists()
    assert violations(page) == []


def test_a_key_may_be_half_typed_and_deleted_again(
    opened: Opened, alice: User, drawer: Drawer, checks: list[str]
) -> None:
    page = at(opened, alice, TAB)
    page.on("request", lambda asked: checks.append(asked.url) if asked.url.endswith("/check/") else None)
    page.locator("summary", has_text="Use another key").click()
    key = page.locator("#connect_api_key")
    key.fill("good-zoe")
    key.fill("")
    page.clock.run_for(5_000)
    assert checks == []


# --- the way to the key stands beside the form ------------------------------------------------------------------------


@pytest.mark.parametrize("look", ["light", "phone"])
def test_the_guide_is_beside_the_form_or_below_it_on_a_phone(
    opened: Opened, alice: User, company: Company, monkeypatch: pytest.MonkeyPatch, look: str
) -> None:
    monkeypatch.setattr("integration_hub.hub.views.providers.guide", lambda provider: "<p>How to get the key.</p>")
    page = opened(alice, look).new_page()
    page.goto(TAB)
    form, guide = page.locator("form[action$='/connect/']"), page.locator("#connect .prose")
    expect(guide).to_be_visible()
    one, other = form.bounding_box(), guide.bounding_box()
    assert one is not None and other is not None
    if look == "phone":
        assert other["y"] >= one["y"] + one["height"]
    else:
        assert other["x"] >= one["x"] + one["width"] and abs(other["y"] - one["y"]) < 60


# --- nothing is stopped or taken away without a question --------------------------------------------------------------


def test_stopping_asks_and_resuming_goes_on_without_any_script(
    browser: Browser, live_server: Any, alice: User, drawer: Drawer
) -> None:
    SyncRun.everywhere.update(state="running", finished_at=None, total=40)
    window = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    client = Client()
    client.force_login(alice)
    window.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = window.new_page()
    page.goto(f"/admin/hub/runs/{drawer.run.pk}/")
    page.get_by_role("link", name="Stop").click()
    expect(page.get_by_role("heading", name="Stop this full sync?")).to_be_visible()
    page.get_by_role("link", name="Let it run").click()
    expect(page.get_by_role("link", name="Stop")).to_be_visible()
    page.get_by_role("link", name="Stop").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. What was written stays")).to_be_visible()
    page.get_by_role("button", name="Resume this full sync").click()
    expect(page.get_by_text("Going on.")).to_be_visible()
    assert SyncRun.everywhere.filter(state="running").exclude(pk=drawer.run.pk).count() == 1
    window.close()


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
