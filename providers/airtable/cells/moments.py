"""Days and instants. Instants are said in UTC and with Z: without it Airtable would read them in the field's own zone.

Which day an instant is, and when a day begins, is a question of the zone: the field's, where it has a fixed one
(Europe/Bucharest), so that people there see the day that is meant; UTC where it has none, or each viewer's ("client").
The zone that our records carry beside an instant is a field of its own.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from integration_hub.contract import MappedField
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.cells.refusing import shape, unfit


def day(value: Value, mapped: MappedField) -> Json:
    """A date; of an instant, the day it is in the field's zone."""
    if isinstance(value, datetime):
        return in_zone(value, zone(mapped), mapped).date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise unfit(mapped, _("it is %(shape)s, not a date") % {"shape": shape(value)})


def instant(value: Value, mapped: MappedField) -> Json:
    """An instant to the millisecond; of a date, its midnight in the field's zone."""
    if isinstance(value, datetime):
        return spelled(value, mapped)
    if isinstance(value, date):
        return spelled(datetime.combine(value, time(0), zone(mapped)), mapped)
    raise unfit(mapped, _("it is %(shape)s, not a date and time") % {"shape": shape(value)})


def spelled(value: datetime, mapped: MappedField) -> str:
    """2026-04-24T15:07:42.000Z"""
    in_utc = value if value.tzinfo is UTC else in_zone(value, UTC, mapped)
    return in_utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def in_zone(value: datetime, where: tzinfo, mapped: MappedField) -> datetime:
    """ValueError where the instant has no zone: that is our bug, not a value that people could mend."""
    if value.tzinfo is None:
        raise ValueError("an instant without a zone")
    try:
        return value.astimezone(where)
    except OverflowError:
        raise unfit(mapped, _("it is before the first or after the last day of the calendar")) from None


def zone(mapped: MappedField) -> tzinfo:
    """The field's fixed zone, else UTC. A computed field carries the options of its result."""
    options = mapped.options
    result = options.get("result")
    inner = result.get("options") if isinstance(result, dict) else None
    name = options.get("timeZone") or (inner.get("timeZone") if isinstance(inner, dict) else None)
    return named_zone(name) if isinstance(name, str) else UTC


@cache
def named_zone(name: str) -> tzinfo:
    """UTC for "utc", "client" and names that no one here knows."""
    try:
        return UTC if name in ("utc", "client") else ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what ZoneInfo raises for a name that is no zone, no path, or a folder
        return UTC


def seconds(value: timedelta) -> Decimal:
    return Decimal(value // timedelta(microseconds=1)) / 1_000_000
