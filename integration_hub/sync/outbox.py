"""Change out: a row in the same transaction as the change, then a nudge."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet

from integration_hub.contract import Direction
from integration_hub.http import clock
from integration_hub.sync import lanes, nudge, sql
from integration_hub.sync.models import Mapping, WorkRow

CHUNK = 1000  # rows a statement
_LIVE_LOCK = 0x48554201  # namespace of the advisory lock between changes and going live

# Always writes the row it relies on: a worker that read too early must not settle an edit it never saw. An edit during
# back-off keeps run_at and attempts; an edit of a dead row revives it.
_UPSERT = """
INSERT INTO sync_work (company_id, target, record_type, record_id, rev, done_rev, prio, run_at, changed_at, changed_by,
                       attempts, failing_since, tried_at, hold, remedy, sentence, trace, run_id)
{rows}
ON CONFLICT (target, record_type, record_id) DO UPDATE SET
  rev = sync_work.rev + 1,
  prio = CASE WHEN sync_work.rev = sync_work.done_rev OR excluded.prio < sync_work.prio
              THEN excluded.prio ELSE sync_work.prio END,
  run_at = CASE WHEN sync_work.rev = sync_work.done_rev OR sync_work.hold = 'dead'
                THEN excluded.run_at ELSE sync_work.run_at END,
  changed_at = excluded.changed_at,
  changed_by = COALESCE(excluded.changed_by, sync_work.changed_by),
  attempts = CASE WHEN sync_work.hold = 'dead' THEN 0 ELSE sync_work.attempts END,
  failing_since = CASE WHEN sync_work.hold = 'dead' THEN NULL ELSE sync_work.failing_since END,
  hold = CASE WHEN sync_work.hold = 'dead' THEN '' ELSE sync_work.hold END,
  run_id = CASE WHEN excluded.run_id IS NOT NULL OR sync_work.rev = sync_work.done_rev
                THEN excluded.run_id ELSE sync_work.run_id END
"""
# WHERE true: without it SQLite takes ON CONFLICT for the ON of a join.
_GIVEN = """
SELECT %s, news.target, %s, news.record, 1, 0, %s, %s, %s, {by}, 0, NULL, NULL, '', '', '', '', {run}
FROM {news} AS news WHERE true ORDER BY news.target, news.record
"""
_FOUND = """
SELECT %s, %s, %s, found.work_record, 1, 0, %s, %s, %s, {by}, 0, NULL, NULL, '', '', '', '', NULL
FROM ({found}) AS found WHERE true ORDER BY found.work_record
"""


class OutsideTransaction(RuntimeError):
    """enqueue() was called where the change it speaks of cannot commit together with it."""


def enqueue(
    record_type: str,
    company_id: UUID,
    ids: Iterable[UUID],
    *,
    prio: int = WorkRow.PRIO_CHANGE,
    run: UUID | None = None,
    by: str | None = None,
) -> None:
    """These records changed (or are new, or gone): bring them over to every live mapping of their type.

    Call it inside the change's own transaction. `prio`: 0 a person waits, 1 a change, 2 backfill. `by`: who changed
    them; None: nobody, they are only due.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction("enqueue() belongs inside the transaction of the change it announces")
    records = sorted(set(ids))
    targets = live_targets(record_type, company_id) if records else []
    if targets:
        write(company_id, record_type, [(t, r) for t in targets for r in records], prio=prio, run=run, by=by)
        transaction.on_commit(lambda: wake(targets), robust=True)


def enqueue_found(
    record_type: str,
    company_id: UUID,
    found: QuerySet[Any],
    *,
    prio: int = WorkRow.PRIO_CHANGE,
    by: str | None = None,
) -> None:
    """`enqueue` for all records of a query, however many: their ids never leave the database."""
    if not connection.in_atomic_block:
        raise OutsideTransaction("enqueue_found() belongs inside the transaction of the change it announces")
    targets = live_targets(record_type, company_id)
    if not targets:
        return
    query, narrowed = found.order_by().values(work_record=F("pk")).query.sql_with_params()
    now = clock.now()
    for target in targets:
        values = [company_id, target, record_type, prio, now, now, *_known(by), *narrowed]
        sql.execute(_UPSERT.format(rows=_FOUND.format(found=query, by=_mark(by))), values)
    transaction.on_commit(lambda: wake(targets), robust=True)


def live_targets(record_type: str, company_id: UUID) -> list[UUID]:
    """The live mappings of this type, in order. Shares a lock with `going_live`, so that a change that commits while
    a mapping goes live is either seen by its first scan or enqueued here."""
    if not sql.is_sqlite():
        sql.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", [_LIVE_LOCK, str(company_id)])
    live = Mapping.everywhere.filter(company_id=company_id, record_type=record_type, is_live=True, waits=False)
    live = live.exclude(direction=Direction.PULL.value)
    return sorted(live.values_list("pk", flat=True))


def going_live(company_id: UUID) -> None:
    """Waits for changes that did not see the new mapping; call it inside the transaction that makes it live."""
    if not sql.is_sqlite():
        sql.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LIVE_LOCK, str(company_id)])


def write(
    company_id: UUID,
    record_type: str,
    pairs: list[tuple[UUID, UUID]],
    *,
    prio: int,
    run: UUID | None = None,
    by: str | None = None,
) -> None:
    """Write work rows for (target, record) pairs given in that order, so that bulk writers cannot deadlock."""
    now = clock.now()
    for start in range(0, len(pairs), CHUNK):
        values = [company_id, record_type, prio, now, now, *_known(by), *_known(run)]
        _write(values, pairs[start : start + CHUNK], by=_mark(by), run=_mark(run))


def _write(values: list[object], pairs: list[tuple[UUID, UUID]], **marks: str) -> None:
    news, given = sql.table(pairs, target="uuid", record="uuid")
    sql.execute(_UPSERT.format(rows=_GIVEN.format(news=news, **marks)), [*values, *given])


def _mark(value: object) -> str:
    """PostgreSQL cannot tell the type of a parameter that is None."""
    return "NULL" if value is None else "%s"


def _known(value: object) -> list[object]:
    return [] if value is None else [value]


def wake(targets: list[UUID]) -> None:
    """After the commit: make the lanes due and tell a worker. Losing this loses nothing, the sweep repairs it."""
    lanes.wake(targets)
    for target in targets:
        nudge.nudge(target)
