"""A filter that is changed while the mapping runs: what it would bring and leave is shown before it is saved."""

import re
from typing import Any

import pytest
from django.test import Client

from integration_hub.companies.models import User
from integration_hub.connections.models import Connection
from integration_hub.hub.tests.mapping.pages import Login, address, mapped, order, text
from integration_hub.records.models import Order
from integration_hub.sync import reach
from integration_hub.sync.models import Mapping, RecordLink

pytestmark = pytest.mark.django_db
PENDING = [{"field": "status", "op": "is", "value": "Pending"}]


def link(mapping: Mapping, *orders: Order) -> None:
    """As if these had their rows."""
    for one in orders:
        RecordLink.everywhere.create(
            company=mapping.company,
            target=mapping.pk,
            record_type="order",
            record_id=one.pk,
            remote_id=f"sheet-{one.pk}",
        )


def form(mapping: Mapping, status: str) -> dict[str, Any]:
    told = {"remote.order_number": "col1", "remote.status": "col2", "every": "60", "is_live": "1"}
    told |= {"version": str(mapping.version), "direction": mapping.direction, "met": mapping.direction}
    return {**told, "filter.field": "status", "filter.op": "is", "filter.value": status, "do": "save"}


def agreed(answer: Any) -> str:
    found = re.search(r'value="(save:\w+)"', answer.content.decode())
    assert found
    return found[1]


def test_it_says_what_goes_and_what_stays_behind_and_saves_when_asked(
    login: Login, alice: User, connection: Connection
) -> None:
    company = connection.company
    kept = [order(company, order_number=f"OLD-{n}") for n in range(7)]
    order(company, status="Sent", order_number="NEW-1")
    order(company, order_number="NEVER-WENT")
    mapping = mapped(connection, filter=PENDING)
    link(mapping, *kept)
    client = login(alice)
    answer = client.post(address(mapping), form(mapping, "Sent"))
    said = text(answer)
    assert answer.status_code == 200 and "Nothing is saved yet. With this filter:" in said
    assert "1 record more would go. NEW-1" in said
    assert "7 records that have rows would no longer be kept in step. Their rows stay. OLD-" in said
    assert "NEVER-WENT" not in said.split("Orders:")[0].split("Example")[0]
    mapping.refresh_from_db()
    assert mapping.filter == PENDING
    saved = client.post(address(mapping), {**form(mapping, "Sent"), "do": agreed(answer)})
    assert saved.headers["Location"] == address(mapping)
    mapping.refresh_from_db()
    assert mapping.filter[0]["value"] == "Sent"


def test_a_yes_is_about_one_filter_only(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection, filter=PENDING)
    client = login(alice)
    yes = agreed(client.post(address(mapping), form(mapping, "Sent")))
    other = client.post(address(mapping), {**form(mapping, "Delivered"), "do": yes})
    assert other.status_code == 200 and "Nothing is saved yet." in text(other) and agreed(other) != yes
    mapping.refresh_from_db()
    assert mapping.filter == PENDING


def test_what_does_not_fit_is_said_before_anything_is_asked(login: Login, alice: User, connection: Connection) -> None:
    mapping = mapped(connection)
    told = {**form(mapping, "Sent"), "remote.total": "Nonsense"}
    answer = login(alice).post(address(mapping), told)
    assert answer.status_code == 422 and "Nothing is saved yet." not in text(answer)
    late = login(alice).post(address(mapping), {**form(mapping, "Sent"), "version": "0"})
    assert late.status_code == 409 and "Nothing is saved yet. With" not in text(late)


@pytest.mark.parametrize("told", [{"direction": "pull"}, {"direction": "both"}])
def test_nothing_is_asked_where_nothing_has_gone_or_a_preview_shows_it(
    login: Login, alice: User, connection: Connection, told: dict[str, str]
) -> None:
    mapping = mapped(connection, **told)
    answer = login(alice).post(address(mapping), form(mapping, "Sent"))
    assert answer.status_code == 302


def test_both_ways_it_says_that_changes_there_still_come_in(login: Login, alice: User, connection: Connection) -> None:
    mine = order(connection.company)
    mapping = mapped(connection, direction="both")
    Mapping.everywhere.update(waits=False)
    link(mapping, mine)
    said = text(login(alice).post(address(mapping), form(mapping, "Sent")))
    assert "1 record that has a row would no longer be kept in step." in said
    assert "What is changed there still comes in." in said


def test_only_so_many_are_looked_at_and_it_says_so(
    login: Login, alice: User, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "MOST", 4)
    monkeypatch.setattr(reach, "CHUNK", 2)
    for _n in range(5):
        order(connection.company, status="Sent")
    mapping = mapped(connection, filter=PENDING)
    said = text(login(alice).post(address(mapping), form(mapping, "Sent")))
    assert "4 records more would go." in said
    assert "That is so among the first 4 records; there are 5." in said


def test_staff_and_strangers_learn_nothing_from_it(
    login: Login, bob: User, charlie: User, connection: Connection
) -> None:
    mapping = mapped(connection, filter=PENDING)
    told: dict[str, Any] = form(mapping, "Sent")
    posts: list[tuple[Client, int]] = [(login(bob), 403), (login(charlie), 404)]
    for client, status in posts:
        assert client.post(address(mapping), told).status_code == status
    mapping.refresh_from_db()
    assert mapping.filter == PENDING
