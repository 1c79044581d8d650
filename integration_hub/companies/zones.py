"""Time zones by their IANA names, and the days people live by in them."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())


def validate_zone(name: str) -> None:
    """ValidationError unless `name` is an IANA zone such as Europe/Bucharest."""
    if name not in zones():
        raise ValidationError(
            _("“%(name)s” is not a time zone; write one such as Europe/Bucharest."), params={"name": name}
        )


def midnight(day: date, zone: str) -> datetime:
    """The moment this day begins, in UTC; at either end of the calendar the last moment there is."""
    try:
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        return FIRST if day.year < 5000 else LAST


def day_of(moment: datetime, zone: str) -> date:
    """The day with midnight(day) <= moment < midnight(day + 1). Clocks set back over midnight make a day no longer
    come back: it has begun."""
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except OverflowError:
        return moment.date()
    day = local.date()
    if local.fold and day < date.max and midnight(day + timedelta(days=1), zone) <= moment:
        return day + timedelta(days=1)
    return day


def next_midnight(moment: datetime, zone: str) -> datetime:
    """When the day of this moment is over, in UTC."""
    day = day_of(moment, zone)
    return midnight(day + timedelta(days=1), zone) if day < date.max else LAST
