"""Rows that are gone over there, and rows that could not be taken in: what the pages say, and who may press what."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration_hub.companies.models import Company, User
from integration_hub.contract import registry
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.hub.tests.test_conflicts import Book
from integration_hub.notices.models import Problem
from integration_hub.records.models import Order
from integration_hub.records.services import orders
from integration_hub.sync import reading, strays, vanishing
from integration_hub.sync.models import Mapping, RecordLink, SyncWrite
from integration_hub.sync.models.pull import Reading, Stray

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Login = Callable[[User], Client]


@pytest.fixture(autouse=True)
def paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_providers", {"paper": Book()})


@pytest.fixture
def mapping(drawer: Drawer) -> Mapping:
    Mapping.everywhere.filter(pk=drawer.mapping.pk).update(direction="both", on_remote_delete="cancel")
    drawer.mapping.refresh_from_db()
    reading.ensure(drawer.mapping)
    return drawer.mapping


def vanish(company: Company, mapping: Mapping, count: int = 2, first: int = 0) -> list[Order]:
    """So many orders whose rows are gone."""
    made = [orders.create(company, {"order_number": f"V-{first + number}"}) for number in range(count)]
    for order in made:
        RecordLink.everywhere.create(
            company=company,
            target=mapping.pk,
            record_type="order",
            record_id=order.pk,
            remote_id=f"sheet-{order.pk}",
            gone_at=timezone.now(),
        )
    vanishing.tell(mapping)
    return made


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def posted(client: Client, address: str, **body: Any) -> str:
    answer = client.post(address, body, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def link_of(order: Order) -> RecordLink:
    return RecordLink.everywhere.get(record_id=order.pk)


# --- rows that are gone -----------------------------------------------------------------------------------------------


def test_rows_that_are_gone_stand_by_the_titles_of_their_records(
    login: Login, alice: User, bob: User, company: Company, mapping: Mapping
) -> None:
    vanish(company, mapping)
    here = f"/admin/hub/vanished/{mapping.pk}/"
    page = text(login(alice), here)
    assert ">V-0</a>" in page and "2 rows wait for a word." in page
    for word in ("Delete them here", "Mark them cancelled", "Keep them, without a row", "Delete all here"):
        assert word in page
    assert f'href="{here}"' in text(login(alice), "/admin/hub/problems/")
    page = text(login(bob), here)
    assert ">V-0</a>" in page and "Delete them here" not in page and 'name="tick"' not in page


def test_ticked_records_are_deleted_after_one_question(
    login: Login, alice: User, company: Company, mapping: Mapping
) -> None:
    first, second = vanish(company, mapping)
    client, address = login(alice), f"/admin/hub/vanished/{mapping.pk}/agree/"
    asked = posted(client, address, do="delete", tick=link_of(first).pk)
    assert "Delete 1 record here?" in asked and f'name="tick" value="{link_of(first).pk}"' in asked
    assert Order.everywhere.get(pk=first.pk).deleted_at is None
    assert "1 record is deleted." in posted(client, address, do="delete", tick=link_of(first).pk, sure="1")
    assert Order.everywhere.get(pk=first.pk).deleted_at is not None
    assert Order.everywhere.get(pk=second.pk).deleted_at is None
    assert SyncWrite.everywhere.get(record_id=first.pk).title == "V-0"
    assert "Somebody was faster" in posted(client, address, do="delete", tick=link_of(first).pk, sure="1")


def test_ticked_records_are_cancelled(login: Login, alice: User, company: Company, mapping: Mapping) -> None:
    first, _second = vanish(company, mapping)
    address = f"/admin/hub/vanished/{mapping.pk}/agree/"
    assert "1 record is cancelled." in posted(login(alice), address, do="cancel", tick=link_of(first).pk, sure="1")
    assert Order.everywhere.get(pk=first.pk).status == "Cancelled"
    assert (link_of(first).apart, link_of(first).deleted_at is None) == (True, False)


def test_ticked_records_are_kept_at_once(login: Login, alice: User, company: Company, mapping: Mapping) -> None:
    first, _second = vanish(company, mapping)
    address = f"/admin/hub/vanished/{mapping.pk}/agree/"
    assert "1 record stays, without a row." in posted(login(alice), address, do="keep", tick=link_of(first).pk)
    assert "1 row waits for a word." in text(login(alice), f"/admin/hub/vanished/{mapping.pk}/")
    assert "Tick the records you mean first." in posted(login(alice), address, do="keep")


def test_all_of_them_follow_as_the_mapping_says(login: Login, alice: User, company: Company, mapping: Mapping) -> None:
    vanish(company, mapping)
    client, address = login(alice), f"/admin/hub/vanished/{mapping.pk}/agree/"
    assert "Mark 2 records cancelled?" in posted(client, address, do="cancel", all="1")
    assert "2 records follow now." in posted(client, address, do="cancel", all="1", sure="1")
    assert Reading.everywhere.get().approved is not None
    assert "Keep 2 records without a row?" in posted(client, address, do="keep", all="1")
    assert "2 records stay, without a row." in posted(client, address, do="keep", all="1", sure="1")
    assert not Problem.everywhere.filter(closed_at=None, key__endswith=":vanished").exists()
    assert "No row waits for a word" in text(client, f"/admin/hub/vanished/{mapping.pk}/")


def test_a_kind_that_cannot_be_cancelled_is_not_offered_that(
    login: Login, alice: User, company: Company, mapping: Mapping
) -> None:
    vanish(company, mapping)
    Mapping.everywhere.filter(pk=mapping.pk).update(record_type="customer")
    assert "Mark them cancelled" not in text(login(alice), f"/admin/hub/vanished/{mapping.pk}/")
    answer = login(alice).post(f"/admin/hub/vanished/{mapping.pk}/agree/", {"do": "cancel", "all": "1"})
    assert answer.status_code == 404


@pytest.mark.parametrize("body", [{}, {"do": "burn"}, {"do": "keep", "tick": "x"}, {"do": "keep", "tick": "9" * 40}])
def test_nonsense_is_no_word(login: Login, alice: User, mapping: Mapping, body: dict[str, str]) -> None:
    assert login(alice).post(f"/admin/hub/vanished/{mapping.pk}/agree/", body).status_code == 404


# --- rows that could not be taken in ----------------------------------------------------------------------------------


def stray(mapping: Mapping, number: int = 1, **told: Any) -> Stray:
    made = Stray.everywhere.create(
        company=mapping.company,
        target=mapping.pk,
        remote_id=f"sheet-{number}",
        at=timezone.now(),
        **{"title": f"Row {number}", "remedy": "give up", "sentence": "Status: “Lost” is not a choice.", **told},
    )
    strays.tell(mapping)
    return made


def test_rows_stand_with_the_reason_and_what_to_do(login: Login, alice: User, bob: User, mapping: Mapping) -> None:
    row = stray(mapping)
    stray(mapping, 2, remedy="report", sentence="A fault in the hub.")
    here = f"/admin/hub/strays/{mapping.pk}/"
    page = text(login(alice), here)
    assert "“Lost” is not a choice." in page and 'href="https://paper.example/sheet-1"' in page
    assert "Correct it there or here." in page and "Tell whoever runs this hub" in page
    assert f'value="again:{row.pk}"' in page and "Try all again" in page
    page = text(login(alice), "/admin/hub/problems/")
    assert f'href="{here}"' in page and "2 rows of Paper could not be taken in." in page and "Try all again" in page
    page = text(login(bob), here)
    assert "“Lost” is not a choice." in page and "Try again" not in page


def test_one_and_all_are_tried_again(login: Login, alice: User, mapping: Mapping) -> None:
    first, second = stray(mapping), stray(mapping, 2)
    client, address = login(alice), f"/admin/hub/strays/{mapping.pk}/mend/"
    page = posted(client, address, do=f"again:{first.pk}")
    assert "1 row is looked at again now." in page and "Is looked at again" in page
    assert set(Stray.everywhere.values_list("pk", "remedy")) == {(first.pk, "again"), (second.pk, "give up")}
    assert Reading.everywhere.get().pokes > 0
    assert "2 rows are looked at again now." in posted(client, address, do="again")
    assert "Nothing was left to do" in posted(client, address, do="again:999999")


def test_the_problems_button_tries_all_again(login: Login, alice: User, mapping: Mapping) -> None:
    stray(mapping)
    problem = Problem.everywhere.get(key__endswith=":strays")
    assert "1 row is looked at again now." in posted(login(alice), f"/admin/hub/problems/{problem.pk}/fix/")
    Stray.everywhere.all().delete()
    assert "Nothing was left to try again" in posted(login(alice), f"/admin/hub/problems/{problem.pk}/fix/")
    problem.refresh_from_db()
    assert problem.closed_at is not None


def test_a_copy_is_asked_about(login: Login, alice: User, mapping: Mapping) -> None:
    one, other = stray(mapping, remedy="copy"), stray(mapping, 2, remedy="copy")
    client, address = login(alice), f"/admin/hub/strays/{mapping.pk}/mend/"
    page = text(client, f"/admin/hub/strays/{mapping.pk}/")
    assert "Make it a record of its own" in page and "Leave it" in page
    assert "becomes a record of its own" in posted(client, address, do=f"own:{one.pk}")
    assert "stays as it is" in posted(client, address, do=f"leave:{other.pk}")
    assert dict(Stray.everywhere.values_list("pk", "remedy")) == {one.pk: "own", other.pk: "left"}
    page = text(client, f"/admin/hub/strays/{mapping.pk}/?show=left")
    assert "Row 2" in page and "Row 1" not in page and "Ask again" in page


@pytest.mark.parametrize("do", ["", "own", "leave", "again:x", "burn:1", "again:" + "9" * 40])
def test_nonsense_mends_nothing(login: Login, alice: User, mapping: Mapping, do: str) -> None:
    assert login(alice).post(f"/admin/hub/strays/{mapping.pk}/mend/", {"do": do}).status_code == 404


def test_empty_pages_say_what_they_are_for(login: Login, bob: User, mapping: Mapping) -> None:
    assert "Every row was taken in" in text(login(bob), f"/admin/hub/strays/{mapping.pk}/")
    assert "No row waits for a word" in text(login(bob), f"/admin/hub/vanished/{mapping.pk}/")


# --- who, whose, how many queries -------------------------------------------------------------------------------------

ADDRESSES = ["vanished/{}/", "strays/{}/"]
BUTTONS = {"vanished/{}/agree/": {"do": "delete", "all": "1", "sure": "1"}, "strays/{}/mend/": {"do": "again"}}


@pytest.mark.parametrize("address", BUTTONS)
def test_staff_may_look_and_not_press(
    login: Login, bob: User, company: Company, mapping: Mapping, address: str
) -> None:
    vanish(company, mapping)
    answer = login(bob).post(f"/admin/hub/{address.format(mapping.pk)}", BUTTONS[address])
    assert answer.status_code == 403
    assert not Order.everywhere.exclude(deleted_at=None).exists()


@pytest.mark.parametrize("address", [*ADDRESSES, *BUTTONS])
def test_another_companys_are_not_there(
    login: Login, charlie: User, company: Company, mapping: Mapping, address: str
) -> None:
    vanish(company, mapping)
    client, there = login(charlie), f"/admin/hub/{address.format(mapping.pk)}"
    assert {client.get(there).status_code, client.post(there, BUTTONS.get(address)).status_code} <= {404, 405}
    assert client.get(f"/admin/hub/{address.format(uuid.uuid4())}").status_code in (404, 405)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_number_of_queries_does_not_grow(
    login: Login, alice: User, company: Company, mapping: Mapping, address: str
) -> None:
    client, there, counts = login(alice), f"/admin/hub/{address.format(mapping.pk)}", []
    for first, batch in ((0, 1), (1, 10)):
        vanish(company, mapping, batch, first)
        for number in range(batch):
            stray(mapping, first + number)
        text(client, there)
        with CaptureQueriesContext(connection) as captured:
            text(client, there)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 14
