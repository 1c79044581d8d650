"""A clock that tests may move forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate


class Clock:
    """Seconds since 1970 that never run backwards; `advance` moves them, nobody has to wait."""

    def __init__(self) -> None:
        self._start = time.time() - time.monotonic()
        self.offset = 0.0

    def now(self) -> float:
        return self.at(time.monotonic())

    def at(self, monotonic: float) -> float:
        """The time of this clock when the machine's monotonic clock showed `monotonic`."""
        return self._start + monotonic + self.offset

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("a clock only goes forward")
        self.offset += seconds


def instant(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def iso(moment: float) -> str:
    """`2026-04-24T15:07:42.000Z`, as most providers write it."""
    return instant(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_date(moment: float) -> str:
    return formatdate(moment, usegmt=True)
