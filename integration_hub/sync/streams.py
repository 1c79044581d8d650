"""Reading streams: a slice of one under its lane, batch by batch. Records and cursor commit together.

The lane's `next_due` is the schedule: it lies ahead after a run, a poke brings it to now in the transaction of what it
tells of, and a missed time is caught up once. Killed anywhere: the lease ends, and reading goes on at the last cursor.
"""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import F
from django.utils.translation import gettext as _

from integration_hub.companies import scope
from integration_hub.connections import clients
from integration_hub.connections import services as connections
from integration_hub.connections.models import Connection, Status
from integration_hub.contract import AuthFailed, Batch, ConfigError, ProviderError, Pull, RateLimited, Stream, registry
from integration_hub.http import clock
from integration_hub.notices import problems
from integration_hub.sync import ladder, lanes, sql
from integration_hub.sync import nudge as nudging
from integration_hub.sync.models import Lane
from integration_hub.sync.models.stream import StreamState
from integration_hub.sync.pacing import paced
from integration_hub.sync.turn import MARGIN, SLICE

log = structlog.get_logger(__name__)

AnyStream = Stream[Any]
TOLD_AFTER = 5  # failures in a row


def prepare(connection: Connection) -> None:
    """Every declared stream of this connection has its row and lane, and is read now."""
    for stream in registry.provider(connection.provider).streams:
        state = _state(connection.pk, connection.company_id, stream.key)
        lanes.resume([state.pk])
        problems.close(connection.company_id, f"stream:{state.pk}:configure")
        nudging.nudge(state.pk)


def prepare_new() -> None:
    """Streams that were declared after the connection was made get their rows, too."""
    for provider in registry.providers():
        for stream in provider.streams:
            there = StreamState.everywhere.filter(key=stream.key).values("connection")
            working = Connection.everywhere.filter(provider=provider.key, status=Status.CONNECTED)
            for connection in working.exclude(pk__in=there):
                prepare(connection)


def poke(named: Iterable[tuple[UUID, str]]) -> list[UUID]:
    """Have these streams (connection, key) read now; their lanes. Inside the transaction of what tells of news, at its
    end: lanes are locked last and in order. Call `nudge` after the commit."""
    found = {
        _state(connection.pk, connection.company_id, key).pk
        for pk, key in named
        if (connection := Connection.everywhere.filter(pk=pk).first())
    }
    for target in sorted(found):
        lanes.wake([target])
    return sorted(found)


def nudge(targets: Iterable[UUID]) -> None:
    for target in targets:
        nudging.nudge(target)


def _state(connection_id: UUID, company_id: UUID, key: str) -> StreamState:
    """The row, with its lane."""
    state, _made = StreamState.everywhere.get_or_create(
        connection_id=connection_id, key=key, defaults={"company_id": company_id}
    )
    told = {"company_id": company_id, "connection_id": connection_id, "served_at": clock.now(), "next_due": clock.now()}
    Lane.everywhere.get_or_create(target=state.pk, defaults=told)
    return state


def serve(held: lanes.Claim) -> bool:
    """One turn of a claimed lane, then give it back. False when the lane is not a stream's."""
    if not sql.fetch("SELECT 1 FROM sync_streams WHERE id = %s", [held.target]):
        return False
    state = StreamState.everywhere.select_related("connection").filter(pk=held.target).first()
    if state is None:
        return False
    try:
        with scope.entered(held.company_id):
            next_due = _turn(held, state)
    except lanes.LostLane:
        log.warning("lane lost while reading", target=str(held.target))
        return True
    except DatabaseError:  # away or busy: what was committed is kept, the rest is read again
        log.exception("database failed while reading a stream", target=str(held.target))
        next_due = clock.now() + timedelta(seconds=2)
    lanes.release(held, next_due)
    return True


def _turn(held: lanes.Claim, state: StreamState) -> datetime | None:
    """When the stream is to be read on; None where it is not declared any more."""
    declared = {stream.key: stream for stream in registry.provider(state.connection.provider).streams}
    if state.key not in declared:
        return None
    try:
        return _read(held, state, declared[state.key])
    except ProviderError as error:
        return _refused(state, error)
    except (lanes.LostLane, DatabaseError):
        raise
    except Exception:  # our bug: told, and tried again
        log.exception("reading a stream broke", stream=state.key)
        return _failed(state, _("“%(stream)s” cannot be read because of a fault in the hub.") % {"stream": state.key})


def _read(held: lanes.Claim, state: StreamState, stream: AnyStream) -> datetime:
    ends = time.monotonic() + SLICE
    pull = _begun(state)
    client = clients.open_client(state.connection, ends_by=time.monotonic() + settings.SYNC_LEASE - MARGIN)
    cursor = state.cursor
    for batch in stream.read(client, stream.begin(pull, cursor)):
        _keep(held, state, stream, pull, batch)
        cursor = batch.cursor
        if batch.last:
            break
        if time.monotonic() > ends:
            return clock.now()
    _finish(state, stream)
    return clock.now() + stream.rest(pull, cursor)


def _begun(state: StreamState) -> Pull:
    """The run that goes on, else a new one."""
    if state.began_at is None:
        state.began_at, state.whole = clock.now(), state.cursor is None
        row = StreamState.everywhere.filter(pk=state.pk)
        row.update(began_at=state.began_at, whole=state.whole, records=0)
    return Pull(state.company_id, state.connection_id, state.began_at, state.whole)


def _keep(held: lanes.Claim, state: StreamState, stream: AnyStream, pull: Pull, batch: Batch) -> None:
    """Records and cursor, or neither. The lane is locked last, as pokes do it."""
    with paced():
        stream.store(pull, batch)
        lanes.fence(held)
        told = {"cursor": batch.cursor, "records": F("records") + len(batch.records), "attempts": 0, "error": ""}
        over = {"began_at": None, "last_at": clock.now()} if batch.last else {}
        StreamState.everywhere.filter(pk=state.pk).update(**told, **over)
    state.attempts = 0


def _finish(state: StreamState, stream: AnyStream) -> None:
    """Also where the read ended without a last batch, since there was nothing new."""
    now = clock.now()
    StreamState.everywhere.filter(pk=state.pk).update(began_at=None, last_at=now, attempts=0, error="")
    if stream.counts:
        Connection.everywhere.filter(pk=state.connection_id).update(last_sync_at=now)
    problems.close(state.company_id, *(f"stream:{state.pk}:{kind}" for kind in ("configure", "failing")))


def _refused(state: StreamState, error: ProviderError) -> datetime:
    """What the error means for the stream. A connection that broke keeps its lanes due: claims look at it."""
    if isinstance(error, AuthFailed):
        connections.needs_reconnect(state.connection_id, error.sentence, key_version=state.connection.key_version)
        return clock.now()
    if isinstance(error, ConfigError):
        lanes.pause(state.pk, error.sentence)
        _tell(state, "configure", error.sentence, "bad")
        return clock.now()
    if isinstance(error, RateLimited):
        return clock.now() + timedelta(seconds=error.retry_after)
    return _failed(state, error.sentence, least=getattr(error, "retry_after", None))


def _failed(state: StreamState, sentence: str, *, least: float | None = None) -> datetime:
    attempts = state.attempts + 1
    StreamState.everywhere.filter(pk=state.pk).update(attempts=attempts, error=sentence)
    if attempts >= TOLD_AFTER:
        _tell(state, "failing", sentence, "warn")
    return clock.now() + ladder.wait(attempts, least=least)


def _tell(state: StreamState, kind: str, sentence: str, severity: str) -> None:
    problems.raise_(
        state.company_id,
        f"stream:{state.pk}:{kind}",
        severity=severity,
        sentence=sentence,
        button=_("Open the settings"),
        url=f"/admin/hub/{state.connection.provider}/",
        provider=state.connection.provider,
    )
