"""What happens by the clock: every mapping's schedule is a row, and the row is the truth."""

from datetime import timedelta

from integration_hub.http import clock
from integration_hub.sync import runs
from integration_hub.sync.models import Mapping, Schedule


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


def start_due() -> int:
    """Start the runs whose time has come. Claimed by a conditional update: two beats do no harm, missed times are one
    catch-up."""
    now = clock.now()
    started = 0
    due = Schedule.everywhere.filter(is_active=True, next_run__lte=now, mapping__connection__status="connected")
    for schedule in due.select_related("mapping__connection").iterator(chunk_size=200):
        following = now + timedelta(minutes=schedule.minutes)
        mine = Schedule.everywhere.filter(pk=schedule.pk, next_run=schedule.next_run).update(next_run=following)
        if mine and schedule.mapping.connection.is_active:
            runs.start(schedule.mapping, actor="schedule")
            started += 1
    return started
