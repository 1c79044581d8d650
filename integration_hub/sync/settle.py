"""After a call: link, bases, results and `done_rev`, in one transaction, under the fence."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from integration_hub.contract import Written
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.sync import ladder, lanes, linking, outbox, sql
from integration_hub.sync.merge import was_chosen
from integration_hub.sync.models import RecordLink, SyncRun, WorkRow
from integration_hub.sync.models.run import Outcome
from integration_hub.sync.models.work import Hold
from integration_hub.sync.plan import Plan, Step
from integration_hub.sync.targets import Job

UNCHANGED = "unchanged"
Cells: TypeAlias = dict[str, Json]


@dataclass(frozen=True)
class Result:
    """What became of a planned row. `outcome`: created, updated, deleted, failed or unchanged."""

    plan: Plan
    outcome: str
    written: Written | None = None
    sentence: str = ""
    remedy: str = ""
    trace: str = ""


# One statement is one transaction: the fence is asked in the very same.
_BEGIN = """
UPDATE sync_work SET tried_at = {now} WHERE id IN (SELECT id FROM {tried} AS tried) AND EXISTS ({ours})
"""


def begin(held: lanes.Claim, plans: Sequence[Plan]) -> None:
    """Commit that a call is about to be made for these rows. LostLane when the lane is no longer ours."""
    now, offset = clock.now_sql()
    ours, values = lanes.ours(held)
    text = _BEGIN.format(now=now, tried=sql.given(id="bigint"), ours=ours)
    if not sql.execute(text, [*offset, sql.rows([plan.work.pk] for plan in plans), *values]):
        raise lanes.LostLane(str(held.target))
    _remember(held, [plan for plan in plans if plan.tries])


def _remember(held: lanes.Claim, plans: Sequence[Plan]) -> None:
    """What these calls may write, beside what earlier ones may that were never settled: a reading that finds any of it
    over there must not take it for somebody's edit."""
    if not plans:
        return
    unsettled = [plan.work.pk for plan in plans if plan.work.tried_at]
    with transaction.atomic():
        lanes.fence(held)
        known = dict(WorkRow.everywhere.filter(pk__in=unsettled).values_list("pk", "tried")) if unsettled else {}
        rows = [(plan.work.pk, _tried(known.get(plan.work.pk), plan)) for plan in plans]
        tried, news = sql.table(rows, id="bigint", tried="jsonb")
        sql.execute(_TRIED.format(rows=tried), news)


_TRIED = "UPDATE sync_work SET tried = news.tried FROM {rows} AS news WHERE sync_work.id = news.id"


def _tried(before: dict[str, list[Json]] | None, plan: Plan) -> dict[str, list[Json]]:
    tried: dict[str, list[Json]] = dict(before or {})
    for name, (ours, cell) in plan.tries.items():
        tried[name] = [*tried.get(name, []), [ours, cell]]
    return tried


def restore(held: lanes.Claim, plans: Sequence[Plan]) -> None:
    """The call certainly had no effect: what was known before it is true again."""
    with transaction.atomic():
        lanes.fence(held)
        for tried in {plan.work.tried_at for plan in plans}:
            ids = [plan.work.pk for plan in plans if plan.work.tried_at == tried]
            WorkRow.everywhere.filter(pk__in=ids).update(tried_at=tried)


def forget(held: lanes.Claim, plans: Sequence[Plan]) -> None:
    """Their remote rows are gone: end the links, so that the next turn writes these records whole."""
    with transaction.atomic():
        now = lanes.fence(held)
        _end_links([plan.link.pk for plan in plans if plan.link], now)


def forget_linked(held: lanes.Claim, job: Job, remote_ids: Sequence[str]) -> bool:
    """Rows that link cells pointed to are gone: their records are due. False when we know none of them."""
    with transaction.atomic():
        lanes.fence(held)
        targets = linking.forget(job.connection, remote_ids)
        transaction.on_commit(lambda: outbox.wake(targets), robust=True)
    return bool(targets)


def postpone(held: lanes.Claim, plans: Sequence[Plan]) -> None:
    """Rows whose create is still in the air are looked at again when it must have landed."""
    with transaction.atomic():
        lanes.fence(held)
        for plan in plans:
            WorkRow.everywhere.filter(pk=plan.work.pk).update(run_at=plan.until)


LiveRun: TypeAlias = Callable[[], SyncRun]


# Whether any link to a row of the lane's target is owed at all, which is rare.
_ANY_OWED = "EXISTS (SELECT 1 FROM sync_owed_links WHERE parent_target = sync_lanes.target)"


def settle(held: lanes.Claim, job: Job, live: LiveRun, results: Sequence[Result]) -> None:
    """Everything these results mean, committed together. `live` gives the run of rows that belong to no full run."""
    if not results:
        return
    with transaction.atomic():
        now, owed = lanes.fenced(held, _ANY_OWED)
        _links(job, [r for r in results if r.written], now)
        _gone([r for r in results if r.outcome == Outcome.DELETED], now)
        _done([r for r in results if r.outcome != Outcome.FAILED], now)
        _debts(job, results, to_us=owed)
        _dead([r for r in results if r.outcome == Outcome.FAILED])
        _counts(live, results)
        _writes(job, live, results, now)


def fail_for_now(
    held: lanes.Claim, plans: Sequence[Plan], sentence: str, *, unsure: bool, least: float | None
) -> list[Plan]:
    """Back to the ladder. Answers the plans whose horizon is over and which must be given up instead."""
    over = []
    with transaction.atomic():
        now = lanes.fence(held)
        for plan in plans:
            work = plan.work
            if ladder.is_over(work.failing_since, now):
                over.append(plan)
                continue
            WorkRow.everywhere.filter(pk=work.pk).update(
                attempts=F("attempts") + 1,
                failing_since=work.failing_since or now,
                run_at=now + ladder.wait(work.attempts + 1, least=least),
                remedy="retry",
                sentence=sentence,
                **({} if unsure else {"tried_at": work.tried_at}),
            )
    return over


_LINKED = """
SELECT remote_id, record_id FROM sync_links WHERE target = %s AND remote_id IN (SELECT id FROM {asked} AS asked)
"""


def strangers(job: Job, results: Sequence[Result]) -> dict[str, UUID]:
    """Remote ids among these results that are linked to another record of ours already."""
    created = {r.written.remote_id: r.plan.work.record_id for r in results if r.written and not r.plan.remote_id}
    if not created:
        return {}
    text = _LINKED.format(asked=sql.given(id="text"))
    found = sql.fetch(text, [job.mapping.pk, sql.column(created)])
    pairs = [(remote, sql.uuid_of(record)) for remote, record in found]
    return {remote: record for remote, record in pairs if created[remote] != record}


# WHERE: without it SQLite would take ON CONFLICT for a join's condition.
LINK = """
INSERT INTO sync_links (company_id, target, record_type, record_id, remote_id, base_ours, base_theirs, version,
                        deleted_at, created_at, updated_at)
SELECT %s, %s, %s, link.record_id, link.remote_id, link.base_ours, link.base_theirs, link.version, NULL, %s, %s
FROM {links} AS link WHERE 1 = 1
ON CONFLICT (target, record_type, record_id) DO UPDATE SET
  remote_id = excluded.remote_id, base_ours = excluded.base_ours, base_theirs = excluded.base_theirs,
  version = excluded.version, deleted_at = NULL, apart = FALSE, updated_at = excluded.updated_at
"""
LINKED = {"record_id": "uuid", "remote_id": "text", "base_ours": "jsonb", "base_theirs": "jsonb", "version": "bigint"}


def _links(job: Job, results: Sequence[Result], now: datetime) -> None:
    if not results:
        return
    mapping = job.mapping
    links, news = sql.table([_link(job, result) for result in results], **LINKED)
    values = [mapping.company_id, mapping.pk, mapping.record_type, now, now, *news]
    sql.execute(LINK.format(links=links), values)


def _link(job: Job, result: Result) -> tuple[UUID, str, Cells, Cells, int]:
    plan, written = result.plan, result.written
    assert written is not None
    old = plan.link
    before = old.base_theirs if old and old.deleted_at is None else {}
    cells = _agreed_cells(plan, written) if job.reads else written.cells
    theirs: dict[str, Json] = {**dict.fromkeys(plan.remote_ids), **before, **plan.cells, **cells}
    version = (old.version if old else 0) + 1
    return plan.work.record_id, written.remote_id, plan.base, theirs, version


def _agreed_cells(plan: Plan, written: Written) -> dict[str, Json]:
    """The answer shows the whole row. Where rows are read as well, a cell we did not write may hold somebody's edit
    that nobody has looked at yet: it is no agreement."""
    return {key: cell for key, cell in written.cells.items() if key in plan.cells or key in plan.files}


def _debts(job: Job, results: Sequence[Result], *, to_us: bool) -> None:
    """What these records owe now, and what others owe to those that got their remote row just now."""
    mapping = job.mapping
    if job.parents:
        debts = {r.plan.work.record_id: r.plan.debts for r in results if r.outcome != Outcome.FAILED}
        linking.owe(mapping.company_id, mapping.pk, mapping.record_type, debts)
    new = [r.plan.work.record_id for r in results if to_us and r.written and not r.plan.remote_id]
    if targets := linking.pay(mapping.pk, new):
        transaction.on_commit(lambda: outbox.wake(targets), robust=True)


def _gone(results: Sequence[Result], now: datetime) -> None:
    _end_links([result.plan.link.pk for result in results if result.plan.link], now)


def _end_links(ids: Sequence[int], now: datetime) -> None:
    if ids:
        RecordLink.everywhere.filter(pk__in=ids).update(deleted_at=now, version=F("version") + 1)


_DONE = """
UPDATE sync_work SET done_rev = settled.rev, attempts = 0, failing_since = NULL, tried_at = NULL, hold = '',
       remedy = '', sentence = '', trace = ''
FROM {rows} AS settled WHERE sync_work.id = settled.id
"""


def _done(results: Sequence[Result], now: datetime) -> None:
    """`done_rev` follows to the revision that was read; an edit since then keeps the row due."""
    if not results:
        return
    rows, settled = sql.table([(r.plan.work.pk, r.plan.work.rev) for r in results], id="bigint", rev="bigint")
    sql.execute(_DONE.format(rows=rows), settled)
    for result in results:
        if _still_in_the_air(result, now) or (result.written and result.plan.step is Step.FIND):
            _again(result, now)


def _still_in_the_air(result: Result, now: datetime) -> bool:
    """An earlier call for this row never settled and may still land on top of what we just wrote."""
    tried = result.plan.work.tried_at
    return result.written is not None and tried is not None and now < tried + _unsure()


def _again(result: Result, now: datetime) -> None:
    """Keep the row due: look once more when a late call must have landed (or, for a found row, at once)."""
    tried = result.plan.work.tried_at
    later = tried + _unsure() if tried and result.plan.step is not Step.FIND else now
    WorkRow.everywhere.filter(pk=result.plan.work.pk).update(
        rev=F("rev") + 1, run_at=later, tried_at=tried if later > now else None
    )


def _unsure() -> timedelta:
    return timedelta(seconds=settings.SYNC_UNSURE_WAIT)


def _dead(results: Sequence[Result]) -> None:
    for result in results:
        # An edit that came meanwhile revives the row: only the revision that failed is given up.
        WorkRow.everywhere.filter(pk=result.plan.work.pk, rev=result.plan.work.rev).update(
            hold=Hold.DEAD,
            tried_at=result.plan.work.tried_at,
            remedy=result.remedy,
            sentence=result.sentence,
            trace=result.trace,
        )


def _counts(live: LiveRun, results: Sequence[Result]) -> None:
    by_run: dict[UUID, Counter[str]] = {}
    for run, of_run in groupby(results, lambda result: result.plan.work.run_id):  # nearly always the same
        counts = Counter(result.outcome for result in of_run if run or result.outcome != UNCHANGED)
        if counts:
            by_run.setdefault(run or live().pk, Counter()).update(counts)
    for pk, counter in by_run.items():
        counted = ", ".join(f"{outcome} = {outcome} + %s" for outcome in counter)  # our own words, each a column
        sql.execute(f"UPDATE sync_runs SET {counted} WHERE id = %s", [*counter.values(), pk])  # noqa: S608


_WRITE = """
INSERT INTO sync_writes (company_id, record_type, at, run_id, record_id, title, remote_id, outcome, sentence, changes,
                         image)
SELECT %s, %s, %s, told.run_id, told.record_id, told.title, told.remote_id, told.outcome, told.sentence, told.changes,
       told.image
FROM {told} AS told
"""
_TOLD = {
    "run_id": "uuid",
    "record_id": "uuid",
    "title": "text",
    "remote_id": "text",
    "outcome": "text",
    "sentence": "text",
    "changes": "jsonb",
    "image": "jsonb",
}


def _writes(job: Job, live: LiveRun, results: Sequence[Result], now: datetime) -> None:
    told = [_told(job, live, result) for result in results if result.outcome != UNCHANGED]
    if told:
        lines, news = sql.table(told, **_TOLD)
        sql.execute(_WRITE.format(told=lines), [job.mapping.company_id, job.mapping.record_type, now, *news])


def _told(job: Job, live: LiveRun, result: Result) -> tuple[object, ...]:
    plan = result.plan
    return (
        plan.work.run_id or live().pk,
        plan.work.record_id,
        plan.title[:300],
        result.written.remote_id if result.written else plan.remote_id or "",
        result.outcome,
        result.sentence,
        _changes(job, plan) if result.outcome != Outcome.FAILED else [],
        None if result.outcome == Outcome.FAILED else _image(job, result),
    )


def _changes(job: Job, plan: Plan) -> list[dict[str, Json]]:
    before = plan.link.base_ours if plan.link and plan.remote_id else {}
    before = {name: value for name, value in before.items() if name not in plan.unfilled and not was_chosen(value)}
    labels, ours = job.labels, plan.ours
    return [
        {"field": labels[name], "before": old, "after": ours[name]}
        for name in plan.changed
        if (old := before.get(name)) != ours[name] and name not in plan.left_out
    ]


def _image(job: Job, result: Result) -> dict[str, Json]:
    """What taking this back needs: of an update, both sides of each field before and after. What was created or deleted
    is taken back whole."""
    plan, link, written = result.plan, result.plan.link, result.written
    if not plan.remote_id or link is None or written is None:
        return {}
    cells = {**plan.cells, **written.cells}
    return {
        one.ours.name: [
            link.base_ours.get(one.ours.name),
            plan.ours[one.ours.name],
            one.remote_id,
            link.base_theirs.get(one.remote_id),
            cells[one.remote_id],
        ]
        for one in job.target.fields
        if one.ours.name in plan.changed and one.remote_id in plan.cells
        if not was_chosen(link.base_ours.get(one.ours.name))  # what a person chose is not taken back
    }
