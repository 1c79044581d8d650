"""Previews, applying them and taking runs back, over HTTP."""

from uuid import uuid4

import pytest
from django.utils import timezone

from integration_hub.api.tests.conftest import client_of
from integration_hub.api.tests.test_conflicts import mapping as mapping
from integration_hub.companies import tokens
from integration_hub.rest.tests.test_access import problem
from integration_hub.sync import previews, undoing
from integration_hub.sync.models import PlanRow, SyncRun, SyncWrite

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
CHANGES = [{"field": "Status", "way": "in", "ours": "Pending", "theirs": "Sent", "after": "Sent"}]


@pytest.fixture
def planned(mapping):
    run = previews.start(mapping, actor="alice")
    for number, what in enumerate(["update", "update", "create_here", "conflict"]):
        PlanRow.everywhere.create(
            company=mapping.company,
            run=run,
            what=what,
            matched=what != "create_here",
            record_id=None if what == "create_here" else uuid4(),
            remote_id=f"rec{number}",
            title=f"A-{number}",
            changes=CHANGES if what == "update" else [],
        )
    SyncRun.everywhere.filter(pk=run.pk).update(
        state="planned", at={"version": mapping.version, "equal": 6}, finished_at=timezone.now()
    )
    run.refresh_from_db()
    return run


def post(client, address, body=None, **headers):
    return client.post(address, body or {}, content_type="application/json", headers=headers)


def test_a_preview_is_planned_for_a_mapping(program, mapping):
    answer = post(program, f"/api/integrations/toy/mappings/{mapping.pk}/preview")
    run = SyncRun.everywhere.get(kind="preview")
    assert (answer.status_code, answer["Location"]) == (202, f"/api/runs/{run.pk}")
    body = answer.json()
    assert (body["kind"], body["state"], body["applied_at"], body["undoes"]) == ("preview", "running", None, None)
    assert body["started_by"].startswith("API token tests")
    again = post(program, f"/api/integrations/toy/mappings/{mapping.pk}/preview").json()
    assert again["id"] == body["id"]
    assert program.get("/api/runs?kind=preview").json()["count"] == 1


def test_only_a_mapping_of_that_provider_and_company(program, mapping, other_company):
    problem(post(program, f"/api/integrations/other/mappings/{mapping.pk}/preview"), 404)
    problem(post(program, f"/api/integrations/toy/mappings/{uuid4()}/preview"), 404)
    problem(post(program, f"/api/integrations/toy/mappings/{mapping.pk}/preview", {"mode": "x"}), 400)
    _token, text = tokens.issue(other_company, "theirs", ["read", "write"])
    problem(post(client_of(text), f"/api/integrations/toy/mappings/{mapping.pk}/preview"), 404)
    assert not SyncRun.everywhere.filter(kind="preview").exists()


def test_the_plan_comes_in_pages_with_its_counts(program, planned):
    body = program.get(f"/api/runs/{planned.pk}/plan").json()
    assert body["run"]["state"] == "planned"
    summary = body["summary"]
    assert (summary["matched"], summary["only_there"], summary["update"], summary["conflict"]) == (9, 1, 2, 1)
    assert [row["title"] for row in body["rows"]["results"]] == ["A-0", "A-1", "A-2", "A-3"]
    first = body["rows"]["results"][0]
    assert (first["what"], first["state"], first["matched"], first["changes"]) == ("update", "planned", True, CHANGES)
    assert body["rows"]["results"][2]["record_id"] is None
    found = program.get(f"/api/runs/{planned.pk}/plan?what=update&page_size=1").json()["rows"]
    assert (found["count"], len(found["results"])) == (2, 1)
    rest = program.get(f"/api/runs/{planned.pk}/plan?after={found['results'][0]['id']}&what=update").json()["rows"]
    assert [row["title"] for row in rest["results"]] == ["A-1"]
    assert program.get(f"/api/runs/{planned.pk}/plan?state=done").json()["rows"]["count"] == 0
    problem(program.get(f"/api/runs/{planned.pk}/plan?what=odd"), 400)


def test_runs_without_a_plan(program, mapping):
    run = SyncRun.everywhere.exclude(kind="preview").first() or SyncRun.everywhere.create(
        company=mapping.company, mapping=mapping, kind="full", started_at=timezone.now()
    )
    problem(program.get(f"/api/runs/{run.pk}/plan"), 404)
    problem(program.get(f"/api/runs/{uuid4()}/plan"), 404)


def test_a_plan_is_applied_once(program, planned):
    answer = post(program, f"/api/runs/{planned.pk}/apply", **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer["Location"]) == (202, f"/api/runs/{planned.pk}")
    body = answer.json()
    assert (body["id"], body["state"], body["total"]) == (str(planned.pk), "running", 4)
    assert body["applied_at"] is not None
    assert post(program, f"/api/runs/{planned.pk}/apply", **{"Idempotency-Key": "k"}).json() == body
    assert "no preview that waits" in problem(post(program, f"/api/runs/{planned.pk}/apply"), 409)["detail"]


def test_a_plan_of_another_shape_is_refused(program, planned, mapping):
    type(mapping).everywhere.update(version=9)
    detail = problem(post(program, f"/api/runs/{planned.pk}/apply"), 409)["detail"]
    assert "The mapping was changed since. Plan again." in detail
    problem(post(program, f"/api/runs/{planned.pk}/apply", {"all": True}), 400)
    problem(post(program, f"/api/runs/{uuid4()}/apply"), 404)


@pytest.fixture
def undoable(mapping):
    run = SyncRun.everywhere.create(
        company=mapping.company,
        mapping=mapping,
        kind="live",
        state="done",
        hour=timezone.now(),
        started_at=timezone.now(),
        finished_at=timezone.now(),
    )
    SyncWrite.everywhere.create(
        company=mapping.company,
        run=run,
        record_type="order",
        record_id=uuid4(),
        outcome="updated",
        way="in",
        image={},
        at=timezone.now(),
    )
    return run


def test_a_run_is_taken_back_once(program, undoable):
    answer = post(program, f"/api/runs/{undoable.pk}/undo")
    undo = SyncRun.everywhere.get(kind="undo")
    assert (answer.status_code, answer["Location"]) == (202, f"/api/runs/{undo.pk}")
    body = answer.json()
    assert (body["kind"], body["state"], body["undoes"], body["total"]) == ("undo", "running", str(undoable.pk), 1)
    assert "taken back already" in problem(post(program, f"/api/runs/{undoable.pk}/undo"), 409)["detail"]
    assert undoing.refusal(undo) in problem(post(program, f"/api/runs/{undo.pk}/undo"), 409)["detail"]
    assert program.get(f"/api/runs/{undoable.pk}").json()["records"]["results"][0]["way"] == "in"


def test_while_one_is_taken_back_nothing_is_planned(program, undoable, mapping):
    post(program, f"/api/runs/{undoable.pk}/undo")
    detail = problem(post(program, f"/api/integrations/toy/mappings/{mapping.pk}/preview"), 409)["detail"]
    assert "just being taken back" in detail


def test_scopes_and_companies(planned, undoable, company, other_company):
    _token, reading = tokens.issue(company, "reader", ["read"])
    _token, foreign = tokens.issue(other_company, "theirs", ["read", "write", "admin"])
    for address in (f"/api/runs/{planned.pk}/apply", f"/api/runs/{undoable.pk}/undo"):
        problem(post(client_of(reading), address), 403)
        problem(post(client_of(foreign), address), 404)
    assert client_of(reading).get(f"/api/runs/{planned.pk}/plan").status_code == 200
    problem(client_of(foreign).get(f"/api/runs/{planned.pk}/plan"), 404)
    assert not SyncRun.everywhere.filter(kind="undo").exists()
