"""The page of a mapping's comparisons: what it says, what it offers to whom, and what its buttons do."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration_hub.companies.models import User
from integration_hub.hub.cards import cards
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.hub.tests.paper import PROVIDER
from integration_hub.notices.models import AuditEvent
from integration_hub.sync import nudge
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.proof import Difference, Kind, Mend, Proof

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Login = Callable[[User], Client]


@pytest.fixture(autouse=True)
def readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper provider lets its drawers be read."""
    monkeypatch.setattr(type(PROVIDER.sinks[0]), "readable", True)
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)


def made(drawer: Drawer, *, differing: int = 2, state: str = "done", **more: Any) -> Proof:
    """A comparison with so many records whose status differs."""
    now = timezone.now() - timedelta(minutes=5)
    told = {
        "company": drawer.mapping.company,
        "mapping": drawer.mapping,
        "state": state,
        "actor": "schedule",
        "started_at": now,
        "finished_at": now,
        "began": now,
        "version": 1,
        "ours": 8,
        "theirs": 9,
        "equal": 8 - differing,
        "kinds": {"differs": differing} if differing else {},
    }
    proof = Proof.everywhere.create(**{**told, **more})
    for number in range(differing):
        difference(proof, title=f"Order {number}")
    return proof


def difference(proof: Proof, **more: Any) -> Difference:
    fields = [{"field": "status", "ours": "Sent", "theirs": "<b>Lost</b>"}]
    told = {"kind": Kind.DIFFERS, "record_id": uuid.uuid4(), "remote_id": "rec1", "fields": fields, "sure": True}
    return Difference.everywhere.create(
        company_id=proof.company_id, proof=proof, target=proof.mapping_id, **{**told, **more}
    )


def page(drawer: Drawer) -> str:
    return f"/admin/hub/comparisons/{drawer.mapping.pk}/"


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_differs_is_shown_field_by_field(login: Login, alice: User, drawer: Drawer) -> None:
    made(drawer)
    shown = text(login(alice), page(drawer))
    assert "6 of 8 equal, " in shown and "Order 0" in shown and "Order 1" in shown
    assert "Status" in shown and "Sent" in shown
    assert "&lt;b&gt;Lost&lt;/b&gt;" in shown and "<b>Lost" not in shown
    assert "Compare now" in shown and "Fix all" in shown


def test_equal_sides_say_so(login: Login, bob: User, drawer: Drawer) -> None:
    made(drawer, differing=0)
    shown = text(login(bob), page(drawer))
    assert "8 of 8 equal, " in shown and "Both sides are equal" in shown and "Fix" not in shown


def test_before_the_first_comparison(login: Login, alice: User, drawer: Drawer) -> None:
    shown = text(login(alice), page(drawer))
    assert "Not compared yet" in shown and "Compare now" in shown


def test_one_kind_alone(login: Login, alice: User, drawer: Drawer) -> None:
    proof = made(drawer, differing=1)
    difference(proof, kind=Kind.COPY, title="A copied one", fields=[])
    Proof.everywhere.update(kinds={"differs": 1, "copy": 1})
    client = login(alice)
    assert "A copied one" in text(client, f"{page(drawer)}?show=copy")
    assert "A copied one" not in text(client, f"{page(drawer)}?show=differs")
    assert f'id="fix-{Difference.everywhere.get(kind="copy").pk}"' not in text(client, page(drawer))


def test_an_earlier_comparison_can_be_looked_at(login: Login, alice: User, drawer: Drawer) -> None:
    old = made(drawer, differing=1, started_at=timezone.now() - timedelta(days=1))
    made(drawer, differing=0)
    client = login(alice)
    assert "8 of 8 equal" in text(client, page(drawer))
    assert "7 of 8 equal" in text(client, f"{page(drawer)}?proof={old.pk}")
    for nonsense in ("x", str(uuid.uuid4())):
        assert client.get(f"{page(drawer)}?proof={nonsense}").status_code == 404


def test_compare_now_and_stop(login: Login, alice: User, drawer: Drawer) -> None:
    client = login(alice)
    said = client.post(f"{page(drawer)}start/", follow=True).content.decode()
    assert "Comparing. Nothing is changed by it" in said and "The first comparison" in said
    assert 'hx-trigger="every 2s, refresh"' in said and ">Stop<" in said
    assert Proof.everywhere.get().actor == "alice"
    assert "Stopped comparing." in client.post(f"{page(drawer)}stop/", follow=True).content.decode()
    assert Proof.everywhere.get().state == "stopped"
    assert "over already" in client.post(f"{page(drawer)}stop/", follow=True).content.decode()
    actions = set(AuditEvent.everywhere.values_list("action", flat=True))
    assert {"proof.started", "proof.stopped"} <= actions


def test_what_cannot_be_compared_says_why_and_offers_no_button(login: Login, alice: User, drawer: Drawer) -> None:
    Mapping.everywhere.update(waits=True)
    client = login(alice)
    shown = text(client, page(drawer))
    assert "look at the preview and apply it first" in shown and "Compare now" not in shown
    assert "apply it first" in client.post(f"{page(drawer)}start/", follow=True).content.decode()
    assert not Proof.everywhere.exists()


def test_fixing_asks_first(login: Login, alice: User, drawer: Drawer) -> None:
    proof = made(drawer)
    one = Difference.everywhere.first()
    assert one is not None
    client, address = login(alice), f"{page(drawer)}{proof.pk}/fix/"
    asked = text(client, f"{address}?row={one.pk}")
    assert "Fix this difference?" in asked and "What was changed there by hand is overwritten." in asked
    assert not Difference.everywhere.exclude(mend="").exists()
    said = client.post(address, {"row": one.pk}, follow=True).content.decode()
    assert "1 record is being fixed." in said
    assert [row.mend for row in Difference.everywhere.order_by("pk")] == [Mend.WANTED, Mend.OPEN]
    assert "Fix this difference?" in text(client, address)
    assert "1 record is being fixed." in client.post(address, follow=True).content.decode()
    assert "Nothing was left to fix" in client.post(address, follow=True).content.decode()
    assert AuditEvent.everywhere.filter(action="proof.fixed", actor="alice").count() == 3
    for nonsense in ("x", "0", "9" * 30, str(one.pk)):
        assert client.post(address, {"row": nonsense}).status_code == 404


@pytest.mark.parametrize(
    ("direction", "said"), [("pull", "What was changed here is overwritten."), ("both", "the mapping says who wins")]
)
def test_the_question_says_what_fixing_means(
    login: Login, alice: User, drawer: Drawer, direction: str, said: str
) -> None:
    proof = made(drawer)
    Mapping.everywhere.update(direction=direction)
    assert said in text(login(alice), f"{page(drawer)}{proof.pk}/fix/")


def test_staff_look_and_change_nothing(login: Login, bob: User, drawer: Drawer) -> None:
    proof = made(drawer)
    client = login(bob)
    shown = text(client, page(drawer))
    assert "Order 0" in shown and "Compare now" not in shown and "Fix" not in shown
    for path in ("start/", "stop/", f"{proof.pk}/fix/"):
        assert client.post(page(drawer) + path).status_code == 403
    assert not Difference.everywhere.exclude(mend="").exists()


def test_another_companys_is_not_found(login: Login, charlie: User, drawer: Drawer) -> None:
    proof = made(drawer)
    client = login(charlie)
    assert client.get(page(drawer)).status_code == 404
    for path in ("start/", "stop/", f"{proof.pk}/fix/"):
        assert client.post(page(drawer) + path).status_code == 404


def test_cards_say_how_the_last_comparison_came_out(login: Login, alice: User, drawer: Drawer) -> None:
    made(drawer, differing=0, started_at=timezone.now() - timedelta(days=2))
    made(drawer)
    made(drawer, differing=0, state="stopped")
    client = login(alice)
    for address in ("/admin/hub/", "/admin/hub/paper/"):
        shown = text(client, address)
        assert re.search(r"6 of 8 equal, \d\d:\d\d<", shown), address
        assert page(drawer) in shown


def test_a_card_costs_one_query_more_for_any_number_of_comparisons(drawer: Drawer) -> None:
    made(drawer)
    cards(drawer.mapping.company)  # hours that are over are kept
    with CaptureQueriesContext(connection) as few:
        cards(drawer.mapping.company)
    for _number in range(10):
        made(drawer)
    with CaptureQueriesContext(connection) as many:
        assert cards(drawer.mapping.company)[0].lines[0].proof is not None
    assert len(few) == len(many)


def test_the_page_costs_the_same_for_any_number_of_differences(login: Login, alice: User, drawer: Drawer) -> None:
    made(drawer, differing=2)
    client = login(alice)
    text(client, page(drawer))
    with CaptureQueriesContext(connection) as few:
        text(client, page(drawer))
    Proof.everywhere.all().delete()
    made(drawer, differing=40, ours=48, equal=8)
    with CaptureQueriesContext(connection) as many:
        text(client, page(drawer))
    assert len(few) == len(many)
