"""What happens by the clock: every mapping's schedule is a row, and the row is the truth."""

from datetime import timedelta

from django.db.models import Exists, OuterRef

from integration_hub.contract import registry
from integration_hub.http import clock
from integration_hub.sync import runs
from integration_hub.sync.models import Mapping, Schedule, SyncRun
from integration_hub.sync.models.run import RunKind
from integration_hub.sync.reading import BY_THE_CLOCK

JUST_NOW = timedelta(minutes=1)  # a run that began this long ago has seen what there is


def set_interval(mapping: Mapping, minutes: int, *, is_active: bool) -> Schedule:
    """Sync this mapping every so many minutes (a whole number ≥ 1), from now on."""
    if minutes < 1:
        raise ValueError("an interval is a whole number of minutes, at least 1")
    schedule, _ = Schedule.everywhere.update_or_create(
        mapping=mapping,
        defaults={"minutes": minutes, "is_active": is_active, "next_run": clock.now() + timedelta(minutes=minutes)},
        create_defaults={
            "company_id": mapping.company_id,
            "minutes": minutes,
            "is_active": is_active,
            "next_run": clock.now() + timedelta(minutes=minutes),
        },
    )
    return schedule


def at_start() -> int:
    """The house was away: what mirrors rows is synced now instead of when its time comes. Not what was a moment ago, so
    that several processes that start together start one run. How many runs were started."""
    now = clock.now()
    kinds = [kind.key for kind in registry.record_types() if kind.mirrored is not None]
    mirrors = Mapping.everywhere.filter(record_type__in=kinds, is_primary=True, retired_at=None)
    fresh = SyncRun.everywhere.filter(mapping=OuterRef("mapping"), kind=RunKind.FULL, started_at__gt=now - JUST_NOW)
    waiting = Schedule.everywhere.filter(~Exists(fresh), is_active=True, next_run__gt=now, mapping__in=mirrors)
    waiting.update(next_run=now)
    return start_due()


def start_due() -> int:
    """Start the runs whose time has come. Claimed by a conditional update: two beats do no harm, missed times are one
    catch-up. A mapping that waits for a preview is left alone: the one that somebody looks at is to stay the newest."""
    now = clock.now()
    started = 0
    due = Schedule.everywhere.filter(is_active=True, next_run__lte=now, mapping__connection__status="connected")
    for schedule in due.select_related("mapping__connection").iterator(chunk_size=200):
        following = now + timedelta(minutes=schedule.minutes)
        mine = Schedule.everywhere.filter(pk=schedule.pk, next_run=schedule.next_run).update(next_run=following)
        if mine and schedule.mapping.connection.is_active and not schedule.mapping.waits:
            runs.start(schedule.mapping, actor=BY_THE_CLOCK)
            started += 1
    return started
