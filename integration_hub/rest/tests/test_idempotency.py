"""Idempotency-Key: one effect, one answer, whatever is repeated, raced or killed."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from integration_hub.companies import tokens
from integration_hub.companies.models import ApiToken
from integration_hub.rest import idempotency
from integration_hub.rest.models import IdempotencyKey
from integration_hub.rest.tests.test_access import problem
from integration_hub.rest.tests.toy import Gate
from integration_hub.sync import pruning

pytestmark = pytest.mark.engine
database = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)


def post(client, name="a", key="k1", path="/api/things"):
    return client.post(path, {"name": name}, "application/json", headers={"Idempotency-Key": key})


def made(name="a"):
    return ApiToken.everywhere.filter(name=name).count()


@database
def test_a_repeated_request_has_one_effect_and_one_answer(program):
    first, second = post(program), post(program)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Location"] == first["Location"]
    assert second["Content-Type"] == "application/json"
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert made() == 1


@database
def test_another_key_is_another_request(program):
    assert post(program, "a", "k1").status_code == 201
    assert post(program, "b", "k2").status_code == 201
    assert made("a") == made("b") == 1


@database
def test_the_same_key_with_another_request_is_422(program):
    post(program)
    problem(post(program, "b"), 422)
    problem(post(program, "a", path="/api/outside"), 422)
    assert made("b") == 0


@database
def test_keys_of_different_tokens_and_people_never_meet(program, company, alice, charlie):
    _row, text = tokens.issue(company, "second", ["write"])
    second = Client(headers={"Authorization": f"Bearer {text}"})
    person = Client()
    person.force_login(alice)
    stranger = Client()
    stranger.force_login(charlie)
    answers = [post(client, f"n{n}") for n, client in enumerate((program, second, person, stranger))]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert post(person, "n2")["Idempotency-Replayed"] == "true"


@database
def test_a_refused_request_leaves_the_key_free(program):
    problem(post(program, ""), 400)
    assert post(program, "a").status_code == 201
    assert IdempotencyKey.everywhere.get().status == 201


@database
def test_a_crash_takes_its_effect_along_and_leaves_the_key_free(program):
    problem(post(program, "explode"), 500)
    assert made("explode") == 0
    assert not IdempotencyKey.everywhere.exists()
    assert post(program, "a").status_code == 201


@database
def test_without_the_key_nothing_is_stored(program):
    assert program.post("/api/things", {"name": "a"}, "application/json").status_code == 201
    assert not IdempotencyKey.everywhere.exists()


@database
@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_400(program, key):
    assert "Idempotency-Key" in problem(post(program, key=key), 400)["errors"]


@database
def test_an_answer_is_kept_for_a_day(program):
    post(program, "a")
    IdempotencyKey.everywhere.update(created_at=timezone.now() - timedelta(hours=23, minutes=59))
    assert post(program, "a")["Idempotency-Replayed"] == "true"
    assert not idempotency.expired(timezone.now()).exists()
    IdempotencyKey.everywhere.update(created_at=timezone.now() - timedelta(hours=24, minutes=1))
    assert post(program, "b").status_code == 201  # the same key, free again
    IdempotencyKey.everywhere.update(created_at=timezone.now() - timedelta(hours=24, minutes=1))
    assert pruning.prune() == 1
    assert not IdempotencyKey.everywhere.exists()


@committing
def test_a_command_that_calls_out_is_replayed_too_but_runs_in_no_transaction(program):
    first = post(program, path="/api/outside")
    assert first.json()["in_transaction"] is False
    assert post(program, path="/api/outside")["Idempotency-Replayed"] == "true"


@committing
def test_a_second_request_meets_the_running_one_and_is_told_so(program, api_token):
    """Two threads: the first is held in the middle of its work, inside its transaction."""
    Gate.close()
    answers = []
    thread = threading.Thread(target=_in_thread, args=(api_token[1], answers))
    thread.start()
    try:
        assert Gate.entered.wait(10)
        busy = post(program)
    finally:
        Gate.closed = False
        Gate.go_on.set()
        thread.join(10)
    assert problem(busy, 409)["type"].endswith("/still-running")
    assert busy["Retry-After"] == "1"
    assert answers == [201]
    assert post(program)["Idempotency-Replayed"] == "true"
    assert made() == 1


@committing
def test_two_requests_at_the_same_instant_have_one_effect(api_token):
    barrier = threading.Barrier(2)
    answers = []
    threads = [threading.Thread(target=_in_thread, args=(api_token[1], answers, barrier)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert made() == 1
    assert answers.count(201) >= 1
    assert set(answers) <= {201, 409}


@committing
def test_a_claim_of_a_killed_request_is_taken_over_after_a_minute(program, api_token):
    assert post(program).status_code == 201
    ApiToken.everywhere.filter(name="a").delete()  # as if it had been killed before its commit
    IdempotencyKey.everywhere.update(status=None, answer="", claimed_until=timezone.now() + timedelta(seconds=30))
    problem(post(program), 409)
    IdempotencyKey.everywhere.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert post(program).status_code == 201
    assert made() == 1


@committing
def test_who_was_taken_over_rolls_back(program, monkeypatch):
    """A claim that ran out before the work began to write: the effect does not stay, and the rival's claim does."""
    rival, real = uuid.uuid4(), idempotency.claim

    def overtaken(*args):
        row = real(*args)
        IdempotencyKey.everywhere.filter(pk=row.pk).update(claim=rival)
        return row

    monkeypatch.setattr(idempotency, "claim", overtaken)
    problem(post(program), 409)
    assert made() == 0
    assert IdempotencyKey.everywhere.get().claim == rival


def _in_thread(token, answers, barrier=None):
    client = Client(headers={"Authorization": f"Bearer {token}"})
    try:
        if barrier is not None:
            barrier.wait(10)
        answers.append(post(client).status_code)
    finally:
        connection.close()
