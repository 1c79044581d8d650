"""Which way records go: chosen, narrowed field by field, explained, and shown first where both sides meet."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from integration_hub.companies.models import User
from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.hub.tests.cabinet import HUB, cabinet, column, folder
from integration_hub.hub.tests.mapping.pages import (
    CHOSEN,
    FIRST,
    NEW,
    TAB,
    Login,
    address,
    chosen,
    know,
    mapped,
    order,
    select,
    text,
)
from integration_hub.sync.drafts import Pair
from integration_hub.sync.models import Mapping, SyncRun
from integration_hub.sync.models.pull import Reading

pytestmark = pytest.mark.django_db
BOTH = {**FIRST, "direction": "both", "met": "both"}


def checked(page: str, name: str) -> list[str]:
    """Values of the ticked boxes or the chosen radio of this name."""
    inputs = re.findall(rf'<input type="(?:checkbox|radio)" name="{name}"[^>]*>', page)
    return [value for one in inputs if " checked" in one for value in re.findall(r'value="([^"]*)"', one)]


def ways(page: str, ours: str) -> list[str]:
    """The arrows one field offers."""
    cell = re.search(rf'<div id="way-{ours}-0".*?</div>', page, re.S)
    assert cell
    return re.findall("[→←↔]", cell[0])


def save(client: Client, where: str, told: dict[str, Any]) -> Any:
    return client.post(where, {**told, "do": "save"})


def test_a_new_mapping_goes_out_and_offers_the_other_ways(login: Login, alice: User, connection: Connection) -> None:
    answer = login(alice).get(NEW, {**CHOSEN, "go": "1"})
    page = answer.content.decode()
    assert checked(page, "direction") == ["push"]
    assert "To Cabinet →" in text(answer) and "From Cabinet ←" in text(answer) and "Both ways ↔" in text(answer)
    assert "Nothing is overwritten unseen." in text(answer)
    assert ways(page, "order_number") == ["→"]


def test_choosing_both_ways_offers_each_field_what_it_can(login: Login, alice: User, connection: Connection) -> None:
    told = {**FIRST, "direction": "both", "met": "push", "remote.items": "col7", "remote.total": "col6", "do": "again"}
    page = login(alice).post(NEW, told).content.decode()
    assert ways(page, "order_number") == ["↔", "→", "←"]
    assert ways(page, "items") == ["→"]  # the hub makes it
    assert ways(page, "total") == ["←"]  # the cabinet computes it
    assert "Sum · Formula" in select(page, "remote.total").partition('label="Does not fit"')[0]
    assert checked(page, "match_on") == ["order_number"]  # the best there is, until somebody says else


def test_what_somebody_unticked_stays_unticked(login: Login, alice: User, connection: Connection) -> None:
    page = login(alice).post(NEW, {**BOTH, "do": "again"}).content.decode()
    assert checked(page, "match_on") == []


def test_saving_what_reads_writes_nothing_and_leads_to_the_preview(
    login: Login, alice: User, connection: Connection
) -> None:
    order(connection.company)
    told = {**BOTH, "remote.total": "col6", "way.total": "both", "remote.status": "col2", "way.status": "pull"}
    told |= {"policy": "newest_wins", "first": "hub_wins", "on_remote_delete": "delete", "match_on": "order_number"}
    told |= {"makes_here": "no", "makes_there": "yes"}
    client = login(alice)
    answer = save(client, NEW, told)
    mapping = Mapping.everywhere.get()
    assert answer.headers["Location"] == f"{address(mapping)}preview/"
    assert (mapping.waits, mapping.direction, mapping.policy, mapping.first) == (
        True,
        "both",
        "newest_wins",
        "hub_wins",
    )
    assert (mapping.on_remote_delete, mapping.match_on, mapping.makes_here, mapping.makes_there) == (
        "delete",
        ["order_number"],
        False,
        True,
    )
    assert dict(mapping.fields.values_list("ours", "direction")) == {
        "order_number": "both",
        "total": "pull",  # computed there, whatever was sent
        "status": "pull",
    }
    assert [run.kind for run in SyncRun.everywhere.all()] == ["preview"]
    assert Reading.everywhere.get().next_at is None
    page = client.get(address(mapping))
    assert "Nothing is read or written yet." in text(page) and f'href="{address(mapping)}preview/"' in str(page.content)
    assert chosen(page.content.decode(), "policy") == ["newest_wins"]
    assert "Waits for its preview" in text(client.get(TAB))


@pytest.mark.parametrize("direction", ["pull", "both"])
def test_turning_a_mapping_so_that_it_reads_asks_for_a_preview(
    login: Login, alice: User, connection: Connection, direction: str
) -> None:
    mapping = mapped(connection)
    told = {"remote.order_number": "col1", "every": "60", "is_live": "1", "direction": direction, "met": "push"}
    answer = save(login(alice), address(mapping), {**told, "version": mapping.version})
    assert answer.headers["Location"].endswith("/preview/")
    mapping.refresh_from_db()
    assert (mapping.waits, mapping.direction, mapping.match_on) == (True, direction, ["order_number"])
    assert not SyncRun.everywhere.filter(kind="full", state="running").exists()


def test_turning_it_back_goes_on_at_once(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection, direction="both")
    assert mapping.waits
    Mapping.everywhere.update(waits=False)
    told = {"remote.order_number": "col1", "every": "60", "direction": "push", "version": mapping.version}
    assert save(login(alice), address(mapping), told).headers["Location"] == address(mapping)
    assert SyncRun.everywhere.filter(kind="full", state="running").count() == 1
    assert Reading.everywhere.get().next_at is None


def test_only_reading_leaves_out_what_the_hub_makes_and_says_so(
    login: Login, alice: User, connection: Connection
) -> None:
    told = {**FIRST, "direction": "pull", "remote.items": "col7"}
    client = login(alice)
    page = client.post(NEW, {**told, "do": "again"})
    assert "left out" in text(page)
    said = text(client.get(save(client, NEW, told).headers["Location"].replace("preview/", "")))
    assert "Left out, since they have no part in this direction: Items." in said
    assert list(Mapping.everywhere.get().fields.values_list("ours", flat=True)) == ["order_number"]


def test_a_computed_field_is_refused_where_rows_are_only_written(
    login: Login, alice: User, connection: Connection
) -> None:
    answer = save(login(alice), NEW, {**FIRST, "remote.total": "col6"})
    assert answer.status_code == 422 and "computed over there (Formula)" in text(answer)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"direction": "sideways"}, "Choose one of: push, pull, both."),
        ({"policy": "nobody"}, "Choose one of: hub_wins, provider_wins, newest_wins, ask."),
        ({"first": "nobody"}, "Choose one of: hub_wins, provider_wins, newest_wins, ask."),
        ({"on_delete": "explode"}, "Choose one of: delete, keep."),
        ({"on_remote_delete": "explode"}, "Choose one of: ignore, cancel, delete."),
    ],
)
def test_what_is_no_setting_is_said_and_nothing_is_lost(
    login: Login, alice: User, connection: Connection, typed: dict[str, str], sentence: str
) -> None:
    answer = save(login(alice), NEW, {**BOTH, "remote.notes": "col7", **typed})
    assert answer.status_code == 422 and sentence in text(answer)
    assert chosen(answer.content.decode(), "remote.notes") == ["col7"]
    assert not Mapping.everywhere.exists()


def test_settings_alone_start_no_run(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection)
    SyncRun.everywhere.update(state="done")
    told = {"remote.order_number": "col1", "remote.status": "col2", "is_live": "1", "version": mapping.version}
    told |= {"every": "15", "on_delete": "keep"}
    answer = login(alice).post(address(mapping), {**told, "do": "save"}, follow=True)
    assert "Saved. It holds from now on." in text(answer)
    assert not SyncRun.everywhere.filter(state="running").exists()
    mapping.refresh_from_db()
    assert mapping.on_delete == "keep"


def test_a_conflict_of_two_people_names_the_new_settings_too(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection, direction="both", policy="hub_wins")
    told: dict[str, Any] = {"remote.order_number": "col1", "way.order_number": "push", "remote.status": "col2"}
    told["every"] = "60"
    told |= {"is_live": "1", "direction": "pull", "version": mapping.version - 1, "on_remote_delete": "cancel"}
    answer = save(login(alice), address(mapping), told)
    assert answer.status_code == 409
    said = text(answer)
    assert "Direction Both ways From Cabinet" in said
    assert "When a row is deleted there nothing mark the record cancelled" in said


def test_records_that_cannot_be_read_only_go_out(
    login: Login, alice: User, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = replace(registry.record_type("order_item"), save=None)
    monkeypatch.setitem(registry._record_types, "order_item", deaf)
    know(connection, folder("tab3", "Linii", column(HUB, "Hub ID"), column("colX", "Description")))
    chosen_ = {"records": "order_item", "base": "cab1", "table": "tab3"}
    client = login(alice)
    page = client.get(NEW, {**chosen_, "go": "1"})
    assert "Rows cannot become Order items" in text(page) and 'name="direction"' not in page.content.decode()
    answer = save(client, NEW, {**chosen_, "remote.description": "colX", "every": "60", "direction": "both"})
    assert answer.status_code == 422 and "can only be written, never read" in text(answer)


def test_staff_reads_how_it_goes(login: Login, bob: User, connection: Connection) -> None:
    pairs = (Pair("order_number", "col1"), Pair("status", "col2", direction="pull"))
    mapping = mapped(connection, *pairs, direction="both", policy="provider_wins", match_on=("order_number",))
    answer = login(bob).get(address(mapping))
    page, said = answer.content.decode(), text(answer)
    main = page[page.index('id="content"') :]
    assert "Both ways ↔ Each side follows the other" in said
    assert "When both sides changed a field The value of Cabinet wins" in said
    assert "The same where Order number" in said
    assert "<select" not in main and 'method="post"' not in main and 'type="radio"' not in main
    assert "↔" in main and "←" in main


def test_a_page_of_500_fields_stays_small_both_ways(login: Login, alice: User, empty: Connection) -> None:
    columns = [column(f"c{n}", f"Column {n}", ("text", "number", "formula")[n % 3]) for n in range(500)]
    know(empty, cabinet(), folder("tab1", "Comenzi", column(HUB, "Hub ID"), *columns))
    page = login(alice).post(NEW, {**BOTH, "do": "again"}).content.decode()
    assert page.count("<datalist") <= 6 and page.count("<option") < 2_600


def test_the_example_follows_the_direction(login: Login, alice: User, connection: Connection) -> None:
    order(connection.company)
    told = {**BOTH, "way.order_number": "pull", "remote.total": "col6"}
    answer = login(alice).post(f"{NEW}example/", told, headers={"HX-Request": "true"})
    assert "is read from there" in text(answer)
    page = answer.content.decode()
    assert 'hx-swap-oob="morph:#way-total-0"' in page and ways(page, "total") == ["←"]
