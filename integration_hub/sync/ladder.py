"""When to try again: exponential waits with full jitter, over a horizon of more than three days. Pure functions."""

import random
from datetime import datetime, timedelta

BASE = 2.0
CAP = timedelta(hours=12)
HORIZON = timedelta(hours=75, minutes=35)
ALONE_AFTER = 3  # a row that failed this often travels alone, so that it delays nobody


def wait(attempts: int, *, least: float | None = None) -> timedelta:
    """How long to wait after the given number of failed attempts (1 = the first); never less than `least` seconds."""
    ceiling = min(CAP.total_seconds(), BASE * 2.0 ** min(attempts, 20))
    return timedelta(seconds=max(least or 0.0, random.uniform(ceiling / 4, ceiling)))  # noqa: S311 - jitter


def is_over(failing_since: datetime | None, now: datetime) -> bool:
    """True when a row has failed for longer than the horizon."""
    return failing_since is not None and now - failing_since >= HORIZON
