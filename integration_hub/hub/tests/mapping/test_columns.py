"""The two columns: what is offered, typed, refused, and saved."""

from typing import Any

import pytest

from integration_hub.companies.models import User
from integration_hub.connections import discovery
from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.hub.tests import cabinet
from integration_hub.hub.tests.cabinet import MADE, column, folder
from integration_hub.hub.tests.mapping.pages import (
    CHOSEN,
    FIRST,
    NEW,
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
from integration_hub.sync.models import FieldMapping, Mapping, Schedule, SyncRun

pytestmark = pytest.mark.django_db


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
