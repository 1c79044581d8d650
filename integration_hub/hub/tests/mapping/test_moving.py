"""The table, or another person, moved while somebody edits: nothing that was typed is lost."""

import re

import pytest

from integration_hub.companies import scope
from integration_hub.companies.models import User
from integration_hub.connections.models import Connection
from integration_hub.hub.tests import cabinet
from integration_hub.hub.tests.cabinet import MADE, ORDERS, column, folder
from integration_hub.hub.tests.mapping.pages import Login, address, chosen, know, mapped, select, text
from integration_hub.sync import mappings as service
from integration_hub.sync.drafts import Draft, Pair
from integration_hub.sync.models import FieldMapping

pytestmark = pytest.mark.django_db


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
