"""One call for some rows, and what its outcome means: written, refused because of a field or of one record, put off."""

from collections.abc import Sequence
from traceback import format_exc

import structlog
from django.db import Error as DatabaseError

from integration_hub.contract import FieldRefused, ProviderError, Rejected, RowsGone, TransientError, Written
from integration_hub.sync import lanes, schema, settle, trouble
from integration_hub.sync.models.run import Outcome
from integration_hub.sync.plan import Plan, Step
from integration_hub.sync.settle import Result
from integration_hub.sync.turn import Slice

log = structlog.get_logger(__name__)


def attempt(turn: Slice, plans: Sequence[Plan]) -> list[Result]:
    """One call for these rows, and what its outcome means. A refused batch is bisected until the culprit is alone."""
    try:
        results = call(turn, plans)
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
    written = {w.hub_id: w for w in job.sink.upsert(client, job.target, [p.row for p in plans])}
    return [_written(p, written[str(p.work.record_id)]) for p in plans]


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
