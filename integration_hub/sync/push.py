"""Serving one lane: read the work, read the records now, write them over there, settle. One slice lasts about 2 s."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from traceback import format_exc
from uuid import UUID

import structlog
from django.db import Error as DatabaseError

from integration_hub.companies import scope
from integration_hub.connections.models import Connection
from integration_hub.contract import FieldRefused, ProviderError, Written
from integration_hub.http import clock, metrics
from integration_hub.sync import (
    acts,
    applying,
    calls,
    drafting,
    ladder,
    lanes,
    linking,
    meeting,
    planning,
    proof,
    reading,
    rows,
    runs,
    scanning,
    schema,
    settle,
    strays,
    told,
    trouble,
    undoing,
)
from integration_hub.sync.calls import blame_field, give_up, handle
from integration_hub.sync.models import WorkRow
from integration_hub.sync.models.run import Outcome, RunKind
from integration_hub.sync.plan import Plan, Step
from integration_hub.sync.rows import Work
from integration_hub.sync.settle import Result
from integration_hub.sync.targets import Job, load
from integration_hub.sync.turn import SOON, Slice

log = structlog.get_logger(__name__)

CALLS = 5  # calls which may be in flight together
FLIGHTS = 2  # whose rows are read and settled together, where nobody waits for them
CHUNK = 1.0  # seconds after which no further call of a flight begins: somebody may be waiting for the next one


def serve(held: lanes.Claim) -> None:
    """One turn of a claimed lane, then give it back. A lane that was lost meanwhile is left alone."""
    job = load(held.target)
    try:
        with scope.entered(held.company_id):
            if job is None:
                lanes.release(held, _acts(held))
                return
            turn = Slice(held, job, slow=held.slow)
            try:
                _work(turn)
            finally:
                turn.land()
    except lanes.LostLane:
        log.warning("lane lost while working", target=str(held.target))
        return
    except DatabaseError:  # the database is away or busy: nothing was settled, everything is still due
        log.exception("database failed while serving a lane", target=str(held.target))
        lanes.release(held, clock.now() + timedelta(seconds=2))
        return
    lanes.release(held, turn.next_due or _next_due(turn), slow=turn.slow)


def _acts(held: lanes.Claim) -> datetime | None:
    """The lane of a connection rather than of a mapping: its acts."""
    connection = Connection.everywhere.filter(pk=held.target).first()
    return acts.serve(held, connection) if connection else None


def _work(turn: Slice) -> None:
    while turn.going:
        turn.rest()
        if special(turn):
            continue
        if turn.job.mapping.waits:
            break
        if told.step(turn) or reading.step(turn):
            continue
        chunk = pick(turn.job)
        turn.in_the_midst = len(chunk) >= turn.job.sink.batch * CALLS and any(work.run_id for work in chunk)
        if len(chunk) < turn.job.sink.batch and look_around(turn):
            continue
        if chunk:
            deliver(turn, chunk)
        elif not proof.step(turn):
            break
    if turn.in_the_midst and not turn.over and not turn.given_up:
        turn.next_due = clock.now() + timedelta(seconds=turn.room_in)
        return
    runs.finish(turn.job.mapping)
    trouble.tell_given_up(turn.job, raised=turn.given_up)
    if turn.job.reads:
        strays.tell(turn.job.mapping)


def special(turn: Slice) -> bool:
    """The next part of a preview or an undo; False when there is none to do now."""
    run = None if turn.over or turn.undisturbed else runs.at_hand(turn.job.mapping.pk)
    if run is None:
        return False
    if run.kind == RunKind.UNDO:
        return undoing.step(turn, run)
    return applying.step(turn, run) if run.applied_at else drafting.step(turn, run)


def look_around(turn: Slice) -> bool:
    """The next step of a full run; False when there is none to take now. Parents go first, so that little is owed, and
    the remote table is looked at before the first record."""
    run = runs.unscanned(turn.job.mapping.pk, RunKind.FULL)
    if run is None or turn.over:
        return False
    if run.cursor is None:
        turn.waits_for_parents = linking.parents_run(turn.job.parents)
        if turn.waits_for_parents or not look_at_table(turn):
            return False
        if reading.begin(turn, run):
            return not turn.over
        if turn.job.reads:
            meeting.release(turn.job.mapping)
    try:
        scanning.scan(turn.held, turn.job, run)
    except scanning.Outdated:
        turn.stop(0)
    return not turn.over


def look_at_table(turn: Slice) -> bool:
    """Follow what became of the table; False when this turn is over because of it."""
    try:
        schema.look(turn.job.mapping, ends_by=turn.ends_by)
    except ProviderError as error:
        handle(turn, [], error)
        if not turn.over:
            turn.stop(SOON)
        return False
    if turn.job.is_outdated():
        turn.stop(0)
    return not turn.over


def _next_due(turn: Slice) -> datetime | None:
    """When this lane has something to do. A full run that waits for those of its parents is patient."""
    target = turn.held.target
    if runs.at_hand(target) is not None:
        return clock.now()
    if turn.job.mapping.waits:
        return None
    read_at = reading.next_at(target) if turn.job.reads else None
    first = _earlier(rows.next_at(target), read_at)
    first = _earlier(first, proof.next_at(target))
    if runs.unscanned(target, RunKind.FULL) is None:
        return first
    again = clock.now() + timedelta(seconds=SOON if turn.waits_for_parents else 0)
    return _earlier(first, again)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


def pick(job: Job) -> list[Work]:
    """The next rows to deliver, people's first: what the calls of a flight take. Of a full run those of further flights
    as well, unless the table is read too: then what is known of its rows must not grow old."""
    most = job.sink.batch * CALLS
    found = rows.due(job.mapping.pk, most if job.reads else most * FLIGHTS)
    return found if found and found[0].prio == WorkRow.PRIO_BACKFILL else found[:most]


def deliver(turn: Slice, chunk: Sequence[Work]) -> None:
    """Plan these rows, settle what needs no call, and make the calls."""
    plans = read(turn, chunk)
    quiet = [Result(p, settle.UNCHANGED, _agreed(p)) for p in plans if p.step is Step.NOTHING]
    refused = [_refusal(p) for p in plans if p.step is Step.REFUSE]
    turn.given_up |= bool(refused)
    settle.settle(turn.held, turn.job, turn.live, quiet + refused)
    if waiting := [p for p in plans if p.step is Step.WAIT]:
        settle.postpone(turn.held, waiting)
    send(turn, [p for p in plans if p.step in (Step.WRITE, Step.FIND)])
    send(turn, [p for p in plans if p.step is Step.DELETE])


def read(turn: Slice, chunk: Sequence[Work]) -> list[Plan]:
    """The plans of these rows; none where the turn must end or the trouble was dealt with here. Where the table is read
    as well, it is looked at first."""
    try:
        if turn.job.reads:
            reading.look_first(turn, chunk)
        if turn.over:
            return []
        return planning.plan(turn.job, chunk, ends_by=turn.ends_by)
    except FieldRefused as error:
        if not blame_field(turn, error):
            set_aside(turn, chunk, error.sentence)
    except ProviderError as error:
        handle(turn, [], error)
        if not turn.over:
            turn.stop(SOON)
    except DatabaseError:
        raise
    except Exception:  # our bug: the one record that cannot even be read is set aside, the queue goes on
        log.exception("planning broke", target=str(turn.held.target))
        set_aside(turn, chunk, "This record could not be read because of a fault in the hub.", format_exc())
    return []


def set_aside(turn: Slice, chunk: Sequence[Work], sentence: str, trace: str = "") -> None:
    """One of these cannot be planned: find it by halves, and give it up alone."""
    if len(chunk) == 1:
        give_up(turn, [Plan(chunk[0], None, Step.REFUSE)], sentence, "report" if trace else "give up", trace)
        return
    for part in (chunk[: len(chunk) // 2], chunk[len(chunk) // 2 :]):
        if not turn.over:
            deliver(turn, part)


def _agreed(planned: Plan) -> Written | None:
    """Nothing is written, but what both sides agree on is another set of fields now: the link notes it."""
    if not planned.agrees_anew:
        return None
    return Written(str(planned.work.record_id), planned.remote_id or "", {})


def send(turn: Slice, plans: Sequence[Plan]) -> None:
    """Make the calls, then settle once: the database is asked a few times a chunk, not a few times a call."""
    if not plans or turn.over:
        return
    groups = _groups(plans, turn.job.sink.batch)
    results: list[Result] = []
    with metrics.together():
        for first in range(0, len(groups), CALLS):
            flight = groups[first : first + CALLS]
            if first and not _goes_on(turn, flight):
                break  # nothing was begun for the others: they are as due as before
            results += _flown(turn, flight)
    results = without_strangers(turn, results)
    mirror(turn.job, results)
    settle.settle(turn.held, turn.job, turn.live, results)
    trouble.tell_copies(turn.job, results)
    if results and not turn.cured and not turn.over:
        trouble.cured(turn.job)
        turn.cured = True
    if results and time.monotonic() - turn.touched > runs.TOUCH.total_seconds():
        runs.touch(turn.job.connection)
        turn.touched = time.monotonic()


def _flown(turn: Slice, groups: Sequence[Sequence[Plan]]) -> list[Result]:
    settle.begin(turn.held, [plan for group in groups for plan in group])
    ends = time.monotonic() + CHUNK
    return calls.make(turn, groups, lambda: not turn.over and time.monotonic() <= ends)


def _goes_on(turn: Slice, groups: Sequence[Sequence[Plan]]) -> bool:
    """Whether further calls of a chunk may follow: nobody wants the thread, the lane or a record of this target, and
    nobody stopped the run."""
    turn.rest()
    following = (plan.work for group in groups for plan in group)
    return turn.lasts(0.0) and not rows.held_up(turn.job.mapping.pk, following)


def mirror(job: Job, results: Sequence[Result]) -> None:
    """Let the records know their remote rows: before the settling, so that a kill in between does it again."""
    if job.record_type.mirrored is None or not job.mapping.is_primary:
        return
    ids: dict[UUID, str | None] = {r.plan.work.record_id: None for r in results if r.outcome == Outcome.DELETED}
    for result in results:
        if result.written and result.written.remote_id != result.plan.remote_id:
            ids[result.plan.work.record_id] = result.written.remote_id
    if ids:
        job.record_type.mirrored(job.mapping.company_id, ids)


def _groups(plans: Sequence[Plan], size: int) -> list[Sequence[Plan]]:
    """As many as one call takes; a row that failed often travels alone."""
    alone = [p for p in plans if p.work.attempts >= ladder.ALONE_AFTER]
    others = [p for p in plans if p.work.attempts < ladder.ALONE_AFTER]
    together = [others[start : start + size] for start in range(0, len(others), size)]
    return [*together, *([p] for p in alone)]


def _refusal(planned: Plan) -> Result:
    return Result(planned, Outcome.FAILED, None, planned.sentence, "give up", planned.trace)


def without_strangers(turn: Slice, results: list[Result]) -> list[Result]:
    """A remote row that answered for our record but is linked to another one is a mix-up a person must settle."""
    taken = settle.strangers(turn.job, results)
    if not taken:
        return results
    turn.given_up = True
    sentence = "The remote row that carries this record's Hub ID belongs to another record; correct its Hub ID."
    return [
        Result(r.plan, Outcome.FAILED, None, sentence, "give up") if r.written and r.written.remote_id in taken else r
        for r in results
    ]
