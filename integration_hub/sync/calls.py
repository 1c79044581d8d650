"""Calls for some rows, and what their outcome means: written, refused because of a field or of one record, put off."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import groupby
from traceback import format_exc

import structlog
from django.db import Error as DatabaseError
from structlog.contextvars import bound_contextvars

from integration_hub.contract import FieldRefused, ProviderError, Rejected, RowsGone, TransientError, Written
from integration_hub.http.flight import Flight
from integration_hub.sync import lanes, schema, settle, trouble
from integration_hub.sync.models.run import Outcome
from integration_hub.sync.plan import Plan, Step
from integration_hub.sync.settle import Result
from integration_hub.sync.turn import SOON, Slice

log = structlog.get_logger(__name__)


def make(turn: Slice, groups: Sequence[Sequence[Plan]], going: Callable[[], bool]) -> list[Result]:
    """A call for each of these groups, several at once where the provider is quick enough for that; rows with files
    need several calls each and go alone. Those not begun, because the turn is over, are as they were before."""
    together = [] if turn.slow else [group for group in groups if not any(plan.files for plan in group)]
    if len(together) < 2:
        together = []
    results = _fly(turn, together, going)
    for group in groups:
        if group in together:
            continue
        if going():
            with told(turn, group):
                results += attempt(turn, group)
        else:
            settle.restore(turn.held, group)
    return results


def _fly(turn: Slice, groups: Sequence[Sequence[Plan]], going: Callable[[], bool]) -> list[Result]:
    """All of these calls at once; what came of them is looked at when all are back. Those that failed come last: they
    may ask for further calls."""
    with suppress(ProviderError):  # the calls will meet it, and know what to do
        for prio in {min(plan.work.prio for plan in group) for group in groups}:
            turn.client(prio)  # its key is read here, where the database is, and once
    flight = Flight([partial(_in_flight, turn, group) for group in groups], going)
    flown = [(group, outcome) for group, outcome in zip(groups, flight.run(), strict=True) if outcome is not None]
    turn.opens = flight.lot.opens
    begun = [group for group, _outcome in flown]
    if grounded := [plan for group in groups if group not in begun for plan in group]:
        settle.restore(turn.held, grounded)
    results: list[Result] = []
    for group, outcome in sorted(flown, key=lambda pair: pair[1].error is not None):
        with told(turn, group):
            results += judged(turn, group, outcome.result)
    return results


def _in_flight(turn: Slice, plans: Sequence[Plan]) -> list[Result]:
    with told(turn, plans):
        return call(turn, plans)


def told(turn: Slice, plans: Sequence[Plan]) -> AbstractContextManager[None]:
    """Log lines say what these rows belong to: a full run's id, or live changes."""
    runs = {run: None for run, _rows in groupby(plans, lambda plan: plan.work.run_id)}
    named = ",".join(sorted(str(run or "live") for run in runs))
    return bound_contextvars(run=named, mapping=str(turn.held.target))


def attempt(turn: Slice, plans: Sequence[Plan]) -> list[Result]:
    """One call for these rows, and what its outcome means. A refused batch is bisected until the culprit is alone."""
    return judged(turn, plans, partial(call, turn, plans))


def judged(turn: Slice, plans: Sequence[Plan], came: Callable[[], list[Result]]) -> list[Result]:
    """What it means that a call came to this, or raised it."""
    try:
        results = came()
    except ProviderError as error:
        turn.slow = isinstance(error, TransientError) and error.unsure
        return refused(turn, plans, error)
    except (lanes.LostLane, DatabaseError):
        raise
    except Exception:  # our bug: the row is dead with its traceback, the queue goes on
        log.exception("delivery broke", target=str(turn.held.target))
        if len(plans) > 1:
            return split(turn, plans)
        give_up(turn, plans, "This record could not be sent because of a fault in the hub.", "report", format_exc())
        return []
    turn.slow = False
    return results


def refused(turn: Slice, plans: Sequence[Plan], error: ProviderError) -> list[Result]:
    """The field that is to blame, the culprit among these rows, or what the error means for all of them."""
    if isinstance(error, FieldRefused) and blame_field(turn, error):
        settle.restore(turn.held, plans)
        return []
    if len(plans) > 1 and _worth_splitting(error):
        return split(turn, plans)
    handle(turn, plans, error)
    return []


def call(turn: Slice, plans: Sequence[Plan]) -> list[Result]:
    """The call itself, outside any transaction."""
    job = turn.job
    client = turn.client(min(p.work.prio for p in plans))
    if plans[0].step is Step.DELETE:
        job.sink.delete(client, job.target, [p.remote_id for p in plans if p.remote_id])
        return [Result(p, Outcome.DELETED) for p in plans]
    rows = [p.row for p in plans]
    written = {w.hub_id: w for w in job.sink.upsert(client, job.target, rows)}
    return [_written(p, written[row.hub_id]) for p, row in zip(plans, rows, strict=True)]


def _written(planned: Plan, written: Written) -> Result:
    if planned.step is Step.FIND:
        return Result(planned, settle.UNCHANGED, written)
    return Result(planned, Outcome.CREATED if written.created else Outcome.UPDATED, written)


def _worth_splitting(error: ProviderError) -> bool:
    if isinstance(error, TransientError):
        return not error.unsure and (error.status or 0) >= 500
    return isinstance(error, Rejected | FieldRefused)


def blame_field(turn: Slice, error: FieldRefused) -> bool:
    """A field was refused: pause it, or follow what became of it, and take the rows up again without it. False when
    nothing is wrong with the field, so that it must be this record's value."""
    try:
        blamed = schema.refused(turn.job.mapping, error, ends_by=turn.ends_by)
    except ProviderError as worse:
        handle(turn, [], worse)
        blamed = True
    if blamed and not turn.over:
        turn.stop(0)
    return blamed


@contextmanager
def asking(turn: Slice) -> Iterator[None]:
    """For questions that write nothing. What the provider says against one ends the turn: the field that is to blame is
    paused or followed, else the lane comes back when the ladder says so."""
    try:
        yield
    except FieldRefused as error:
        if not blame_field(turn, error):
            turn.stop(SOON)
    except ProviderError as error:
        handle(turn, [], error)
        if not turn.over:
            turn.stop(SOON)


def split(turn: Slice, plans: Sequence[Plan]) -> list[Result]:
    half = len(plans) // 2
    results: list[Result] = []
    for part in (plans[:half], plans[half:]):
        if turn.over:
            settle.restore(turn.held, part)
        else:
            results += attempt(turn, part)
    return results


def handle(turn: Slice, plans: Sequence[Plan], error: ProviderError) -> None:
    """One ladder: what an error's remedy means for the rows and for the lane."""
    gone = [p for p in plans if p.remote_id and str(p.work.record_id) in getattr(error, "hub_ids", ())]
    if isinstance(error, RowsGone) and gone:
        settle.restore(turn.held, plans)
        settle.forget(turn.held, gone)
    elif isinstance(error, RowsGone) and settle.forget_linked(turn.held, turn.job, error.remote_ids):
        settle.restore(turn.held, plans)
    elif isinstance(error, Rejected | RowsGone | FieldRefused):
        give_up(turn, plans, error.sentence, error.remedy)
    elif isinstance(error, TransientError) and not _call_refused_by_door(error):
        over = settle.fail_for_now(turn.held, plans, error.sentence, unsure=error.unsure, least=error.retry_after)
        give_up(turn, over, error.sentence, error.remedy)
    else:
        settle.restore(turn.held, plans)
        turn.stop(trouble.tell(turn.job, error))


def _call_refused_by_door(error: TransientError) -> bool:
    """The door made no call (breaker open, no time left): the rows are not to blame, the lane waits."""
    return error.retry_after is not None and error.status is None and not error.unsure


def give_up(turn: Slice, plans: Sequence[Plan], sentence: str, remedy: str, trace: str = "") -> None:
    turn.given_up |= bool(plans)
    results = [Result(p, Outcome.FAILED, None, sentence, remedy, trace) for p in plans]
    settle.settle(turn.held, turn.job, turn.live, results)
