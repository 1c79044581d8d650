"""The last 24 hours of a company by provider and hour: what was moved, how many calls, how many of them failed.

Hours that are over do not change, so each is counted once and kept in the cache; a page counts the open one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import CharField, Count, Q, Sum
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from integration_hub.http.models import IntegrationMetric

HOURS = 24
SETTLING = timedelta(minutes=1)  # a call is counted when its row is there, a moment after the time it carries
KEPT = 90_000  # seconds: a little longer than an hour is shown
WRITTEN = "%Y-%m-%d %H"  # an hour, as the stored time begins
RUNS = "sync"  # the metric of a whole run; its calls have metrics of their own


@dataclass(frozen=True)
class Hour:
    """One hour, or several added up. `took`: milliseconds of all calls together."""

    start: datetime
    calls: int = 0
    good: int = 0
    moved: int = 0
    took: int = 0

    @property
    def failed(self) -> int:
        return self.calls - self.good


@dataclass(frozen=True)
class Minute:
    """The last sixty seconds: calls that left, records they moved."""

    calls: int = 0
    moved: int = 0


@dataclass
class Day:
    """24 hours for each provider that made calls, and the last minute."""

    starts: list[datetime]
    hours: dict[tuple[str, datetime], Hour] = field(default_factory=dict)
    minutes: dict[str, Minute] = field(default_factory=dict)

    def of(self, provider: str) -> list[Hour]:
        """All 24 hours, the oldest first; an hour without calls is there too."""
        return [self.hours.get((provider, start), Hour(start)) for start in self.starts]

    def minute(self, provider: str) -> Minute:
        return self.minutes.get(provider, Minute())

    @property
    def whole(self) -> Hour:
        """Everything added up."""
        rows = self.hours.values()
        sums = {name: sum(getattr(row, name) for row in rows) for name in ("calls", "good", "moved", "took")}
        return Hour(self.starts[0], **sums)


def day(company: UUID, now: datetime | None = None) -> Day:
    """One query, and a second one for the first page after an hour is over."""
    now = now or timezone.now()
    last = now.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    made = Day([last - timedelta(hours=back) for back in reversed(range(HOURS))])
    edge = (now - SETTLING).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    closed = _closed(company, [start for start in made.starts if start < edge], edge, now)
    for row in (*closed, *_counted(company, edge, now + timedelta(days=1), now)):
        _enter(made, *row)
    return made


def _closed(company: UUID, starts: list[datetime], edge: datetime, now: datetime) -> list["Row"]:
    """The rows of hours that are over: from the cache, and from the first one on that is not there."""
    keys = {start: f"hub:hour:{company}:{start:%Y%m%d%H}" for start in starts}
    kept: dict[str, list[Row]] = cache.get_many(list(keys.values()))
    missing = [start for start, key in keys.items() if key not in kept]
    if missing:
        fresh: dict[str, list[Row]] = {keys[start]: [] for start in missing}
        for row in _counted(company, missing[0], edge, now):
            fresh.setdefault(keys[_start(row[1])], []).append(row)
        cache.set_many(fresh, KEPT)
        kept |= fresh
    return [row for rows in kept.values() for row in rows]


Row = tuple[str, str, int, int, int, int, int, int]


def _counted(company: UUID, first: datetime, end: datetime, now: datetime) -> list[Row]:
    """(provider, hour, calls, good, moved, took, calls and moved of the last minute). The hour is the beginning of the
    stored text, in UTC: Django's own truncation is a Python function for every row on SQLite."""
    rows = IntegrationMetric.everywhere.filter(company=company, at__gte=first, at__lt=end).exclude(action=RUNS)
    lately = Q(at__gte=now - timedelta(minutes=1))
    sums: dict[str, Any] = {
        "calls": Count("pk"),
        "good": Count("pk", filter=Q(success=True)),
        "moved": Sum("records_synced"),
        "took": Sum("duration_ms"),
        "lately": Count("pk", filter=lately),
        "moved_lately": Sum("records_synced", filter=lately, default=0),
    }
    hour = Substr(Cast("at", CharField()), 1, 13)
    return list(rows.order_by().values_list("provider", hour).annotate(**sums))


def _enter(made: Day, provider: str, hour: str, *figures: int) -> None:
    start = _start(hour)
    if start >= made.starts[0]:
        made.hours[provider, start] = Hour(start, *figures[:4])
    calls, moved = figures[4:]
    so_far = made.minute(provider)
    made.minutes[provider] = Minute(so_far.calls + calls, so_far.moved + moved)


def _start(hour: str) -> datetime:
    return datetime.strptime(hour, WRITTEN).replace(tzinfo=UTC)


def moved_lately(company: UUID, provider: str, seconds: int = 60) -> int:
    """Records the provider's calls moved in the last so many seconds."""
    since = timezone.now() - timedelta(seconds=seconds)
    rows: Iterable[Any] = IntegrationMetric.everywhere.filter(company=company, provider=provider, at__gte=since)
    return int(rows.exclude(action=RUNS).aggregate(n=Sum("records_synced", default=0))["n"])  # type: ignore[attr-defined]
