"""Pages on which people decide: conflicts, vanished rows, rows not taken in, previews and undo. axe-core finds nothing
on them, and a decision is not lost to a refresh."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from integration_hub.companies.models import Company, User
from integration_hub.contract import registry
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.hub.tests.test_conflicts import Book, Desk, both_ways
from integration_hub.hub.tests.test_previews import CHANGES, row
from integration_hub.hub.tests.test_strays import stray, vanish
from integration_hub.sync import conflicts, previews, reading, undoing
from integration_hub.sync.models import Mapping, PlanRow, SyncRun, SyncWrite
from integration_hub.sync.models.preview import Planned
from integration_hub.sync.models.pull import Choice, Conflict
from integration_hub.tests.browser.conftest import SCREENS, Opened, flaws

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "A note that somebody wrote down at the counter, with everything one could want to know about it. " * 4


@pytest.fixture(autouse=True)
def paper(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_providers", {"paper": Book()})
    yield


@dataclass
class Table:
    """Something of everything to decide on."""

    desk: Desk
    preview: SyncRun
    undone: SyncRun
    undo: SyncRun

    @property
    def mapping(self) -> Mapping:
        return self.desk.mapping


@pytest.fixture
def table(company: Company, drawer: Drawer) -> Table:
    desk = both_ways(company, drawer)
    Mapping.everywhere.update(on_remote_delete="cancel")
    desk.mapping.refresh_from_db()
    reading.ensure(desk.mapping)
    for number in range(4):
        desk.conflict(f"A-{number}", hours=number, theirs_at=timezone.now() - timedelta(minutes=5))
    desk.conflict("Long", field="order_number", ours=LONG, theirs=None)
    conflicts.settle(desk.conflict("Settled"), Choice.OURS, actor="alice")
    conflicts.settle(desk.conflict("Theirs"), Choice.THEIRS, actor="bob")
    vanish(company, desk.mapping, 3)
    stray(desk.mapping)
    stray(desk.mapping, 2, remedy="copy", sentence="This row is a copy.")
    stray(desk.mapping, 3, remedy="again")
    return Table(desk, _planned(desk.mapping), *_undone(drawer))


def _planned(mapping: Mapping) -> SyncRun:
    run = previews.start(mapping, actor="alice")
    many = [{**CHANGES[0], "field": f"Field {number}"} for number in range(8)]
    row(run, Planned.UPDATE, "A-1", changes=[*CHANGES, *many], matched=True)
    for number, what in enumerate(Planned):
        row(run, what, f"B-{number}", sentence=LONG if what == Planned.REFUSED else "", partners=["One", "Two"])
    for number in range(5):
        row(run, Planned.LINK, f"L-{number}", matched=True)
    SyncRun.everywhere.filter(pk=run.pk).update(
        state="planned", at={"version": mapping.version, "equal": 4981}, finished_at=timezone.now()
    )
    return run


def _undone(drawer: Drawer) -> tuple[SyncRun, SyncRun]:
    told = {"company": drawer.mapping.company, "record_type": "order", "at": timezone.now()}
    SyncWrite.everywhere.create(
        **told, run=drawer.run, record_id=uuid.uuid4(), title="Made", outcome="created", way="in", image={}
    )
    other = SyncRun.everywhere.create(
        company=drawer.mapping.company, mapping=drawer.mapping, kind="live", state="done", started_at=timezone.now()
    )
    SyncWrite.everywhere.create(
        **told, run=other, record_id=uuid.uuid4(), title="Made too", outcome="created", way="in", image={}
    )
    undo = undoing.start(other, actor="alice")
    SyncRun.everywhere.filter(pk=undo.pk).update(state="done", failed=1, deleted=1, finished_at=timezone.now())
    for outcome, sentence in (("failed", "It was changed since: Status."), ("deleted", "")):
        SyncWrite.everywhere.create(
            **told, run=undo, record_id=uuid.uuid4(), title="Taken back", outcome=outcome, sentence=sentence
        )
    return drawer.run, undo


def addresses(table: Table) -> list[str]:
    hub, preview = "/admin/hub/", f"/admin/hub/paper/mappings/{table.mapping.pk}/preview/"
    return [
        f"{hub}conflicts/",
        f"{hub}conflicts/?show=settled",
        f"{hub}conflicts/?field=nothing",
        f"{hub}conflicts/all/?choice=theirs",
        f"{hub}vanished/{table.mapping.pk}/",
        f"{hub}strays/{table.mapping.pk}/",
        f"{hub}strays/{table.mapping.pk}/?show=left",
        preview,
        f"{preview}?show=update",
        f"{preview}?q=nobody",
        f"{preview}apply/",
        f"{preview}discard/",
        f"{hub}runs/{table.undone.pk}/",
        f"{hub}runs/{table.undone.pk}/undo/",
        f"{hub}runs/{table.undo.pk}/",
        f"{hub}runs/?show=plans",
    ]


@pytest.mark.parametrize("look", SCREENS)
def test_axe_finds_nothing(opened: Opened, alice: User, table: Table, look: str) -> None:
    page = opened(alice, look).new_page()
    found = {}
    for address in addresses(table):
        page.goto(address)
        found[address] = flaws(page)
    assert {address: what for address, what in found.items() if what} == {}


@pytest.mark.parametrize("look", SCREENS)
def test_axe_finds_nothing_wherever_a_preview_stands(opened: Opened, alice: User, table: Table, look: str) -> None:
    page = opened(alice, look).new_page()
    here, mine = f"/admin/hub/paper/mappings/{table.mapping.pk}/preview/", SyncRun.everywhere.filter(kind="preview")
    PlanRow.everywhere.filter(what=Planned.DELETE_HERE).update(state="skipped", sentence="The row is there again.")
    for stage in (
        {"state": "running"},
        {"state": "running", "applied_at": timezone.now(), "total": 9},
        {"state": "done", "failed": 1},
        {"state": "stopped", "applied_at": None},
    ):
        mine.update(**stage)
        for address in (here, f"{here}?show=skipped"):
            page.goto(address)
            assert flaws(page) == [], (stage, address)
    SyncRun.everywhere.all().delete()
    page.goto(here)
    assert flaws(page) == []


def test_ticks_outlive_a_refresh_and_are_settled(opened: Opened, bob: User, table: Table) -> None:
    first, second = Conflict.everywhere.filter(settled_at=None, title__in=["A-0", "A-1"]).order_by("title")
    page = opened(bob).new_page()
    page.goto("/admin/hub/conflicts/")
    page.check(f"#tick-{first.pk}")
    newest = table.desk.conflict("Newest", hours=-1)
    with page.expect_response(lambda answer: answer.url.endswith("/conflicts/")):
        page.evaluate("htmx.trigger('#live', 'refresh')")
    assert page.is_checked(f"#tick-{first.pk}")
    page.check(f"#tick-{second.pk}")
    page.click("#ticked-theirs")
    page.wait_for_selector("text=2 conflicts are settled.")
    assert page.locator(f"#conflict-{newest.pk}").count() == 1
    settled = Conflict.everywhere.filter(pk__in=[first.pk, second.pk])
    assert set(settled.values_list("choice", "actor")) == {("theirs", "bob")}
    assert page.locator("#conflict-count").inner_text().startswith("4")


def test_what_vanished_is_cancelled_after_one_question(opened: Opened, alice: User, table: Table) -> None:
    page = opened(alice).new_page()
    page.goto(f"/admin/hub/vanished/{table.mapping.pk}/")
    page.locator("input[name=tick]").first.check()
    page.click("#ticked-cancel")
    page.click("text=Go back")
    page.locator("input[name=tick]").first.check()
    page.click("#ticked-cancel")
    page.click("button.main-action")
    page.wait_for_selector("text=1 record is cancelled.")
    assert page.locator("input[name=tick]").count() == 2
