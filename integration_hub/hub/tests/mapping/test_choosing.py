"""The first step of a new mapping: records, base and table, found out without waiting."""

import pytest

from integration_hub.companies.models import User
from integration_hub.connections.models import Connection, Discovery
from integration_hub.contract import registry
from integration_hub.hub.tests import cabinet
from integration_hub.hub.tests.cabinet import CLIENTS, MADE, ORDERS, column, folder
from integration_hub.hub.tests.mapping.pages import FIRST, NEW, Login, chosen, know, select, text
from integration_hub.notices.models import AuditEvent

pytestmark = pytest.mark.django_db


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
