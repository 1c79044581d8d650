"""The arithmetic of moments: never more calls in a window than the provider takes, however they are booked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_hub.http import pace, ways
from integration_hub.http.pace import Book, Bucket

FIVE = Bucket("five", "bucket", spacing=0.206, slots=5, window=1.0)
MANY = Bucket("many", "account", spacing=0.02)
WISHES = st.lists(
    st.tuples(st.floats(0, 0.7), st.integers(1, 6), st.sampled_from([0.3, 0.8, 1.5]), st.floats(0, 0.4)), max_size=20
)


@settings(max_examples=60)
@given(WISHES)
def test_no_window_holds_more_arrivals_than_it_may(wishes: list[tuple[float, int, float, float]]) -> None:
    """Calls arrive when they leave, or later; whoever was late is noted before anybody books again."""
    now, book, arrivals = 1000.0, Book(0.0), []
    for pause, most, limit, lateness in wishes:
        now += pause
        taken, book = pace.take(FIVE, book, now, most=most, limit=limit)
        assert all(now <= at <= now + limit for at in taken)
        if taken and lateness > pace.SLACK:
            book = pace.late(FIVE, book, [(taken[0], taken[0] + lateness - pace.SLACK)])
        arrivals += [at + (lateness if number == 0 else 0.0) for number, at in enumerate(taken)]
        now = max([now, *arrivals])
    arrivals.sort()
    assert all(later - earlier >= FIVE.window for earlier, later in zip(arrivals, arrivals[5:], strict=False))


def test_single_calls_are_spread_and_those_of_a_lot_are_close() -> None:
    book = Book(0.0)
    single = []
    for _call in range(3):
        [at], book = pace.take(FIVE, book, 100.0, most=1, limit=2.0)
        single.append(at)
    assert single == pytest.approx([100.0, 100.206, 100.412])
    lot, _book = pace.take(FIVE, Book(0.0), 100.0, most=5, limit=2.0)
    assert lot == pytest.approx([100.0, 100.0515, 100.103, 100.1545, 100.206])
    assert pace.take(MANY, Book(0.0), 100.0, most=3, limit=2.0)[0] == pytest.approx([100.0, 100.02, 100.04])


def test_a_lot_after_a_lot_waits_for_the_window() -> None:
    _taken, book = pace.take(FIVE, Book(0.0), 100.0, most=5, limit=1.0)
    assert pace.opens(FIVE, book) == pytest.approx(101.03)
    assert pace.take(FIVE, book, 100.5, most=5, limit=0.3)[0] == []
    assert len(pace.take(FIVE, book, 100.95, most=5, limit=0.3)[0]) == 5


def test_who_was_sent_away_finds_a_place_next_time() -> None:
    crowded = Book(0.0, (), 101.0)
    assert len(pace.take(FIVE, crowded, 100.0, most=5, limit=1.0)[0]) == 2
    assert len(pace.take(FIVE, crowded, 101.5, most=5, limit=1.0)[0]) == 5


def test_a_late_call_that_is_forgotten_already_still_counts() -> None:
    _taken, book = pace.take(FIVE, Book(0.0), 100.0, most=5, limit=1.0)
    book = pace.late(FIVE, book, [(99.0, 100.9)])
    assert book.recent[-1] == 100.9
    assert len(book.recent) == 5


def test_people_may_book_further_ahead_than_anybody_else() -> None:
    for bucket in (FIVE, MANY, Bucket("rare", "bucket", spacing=10.3, slots=1, window=10.0)):
        assert pace.reach(bucket, 0) >= pace.reach(bucket, 1) > 0
    assert pace.reach(FIVE, 0) >= pace.reach(FIVE, 1) + FIVE.spacing
    assert pace.reach(FIVE, 1) >= FIVE.around  # the second call of two is never sent away


def test_only_what_an_answer_took_longer_than_the_quickest_may_have_been_spent_on_the_way() -> None:
    ways._seconds.clear()
    way = ("five", "write")
    first = [ways.counted_by(way, 10.0, 10.3, answered=True) for _call in range(5)]
    assert first == [10.3] * 5  # nobody knows the way yet
    assert ways.counted_by(way, 20.0, 20.3, answered=True) == 20.0
    assert ways.counted_by(way, 30.0, 30.45, answered=True) == pytest.approx(30.15)
    assert ways.counted_by(way, 40.0, 70.0, answered=False) == pytest.approx(69.7)
    assert ways.counted_by(("five", "read"), 20.0, 20.3, answered=True) == 20.3  # another kind of call
