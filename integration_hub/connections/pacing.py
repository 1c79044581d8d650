"""Background writing that leaves SQLite's lock to people: at most 20 ms held, then a pause at least as long.

SQLite's lock is not fair; PostgreSQL needs none of this.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

HELD = 0.020
LONGEST = 0.2  # seconds


@contextmanager
def paced() -> Iterator[None]:
    """One transaction of background work; on SQLite followed by a pause as long as it lasted (20 to 200 ms)."""
    start = time.monotonic()
    with transaction.atomic():
        yield
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min(LONGEST, max(HELD, time.monotonic() - start)))
