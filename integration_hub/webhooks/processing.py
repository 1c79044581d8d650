"""Working on events: effects and "done" commit together, a savepoint for each event, the oldest of a connection first.

Several workers take different events of one connection at once: handlers bear any order. An event that fails is set
aside and tried five times in fifteen minutes, then it waits for somebody's Replay; those behind it go on.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from traceback import format_exc
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from integration_hub.companies import scope
from integration_hub.connections.models import Connection
from integration_hub.contract import Delivery, ProviderError, registry
from integration_hub.contract.webhooks import Handler
from integration_hub.http import clock
from integration_hub.http.redaction import redact, scrub
from integration_hub.sync import sql, streams
from integration_hub.sync.pacing import HELD, paced
from integration_hub.webhooks import nudge, trouble
from integration_hub.webhooks.models import State, WebhookEvent

log = structlog.get_logger(__name__)

SHIFT = 8.0  # seconds; then the thread is given back and another nudge takes over
BATCH = 50  # events in one transaction
WAITS = (15, 60, 240, 540)  # seconds after the first, second, … failure; together a quarter of an hour
OWNERS = 100  # connections looked at in one round

# Connections that have something due, each found by one look into the index of waiting events.
_WAITING = """FROM integration_configs c
WHERE EXISTS (SELECT 1 FROM webhook_events e WHERE e.connection_id = c.id AND e.state = 'waiting' AND e.run_at <= {now})
"""
_OWNERS = f"SELECT c.id {_WAITING} ORDER BY random() LIMIT {{most}}"
DUE = f"EXISTS (SELECT 1 {_WAITING})"  # whether any event is, as SQL


@dataclass
class Outcome:
    """What became of the events of one transaction."""

    done: list[UUID] = field(default_factory=list)
    ignored: list[UUID] = field(default_factory=list)
    failed: int = 0
    given_up: int = 0
    pokes: set[tuple[UUID, str]] = field(default_factory=set)

    @property
    def served(self) -> int:
        return len(self.done) + len(self.ignored) + self.failed


def drain(seconds: float = SHIFT) -> int:
    """Work on due events until none is left or the shift is over; a batch of each connection in turn, so that none
    waits for another's thousands. How many were worked on."""
    ends, served = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < ends:
            found = sum(_safely(owner) for owner in owners())
            if not found:
                return served
            served += found
    except (OperationalError, InterfaceError):  # the database is away or busy: what was not committed is still due
        log.exception("database failed while working on events")
        return served
    nudge.publish()
    return served


def _safely(owner: UUID) -> int:
    """A fault of ours with one connection's events keeps no other one waiting."""
    try:
        return batch(owner)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("a batch of events broke", connection=str(owner))
        return 0


def repair() -> None:
    """For the sweep: a word again for events whose nudge was lost, or whose time to be tried again has come."""
    if owners(most=1):
        nudge.publish()


def owners(most: int = OWNERS) -> list[UUID]:
    """Connections with due events."""
    now, offset = clock.now_sql()
    return [sql.uuid_of(pk) for (pk,) in sql.fetch(_OWNERS.format(now=now, most=most), offset)]


def batch(connection_id: UUID) -> int:
    """Work on the oldest due events of one connection in one transaction. How many."""
    outcome = Outcome()
    with paced():
        began, now = time.monotonic(), clock.now()
        for event in _due(connection_id, now):
            _work(event, now, outcome)
            if sql.is_sqlite() and time.monotonic() - began > HELD:
                break
        _settle(outcome, now)
        woken = streams.poke(outcome.pokes)
    streams.nudge(woken)
    if outcome.given_up:
        trouble.tell(Connection.everywhere.get(pk=connection_id))
    return outcome.served


def _due(connection_id: UUID, now: datetime) -> Sequence[WebhookEvent]:
    """Locked; those another worker is at are left to it."""
    due = WebhookEvent.everywhere.filter(connection_id=connection_id, state=State.WAITING, run_at__lte=now)
    skip = connection.features.has_select_for_update_skip_locked
    return list(due.select_for_update(skip_locked=skip).order_by("run_at")[:BATCH])


def _work(event: WebhookEvent, now: datetime, outcome: Outcome) -> None:
    handler = _handlers(event.provider).get(event.type)
    if handler is None:  # handled when it came, and not any more
        outcome.ignored.append(event.pk)
        return
    delivery = Delivery(
        id=event.event_id,
        type=event.type,
        payload=event.payload,
        company_id=event.company_id,
        connection_id=event.connection_id,
        received_at=event.received_at,
    )
    try:
        with transaction.atomic(), scope.entered(event.company_id):
            handler(delivery)
    except Exception as error:  # noqa: BLE001 - whatever a handler stumbles over, those behind it go on
        outcome.failed += 1
        outcome.given_up += _set_aside(event, error, now)
        return
    outcome.done.append(event.pk)
    outcome.pokes |= {(event.connection_id, stream) for stream in delivery.pokes}


def _handlers(provider: str) -> Mapping[str, Handler]:
    declared = {each.key: each.webhook for each in registry.providers()}.get(provider)
    return declared.handles if declared else {}


def _set_aside(event: WebhookEvent, error: Exception, now: datetime) -> bool:
    """Whether it was given up."""
    attempts = event.attempts + 1
    over = attempts > len(WAITS)
    ours = not isinstance(error, ProviderError)
    sentence = f"{type(error).__name__}: {error}" if ours else str(error)
    log.warning("event failed", id=str(event.pk), type=event.type, tries=attempts, error=type(error).__name__)
    WebhookEvent.everywhere.filter(pk=event.pk).update(
        attempts=attempts,
        state=State.DEAD if over else State.WAITING,
        run_at=now if over else now + timedelta(seconds=WAITS[attempts - 1]),
        settled_at=now if over else None,
        sentence=scrub(sentence),
        trace=redact(format_exc()) if ours else "",
    )
    return over


def _settle(outcome: Outcome, now: datetime) -> None:
    for state, ids in ((State.DONE, outcome.done), (State.IGNORED, outcome.ignored)):
        if ids:
            WebhookEvent.everywhere.filter(pk__in=ids).update(state=state, settled_at=now, sentence="", trace="")
