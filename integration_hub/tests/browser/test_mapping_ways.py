"""Which way a mapping goes, in a browser: what is chosen shows and hides what matters, and nothing typed gets lost."""

import os

import pytest
from playwright.sync_api import Page, expect

from integration_hub.companies.models import User
from integration_hub.connections.models import Connection
from integration_hub.records.models import Order
from integration_hub.sync.drafts import Pair
from integration_hub.sync.models import Mapping
from integration_hub.tests.browser.conftest import SCREENS, Opened, flaws
from integration_hub.tests.browser.test_mapping import (
    EDIT,
    TAB,
    at,
    connection,
    example,
    in_a_cabinet,
    known,
    mapped,
    orders_,
    settled,
)

__all__ = ["connection", "in_a_cabinet", "known", "orders_"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def turn(page: Page, words: str) -> None:
    """Choose a direction, and wait for the fields that come with it."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and "example" not in answer.url):
        page.get_by_role("radio", name=words, exact=True).check()
    settled(page, "#mapping-body")


def arrow(page: Page, ours: str) -> str:
    return str(page.locator(f"#way-{ours}-0").inner_text()).strip()


def test_turning_it_shows_what_matters_and_keeps_what_is_typed(
    opened: Opened, alice: User, known: Connection, orders_: list[Order]
) -> None:
    page = at(opened, alice, EDIT)
    page.locator("#every").select_option("other")
    page.locator("#minutes").fill("77")
    page.locator("#remote-notes-0").select_option("col7")
    expect(page.locator("#policy")).to_be_hidden()
    expect(page.locator("#on_remote_delete")).to_be_hidden()
    turn(page, "Both ways")
    assert page.evaluate("document.activeElement.id") == "direction-both"
    expect(page.locator("#policy")).to_be_visible()
    expect(page.locator("#match-order_number")).to_be_checked()
    expect(page.locator("#minutes")).to_have_value("77")
    expect(page.locator("#remote-notes-0")).to_have_value("col7")
    assert page.locator("#way-of-order_number-0 option").count() == 3
    turn(page, "From Cabinet")
    expect(page.locator("#policy")).to_be_hidden()
    expect(page.locator("#on_remote_delete")).to_be_visible()
    expect(page.locator("#on_delete")).to_be_hidden()
    expect(page.get_by_role("heading", name="Which records")).to_be_hidden()
    assert arrow(page, "order_number").startswith("←")
    turn(page, "To Cabinet")
    assert arrow(page, "order_number").startswith("→")
    expect(page.locator("#minutes")).to_have_value("77")


def test_one_field_is_turned_and_keeps_the_focus(
    opened: Opened, alice: User, known: Connection, orders_: list[Order]
) -> None:
    page = at(opened, alice, EDIT)
    turn(page, "Both ways")
    way = page.locator("#way-of-order_number-0")
    way.focus()
    way.select_option("pull")
    expect(example(page, "order_number")).to_have_text("is read from there")
    assert page.evaluate("document.activeElement.id") == "way-of-order_number-0"
    expect(way).to_have_value("pull")
    page.locator("#remote-total-0").select_option("col6")  # the cabinet computes it
    expect(page.locator("#way-of-total-0")).to_have_count(0)
    assert arrow(page, "total").startswith("←")
    page.locator("#save").click()
    page.wait_for_url("**/preview/")
    mapping = Mapping.everywhere.get()
    told = dict(mapping.fields.values_list("ours", "direction"))
    assert (told["order_number"], told["total"], mapping.waits) == ("pull", "pull", True)


def test_another_filter_is_asked_about_and_then_saved(
    opened: Opened, alice: User, known: Connection, orders_: list[Order]
) -> None:
    mapping = mapped(known)
    page = at(opened, alice, f"{TAB}mappings/{mapping.pk}/")
    page.get_by_role("button", name="Add a condition").click()
    settled(page, "#filter-field-0")
    page.locator("#filter-field-0").select_option("status")
    settled(page, "select#filter-value-0")
    page.locator("select#filter-value-0").select_option("Delivered")
    page.locator("#save").click()
    expect(page.get_by_text("Nothing is saved yet. With this filter:")).to_be_visible()
    assert flaws(page) == []
    expect(page.locator("select#filter-value-0")).to_have_value("Delivered")
    page.get_by_role("button", name="Save this filter").click()
    expect(page.get_by_text("Saved. Every record is looked at now")).to_be_visible()
    mapping.refresh_from_db()
    assert mapping.filter[0]["value"] == "Delivered"


@pytest.mark.parametrize("look", SCREENS)
def test_axe_finds_nothing_both_ways(
    opened: Opened, alice: User, bob: User, known: Connection, orders_: list[Order], look: str
) -> None:
    pairs = (
        Pair("order_number", "col1"),
        Pair("status", "col2", direction="pull"),
        Pair("total", "col6", "always", "pull"),
    )
    mapping = mapped(known, pairs=(*pairs, Pair("items", "col7")), direction="both", match_on=("order_number",))
    here = f"{TAB}mappings/{mapping.pk}/"
    found = {}
    for who, user in (("admin", alice), ("staff", bob)):
        page = opened(user, look).new_page()
        page.goto(here)
        found[who] = flaws(page)
        _picture(page, f"{who}-{look}")
    page = opened(alice, look).new_page()
    page.goto(TAB)
    found["tab"] = flaws(page)
    _picture(page, f"tab-{look}")
    assert {where: what for where, what in found.items() if what} == {}


def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
