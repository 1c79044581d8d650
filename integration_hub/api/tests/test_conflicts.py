"""Conflicts over HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from integration_hub.api.tests.conftest import client_of
from integration_hub.api.tests.toy import KEY
from integration_hub.companies import tokens
from integration_hub.notices.models import AuditEvent
from integration_hub.rest.tests.test_access import problem
from integration_hub.sync import conflicts, setup
from integration_hub.sync.merge import CHOSEN
from integration_hub.sync.models import Mapping, RecordLink, WorkRow
from integration_hub.sync.models.pull import Choice, Conflict

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def mapping(toy, company):
    setup.connect(company, "toy", {"api_key": KEY, "pin": "1"}, {"auto_sync_enabled": False}, actor="tests")
    Mapping.everywhere.update(direction="both")
    return Mapping.everywhere.get()


def conflict(mapping: Mapping, number: int = 0, **told: object) -> Conflict:
    record = uuid4()
    RecordLink.everywhere.create(
        company=mapping.company,
        target=mapping.pk,
        record_type="order",
        record_id=record,
        remote_id=f"rec{record}",
        base_ours={"order_number": "old"},
        base_theirs={"f1": "old"},
    )
    return Conflict.everywhere.create(
        company=mapping.company,
        target=mapping.pk,
        record_type="order",
        record_id=record,
        remote_id=f"rec{record}",
        title=f"A-{number}",
        field="order_number",
        remote_field="f1",
        ours="mine",
        theirs="yours",
        opened_at=START + timedelta(seconds=number),
        **told,
    )


def settle(client: Client, row: Conflict, choice: str = "ours", **headers: str):
    body = {"choice": choice}
    return client.post(f"/api/conflicts/{row.pk}/settle", body, content_type="application/json", headers=headers)


def settle_many(client: Client, ids: list[object], choice: str = "theirs", **headers: str):
    body = {"ids": [str(pk) for pk in ids], "choice": choice}
    return client.post("/api/conflicts/settle", body, content_type="application/json", headers=headers)


def test_a_conflict_shows_both_sides(program, mapping):
    row = conflict(mapping, theirs_at=START, ours_by="alice")
    body = program.get(f"/api/conflicts/{row.pk}").json()
    assert body == {
        "id": str(row.pk),
        "mapping": str(mapping.pk),
        "record_type": "order",
        "record_id": str(row.record_id),
        "remote_id": row.remote_id,
        "title": "A-0",
        "field": "order_number",
        "remote_field": "f1",
        "ours": "mine",
        "theirs": "yours",
        "ours_at": None,
        "theirs_at": "2026-11-20T10:00:00Z",
        "ours_by": "alice",
        "theirs_by": "",
        "opened_at": "2026-11-20T10:00:00Z",
        "state": "open",
        "choice": "",
        "settled_at": None,
        "settled_by": "",
    }
    conflicts.wish(Conflict.everywhere.all(), Choice.OURS, actor="alice")
    assert program.get(f"/api/conflicts/{row.pk}").json()["state"] == "settling"


def test_conflicts_are_listed_newest_first_and_narrowed(program, mapping):
    rows = [conflict(mapping, number) for number in range(3)]
    conflicts.settle(rows[0], Choice.OURS, actor="alice")
    body = program.get("/api/conflicts").json()
    assert [row["title"] for row in body["results"]] == ["A-2", "A-1", "A-0"]
    for query, count in {
        "state=open": 2,
        "state=settled": 1,
        f"mapping={mapping.pk}": 3,
        f"mapping={uuid4()}": 0,
        f"record_id={rows[1].record_id}": 1,
        "record_type=order&field=order_number": 3,
        "field=status": 0,
    }.items():
        assert program.get(f"/api/conflicts?{query}").json()["count"] == count, query
    rest = program.get(f"/api/conflicts?page_size=1&after={rows[2].pk}").json()["results"]
    assert [row["title"] for row in rest] == ["A-1"]
    assert "open, settled" in problem(program.get("/api/conflicts?state=odd"), 400)["detail"]


def test_pages_cost_the_same_number_of_queries(program, mapping, django_assert_num_queries):
    for number in range(5):
        conflict(mapping, number)
    program.get("/api/conflicts")
    with django_assert_num_queries(3):  # token, count, conflicts
        program.get("/api/conflicts")


@pytest.mark.parametrize(("choice", "bases"), [("ours", (CHOSEN, "yours")), ("theirs", ("mine", CHOSEN))])
def test_settling_one(program, mapping, choice, bases):
    row = conflict(mapping)
    body = settle(program, row, choice).json()
    assert (body["state"], body["choice"]) == ("settled", choice)
    assert body["settled_by"].startswith("API token tests")
    link = RecordLink.everywhere.get()
    assert (link.base_ours["order_number"], link.base_theirs["f1"]) == bases
    assert WorkRow.everywhere.get().prio == WorkRow.PRIO_PERSON
    assert "settled already" in problem(settle(program, row), 409)["detail"]
    assert AuditEvent.everywhere.filter(action="conflict.settled").count() == 1


def test_a_key_settles_once_and_answers_the_same(program, mapping):
    row, key = conflict(mapping), {"Idempotency-Key": "k-1"}
    first = settle(program, row, **key)
    again = settle(program, row, **key)
    assert again.json() == first.json() and again["Idempotency-Replayed"] == "true"
    problem(settle(program, row, "theirs", **key), 422)


def test_settling_many_answers_for_each_in_its_place(program, mapping):
    rows = [conflict(mapping, number) for number in range(3)]
    conflicts.settle(rows[1], Choice.OURS, actor="alice")
    strange = uuid4()
    ids = [rows[0].pk, strange, rows[1].pk, rows[2].pk, rows[0].pk]
    body = settle_many(program, ids, **{"Idempotency-Key": "k-2"}).json()
    assert (body["count"], body["settled"]) == (4, 2)
    assert [(one["id"], one["status"]) for one in body["results"]] == [
        (str(rows[0].pk), "settled"),
        (str(strange), "not_found"),
        (str(rows[1].pk), "settled_before"),
        (str(rows[2].pk), "settled"),
    ]
    assert settle_many(program, ids, **{"Idempotency-Key": "k-2"}).json() == body
    assert settle_many(program, ids).json()["settled"] == 0


@pytest.mark.parametrize(
    "body", [{}, {"choice": "alike"}, {"choice": ""}, {"choice": "ours", "why": "x"}, {"choice": 1}, []]
)
def test_a_choice_is_one_of_two(program, mapping, body):
    row = conflict(mapping)
    answer = program.post(f"/api/conflicts/{row.pk}/settle", body, content_type="application/json")
    problem(answer, 400)
    assert Conflict.everywhere.get().settled_at is None


def test_at_most_two_hundred_at_once(program, mapping):
    assert "ids" in problem(settle_many(program, [uuid4() for _ in range(201)]), 400)["errors"]
    assert "ids" in problem(settle_many(program, []), 400)["errors"]
    assert "ids.0" in problem(settle_many(program, ["x"]), 400)["errors"]


def test_scopes(mapping, company):
    row = conflict(mapping)
    _token, text = tokens.issue(company, "reader", ["read"])
    reader = client_of(text)
    assert reader.get("/api/conflicts").json()["count"] == 1
    problem(settle(reader, row), 403)
    problem(settle_many(reader, [row.pk]), 403)
    problem(Client().get("/api/conflicts"), 401)


def test_another_companys_conflicts_are_not_there(mapping, other_company):
    row = conflict(mapping)
    _token, text = tokens.issue(other_company, "theirs", ["read", "write"])
    theirs = client_of(text)
    assert theirs.get("/api/conflicts").json()["count"] == 0
    problem(theirs.get(f"/api/conflicts/{row.pk}"), 404)
    problem(settle(theirs, row), 404)
    assert settle_many(theirs, [row.pk]).json()["results"] == [{"id": str(row.pk), "status": "not_found"}]
    problem(theirs.get(f"/api/conflicts?after={row.pk}"), 400)
    assert Conflict.everywhere.get().settled_at is None
