"""Taking a run back: both sides become what they were before it, where both still are what it left.

Records are set back by our own services, and what they then are is written to the provider as any change is. What was
made is deleted, and does not come again by itself; what was deleted is made anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from integration_hub.contract import Entry, RemoteRow, Unfit, registry
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.notices import audit
from integration_hub.sync import lanes, merging, outbox, reading, runs
from integration_hub.sync.calls import asking
from integration_hub.sync.canonical import canonical_fields, valued
from integration_hub.sync.merge import cell
from integration_hub.sync.merging import Desk
from integration_hub.sync.models import Mapping, RecordLink, SyncRun, SyncWrite, WorkRow
from integration_hub.sync.models.run import Outcome, RunKind, RunState, Went
from integration_hub.sync.pacing import paced
from integration_hub.sync.rows import Link
from integration_hub.sync.turn import Slice

KEPT = timedelta(days=30)  # as long as what was written is kept
AT_ONCE = 50


class NotPossible(Exception):
    """This run cannot be taken back; the text says why."""


class Left(Exception):
    """This record is left alone; the text says why."""


def until(run: SyncRun) -> datetime:
    """When it will be too late."""
    return (run.finished_at or run.started_at) + KEPT


def refusal(run: SyncRun) -> str:
    """Why this run cannot be taken back; empty where it can."""
    return _by_state(run) or _by_history(run)


def _by_state(run: SyncRun) -> str:
    if run.kind == RunKind.UNDO:
        return _("This run took another one back. Let its records be made again instead.")
    if run.state == RunState.PLANNED or (run.state == RunState.RUNNING and run.kind != RunKind.LIVE):
        return _("This run is still going. Stop it first.")
    if run.mapping.retired_at is not None:
        return _("Its mapping was removed.")
    return ""


def _by_history(run: SyncRun) -> str:
    if clock.now() > until(run):
        return _("What it changed is kept for 30 days only.")
    if SyncRun.everywhere.filter(undoes=run).exclude(state=RunState.STOPPED).exists():
        return _("It was taken back already.")
    if not SyncWrite.everywhere.filter(run=run, image__isnull=False).exists():
        return _("It changed nothing.")
    return ""


def start(run: SyncRun, *, actor: str) -> SyncRun:
    """Take this run back; the run that does it. NotPossible says why not."""
    if refused := refusal(run):
        raise NotPossible(refused)
    mapping = Mapping.everywhere.get(pk=run.mapping_id)
    try:
        with transaction.atomic():
            undo = runs.create(mapping, actor, RunKind.UNDO, undoes=run)
            total = SyncWrite.everywhere.filter(run=run, image__isnull=False).order_by()
            SyncRun.everywhere.filter(pk=undo.pk).update(total=total.values("record_id").distinct().count())
            audit.record("run.undone", company_id=run.company_id, actor=actor, target=str(run.pk))
            undo.refresh_from_db(fields=["total"])
    except IntegrityError:
        raise NotPossible(_("A preview or another undo of this mapping is going on. Wait for its end.")) from None
    transaction.on_commit(lambda: outbox.wake([mapping.pk]), robust=True)
    return undo


def taken_away(run: SyncRun) -> QuerySet[RecordLink]:
    """The links of what this undo took away, and what is not made again by itself."""
    mine = SyncWrite.everywhere.filter(run=run).values("record_id")
    apart = RecordLink.everywhere.filter(target=run.mapping_id, record_id__in=mine, apart=True)
    return apart.exclude(deleted_at=None)


def allow_again(run: SyncRun, *, actor: str) -> int:
    """What this undo took away may be made again: it is written, or read, as if it were new. How many records."""
    with transaction.atomic():
        apart = taken_away(run)
        ids = sorted(apart.values_list("record_id", flat=True))
        apart.update(apart=False, version=F("version") + 1)
        living = registry.record_type(run.mapping.record_type).load(run.company_id, ids)
        pairs = [(run.mapping_id, pk) for pk in ids if pk in living]
        outbox.write(run.company_id, run.mapping.record_type, pairs, prio=WorkRow.PRIO_CHANGE)
        audit.record("run.allowed_again", company_id=run.company_id, actor=actor, target=str(run.pk))
    if ids:
        reading.whole(run.mapping)
        transaction.on_commit(lambda: outbox.wake([run.mapping_id]), robust=True)
    return len(ids)


@dataclass(frozen=True)
class Done:
    """What a run did to one record, all its writes taken together. `image` as models.SyncWrite keeps it."""

    record_id: UUID
    remote_id: str
    title: str
    first: SyncWrite
    last: SyncWrite
    image: dict[str, list[Any]]


def step(turn: Slice, run: SyncRun) -> bool:
    """Take the next records back; False when this turn is over."""
    assert run.undoes is not None
    after = (run.at or {}).get("after")
    mine = SyncWrite.everywhere.filter(run=run.undoes, image__isnull=False)
    rest = mine.filter(record_id__gt=UUID(after)) if after else mine
    ids = list(rest.order_by("record_id").values_list("record_id", flat=True).distinct()[:AT_ONCE])
    if not ids:
        _keep(turn, run, scanned=True)
        return not turn.over
    done = _together(list(mine.filter(record_id__in=ids).order_by("id")))
    with asking(turn):
        there = _there(turn, done)
    if turn.over:
        return False
    size = merging.at_once()
    for start in range(0, len(done), size):
        part = done[start : start + size]
        with turn.on_behalf_of(run), paced():
            _take_back(turn, run, part, there, lanes.fence(turn.held))
            SyncRun.everywhere.filter(pk=run.pk).update(at={"after": str(part[-1].record_id)})
    return not turn.over


def _keep(turn: Slice, run: SyncRun, **told: object) -> None:
    with paced():
        lanes.fence(turn.held)
        SyncRun.everywhere.filter(pk=run.pk).update(**told)


def _together(writes: Sequence[SyncWrite]) -> list[Done]:
    """Of several writes of a record, the first says what was before, and the last what is left."""
    found: dict[UUID, Done] = {}
    for write in writes:
        known = found.get(write.record_id)
        image = dict(known.image) if known else {}
        for name, (ours, ours_after, remote, theirs, theirs_after) in (write.image or {}).items():
            before = image.get(name, [ours, None, remote, theirs, None])
            image[name] = [before[0], ours_after, remote, before[3], theirs_after]
        first = known.first if known else write
        found[write.record_id] = Done(write.record_id, write.remote_id, write.title, first, write, image)
    return [found[pk] for pk in sorted(found)]


def _there(turn: Slice, done: Sequence[Done]) -> dict[str, RemoteRow] | None:
    """These rows as they are now; None where they cannot be read."""
    if not turn.job.sink.readable:
        return None
    ids = sorted({one.remote_id for one in done if one.remote_id and one.last.outcome != Outcome.DELETED})
    found = turn.job.sink.read(turn.client(0), turn.job.whole, ids) if ids else {}
    return {remote_id: RemoteRow(remote_id, cells) for remote_id, cells in found.items()}


def _take_back(
    turn: Slice, run: SyncRun, part: Sequence[Done], there: dict[str, RemoteRow] | None, now: datetime
) -> None:
    desk = Desk(turn.job, now, [one.record_id for one in part])
    for one in part:
        try:
            with transaction.atomic():
                outcome, changes = _way_back(one)(turn, desk, one, there)
            _told(run, one, now, outcome, changes=changes)
        except Left as left:
            _told(run, one, now, Outcome.FAILED, sentence=str(left))
        except Unfit as refused:
            _told(run, one, now, Outcome.FAILED, sentence=" ".join(s for said in refused.errors.values() for s in said))
    mine = [(turn.job.mapping.pk, one.record_id) for one in part]
    if turn.job.writes:
        outbox.write(run.company_id, turn.job.mapping.record_type, mine, prio=WorkRow.PRIO_PERSON, run=run.pk)


Changes = list[dict[str, Json]]
WayBack = Callable[[Slice, Desk, Done, "dict[str, RemoteRow] | None"], tuple[str, Changes]]


def _way_back(one: Done) -> WayBack:
    if one.first.outcome == Outcome.CREATED and one.last.outcome == Outcome.DELETED:
        return _nothing
    if one.last.outcome == Outcome.DELETED:
        return _restore
    return _unmake if one.first.outcome == Outcome.CREATED else _set_back


def _nothing(turn: Slice, desk: Desk, one: Done, there: "dict[str, RemoteRow] | None") -> tuple[str, Changes]:
    return "unchanged", []


def _set_back(turn: Slice, desk: Desk, one: Done, there: "dict[str, RemoteRow] | None") -> tuple[str, Changes]:
    """The values that were here before; the row follows."""
    _linked(desk, one)
    mine = desk.values.get(one.record_id)
    if mine is None:
        raise Left(_("The record is gone."))
    if there is not None and one.remote_id not in there:
        raise Left(_("The row is gone."))
    fields = turn.job.rules.names
    ours = canonical_fields(mine, one.image)
    moved = [
        name for name, now in ours.items() if name in fields and now not in (one.image[name][0], one.image[name][1])
    ]
    moved += [name for name in one.image if there is not None and _moved(one, name, there[one.remote_id])]
    if moved:
        names = ", ".join(sorted({turn.job.label(name) for name in moved}))
        raise Left(_("It was changed since: %(fields)s.") % {"fields": names})
    back = {name: one.image[name][0] for name in ours if name in fields and not fields[name].ours.read_only}
    if not back:
        raise Left(_("These fields are computed and cannot be set back."))
    desk.save(Entry(one.record_id, {name: valued(fields[name].ours, value) for name, value in back.items()}))
    told: Changes = [
        {"field": turn.job.label(name), "before": ours[name], "after": value} for name, value in back.items()
    ]
    return Outcome.UPDATED, told


def _moved(one: Done, name: str, row: RemoteRow) -> bool:
    """Whether their cell is neither what the run left nor what was before it."""
    _ours, _after, remote, before, after = one.image[name]
    return cell(row.cells.get(remote)) not in (cell(before), cell(after))


def _linked(desk: Desk, one: Done) -> Link:
    link = desk.links.get(one.record_id)
    if link is None or link.deleted_at is not None or link.remote_id != one.remote_id:
        raise Left(_("The record and the row are no longer joined."))
    return link


def _unmake(turn: Slice, desk: Desk, one: Done, there: "dict[str, RemoteRow] | None") -> tuple[str, Changes]:
    """Delete what was made of the other, on its side; neither is made again by itself."""
    link = _linked(desk, one)
    later = SyncWrite.everywhere.filter(record_id=one.record_id, run__mapping=turn.job.mapping, pk__gt=one.last.pk)
    if later.exclude(outcome=Outcome.FAILED).exists():
        raise Left(_("It was changed since, by a later run."))
    made_here = one.first.way == Went.IN
    ended = {"deleted_at": desk.now} if made_here else {}
    RecordLink.everywhere.filter(pk=link.pk).update(apart=True, version=F("version") + 1, **ended)
    if not made_here:
        return "unchanged", []  # the row is deleted by the lane, and told then
    assert turn.job.record_type.remove is not None
    turn.job.record_type.remove(desk.company, one.record_id)
    return Outcome.DELETED, []


def _restore(turn: Slice, desk: Desk, one: Done, there: "dict[str, RemoteRow] | None") -> tuple[str, Changes]:
    """The record lives again; its row is made anew."""
    if turn.job.record_type.restore is None:
        raise Left(_("Records of this kind cannot be restored."))
    turn.job.record_type.restore(desk.company, one.record_id)
    return Outcome.CREATED, []


def _told(
    run: SyncRun, one: Done, now: datetime, outcome: str, *, sentence: str = "", changes: Sequence[Any] = ()
) -> None:
    SyncRun.everywhere.filter(pk=run.pk).update(**{outcome: F(outcome) + 1})
    if outcome == "unchanged":
        return
    SyncWrite.everywhere.create(
        company_id=run.company_id,
        run=run,
        record_type=one.first.record_type,
        record_id=one.record_id,
        title=one.title,
        remote_id=one.remote_id,
        outcome=outcome,
        way=Went.IN,
        sentence=sentence,
        changes=list(changes),
        at=now,
    )
