"""Rows that a listing of the whole table did not name: asked for by id, and only those that are gone are taken for
deleted. Many at once wait for a person: a page that failed, or a table emptied by mistake, must not empty ours.
"""

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F, Q, QuerySet
from django.utils.translation import ngettext

from integration_hub.contract import ProviderError, Unfit
from integration_hub.http import clock
from integration_hub.notices import audit, problems
from integration_hub.sync import lanes, noting, outbox, reading, trouble
from integration_hub.sync.calls import handle
from integration_hub.sync.models import Mapping, RecordLink, SyncRun, SyncWrite
from integration_hub.sync.models.mapping import RemoteDelete
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.models.run import Outcome, Went
from integration_hub.sync.pacing import paced
from integration_hub.sync.targets import Job
from integration_hub.sync.turn import SOON, Slice

log = structlog.get_logger(__name__)

ASKED = 100  # rows asked for at once
FEW, SHARE = 20, 0.02  # as many may go without anybody being asked: the larger of the two


def step(turn: Slice, row: Reading) -> bool:
    """Ask for the next rows that were not named; when all were asked for, delete what is gone, or ask people."""
    mapping = turn.job.mapping
    unnamed = list(_unnamed(mapping.pk, row)[:ASKED]) if row.whole_since else []
    if unnamed:
        return _ask(turn, unnamed)
    resolve(turn, approved=row.approved is not None)
    whole = {"whole_at": row.whole_since, "whole_since": None} if row.whole_since else {}
    reading.keep(turn, row, checking=False, approved=None, **whole)
    reading.rest(row)
    return True


def _unnamed(target: UUID, row: Reading) -> QuerySet[RecordLink]:
    """Links older than the listing whose row it did not name, and of which nothing is known yet."""
    not_named = Q(seen_at=None) | Q(seen_at__lt=row.whole_since)
    old = RecordLink.everywhere.filter(not_named, target=target, deleted_at=None, gone_at=None)
    return old.filter(created_at__lt=row.whole_since, updated_at__lt=row.whole_since).order_by("pk")


def _ask(turn: Slice, links: list[RecordLink]) -> bool:
    try:
        there = turn.job.sink.read(turn.client(1), turn.job.whole, [link.remote_id for link in links])
    except ProviderError as error:
        handle(turn, [], error)
        if not turn.over:
            turn.stop(SOON)
        return False
    with paced():
        now = lanes.fence(turn.held)
        seen = [link.pk for link in links if link.remote_id in there]
        RecordLink.everywhere.filter(pk__in=seen).update(seen_at=now)
        gone = [link.pk for link in links if link.remote_id not in there]
        RecordLink.everywhere.filter(pk__in=gone).update(gone_at=now)
    return True


def gone(target: UUID) -> QuerySet[RecordLink]:
    """Links whose row is no more, and of which nobody has said yet what becomes of their records."""
    return RecordLink.everywhere.filter(target=target, deleted_at=None, gone_at__isnull=False).order_by("pk")


def allowance(target: UUID) -> int:
    links = RecordLink.everywhere.filter(target=target, deleted_at=None).count()
    return max(FEW, int(links * SHARE))


def resolve(turn: Slice, *, approved: bool = False) -> None:
    """What becomes of the records whose rows are gone: as the mapping says, where they are few or a person agreed."""
    mapping = turn.job.mapping
    count = gone(mapping.pk).count()
    if not count:
        problems.close(mapping.company_id, f"sync:{mapping.pk}:vanished")
        return
    if not approved and count > allowance(mapping.pk) and mapping.on_remote_delete != RemoteDelete.IGNORE:
        tell(turn.job, count)
        return
    while part := list(gone(mapping.pk)[:20]):
        _apply(turn, part)
    problems.close(mapping.company_id, f"sync:{mapping.pk}:vanished")


def _apply(turn: Slice, part: list[RecordLink]) -> None:
    """End these links; where the mapping says so, delete their records as a person would."""
    job, deletes = turn.job, turn.job.mapping.on_remote_delete == RemoteDelete.DELETE
    with paced():
        now = lanes.fence(turn.held)
        RecordLink.everywhere.filter(pk__in=[link.pk for link in part]).update(
            deleted_at=now, gone_at=None, version=F("version") + 1
        )
        removed = [link for link in part if deletes and _removed(turn, link, now)]
        if removed:
            _told(turn, removed, now)
    log.info("rows vanished over there", mapping=str(job.mapping.pk), rows=len(part), deleted=len(removed))


def _removed(turn: Slice, link: RecordLink, now: datetime) -> bool:
    """Delete the record; where others still need it, say so and leave it."""
    assert turn.job.record_type.remove is not None
    try:
        turn.job.record_type.remove(link.company_id, link.record_id)
    except Unfit as refusal:
        sentence = " ".join(text for sentences in refusal.errors.values() for text in sentences)
        noting.stray(turn, link.remote_id, now, title=str(link.record_id), sentence=sentence)
        return False
    return True


def _told(turn: Slice, removed: list[RecordLink], now: datetime) -> None:
    run, mapping = turn.live(), turn.job.mapping
    SyncRun.everywhere.filter(pk=run.pk).update(deleted=F("deleted") + len(removed))
    SyncWrite.everywhere.bulk_create(
        SyncWrite(
            company_id=mapping.company_id,
            run=run,
            record_type=mapping.record_type,
            record_id=link.record_id,
            remote_id=link.remote_id,
            outcome=Outcome.DELETED,
            way=Went.IN,
            image={},
            at=now,
        )
        for link in removed
    )


def tell(job: Job, count: int) -> None:
    sentence = ngettext(
        "%(count)d row is gone from %(provider)s. Nothing was deleted here: please say whether it should be.",
        "%(count)d rows are gone from %(provider)s. Nothing was deleted here: please say whether they should be.",
        count,
    )
    problems.raise_(
        job.mapping.company_id,
        f"sync:{job.mapping.pk}:vanished",
        sentence=sentence % {"count": count, "provider": trouble.provider_name(job)},
        affected=count,
        provider=job.connection.provider,
    )


def agree(mapping: Mapping, *, actor: str, delete: bool) -> int:
    """A person's word on the rows that are gone: delete their records, or keep them without a row. How many."""
    rows = gone(mapping.pk)
    count = int(rows.count())
    if delete:
        Reading.everywhere.filter(mapping=mapping).update(approved=clock.now(), next_at=clock.now())
        outbox.wake([mapping.pk])
    else:
        rows.update(deleted_at=clock.now(), gone_at=None, version=F("version") + 1)
        problems.close(mapping.company_id, f"sync:{mapping.pk}:vanished")
    audit.record(
        "vanished.deleted" if delete else "vanished.kept",
        company_id=mapping.company_id,
        actor=actor,
        target=str(mapping.pk),
        data={"rows": count},
    )
    return count
