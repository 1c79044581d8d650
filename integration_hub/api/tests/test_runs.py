"""Runs over HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from integration_hub.api.tests.conftest import client_of
from integration_hub.api.tests.toy import KEY
from integration_hub.companies import tokens
from integration_hub.rest.tests.test_access import problem
from integration_hub.sync import setup
from integration_hub.sync.models import Mapping, SyncRun, SyncWrite

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def mapping(toy, company):
    setup.connect(company, "toy", {"api_key": KEY, "pin": "1"}, {"auto_sync_enabled": False}, actor="tests")
    return Mapping.everywhere.get()


@pytest.fixture
def run(mapping, company):
    made = SyncRun.everywhere.create(
        company=company, mapping=mapping, kind="full", state="done", actor="alice", started_at=START, total=4, failed=1
    )
    for n, outcome in enumerate(["created", "updated", "failed"]):
        SyncWrite.everywhere.create(
            company=company,
            run=made,
            record_type="order",
            record_id=uuid4(),
            title=f"A-{n}",
            remote_id=f"rec{n}",
            outcome=outcome,
            sentence="The number does not fit." if outcome == "failed" else "",
            changes=[{"field": "Number", "before": None, "after": f"A-{n}"}],
            at=START + timedelta(seconds=n),
        )
    return made


def test_runs_are_listed_newest_first(program, run, mapping, company):
    later = START + timedelta(hours=1)
    live = SyncRun.everywhere.create(company=company, mapping=mapping, kind="live", hour=later, started_at=later)
    body = program.get("/api/runs").json()
    assert [row["id"] for row in body["results"]] == [str(live.pk), str(run.pk)]
    assert body["results"][1] | {"target": 0} == {
        "id": str(run.pk),
        "address": f"/api/runs/{run.pk}",
        "provider": "toy",
        "record_type": "order",
        "mapping": str(mapping.pk),
        "target": 0,
        "kind": "full",
        "state": "done",
        "started_by": "alice",
        "started_at": "2026-11-20T10:00:00Z",
        "finished_at": None,
        "applied_at": None,
        "undoes": None,
        "total": 4,
        "created": 0,
        "updated": 0,
        "deleted": 0,
        "unchanged": 0,
        "failed": 1,
    }
    for query, found in {"kind=live": 1, "state=done": 1, "provider=toy": 2, "provider=none": 0}.items():
        assert program.get(f"/api/runs?{query}").json()["count"] == found
    assert "full, live" in problem(program.get("/api/runs?kind=odd"), 400)["detail"]


def test_a_run_tells_what_became_of_every_record(program, run):
    body = program.get(f"/api/runs/{run.pk}").json()
    assert body["failed"] == 1
    records = body["records"]
    assert (records["count"], records["page"], records["page_size"]) == (3, 1, 50)
    worst = records["results"][0]
    assert (worst["title"], worst["outcome"], worst["sentence"]) == ("A-2", "failed", "The number does not fit.")
    assert worst["changes"] == [{"field": "Number", "before": None, "after": "A-2"}]


def test_the_records_of_a_run_come_in_pages(program, run):
    failed = program.get(f"/api/runs/{run.pk}?outcome=failed").json()["records"]
    assert [row["title"] for row in failed["results"]] == ["A-2"]
    first = program.get(f"/api/runs/{run.pk}?page_size=2").json()["records"]["results"]
    rest = program.get(f"/api/runs/{run.pk}?page_size=2&after={first[-1]['id']}").json()["records"]["results"]
    assert [row["title"] for row in first + rest] == ["A-2", "A-1", "A-0"]
    assert "page_size" in problem(program.get(f"/api/runs/{run.pk}?page_size=201"), 400)["errors"]
    assert "outcome" in problem(program.get(f"/api/runs/{run.pk}?outcome=odd"), 400)["errors"]
    for after in ("x", "9" * 40):
        assert "after" in problem(program.get(f"/api/runs/{run.pk}?after={after}"), 400)["errors"]


def test_pages_cost_the_same_number_of_queries(program, run, django_assert_num_queries):
    program.get("/api/runs")
    with django_assert_num_queries(3):  # token, count, runs with mapping and connection
        program.get("/api/runs")
    with django_assert_num_queries(4):  # token, run, count, records
        program.get(f"/api/runs/{run.pk}")


def test_another_companys_run_is_404(run, other_company):
    _row, text = tokens.issue(other_company, "theirs", ["read"])
    theirs = client_of(text)
    problem(theirs.get(f"/api/runs/{run.pk}"), 404)
    problem(theirs.get(f"/api/runs/{uuid4()}"), 404)
    assert theirs.get("/api/runs").json()["count"] == 0
