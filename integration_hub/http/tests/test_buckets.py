"""The rate bucket: paced for everyone together, closed for everyone by a 429, with a little kept for people."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from integration_hub.contract import Rate, RateLimited
from integration_hub.http import buckets, clock
from integration_hub.http.buckets import Bucket, buckets_of
from integration_hub.http.models import RateBucket
from integration_hub.http.tests.outside import SLOW, Outside, Shop, door_to, says

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

FIVE = Bucket("test:five", "bucket", spacing=0.206)


def at_once(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in so many threads with their own database connections, all let go together."""
    barrier = threading.Barrier(count)
    broken: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait(20)
            work(number)
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not broken, broken


def turn(bucket: Bucket, prio: int = 1, ends: float = 30.0) -> None:
    buckets.wait_turn("Shop", [bucket], prio, time.monotonic() + ends)


# --- which buckets a call takes from ----------------------------------------------------------------------------------


def test_an_id_is_shared_by_all_accounts_and_a_class_is_not() -> None:
    rates = (Rate(5, 1, bucket="base", penalty=30), Rate(50, 1))
    [account, base] = buckets_of("shop", rates, "conn-1", "app123")
    assert (account.key, base.key) == ("shop:conn-1", "shop:app123")
    assert base.penalty == 30
    assert base.spacing == pytest.approx(0.206)
    assert account.spacing == pytest.approx(0.0206)
    assert buckets_of("shop", rates, "conn-2", "app123")[1].key == base.key
    assert buckets_of("shop", rates, "conn-1", "base:app123")[1].spacing == base.spacing
    own = buckets_of("shop", (Rate(10, 1, bucket="heavy"), Rate(30, 1, bucket="light")), "conn-1", "heavy")[1]
    assert own.key == "shop:conn-1:heavy"
    assert own.spacing == pytest.approx(0.103)


def test_a_word_that_fits_no_class_of_several_is_a_bug() -> None:
    with pytest.raises(ValueError, match="names none"):
        buckets_of("shop", (Rate(10, 1, bucket="heavy"), Rate(30, 1, bucket="light")), "conn-1", "app123")


def test_without_a_rate_nothing_is_paced() -> None:
    assert [bucket.spacing for bucket in buckets_of("shop", (), "conn-1", "app123")] == [0, 0]
    assert [bucket.key for bucket in buckets_of("shop", (), "conn-1", "")] == ["shop:conn-1"]


@pytest.mark.parametrize("rate", [Rate(5, 1), Rate(50, 1), Rate(1, 1), Rate(100, 60)])
def test_the_pace_is_just_under_the_limit(rate: Rate) -> None:
    spacing = buckets_of("shop", (rate,), "conn-1", "")[0].spacing
    assert 1 / spacing >= 0.96 * rate.calls / rate.seconds
    assert spacing * rate.calls >= rate.seconds + 0.02  # the first and the sixth call are never 20 ms too close


# --- pacing -----------------------------------------------------------------------------------------------------------


def test_moments_are_booked_one_after_the_other() -> None:
    turn(FIVE)
    before = RateBucket.objects.get(key=FIVE.key).next_free
    turn(FIVE)
    assert RateBucket.objects.get(key=FIVE.key).next_free == pytest.approx(before + FIVE.spacing, abs=1e-3)


def test_an_idle_bucket_saves_nothing_up() -> None:
    turn(FIVE)
    with clock.shifted(timedelta(hours=1)):
        turn(FIVE)
        ahead = RateBucket.objects.get(key=FIVE.key).next_free - clock.now().timestamp()
        assert 0 < ahead < FIVE.spacing + 0.01


@pytest.mark.django_db(transaction=True)
def test_workers_who_start_together_share_the_pace() -> None:
    """Eight at once: each either books a moment of its own or is sent away; never two in one moment."""
    left: list[int] = []
    refused: list[str] = []

    def worker(number: int) -> None:
        for _call in range(4):
            try:
                turn(FIVE)
                left.append(number)
            except RateLimited as error:
                refused.append(error.code)
                time.sleep(min(error.retry_after, 0.5))

    started = clock.now().timestamp()
    at_once(8, worker)
    assert len(left) >= 4
    assert len(left) + len(refused) == 32
    assert set(refused) <= {"budget"}
    booked = RateBucket.objects.get(key=FIVE.key).next_free - started
    assert booked >= len(left) * FIVE.spacing - 0.005  # every call that left took a moment that nobody else got


def test_a_long_wait_is_not_slept() -> None:
    RateBucket.objects.create(key="test:slow", next_free=clock.now().timestamp() + 60)
    with pytest.raises(RateLimited) as caught:
        turn(Bucket("test:slow", "bucket", spacing=0.4))
    assert (caught.value.code, caught.value.scope) == ("budget", "bucket")
    assert 30 < caught.value.retry_after < 60.1  # what is left to wait; none of it was slept


def test_a_wait_beyond_the_calls_own_end_is_refused() -> None:
    turn(FIVE)
    with pytest.raises(RateLimited):
        turn(FIVE, ends=0.05)


def test_people_who_wait_get_the_last_moment() -> None:
    RateBucket.objects.create(key=FIVE.key, next_free=clock.now().timestamp() + 0.45)
    with pytest.raises(RateLimited):
        turn(FIVE, prio=1)
    with pytest.raises(RateLimited):
        turn(FIVE, prio=2)
    turn(FIVE, prio=0)


def test_one_after_the_other_is_never_sent_away() -> None:
    for spacing in (0.01, 0.206, 0.34, 0.5):
        for prio in (0, 1, 2):
            assert buckets.reach(Bucket("test:any", "bucket", spacing), prio) >= min(spacing, 0.5)


# --- a 429 ------------------------------------------------------------------------------------------------------------


def test_a_penalty_closes_the_bucket_for_every_account(outside: Outside) -> None:
    shop = Shop(SLOW)
    outside.script = [says(429, {"error": "fast"})]
    with pytest.raises(RateLimited) as caught:
        door_to(outside.url, shop).call("read", "GET", "/a", bucket="app1")
    assert (caught.value.retry_after, caught.value.scope) == (30, "bucket")
    for account in ("account-1", "account-2"):
        with pytest.raises(RateLimited) as caught:
            door_to(outside.url, shop, account=account).call("read", "GET", "/a", bucket="app1")
        assert (caught.value.code, caught.value.scope) == ("closed", "bucket")
        assert 29 < caught.value.retry_after < 30.1
    assert len(outside.seen) == 1
    door_to(outside.url, shop).call("read", "GET", "/a", bucket="app2")  # another base goes on
    with clock.shifted(timedelta(seconds=31)):
        door_to(outside.url, shop).call("read", "GET", "/a", bucket="app1")
    assert len(outside.seen) == 3


def test_a_spent_quota_closes_the_account_only(outside: Outside) -> None:
    shop = Shop(SLOW)
    outside.script = [says(429, {"error": "spent"})]
    with pytest.raises(RateLimited) as caught:
        door_to(outside.url, shop).call("read", "GET", "/a", bucket="app1")
    assert (caught.value.code, caught.value.retry_after) == ("spent", 3600)
    with clock.shifted(timedelta(minutes=5)), pytest.raises(RateLimited) as caught:
        door_to(outside.url, shop).call("read", "GET", "/a", bucket="app2")
    assert (caught.value.code, caught.value.scope) == ("closed", "account")
    assert len(outside.seen) == 1
    door_to(outside.url, shop, account="account-2").call("read", "GET", "/a", bucket="app1")
    assert RateBucket.objects.get(key="shop:account-1").reason == "spent"


def test_the_time_the_provider_names_counts_when_it_is_longer(outside: Outside) -> None:
    shop = Shop(Rate(100, 1, penalty=2), explain=lambda reply: None)
    outside.script = [says(429, {}, Retry_After="90")]
    with pytest.raises(RateLimited) as caught:
        door_to(outside.url, shop).call("read", "GET", "/a")
    assert caught.value.retry_after == 90
    with clock.shifted(timedelta(seconds=80)), pytest.raises(RateLimited):
        door_to(outside.url, shop).call("read", "GET", "/a")


def test_a_shorter_pause_does_not_open_a_longer_one() -> None:
    buckets.close(FIVE, 60, "long")
    buckets.close(FIVE, 5, "short")
    row = RateBucket.objects.get(key=FIVE.key)
    assert row.reason == "long"
    assert 50 < row.closed_until - clock.now().timestamp() < 60.1


@pytest.mark.django_db(transaction=True)
def test_who_sleeps_while_the_bucket_closes_does_not_leave() -> None:
    RateBucket.objects.create(key=FIVE.key, next_free=clock.now().timestamp() + 0.45)
    outcome: list[str] = []

    def work(number: int) -> None:
        if number:
            time.sleep(0.1)
            buckets.close(FIVE, 30, "429")
            return
        try:
            turn(FIVE, prio=0)
            outcome.append("left")
        except RateLimited as error:
            outcome.append(error.code)

    at_once(2, work)
    assert outcome == ["closed"]


# --- a window after the arrival ---------------------------------------------------------------------------------------


def arrive(moment: buckets.Moment, arrived: float | None = None) -> None:
    """The provider may have counted this call as late as that (monotonic), or just now."""
    buckets.note_late(buckets.late(moment, time.monotonic() if arrived is None else arrived))


def test_a_call_leaves_a_window_after_the_arrival_so_many_before() -> None:
    """The first call's answer came late: the provider may have counted it just then, so the third one waits for it."""
    two = Bucket("test:two", "bucket", spacing=0.01, slots=2, window=0.3)
    start = time.monotonic()
    first = buckets.wait_turn("Shop", [two], 1, start + 30)
    time.sleep(0.1)
    arrive(first)
    arrived = time.monotonic()
    arrive(buckets.wait_turn("Shop", [two], 1, start + 30))
    buckets.wait_turn("Shop", [two], 1, start + 30)
    assert time.monotonic() - arrived >= 0.29


def test_watched_calls_of_two_accounts_share_their_window() -> None:
    rates = (Rate(5, 1, bucket="base"), Rate(50, 1))
    base, other = (buckets_of("shop", rates, account, "app123")[1] for account in ("conn-1", "conn-2"))
    assert (base.slots, base.window) == (5, 1)
    assert base == other
    assert buckets_of("shop", rates, "conn-1", "app123")[0].slots == 0  # fifty are too many to watch


def test_a_wait_for_a_late_answer_is_not_slept_when_it_is_long() -> None:
    one = Bucket("test:one", "bucket", spacing=0.01, slots=1, window=5.0)
    arrive(buckets.wait_turn("Shop", [one], 1, time.monotonic() + 30))
    with pytest.raises(RateLimited) as caught:
        turn(one)
    assert 4 < caught.value.retry_after <= 5


# --- a lot ------------------------------------------------------------------------------------------------------------

WATCHED = Bucket("test:watched", "bucket", spacing=0.206, slots=5, window=1.0)
ACCOUNT = Bucket("test:account", "account", spacing=0.0206)


def next_of(lot: buckets.Lot, prio: int = 1, ends: float = 30.0) -> buckets.Moment:
    return lot.next("Shop", [ACCOUNT, WATCHED], prio, time.monotonic() + ends)


def test_a_seconds_worth_is_booked_with_three_statements(django_assert_num_queries) -> None:
    turn(WATCHED)
    turn(ACCOUNT)
    with clock.shifted(timedelta(seconds=5)):
        lot = buckets.Lot(5)
        with django_assert_num_queries(3):
            moments = [next_of(lot) for _call in range(5)]
        assert [[booking.bucket.key for booking in moment] for moment in moments] == [
            ["test:watched", "test:account"]
        ] * 5
        planned = [moment[0].planned for moment in moments]
        assert planned == sorted(set(planned))
        assert lot.opens == pytest.approx(planned[0] + 1.03, abs=0.01)
        with pytest.raises(RateLimited) as caught:
            next_of(lot)
        assert caught.value.code == "budget"


def test_after_a_lot_a_person_still_gets_a_moment_and_so_does_a_single_call() -> None:
    lot = buckets.Lot(5)
    for _call in range(5):
        next_of(lot)
    for prio in (1, 0):
        [booking] = buckets._book_one("Shop", [WATCHED], prio, time.monotonic() + 30)
        assert 0.7 < booking.planned - time.monotonic() < 1.3


def test_a_lot_takes_what_others_left_of_the_window() -> None:
    for _call in range(3):
        buckets._book_one("Shop", [WATCHED], 0, time.monotonic() + 30)
    RateBucket.objects.update(next_free=0)  # they left a moment ago
    lot = buckets.Lot(5)
    assert next_of(lot, ends=0.5)
    assert lot.left is not None
    assert len(lot.left) == 1  # two of five
    with pytest.raises(RateLimited) as caught:
        [next_of(lot) for _call in range(2)]
    assert caught.value.retry_after < 1.03


def test_who_is_sent_away_makes_the_lots_of_others_small() -> None:
    lot = buckets.Lot(5)
    for _call in range(5):
        next_of(lot)
    with pytest.raises(RateLimited) as caught:
        for _call in range(6):
            next_of(buckets.Lot(5))
    assert caught.value.code == "budget"
    with clock.shifted(timedelta(seconds=2.5)):
        lot = buckets.Lot(5)
        next_of(lot)
        assert lot.left is not None
        assert len(lot.left) == 1


@pytest.mark.django_db(transaction=True)
def test_lots_booked_at_once_never_fill_a_window_twice() -> None:
    """Six workers want five calls each: nobody gets a moment that is within a window of the fifth before it."""
    taken: list[float] = []

    def worker(number: int) -> None:
        lot = buckets.Lot(5)
        try:
            while True:
                taken.append(next_of(lot, ends=30)[0].at)
        except RateLimited:
            return

    at_once(6, worker)
    taken.sort()
    assert len(taken) >= 5
    assert all(later - earlier >= 1.03 - 1e-6 for earlier, later in zip(taken, taken[5:], strict=False))


def test_a_booked_moment_is_taken_without_asking_once() -> None:
    lot = buckets.Lot(3)
    assert lot.booked() is None  # nothing is booked yet: the desk must be asked
    first = next_of(lot)
    assert lot.left is not None
    others = list(lot.left)
    assert len(others) == 2
    assert first not in others
    assert [lot.booked(), lot.booked(), lot.booked()] == [*others, None]
