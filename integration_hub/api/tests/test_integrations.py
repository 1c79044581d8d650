"""Integrations over HTTP: health, connecting with a key, settings, sync now."""

import json

import pytest
from django.test import Client

from integration_hub.api.tests.conftest import client_of
from integration_hub.api.tests.toy import KEY, OTHER_KEY, ToySink
from integration_hub.companies import tokens
from integration_hub.connections import services
from integration_hub.connections.models import Connection
from integration_hub.contract import RateLimited, TransientError, registry
from integration_hub.notices import problems
from integration_hub.rest.tests.test_access import problem
from integration_hub.sync.models import Mapping, SyncRun, WorkRow

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
SECRETS = {"api_key": KEY, "pin": "1234"}


def put(client, body, key="toy", **headers):
    return client.put(f"/api/integrations/{key}", body, "application/json", headers=headers)


def sync(client):
    return client.post("/api/integrations/toy/sync", content_type="application/json")


def health(client, key="toy"):
    return next(row for row in client.get("/api/integrations").json()["results"] if row["key"] == key)


@pytest.fixture
def connected(toy, company, program, order):
    assert put(program, {"secrets": SECRETS}).status_code == 200
    return Connection.everywhere.get(company=company, provider="toy")


def test_every_declared_provider_is_listed(program, toy):
    body = program.get("/api/integrations").json()
    assert [row["key"] for row in body["results"]] == [provider.key for provider in registry.providers()]
    assert body["count"] == len(body["results"])
    assert health(program) == {
        "key": "toy",
        "name": "Toy box",
        "category": "tests",
        "status": "not_connected",
        "sentence": "Keeps toys.",
        "account": "",
        "last_sync_at": None,
        "waiting": 0,
        "failed": 0,
    }


def test_a_key_connects_and_starts_the_first_sync(program, toy, company, order):
    answer = put(program, {"secrets": SECRETS, "settings": {"sync_interval": "15"}})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["account"]) == ("connected", "good@example.com")
    assert body["settings"] == {"place": "here", "auto_sync_enabled": True, "sync_interval": 15}
    assert SyncRun.everywhere.get(company=company).total == 1


def test_secrets_never_come_back(program, connected):
    for answer in (program.get("/api/integrations/toy"), put(program, {"secrets": SECRETS})):
        assert answer.json()["secrets"] == {"api_key": "••••••••", "pin": "••••••••"}
        assert KEY not in answer.content.decode()
        assert "1234" not in json.dumps(answer.json()["secrets"])
    assert KEY not in program.get("/api/integrations").content.decode()


def test_secrets_that_cannot_be_read_break_nothing(program, connected, monkeypatch):
    def unreadable(connection):
        raise services.DecryptionError("wrong key")

    monkeypatch.setattr("integration_hub.connections.clients.secrets_of", unreadable)
    body = program.get("/api/integrations/toy").json()
    assert body["secrets"]["api_key"].startswith("unreadable")


def test_a_wrong_key_is_never_saved(program, toy):
    answer = problem(put(program, {"secrets": SECRETS | {"api_key": "key-wrong"}}), 422)
    assert answer["errors"] == {"secrets.api_key": ["Toy box does not know this key."]}
    assert not Connection.everywhere.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"secrets": {"api_key": "nonsense", "pin": "1"}}, "secrets.api_key"),
        ({"secrets": {"api_key": KEY}}, "secrets.pin"),
        ({"secrets": SECRETS | {"colour": "red"}}, "secrets.colour"),
        ({"secrets": SECRETS, "settings": {"colour": "red"}}, "settings.colour"),
        ({"secrets": SECRETS, "settings": {"sync_interval": "7"}}, "settings.sync_interval"),
        ({"secrets": {"api_key": 5}}, "secrets.api_key"),
        ({"secrets": []}, "secrets"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_input_is_400_by_field(program, toy, body, field):
    assert field in problem(put(program, body), 400)["errors"]
    assert not Connection.everywhere.exists()


def test_settings_are_changed_without_the_key(program, connected):
    body = put(program, {"settings": {"place": "there"}}).json()
    assert body["settings"]["place"] == "there"
    assert body["secrets"]["api_key"] == "••••••••"
    connected.refresh_from_db()
    assert connected.key_version == 1


def test_another_account_must_be_meant(program, connected):
    other = SECRETS | {"api_key": OTHER_KEY}
    assert "replace_account" in problem(put(program, {"secrets": other}), 400)["errors"]
    assert put(program, {"secrets": other, "replace_account": True}).json()["account"] == "othe@example.com"


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(TransientError("Toy box does not answer."), 502), (RateLimited("Slow down.", retry_after=7), 503)],
)
def test_a_provider_in_trouble_is_not_the_callers_fault(program, toy, trouble, status):
    toy.trouble = trouble
    answer = put(program, {"secrets": SECRETS})
    assert problem(answer, status)["detail"] == trouble.sentence
    assert answer.headers.get("Retry-After") == ("7" if status == 503 else None)


def test_connecting_may_be_repeated_with_a_key(program, toy):
    first, second = (put(program, {"secrets": SECRETS}, **{"Idempotency-Key": "c1"}) for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert Connection.everywhere.get().key_version == 1


def test_sync_now_answers_202_with_the_runs_address(program, connected):
    SyncRun.everywhere.update(state="done")
    answer = sync(program)
    assert answer.status_code == 202
    body = answer.json()
    assert answer["Location"] == body["address"] == body["runs"][0]["address"]
    assert program.get(body["address"]).json()["state"] == "running"
    assert sync(program).json() == body  # one at a time


def test_sync_now_takes_no_body(program, connected):
    assert (
        "all" in problem(program.post("/api/integrations/toy/sync", {"all": True}, "application/json"), 400)["errors"]
    )
    problem(program.post("/api/integrations/toy/sync", "[]", "application/json"), 400)


def test_what_is_not_connected_cannot_be_synced(program, toy, alice):
    assert "not connected" in problem(sync(program), 409)["detail"]


def test_what_is_not_set_up_says_why(program, toy, company, monkeypatch):
    monkeypatch.setattr(ToySink, "missing", "The table has no field “Hub ID”.")
    put(program, {"secrets": SECRETS})
    assert health(program)["sentence"] == "The table has no field “Hub ID”."
    assert "Hub ID" in problem(sync(program), 409)["detail"]


def test_health_counts_what_waits_and_names_what_is_wrong(program, connected, company, order):
    mapping = Mapping.everywhere.get(company=company)
    row = WorkRow.everywhere.get(target=mapping.pk, record_id=order.pk) if WorkRow.everywhere.exists() else None
    if row is None:
        program.patch(f"/api/orders/{order.pk}", {"status": "Sent"}, "application/json")
    assert (health(program)["waiting"], health(program)["failed"]) == (1, 0)
    WorkRow.everywhere.update(hold="dead")
    services.needs_reconnect(connected.pk, "The key was revoked.")
    found = health(program)
    assert (found["waiting"], found["failed"], found["status"]) == (0, 1, "needs_reconnect")
    assert "The key was revoked." in found["sentence"]


def test_health_costs_the_same_number_of_queries_for_any_number_of_connections(
    program, connected, company, other_company, django_assert_num_queries
):
    program.get("/api/integrations")
    with django_assert_num_queries(6):  # token, connections, problems, mappings, work that is due, work given up
        health(program)
    services.connect(other_company, "toy", SECRETS, {}, actor="x")
    problems.raise_(company.pk, "toy:more", sentence="More.", provider="toy")
    with django_assert_num_queries(6):
        health(program)


def test_another_companys_integration_is_not_seen(connected, other_company):
    _row, text = tokens.issue(other_company, "theirs", ["read", "write"])
    theirs = client_of(text)
    assert health(theirs)["status"] == "not_connected"
    problem(sync(theirs), 409)
    assert theirs.get("/api/runs").json()["count"] == 0


def test_configuring_needs_the_scope_admin_and_the_role_admin(company, toy, bob, alice):
    _row, text = tokens.issue(company, "writer", ["read", "write"])
    assert "“admin”" in problem(put(client_of(text), {"secrets": SECRETS}), 403)["detail"]
    staff, admin = Client(), Client()
    staff.force_login(bob)
    admin.force_login(alice)
    assert staff.get("/api/integrations/toy").status_code == 200
    problem(put(staff, {"secrets": SECRETS}), 403)
    problem(sync(staff), 403)
    assert put(admin, {"secrets": SECRETS}).status_code == 200


def test_unknown_providers_are_404(program):
    for answer in (
        program.get("/api/integrations/nope"),
        put(program, {}, "nope"),
        program.post("/api/integrations/nope/sync", content_type="application/json"),
    ):
        problem(answer, 404)
