"""The mapping page: chosen, typed, previewed, saved, changed by two, looked at by staff, and never waiting."""

import html
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integration_hub.companies import scope
from integration_hub.companies.models import Company, User
from integration_hub.connections import discovery, nudge
from integration_hub.connections.models import Connection, Discovery
from integration_hub.contract import registry
from integration_hub.hub.tests import cabinet
from integration_hub.hub.tests.cabinet import CLIENTS, MADE, ORDERS, column, folder
from integration_hub.notices.models import AuditEvent
from integration_hub.records.models import Order
from integration_hub.records.services import customers, orders
from integration_hub.sync import mappings as service
from integration_hub.sync.mappings import Draft, Pair
from integration_hub.sync.models import FieldMapping, Mapping, Schedule, SyncRun

pytestmark = pytest.mark.django_db
Login = Callable[[User], Client]
TAB = "/admin/hub/cabinet/"
NEW = f"{TAB}mappings/new/"
CHOSEN = {"records": "order", "base": "cab1", "table": "tab1"}
FIRST = {**CHOSEN, "remote.order_number": "col1", "mode.order_number": "always", "every": "60", "is_live": "1"}


@pytest.fixture(autouse=True)
def in_a_cabinet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_providers", {cabinet.PROVIDER.key: cabinet.PROVIDER})
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)
    MADE.reset()


@pytest.fixture
def empty(company: Company) -> Connection:
    """Connected, and nothing discovered yet."""
    return Connection.everywhere.create(
        company=company,
        provider="cabinet",
        status="connected",
        is_active=True,
        api_key="k",
        account_label="The cabinet",
    )


def know(connection: Connection, *resources: Any) -> None:
    """As if a discovery had just found these."""
    for resource in resources:
        discovery.put(connection, resource)
        found = {"found_at": timezone.now(), "asked_at": None, "error": ""}
        Discovery.everywhere.filter(connection=connection, within=resource.parent).update(**found)


@pytest.fixture
def connection(empty: Connection) -> Connection:
    know(empty, cabinet.cabinet(), ORDERS, CLIENTS)
    return empty


def order(company: Company, **told: Any) -> Order:
    buyer = customers.create(company, {"name": "Ion Popescu", "email": "ion@example.com"}, actor="t")
    line = {"description": "Ticket", "quantity": 2, "unit_price": "75.00"}
    return orders.create(company, {"customer": buyer, "items": [line], **told}, actor="t")


def mapped(connection: Connection, *pairs: Pair, **told: Any) -> Mapping:
    wanted = {"pairs": pairs or (Pair("order_number", "col1"), Pair("status", "col2")), **told}
    with scope.entered(connection.company_id):
        return service.save(connection, Draft("order", ORDERS, **wanted), actor="t")


def address(mapping: Mapping) -> str:
    return f"{TAB}mappings/{mapping.pk}/"


def text(answer: Any) -> str:
    """The page as it is read: tags away, entities resolved."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def select(page: str, name: str) -> str:
    found = re.search(rf'<select[^>]*name="{re.escape(name)}".*?</select>', page, re.S)
    assert found, name
    return found[0]


def chosen(page: str, name: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)"[^>]*\bselected', select(page, name))


# --- step 1: from where to where --------------------------------------------------------------------------------------


def test_it_never_waits_and_says_that_it_is_looking(login: Login, alice: User, empty: Connection) -> None:
    client = login(alice)
    page = client.get(NEW)
    assert "Looking at the bases…" in text(page) and 'hx-trigger="every 2s"' in page.content.decode()
    assert Discovery.everywhere.get(connection=empty, within="").asked_at  # the worker will look; cabinet would raise
    part = client.get(NEW, {"poll": "0--0"}, headers={"HX-Request": "true"})
    assert part.content.decode().count("<form") == 1 and "HX-Retarget" not in part.headers
    know(empty, cabinet.cabinet())
    part = client.get(NEW, {"poll": "0--0"}, headers={"HX-Request": "true"})
    assert part.headers["HX-Retarget"] == "#choose"
    assert chosen(part.content.decode(), "base") == ["cab1"]  # the only one chooses itself
    assert "Looking at the tables…" in text(part)
    know(empty, ORDERS, CLIENTS)
    shown = client.get(NEW, {"poll": "1-cab1-0"}, headers={"HX-Request": "true"}).content.decode()
    assert "Comenzi" in select(shown, "table") and "Clienți" in select(shown, "table") and "every 2s" not in shown


def test_a_failed_discovery_says_why_and_keeps_what_was_known(
    login: Login, alice: User, connection: Connection
) -> None:
    Discovery.everywhere.filter(within="cab1").update(error="Cabinet did not answer.")
    page = login(alice).get(NEW, {"records": "order"})
    assert "Discovery failed: Cabinet did not answer." in text(page) and "Refresh" in text(page)
    assert "Comenzi" in select(page.content.decode(), "table")


def test_refresh_asks_and_comes_back_to_what_was_chosen(login: Login, alice: User, connection: Connection) -> None:
    answer = login(alice).post(f"{NEW}refresh/", {"records": "order", "base": "cab1"})
    assert answer.headers["Location"] == f"{NEW}?records=order&base=cab1&table="
    assert set(Discovery.everywhere.exclude(asked_at=None).values_list("within", flat=True)) == {"", "cab1"}


def test_what_is_missing_is_said_at_its_field(login: Login, alice: User, connection: Connection) -> None:
    answer = login(alice).get(NEW, {"go": "1"})
    assert answer.status_code == 422
    assert "Choose the records first." in text(answer) and "Choose a table." in text(answer)


def test_many_tables_are_typed_with_a_list(login: Login, alice: User, empty: Connection) -> None:
    know(empty, cabinet.cabinet(), *(folder(f"t{n}", f"Table {n}", column("c", "C")) for n in range(500)))
    page = login(alice).get(NEW, {"records": "order"}).content.decode()
    assert 'list="list-table"' in page and page.count('<option value="Table ') == 500
    answer = login(alice).get(NEW, {"records": "order", "base": "cab1", "table": "Table 77 (t77)", "go": "1"})
    assert answer.status_code == 200 and "Hub → table Table 77 in base Sales" in text(answer)
    answer = login(alice).get(NEW, {"records": "order", "base": "cab1", "table": "table 78", "go": "1"})
    assert "table Table 78" in text(answer)


def test_creating_a_table_leads_to_its_fields(login: Login, alice: User, connection: Connection) -> None:
    client = login(alice)
    asked = {"records": "customer", "base": "cab1", "do": "make_table", "name": "Clienți / 2025 “€”"}
    answer = client.post(NEW, asked, follow=True)
    within, label, kind, names = MADE.tables[0]
    assert (within, label, kind) == ("cab1", "Clienți / 2025 “€”", "customer")
    assert names == tuple(field.name for field in registry.record_type("customer").fields)
    page = answer.content.decode()
    assert "Clienți / 2025 “€”" in text(answer) and chosen(page, "remote.email") == ["new-email"]
    assert AuditEvent.everywhere.get(action="table.made").actor == "alice"


@pytest.mark.parametrize("name", ["", "Orders"])
def test_what_the_provider_refuses_is_said_at_the_name(
    login: Login, alice: User, connection: Connection, name: str
) -> None:
    MADE.refuses = "The key may not make tables."
    answer = login(alice).post(NEW, {"records": "order", "base": "cab1", "do": "make_table", "name": name})
    assert answer.status_code == 422
    assert (MADE.refuses if name else "Give the table a name.") in text(answer)
    assert f'name="name" value="{name}"' in answer.content.decode() or not name


def test_no_permission_no_button_and_no_call(login: Login, alice: User, empty: Connection) -> None:
    know(empty, cabinet.cabinet(permission="edit"), ORDERS)
    client = login(alice)
    page = client.get(NEW, {"records": "order", "base": "cab1"})
    assert "this key has the permission “edit”" in text(page) and "make_table" not in page.content.decode()
    answer = client.post(NEW, {"records": "order", "base": "cab1", "do": "make_table", "name": "X"})
    assert answer.status_code == 422 and MADE.tables == []
    answer = client.post(NEW, {**FIRST, "do": "make_fields", "make": "notes"})
    assert answer.status_code == 422 and MADE.fields == [] and "this key has the permission" in text(answer)


# --- step 2: the two columns ------------------------------------------------------------------------------------------


def test_a_new_mapping_starts_with_suggestions(login: Login, alice: User, connection: Connection) -> None:
    answer = login(alice).get(NEW, {**CHOSEN, "go": "1"})
    page = answer.content.decode()
    assert chosen(page, "remote.order_number") == ["col1"] and chosen(page, "remote.status") == ["col2"]
    assert chosen(page, "remote.notes") == []
    assert not Mapping.everywhere.exists()


def test_what_does_not_fit_stands_apart_and_cannot_be_chosen(login: Login, alice: User, connection: Connection) -> None:
    page = login(alice).get(NEW, {**CHOSEN, "go": "1"}).content.decode()
    fits, _label, others = select(page, "remote.placed_at").partition('label="Does not fit" disabled')
    assert "Placed" in fits and "Order number" in fits and "Sum" not in fits
    assert "Sum · Formula" in others and "Hub ID" in others and "Status" in others


def test_every_field_stands_there_with_kind_and_read_only_mark(
    login: Login, alice: User, connection: Connection
) -> None:
    page = text(login(alice).get(NEW, {**CHOSEN, "go": "1"}))
    for field in registry.record_type("order").fields:
        assert field.label in page
    assert "Items long text · read-only" in page and "Placed date and time" in page


def test_saving_makes_the_mapping_and_starts_a_run(login: Login, alice: User, connection: Connection) -> None:
    order(connection.company)
    told: dict[str, Any] = {
        **FIRST,
        "do": "save",
        "every": "other",
        "minutes": "7",
        "create_choices": "1",
        "on_delete": "keep",
    }
    told |= {"remote.status": "col2", "mode.status": "if_new", "is_live": ""}
    told |= {"filter.field": ["status"], "filter.op": ["is"], "filter.value": ["Pending"]}
    answer = login(alice).post(NEW, told, follow=True)
    mapping = Mapping.everywhere.get()
    assert answer.redirect_chain == [(address(mapping), 302)]
    assert (mapping.record_type, mapping.place) == ("order", {"cabinet": "cab1", "folder": "tab1"})
    assert (mapping.is_live, mapping.create_choices, mapping.on_delete) == (False, True, "keep")
    assert mapping.filter == [{"field": "status", "op": "is", "value": "Pending"}]
    assert list(mapping.fields.values_list("ours", "remote_id", "write_mode")) == [
        ("order_number", "col1", "always"),
        ("status", "col2", "if_new"),
    ]
    assert Schedule.everywhere.get().minutes == 7
    assert SyncRun.everywhere.get().state == "running"
    said = text(answer)
    assert "0 %" in said and "0 of 1 rows" in said and "rows/s" in said and "Stop" in said
    page = answer.content.decode()
    assert chosen(page, "every") == ["other"] and 'value="7"' in page and chosen(page, "mode.status") == ["if_new"]


@pytest.mark.parametrize(
    ("typed", "sentence", "kept"),
    [
        ({"remote.order_number": "Nonsense"}, "The table has no field “Nonsense”.", 'value="Nonsense" selected'),
        ({"remote.total": "col6"}, "computed over there (Formula)", 'value="col6" selected'),
        ({"remote.status": "col4"}, "The field “Placed” (Date) does not take Status.", 'value="col4" selected'),
        ({"remote.notes": "col1"}, "is taken already", 'value="col1" dir="auto" selected'),
        ({"every": "other", "minutes": "0"}, "Give a whole number of minutes", 'value="0"'),
        ({"every": "other", "minutes": "1.5"}, "Give a whole number of minutes", 'value="1.5"'),
        ({"every": "other", "minutes": "9" * 30}, "Give a whole number of minutes", "9" * 30),
        ({"filter.field": "total", "filter.op": "at_least", "filter.value": "lots"}, "Condition 1", 'value="lots"'),
        ({"remote.order_number": ""}, "Map at least one field.", "New mapping"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field_and_nothing_typed_is_lost(
    login: Login, alice: User, connection: Connection, typed: dict[str, str], sentence: str, kept: str
) -> None:
    answer = login(alice).post(NEW, {**FIRST, **typed, "do": "save"})
    assert answer.status_code == 422 and not Mapping.everywhere.exists()
    assert sentence in text(answer)
    assert kept in answer.content.decode() or kept == "New mapping"
    if "Condition" not in sentence and "filter.field" not in typed:
        assert 'aria-invalid="true"' in answer.content.decode() or "at least one" in sentence


def test_one_of_ours_in_two_of_theirs_is_kept(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection, Pair("order_number", "col1"), Pair("order_number", "col7", "if_empty"))
    page = login(alice).get(address(mapping)).content.decode()
    assert 'id="remote-order_number-1"' in page
    told = {"remote.order_number": ["col1", "col7"], "mode.order_number": ["always", "if_empty"], "every": "60"}
    login(alice).post(address(mapping), {**told, "version": mapping.version, "do": "save"})
    assert list(mapping.fields.values_list("remote_id", "write_mode")) == [("col1", "always"), ("col7", "if_empty")]


def test_suggesting_the_rest_touches_nothing_that_is_chosen(login: Login, alice: User, connection: Connection) -> None:
    told = {**CHOSEN, "remote.order_number": "col7", "mode.order_number": "if_empty", "every": "15", "do": "suggest"}
    page = login(alice).post(NEW, told).content.decode()
    assert chosen(page, "remote.order_number") == ["col7"] and chosen(page, "mode.order_number") == ["if_empty"]
    assert chosen(page, "remote.status") == ["col2"] and chosen(page, "every") == ["15"]
    assert 'id="suggest"' not in page  # nothing is left to suggest


def test_missing_fields_are_made_and_mapped(login: Login, alice: User, empty: Connection) -> None:
    know(empty, cabinet.cabinet(), folder("tab1", "Comenzi", column("col1", "Order number")))
    client = login(alice)
    page = client.get(NEW, {**CHOSEN, "go": "1"})
    assert "Press “Create missing fields”" in text(page)
    refused = client.post(NEW, {**FIRST, "do": "save"})
    assert refused.status_code == 422 and "no field for the hub's own id yet" in text(refused)
    answer = client.post(NEW, {**FIRST, "do": "make_fields", "make": ["notes", "items"], "minutes": "5"})
    assert MADE.fields == [("notes", "items")]
    shown = answer.content.decode()
    assert chosen(shown, "remote.notes") == ["new-notes"] and chosen(shown, "remote.items") == ["new-items"]
    assert chosen(shown, "remote.order_number") == ["col1"]
    assert "Created: Hub ID, Notes, Items. Save the mapping to use it." in text(answer)
    stored = discovery.resource(empty, "tab1")
    assert stored is not None
    assert [one.label for one in cabinet.CabinetSink().fields(stored)] == ["Order number", "Hub ID", "Notes", "Items"]
    assert client.post(NEW, {**FIRST, "do": "save"}).status_code == 302


def test_fields_that_are_not_mapped_are_offered(login: Login, alice: User, connection: Connection) -> None:
    page = text(login(alice).get(address(mapped(connection))))
    assert "4 fields of Cabinet are not mapped" in page and "Remarks Text takes" in page


def test_a_table_of_500_fields_is_one_list(login: Login, alice: User, empty: Connection) -> None:
    columns = [column(f"c{n}", f"Column {n} {'x' * 180}", "text" if n % 2 else "number") for n in range(500)]
    know(empty, cabinet.cabinet(), folder("tab1", "Comenzi", column(cabinet.HUB, "Hub ID"), *columns))
    client = login(alice)
    page = client.get(NEW, {**CHOSEN, "go": "1"}).content.decode()
    assert page.count("<datalist") <= 4 and page.count("<option") < 2_500
    label = f"Column 3 {'x' * 180} (c3)"
    answer = client.post(NEW, {**FIRST, "remote.order_number": label, "do": "again"})
    assert f'value="{label}"' in answer.content.decode()
    assert client.post(NEW, {**FIRST, "remote.order_number": label, "do": "save"}).status_code == 302
    assert FieldMapping.objects.get().remote_id == "c3"


# --- the preview ------------------------------------------------------------------------------------------------------


def cells(answer: Any) -> dict[str, str]:
    """What the examples say, by our field."""
    found = re.findall(r'id="example-([a-z_]+)-0"[^>]*>(.*?)</div>', answer.content.decode(), re.S)
    return {name: html.unescape(re.sub(r"<[^>]+>", "", said)).strip() for name, said in found}


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


# --- filter lines -----------------------------------------------------------------------------------------------------


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


# --- drift, conflicts -------------------------------------------------------------------------------------------------


def test_a_paused_field_says_why_and_is_used_again(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection)
    FieldMapping.objects.filter(mapping=mapping, ours="status").update(
        paused="The choice is missing.", paused_by="refusal"
    )
    client = login(alice)
    page = client.get(address(mapping))
    assert "Paused. The choice is missing. Use again" in text(page)
    answer = client.post(f"{address(mapping)}fields/col2/resume/", follow=True)
    assert "The field is written again" in text(answer)
    assert FieldMapping.objects.get(mapping=mapping, ours="status").paused == ""
    assert "not paused any more" in text(client.post(f"{address(mapping)}fields/a/b/resume/", follow=True))


def test_a_deleted_and_a_renamed_field_are_shown_as_they_are_now(
    login: Login, alice: User, connection: Connection
) -> None:
    mapping = mapped(connection)
    know(connection, folder("tab1", "Comenzi 2", column(cabinet.HUB, "Hub ID"), column("col1", "Număr / №")))
    answer = login(alice).get(address(mapping))
    page = answer.content.decode()
    assert "table Comenzi 2 in base Sales" in text(answer)
    assert "Număr / №" in select(page, "remote.order_number")
    assert "Status (not there)" in select(page, "remote.status") and chosen(page, "remote.status") == ["col2"]


def test_a_deleted_field_is_created_again_and_ours_goes_there(
    login: Login, alice: User, connection: Connection
) -> None:
    mapping = mapped(connection)
    know(connection, folder("tab1", "Comenzi", column(cabinet.HUB, "Hub ID"), column("col1", "Order number")))
    FieldMapping.objects.filter(mapping=mapping, ours="status").update(paused="It was deleted.", paused_by="table")
    client = login(alice)
    page = client.get(address(mapping))
    assert "Paused. It was deleted. Create it again" in text(page) and "Use again" not in text(page)
    told = {"remote.order_number": "col1", "remote.status": "col2", "minutes": "5", "version": mapping.version}
    answer = client.post(address(mapping), {**told, "do": "make_again:status"})
    shown = answer.content.decode()
    assert MADE.fields == [("status",)]
    assert chosen(shown, "remote.status") == ["new-status"] and chosen(shown, "remote.order_number") == ["col1"]
    assert "Created: Status. Save the mapping to use it." in text(answer)
    assert client.post(address(mapping), {**told, "do": "make_again:nonsense"}).status_code == 422
    assert MADE.fields == [("status",)]


def test_somebody_changed_it_meanwhile_and_both_are_kept(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection)
    before = mapping.version
    with scope.entered(connection.company_id):
        service.save(
            connection,
            Draft("order", ORDERS, (Pair("order_number", "col7"),), minutes=15),
            actor="eve",
            mapping=mapping,
        )
    told = {"remote.order_number": "col1", "every": "1440", "version": before, "do": "save", "is_live": "1"}
    client = login(alice)
    answer = client.post(address(mapping), told)
    assert answer.status_code == 409
    said = text(answer)
    assert "Somebody changed this mapping meanwhile." in said
    assert "Order number Remarks · always Order number · always" in said
    assert "Full check every 15 minutes every day" in said
    assert chosen(answer.content.decode(), "remote.order_number") == ["col1"]
    assert mapping.fields.get().remote_id == "col7"
    again = re.search(r'name="version" value="(\d+)"', answer.content.decode())
    assert again is not None
    assert client.post(address(mapping), {**told, "version": again[1]}).status_code == 302
    assert mapping.fields.get().remote_id == "col1"


def test_saving_a_mapping_whose_table_is_not_known_is_refused_with_the_next_step(
    login: Login, alice: User, connection: Connection
) -> None:
    mapping = mapped(connection)
    from integration_hub.connections import found

    found.drop(connection.pk)
    client = login(alice)
    page = client.get(address(mapping))
    assert "Looking at the table…" in text(page) and "Order number" in text(page)
    assert 'id="save"' not in page.content.decode()
    answer = client.post(address(mapping), {"version": mapping.version, "do": "save", "remote.order_number": "col1"})
    assert answer.status_code == 422 and "The table is not known yet." in text(answer)
    know(connection, cabinet.cabinet(), ORDERS)
    waited = client.get(f"{address(mapping)}found/", {"waiting": "1"}, headers={"HX-Request": "true"})
    assert waited.headers["HX-Refresh"] == "true"


def test_refresh_on_the_page_asks_and_tells_when_something_changed(
    login: Login, alice: User, connection: Connection
) -> None:
    mapping = mapped(connection)
    client, htmx = login(alice), {"HX-Request": "true"}
    part = client.post(f"{address(mapping)}refresh/", {}, headers=htmx)
    assert "Looking at the table again…" in text(part) and "every 2s" in part.content.decode()
    seen = re.search(r"&quot;seen&quot;: &quot;(\w+)&quot;", part.content.decode())
    assert seen is not None
    know(connection, cabinet.cabinet(), ORDERS)
    part = client.get(f"{address(mapping)}found/", {"seen": seen[1]}, headers=htmx)
    assert "They have changed." not in text(part) and "every 2s" not in part.content.decode()
    know(connection, folder("tab1", "Comenzi", column(cabinet.HUB, "Hub ID")))
    part = client.get(f"{address(mapping)}found/", {"seen": seen[1]}, headers=htmx)
    assert "They have changed." in text(part) and "Show the changes" in text(part)
    told = {"version": mapping.version, "do": "refresh", "remote.order_number": "typed"}
    assert 'value="typed" selected' in client.post(address(mapping), told).content.decode()  # without script


def test_a_table_that_is_gone_is_said_so(login: Login, alice: User, connection: Connection) -> None:
    from integration_hub.connections.models import FoundResource

    mapping = mapped(connection)
    FoundResource.everywhere.filter(remote_id="tab1").delete()
    assert "The table is gone over there" in text(login(alice).get(address(mapping)))


def test_removing_asks_first_and_says_what_happens(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection)
    client = login(alice)
    page = text(client.get(f"{address(mapping)}remove/"))
    assert "Remove the mapping of Orders to “Comenzi”?" in page and "Its rows stay" in page
    assert Mapping.everywhere.get().retired_at is None
    answer = client.post(f"{address(mapping)}remove/", follow=True)
    assert answer.redirect_chain == [(TAB, 302)] and "is removed" in text(answer)
    assert Mapping.everywhere.get().retired_at is not None
    assert client.get(address(mapping)).status_code == 404


def test_the_progress_follows_stops_and_goes_on(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection)
    client = login(alice)
    run = SyncRun.everywhere.get()
    SyncRun.everywhere.update(total=200, updated=50)
    part = client.get(f"{address(mapping)}progress/", headers={"HX-Request": "true"})
    assert "25 %" in text(part) and "50 of 200 rows" in text(part) and "every 2s" in part.content.decode()
    client.post(f"/admin/hub/runs/{run.pk}/stop/")
    part = client.get(f"{address(mapping)}progress/", headers={"HX-Request": "true"})
    assert "stopped at 50 of 200 rows" in text(part) and "Resume" in text(part)
    assert "every 2s" not in part.content.decode()
    client.post(f"/admin/hub/runs/{run.pk}/resume/")
    assert SyncRun.everywhere.filter(state="running").exists()


# --- who may what -----------------------------------------------------------------------------------------------------


def posts(mapping: Mapping) -> list[str]:
    here = address(mapping)
    own = [here, *(f"{here}{name}/" for name in ("remove", "refresh", "example", "fields/col1/resume"))]
    return [*own, NEW, f"{NEW}example/", f"{NEW}refresh/"]


def test_staff_sees_everything_and_changes_nothing(login: Login, bob: User, connection: Connection) -> None:
    order(connection.company)
    mapping = mapped(connection, filter=[{"field": "status", "op": "is", "value": "Pending"}])
    client = login(bob)
    answer = client.get(address(mapping))
    page = answer.content.decode()
    main = page[page.index('id="content"') :]
    assert "Order number" in text(answer) and "Status is Pending" in text(answer) and "every hour" in text(answer)
    assert 'method="post"' not in main and "Save mapping" not in main and "<select" not in main
    assert 'id="remove"' not in main and 'id="run-stop"' not in main
    for where in posts(mapping):
        refused = client.post(where, FIRST)
        assert refused.status_code == 403, where
        assert "Only admins of Alice's may do this." in text(refused)
    assert client.get(NEW).status_code == client.get(f"{address(mapping)}remove/").status_code == 403
    assert client.get(f"{address(mapping)}example/").status_code == 200
    tab = client.get(TAB)
    assert "Comenzi" in text(tab) and "New mapping" not in text(tab)


def test_another_companys_mapping_is_not_there(login: Login, charlie: User, connection: Connection) -> None:
    mapping = mapped(connection)
    client = login(charlie)
    for where in posts(mapping):
        assert client.post(where, FIRST).status_code == 404, where
    for part in ("", "progress/", "found/", "example/"):
        assert client.get(f"{address(mapping)}{part}").status_code == 404
    assert client.get(f"/admin/hub/nothing/mappings/{mapping.pk}/").status_code == 404


def test_a_form_of_another_company_is_409(
    login: Login, alice: User, connection: Connection, other_company: Company
) -> None:
    mapping = mapped(connection)
    told = {"_company": str(other_company.pk), "version": mapping.version, "do": "save", "remote.notes": "col7"}
    assert login(alice).post(address(mapping), told).status_code == 409
    assert not mapping.fields.filter(ours="notes").exists()


NASTY = ["a/b?c#d&e", "<script>alert(1)</script>", "\"quotes\" 'and' “more”", "🎟️ Bilete", "שם הלקוח", "اسم العميل"]


@pytest.mark.parametrize("name", [*NASTY, "n" * 200])
def test_any_name_is_shown_as_it_is(login: Login, alice: User, empty: Connection, name: str) -> None:
    table = folder("tab1", name, column(cabinet.HUB, "Hub ID"), column("col1", name))
    know(empty, cabinet.cabinet(label=name), table)
    client = login(alice)
    answers = [client.get(NEW, CHOSEN), client.get(NEW, {**CHOSEN, "go": "1"})]
    with scope.entered(empty.company_id):
        mapping = service.save(empty, Draft("order", table, (Pair("order_number", "col1"),)), actor="t")
    answers += [client.get(address(mapping)), client.get(TAB), client.get(f"{address(mapping)}remove/")]
    for answer in answers:
        page = answer.content.decode()
        assert answer.status_code == 200 and name in html.unescape(page) and "<script>alert" not in page
        assert 'dir="auto"' in page or "Remove the mapping" in page


def test_a_mapping_made_from_settings_is_shown_and_not_edited(
    login: Login, alice: User, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration_hub.hub.tests import paper
    from integration_hub.hub.tests.conftest import fill

    monkeypatch.setattr(registry, "_providers", {"paper": paper.PROVIDER})
    drawer = fill(company)
    page = login(alice).get(f"/admin/hub/paper/mappings/{drawer.mapping.pk}/")
    assert "was made from the settings" in text(page) and "Number" in text(page)
    assert 'id="save"' not in page.content.decode()
    assert login(alice).get("/admin/hub/paper/mappings/new/").status_code == 404


# --- speed ------------------------------------------------------------------------------------------------------------


def queries(client: Client, where: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(where)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(where).status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow(login: Login, alice: User, connection: Connection) -> None:
    order(connection.company)
    client = login(alice)
    mapping = mapped(connection)
    before = [queries(client, where) for where in (address(mapping), TAB, f"{NEW}?records=order&base=cab1")]
    wide = folder("wide", "Wide", column(cabinet.HUB, "Hub ID"), *(column(f"w{n}", f"W {n}") for n in range(60)))
    know(connection, wide, *(folder(f"t{n}", f"T {n}", column(cabinet.HUB, "H"), column("c", "C")) for n in range(9)))
    names = [field.name for field in registry.record_type("order").fields if field.kind in ("text", "long_text")]
    with scope.entered(connection.company_id):
        for n in range(9):
            more = folder(f"t{n}", f"T {n}", column(cabinet.HUB, "H"), column("c", "C"))
            service.save(connection, Draft("order", more, (Pair("order_number", "c"),)), actor="t")
        pairs = [Pair(name, f"w{n}") for n, name in enumerate(names)]
        big = service.save(connection, Draft("order", wide, pairs), actor="t")
    for _n in range(5):
        order(connection.company)
    after = [queries(client, where) for where in (address(big), TAB, f"{NEW}?records=order&base=cab1")]
    assert after == before
    assert max(after) <= 45
