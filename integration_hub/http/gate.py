"""The last look before a call leaves. One statement, which nearly always finds that nothing stands in its way."""

from collections.abc import Sequence
from functools import cache

from django.db import connection

from integration_hub.http import clock
from integration_hub.http.buckets import Bucket
from integration_hub.http.models import Breaker, RateBucket

_BUCKETS, _BREAKERS = RateBucket._meta.db_table, Breaker._meta.db_table


def is_clear(buckets: Sequence[Bucket], breaker: str) -> bool:
    """True when none of the buckets is closed and no failure is counted. Otherwise they must be asked one by one."""
    now, offset = clock.epoch_sql()
    with connection.cursor() as cursor:
        cursor.execute(_look(len(buckets), now), [*[bucket.key for bucket in buckets], *offset, breaker])
        return cursor.fetchone() is None


@cache
def _look(buckets: int, now: str) -> str:
    marks = ", ".join(["%s"] * buckets)
    return (
        f"SELECT 1 FROM {_BUCKETS} WHERE key IN ({marks}) AND closed_until > {now}"  # noqa: S608 - our own tables
        f" UNION ALL SELECT 1 FROM {_BREAKERS} WHERE key = %s AND failures > 0 LIMIT 1"
    )
