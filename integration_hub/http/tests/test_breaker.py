"""The breaker: five failures in a row, a pause, one trial, longer pauses."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError

from integration_hub.contract import Rejected, TransientError
from integration_hub.http import breaker, clock
from integration_hub.http.models import Breaker
from integration_hub.http.tests.outside import Outside, door_to, hangs_up, says
from integration_hub.http.tests.test_buckets import at_once

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
KEY = "shop:account-1"


def fail(outside: Outside, times: int = 1) -> TransientError:
    for _time in range(times):
        with pytest.raises(TransientError) as caught:
            door_to(outside.url).call("write", "POST", "/a", json={})
    return caught.value


def test_five_failures_open_it_and_nothing_goes_out(outside: Outside) -> None:
    outside.always = says(500, {})
    assert fail(outside, 5).code == ""
    held = fail(outside)
    assert (held.code, held.unsure, len(outside.seen)) == ("breaker", False, 5)
    assert held.retry_after is not None
    assert 25 < held.retry_after < 30.1
    outside.always = says(200, {})
    door_to(outside.url, account="account-2").call("write", "POST", "/a", json={})  # another account goes on


def test_time_outs_and_drops_count_and_refusals_do_not(outside: Outside) -> None:
    outside.always = hangs_up
    fail(outside, 4)
    outside.always = says(422, {})
    with pytest.raises(Rejected):
        door_to(outside.url).call("write", "POST", "/a", json={})
    assert Breaker.objects.get(key=KEY).failures == 0
    outside.always = hangs_up
    fail(outside, 4)
    assert fail(outside).code == "dropped"
    assert fail(outside).code == "breaker"


def test_tries_within_one_call_are_one_failure(outside: Outside) -> None:
    outside.always = says(500, {})
    with pytest.raises(TransientError):
        door_to(outside.url).call("read", "GET", "/a")
    assert len(outside.seen) == 3
    assert Breaker.objects.get(key=KEY).failures == 1


def test_one_trial_mends_it(outside: Outside) -> None:
    outside.always = says(500, {})
    fail(outside, 5)
    outside.always = says(200, {})
    with clock.shifted(timedelta(seconds=31)):
        door_to(outside.url).call("write", "POST", "/a", json={})
        door_to(outside.url).call("write", "POST", "/a", json={})
    assert Breaker.objects.get(key=KEY).failures == 0
    assert len(outside.seen) == 7


def test_failed_trials_make_the_pause_longer_up_to_five_minutes(outside: Outside) -> None:
    outside.always = says(500, {})
    fail(outside, 5)
    passed = timedelta(0)
    for pause in (30, 60, 120, 240, 300, 300):
        passed += timedelta(seconds=pause - 5)
        with clock.shifted(passed):
            assert fail(outside).code == "breaker"
        passed += timedelta(seconds=6)
        with clock.shifted(passed):
            seen = len(outside.seen)
            with pytest.raises(TransientError):
                door_to(outside.url).call("read", "GET", "/a")
            assert len(outside.seen) == seen + 1  # a trial is one try, also for what may be repeated


@pytest.mark.django_db(transaction=True)
def test_only_one_of_many_gets_the_trial() -> None:
    Breaker.objects.create(key=KEY, failures=5, open_until=clock.now().timestamp() - 1)
    outcome: list[str] = []
    lock = threading.Lock()

    def work(number: int) -> None:
        try:
            said = "trial" if breaker.admit("Shop", KEY, 35) else "as usual"
        except TransientError as error:
            said = error.code
        with lock:
            outcome.append(said)

    at_once(6, work)
    assert sorted(outcome) == ["breaker"] * 5 + ["trial"]


@pytest.mark.django_db(transaction=True)
def test_failures_at_once_are_all_counted_and_open_it_once() -> None:
    at_once(8, lambda number: breaker.failed(KEY, trial=False))
    row = Breaker.objects.get(key=KEY)
    assert row.failures == 5  # those that came in after it opened change nothing
    assert 20 < row.open_until - clock.now().timestamp() < 30.1


def test_a_trial_that_never_left_is_given_back() -> None:
    Breaker.objects.create(key=KEY, failures=5, open_until=clock.now().timestamp() - 1)
    assert breaker.admit("Shop", KEY, 35) is True
    with pytest.raises(TransientError):
        breaker.admit("Shop", KEY, 35)
    breaker.give_back(KEY)
    assert breaker.admit("Shop", KEY, 35) is True


def test_an_answer_survives_trouble_with_the_database(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(key: str) -> None:
        raise DatabaseError("database is locked")

    Breaker.objects.create(key=KEY, failures=1)  # so that there is something to take back
    monkeypatch.setattr(breaker, "alive", broken)
    assert door_to(outside.url).call("write", "POST", "/a", json={}).ok
    assert Breaker.objects.get(key=KEY).failures == 1


def test_an_answer_takes_back_the_failures_before_it(outside: Outside) -> None:
    outside.script = [says(500, {}), says(200, {}), says(500, {})]
    fail(outside)
    door_to(outside.url).call("write", "POST", "/a", json={})
    assert Breaker.objects.get(key=KEY).failures == 0
    fail(outside)
    assert Breaker.objects.get(key=KEY).failures == 1
