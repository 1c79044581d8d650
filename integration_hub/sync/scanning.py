"""A full run looks at every record and enqueues those that are not in step, some hundred at a time."""

from collections.abc import Container, Sequence
from collections.abc import Mapping as Map
from operator import attrgetter
from uuid import UUID

import structlog
from django.db import Error as DatabaseError
from django.db.models import F

from integration_hub.contract.records import Values
from integration_hub.sync import lanes, outbox, rows
from integration_hub.sync.filters import passes
from integration_hub.sync.models import Mapping, SyncRun, WorkRow
from integration_hub.sync.pacing import paced
from integration_hub.sync.plan import differs, unsigned
from integration_hub.sync.rows import Link
from integration_hub.sync.targets import Job

log = structlog.get_logger(__name__)

CHUNK = 500  # records looked at in one step


class Outdated(Exception):
    """The mapping is another one than the one we work with: nothing was looked at."""


def scan(held: lanes.Claim, job: Job, run: SyncRun) -> None:
    """Look at the next records of the run. Outdated when the mapping was changed since the job was read: a run that
    began afterwards must not be led past records that lack the new fields."""
    company = job.mapping.company_id
    ids = list(job.record_type.scan(company, run.cursor, CHUNK)) if job.writes else []
    behind, outside = _sorted_out(job, ids)
    with paced():
        lanes.fence(held)
        if not Mapping.everywhere.filter(pk=job.mapping.pk, version=job.version).exists():
            raise Outdated
        pairs = [(job.mapping.pk, record) for record in sorted(behind, key=attrgetter("int"))]
        outbox.write(company, job.mapping.record_type, pairs, prio=WorkRow.PRIO_BACKFILL, run=run.pk)
        SyncRun.everywhere.filter(pk=run.pk).update(
            cursor=ids[-1] if ids else run.cursor,
            scanned=len(ids) < CHUNK,
            total=F("total") - len(outside),
            unchanged=F("unchanged") + len(ids) - len(behind) - len(outside),
        )


def _sorted_out(job: Job, ids: Sequence[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Records that are unlinked or not what they were at the last agreement, and those that are left alone."""
    known = rows.links(job.mapping.pk, job.mapping.record_type, ids)
    bases = {record: link for record, link in known.items() if link.deleted_at is None and not link.apart}
    alone = _left_alone(job, ids, bases, known)
    needed = [record for record in ids if record not in alone] if job.mapping.filter else list(bases)
    try:
        values = job.record_type.load(job.mapping.company_id, needed) if needed else {}
        outside = {record for record, mine in values.items() if not _wanted(job, mine)}
        moved = {
            record for record, mine in values.items() if record in bases and _moved(job, record, mine, bases[record])
        }
    except DatabaseError:
        raise
    except Exception:  # our bug, in one of them: the delivery finds out which and sets it aside
        log.exception("scanning broke", mapping=str(job.mapping.pk))
        return set(ids) - alone, alone
    return (moved | {record for record in ids if record not in bases}) - outside - alone, outside | alone


def _left_alone(job: Job, ids: Sequence[UUID], bases: Container[UUID], known: Map[UUID, Link]) -> set[UUID]:
    """Records without a row that get none: the mapping makes none, or a person took theirs away."""
    if not job.mapping.makes_there:
        return {record for record in ids if record not in bases}
    return {record for record, link in known.items() if link.apart}


def _wanted(job: Job, mine: Values) -> bool:
    return not job.mapping.filter or passes(mine, job.mapping.filter)


def _moved(job: Job, record: UUID, mine: Values, link: Link) -> bool:
    told = differs(job.target.fields, mine, link.base_ours, link.base_theirs)
    return told or unsigned(link.base_theirs, job.target.merge_on, record)
