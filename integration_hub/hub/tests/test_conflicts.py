"""The page of conflicts: both sides side by side, settled by staff and admins, one by one and all at once."""

import uuid
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration_hub.companies.models import Company, User
from integration_hub.contract import MappedField, Rejected, registry
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from integration_hub.hub.tests.conftest import Drawer, fill
from integration_hub.hub.tests.paper import Paper, PaperSink
from integration_hub.hub.views import conflicts as views
from integration_hub.notices.models import AuditEvent
from integration_hub.records.services import customers
from integration_hub.sync import conflicts
from integration_hub.sync.merge import CHOSEN
from integration_hub.sync.models import FieldMapping, Mapping, RecordLink, WorkRow
from integration_hub.sync.models.pull import Choice, Conflict

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Login = Callable[[User], Client]
PAGE = "/admin/hub/conflicts/"


class BookSink(PaperSink):
    """Cells can be read: "sent!" is the status Sent."""

    readable = True

    def links_to(self, mapped: MappedField) -> str:
        return "2" if mapped.remote_type == "link" else ""

    def resource_id(self, place: Map[str, str]) -> str:
        return place.get("drawer", "")

    def back(self, cell: Json, mapped: MappedField) -> Value:
        if isinstance(cell, list):
            return tuple(map(str, cell))
        if cell == "smudge":
            raise Rejected("Nobody can read this.")
        return None if cell is None else str(cell).rstrip("!").title()

    def remote_url(self, target: Any, remote_id: str) -> str:
        return f"https://paper.example/{remote_id}"


class Book(Paper):
    sinks = (BookSink(),)


@pytest.fixture(autouse=True)
def paper(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_providers", {"paper": Book()})
    yield


@dataclass
class Desk:
    company: Company
    mapping: Mapping

    def conflict(self, title: str = "A-1", *, field: str = "status", hours: int = 1, **told: Any) -> Conflict:
        """Both sides say something else; so long ago."""
        told = {"ours": "Pending", "theirs": "sent!", "remote_field": "col_2", **told}
        record = uuid.uuid4()
        RecordLink.everywhere.create(
            company=self.company,
            target=self.mapping.pk,
            record_type="order",
            record_id=record,
            remote_id=f"sheet-{record}",
            base_ours={"status": "Processing"},
            base_theirs={"col_2": "processing"},
        )
        made = Conflict.everywhere.create(
            company=self.company,
            target=self.mapping.pk,
            record_type="order",
            record_id=record,
            remote_id=f"sheet-{record}",
            title=title,
            field=field,
            opened_at=timezone.now() - timedelta(hours=hours),
            **told,
        )
        conflicts.tell(self.mapping)
        return made


@pytest.fixture
def desk(company: Company, drawer: Drawer) -> Desk:
    return both_ways(company, drawer)


def both_ways(company: Company, drawer: Drawer) -> Desk:
    Mapping.everywhere.filter(pk=drawer.mapping.pk).update(direction="both")
    drawer.mapping.refresh_from_db()
    FieldMapping.objects.create(
        mapping=drawer.mapping, ours="status", remote_id="col_2", remote_label="State", remote_type="text"
    )
    return Desk(company, drawer.mapping)


def text(client: Client, address: str = PAGE) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def told(answer: Any) -> str:
    return answer.content.decode()


def seen(row: Conflict) -> str:
    return f"{row.pk}.{conflicts.print_of(row)}"


def press(client: Client, row: Conflict, side: str, **more: str) -> str:
    answer = client.post(f"{PAGE}settle/", {"one": f"{side}:{seen(row)}", **more}, follow=True)
    assert answer.status_code == 200
    return told(answer)


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_both_values_stand_side_by_side_as_people_read_them(login: Login, alice: User, desk: Desk) -> None:
    row = desk.conflict("A-77", theirs_at=timezone.now() - timedelta(minutes=5), theirs_by="Ana Pop")
    page = text(login(alice))
    assert f'href="/admin/records/order/{row.record_id}/' in page
    assert ">A-77</a>" in page and "Status" in page
    assert ">Pending</div>" in page and ">Sent</div>" in page
    assert f'href="https://paper.example/{row.remote_id}"' in page
    assert "Keep the hub's" in page and "Keep Paper's" in page
    assert "5 minutes ago" in page and ">Ana Pop</span>" in page and "Not known when" in page  # theirs, and ours
    assert '<span class="count" id="conflict-count">1' in page


def test_a_cell_nobody_can_read_is_shown_as_it_is(login: Login, alice: User, desk: Desk) -> None:
    desk.conflict(theirs="smudge")
    assert ">smudge</div>" in text(login(alice))


def test_links_are_told_by_the_titles_of_their_records(login: Login, alice: User, desk: Desk) -> None:
    mine, theirs = (customers.create(desk.company, {"name": name}) for name in ("Ana Pop", "Ion Popescu"))
    FieldMapping.objects.create(
        mapping=desk.mapping, ours="customer_link", remote_id="col_3", remote_label="Buyer", remote_type="link"
    )
    parent = Mapping.everywhere.create(
        company=desk.company,
        connection=desk.mapping.connection,
        record_type="customer",
        label="Buyers",
        place={"drawer": "2"},
        merge_on="col_hub",
    )
    RecordLink.everywhere.create(
        company=desk.company, target=parent.pk, record_type="customer", record_id=theirs.pk, remote_id="sheet-9"
    )
    desk.conflict(field="customer_link", remote_field="col_3", ours=[str(mine.pk)], theirs=["sheet-9"])
    page = text(login(alice))
    assert ">Ana Pop</div>" in page and ">Ion Popescu</div>" in page


def test_a_field_or_mapping_that_is_no_more_does_no_harm(login: Login, alice: User, desk: Desk) -> None:
    desk.conflict(field="gone", ours=["a", "b"], theirs={"odd": 1})
    Conflict.everywhere.create(
        company=desk.company,
        target=uuid.uuid4(),
        record_type="order",
        record_id=uuid.uuid4(),
        remote_id="x",
        title="Orphan",
        field="status",
        remote_field="col_2",
        opened_at=timezone.now(),
    )
    page = text(login(alice))
    assert "a, b" in page and "Orphan" in page


def test_an_empty_page_says_what_it_is_for(login: Login, bob: User, desk: Desk) -> None:
    assert "No open conflicts" in text(login(bob))
    assert "Nothing was settled yet" in text(login(bob), f"{PAGE}?show=settled")


def test_the_list_is_narrowed(login: Login, alice: User, desk: Desk, company: Company) -> None:
    desk.conflict("Mine")
    desk.conflict("Number", field="order_number", ours="7", theirs="8")
    client = login(alice)
    assert ">Number</a>" not in text(client, f"{PAGE}?field=status")
    assert ">Number</a>" in text(client, f"{PAGE}?field=order_number&type=order")
    assert ">Mine</a>" in text(client, f"{PAGE}?mapping={desk.mapping.pk}")
    assert "No conflicts here" in text(client, f"{PAGE}?mapping={uuid.uuid4()}")
    assert "No conflicts here" in text(client, f"{PAGE}?type=customer")
    assert ">Mine</a>" in text(client, f"{PAGE}?mapping=nonsense")


def test_a_long_list_is_read_on_from_its_last_row(login: Login, alice: User, desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr("integration_hub.hub.paging.stretch.__defaults__", (2,))
    for number in range(5):
        desk.conflict(f"N-{number}", hours=number + 1)
    client, address, found = login(alice), PAGE, []
    for _page in range(3):
        page = text(client, address)
        found += [f"N-{number}" for number in range(5) if f">N-{number}</a>" in page]
        if 'rel="next"' not in page:
            break
        address = PAGE + page.split('rel="next" href="')[1].split('"')[0]
    assert found == [f"N-{number}" for number in range(5)]
    assert ">N-0</a>" in text(client, f"{PAGE}?after={uuid.uuid4()}") and text(client, f"{PAGE}?after=x")


# --- settling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "moved"), [("ours", (CHOSEN, "sent!")), ("theirs", ("Pending", CHOSEN))])
def test_one_click_settles_one(
    login: Login, bob: User, desk: Desk, side: str, moved: tuple[str, str], django_capture_on_commit_callbacks: Any
) -> None:
    """Staff may: it is work on records."""
    row = desk.conflict()
    with django_capture_on_commit_callbacks(execute=True):
        assert "1 conflict is settled." in press(login(bob), row, side)
    row.refresh_from_db()
    assert (row.choice, row.actor, row.settled_at is None) == (side, "bob", False)
    link = RecordLink.everywhere.get(record_id=row.record_id)
    assert (link.base_ours["status"], link.base_theirs["col_2"]) == moved
    work = WorkRow.everywhere.get(record_id=row.record_id)
    assert work.rev != work.done_rev and work.prio == WorkRow.PRIO_PERSON
    assert AuditEvent.everywhere.get(action="conflict.settled").actor == "bob"
    page = text(login(bob), f"{PAGE}?show=settled")
    assert "bob" in page and ("The hub&#x27;s value" in page or "The hub's value" in page) == (side == "ours")


def test_somebody_was_faster(login: Login, alice: User, desk: Desk) -> None:
    row = desk.conflict()
    conflicts.settle(row, Choice.OURS, actor="bob")
    assert "1 was settled by somebody else meanwhile." in press(login(alice), row, "theirs")
    row.refresh_from_db()
    assert (row.choice, row.actor) == ("ours", "bob")


def test_values_that_moved_since_the_page_was_made_are_not_settled(login: Login, alice: User, desk: Desk) -> None:
    row = desk.conflict()
    shown = f"ours:{seen(row)}"
    Conflict.everywhere.update(theirs="delivered!")
    answer = login(alice).post(f"{PAGE}settle/", {"one": shown}, follow=True)
    assert "1 was changed again since you looked" in told(answer) and ">Delivered</div>" in told(answer)
    assert Conflict.everywhere.get().settled_at is None


def test_those_that_are_ticked(login: Login, alice: User, desk: Desk) -> None:
    rows = [desk.conflict(f"T-{number}") for number in range(3)]
    client = login(alice)
    answer = client.post(f"{PAGE}settle/", {"do": "theirs", "tick": [seen(row) for row in rows[:2]]}, follow=True)
    assert "2 conflicts are settled." in told(answer) and ">T-2</a>" in told(answer)
    assert Conflict.everywhere.filter(settled_at=None).count() == 1
    assert "Tick the conflicts you mean first." in told(client.post(f"{PAGE}settle/", {"do": "ours"}, follow=True))


def test_back_to_the_list_as_it_was_narrowed(login: Login, alice: User, desk: Desk) -> None:
    row = desk.conflict()
    told = {"one": f"ours:{seen(row)}", "mapping": str(desk.mapping.pk), "field": "status", "after": str(row.pk)}
    answer = login(alice).post(f"{PAGE}settle/", told)
    assert answer.headers["Location"] == f"{PAGE}?mapping={desk.mapping.pk}&field=status&after={row.pk}"


@pytest.mark.parametrize(
    "body", [{}, {"do": "both"}, {"one": "ours:x.y"}, {"one": "alike:1"}, {"do": "ours", "tick": "z"}]
)
def test_nonsense_is_no_choice(login: Login, alice: User, desk: Desk, body: dict[str, str]) -> None:
    desk.conflict()
    assert login(alice).post(f"{PAGE}settle/", body).status_code == 404
    assert login(alice).get(f"{PAGE}settle/").status_code == 405


def test_all_of_them_asks_first_and_settles_what_was_there_then(login: Login, bob: User, desk: Desk) -> None:
    for number in range(3):
        desk.conflict(f"B-{number}")
    desk.conflict(field="order_number")
    client, address = login(bob), f"{PAGE}all/?choice=ours&field=status"
    asked = text(client, address)
    assert "Keep the hub&#x27;s value in all of them?" in asked and "In 3 fields" in asked
    until = asked.split('name="until" value="')[1].split('"')[0]
    desk.conflict("Later", hours=-1)
    assert "3 conflicts are settled." in told(client.post(address, {"until": until}, follow=True))
    assert {row.title for row in Conflict.everywhere.filter(settled_at=None)} == {"Later", "A-1"}
    assert client.get(f"{PAGE}all/?choice=odd").status_code == 404


def test_more_than_a_page_waits_for_follow_in_the_background(
    login: Login, alice: User, desk: Desk, monkeypatch: Any
) -> None:
    monkeypatch.setattr(views, "AT_ONCE", 2)
    for number in range(3):
        desk.conflict(f"C-{number}")
    client = login(alice)
    assert "3 conflicts are being settled now" in told(client.post(f"{PAGE}all/?choice=theirs", follow=True))
    assert text(client).count("Being settled") == 3 and "Keep Paper's" in text(client)
    assert conflicts.carry_out() == 3
    assert {row.actor for row in Conflict.everywhere.all()} == {"alice"}
    assert "No open conflicts" in text(client)


# --- whose ------------------------------------------------------------------------------------------------------------


def test_another_companys_conflicts_are_not_there(
    login: Login, charlie: User, other_company: Company, desk: Desk
) -> None:
    row = desk.conflict("Secret")
    fill(other_company)
    client = login(charlie)
    for address in (PAGE, f"{PAGE}?mapping={desk.mapping.pk}", f"{PAGE}?after={row.pk}", f"{PAGE}all/?choice=ours"):
        assert "Secret" not in text(client, address)
    assert "was settled by somebody else" in press(client, row, "ours")
    client.post(f"{PAGE}all/?choice=ours")
    assert Conflict.everywhere.get(pk=row.pk).settled_at is None


def test_the_number_of_queries_does_not_grow(login: Login, alice: User, desk: Desk) -> None:
    client, counts = login(alice), []
    for number in range(2):
        for each in range(1 + number * 20):
            desk.conflict(f"Q-{number}-{each}")
        text(client)
        with CaptureQueriesContext(connection) as captured:
            text(client)
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 16
