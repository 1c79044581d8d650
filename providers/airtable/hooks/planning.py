"""What is to be done about the webhooks of a connection now. Only our own tables are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, registry
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.reading import MINUTES
from providers.airtable.hooks import address
from providers.airtable.hooks.facts import Duty
from providers.airtable.hooks.models import AirtableWebhook

LOOK = timedelta(hours=12)  # between two looks at a webhook that is well
QUIET = timedelta(hours=1)  # without a ping; then the payloads are read all the same
BRIEF = timedelta(seconds=1)  # between two readings of payloads; longer while they tell of our own writing only,
LONGEST = timedelta(seconds=4)  # up to this


@dataclass(frozen=True)
class Pause:
    """Until when the payloads of a base are left alone, and how often in a row they told of our own writing only: a hub
    that writes much hears much of itself, and each look costs a call that could write ten rows."""

    until: datetime
    echoes: int = 0

    @classmethod
    def after(cls, before: "Pause | None", *, at: datetime, echo: bool) -> "Pause":
        echoes = min(before.echoes if before else 0, 8) + 1 if echo else 0
        return cls(at + min(BRIEF * 2 ** max(echoes - 1, 0), LONGEST), echoes)

    def holds(self, now: datetime) -> bool:
        """A clock that was set back holds nothing up."""
        return now < self.until <= now + LONGEST


Pauses = dict[str, Pause]


def read_pauses(cursor: Json) -> Pauses:
    """From the stream's cursor: base, until when, echoes."""
    found: dict[str, Any] = dict(cursor) if isinstance(cursor, dict) else {}
    return {base: Pause(datetime.fromisoformat(until), echoes) for base, (until, echoes) in found.items()}


def write_pauses(pauses: Pauses) -> Json:
    return {base: [pause.until.isoformat(), pause.echoes] for base, pause in pauses.items()}


@dataclass(frozen=True)
class Plan:
    """What to do now, what pings called for first."""

    duties: Sequence[Duty]
    pauses: Pauses


def plan(connection: Connection, cursor: Json) -> Plan:
    now, rows, pauses = clock.now(), _known(connection), read_pauses(cursor)
    wanted = set(by_base(connection)) if not address.obstacle(connection) else set()
    found = [_duty(connection, base, rows.get(base), wanted, now, pauses) for base in sorted(wanted | rows.keys())]
    due = [duty for duty in found if duty.drop or duty.drain or duty.look]
    return Plan(sorted(due, key=lambda duty: (duty.look, duty.base)), pauses)


def rest(connection: Connection, cursor: Json, longest: timedelta) -> timedelta:
    """How long nothing is due: until the first pause ends during which a ping came."""
    now, pauses = clock.now(), read_pauses(cursor)
    waiting = [pauses[base].until for base, row in _known(connection).items() if _is_pinged(row) and base in pauses]
    return min([longest, *(max(until - now, timedelta()) for until in waiting)])


def _known(connection: Connection) -> dict[str, AirtableWebhook]:
    rows = AirtableWebhook.everywhere.filter(connection=connection).defer("secret")
    return {row.base_id: row for row in rows}


def _duty(
    connection: Connection, base: str, row: AirtableWebhook | None, wanted: set[str], now: datetime, pauses: Pauses
) -> Duty:
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
        drain=bool(known.hook_id) and base in wanted and (look or _has_news(known, now, pauses.get(base))),
        user=connection.account_id,
    )


def _has_news(row: AirtableWebhook, now: datetime, pause: Pause | None) -> bool:
    """Pinged since its payloads were last read to their end, a moment ago; or silent for long."""
    if _is_pinged(row):
        return pause is None or not pause.holds(now)
    return row.drained_at is None or now - row.drained_at >= QUIET


def _is_pinged(row: AirtableWebhook) -> bool:
    return row.pinged_at is not None and (row.drained_at is None or row.pinged_at >= row.drained_at)


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
