"""Once a night every table that is read is read whole: what asking for changes cannot tell (rows deleted over there,
cells that are computed) and what was missed for whatever reason is found then.
"""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from integration_hub.connections.models import Status
from integration_hub.http import clock
from integration_hub.sync import outbox, reading
from integration_hub.sync.models.pull import Reading

HOUR = 2  # by the company's clock,
SPREAD = 60  # and over how many minutes the mappings are spread, so that not all bases are read at once
RARELY = timedelta(hours=20)  # a table that was read whole later than that ago is left alone


def start_due() -> int:
    """Have those tables read whole whose night has come, or was missed. How many. One that is being read whole, or is
    to be, has no cursor or knows since when."""
    now = clock.now()
    asleep = Q(whole_at=None) | Q(whole_at__lt=now - RARELY)
    rows = Reading.everywhere.filter(asleep, next_at__isnull=False, cursor__isnull=False, whole_since=None)
    mine = rows.filter(mapping__retired_at=None, mapping__is_live=True, mapping__waits=False)
    working = mine.filter(mapping__connection__status=Status.CONNECTED, mapping__connection__is_active=True)
    begun = 0
    for row in working.select_related("mapping", "company").iterator(chunk_size=200):
        if row.whole_at is None or row.whole_at < night(row.company.timezone, row.pk, now):
            reading.whole(row.mapping)
            outbox.wake([row.pk])
            begun += 1
    return begun


def night(zone: str, mapping: UUID, now: datetime) -> datetime:
    """When the last night of this mapping began."""
    here = now.astimezone(ZoneInfo(zone))
    begins = here.replace(hour=HOUR, minute=0, second=0, microsecond=0) + timedelta(minutes=mapping.int % SPREAD)
    return begins if begins <= here else begins - timedelta(days=1)
