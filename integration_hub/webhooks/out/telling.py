"""What happened becomes rows, in its own transaction: an event that was rolled back never existed.

Where a company has no webhooks this costs one look into a small index. An event is written once, with what programs
see of the record at that moment, and a delivery for each subscription that wants it.
"""

import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from integration_hub.connections.models import Connection
from integration_hub.http import clock
from integration_hub.sync import announcing, outbox, sql
from integration_hub.sync.announcing import Kind, News, Tell
from integration_hub.webhooks.out import bodies, nudge

CHUNK = 500  # events a statement
Event = tuple[str, UUID | None, Mapping[str, Any]]  # record type, record, data


@dataclass(frozen=True)
class Ear:
    """What one subscription wants to hear; no `types` means all."""

    subscription: UUID
    events: Collection[str]
    types: Collection[str]

    def hears(self, kind: str, record_type: str) -> bool:
        return kind in self.events and (not record_type or not self.types or record_type in self.types)


def hear(company_id: UUID, tell: Tell) -> None:
    """The room's ear: `announcing.announce` calls it inside the transaction of what happened."""
    if not database.in_atomic_block:
        raise outbox.OutsideTransaction("announce() belongs inside the transaction of what it announces")
    ears = _ears(company_id)
    if not ears:
        return

    def wants(kind: Kind, record_type: str = "") -> bool:
        return any(ear.hears(kind, record_type) for ear in ears)

    for news in tell(wants):
        heard = [ear.subscription for ear in ears if ear.hears(news.kind, news.record_type)]
        events = _events(company_id, news) if heard else iter(())
        while some := list(islice(events, CHUNK)):
            write(company_id, news.kind, some, heard)


def broken(connection: Connection, sentence: str) -> None:
    """A connection needs to be connected again; called in the transaction that says so."""
    said = {"connection": str(connection.pk), "provider": connection.provider, "sentence": sentence}
    hear(connection.company_id, lambda _wants: [News(Kind.NEEDS_RECONNECT, data=said)])


_EARS = "SELECT id, events, record_types FROM webhook_subscriptions WHERE company_id = %s AND active"


def _ears(company_id: UUID) -> list[Ear]:
    """By hand: this stands in the way of every change of a record."""
    return [
        Ear(sql.uuid_of(pk), json.loads(events), json.loads(types))
        for pk, events, types in sql.fetch(_EARS, [company_id])
    ]


def _events(company_id: UUID, news: News) -> Iterator[Event]:
    """One for each record, with its fields as the API has them; one where it is about no record."""
    if not news.ids:
        yield news.record_type, None, news.data
        return
    for start in range(0, len(news.ids), CHUNK):
        ids = news.ids[start : start + CHUNK]
        shown = announcing.shown(news.record_type, company_id, ids)
        for pk in ids:
            if pk in shown:  # types that programs do not see have no events
                yield news.record_type, pk, {"record_type": news.record_type, "id": pk, "fields": shown[pk]}


_EVENTS = """
INSERT INTO webhook_announcements (id, company_id, type, record_type, record_id, body, at)
SELECT news.id, %s, %s, news.record_type, news.record_id, news.body, %s FROM {news} AS news
"""
_DELIVERIES = """
INSERT INTO webhook_deliveries (id, company_id, announcement_id, subscription_id, state, attempts, run_at, response,
                                sentence, created_at)
SELECT news.id, %s, news.event, news.subscription, 'due', 0, %s, '', '', %s FROM {news} AS news
"""


def write(company_id: UUID, kind: str, events: Sequence[Event], subscriptions: Sequence[UUID]) -> list[UUID]:
    """Rows for these events, in their order, due at once for each of the subscriptions. The ids of the deliveries."""
    now = clock.now()
    made = [
        (pk, record_type, record_id, bodies.body(kind, now, data))
        for pk, (record_type, record_id, data) in zip(ids(now, len(events)), events, strict=True)
    ]
    pairs = [(event[0], subscription) for event in made for subscription in subscriptions]
    due = [(pk, *pair) for pk, pair in zip(ids(now, len(pairs)), pairs, strict=True)]
    news = sql.given(id="uuid", record_type="text", record_id="uuid", body="text")
    sql.execute(_EVENTS.format(news=news), [company_id, str(kind), now, sql.rows(made)])
    news = sql.given(id="uuid", event="uuid", subscription="uuid")
    sql.execute(_DELIVERIES.format(news=news), [company_id, now, now, sql.rows(due)])
    transaction.on_commit(nudge.publish_soon, robust=True)
    return [pk for pk, *_pair in due]


def ids(at: datetime, count: int) -> list[UUID]:
    """UUIDs of version 7: ordered by time to the microsecond, those of one moment by their place."""
    micro = int(at.timestamp() * 1_000_000)
    milli, rest = divmod(micro, 1000)
    head = (milli << 80) | (7 << 76) | ((rest * 4096 // 1000) << 64) | (2 << 62)
    return [UUID(int=head | (place << 38) | secrets.randbits(38)) for place in range(count)]
