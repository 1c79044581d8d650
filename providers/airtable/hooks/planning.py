"""What is to be done about the webhooks of a connection now. Only our own tables are asked."""

from datetime import datetime, timedelta

from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, registry
from integration_hub.http import clock
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.reading import MINUTES
from providers.airtable.hooks import address
from providers.airtable.hooks.facts import Duty
from providers.airtable.hooks.models import AirtableWebhook

LOOK = timedelta(hours=12)  # between two looks at a webhook that is well
QUIET = timedelta(hours=1)  # without a ping; then the payloads are read all the same


def duties(connection: Connection) -> list[Duty]:
    """What pings called for first, then what the clock says."""
    now, rows = clock.now(), _known(connection)
    wanted = set(by_base(connection)) if not address.obstacle(connection) else set()
    found = [_duty(connection, base, rows.get(base), wanted, now) for base in sorted(wanted | rows.keys())]
    due = [duty for duty in found if duty.drop or duty.drain or duty.look]
    return sorted(due, key=lambda duty: (duty.look, duty.base))


def _known(connection: Connection) -> dict[str, AirtableWebhook]:
    rows = AirtableWebhook.everywhere.filter(connection=connection).defer("secret")
    return {row.base_id: row for row in rows}


def _duty(connection: Connection, base: str, row: AirtableWebhook | None, wanted: set[str], now: datetime) -> Duty:
    known = row or AirtableWebhook(base_id=base)
    look = base in wanted and (known.look_at is None or known.look_at <= now)
    return Duty(
        base,
        address.of(connection),
        address.path(connection),
        known.hook_id,
        known.cursor,
        drop=base not in wanted,
        look=look,
        drain=bool(known.hook_id) and base in wanted and (look or _has_news(known, now)),
    )


def _has_news(row: AirtableWebhook, now: datetime) -> bool:
    """Pinged since its payloads were last read to their end, or silent for long."""
    if row.drained_at is None or (row.pinged_at is not None and row.pinged_at >= row.drained_at):
        return True
    return now - row.drained_at >= QUIET


def by_base(connection: Connection, base: str = "") -> dict[str, list[Mapping]]:
    """The mappings whose tables are read as things happen, by base (all of them, or only this one). Those that wait for
    a preview, are read in a rhythm of their own, or only when somebody wants it, ask for no webhook: their next reading
    finds what changed."""
    rows = Mapping.everywhere.filter(connection=connection, retired_at=None, is_live=True, waits=False)
    rows = rows.exclude(direction=Direction.PUSH.value)
    if base:
        rows = rows.filter(place__base=base)
    rhythms = dict(Reading.everywhere.filter(mapping__in=rows).values_list("mapping_id", "minutes"))
    found: dict[str, list[Mapping]] = {}
    for mapping in rows.order_by("pk"):
        if 0 < rhythms.get(mapping.pk, MINUTES) <= MINUTES and _is_read(mapping):
            found.setdefault(str(mapping.place.get("base")), []).append(mapping)
    return found


def _is_read(mapping: Mapping) -> bool:
    return registry.record_type(mapping.record_type).save is not None
