"""Doing what a preview showed, row by row. Both sides are looked at again: what changed since is left alone."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integration_hub.contract import RemoteRow
from integration_hub.contract.records import Values
from integration_hub.sync import arriving, lanes, meeting, merging, noting, outbox, runs, vanishing
from integration_hub.sync.calls import asking
from integration_hub.sync.canonical import canonical_fields
from integration_hub.sync.merging import Desk
from integration_hub.sync.models import Mapping, PlanRow, RecordLink, SyncRun, WorkRow
from integration_hub.sync.models.preview import Planned, PlanState
from integration_hub.sync.pacing import paced
from integration_hub.sync.previews import ONLY_TOLD, print_of
from integration_hub.sync.turn import Slice

AT_ONCE = 50  # rows asked for at once

TAKEN_IN = (Planned.UPDATE, Planned.CONFLICT, Planned.LINK, Planned.CREATE_HERE)
CHANGED_HERE = gettext_noop("The record was changed since the preview.")
CHANGED_THERE = gettext_noop("The row was changed since the preview.")
GONE = gettext_noop("The row is gone since the preview.")
TAKEN = gettext_noop("It was joined with another one since the preview.")
BACK = gettext_noop("The row is there again.")


def step(turn: Slice, run: SyncRun) -> bool:
    """The next rows of the plan; False when this turn is over, or nothing of it is left."""
    _leave_alone(turn, run)
    plan = list(PlanRow.everywhere.filter(run=run, state=PlanState.PLANNED).order_by("id")[:AT_ONCE])
    if not plan:
        _end(turn, run)
        return not turn.over
    with asking(turn):
        there = _there(turn, plan)
    if turn.over:
        return False
    size = merging.at_once()
    for start in range(0, len(plan), size):
        with turn.on_behalf_of(run), paced():
            _apply(turn, run, plan[start : start + size], there, lanes.fence(turn.held))
    return not turn.over


def _leave_alone(turn: Slice, run: SyncRun) -> None:
    """What the plan only tells of. Records that fit a row beside others get no row of their own meanwhile."""
    told = PlanRow.everywhere.filter(run=run, state=PlanState.PLANNED, what__in=ONLY_TOLD)
    doubtful = told.filter(what=Planned.AMBIGUOUS, remote_id="", record_id__isnull=False)
    records = [row.record_id for row in doubtful if row.record_id]
    meeting.hold(turn.job.mapping, records, run.applied_at or run.started_at)
    told.update(state=PlanState.SKIPPED)


def _there(turn: Slice, plan: Sequence[PlanRow]) -> dict[str, RemoteRow]:
    """The rows of the plan as they are now."""
    ids = sorted({row.remote_id for row in plan if row.remote_id and row.what != Planned.DELETE_THERE})
    if not ids or not turn.job.sink.readable:
        return {}
    found = turn.job.sink.read(turn.client(1), turn.job.whole, ids)
    return {remote_id: RemoteRow(remote_id, cells) for remote_id, cells in found.items()}


def _apply(turn: Slice, run: SyncRun, plan: Sequence[PlanRow], there: dict[str, RemoteRow], now: datetime) -> None:
    mine = [row for row in plan if row.record_id]
    desk = Desk(turn.job, now, sorted({row.record_id for row in mine if row.record_id}), there.values())
    before, due = desk.values, list[UUID]()
    for row in plan:
        row.sentence = _moved(turn, row, before, there)
        row.state = PlanState.SKIPPED if row.sentence else PlanState.DONE
    wanted = [row for row in plan if row.state == PlanState.DONE]
    due += _take_linked(turn, desk, wanted, there)
    due += _take_new(turn, [there[row.remote_id] for row in wanted if _is_new(desk, row)], wanted, now)
    due += [row.record_id for row in wanted if row.record_id and _is_written(row)]
    _end_links(turn, [row.remote_id for row in wanted if row.what == Planned.DELETE_HERE])
    pairs = [(turn.job.mapping.pk, pk) for pk in sorted(set(due))]
    outbox.write(run.company_id, turn.job.mapping.record_type, pairs, prio=WorkRow.PRIO_BACKFILL, run=run.pk)
    PlanRow.everywhere.bulk_update(plan, ["state", "sentence"])


def _moved(turn: Slice, row: PlanRow, before: Map[UUID, Values], there: dict[str, RemoteRow]) -> str:
    """Why this row is left alone; empty where both sides are what they were."""
    if row.what == Planned.DELETE_HERE:
        return _(BACK) if row.remote_id in there else _same(turn, row, before)
    if row.what == Planned.DELETE_THERE:
        return _(CHANGED_HERE) if row.record_id in before else ""
    if row.remote_id and turn.job.sink.readable:
        if row.remote_id not in there:
            return _(GONE)
        if print_of(turn.job.rules.theirs(there[row.remote_id])) != row.theirs_seen:
            return _(CHANGED_THERE)
    return _same(turn, row, before) if row.record_id else ""


def _same(turn: Slice, row: PlanRow, before: Map[UUID, Values]) -> str:
    mine = before.get(row.record_id) if row.record_id else None
    is_now = print_of(canonical_fields(mine, turn.job.rules.names)) if mine is not None else ""
    return "" if is_now == row.ours_seen else _(CHANGED_HERE)


def _is_new(desk: Desk, row: PlanRow) -> bool:
    """A row that is to be joined with its record, or made one."""
    if row.what not in TAKEN_IN or not row.remote_id:
        return False
    link = desk.links.get(row.record_id) if row.record_id else None
    return link is None or link.deleted_at is not None


def _take_linked(turn: Slice, desk: Desk, plan: Sequence[PlanRow], there: dict[str, RemoteRow]) -> list[UUID]:
    """Merge rows that are linked already; the records that are to be written over there."""
    linked = [row for row in plan if row.what in TAKEN_IN and row.remote_id and row.record_id]
    part = {row.record_id: there[row.remote_id] for row in linked if not _is_new(desk, row) and row.record_id}
    brought = desk.merged(part)
    owing = [done.record_id for done in brought if desk.owes_a_push(done)]
    noting.settle(turn, brought, desk)
    return owing


def _is_written(row: PlanRow) -> bool:
    """Whether all there is to do is to write, or delete, the row over there."""
    return row.what in (Planned.CREATE_THERE, Planned.DELETE_THERE) or (
        row.what == Planned.UPDATE and not row.remote_id
    )


def _end_links(turn: Slice, remote_ids: Sequence[str]) -> None:
    """These rows are gone, as the plan said: their records go as the mapping says."""
    links = RecordLink.everywhere.filter(target=turn.job.mapping.pk, deleted_at=None, remote_id__in=remote_ids)
    if remote_ids:
        vanishing.apply(turn, list(links))


def _take_new(turn: Slice, found: Sequence[RemoteRow], plan: Sequence[PlanRow], now: datetime) -> list[UUID]:
    """Join these rows with their records, or make records of them; the records that are to be written over there."""
    by_id = {row.remote_id: row for row in plan if row.remote_id}
    owing: list[UUID] = []
    for arrived in arriving.look(turn, found, now) if found else ():
        owing += [done.record_id for done in arrived.brought if arrived.desk.owes_a_push(done)]
        noting.settle(turn, arrived.brought, arrived.desk)
        for done in arrived.brought:
            by_id[done.row.remote_id].record_id = done.record_id
        for odd in arrived.odd:
            _skip(by_id[odd.row.remote_id], odd.sentence)
        for left in arrived.left:
            _skip(by_id[left.remote_id], _(TAKEN))
    return owing


def _skip(row: PlanRow, sentence: str) -> None:
    row.state, row.sentence = PlanState.SKIPPED, sentence


def _end(turn: Slice, run: SyncRun) -> None:
    """Everything is done or queued. Where the mapping began its life with it, all is looked at once more: what was
    edited meanwhile was nobody's business until now."""
    mapping = turn.job.mapping
    with paced():
        lanes.fence(turn.held)
        SyncRun.everywhere.filter(pk=run.pk).update(scanned=True, at={**(run.at or {}), "goes_live": False})
    if (run.at or {}).get("goes_live"):
        runs.start(Mapping.everywhere.get(pk=mapping.pk), actor=run.actor)
