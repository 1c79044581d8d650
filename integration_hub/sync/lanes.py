"""Claiming, leasing, fencing and waking lanes. Whoever lost the lease can no longer settle."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from integration_hub.http import clock
from integration_hub.sync import sql
from integration_hub.sync.models import Lane, Mapping
from integration_hub.sync.models.lane import Pause

JUST_NOW = timedelta(seconds=0.05)


class LostLane(Exception):
    """The lease ran out and somebody else may have it: nothing may be settled any more."""


@dataclass(frozen=True)
class Claim:
    """A lane in our hands until `until` (database time). `slow`: its last call timed out."""

    lane_id: int
    token: UUID
    target: UUID
    company_id: UUID
    connection_id: UUID
    until: datetime
    slow: bool = False


def ensure(mapping: Mapping) -> Lane:
    lane, _ = Lane.everywhere.get_or_create(
        target=mapping.pk,
        defaults={
            "company_id": mapping.company_id,
            "connection_id": mapping.connection_id,
            "served_at": clock.now(),
        },
    )
    return lane


# The least recently served due lane whose connection is well. A lane whose last call timed out may hold at most a
# quarter of the threads, so that one slow provider cannot starve the others.
_CLAIM = """
UPDATE sync_lanes SET claim = %s, lease_until = %s, next_due = %s, served_at = %s
WHERE id = (
  SELECT lane.id FROM sync_lanes lane
  WHERE lane.paused = '' AND lane.next_due <= %s AND (lane.lease_until IS NULL OR lane.lease_until < %s)
    AND EXISTS (SELECT 1 FROM integration_configs c
                WHERE c.id = lane.connection_id AND c.is_active AND c.status = 'connected')
    AND (NOT lane.slow OR (SELECT count(*) FROM sync_lanes s WHERE s.slow AND s.lease_until > %s) < %s)
  ORDER BY lane.served_at LIMIT 1 {skip_locked})
RETURNING id, target, company_id, connection_id, slow
"""


def claim() -> Claim | None:
    """The next lane to serve, leased; None when nothing is due."""
    now = clock.now()
    if not due_count():
        return None  # a look costs no lock; SQLite has only one
    token, until = uuid.uuid4(), now + timedelta(seconds=settings.SYNC_LEASE)
    quarter = max(1, settings.CELERY_WORKER_CONCURRENCY // 4)
    text = _CLAIM.format(skip_locked="" if sql.is_sqlite() else "FOR UPDATE SKIP LOCKED")
    with sql.cursor() as opened:
        opened.execute(text, sql.params([token, until, until, now, now, now, now, quarter]))
        row = opened.fetchone()
    if row is None:
        return None
    target, company, owner = (value if isinstance(value, UUID) else UUID(value) for value in row[1:4])
    return Claim(row[0], token, target, company, owner, until, bool(row[4]))


# Nothing changed that makes a new turn necessary, no preview or undo is wanted, and no other lane waits for a thread.
_GO_ON = """
SELECT 1 FROM sync_lanes lane JOIN integration_configs c ON c.id = lane.connection_id
JOIN sync_mappings mapping ON mapping.id = lane.target
WHERE lane.id = %s AND lane.claim = %s AND lane.paused = '' AND c.is_active AND c.status = 'connected'
  AND mapping.version = %s AND NOT EXISTS (
    SELECT 1 FROM sync_runs run WHERE run.mapping_id = lane.target AND run.kind NOT IN ('full', 'live')
      AND run.state = 'running' AND NOT run.scanned) AND NOT EXISTS (
    SELECT 1 FROM sync_lanes other WHERE other.id <> lane.id AND other.paused = '' AND other.next_due <= {now}
      AND (other.lease_until IS NULL OR other.lease_until < {now}))
"""


def may_go_on(held: Claim, version: int) -> bool:
    """Whether a turn may last longer than its share. `version`: of the mapping as it was read."""
    now, offset = clock.now_sql()
    return bool(sql.fetch(_GO_ON.format(now=now), [held.lane_id, held.token, version, *offset, *offset]))


def ours(held: Claim, what: str = "1") -> clock.SqlAndParams:
    """SQL that selects `what` while the lane is still ours and nothing afterwards. PostgreSQL locks the lane, so that
    nobody claims it before this transaction ends; SQLite has one writer at a time."""
    now, offset = clock.now_sql()
    lock = "" if sql.is_sqlite() else " FOR UPDATE"
    text = f"SELECT {what} FROM sync_lanes WHERE id = %s AND claim = %s AND lease_until > {now}{lock}"  # noqa: S608
    return text, [held.lane_id, held.token, *offset]


def fence(held: Claim) -> datetime:
    """Inside the settling transaction: lock the lane and make sure it is still ours. LostLane otherwise; the time."""
    return fenced(held)[0]


def fenced(held: Claim, *also: str) -> tuple[datetime, *tuple[Any, ...]]:
    """The same, and the values of further SQL expressions."""
    now, offset = clock.now_sql()
    text, values = ours(held, ", ".join((now, *also)))
    found = sql.fetch(text, [*offset, *values])
    if not found:
        raise LostLane(str(held.target))
    time, *others = found[0]
    return sql.time_of(time), *others


def hold(target: UUID) -> None:
    """Inside a transaction that is nobody's turn: nothing of this target is merged or settled before it ends, and what
    is being settled now is waited for. Take it before any other row."""
    list(Lane.everywhere.select_for_update().filter(target=target).values_list("pk"))


def release(held: Claim, next_due: datetime | None, *, slow: bool = False) -> None:
    """Give the lane back; a wake that came meanwhile (an earlier `next_due` than the lease's end) is kept."""
    later = sql.params([held.until, next_due, next_due])
    sql.execute(
        "UPDATE sync_lanes SET claim = NULL, lease_until = NULL, slow = %s, next_due = "
        "CASE WHEN next_due < %s AND (%s IS NULL OR next_due < %s) THEN next_due ELSE %s END "
        "WHERE id = %s AND claim = %s"
        if sql.is_sqlite()
        else "UPDATE sync_lanes SET claim = NULL, lease_until = NULL, slow = %s, next_due = "
        "CASE WHEN next_due < %s AND (%s::timestamptz IS NULL OR next_due < %s) THEN next_due "
        "ELSE %s::timestamptz END WHERE id = %s AND claim = %s",
        [slow, *later, next_due, held.lane_id, held.token],
    )


def wake(targets: Iterable[UUID]) -> None:
    """Make these lanes due now. Its own statement, after the commit of what made them due."""
    now = clock.now()
    idle = Q(next_due=None) | Q(next_due__gt=now)
    Lane.everywhere.filter(idle, target__in=list(targets)).update(next_due=now)


def pause(target: UUID, sentence: str) -> None:
    Lane.everywhere.filter(target=target).update(paused=Pause.CONFIGURE, sentence=sentence)


def resume(targets: Iterable[UUID]) -> None:
    Lane.everywhere.filter(target__in=list(targets)).update(paused=Pause.NO, sentence="", next_due=clock.now())


# Idle lanes with work that is due, acts that are, or a full run that has not looked at everything.
_LOST = """
SELECT lane.id FROM sync_lanes lane
WHERE lane.paused = '' AND (lane.next_due IS NULL OR lane.next_due > {now})
  AND (lane.lease_until IS NULL OR lane.lease_until < {now})
  AND (EXISTS (SELECT 1 FROM sync_work w WHERE w.target = lane.target AND w.prio IN (0, 1, 2)
               AND NOT (w.rev = w.done_rev) AND w.hold = '' AND w.run_at <= {now})
    OR EXISTS (SELECT 1 FROM sync_actions a WHERE a.target = lane.target AND a.state IN ('due', 'asking')
               AND a.run_at <= {now})
    OR EXISTS (SELECT 1 FROM sync_runs r WHERE r.mapping_id = lane.target AND r.kind <> 'live' AND r.state = 'running'
               AND NOT r.scanned))
LIMIT 1000
"""


def repair() -> int:
    """Wake idle lanes that have due work: what a lost nudge or a killed process left. How many there were."""
    now, offset = clock.now_sql()
    lost = sql.fetch(_LOST.format(now=now), offset * 4)
    return Lane.everywhere.filter(pk__in=[pk for (pk,) in lost]).update(next_due=clock.now()) if lost else 0


_NEXT = """
SELECT min(lane.next_due) FROM sync_lanes lane JOIN integration_configs c ON c.id = lane.connection_id
WHERE lane.paused = '' AND lane.next_due BETWEEN %s AND %s AND (lane.lease_until IS NULL OR lane.lease_until < %s)
  AND c.is_active AND c.status = 'connected'
"""


def due_within(seconds: float) -> float | None:
    """In how many seconds the next free lane is due, if that is soon; None otherwise."""
    now = clock.now()
    # One that has been due for longer was passed over for a reason (slow lanes hold few threads).
    ((first,),) = sql.fetch(_NEXT, [now - JUST_NOW, now + timedelta(seconds=seconds), now])
    return None if first is None else max((sql.time_of(first) - now).total_seconds(), 0.01)


def due_count() -> int:
    now, offset = clock.now_sql()
    text = f"SELECT count(*) FROM sync_lanes WHERE paused = '' AND next_due <= {now}"  # noqa: S608 - our own clock
    return int(sql.fetch(text, offset)[0][0])
