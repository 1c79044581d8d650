"""Reading links and records now, and deciding what each row of a chunk asks for. I/O around `sync.plan`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache, partial
from uuid import UUID

from django.conf import settings

from integration_hub.connections import clients
from integration_hub.contract import File
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.sync import conflicts, linking, rows
from integration_hub.sync.models.mapping import DeletePolicy
from integration_hub.sync.plan import Plan, Planner, Step
from integration_hub.sync.rows import Work
from integration_hub.sync.targets import Job

READ = 100  # rows a provider is asked for at once


def plan(job: Job, batch: Sequence[Work], *, ends_by: float | None = None) -> list[Plan]:
    """What each row asks for. FieldRefused when a field is the trouble; what the provider says when it was asked which
    cells are empty."""
    if not job.writes:  # they were made due so that their rows are looked at once more
        return [Plan(work, None, Step.NOTHING) for work in batch]
    ids = [work.record_id for work in batch]
    values = job.record_type.load(job.mapping.company_id, ids)
    known = rows.links(job.mapping.pk, job.mapping.record_type, ids)
    planner = Planner(
        job.target,
        job.sink,
        delete=job.mapping.on_delete == DeletePolicy.DELETE,
        unsure=timedelta(seconds=settings.SYNC_UNSURE_WAIT),
        now=cache(clock.now),
        links=linking.look_up(job.parents, job.target.fields, values.values()),
        conditions=job.mapping.filter,
        make=partial(_file, job),
        contested=_held(job, ids) if job.reads else {},
        only_read=job.only_read,
        remembers=job.reads,
        makes=job.mapping.makes_there,
    )
    plans = [
        planner.plan(work, known.get(work.record_id), mine, job.record_type.title(mine) if mine else "")
        for work in batch
        for mine in [values.get(work.record_id)]
    ]
    return _only_where_empty(job, plans, ends_by)


def _held(job: Job, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Fields of these records that nobody writes now: a person must choose, or theirs links to a row that is not known
    here yet."""
    found = conflicts.contested(job.mapping.pk, ids)
    for record, names in (linking.awaited(job.mapping.pk, ids) if job.parents else {}).items():
        found.setdefault(record, set()).update(names)
    return found


def _file(job: Job, record: UUID, name: str) -> File | None:
    make = job.record_type.file
    return make(job.mapping.company_id, record, name) if make else None


def _only_where_empty(job: Job, plans: list[Plan], ends_by: float | None) -> list[Plan]:
    """Cells that are to be written only where theirs is empty: look first, and leave out those that are not."""
    asked = [plan.remote_id for plan in plans if plan.tentative and plan.remote_id]
    if not asked:
        return plans
    client = clients.open_client(job.connection, prio=min(plan.work.prio for plan in plans), ends_by=ends_by)
    theirs: dict[str, Mapping[str, Json]] = {}
    for first in range(0, len(asked), READ):
        theirs |= job.sink.read(client, job.target, asked[first : first + READ])
    return [plan.without(_filled(plan, theirs)) if plan.tentative else plan for plan in plans]


def _filled(plan: Plan, theirs: Mapping[str, Mapping[str, Json]]) -> list[str]:
    cells = theirs.get(plan.remote_id or "", {})
    return [key for key in plan.tentative if cells.get(key) not in (None, "", [], False)]
