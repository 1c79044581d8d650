"""Calls in flight through the door: the desk does what they need of the database, and a pause stops them all."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction

from integration_hub.contract import RateLimited, TransientError
from integration_hub.http import buckets, desk, flight, gate, metrics
from integration_hub.http import door as doors
from integration_hub.http.door import InsideTransaction
from integration_hub.http.flight import Flight
from integration_hub.http.models import Breaker, IntegrationMetric, RateBucket
from integration_hub.http.tests.outside import SLOW, Handler, Outside, Shop, door_to, hangs_up, says

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def fly(work: Callable[[], Any], calls: int = 5) -> list[Any]:
    """What came of so many of these at once."""
    return [done for done in Flight([work] * calls, lambda: True).run() if done is not None]


def together(calls: int) -> Callable[[Handler], None]:
    """An answer that is given when so many requests are there."""
    gate = threading.Barrier(calls)

    def answer(handler: Handler) -> None:
        gate.wait(20)
        says(200, {"ok": True})(handler)

    return answer


def test_a_seconds_worth_is_in_flight_at_once_and_counted(outside: Outside) -> None:
    outside.always = together(5)
    door = door_to(outside.url, Shop(SLOW))
    with metrics.together():
        done = fly(lambda: door.call("write", "POST", "/a", json={}, bucket="app1", rows=10))
    assert [one.result().json() for one in done] == [{"ok": True}] * 5
    assert IntegrationMetric.everywhere.count() == 5
    assert RateBucket.objects.get(key="shop:app1").seq <= 6  # one booking, and whatever came late


def test_helpers_never_open_the_database(outside: Outside) -> None:
    door = door_to(outside.url, Shop(SLOW))
    opened: list[Any] = []

    def work() -> None:
        door.call("write", "POST", "/a", json={}, bucket="app1")
        opened.extend(each for each in connections.all(initialized_only=True) if each.connection is not None)

    [one.result() for one in fly(work)]
    assert opened == []


def test_a_pause_in_the_middle_stops_those_that_have_their_moment_already(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, first, paused = buckets.book_turn, threading.Lock(), threading.Event()

    def book_and_wait(*given: Any) -> buckets.Moment:
        """All but one wait with their moment in the hand until the provider asked for a pause."""
        moment = book(*given)
        if not first.acquire(blocking=False):
            assert paused.wait(20)
        return moment

    def work() -> None:
        try:
            door.call("write", "POST", "/a", json={}, bucket="app1")
        finally:
            paused.set()

    monkeypatch.setattr(buckets, "book_turn", book_and_wait)
    outside.always = says(429, {"error": "fast"})
    door = door_to(outside.url, Shop(SLOW))
    errors = [one.error for one in fly(work)]
    assert len(outside.seen) == 1
    assert all(isinstance(error, RateLimited) for error in errors)
    assert sorted(error.code for error in errors) == ["closed"] * 4 + ["too_fast"]


@pytest.mark.parametrize(("fresh", "looks"), [(3600.0, [True, False, False, True, False]), (0.0, [True] * 5)])
def test_a_call_goes_by_what_another_of_its_flight_saw_a_moment_ago(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, fresh: float, looks: list[bool]
) -> None:
    """Which of five calls, one after the other, looked for themselves; the third one was refused."""
    looked: list[int] = []
    really = gate.is_clear

    def look(*given: Any) -> bool:
        looked.append(len(outside.seen))
        return really(*given)

    monkeypatch.setattr(gate, "is_clear", look)
    monkeypatch.setattr(doors, "FRESH", fresh)
    monkeypatch.setattr(flight, "_free", threading.BoundedSemaphore(1))  # a single helper makes them in order
    outside.script = [says(200, {}), says(200, {}), says(422, {})]
    shop = door_to(outside.url)
    errors = [one.error for one in fly(lambda: shop.call("write", "POST", "/a", json={}))]
    assert [error is None for error in errors] == [True, True, False, True, True]
    assert [number in looked for number in range(5)] == looks


def test_failures_in_flight_are_counted_one_by_one(outside: Outside) -> None:
    outside.always = hangs_up
    door = door_to(outside.url)
    errors = [one.error for one in fly(lambda: door.call("write", "POST", "/a", json={}))]
    assert all(isinstance(error, TransientError) and error.unsure for error in errors)
    assert Breaker.objects.get(key="shop:account-1").failures == 5
    with pytest.raises(TransientError) as caught:
        door.call("write", "POST", "/a", json={})
    assert caught.value.code == "breaker"


def test_a_second_call_of_the_same_work_waits_for_the_next_window(outside: Outside) -> None:
    """It is never sent away: the first would have to be made again, and again."""
    door = door_to(outside.url, Shop(SLOW))

    def twice() -> None:
        for _call in range(2):
            door.call("write", "POST", "/a", json={}, bucket="app1")

    assert [one.error for one in fly(twice)] == [None] * 5
    assert len(outside.seen) == 10
    assert all(late - early >= 0.99 for early, late in zip(outside.times, outside.times[5:], strict=False))


@pytest.mark.django_db(transaction=True)
def test_from_inside_a_transaction_nothing_takes_off(outside: Outside) -> None:
    door = door_to(outside.url)
    with transaction.atomic(), pytest.raises(InsideTransaction):
        fly(lambda: door.call("write", "POST", "/a", json={}))
    assert outside.seen == []


def test_what_the_desk_does_for_a_helper_raises_where_it_was_asked() -> None:
    def work() -> str:
        with pytest.raises(ZeroDivisionError):
            desk.here(lambda: 1 / 0)
        return desk.here(lambda: threading.current_thread().name)

    assert {one.result() for one in fly(work)} == {threading.current_thread().name}


def test_work_that_is_not_begun_has_no_outcome() -> None:
    begun: list[int] = []
    flight = Flight([lambda: begun.append(1)] * 5, lambda: False)
    assert flight.run() == [None] * 5
    assert begun == []


def test_while_nothing_may_begin_any_more_no_helper_takes_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is still in the air: nobody takes off, looks and lands again until it is back."""
    on, landed = [True], threading.Event()

    def work() -> None:
        on[0] = False
        assert landed.wait(20)

    flight = Flight([work] * 5, lambda: on[0])
    vain: list[int] = []
    take_off = flight._take_off

    def counted() -> None:
        if not on[0]:
            vain.append(1)
        take_off()

    monkeypatch.setattr(flight, "_take_off", counted)
    threading.Timer(0.2, landed.set).start()
    assert None in flight.run()
    assert len(vain) <= 1  # the one that was just about to
