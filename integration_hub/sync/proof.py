"""Proof of sync: every night, and whenever somebody wants it, both sides of a mapping are compared row by row.

Comparing writes nothing over there and no record here; what differs is listed, and fixed when a person says so
(`mending`). It is the last thing a lane does: edits, readings and full runs go first.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.connections.models import Status
from integration_hub.contract import CursorExpired
from integration_hub.http import clock
from integration_hub.notices import audit, problems
from integration_hub.sync import lanes, mending, outbox, proving, sql, targets, trouble
from integration_hub.sync.calls import asking
from integration_hub.sync.models import Lane, Mapping
from integration_hub.sync.models.proof import Difference, Phase, Proof, ProofState
from integration_hub.sync.pacing import paced
from integration_hub.sync.turn import Slice

log = structlog.get_logger(__name__)

AT = time(3)  # UTC: when the nightly comparisons begin,
SPREAD = 60  # and over how many minutes they are spread, so that not all bases are read at once
RESTARTS = 5  # times a comparison begins anew before it is given up


class NotNow(Exception):
    """This mapping cannot be compared; the text says why."""


# --- starting and stopping --------------------------------------------------------------------------------------------


def start(mapping: Mapping, *, actor: str, night: date | None = None) -> Proof:
    """Compare both sides now. While a comparison of this mapping is going, that one is the answer. NotNow says why it
    cannot be."""
    if reason := obstacle(mapping):
        raise NotNow(reason)
    now = clock.now()
    mine = Proof.everywhere.filter(mapping=mapping)
    proof = mine.filter(state=ProofState.RUNNING).first()
    if proof is None:
        new = Proof(mapping=mapping, company_id=mapping.company_id, actor=actor[:200], started_at=now, began=now)
        new.night, new.version = night, mapping.version
        proof = _made(new) or mine.order_by("-started_at")[0]  # somebody else started one at the same time
    elif night is not None:
        mine.filter(pk=proof.pk, night=None).update(night=night)
    transaction.on_commit(lambda: outbox.wake([mapping.pk]), robust=True)
    return proof


def _made(new: Proof) -> Proof | None:
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError:
        return None
    return new


def obstacle(mapping: Mapping) -> str:
    """Why this mapping cannot be compared; empty where it can."""
    if mapping.retired_at is not None:
        return _("This mapping was replaced by another one.")
    if mapping.waits:
        return _("Nothing was synced yet: look at the preview and apply it first.")
    if mapping.connection.status != Status.CONNECTED:
        return _("The connection is not in order. Connect it again, then compare.")
    return "" if targets.sink_of(mapping).readable else _("This service does not let the hub read what it holds.")


def stop(proof: Proof, *, actor: str) -> bool:
    """Let go of a comparison that is going. False when it was over already."""
    mine = Proof.everywhere.filter(pk=proof.pk, state=ProofState.RUNNING)
    stopped = bool(mine.update(state=ProofState.STOPPED, finished_at=clock.now()))
    if stopped:
        audit.record("proof.stopped", company_id=proof.company_id, actor=actor, target=str(proof.mapping_id))
    return stopped


def fix(proof: Proof, *, actor: str, difference: int | None = None) -> int:
    """Bring one difference of this comparison in order, or all that the hub can. How many there are."""
    rows = mending.open_ones(proof)
    count = mending.want(rows if difference is None else rows.filter(pk=difference))
    audit.record(
        "proof.fixed", company_id=proof.company_id, actor=actor, target=str(proof.pk), data={"differences": count}
    )
    transaction.on_commit(lambda: outbox.wake([proof.mapping_id]), robust=True)
    return count


def latest(mappings: "QuerySet[Mapping] | list[UUID]") -> "QuerySet[Proof]":
    """The last comparison that came to its end, of each of these mappings."""
    done = Proof.everywhere.filter(mapping=OuterRef("mapping"), state=ProofState.DONE).order_by("-started_at", "-id")
    return Proof.everywhere.filter(mapping__in=mappings, pk=Subquery(done.values("pk")[:1]))


# --- under the lane ---------------------------------------------------------------------------------------------------


def step(turn: Slice) -> bool:
    """The next piece of a comparison, or of what is to be fixed; False when there is none to take now."""
    if turn.over:
        return False
    target = turn.job.mapping.pk
    return _tried(turn, lambda: mending.step(turn) or _compare(turn, running(target)))


# Asked at the end of every turn and nearly always without an answer, so these are written by hand.
_RUNNING = "SELECT id FROM sync_proofs WHERE mapping_id = %s AND state = 'running'"
_WORK = """
SELECT 1 FROM sync_proofs WHERE mapping_id = %s AND state = 'running'
UNION ALL SELECT 1 FROM sync_differences WHERE target = %s AND mend = 'wanted' LIMIT 1
"""


def running(target: UUID) -> Proof | None:
    found = sql.fetch(_RUNNING, [target])
    return Proof.everywhere.filter(pk=sql.uuid_of(found[0][0]), state=ProofState.RUNNING).first() if found else None


def _tried(turn: Slice, piece: Callable[[], bool]) -> bool:
    """The piece, and what an error of the provider means for the lane: the same as for any other call."""
    done = False
    with asking(turn):
        try:
            done = piece()
        except proving.Lost:
            done = not turn.over
    return done


def _compare(turn: Slice, proof: Proof | None) -> bool:
    if proof is None:
        return False
    if not turn.job.sink.readable:
        return stop(proof, actor="")
    if proof.version != turn.job.version:
        return _anew(turn, proof)
    try:
        if not PIECES[Phase(proof.phase)](turn, proof):
            _finish(turn, proof.pk)
    except CursorExpired:
        log.info("a listing broke off and the comparison begins again", mapping=str(proof.mapping_id))
        return _anew(turn, proof)
    return True


def _list_rows(turn: Slice, proof: Proof) -> bool:
    proving.list_rows(turn, proof)
    return True


def _walk_records(turn: Slice, proof: Proof) -> bool:
    proving.walk_records(turn, proof)
    return True


PIECES: dict[Phase, Callable[[Slice, Proof], bool]] = {
    Phase.LISTING: _list_rows,
    Phase.RECORDS: _walk_records,
    Phase.AGAIN: proving.look_again,
}


def _anew(turn: Slice, proof: Proof) -> bool:
    if proof.restarts < RESTARTS:
        proving.begin_anew(turn, proof)
        return True
    said = _("The table or the mapping changed too often meanwhile. Compare again later.")
    mine = Proof.everywhere.filter(pk=proof.pk, state=ProofState.RUNNING)
    mine.update(state=ProofState.STOPPED, finished_at=clock.now(), sentence=said)
    return True


def _finish(turn: Slice, pk: UUID) -> None:
    """All was looked at: count, and tell people where the same differs as the last time."""
    proof = Proof.everywhere.select_related("mapping").get(pk=pk)
    sure = Difference.everywhere.filter(proof=proof).order_by()
    kinds = Counter(proof.kinds) + Counter(dict(sure.values_list("kind").annotate(Count("pk"))))
    with paced():
        now = lanes.fence(turn.held)
        mine = Proof.everywhere.filter(pk=pk, state=ProofState.RUNNING)
        if not mine.update(state=ProofState.DONE, finished_at=now, kinds=dict(kinds)):
            return
        _tell(turn, proof)
    log.info("compared", mapping=str(proof.mapping_id), equal=proof.equal, differences=sum(kinds.values()))


def _tell(turn: Slice, proof: Proof) -> None:
    """A problem while differences last over two comparisons; it closes itself with the first that has none of them."""
    key, count = f"sync:{proof.mapping_id}:proof", lasting(proof)
    if not count:
        problems.close(proof.company_id, key)
        return
    sentence = ngettext(
        "%(count)d record is not the same here and in %(provider)s, and was not at the comparison before.",
        "%(count)d records are not the same here and in %(provider)s, and were not at the comparison before.",
        count,
    )
    problems.raise_(
        proof.company_id,
        key,
        severity="warn",
        sentence=sentence % {"count": count, "provider": trouble.provider_name(turn.job)},
        detail=turn.job.mapping.label,
        affected=count,
        button=_("See what differs"),
        url=page(proof.mapping_id),
        provider=turn.job.connection.provider,
    )


def page(mapping: UUID) -> str:
    """Where people see the comparisons of a mapping."""
    return f"/admin/hub/comparisons/{mapping}/"


def lasting(proof: Proof) -> int:
    """How many of its differences the comparison before had as well."""
    before = Proof.everywhere.filter(mapping=proof.mapping_id, state=ProofState.DONE, started_at__lt=proof.started_at)
    previous = before.exclude(pk=proof.pk).order_by("-started_at").values_list("pk", flat=True).first()
    if previous is None:
        return 0
    same_record = Q(record_id=OuterRef("record_id"), record_id__isnull=False)
    same = Difference.everywhere.filter(
        same_record | Q(remote_id=OuterRef("remote_id"), record_id=None), proof=previous
    )
    return Difference.everywhere.filter(Exists(same), proof=proof).count()


def next_at(target: UUID) -> datetime | None:
    """When this mapping's lane has something to compare or to fix: now, or never."""
    return clock.now() if sql.fetch(_WORK, [target, target]) else None


# --- by the clock -----------------------------------------------------------------------------------------------------


def tend() -> None:
    """Every minute: begin the comparisons of the night, let go of pointless ones, wake lanes whose nudge was lost."""
    _begin_nightly()
    _let_go()
    _wake()


def _begin_nightly() -> None:
    """Two beats do no harm: a mapping has one comparison a night. Who was asleep then catches up once."""
    now = clock.now()
    tonight = datetime.combine(now.date(), AT, now.tzinfo)
    if now < tonight:
        return
    done = Proof.everywhere.filter(mapping=OuterRef("pk"), night=now.date())
    due = Mapping.everywhere.filter(
        ~Exists(done),
        is_live=True,
        retired_at=None,
        waits=False,
        created_at__lt=tonight,
        connection__status=Status.CONNECTED,
        connection__is_active=True,
    )
    for mapping in due.select_related("connection").iterator(chunk_size=200):
        if now >= tonight + timedelta(minutes=mapping.pk.int % SPREAD) and not obstacle(mapping):
            start(mapping, actor="schedule", night=now.date())


def _let_go() -> None:
    """Of mappings that were replaced, or whose connection was ended."""
    pointless = Q(mapping__retired_at__isnull=False) | Q(mapping__connection__status=Status.NOT_CONNECTED)
    ids = list(Proof.everywhere.filter(pointless, state=ProofState.RUNNING).values_list("pk", flat=True)[:200])
    Proof.everywhere.filter(pk__in=ids).update(state=ProofState.STOPPED, finished_at=clock.now())


def _wake() -> None:
    waiting = Proof.everywhere.filter(state=ProofState.RUNNING).values("mapping")
    idle = Lane.everywhere.filter(Q(target__in=waiting) | Q(target__in=mending.wanted_targets()), next_due=None)
    if lost := list(idle.values_list("target", flat=True)[:200]):
        outbox.wake(lost)
