"""Buttons of problems that mend something here, the list of what was given up, and runs that are stopped and go on."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integration_hub.companies.models import Company, User
from integration_hub.connections.models import Connection
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.notices import problems
from integration_hub.notices.models import AuditEvent, Problem
from integration_hub.sync.models import Lane, Mapping, SyncRun, SyncWrite, WorkRow

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
Login = Callable[[User], Client]
PROBLEMS = "/admin/hub/problems/"


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def raised(drawer: Drawer, kind: str, **more: Any) -> Problem:
    told = {"sentence": f"It {kind}.", "button": "Look", "url": "/admin/hub/paper/", "provider": "paper", **more}
    return problems.raise_(drawer.mapping.company_id, f"sync:{drawer.mapping.pk}:{kind}", **told)


def pressed(client: Client, problem: Problem) -> str:
    answer = client.post(f"{PROBLEMS}{problem.pk}/fix/", follow=True)
    assert answer.redirect_chain == [(PROBLEMS, 302)]
    return answer.content.decode()


# --- what was given up ------------------------------------------------------------------------------------------------


def test_everything_given_up_is_tried_again_with_one_button(
    login: Login, alice: User, drawer: Drawer, django_capture_on_commit_callbacks: Any
) -> None:
    problem = raised(drawer, "failed", affected=1)
    client = login(alice)
    page = text(client, PROBLEMS)
    assert "Try all again" in page and f'action="{PROBLEMS}{problem.pk}/fix/"' in page
    assert f'href="/admin/hub/given-up/{drawer.mapping.pk}/">Look</a>' in page
    with django_capture_on_commit_callbacks(execute=True):
        assert "1 record is tried again now." in pressed(client, problem)
    row = WorkRow.everywhere.get()
    assert (row.hold, row.attempts, row.prio) == ("", 0, WorkRow.PRIO_PERSON)
    assert Lane.everywhere.get().next_due is not None
    assert AuditEvent.everywhere.filter(action="problem.tried", actor="alice").count() == 1
    assert Problem.everywhere.get(pk=problem.pk).closed_at is None  # the engine closes it when they are through
    assert "Nothing was left to try again" in pressed(client, problem)
    assert Problem.everywhere.get(pk=problem.pk).closed_at is not None
    assert "settled already" in pressed(client, problem)


def test_which_records_were_given_up_and_why(login: Login, alice: User, drawer: Drawer) -> None:
    WorkRow.everywhere.update(sentence="The drawer is too small.")
    address = f"/admin/hub/given-up/{drawer.mapping.pk}/"
    client = login(alice)
    page = text(client, address)
    assert "The drawer is too small." in page and str(drawer.failed.record_id) in page
    answer = client.post(f"{address}retry/", {"record": str(uuid.uuid4())}, follow=True).content.decode()
    assert "Nothing was left to try again" in answer and WorkRow.everywhere.get().hold == "dead"
    client.post(f"{address}retry/", {"record": str(drawer.failed.record_id)})
    assert WorkRow.everywhere.get().hold == ""
    assert "Nothing is given up any more" in text(client, address)
    assert client.post(f"{address}retry/", {"record": "nonsense"}).status_code == 404


# --- what stands still ------------------------------------------------------------------------------------------------


def test_a_mapping_that_stands_still_goes_on_when_the_provider_answers(
    login: Login, alice: User, drawer: Drawer
) -> None:
    WorkRow.everywhere.update(hold="")
    Lane.everywhere.update(paused="configure", sentence="The table is gone.")
    problem = raised(drawer, "configure")
    assert "It is tried again now." in pressed(login(alice), problem)
    lane = Lane.everywhere.get()
    assert (lane.paused, lane.sentence) == ("", "") and lane.next_due is not None
    assert Problem.everywhere.get(pk=problem.pk).closed_at is None  # the first call that goes through closes it


def test_where_nothing_waits_the_answer_is_proof_enough(login: Login, alice: User, drawer: Drawer) -> None:
    WorkRow.everywhere.all().delete()
    problem = raised(drawer, "configure")
    pressed(login(alice), problem)
    assert Problem.everywhere.get(pk=problem.pk).closed_at is not None


def test_a_provider_that_refuses_again_is_quoted(login: Login, alice: User, drawer: Drawer) -> None:
    Connection.everywhere.update(key_version=3)
    connection = Connection.everywhere.get()
    connection.api_key = "bad-key"
    connection.save()
    Lane.everywhere.update(paused="configure", sentence="The table is gone.")
    assert "Paper does not know this key." in pressed(login(alice), raised(drawer, "configure"))
    assert Lane.everywhere.get().paused == "configure"


def test_a_failed_set_up_is_tried_again(login: Login, alice: User, drawer: Drawer) -> None:
    problem = problems.raise_(drawer.mapping.company_id, "setup:paper", sentence="No drawer.", provider="paper")
    assert "It is set up now." in pressed(login(alice), problem)
    assert Problem.everywhere.get(pk=problem.pk).closed_at is not None


def test_problems_of_what_is_gone_do_no_harm(login: Login, alice: User, drawer: Drawer) -> None:
    problem = raised(drawer, "failed")
    Mapping.everywhere.all().delete()
    assert "not there any more" in pressed(login(alice), problem)
    assert text(login(alice), PROBLEMS)


def test_other_problems_only_lead_somewhere(login: Login, alice: User, drawer: Drawer) -> None:
    problem = raised(drawer, f"copy:{uuid.uuid4()}")
    page = text(login(alice), PROBLEMS)
    assert f"{problem.pk}/fix/" not in page and 'href="/admin/hub/paper/">Look</a>' in page
    assert "settled already" in pressed(login(alice), problem)


# --- mails, as the page tells of them ---------------------------------------------------------------------------------


def test_the_page_says_whether_anybody_is_told(login: Login, alice: User, company: Company, settings: Any) -> None:
    client = login(alice)
    assert "E-mail is not set up" in text(client, PROBLEMS)
    settings.SMTP_HOST = "mail.example.org"
    assert "1 admin is e-mailed once when something breaks" in text(client, PROBLEMS)
    User.objects.update(email="")
    assert "No admin of this company has an e-mail address" in text(client, PROBLEMS)


# --- stopping and going on --------------------------------------------------------------------------------------------


def test_stopping_asks_first_and_says_what_will_happen(login: Login, alice: User, drawer: Drawer) -> None:
    SyncRun.everywhere.update(state="running", finished_at=None, total=40)
    client, here = login(alice), f"/admin/hub/runs/{drawer.run.pk}/"
    assert f'href="{here}stop/"' in text(client, here)
    asked = text(client, f"{here}stop/")
    assert "37 records are not looked at in this run." in asked and "What was written stays" in asked
    assert SyncRun.everywhere.get().state == "running"
    assert "Stopped. What was written stays" in client.post(f"{here}stop/", follow=True).content.decode()
    assert SyncRun.everywhere.get().state == "stopped"
    assert "was over already" in client.post(f"{here}stop/", follow=True).content.decode()


def test_a_live_run_cannot_be_stopped(login: Login, alice: User, drawer: Drawer) -> None:
    SyncRun.everywhere.update(state="running", kind="live", hour=timezone.now())
    login(alice).post(f"/admin/hub/runs/{drawer.run.pk}/stop/")
    assert SyncRun.everywhere.get().state == "running"


def test_a_stopped_run_goes_on_as_a_new_one(login: Login, alice: User, drawer: Drawer) -> None:
    SyncRun.everywhere.update(state="stopped")
    client, here = login(alice), f"/admin/hub/runs/{drawer.run.pk}/"
    assert f'action="{here}resume/"' in text(client, here)
    answer = client.post(f"{here}resume/", follow=True)
    started = SyncRun.everywhere.get(state="running")
    assert answer.redirect_chain == [(f"/admin/hub/runs/{started.pk}/", 302)]
    assert "Records that are in step already are skipped." in answer.content.decode()
    assert (started.kind, started.actor, started.mapping_id) == ("full", "alice", drawer.mapping.pk)
    client.post(f"{here}resume/")
    assert SyncRun.everywhere.filter(state="running").count() == 1


def test_what_was_not_stopped_or_was_replaced_does_not_go_on(login: Login, alice: User, drawer: Drawer) -> None:
    client, here = login(alice), f"/admin/hub/runs/{drawer.run.pk}/"
    assert "cannot go on" in client.post(f"{here}resume/", follow=True).content.decode()
    SyncRun.everywhere.update(state="stopped")
    Mapping.everywhere.update(retired_at=timezone.now())
    assert "resume/" not in text(client, here)
    assert "cannot go on" in client.post(f"{here}resume/", follow=True).content.decode()
    assert not SyncRun.everywhere.filter(state="running").exists()


# --- finding a record -------------------------------------------------------------------------------------------------


def test_a_record_is_found_in_a_run_and_in_all_runs(login: Login, alice: User, drawer: Drawer) -> None:
    client, here = login(alice), f"/admin/hub/runs/{drawer.run.pk}/"
    page = text(client, f"{here}?q=ORDER 0-1")
    assert "Order 0-1" in page and "Order 0-2" not in page and 'value="ORDER 0-1"' in page
    assert "No record called “nobody” here" in text(client, f"{here}?q=nobody")
    page = text(client, "/admin/hub/runs/?q=0-2")
    assert "Order 0-2" in page and "Order 0-1" not in page and f'href="{here}?q=0-2"' in page
    assert "No record called “%_”" in text(client, "/admin/hub/runs/?q=%25_")
    assert "Order 0-2" not in text(client, "/admin/hub/runs/?q=0-2&provider=other")
    assert text(client, "/admin/hub/runs/?q=%00")


def test_runs_are_sieved(login: Login, alice: User, drawer: Drawer) -> None:
    client = login(alice)
    assert str(drawer.run.pk) in text(client, "/admin/hub/runs/?show=full")
    assert str(drawer.run.pk) in text(client, "/admin/hub/runs/?provider=paper")
    assert str(drawer.run.pk) not in text(client, "/admin/hub/runs/?provider=other")


def test_many_fields_are_folded(login: Login, alice: User, drawer: Drawer) -> None:
    changes = [{"field": f"Field {n}", "before": None, "after": "x" * 300} for n in range(9)]
    SyncWrite.everywhere.filter(outcome="updated").update(changes=changes)
    page = text(login(alice), f"/admin/hub/runs/{drawer.run.pk}/")
    assert "5 more fields" in page and "Field 8" in page and "x" * 130 not in page


# --- cards that follow a run ------------------------------------------------------------------------------------------


def test_a_card_follows_its_runs_and_the_page_hears_when_they_are_over(
    login: Login, alice: User, drawer: Drawer
) -> None:
    client = login(alice)
    assert 'id="progress-paper"' not in text(client, "/admin/hub/")
    SyncRun.everywhere.update(state="running", finished_at=None, total=40)
    for address in ("/admin/hub/", "/admin/hub/paper/"):
        page = text(client, address)
        assert 'hx-get="/admin/hub/paper/progress/" hx-trigger="every 2s"' in page
        assert "7 % ·" in page and "3 of 40 rows" in page and ">Syncing</span>" in page
    answer = client.get("/admin/hub/paper/progress/")
    assert "3 of 40 rows" in answer.content.decode() and "HX-Trigger" not in answer.headers
    SyncRun.everywhere.update(state="done")
    answer = client.get("/admin/hub/paper/progress/")
    assert answer.headers["HX-Trigger"] == "run-over" and "hx-get" not in answer.content.decode()
