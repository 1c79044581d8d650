"""Comparisons over HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from integration_hub.api.tests.conftest import client_of
from integration_hub.api.tests.toy import KEY
from integration_hub.companies import tokens
from integration_hub.contract import registry
from integration_hub.rest.tests.test_access import problem
from integration_hub.sync import setup
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.proof import Difference, Proof

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
START = datetime(2026, 11, 20, 3, tzinfo=UTC)
ADDRESS = "/api/proofs"


@pytest.fixture
def mapping(toy, company, monkeypatch):
    setup.connect(company, "toy", {"api_key": KEY, "pin": "1"}, {"auto_sync_enabled": False}, actor="tests")
    monkeypatch.setattr(type(registry.provider("toy").sinks[0]), "readable", True)
    return Mapping.everywhere.get()


@pytest.fixture
def proof(mapping, company):
    made = Proof.everywhere.create(
        company=company,
        mapping=mapping,
        state="done",
        actor="schedule",
        started_at=START,
        finished_at=START + timedelta(minutes=1),
        began=START,
        version=1,
        ours=4981,
        theirs=4980,
        equal=4979,
        kinds={"differs": 1, "gone": 1},
    )
    for number, kind in enumerate(["differs", "gone"]):
        Difference.everywhere.create(
            company=company,
            proof=made,
            target=mapping.pk,
            kind=kind,
            record_id=uuid4(),
            remote_id=f"rec{number}",
            title=f"A-{number}",
            sure=True,
            fields=[{"field": "status", "ours": "Sent", "theirs": "Lost"}] if kind == "differs" else [],
        )
    return made


def start(client, **body):
    return client.post(ADDRESS, body, content_type="application/json")


def test_comparisons_are_listed(program, proof, mapping):
    (row,) = program.get(ADDRESS).json()["results"]
    assert row | {"target": 0} == {
        "id": str(proof.pk),
        "address": f"/api/proofs/{proof.pk}",
        "provider": "toy",
        "record_type": "order",
        "mapping": str(mapping.pk),
        "target": 0,
        "state": "done",
        "started_by": "schedule",
        "started_at": "2026-11-20T03:00:00Z",
        "finished_at": "2026-11-20T03:01:00Z",
        "compared": 4981,
        "equal": 4979,
        "differences": 2,
        "moving": 0,
        "records": 4981,
        "rows": 4980,
        "sentence": "",
    }
    wanted = {f"mapping={mapping.pk}": 1, f"mapping={uuid4()}": 0, "state=running": 0, "provider=toy": 1}
    for query, found in wanted.items():
        assert program.get(f"{ADDRESS}?{query}").json()["count"] == found
    assert "mapping" in problem(program.get(f"{ADDRESS}?mapping=x"), 400)["errors"]


def test_one_tells_what_differs(program, proof):
    body = program.get(f"{ADDRESS}/{proof.pk}").json()
    assert (body["equal"], body["found"]["count"]) == (4979, 2)
    gone, differs = body["found"]["results"]
    assert (gone["kind"], gone["differing"], gone["fix"]) == ("gone", [], "")
    assert differs["differing"] == [{"field": "status", "ours": "Sent", "theirs": "Lost"}]
    assert program.get(f"{ADDRESS}/{proof.pk}?kind=gone").json()["found"]["count"] == 1
    assert "kind" in problem(program.get(f"{ADDRESS}/{proof.pk}?kind=odd"), 400)["errors"]


def test_starting_one(program, mapping):
    answer = start(program, mapping=str(mapping.pk))
    made = Proof.everywhere.get()
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/proofs/{made.pk}")
    assert (answer.json()["state"], answer.json()["finished_at"]) == ("running", None)
    assert start(program, mapping=str(mapping.pk)).json()["id"] == str(made.pk)
    assert "mapping" in problem(start(program, mapping=str(uuid4())), 400)["errors"]
    assert "mapping" in problem(start(program), 400)["errors"]
    assert "table" in problem(start(program, mapping=str(mapping.pk), table="x"), 400)["errors"]


def test_what_cannot_be_compared_is_a_conflict(program, mapping):
    Mapping.everywhere.update(waits=True)
    assert "preview" in problem(start(program, mapping=str(mapping.pk)), 409)["detail"]


def test_pages_cost_the_same_number_of_queries(program, proof, django_assert_num_queries):
    program.get(ADDRESS)
    with django_assert_num_queries(3):  # token, count, comparisons with mapping and connection
        program.get(ADDRESS)
    with django_assert_num_queries(4):  # token, comparison, count, differences
        program.get(f"{ADDRESS}/{proof.pk}")


def test_another_companys_is_not_seen(proof, mapping, other_company):
    _row, text = tokens.issue(other_company, "theirs", ["read", "write"])
    theirs = client_of(text)
    assert theirs.get(ADDRESS).json()["count"] == 0
    problem(theirs.get(f"{ADDRESS}/{proof.pk}"), 404)
    problem(start(theirs, mapping=str(mapping.pk)), 400)
    _row, text = tokens.issue(other_company, "reader", ["read"])
    problem(start(client_of(text), mapping=str(mapping.pk)), 403)
