"""Planning a preview: page by page what every row would come to, then the records that have none, then rows that are
gone. The very code that would do it does it, in transactions that are rolled back, so that the plan tells the truth.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Count

from integration_hub.contract import CursorExpired, ProviderError, RemoteRow
from integration_hub.contract.api import Json
from integration_hub.contract.records import Values
from integration_hub.http import clock
from integration_hub.sync import arriving, filters, lanes, meeting, merging, noting, planning, vanishing
from integration_hub.sync.calls import asking
from integration_hub.sync.canonical import canonical, canonical_fields
from integration_hub.sync.merge import Rule
from integration_hub.sync.merging import Brought, Desk
from integration_hub.sync.models import PlanRow, RecordLink, SyncRun
from integration_hub.sync.models.mapping import DeletePolicy, RemoteDelete
from integration_hub.sync.models.preview import Planned
from integration_hub.sync.models.run import Outcome, RunState
from integration_hub.sync.pacing import paced
from integration_hub.sync.plan import Step
from integration_hub.sync.previews import print_of
from integration_hub.sync.rows import Link, Work
from integration_hub.sync.targets import Job
from integration_hub.sync.turn import Slice

log = structlog.get_logger(__name__)

At: TypeAlias = dict[str, Any]
CHUNK = 200  # records looked at in one step


def step(turn: Slice, run: SyncRun) -> bool:
    """The next part of the plan; False when this turn is over."""
    at: At = run.at or {"phase": "rows" if turn.job.sink.readable else "records", "version": turn.job.version}
    if at["version"] != turn.job.version:  # the mapping moved under the plan: it begins anew
        return _again(turn, run)
    try:
        with asking(turn):
            PHASES[at["phase"]](turn, run, at)
    except CursorExpired:
        return _again(turn, run)
    return not turn.over


def _again(turn: Slice, run: SyncRun) -> bool:
    log.info("a preview begins anew", run=str(run.pk))
    with paced():
        lanes.fence(turn.held)
        PlanRow.everywhere.filter(run=run).delete()
        SyncRun.everywhere.filter(pk=run.pk).update(at=None)
    return not turn.over


def _keep(turn: Slice, run: SyncRun, at: At, found: Sequence[PlanRow] = (), seen: Sequence[int] = ()) -> None:
    """These rows of the plan, and how far it is, together."""
    with paced():
        now = lanes.fence(turn.held)
        PlanRow.everywhere.bulk_create(found, batch_size=500)
        RecordLink.everywhere.filter(pk__in=seen).update(seen_at=now)
        SyncRun.everywhere.filter(pk=run.pk, state=RunState.RUNNING).update(at=at)


def _drafted(job: Job, run: SyncRun, what: Planned, **told: Any) -> PlanRow:
    told["title"] = str(told.get("title") or "")[:300]
    return PlanRow(company_id=job.mapping.company_id, run=run, what=what, **told)


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(turn: Slice, run: SyncRun, at: At) -> None:
    page = turn.job.sink.page(turn.client(1), turn.job.whole, at.get("cursor"))
    found: list[PlanRow] = []
    seen: list[int] = []
    equal, size = int(at.get("equal", 0)), merging.at_once()
    for start in range(0, len(page.rows), size):
        drafted, linked, same = _tried(turn, run, page.rows[start : start + size])
        found, seen, equal = found + drafted, seen + linked, equal + same
    onward = {"phase": "records", "next": page.cursor} if page.last else {"cursor": page.cursor}
    _keep(turn, run, {**at, **onward, "equal": equal}, found, seen)


def _tried(turn: Slice, run: SyncRun, part: Sequence[RemoteRow]) -> tuple[list[PlanRow], list[int], int]:
    """What these rows would come to, the links that were seen, and how many of them ask for nothing."""
    with paced():
        now = lanes.fence(turn.held)
        known, strangers = arriving.strangers(turn.job.mapping.pk, part)
        drafted, same = _linked(turn, run, part, known, now)
        for arrived in arriving.look(turn, strangers, now):
            drafted += [_brought(turn, run, arrived.desk, done, arrived.before) for done in arrived.brought]
            drafted += [row for odd in arrived.odd for row in _odd(turn.job, run, odd)]
            drafted += [_left(turn.job, run, row) for row in arrived.left]
        transaction.set_rollback(True)
    return drafted, [link.pk for _record, link in known.values()], same


def _linked(
    turn: Slice, run: SyncRun, part: Sequence[RemoteRow], known: dict[str, tuple[UUID, Link]], now: datetime
) -> tuple[list[PlanRow], int]:
    met = {known[row.remote_id][0]: row for row in part if row.remote_id in known}
    desk = Desk(turn.job, now, list(met), met.values())
    before, brought = desk.values, desk.merged(met)
    asking = [done for done in brought if not done.merge.is_empty or desk.owes_a_push(done)]
    drafted = [_brought(turn, run, desk, done, before) for done in asking]
    job, gone = turn.job, [row for record, row in met.items() if record not in desk.values]
    if job.writes and job.mapping.on_delete == DeletePolicy.DELETE:
        drafted += [
            _drafted(job, run, Planned.DELETE_THERE, record_id=known[row.remote_id][0], remote_id=row.remote_id)
            for row in gone
        ]
    return drafted, len(brought) - len(asking)


def _brought(turn: Slice, run: SyncRun, desk: Desk, done: Brought, before: Mapping[UUID, Values]) -> PlanRow:
    """`before`: the records as they were before this was tried."""
    created = done.outcome == Outcome.CREATED
    return _drafted(
        desk.job,
        run,
        _what(done),
        matched=not created,
        record_id=None if created else done.record_id,
        remote_id=done.row.remote_id,
        title=done.title,
        changes=_made(desk, done) if created else _changes(desk, done),
        ours_seen="" if created else print_of(canonical_fields(before[done.record_id], desk.rules.names)),
        theirs_seen=print_of(desk.rules.theirs(done.row)),
        sentence=noting.said(turn, done.troubles),
    )


def _what(done: Brought) -> Planned:
    if done.outcome == Outcome.CREATED:
        return Planned.CREATE_HERE
    if done.merge.ask:
        return Planned.CONFLICT
    pulled = [rule for rule in done.merge.pull if rule.ours not in done.troubles]
    if pulled or done.merge.push:
        return Planned.UPDATE
    return Planned.REFUSED if done.troubles else Planned.LINK


def _made(desk: Desk, done: Brought) -> list[dict[str, Json]]:
    """What the record would hold: what the row says, and what our own rules add to it."""
    held = [(rule, done.link.base_ours.get(rule.ours)) for rule in desk.rules.all]
    return [
        {
            "field": desk.job.label(rule.ours),
            "way": "in",
            "ours": None,
            "theirs": _readable(desk, done, rule),
            "after": after,
        }
        for rule, after in held
        if after is not None
    ]


def _changes(desk: Desk, done: Brought) -> list[dict[str, Json]]:
    pulled = [rule for rule in done.merge.pull if rule.ours not in done.troubles]
    ways = [("in", pulled), ("out", done.merge.push), ("both", done.merge.ask)]
    return [_change(desk, done, rule, way) for way, several in ways for rule in several]


def _change(desk: Desk, done: Brought, rule: Rule, way: str) -> dict[str, Json]:
    now = desk.ours(done.record_id, rule.ours)
    was = done.image[rule.ours][0] if rule.ours in done.image else now  # type: ignore[index]
    after = {"in": now, "out": now, "both": None}[way]
    return {
        "field": desk.job.label(rule.ours),
        "way": way,
        "ours": was,
        "theirs": _readable(desk, done, rule),
        "after": after,
    }


def _readable(desk: Desk, done: Brought, rule: Rule) -> Json:
    """Their value in our words, where it can be read as one."""
    try:
        return canonical(desk.rules.value(rule, done.row))
    except ProviderError:
        return done.row.cells.get(rule.remote_id)


def _odd(job: Job, run: SyncRun, odd: arriving.Odd) -> list[PlanRow]:
    """The row, and the records that fit it beside others: none of them gets a row of its own before somebody says whose
    this one is."""
    what = Planned.AMBIGUOUS if odd.remedy in (noting.COPY, meeting.AMBIGUOUS) else Planned.REFUSED
    title, partners = odd.title or _name(job, odd.row), sorted(odd.partners.values())
    told = {"title": title, "sentence": odd.sentence, "partners": partners}
    row = _drafted(job, run, what, remote_id=odd.row.remote_id, **told)
    held = [
        _drafted(job, run, what, record_id=pk, title=name, partners=[title], sentence=odd.sentence)
        for pk, name in odd.partners.items()
    ]
    return [row, *held]


def _left(job: Job, run: SyncRun, row: RemoteRow) -> PlanRow:
    return _drafted(job, run, Planned.LEFT_THERE, remote_id=row.remote_id, title=_name(job, row))


def _name(job: Job, row: RemoteRow) -> str:
    """What people may know this row by: the first of its mapped cells that says something."""
    cells = (row.cells.get(one.remote_id) for one in job.rules.fields)
    return str(next((cell for cell in cells if isinstance(cell, str) and cell), ""))


# --- records without a row --------------------------------------------------------------------------------------------


def _records(turn: Slice, run: SyncRun, at: At) -> None:
    job, after = turn.job, at.get("record")
    ids = list(job.record_type.scan(job.mapping.company_id, UUID(after) if after else None, CHUNK))
    alone = sorted(set(ids) - _met(job, run, ids))
    found = _without_row(turn, run, alone) if alone else []
    over = len(ids) < CHUNK
    phase = {"phase": "gone" if job.reads else "twice"} if over else {"record": str(ids[-1])}
    _keep(turn, run, {**at, **phase}, found)


def _met(job: Job, run: SyncRun, ids: Sequence[UUID]) -> set[UUID]:
    """Records that have their row, or were found one by this plan."""
    linked = RecordLink.everywhere.filter(target=job.mapping.pk, record_id__in=ids, deleted_at=None)
    found = PlanRow.everywhere.filter(run=run, record_id__in=ids)
    met = {pk for pk in found.values_list("record_id", flat=True) if pk}
    return met | (set(linked.values_list("record_id", flat=True)) if job.sink.readable else set())


def _without_row(turn: Slice, run: SyncRun, ids: Sequence[UUID]) -> list[PlanRow]:
    job = turn.job
    values = job.record_type.load(job.mapping.company_id, ids)
    inside = [pk for pk in ids if pk in values and filters.passes(values[pk], job.mapping.filter)]
    if not job.writes:
        return [_here(job, run, pk, values[pk], Planned.LEFT_HERE) for pk in inside]
    works = [Work(0, pk, 0, 2, None, 0, None, None) for pk in inside]
    plans = planning.plan(job, works, ends_by=turn.ends_by)
    found = []
    for plan in plans:
        pk, what = plan.work.record_id, _STEPS.get(plan.step, Planned.LEFT_HERE)
        if plan.remote_id:
            what = Planned.UPDATE if plan.step is Step.WRITE else what
            if plan.step is Step.NOTHING:
                continue
        changes = [
            {"field": job.label(name), "way": "out", "ours": plan.ours[name], "theirs": None, "after": plan.ours[name]}
            for name in plan.changed
            if plan.ours[name] is not None
        ]
        found.append(_here(job, run, pk, values[pk], what, changes=changes, sentence=plan.sentence))
    return found


_STEPS = {Step.WRITE: Planned.CREATE_THERE, Step.REFUSE: Planned.REFUSED}


def _here(job: Job, run: SyncRun, pk: UUID, mine: Any, what: Planned, **told: Any) -> PlanRow:
    seen = print_of(canonical_fields(mine, job.rules.names))
    return _drafted(job, run, what, record_id=pk, title=job.record_type.title(mine), ours_seen=seen, **told)


# --- rows that are gone, and the end ----------------------------------------------------------------------------------


def _gone(turn: Slice, run: SyncRun, at: At) -> None:
    """Rows the listing did not name are asked for by id; those that are gone would take their records along."""
    job = turn.job
    unnamed = list(vanishing.unnamed(job.mapping.pk, run.started_at).filter(pk__gt=at.get("link", 0))[:100])
    if not unnamed or job.mapping.on_remote_delete == RemoteDelete.IGNORE:
        _keep(turn, run, {**at, "phase": "twice"})
        return
    there = job.sink.read(turn.client(1), job.whole, [link.remote_id for link in unnamed])
    gone = [link for link in unnamed if link.remote_id not in there]
    values = job.record_type.load(job.mapping.company_id, [link.record_id for link in gone])
    found = [
        _here(job, run, link.record_id, values[link.record_id], Planned.DELETE_HERE, remote_id=link.remote_id)
        for link in gone
        if link.record_id in values
    ]
    _keep(turn, run, {**at, "link": unnamed[-1].pk}, found)


def _twice(turn: Slice, run: SyncRun, at: At) -> None:
    """A record that fits several rows is nobody's partner before a person has said whose. Then the plan is ready."""
    with paced():
        lanes.fence(turn.held)
        mine = PlanRow.everywhere.filter(run=run)
        several = mine.filter(matched=True).order_by().values("record_id").annotate(n=Count("id")).filter(n__gt=1)
        mine.filter(record_id__in=several.values("record_id"), matched=True).update(what=Planned.AMBIGUOUS)
        SyncRun.everywhere.filter(pk=run.pk, state=RunState.RUNNING).update(
            state=RunState.PLANNED, at=at, finished_at=clock.now()
        )


PHASES: dict[str, Callable[[Slice, SyncRun, At], None]] = {
    "rows": _rows,
    "records": _records,
    "gone": _gone,
    "twice": _twice,
}
