"""The mapping page in a browser: it finds out by itself, previews while one types, and is whole on a phone."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from integration_hub.companies import scope
from integration_hub.companies.models import Company, User
from integration_hub.connections import discovery, nudge
from integration_hub.connections.models import Connection, Discovery
from integration_hub.contract import registry
from integration_hub.hub.tests import cabinet
from integration_hub.hub.tests.cabinet import CLIENTS, MADE, ORDERS, column, folder
from integration_hub.records.models import Order
from integration_hub.records.services import customers, orders
from integration_hub.sync import mappings
from integration_hub.sync.mappings import Draft, Pair
from integration_hub.sync.models import FieldMapping, Mapping, SyncRun
from integration_hub.tests.browser.conftest import SCREENS, Opened, flaws, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TAB = "/admin/hub/cabinet/"
NEW = f"{TAB}mappings/new/"
EDIT = f"{NEW}?records=order&base=cab1&table=tab1&go=1"


@pytest.fixture(autouse=True)
def in_a_cabinet(paper: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_providers", {cabinet.PROVIDER.key: cabinet.PROVIDER})
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    MADE.reset()


@pytest.fixture
def connection(company: Company) -> Connection:
    return Connection.everywhere.create(
        company=company, provider="cabinet", status="connected", is_active=True, api_key="k", account_label="Alice"
    )


def know(connection: Connection, *resources: Any) -> None:
    """As if a discovery had just found these."""
    for resource in resources:
        discovery.put(connection, resource)
    done = {"found_at": timezone.now(), "asked_at": None, "error": ""}
    within = {resource.parent for resource in resources}
    Discovery.everywhere.filter(connection=connection, within__in=within).update(**done)


@pytest.fixture
def known(connection: Connection) -> Connection:
    know(connection, cabinet.cabinet(label="Vânzări"), ORDERS, CLIENTS)
    return connection


@pytest.fixture
def orders_(company: Company) -> list[Order]:
    buyer = customers.create(company, {"name": "Ion Popescu", "email": "ion@example.com"}, actor="t")
    line = {"description": "Ticket", "quantity": 2, "unit_price": "75.00"}
    numbers = ("ORD-2025-001", "ORD-2025-002")
    return [
        orders.create(company, {"customer": buyer, "order_number": one, "items": [line]}, actor="t") for one in numbers
    ]


def mapped(connection: Connection, resource: Any = ORDERS, **told: Any) -> Mapping:
    pairs = told.pop("pairs", (Pair("order_number", "col1"), Pair("status", "col2"), Pair("total", "col3")))
    with scope.entered(connection.company_id):
        return mappings.save(connection, Draft("order", resource, pairs, **told), actor="t")


def at(opened: Opened, user: User, where: str, look: str = "light") -> Page:
    page = opened(user, look).new_page()
    page.goto(where)
    page.wait_for_function("window.htmx")
    return page


def example(page: Page, ours: str) -> Any:
    return page.locator(f"#example-{ours}-0")


def settled(page: Page, part: str) -> None:
    """The part is there, and htmx has looked it over."""
    expect(page.locator(part)).to_be_visible()
    expect(page.locator(".htmx-request, .htmx-settling, .htmx-added")).to_have_count(0)


def test_the_choice_fills_itself_as_things_are_found(opened: Opened, alice: User, connection: Connection) -> None:
    page = at(opened, alice, NEW)
    expect(page.get_by_text("Looking at the bases…")).to_be_visible()
    page.locator("#pick-records").select_option("order")
    know(connection, cabinet.cabinet(label="Vânzări"), cabinet.cabinet("cab2", "Events"))
    base = page.get_by_label("Base")
    expect(base.locator("option")).to_have_count(3)
    expect(page.locator("#pick-records")).to_have_value("order")  # what was chosen meanwhile stays
    settled(page, "#choose")
    base.select_option("cab1")
    expect(page.get_by_text("Looking at the tables…")).to_be_visible()
    know(connection, ORDERS, CLIENTS)
    expect(page.get_by_text("Looking at the tables…")).to_have_count(0)
    settled(page, "#choose")
    page.get_by_label("Table", exact=True).select_option("tab1")
    page.get_by_role("button", name="On to the fields").click()
    expect(page.get_by_role("heading", name="Cabinet · Orders")).to_be_visible()
    expect(page.locator("#remote-order_number-0")).to_have_value("col1")


def test_the_examples_follow_while_one_chooses(
    opened: Opened, alice: User, known: Connection, orders_: list[Order]
) -> None:
    page = at(opened, alice, EDIT)
    first = str(example(page, "order_number").text_content())
    assert first in {order.order_number for order in orders_}
    page.locator("#remote-notes-0").select_option("col7")
    expect(example(page, "notes")).to_have_text("empty")
    page.locator("#remote-currency-0").focus()
    page.locator("#remote-currency-0").select_option("col7")
    expect(example(page, "currency")).to_have_text("EUR")
    assert page.evaluate("document.activeElement.id") == "remote-currency-0"
    other = next(order.order_number for order in orders_ if order.order_number != first)
    page.locator("#record-q").fill(other)
    page.get_by_label(other).check()
    expect(example(page, "order_number")).to_have_text(other)
    expect(page.locator("#record-q")).to_have_value(other)


def test_conditions_come_and_go_without_losing_anything(
    opened: Opened, alice: User, known: Connection, orders_: list[Order]
) -> None:
    page = at(opened, alice, EDIT)
    page.locator("#remote-notes-0").select_option("col7")
    page.get_by_role("button", name="Add a condition").click()
    settled(page, "#filter-field-0")
    page.locator("#filter-field-0").select_option("status")
    settled(page, "select#filter-value-0")
    page.locator("select#filter-value-0").select_option("Delivered")
    expect(page.get_by_text("The filter leaves this record out")).to_be_visible()
    expect(page.locator("#how-many")).to_have_text("Orders: 0 of 2.")
    page.get_by_role("button", name="Remove condition 1").click()
    expect(page.get_by_text("The filter leaves this record out")).to_have_count(0)
    expect(page.locator("#how-many")).to_have_text("Orders: all 2.")
    expect(page.locator("#remote-notes-0")).to_have_value("col7")


def test_refreshing_keeps_what_is_typed(opened: Opened, alice: User, known: Connection, orders_: list[Order]) -> None:
    page = at(opened, alice, f"{TAB}mappings/{mapped(known).pk}/")
    page.locator("#every").select_option("other")
    page.locator("#minutes").fill("77")
    page.locator("#refresh").click()
    expect(page.get_by_text("Looking at the table again…")).to_be_visible()
    more = folder("tab1", "Comenzi", *cabinet._columns(ORDERS), column("colN", "Notes"))
    know(known, cabinet.cabinet(label="Vânzări"), more)
    expect(page.get_by_text("They have changed.")).to_be_visible()
    expect(page.locator("#minutes")).to_have_value("77")
    page.get_by_role("button", name="Show the changes").click()
    expect(page.locator("#remote-notes-0 option[value=colN]")).to_have_count(1)
    expect(page.locator("#minutes")).to_have_value("77")


def test_the_enter_key_shows_and_never_saves(opened: Opened, alice: User, known: Connection) -> None:
    page = at(opened, alice, EDIT)
    page.locator("#every").select_option("other")
    page.locator("#minutes").fill("5")
    page.locator("#minutes").press("Enter")
    page.wait_for_load_state()
    expect(page.locator("#minutes")).to_have_value("5")
    assert not Mapping.everywhere.exists() and "go=1" not in page.url


def test_a_long_table_is_typed(opened: Opened, alice: User, connection: Connection) -> None:
    columns = [column(f"c{n}", f"Column {n}") for n in range(500)]
    know(connection, cabinet.cabinet(), folder("tab1", "Comenzi", column(cabinet.HUB, "Hub ID"), *columns))
    page = at(opened, alice, EDIT)
    page.locator("#remote-order_number-0").fill("column 77")
    page.locator("#save").click()
    expect(page.get_by_text("Saved. Every record is looked at now")).to_be_visible()
    assert FieldMapping.objects.get().remote_id == "c77"
    expect(page.locator("#remote-order_number-0")).to_have_value("Column 77 (c77)")


def test_the_progress_moves_while_a_form_is_half_typed(opened: Opened, alice: User, known: Connection) -> None:
    mapping = mapped(known)
    SyncRun.everywhere.update(total=200, updated=20)
    page = at(opened, alice, f"{TAB}mappings/{mapping.pk}/")
    expect(page.get_by_text("20 of 200 rows")).to_be_visible()
    page.locator("#every").select_option("other")
    page.locator("#minutes").fill("9")
    SyncRun.everywhere.update(updated=120)
    expect(page.get_by_text("120 of 200 rows")).to_be_visible()
    page.locator("#run-stop").click()
    page.get_by_role("button", name="Stop").click()
    page.goto(f"{TAB}mappings/{mapping.pk}/")
    expect(page.get_by_text("was stopped at 120 of 200 rows")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    page.goto(f"{TAB}mappings/{mapping.pk}/")
    expect(page.locator("#run-stop")).to_be_visible()


NAMES = ("Număr comandă / №", "🎟️ “Bilete” & 'locuri'", "שם הלקוח", "اسم العميل", "Very long name " * 13)


@pytest.fixture
def some_of_everything(connection: Connection, orders_: list[Order]) -> Mapping:
    """A mapping with all a page can show: odd names, a paused field, a deleted one, a filter, fields not mapped."""
    named = [column(f"n{n}", name) for n, name in enumerate(NAMES)]
    table = folder("tab1", "Comenzi / הזמנות 🎟️", *cabinet._columns(ORDERS), *named)
    know(connection, cabinet.cabinet(label="Vânzări “2025”"), CLIENTS, table)
    wanted = [Pair("order_number", "n0"), Pair("status", "col2"), Pair("notes", "n4"), Pair("currency", "n2")]
    line = {"field": "status", "op": "is_one_of", "value": "Pending, Sent"}
    mapping = mapped(connection, table, pairs=[*wanted, Pair("items", "n3")], filter=[line], minutes=7)
    FieldMapping.objects.filter(remote_id="col2").update(
        paused="The choice “Pending” is missing over there, and the key may not make it.", paused_by="refusal"
    )
    SyncRun.everywhere.update(total=5000, updated=4981)
    return mapping


@pytest.mark.parametrize("look", SCREENS)
def test_axe_finds_nothing(
    opened: Opened, alice: User, bob: User, connection: Connection, some_of_everything: Mapping, look: str
) -> None:
    here = f"{TAB}mappings/{some_of_everything.pk}/"
    page = opened(alice, look).new_page()
    found = {}
    for where in (NEW, f"{NEW}?records=order&base=cab1", f"{NEW}?go=1", EDIT, here, f"{here}remove/", TAB):
        page.goto(where)
        found[where] = flaws(page)
    looking = opened(bob, look).new_page()
    looking.goto(here)
    found["staff"] = flaws(looking)
    assert {where: what for where, what in found.items() if what} == {}


def test_axe_finds_nothing_where_something_is_wrong(
    opened: Opened, alice: User, connection: Connection, some_of_everything: Mapping
) -> None:
    page = at(opened, alice, f"{TAB}mappings/{some_of_everything.pk}/")
    page.locator("#every").select_option("other")
    page.locator("#minutes").fill("soon")
    page.locator("#save").click()
    expect(page.get_by_text("Give a whole number of minutes")).to_be_visible()
    assert violations(page) == []
    Mapping.everywhere.update(version=9)
    page.locator("#minutes").fill("5")
    page.locator("#save").click()
    expect(page.get_by_text("Somebody changed this mapping meanwhile.")).to_be_visible()
    assert violations(page) == []
