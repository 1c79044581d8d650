"""Rate buckets: one row each, shared by all workers, so that together they stay under the provider's limit.

A call books its moment before it leaves; `pace` says which moments are free. Several calls that leave together are
booked together (`Lot`), up to a second's worth at a time. A call that may have arrived late over there is noted: who
comes a window later waits for it.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import structlog
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from integration_hub.contract import Rate, RateLimited
from integration_hub.http import clock, desk, pace
from integration_hub.http.models import RateBucket
from integration_hub.http.pace import LONGEST_SLEEP, SLACK, Book, Bucket, reach

__all__ = ["LONGEST_SLEEP", "SLACK", "Booking", "Bucket", "Lot", "Moment", "book_turn", "buckets_of", "close", "reach"]

log = structlog.get_logger(__name__)
WATCHED = 10  # calls in a window up to which each is watched by itself
PATIENCE = 5.0  # seconds that the further calls of a piece of work in flight wait
CROWDED = 3.0  # seconds
TRIES = 50  # times that others may be quicker to write the row
_TABLE = RateBucket._meta.db_table


@dataclass(frozen=True)
class Booking:
    """A moment taken from a bucket: `at` by the database's clock, `planned` by this process's (monotonic). `earliest`:
    the same when the two clocks are compared most favourably: their difference is known only as well as a question to
    the database is quick."""

    bucket: Bucket
    at: float
    planned: float
    earliest: float


Moment = tuple[Booking, ...]  # what one call booked, in each of its buckets
Late = tuple[Booking, float]  # and when it might as well have left (database time)


@dataclass
class Lot:
    """Moments for the first calls of a flight, booked together by the one that asks first. `opens`: when the bucket
    has room again (monotonic), as far as is known. `late`: what is to be noted of the flight's calls, `later`: what
    else is to be done when it is back. `looked`: when one of its calls saw that nothing stands in its way (monotonic),
    until another one learned better."""

    calls: int
    opens: float = 0.0
    left: list[Moment] | None = None
    late: list[Late] = field(default_factory=list)
    later: list[Callable[[], object]] = field(default_factory=list)
    looked: float = float("-inf")

    @property
    def next_at(self) -> float:
        """When the next call that has no moment yet may leave (monotonic); 0: at once, or nobody knows."""
        return max((booking.planned for booking in self.left[0]), default=0.0) if self.left else 0.0

    def booked(self) -> Moment | None:
        """The next one, if it is booked already: nobody has to be asked for it."""
        try:
            return self.left.pop(0) if self.left else None
        except IndexError:  # another took the last one
            return None

    def next(self, name: str, buckets: Sequence[Bucket], prio: int, ends: float) -> Moment:
        """RateLimited when fewer could be booked than there are calls."""
        if self.left is None:
            self.left, self.opens = _book(name, buckets, prio, ends, self.calls)
        if not self.left:
            raise _too_long(name, buckets[-1], max(0.0, self.opens - time.monotonic()), prio)
        return self.left.pop(0)


@lru_cache(maxsize=1024)
def buckets_of(provider: str, rates: tuple[Rate, ...], account: str, word: str) -> tuple[Bucket, ...]:
    """The account's bucket, and the one the client named with `word`: a declared class (counted per account), or an id
    (`app123`, or `base:app123` where several classes are declared), which all accounts share."""
    found = [_bucket(f"{provider}:{account}", "account", _rate(rates, "account"))]
    if word:
        own = any(rate.bucket == word for rate in rates)
        key = f"{provider}:{account}:{word}" if own else f"{provider}:{word}"
        found.append(_bucket(key, "bucket", _rate(rates, word)))
    return tuple(found)


def _rate(rates: Sequence[Rate], word: str) -> Rate | None:
    """The slowest rate of the class this word stands for."""
    name = word.split(":", 1)[0]
    named = [rate for rate in rates if rate.bucket == name]
    if not named and name != "account":
        named = [rate for rate in rates if rate.bucket != "account"]
        if len({rate.bucket for rate in named}) > 1:
            raise ValueError(f"bucket {word!r} names none of the declared classes")
    return max(named, key=lambda rate: rate.seconds / rate.calls, default=None)


def _bucket(key: str, scope: str, rate: Rate | None) -> Bucket:
    if rate is None:
        return Bucket(key[:200], scope)
    slots = int(rate.calls) if rate.calls <= WATCHED else 0
    return Bucket(key[:200], scope, (rate.seconds + SLACK) / rate.calls, rate.penalty, slots, rate.seconds)


# --- booking ----------------------------------------------------------------------------------------------------------


def wait_turn(name: str, buckets: Sequence[Bucket], prio: int, ends: float) -> Moment:
    """Sleep until the call may leave. RateLimited when a bucket is closed or the wait is too long to be slept."""
    moment = book_turn(name, buckets, prio, ends)
    desk.here(partial(refuse_if_closed, name, buckets))  # last of all: a 429 may have come while we slept
    return moment


def book_turn(name: str, buckets: Sequence[Bucket], prio: int, ends: float) -> Moment:
    """The same for those who take the last look by themselves, together with another (`gate.is_clear`)."""
    lot: Lot | None = desk.first_lot()
    moment = lot.booked() if lot else None
    if moment is None:
        booking = lot.next if lot else partial(_book_one, patient=desk.is_away())
        moment = desk.here(partial(booking, name, buckets, prio, ends))
    time.sleep(max(0.0, max((booking.planned for booking in moment), default=0.0) - time.monotonic()))
    return moment


def _book_one(name: str, buckets: Sequence[Bucket], prio: int, ends: float, *, patient: bool = False) -> Moment:
    """`patient`: what went before it would have to be done again, and the thread that waits is no worker's."""
    return _book(name, buckets, prio, ends, 1, least=PATIENCE if patient else 0.0)[0][0]


def _book(
    name: str, buckets: Sequence[Bucket], prio: int, ends: float, calls: int, *, least: float = 0.0
) -> tuple[list[Moment], float]:
    """Moments for at most so many calls, and when the scarcest bucket has room again.

    What was booked in one bucket before another refused is lost; the scarcest is asked first.
    """
    paced = sorted((bucket for bucket in buckets if bucket.spacing), key=lambda bucket: -bucket.spacing)
    rows = _read(paced)
    taken: list[list[Booking]] = []
    opens = 0.0
    for bucket in paced:
        limit = min(max(least, reach(bucket, prio)), ends - time.monotonic())
        moments, again = _take(name, bucket, rows.get(bucket.key), calls, limit, prio)
        taken.append(moments)
        calls, opens = len(moments), max(opens, again)
    return (list(zip(*taken, strict=False)) or [()] * calls), opens


@dataclass(frozen=True)
class _Row:
    """A bucket's row as it was read at `now` (database), which was between `before` and `then` (monotonic)."""

    seq: int
    book: Book
    closed: float
    now: float
    before: float
    then: float = field(default_factory=time.monotonic)


def _read(buckets: Sequence[Bucket]) -> dict[str, _Row]:
    if not buckets:
        return {}
    now, offset = clock.epoch_sql()
    before = time.monotonic()
    marks = ", ".join(["%s"] * len(buckets))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key, seq, next_free, recent, crowded_until, closed_until, {now}"  # noqa: S608 - our own table
            f" FROM {_TABLE} WHERE key IN ({marks})",
            [*offset, *(bucket.key for bucket in buckets)],
        )
        rows = cursor.fetchall()
    return {
        key: _Row(seq, Book(free, tuple(json.loads(recent)), crowded), closed - now, now, before)
        for key, seq, free, recent, crowded, closed, now in rows
    }


def _take(
    name: str, bucket: Bucket, row: _Row | None, most: int, limit: float, prio: int
) -> tuple[list[Booking], float]:
    """At most so many bookings, and when the bucket has room again. Written only if nobody else was quicker."""
    for _try in range(TRIES):
        if row is None:
            _make(bucket.key)
        elif row.closed > 0:
            raise _closed(name, bucket, row.closed)
        else:
            moments, after = pace.take(bucket, row.book, row.now, most=most, limit=limit)
            opens = row.then + pace.opens(bucket, after) - row.now
            if not moments:
                _crowd(bucket.key)
                raise _too_long(name, bucket, opens - row.then, prio)
            if _write(bucket.key, row.seq, after):
                ahead = [(at, at - row.now) for at in moments]
                return [Booking(bucket, at, row.then + by, row.before + by) for at, by in ahead], opens
        row = _read([bucket]).get(bucket.key)
    raise _too_long(name, bucket, bucket.spacing, prio)


def _write(key: str, seq: int, book: Book) -> bool:
    """False when somebody else wrote since the row was read."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET seq = seq + 1, next_free = %s, recent = %s WHERE key = %s AND seq = %s",  # noqa: S608
            [book.next_free, json.dumps(book.recent), key, seq],
        )
        return bool(cursor.rowcount)


def _crowd(key: str) -> None:
    """Somebody is sent away: for a while nobody books much at once."""
    now, offset = clock.epoch_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET crowded_until = {now} + %s WHERE key = %s",  # noqa: S608 - our own table and clock
            [*offset, CROWDED, key],
        )


def _make(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (key, seq, next_free, recent, crowded_until, closed_until, reason)"  # noqa: S608
            " VALUES (%s, 0, 0, '[]', 0, 0, '') ON CONFLICT (key) DO NOTHING",
            [key],
        )


# --- afterwards -------------------------------------------------------------------------------------------------------


def late(moment: Moment, arrived: float) -> list[Late]:
    """The bookings of a call that arrived over there at this time (monotonic) at the latest, where that is later than
    planned, and when it might as well have left (database time)."""
    found = [(booking, arrived - booking.earliest - SLACK) for booking in moment if booking.bucket.slots]
    return [(booking, booking.at + by) for booking, by in found if by > 0]


def note_late(found: Iterable[Late]) -> None:
    """Who books a whole window later waits for these."""
    by_bucket: dict[Bucket, list[tuple[float, float]]] = {}
    for booking, instead in found:
        by_bucket.setdefault(booking.bucket, []).append((booking.at, instead))
    for bucket, moved in by_bucket.items():
        for _try in range(TRIES):
            if _noted(bucket, moved):
                break


def _noted(bucket: Bucket, moved: Sequence[tuple[float, float]]) -> bool:
    """The answers are there already: trouble with the database must not lose them."""
    try:
        row = _read([bucket]).get(bucket.key)
        return row is None or _write(bucket.key, row.seq, pace.late(bucket, row.book, moved))
    except DatabaseError:
        log.exception("late calls could not be noted", bucket=bucket.key)
        return True


def refuse_if_closed(name: str, buckets: Sequence[Bucket]) -> None:
    """RateLimited while the provider's pause holds for any of the buckets."""
    rows = _read(buckets)
    closed = [(row.closed, bucket) for bucket in buckets if (row := rows.get(bucket.key)) and row.closed > 0]
    if closed:
        wait, bucket = max(closed, key=lambda one: one[0])
        raise _closed(name, bucket, wait)


def close(bucket: Bucket, seconds: float, reason: str) -> None:
    """No call leaves for so many seconds, by nobody. A longer pause that holds already stays."""
    now, offset = clock.epoch_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {_TABLE} (key, seq, next_free, recent, crowded_until, closed_until, reason)
            VALUES (%s, 0, 0, '[]', 0, {now} + %s, %s)
            ON CONFLICT (key) DO UPDATE SET closed_until = excluded.closed_until, reason = excluded.reason
            WHERE {_TABLE}.closed_until < excluded.closed_until""",  # noqa: S608 - our own table and clock
            [bucket.key, *offset, seconds, reason[:100]],
        )


def _closed(name: str, bucket: Bucket, wait: float) -> RateLimited:
    told = {"name": name, "seconds": max(1, round(wait))}
    text = _("%(name)s asked us to pause. We go on in %(seconds)d seconds.")
    return RateLimited(text % told, retry_after=wait, scope=bucket.scope, code="closed")


def _too_long(name: str, bucket: Bucket, wait: float, prio: int) -> RateLimited:
    """Who is refused comes again when what is left can be waited for, and so before those who only then begin."""
    text = _("%(name)s allows only so many calls at a time. Ours is next in %(seconds).1f seconds.")
    again = max(wait - 0.9 * reach(bucket, prio), bucket.spacing / 2)
    told = {"name": name, "seconds": max(wait, again)}
    return RateLimited(text % told, retry_after=again, scope=bucket.scope, code="budget")
