"""Rate buckets: one row each, shared by all workers, so that together they stay under the provider's limit.

Calls are paced: each takes the next free moment of its bucket with one UPDATE and sleeps until then. The pace is a
little slower than the limit; and where few calls fit into a window, a call leaves a whole window after the answer to
the one so many before it, so that no delay on the way can bring too many into one window over there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from integration_hub.contract import Rate, RateLimited
from integration_hub.http import clock
from integration_hub.http.models import RateBucket, RateSlot

LONGEST_SLEEP = 0.5  # seconds; who must wait longer gives its thread back
SLACK = 0.03  # seconds by which the calls of one window are spread over more than the window
WATCHED = 10  # calls in a window up to which each is watched by itself
_TABLE = RateBucket._meta.db_table
_SLOTS = RateSlot._meta.db_table


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


@dataclass(frozen=True)
class Booking:
    """A moment taken from a bucket: `slot` is its place among the calls of a window."""

    bucket: Bucket
    slot: int
    wait: float


def buckets_of(provider: str, rates: Sequence[Rate], account: str, word: str) -> tuple[Bucket, ...]:
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


def reach(spacing: float, prio: int) -> float:
    """How far ahead a call of this priority may book, in seconds. The last moment before the longest sleep is kept
    for people who wait (prio 0), unless moments are so rare that nobody else would get one."""
    if prio == 0:
        return LONGEST_SLEEP
    return max(LONGEST_SLEEP - spacing, min(spacing, LONGEST_SLEEP))


def wait_turn(name: str, buckets: Sequence[Bucket], prio: int, ends: float) -> list[Booking]:
    """Sleep until the call may leave. RateLimited when a bucket is closed or the wait is too long to be slept."""
    booked = book_turn(name, buckets, prio, ends)
    refuse_if_closed(name, buckets)  # last of all: a 429 may have come while we slept
    return booked


def book_turn(name: str, buckets: Sequence[Bucket], prio: int, ends: float) -> list[Booking]:
    """The same for those who take the last look by themselves, together with another (`gate.is_clear`).

    What was booked in one bucket before another refused is lost; the scarcest is asked first.
    """
    paced = sorted((bucket for bucket in buckets if bucket.spacing), key=lambda bucket: -bucket.spacing)
    booked = [_book(name, bucket, prio, ends) for bucket in paced]
    time.sleep(max((booking.wait for booking in booked), default=0.0))
    return booked


def answered(bookings: Sequence[Booking]) -> None:
    """The calls' answers are there, or nobody waits for them any more."""
    now, offset = clock.epoch_sql()
    with connection.cursor() as cursor:
        for booking in bookings:
            if booking.bucket.slots:
                cursor.execute(
                    f"INSERT INTO {_SLOTS} (key, slot, ends) VALUES (%s, %s, {now})"  # noqa: S608
                    " ON CONFLICT (key, slot) DO UPDATE SET ends = excluded.ends",
                    [booking.bucket.key, booking.slot, *offset],
                )


def _book(name: str, bucket: Bucket, prio: int, ends: float) -> Booking:
    """Take the bucket's next free moment."""
    limit = min(reach(bucket.spacing, prio), ends - time.monotonic())
    now, offset = clock.epoch_sql()
    free, given = _free(bucket)
    most = "MAX" if connection.vendor == "sqlite" else "GREATEST"
    sql = f"""
        UPDATE {_TABLE} SET seq = seq + 1, next_free = {most}({now}, {free}) + %s
        WHERE key = %s AND closed_until <= {now} AND {free} - {now} <= %s
        RETURNING next_free - %s - {now}, seq - 1"""  # noqa: S608 - only our own tables and clock
    arguments = [
        *[*offset, *given, bucket.spacing],
        *[bucket.key, *offset, *given, *offset, limit],
        *[bucket.spacing, *offset],
    ]
    for _try in range(2):
        if row := _one(sql, arguments):
            return Booking(bucket, int(row[1]) % (bucket.slots or 1), max(0.0, float(row[0])))
        if _try == 0 and not _make(bucket.key):
            break
    refuse_if_closed(name, [bucket])
    raise _too_long(name, bucket)


def _free(bucket: Bucket) -> tuple[str, list[Any]]:
    """SQL for the moment the next call may leave: the pace, and a window after the answer so many calls before."""
    if not bucket.slots:
        return "next_free", []
    answer = f"(SELECT ends FROM {_SLOTS} s WHERE s.key = {_TABLE}.key AND s.slot = {_TABLE}.seq %% %s)"  # noqa: S608
    most = "MAX" if connection.vendor == "sqlite" else "GREATEST"
    return f"{most}(next_free, COALESCE({answer} + %s, 0))", [bucket.slots, bucket.window]


def _too_long(name: str, bucket: Bucket) -> RateLimited:
    now, offset = clock.epoch_sql()
    free, given = _free(bucket)
    row = _one(f"SELECT {free} - {now} FROM {_TABLE} WHERE key = %s", [*given, *offset, bucket.key])  # noqa: S608
    wait = max(row[0] if row else 0.0, bucket.spacing / 2)
    return RateLimited(
        _("%(name)s allows only so many calls at a time. Ours is next in %(seconds).1f seconds.")
        % {"name": name, "seconds": wait},
        retry_after=wait,
        scope=bucket.scope,
        code="budget",
    )


def refuse_if_closed(name: str, buckets: Sequence[Bucket]) -> None:
    """RateLimited while the provider's pause holds for any of the buckets."""
    now, offset = clock.epoch_sql()
    marks = ", ".join(["%s"] * len(buckets))
    row = _one(
        f"SELECT key, closed_until - {now} AS wait FROM {_TABLE}"  # noqa: S608
        f" WHERE key IN ({marks}) AND closed_until > {now} ORDER BY wait DESC LIMIT 1",
        [*offset, *(bucket.key for bucket in buckets), *offset],
    )
    if row:
        raise RateLimited(
            _("%(name)s asked us to pause. We go on in %(seconds)d seconds.")
            % {"name": name, "seconds": max(1, round(row[1]))},
            retry_after=row[1],
            scope=next(bucket.scope for bucket in buckets if bucket.key == row[0]),
            code="closed",
        )


def close(bucket: Bucket, seconds: float, reason: str) -> None:
    """No call leaves for so many seconds, by nobody. A longer pause that holds already stays."""
    now, offset = clock.epoch_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {_TABLE} (key, seq, next_free, closed_until, reason) VALUES (%s, 0, 0, {now} + %s, %s)
            ON CONFLICT (key) DO UPDATE SET closed_until = excluded.closed_until, reason = excluded.reason
            WHERE {_TABLE}.closed_until < excluded.closed_until""",  # noqa: S608
            [bucket.key, *offset, seconds, reason[:100]],
        )


def _make(key: str) -> bool:
    """Whether the row had been missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (key, seq, next_free, closed_until, reason) VALUES (%s, 0, 0, 0, '')"  # noqa: S608
            " ON CONFLICT (key) DO NOTHING",
            [key],
        )
        return bool(cursor.rowcount)


def _one(sql: str, arguments: Sequence[str | float]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, tuple(arguments))
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
