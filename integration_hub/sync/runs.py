"""Runs: starting, scanning, finishing, trying again."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from integration_hub.connections.models import Connection
from integration_hub.contract import registry
from integration_hub.http import clock
from integration_hub.http.models import IntegrationMetric
from integration_hub.sync import announcing, outbox, sql
from integration_hub.sync.announcing import Kind, News
from integration_hub.sync.models import Mapping, SyncRun, SyncWrite, WorkRow
from integration_hub.sync.models.run import Outcome, RunKind, RunState
from integration_hub.sync.models.work import Hold

log = structlog.get_logger(__name__)

TOUCH = timedelta(seconds=5)  # how exact "last sync" is


def start(mapping: Mapping, *, actor: str, kind: RunKind = RunKind.FULL) -> SyncRun:
    """Sync everything now. While such a run of this mapping is going, that one is the answer. A mapping that waits for
    a preview gets one: nothing is written before a person has applied it."""
    kind = RunKind.PREVIEW if mapping.waits else kind
    kinds = [kind] if kind == RunKind.FULL else [RunKind.PREVIEW, RunKind.UNDO]  # one of these at a time
    running = SyncRun.everywhere.filter(mapping=mapping, kind__in=kinds, state=RunState.RUNNING)
    run = running.first()
    if run is None:
        try:
            with transaction.atomic():
                run = create(mapping, actor, kind)
        except IntegrityError:  # somebody else started one at the same time
            run = running.get()
    transaction.on_commit(lambda: outbox.wake([mapping.pk]), robust=True)
    return run


def create(mapping: Mapping, actor: str, kind: RunKind, undoes: SyncRun | None = None) -> SyncRun:
    """A run that begins now; IntegrityError while another one of its kind is going."""
    total = registry.record_type(mapping.record_type).count(mapping.company_id)
    run = SyncRun.everywhere.create(
        company_id=mapping.company_id,
        mapping=mapping,
        kind=kind,
        actor=actor[:200],
        started_at=clock.now(),
        total=total,
        undoes=undoes,
    )
    log.info("integration sync started", run=str(run.pk), mapping=str(mapping.pk), records=total)
    return run


# Asked for every chunk of rows and nearly always without an answer, so it is written by hand.
_UNSCANNED = """
SELECT id FROM sync_runs WHERE mapping_id = %s AND kind IN ({kinds}) AND state = %s AND NOT scanned LIMIT 1
"""


def at_hand(mapping: UUID) -> SyncRun | None:
    """The preview that is being planned or applied, or the undo that is going on."""
    return unscanned(mapping, RunKind.PREVIEW, RunKind.UNDO)


def unscanned(mapping: UUID, *kinds: RunKind) -> SyncRun | None:
    """The run of one of these kinds that has not yet looked at everything."""
    text = _UNSCANNED.format(kinds=", ".join(["%s"] * len(kinds)))
    found = sql.fetch(text, [mapping, *(kind.value for kind in kinds), RunState.RUNNING.value])
    return SyncRun.everywhere.filter(pk=sql.uuid_of(found[0][0])).first() if found else None


def stop(run: SyncRun) -> bool:
    """Stop a full run; what it has not reached yet is let go, live changes go on."""
    stopped = SyncRun.everywhere.filter(pk=run.pk, state=RunState.RUNNING).update(
        state=RunState.STOPPED, finished_at=clock.now()
    )
    WorkRow.everywhere.filter(~Q(rev=F("done_rev")), run=run, prio=WorkRow.PRIO_BACKFILL, tried_at=None).update(
        done_rev=F("rev")
    )
    return bool(stopped)


def stop_all(mapping: Mapping) -> int:
    """Stop whatever full run of this mapping is going. How many there were."""
    going = SyncRun.everywhere.filter(mapping=mapping, kind=RunKind.FULL, state=RunState.RUNNING)
    return sum(stop(run) for run in list(going))


def restart(mapping: Mapping, *, actor: str) -> SyncRun:
    """Look at every record again from the start: the mapping is another one than when the running run began."""
    stop_all(mapping)
    return start(mapping, actor=actor)


def live(mapping: Mapping) -> SyncRun:
    """The run that live changes of this hour belong to."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    run, made = SyncRun.everywhere.get_or_create(
        mapping=mapping,
        kind=RunKind.LIVE,
        hour=hour,
        defaults={"company_id": mapping.company_id, "started_at": clock.now(), "scanned": True},
    )
    if made:
        past = SyncRun.everywhere.filter(mapping=mapping, kind=RunKind.LIVE, state=RunState.RUNNING, hour__lt=hour)
        past.update(state=RunState.DONE, finished_at=hour)
    return run


# Asked at the end of every turn, for a run that nearly always has work left.
_OVER = """
SELECT id FROM sync_runs r WHERE mapping_id = %s AND state = %s AND scanned AND kind <> %s
  AND NOT EXISTS (SELECT 1 FROM sync_work w WHERE w.run_id = r.id AND NOT (w.rev = w.done_rev) AND w.hold = '')
"""


def finish(mapping: Mapping) -> None:
    """Close full runs, applied previews and undos when everything they found is delivered or given up."""
    over = sql.fetch(_OVER, [mapping.pk, RunState.RUNNING.value, RunKind.LIVE.value])
    for run in SyncRun.everywhere.filter(pk__in=[sql.uuid_of(pk) for (pk,) in over]) if over else ():
        now = clock.now()
        mine = SyncRun.everywhere.filter(pk=run.pk, state=RunState.RUNNING)
        with transaction.atomic():
            if mine.update(state=RunState.DONE, finished_at=now):
                _told(mapping, run, now)


def _told(mapping: Mapping, run: SyncRun, now: datetime) -> None:
    seconds = (now - run.started_at).total_seconds()
    IntegrationMetric.everywhere.create(
        company_id=mapping.company_id,
        provider=mapping.connection.provider,
        action="sync",
        success=run.failed == 0,
        duration_ms=int(seconds * 1000),
        records_synced=run.created + run.updated + run.deleted,
    )
    log.info(
        "integration sync completed",
        run=str(run.pk),
        mapping=str(mapping.pk),
        seconds=round(seconds, 1),
        created=run.created,
        updated=run.updated,
        deleted=run.deleted,
        unchanged=run.unchanged,
        failed=run.failed,
    )
    if run.failed:
        announcing.announce(mapping.company_id, lambda _wants: [_failed(mapping, run)])


def _failed(mapping: Mapping, run: SyncRun) -> News:
    counts = {name: getattr(run, name) for name in ("created", "updated", "deleted", "unchanged", "failed")}
    whose = {"run": str(run.pk), "mapping": mapping.label, "provider": mapping.connection.provider}
    return News(Kind.RUN_FAILED, data={**whose, "record_type": mapping.record_type, **counts})


def touch(connection: Connection) -> None:
    """Note that a sync went through just now, at most every few seconds."""
    now = clock.now()
    stale = Q(last_sync_at=None) | Q(last_sync_at__lt=now - TOUCH)
    if connection.last_sync_at is None or connection.last_sync_at < now - TOUCH:
        Connection.everywhere.filter(stale, pk=connection.pk).update(last_sync_at=now, last_error="")
        connection.last_sync_at = now


def retry_failed(run: SyncRun, *, actor: str) -> int:
    """Try every record again that this run gave up. How many there were."""
    failed = SyncWrite.everywhere.filter(run=run, outcome=Outcome.FAILED).values("record_id")
    return _revive(WorkRow.everywhere.filter(target=run.mapping_id, record_id__in=failed), actor)


def retry_record(write: SyncWrite, *, actor: str) -> int:
    """Try this one again; 0 when it is no longer given up."""
    mapping_id = write.run.mapping_id
    return _revive(WorkRow.everywhere.filter(target=mapping_id, record_id=write.record_id), actor)


def retry_mapping(mapping_id: UUID, *, actor: str, record: UUID | None = None) -> int:
    """Try every record of this mapping again that was given up, in whichever run, or only that one. How many."""
    rows = WorkRow.everywhere.filter(target=mapping_id)
    return _revive(rows if record is None else rows.filter(record_id=record), actor)


def _revive(rows, actor: str) -> int:  # type: ignore[no-untyped-def]
    dead = rows.filter(hold=Hold.DEAD)
    targets = list(dead.values_list("target", flat=True).distinct())
    revived = int(
        dead.update(
            hold="",
            attempts=0,
            failing_since=None,
            run_at=clock.now(),
            prio=WorkRow.PRIO_PERSON,
            remedy="",
            sentence="",
            trace="",
        )
    )
    log.info("retrying what was given up", actor=actor, records=revived)
    transaction.on_commit(lambda: outbox.wake(targets), robust=True)
    return revived
