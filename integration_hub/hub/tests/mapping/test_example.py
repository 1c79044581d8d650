"""One record as the form would write it, and the conditions that choose records."""

import uuid

import pytest

from integration_hub.companies.models import User
from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.hub.tests import cabinet
from integration_hub.hub.tests.cabinet import column, folder
from integration_hub.hub.tests.mapping.pages import (
    CHOSEN,
    FIRST,
    NEW,
    Login,
    address,
    cells,
    chosen,
    know,
    mapped,
    order,
    select,
    text,
)

pytestmark = pytest.mark.django_db


def test_the_preview_follows_the_form(login: Login, alice: User, connection: Connection) -> None:
    made = order(connection.company, notes="unfit")
    client = login(alice)
    told = {**FIRST, "remote.notes": "col7", "remote.total": "col3", "remote.placed_at": ""}
    answer = client.post(f"{NEW}example/", told, headers={"HX-Request": "true"})
    shown = cells(answer)
    assert (shown["order_number"], shown["total"]) == (made.order_number, "150.00")
    assert shown["notes"] == "A cabinet takes no such value." and shown["placed_at"] == ""
    assert answer.content.decode().count('hx-swap-oob="true"') == len(registry.record_type("order").fields) + 2
    assert "<html" not in answer.content.decode()
    mapping = mapped(connection)
    told = {"remote.currency": "col7", "every": "60"}
    shown = cells(client.post(f"{address(mapping)}example/", told, headers={"HX-Request": "true"}))
    assert (shown["currency"], shown["order_number"]) == (made.currency, "")


def test_another_record_is_found_as_its_list_finds_it(login: Login, alice: User, connection: Connection) -> None:
    order(connection.company)
    mine = order(connection.company, order_number="ORD-€-77")
    client = login(alice)
    answer = client.post(f"{NEW}example/", {**FIRST, "q": "€-77"})
    assert f'value="{mine.pk}"' in answer.content.decode()
    assert answer.content.decode().count('type="radio"') == 1
    answer = client.post(f"{NEW}example/", {**FIRST, "q": "ion@example"})
    assert answer.content.decode().count('type="radio"') == 2
    answer = client.post(f"{NEW}example/", {**FIRST, "q": "€-77", "record": str(mine.pk)})
    assert cells(answer)["order_number"] == "ORD-€-77"
    assert "No record fits." in text(client.post(f"{NEW}example/", {**FIRST, "q": "nobody"}))
    gone = client.post(f"{NEW}example/", {**FIRST, "record": str(uuid.uuid4())})
    assert cells(gone)["order_number"]  # the first one instead


def test_a_filter_that_leaves_the_record_out_says_so_and_counts(
    login: Login, alice: User, connection: Connection
) -> None:
    order(connection.company)
    order(connection.company, status="Sent")
    told = {**FIRST, "filter.field": "status", "filter.op": "is", "filter.value": "Delivered"}
    answer = login(alice).post(f"{NEW}example/", told)
    assert "The filter leaves this record out" in text(answer) and "Orders: 0 of 2." in text(answer)
    told["filter.value"] = "Sent"
    assert "Orders: 1 of 2." in text(login(alice).post(f"{NEW}example/", told))
    told |= {"filter.op": "contains", "filter.value": ""}
    assert cells(login(alice).post(f"{NEW}example/", told))["order_number"]  # a filter being typed breaks no preview


def test_without_records_there_is_nothing_to_preview(login: Login, alice: User, connection: Connection) -> None:
    page = text(login(alice).get(NEW, {**CHOSEN, "go": "1"}))
    assert "There is nothing to show yet" in page and "Orders: all 0." in page


def test_a_link_says_which_records_to_map_first(login: Login, alice: User, connection: Connection) -> None:
    know(
        connection,
        folder("tab3", "Linii", column(cabinet.HUB, "Hub ID"), column("colX", "Order", "link", table="tab1")),
    )
    chosen_ = {"records": "order_item", "base": "cab1", "table": "tab3"}
    told = {**chosen_, "remote.order_link": "colX", "every": "60"}
    client = login(alice)
    hint = "Map Orders to the table “Comenzi” first; until then this cell stays empty."
    assert hint in text(client.post(NEW, {**told, "do": "again"}))
    mapping = mapped(connection)
    assert hint not in text(client.post(NEW, {**told, "do": "again"}))
    page = client.get(address(mapping))
    assert "Order items can have their own table, linked to this one: Map Order items" in text(page)
    assert f"{NEW}?records=order_item&amp;base=cab1" in page.content.decode()


def test_conditions_are_added_changed_and_removed(login: Login, alice: User, connection: Connection) -> None:
    client, htmx = login(alice), {"HX-Request": "true"}
    part = client.post(NEW, {**FIRST, "do": "add_condition"}, headers=htmx)
    page = part.content.decode()
    assert "<html" not in page and chosen(page, "filter.field") == ["order_number"]
    assert "conditions-changed" in part.headers["HX-Trigger-After-Settle"]
    told = {"filter.field": "placed_at", "filter.op": "is", "filter.value": "x"}
    page = client.post(NEW, {**FIRST, **told, "do": "conditions"}, headers=htmx).content.decode()
    assert "is on or after" in select(page, "filter.op") and 'value="is_one_of"' not in page  # only what fits a date
    told = {"filter.field": "status", "filter.op": "is_not", "filter.value": "Sent"}
    page = client.post(NEW, {**FIRST, **told, "do": "conditions"}, headers=htmx).content.decode()
    assert chosen(page, "filter.value") == ["Sent"] and "Pending" in select(page, "filter.value")
    whole = client.post(NEW, {**FIRST, **told, "do": "remove_condition:0"})  # without script: the whole page
    assert "Every record. Add a condition" in text(whole)
    assert chosen(whole.content.decode(), "remote.order_number") == ["col1"]
