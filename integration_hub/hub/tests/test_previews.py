"""The page of a preview, from the planning to what came of it; and taking a run back from its own page."""

import uuid
from collections.abc import Callable
from datetime import timedelta
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
from integration_hub.notices.models import AuditEvent
from integration_hub.sync import previews, undoing
from integration_hub.sync.models import Mapping, PlanRow, RecordLink, SyncRun, SyncWrite
from integration_hub.sync.models.preview import Planned

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Login = Callable[[User], Client]


@pytest.fixture(autouse=True)
def paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_providers", {"paper": Book()})


@pytest.fixture
def mapping(drawer: Drawer) -> Mapping:
    Mapping.everywhere.filter(pk=drawer.mapping.pk).update(direction="both", waits=True)
    drawer.mapping.refresh_from_db()
    return drawer.mapping


def at(mapping: Mapping, what: str = "") -> str:
    return f"/admin/hub/paper/mappings/{mapping.pk}/preview/{what}"


CHANGES: list[dict[str, Any]] = [
    {"field": "Status", "way": "in", "ours": "Pending", "theirs": "Sent", "after": "Sent"},
    {"field": "Order number", "way": "out", "ours": "7", "theirs": None, "after": "7"},
    {"field": "Notes", "way": "both", "ours": "mine", "theirs": "yours", "after": None},
]


def row(run: SyncRun, what: Planned, title: str = "A-1", **told: Any) -> PlanRow:
    told = {"record_id": uuid.uuid4(), "remote_id": f"sheet-{uuid.uuid4()}", **told}
    return PlanRow.everywhere.create(company_id=run.company_id, run=run, what=what, title=title, **told)


@pytest.fixture
def planned(mapping: Mapping) -> SyncRun:
    """A preview with a row of most kinds, ready to be applied."""
    run = previews.start(mapping, actor="alice")
    row(run, Planned.UPDATE, "A-1", changes=CHANGES, matched=True)
    row(run, Planned.CREATE_HERE, "A-2", record_id=None)
    row(run, Planned.CREATE_THERE, "A-3", remote_id="")
    row(run, Planned.DELETE_HERE, "A-4")
    row(run, Planned.CONFLICT, "A-5", changes=CHANGES[2:], matched=True)
    row(run, Planned.AMBIGUOUS, "A-6", record_id=None, partners=["One", "Two"], sentence="It fits more than one.")
    row(run, Planned.REFUSED, "A-7", sentence="“Lost” is not a choice.")
    for number in range(5):
        row(run, Planned.LINK, f"L-{number}", matched=True)
    state = {"state": "planned", "at": {"version": mapping.version, "equal": 90}, "finished_at": timezone.now()}
    SyncRun.everywhere.filter(pk=run.pk).update(**state)
    run.refresh_from_db()
    return run


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def posted(client: Client, address: str, **body: Any) -> str:
    answer = client.post(address, body, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


# --- planning ---------------------------------------------------------------------------------------------------------


def test_a_preview_is_started_and_followed(login: Login, alice: User, bob: User, mapping: Mapping) -> None:
    assert "This mapping waits for one" in text(login(bob), at(mapping))
    client = login(alice)
    assert "Plan now" in text(client, at(mapping))
    page = posted(client, at(mapping, "start/"))
    assert "Nothing is written" in page and 'hx-trigger="every 2s, refresh"' in page and "Look again" in page
    run = SyncRun.everywhere.get(kind="preview")
    assert (run.state, run.actor) == ("running", "alice")
    row(run, Planned.LINK)
    SyncRun.everywhere.filter(pk=run.pk).update(at={"phase": "records", "version": 1, "equal": 1_200})
    part = client.get(at(mapping), headers={"HX-Request": "true"}).content.decode()
    assert "1,201 rows so far." in part and "have no row yet" in part and "<html" not in part
    assert "Planning" in text(client, f"/admin/hub/runs/{run.pk}/")


def test_while_the_connection_is_broken_it_says_that_it_waits(login: Login, alice: User, mapping: Mapping) -> None:
    previews.start(mapping, actor="alice")
    type(mapping.connection).everywhere.update(status="needs_reconnect")
    assert "It waits: Paper is not connected" in text(login(alice), at(mapping))


# --- the plan ---------------------------------------------------------------------------------------------------------


def figures(page: str) -> dict[str, str]:
    import re

    return {label: value for value, label in re.findall(r"<dd>([\d,]+)</dd><dt>([^<]+)</dt>", page)}


def test_the_plan_in_figures_and_samples(login: Login, alice: User, mapping: Mapping, planned: SyncRun) -> None:
    page = text(login(alice), at(mapping))
    told = figures(page)
    assert (told["matched"], told["only here"], told["only at Paper"]) == ("97", "1", "1")
    assert (told["made here"], told["made at Paper"], told["changed"], told["deleted here"]) == ("1", "1", "1", "1")
    assert (told["conflict"], told["cannot be taken over"], told["more than one partner"]) == ("1", "1", "1")
    assert "the first 3 of 5" in page and "L-2" in page and "L-4" not in page
    assert "It fits more than one." in page and "One, Two" in page and "“Lost” is not a choice." in page
    for button in ("Apply exactly this", "Plan again", "Discard", "Change the mapping"):
        assert button in page
    assert "<style" not in page


def test_each_row_is_a_diff_field_by_field(login: Login, alice: User, mapping: Mapping, planned: SyncRun) -> None:
    page = text(login(alice), at(mapping) + "?show=update")
    assert "<del><bdi>Pending</bdi></del>" in page and "<ins><bdi>Sent</bdi></ins>" in page
    assert "<ins><bdi>7</bdi></ins>" in page and "<del><bdi>empty</bdi></del>" in page
    assert "you choose" in page and "<bdi>yours</bdi>" in page
    assert "A-2" not in page


def test_the_rows_are_sieved_and_searched(login: Login, alice: User, mapping: Mapping, planned: SyncRun) -> None:
    client = login(alice)
    page = text(client, at(mapping) + "?show=link")
    assert all(f"L-{number}" in page for number in range(5)) and "A-1" not in page
    assert "A-4" in text(client, at(mapping) + "?q=a-4") and "A-1<" not in text(client, at(mapping) + "?q=a-4")
    assert "No row called “nobody” here" in text(client, at(mapping) + "?q=nobody")
    assert text(client, at(mapping) + "?show=odd&q=%00")


def test_where_everything_is_in_step_it_says_so(login: Login, alice: User, mapping: Mapping, planned: SyncRun) -> None:
    PlanRow.everywhere.all().delete()
    assert "Both sides are in step" in text(login(alice), at(mapping))


def test_a_plan_of_another_shape_of_the_mapping_cannot_be_applied(
    login: Login, alice: User, mapping: Mapping, planned: SyncRun
) -> None:
    Mapping.everywhere.update(version=7)
    client = login(alice)
    page = text(client, at(mapping))
    assert "The mapping was changed since. Plan again." in page and 'id="apply"' not in page
    assert "The mapping was changed since" in posted(client, at(mapping, "apply/"), run=str(planned.pk))
    assert SyncRun.everywhere.get(pk=planned.pk).state == "planned"


# --- applying ---------------------------------------------------------------------------------------------------------


def test_applying_asks_first_and_says_what_will_happen(
    login: Login, alice: User, mapping: Mapping, planned: SyncRun
) -> None:
    client = login(alice)
    asked = text(client, at(mapping, "apply/"))
    for sentence in (
        "1 record is made here.",
        "1 row is made at Paper.",
        "1 record or its row is changed.",
        "1 record is deleted here.",
        "In 1 record both sides differ",
        "5 records are joined with their rows; nothing changes.",
        "From then on, changes are synced as the mapping says.",
    ):
        assert sentence in asked
    assert SyncRun.everywhere.get(pk=planned.pk).applied_at is None
    page = posted(client, at(mapping, "apply/"), run=str(planned.pk))
    assert "0 of 10 rows of the plan" in page and "Being applied" in page
    run = SyncRun.everywhere.get(pk=planned.pk)
    assert run.state == "running" and run.applied_at is not None
    mapping.refresh_from_db()
    assert not mapping.waits
    assert AuditEvent.everywhere.filter(action="preview.applied", actor="alice").count() == 1
    assert "no preview that waits" in posted(client, at(mapping, "apply/"), run=str(planned.pk))
    assert AuditEvent.everywhere.filter(action="preview.applied").count() == 1


def test_only_the_preview_that_was_shown_is_applied(
    login: Login, alice: User, mapping: Mapping, planned: SyncRun
) -> None:
    page = posted(login(alice), at(mapping, "apply/"), run=str(uuid.uuid4()))
    assert "There is a newer preview. Look at it first." in page
    assert SyncRun.everywhere.get(pk=planned.pk).applied_at is None


def test_what_came_of_it_and_what_was_left_alone(login: Login, alice: User, mapping: Mapping, planned: SyncRun) -> None:
    PlanRow.everywhere.exclude(title="A-4").update(state="done")
    PlanRow.everywhere.filter(title="A-4").update(state="skipped", sentence="The record was changed since the preview.")
    PlanRow.everywhere.filter(what__in=previews.ONLY_TOLD).update(state="skipped")
    now = timezone.now()
    SyncRun.everywhere.filter(pk=planned.pk).update(
        state="done", applied_at=now, finished_at=now, created=2, updated=1, failed=1
    )
    client = login(alice)
    page = text(client, at(mapping))
    assert "2 created, 1 updated, 0 deleted." in page and "1 was left alone" in page and "1 was given up." in page
    assert f'href="/admin/hub/conflicts/?mapping={mapping.pk}"' in page
    page = text(client, at(mapping) + "?show=skipped")
    assert "The record was changed since the preview." in page and "A-1<" not in page
    page = text(client, f"/admin/hub/runs/{planned.pk}/")
    assert "Applied preview" in page and "To the plan" in page


def test_planning_again_forgets_what_was_planned(login: Login, alice: User, mapping: Mapping, planned: SyncRun) -> None:
    posted(login(alice), at(mapping, "start/"))
    posted(login(alice), at(mapping, "start/"))
    assert sorted(SyncRun.everywhere.filter(kind="preview").values_list("state", flat=True)) == ["running", "stopped"]


def test_discarding_asks_first(login: Login, alice: User, mapping: Mapping, planned: SyncRun) -> None:
    client = login(alice)
    assert "The mapping goes on waiting" in text(client, at(mapping, "discard/"))
    assert "Nothing of it was written." in posted(client, at(mapping, "discard/"))
    assert SyncRun.everywhere.get(pk=planned.pk).state == "stopped"
    assert "The last preview was discarded" in text(client, at(mapping))
    assert "There is no preview to discard." in posted(client, at(mapping, "discard/"))


# --- who, whose, how many queries -------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["start/", "apply/", "discard/"])
def test_staff_may_look_and_not_press(login: Login, bob: User, mapping: Mapping, planned: SyncRun, what: str) -> None:
    client = login(bob)
    page = text(client, at(mapping))
    assert "A-1" in page and "Apply exactly this" not in page and "Plan again" not in page
    assert client.post(at(mapping, what), {"run": str(planned.pk)}).status_code == 403
    assert SyncRun.everywhere.get(pk=planned.pk).state == "planned"


@pytest.mark.parametrize("what", ["", "start/", "apply/", "discard/"])
def test_another_companys_preview_is_not_there(
    login: Login, charlie: User, mapping: Mapping, planned: SyncRun, what: str
) -> None:
    client = login(charlie)
    assert {client.get(at(mapping, what)).status_code, client.post(at(mapping, what)).status_code} <= {404, 405}


def test_the_number_of_queries_does_not_grow(login: Login, alice: User, mapping: Mapping, planned: SyncRun) -> None:
    client, counts = login(alice), []
    for number in (0, 40):
        for each in range(number):
            row(planned, Planned.LINK, f"M-{each}", matched=True)
        for address in (at(mapping), at(mapping) + "?show=link"):
            text(client, address)
            with CaptureQueriesContext(connection) as captured:
                text(client, address)
            counts.append(len(captured))
    assert counts[:2] == counts[2:] and max(counts) <= 34


# --- taking back ------------------------------------------------------------------------------------------------------


@pytest.fixture
def undoable(drawer: Drawer) -> SyncRun:
    """A run that made, changed and deleted records on both sides."""
    images = [("in", "created"), ("out", "created"), ("in", "updated"), ("out", "updated"), ("out", "deleted")]
    for way, outcome in images:
        SyncWrite.everywhere.create(
            company=drawer.mapping.company,
            run=drawer.run,
            record_type="order",
            record_id=uuid.uuid4(),
            remote_id="sheet-1",
            title=f"{way} {outcome}",
            outcome=outcome,
            way=way,
            image={},
            at=timezone.now(),
        )
    return drawer.run


def test_undoing_asks_first_and_says_what_cannot_return(login: Login, alice: User, undoable: SyncRun) -> None:
    client, here = login(alice), f"/admin/hub/runs/{undoable.pk}/"
    page = text(client, here)
    assert f'href="{here}undo/"' in page and "until " in page
    asked = text(client, f"{here}undo/")
    for sentence in (
        "1 record is deleted here.",
        "1 row is deleted at Paper.",
        "2 records get back the values they had, on both sides.",
        "1 deleted record lives again.",
        "do not return",
        "What was changed since, here or there, is left alone and named.",
        "It can be undone until",
    ):
        assert sentence in asked
    assert not SyncRun.everywhere.filter(kind="undo").exists()
    page = posted(client, f"{here}undo/")
    undo = SyncRun.everywhere.get(kind="undo")
    assert (undo.undoes, undo.actor, undo.total) == (undoable, "alice", 5)
    assert "Undo of a run" in page and f'href="{here}"' in page
    assert "It was taken back already." in posted(client, f"{here}undo/")
    page = text(client, here)
    assert "It was taken back:" in page and f'href="{here}undo/"' not in page
    assert SyncRun.everywhere.filter(kind="undo").count() == 1


def test_what_was_left_alone_is_named_and_may_be_made_again(
    login: Login, alice: User, undoable: SyncRun, django_capture_on_commit_callbacks: Any
) -> None:
    undo = undoing.start(undoable, actor="alice")
    SyncRun.everywhere.filter(pk=undo.pk).update(state="done", deleted=1, failed=1, finished_at=timezone.now())
    record = uuid.uuid4()
    told = {"company": undo.company, "run": undo, "record_type": "order", "at": timezone.now()}
    SyncWrite.everywhere.create(**told, record_id=record, title="Gone again", outcome="deleted", way="in")
    SyncWrite.everywhere.create(
        **told, record_id=uuid.uuid4(), title="Kept", outcome="failed", sentence="It was changed since: Status."
    )
    link = RecordLink.everywhere.create(
        company=undo.company,
        target=undo.mapping_id,
        record_type="order",
        record_id=record,
        remote_id="sheet-1",
        apart=True,
        deleted_at=timezone.now(),
    )
    client, here = login(alice), f"/admin/hub/runs/{undo.pk}/"
    page = text(client, here)
    assert "It was changed since: Status." in page and "Left alone" in page and "Given up" not in page
    assert "Retry this one" not in page and "Let it be made again" in page
    with django_capture_on_commit_callbacks(execute=True):
        assert "1 record may be made again." in posted(client, f"{here}again/")
    link.refresh_from_db()
    assert not link.apart
    assert "There was nothing to allow any more." in posted(client, f"{here}again/")
    assert client.post(f"/admin/hub/runs/{undoable.pk}/again/").status_code == 404


def test_what_is_too_old_or_changed_nothing_is_not_offered(login: Login, alice: User, undoable: SyncRun) -> None:
    client, here = login(alice), f"/admin/hub/runs/{undoable.pk}/"
    SyncRun.everywhere.filter(pk=undoable.pk).update(finished_at=timezone.now() - timedelta(days=31))
    assert f"{here}undo/" not in text(client, here)
    assert "kept for 30 days only" in posted(client, f"{here}undo/")
    SyncRun.everywhere.filter(pk=undoable.pk).update(finished_at=timezone.now())
    SyncWrite.everywhere.update(image=None)
    assert "It changed nothing." in posted(client, f"{here}undo/")
    assert not SyncRun.everywhere.filter(kind="undo").exists()


def test_undoing_is_for_admins_and_for_ones_own_company(
    login: Login, bob: User, charlie: User, undoable: SyncRun
) -> None:
    here = f"/admin/hub/runs/{undoable.pk}/"
    assert "undo/" not in text(login(bob), here)
    for address in ("undo/", "again/"):
        assert login(bob).post(here + address).status_code == 403
        assert login(charlie).post(here + address).status_code == 404
    assert not SyncRun.everywhere.filter(kind="undo").exists()


def test_an_undo_can_be_stopped(login: Login, alice: User, undoable: SyncRun) -> None:
    undo = undoing.start(undoable, actor="alice")
    client, here = login(alice), f"/admin/hub/runs/{undo.pk}/"
    assert f'href="{here}stop/"' in text(client, here)
    assert "Stop this run?" in text(client, f"{here}stop/")
    assert "Stopped." in posted(client, f"{here}stop/")
    assert "resume/" not in text(client, here)


def test_previews_and_undos_are_among_the_runs(login: Login, alice: User, company: Company, planned: SyncRun) -> None:
    page = text(login(alice), "/admin/hub/runs/?show=plans")
    assert str(planned.pk) in page and "Ready to apply" in page
    assert page.count('id="row-') == 1


def test_a_mapping_that_waits_says_so_on_card_and_tab(login: Login, alice: User, mapping: Mapping) -> None:
    for address in ("/admin/hub/", "/admin/hub/paper/"):
        page = text(login(alice), address)
        assert "before you apply its preview." in page and "Waits for you" in page
        assert f'href="{at(mapping)}">Look at the preview' in page
    assert f'href="{at(mapping)}"' in text(login(alice), f"/admin/hub/paper/mappings/{mapping.pk}/")
    Mapping.everywhere.update(waits=False)
    assert "Waits for you" not in text(login(alice), "/admin/hub/")
