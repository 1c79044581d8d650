"""Acts that cannot be repeated safely: the attempt is committed before the call; an unknown outcome is asked about.

A row's way: due → asking (begun, outcome unknown) → done | dead, or unknown when nobody can tell. Past `key_ttl` an
act is never repeated blindly, past `not_after` never at all.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from traceback import format_exc
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Min
from django.utils.translation import gettext as _

from integration_hub.connections import clients
from integration_hub.connections import services as connections
from integration_hub.connections.models import Connection
from integration_hub.contract import (
    Action,
    AuthFailed,
    ProviderError,
    RateLimited,
    Rejected,
    TransientError,
    registry,
)
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.notices import problems
from integration_hub.sync import ladder, lanes, outbox
from integration_hub.sync.models import ActionRow, Lane, WorkRow
from integration_hub.sync.models.work import ActState

log = structlog.get_logger(__name__)

MARGIN = 5.0  # seconds after a call's deadline before anybody asks what became of it


def request(
    connection: Connection,
    action: str,
    given: Mapping[str, Json],
    *,
    actor: str,
    not_after: datetime | None = None,
    prio: int = WorkRow.PRIO_CHANGE,
    key: UUID | None = None,
) -> ActionRow:
    """Have an act done by a worker. Call it inside the transaction of what wants it; `key` makes it one act however
    often it is requested."""
    if not database.in_atomic_block:
        raise outbox.OutsideTransaction("request() belongs inside the transaction of what wants the act")
    row, _created = ActionRow.everywhere.get_or_create(
        pk=key or uuid4(), defaults=_fields(connection, action, given, actor, not_after, prio)
    )
    _ensure_lane(connection)
    transaction.on_commit(lambda: outbox.wake([connection.pk]), robust=True)
    return row


def perform_now(connection: Connection, action: str, given: Mapping[str, Json], *, actor: str) -> ActionRow:
    """Do it while somebody waits. The row is committed already claimed: it looks begun, and a worker asks about it
    once the deadline is over. Answers the settled row, or one still `asking` when the provider was too slow."""
    declared = registry.provider(connection.provider).action(action)
    now = clock.now()
    with transaction.atomic():
        _ensure_lane(connection)
        row = ActionRow.everywhere.create(
            **_fields(connection, action, given, actor, None, WorkRow.PRIO_PERSON)
            | {
                "state": ActState.ASKING,
                "begun_at": now,
                "attempts": 1,
                "run_at": now + timedelta(seconds=declared.deadline + MARGIN),
            }
        )
    _perform(row, declared, connection)
    row.refresh_from_db()
    return row


def _fields(
    connection: Connection,
    action: str,
    given: Mapping[str, Json],
    actor: str,
    not_after: datetime | None,
    prio: int,
) -> dict[str, Any]:
    registry.provider(connection.provider).action(action)  # KeyError now rather than a dead row later
    return {
        "company_id": connection.company_id,
        "target": connection.pk,
        "action": action,
        "input": dict(given),
        "prio": prio,
        "run_at": clock.now(),
        "not_after": not_after,
        "actor": actor[:200],
    }


def _ensure_lane(connection: Connection) -> None:
    Lane.everywhere.get_or_create(
        target=connection.pk,
        defaults={"company_id": connection.company_id, "connection_id": connection.pk, "served_at": clock.now()},
    )


# --- the worker's side ----------------------------------------------------------------------------------------------


def serve(held: lanes.Claim, connection: Connection) -> datetime | None:
    """One turn of a connection's lane; when it wants to be served again."""
    waiting = ActionRow.everywhere.filter(target=connection.pk, state__in=[ActState.DUE, ActState.ASKING])
    for row in waiting.filter(run_at__lte=clock.now()).order_by("prio", "run_at")[:5]:
        pause = _advance(held, row, connection)
        if pause is not None:
            return clock.now() + timedelta(seconds=pause)
    next_due: datetime | None = waiting.aggregate(at=Min("run_at"))["at"]
    return next_due


def _advance(held: lanes.Claim, row: ActionRow, connection: Connection) -> float | None:
    """The next step of one act. Seconds when the whole lane must wait, else None."""
    action = registry.provider(connection.provider).action(row.action)
    now = clock.now()
    if row.state == ActState.ASKING and not _repeatable(row, action, now):
        return _ask(row, action, connection)
    if row.not_after is not None and now > row.not_after:
        _finish(row, ActState.DEAD, sentence=_("Too late to send: its time is over."), remedy="give up")
        return None
    with transaction.atomic():
        lanes.fence(held)
        begun = row.begun_at if row.state == ActState.ASKING else now
        ActionRow.everywhere.filter(pk=row.pk).update(state=ActState.ASKING, begun_at=begun, attempts=F("attempts") + 1)
    repeated, row.begun_at, row.state = row.state == ActState.ASKING, begun, ActState.ASKING
    return _perform(row, action, connection, repeated=repeated)


def _repeatable(row: ActionRow, action: Action[Any], now: datetime) -> bool:
    """The provider still knows our key: doing it again is the same act."""
    return row.begun_at is not None and now < row.begun_at + timedelta(seconds=action.key_ttl)


def _perform(row: ActionRow, action: Action[Any], connection: Connection, *, repeated: bool = False) -> float | None:
    try:
        client = clients.open_client(connection, prio=row.prio)
        result = action.perform(client, row.input, str(row.pk))
    except ProviderError as error:
        return _failed(row, action, connection, error, repeated=repeated)
    except DatabaseError:
        raise
    except Exception:  # our bug, and nobody knows how far it came
        log.exception("an act broke", action=row.action, key=str(row.pk))
        _unknown(
            row, connection, _("A fault in the hub broke this off; nobody knows whether it arrived."), format_exc()
        )
        return None
    _finish(row, ActState.DONE, result=result)
    return None


def _failed(
    row: ActionRow, action: Action[Any], connection: Connection, error: ProviderError, *, repeated: bool
) -> float | None:
    if isinstance(error, Rejected):
        _finish(row, ActState.DEAD, sentence=error.sentence, remedy=error.remedy)
        return None
    if isinstance(error, TransientError):
        if repeated and (error.status or 0) >= 500:  # the provider replays a stored failure: the key is spent
            return _ask(row, action, connection)
        _later(row, error, ActState.ASKING if error.unsure else ActState.DUE)
        return None
    _later(row, error, ActState.ASKING if repeated else ActState.DUE)
    if isinstance(error, AuthFailed):
        connections.needs_reconnect(connection.pk, error.sentence, key_version=connection.key_version)
    elif not isinstance(error, RateLimited):
        _problem(row, connection, "configure", error.sentence)
    return error.retry_after if isinstance(error, RateLimited) else None


def _later(row: ActionRow, error: ProviderError, state: str) -> None:
    now = clock.now()
    if ladder.is_over(row.failing_since, now):
        _finish(row, ActState.DEAD, sentence=error.sentence, remedy=error.remedy)
        return
    least = getattr(error, "retry_after", None)
    if state == ActState.ASKING:
        least = max(least or 0.0, settings.SYNC_UNSURE_WAIT)
    ActionRow.everywhere.filter(pk=row.pk, state=ActState.ASKING).update(
        state=state,
        failing_since=row.failing_since or now,
        run_at=now + ladder.wait(row.attempts + 1, least=least),
        remedy=error.remedy,
        sentence=error.sentence,
    )


def _ask(row: ActionRow, action: Action[Any], connection: Connection) -> float | None:
    """The outcome is unknown and repeating is not safe: ask first."""
    assert row.begun_at is not None
    try:
        client = clients.open_client(connection, prio=row.prio)
        answer = action.ask(client, row.input, str(row.pk), row.begun_at)
    except ProviderError as error:
        _later(row, error, ActState.ASKING)
        if isinstance(error, AuthFailed):
            connections.needs_reconnect(connection.pk, error.sentence, key_version=connection.key_version)
        return error.retry_after if isinstance(error, RateLimited) else None
    if answer.arrived:
        _finish(row, ActState.DONE, result=answer.result)
    elif answer.arrived is None:
        _unknown(row, connection, _("The connection broke off, and the provider cannot tell whether it arrived."))
    else:
        mine = ActionRow.everywhere.filter(pk=row.pk, state=ActState.ASKING)
        mine.update(state=ActState.DUE, begun_at=None, run_at=clock.now())
    return None


def _finish(row: ActionRow, state: str, *, result: Json = None, sentence: str = "", remedy: str = "") -> None:
    """Settled once: only an act that is open can be finished."""
    ActionRow.everywhere.filter(pk=row.pk, state__in=[ActState.DUE, ActState.ASKING, ActState.UNKNOWN]).update(
        state=state, result=result, sentence=sentence, remedy=remedy, trace="", finished_at=clock.now()
    )


def _unknown(row: ActionRow, connection: Connection, sentence: str, trace: str = "") -> None:
    ActionRow.everywhere.filter(pk=row.pk, state=ActState.ASKING).update(
        state=ActState.UNKNOWN, sentence=sentence, remedy="decide", trace=trace
    )
    _problem(row, connection, "unknown", sentence)


def _problem(row: ActionRow, connection: Connection, kind: str, sentence: str) -> None:
    problems.raise_(
        connection.company_id,
        f"act:{row.pk}:{kind}",
        sentence=sentence,
        affected=1,
        button=_("Decide"),
        url=f"/admin/hub/{connection.provider}/",
        provider=connection.provider,
    )


# --- the two buttons of an unknown act ------------------------------------------------------------------------------


def it_arrived(row: ActionRow) -> None:
    """Somebody looked: it did arrive."""
    _finish(row, ActState.DONE)
    problems.close(row.company_id, f"act:{row.pk}:unknown")


def send_again(row: ActionRow) -> None:
    """Somebody looked: it did not arrive, or may arrive twice."""
    open_rows = ActionRow.everywhere.filter(pk=row.pk, state__in=[ActState.UNKNOWN, ActState.DEAD])
    open_rows.update(state=ActState.DUE, begun_at=None, failing_since=None, run_at=clock.now(), sentence="", remedy="")
    problems.close(row.company_id, f"act:{row.pk}:unknown")
    transaction.on_commit(lambda: outbox.wake([row.target]), robust=True)
