"""When calls may leave: arithmetic over what the row of a bucket says. Pure; all times are seconds since 1970.

Single calls are spread evenly, a little slower than the limit. A lot, booked for calls that leave together, is not:
where few calls fit into a window, what keeps the limit is that a call leaves a whole window after the one so many
before it arrived over there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_SLEEP = 0.5  # seconds; who must wait longer gives its thread back
SLACK = 0.03  # seconds by which the calls of one window are spread over more than the window
SHORT = 1.0  # seconds; a window as short as this is waited out
CLOSE = 4  # calls of a lot leave so many times closer to each other than single ones
FEW = 2  # calls of a lot where others were sent away a moment ago


@dataclass(frozen=True)
class Bucket:
    """What one call takes from. `spacing`: seconds between calls, 0: no limit; `penalty`: closed so long by a 429.
    `slots`: calls in one `window` (seconds) where they are few enough to be watched one by one, else 0."""

    key: str
    scope: str
    spacing: float = 0.0
    penalty: float = 0.0
    slots: int = 0
    window: float = 0.0

    @property
    def around(self) -> float:
        """Seconds after which the place of a watched call is free again."""
        return self.window + SLACK


@dataclass(frozen=True)
class Book:
    """What is booked: from when on the next call may leave, and when the last calls of a window leave or left, the
    earliest first. One that arrived late over there counts as having left later. `crowded`: until when lots are small,
    since somebody was sent away."""

    next_free: float
    recent: tuple[float, ...] = ()
    crowded: float = 0.0


def opens(bucket: Bucket, book: Book) -> float:
    """When the next call may leave."""
    full = bucket.slots and len(book.recent) >= bucket.slots
    return max(book.next_free, book.recent[0] + bucket.around) if full else book.next_free


def take(bucket: Bucket, book: Book, now: float, *, most: int, limit: float) -> tuple[list[float], Book]:
    """At most so many moments that are no further than `limit` seconds away, and what is booked then. Never more than
    a window takes: how late these arrive must be known before the next ones are booked."""
    gap = bucket.spacing / CLOSE if bucket.slots and most > 1 else bucket.spacing
    most = min(most, bucket.slots or most, FEW if now < book.crowded else most)
    taken: list[float] = []
    while len(taken) < most and (at := max(now, opens(bucket, book))) - now <= limit:
        taken.append(at)
        book = Book(at + gap, _kept(bucket, [*book.recent, at]), book.crowded)
    return taken, book


def late(bucket: Bucket, book: Book, left: Sequence[tuple[float, float]]) -> Book:
    """The calls booked for the first of these moments arrived as if they had left at the second. One that is forgotten
    already, because a whole window of others was booked since, still counts."""
    recent = list(book.recent)
    for booked, instead in left:
        if booked in recent:
            recent.remove(booked)
        recent.append(instead)
    return Book(book.next_free, _kept(bucket, recent), book.crowded)


def _kept(bucket: Bucket, recent: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted(recent)[-bucket.slots :]) if bucket.slots else ()


def reach(bucket: Bucket, prio: int) -> float:
    """How far ahead a call of this priority may book, in seconds: a short window is waited out. Some more is kept for
    people who wait (prio 0), unless moments are so rare that nobody else would get one."""
    if bucket.slots and bucket.window <= SHORT:
        return bucket.around + (LONGEST_SLEEP if prio == 0 else 0.0)
    if prio == 0:
        return LONGEST_SLEEP
    return max(LONGEST_SLEEP - bucket.spacing, min(bucket.spacing, LONGEST_SLEEP))
