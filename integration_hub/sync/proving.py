"""One comparison, piece by piece, under the lane of its mapping: the remote table page by page, then our records, then
what seemed to differ once more. Each piece commits what it found together with how far it came.

What changes meanwhile is no difference: what seems to differ is looked at again at the end, and what is being brought
over then, or changed in between, is only counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Q

from integration_hub.contract import RemoteRow
from integration_hub.http import clock
from integration_hub.sync import lanes, reading
from integration_hub.sync.comparing import ALONE, EQUAL, LEFT_OUT, Table, Verdict, wanted
from integration_hub.sync.models import RecordLink, WorkRow
from integration_hub.sync.models.proof import OF_OURS, Difference, Kind, Phase, Proof, ProofState
from integration_hub.sync.models.work import Hold
from integration_hub.sync.pacing import paced
from integration_hub.sync.turn import Slice

WALKED = 500  # records looked at in one step
ASKED = 100  # rows asked for at once
KEPT = 10_000  # differences that are kept one by one; further ones are only counted
PRIO = WorkRow.PRIO_BACKFILL


class Lost(Exception):
    """The comparison was stopped, or begun anew, while this piece was being looked at."""


# --- the remote table -------------------------------------------------------------------------------------------------


def list_rows(turn: Slice, proof: Proof) -> None:
    """Compare the next page of the remote table."""
    page = turn.job.sink.page(turn.client(PRIO), turn.job.whole, proof.cursor)
    table = Table(turn.job, page.rows)
    seen = _compared(proof, [link.pk for _record, link in table.known.values()])
    fresh = [
        row for row in page.rows if row.remote_id not in table.known or table.known[row.remote_id][1].pk not in seen
    ]
    verdicts = Table(turn.job, fresh).verdicts() if len(fresh) < len(page.rows) else table.verdicts()
    further = {"phase": Phase.RECORDS, "cursor": None} if page.last else {"cursor": page.cursor}
    _note(turn, proof, verdicts, [link.pk for _record, link in table.known.values()], theirs=len(fresh), **further)


def _compared(proof: Proof, links: Sequence[int]) -> set[int]:
    """Links that this comparison has looked at already: paging is no snapshot, and names a row twice at times."""
    done = RecordLink.everywhere.filter(pk__in=links, compared_at__gte=proof.began)
    return set(done.values_list("pk", flat=True))


# --- our records ------------------------------------------------------------------------------------------------------


class Records(NamedTuple):
    """Some records of ours. `inside`: those of the filter that are there, `unlinked`: of these the ones without a row;
    `unseen`: pairs whose row no page named, by remote id."""

    last: UUID | None
    inside: Sequence[UUID]
    unlinked: Sequence[UUID]
    unseen: Mapping[str, tuple[UUID, int]]


def walk_records(turn: Slice, proof: Proof) -> None:
    """Look for the next records whose row was not named, or that have none. Unnamed rows are asked for by id."""
    found = _next_records(turn, proof)
    if found.unseen:
        _ask(turn, proof, dict(list(found.unseen.items())[:ASKED]))
        return
    should = turn.job.writes and turn.job.mapping.makes_there
    missing = _without_row(turn, found.unlinked) if should and found.unlinked else []
    counts = {"ours": len(found.inside), "ours_alone": 0 if should else len(found.unlinked)}
    further = {"after": found.last} if found.last else {"phase": Phase.AGAIN}
    _note(turn, proof, missing, [], **counts, **further)


def _next_records(turn: Slice, proof: Proof) -> Records:
    job, target = turn.job, turn.job.mapping.pk
    ids = list(job.record_type.scan(job.mapping.company_id, proof.after, WALKED))
    inside = ids
    if job.mapping.filter and ids:
        values = Table(job, ()).load(set(ids))
        inside = [pk for pk in ids if pk not in values or wanted(job, values[pk])]
    links = RecordLink.everywhere.filter(target=target, record_id__in=inside)
    living = {record: more for record, *more in links.filter(deleted_at=None).values_list(*_LINK)}
    apart = set(links.filter(apart=True).exclude(deleted_at=None).values_list("record_id", flat=True))
    unseen = {
        remote_id: (record, pk) for record, (pk, remote_id, at) in living.items() if at is None or at < proof.began
    }
    unlinked = [pk for pk in inside if pk not in living and pk not in apart]
    return Records(ids[-1] if ids else None, inside, unlinked, unseen)


_LINK = ("record_id", "pk", "remote_id", "compared_at")


def _ask(turn: Slice, proof: Proof, unseen: Mapping[str, tuple[UUID, int]]) -> None:
    """Compare these pairs by asking for their rows; those that are not there are gone."""
    there = turn.job.sink.read(turn.client(PRIO), turn.job.whole, list(unseen))
    table = Table(turn.job, [RemoteRow(remote_id, cells) for remote_id, cells in there.items()])
    verdicts = [*table.verdicts(), *_gone(table, {key: pair[0] for key, pair in unseen.items() if key not in there})]
    _note(turn, proof, verdicts, [pk for _record, pk in unseen.values()])


def _gone(table: Table, records: Mapping[str, UUID]) -> list[Verdict]:
    values = table.load(set(records.values()))
    title = table.job.record_type.title
    return [Verdict(Kind.GONE, pk, remote_id, title(values[pk])) for remote_id, pk in records.items() if pk in values]


def _without_row(turn: Slice, ids: Sequence[UUID]) -> list[Verdict]:
    table = Table(turn.job, ())
    values, title = table.load(set(ids)), turn.job.record_type.title
    return [Verdict(Kind.ONLY_HERE, pk, "", title(values[pk]) if pk in values else "") for pk in ids]


# --- once more --------------------------------------------------------------------------------------------------------


def look_again(turn: Slice, proof: Proof) -> bool:
    """Look at the next suspects once more; False when all were looked at. Where rows are read as well, what changed
    over there is brought here first."""
    if turn.job.reads and not proof.read_again:
        _keep(turn, proof, read_again=True)
        reading.poke([turn.job.mapping.pk])
        return True
    unsure = Difference.everywhere.filter(proof=proof, sure=False).order_by("pk")
    suspects = list(unsure[:ASKED])
    if not suspects:
        return False
    known = _links_of(turn, suspects)
    ids = {
        one.pk: known.get(one.record_id, one.remote_id) if one.kind in OF_OURS else one.remote_id for one in suspects
    }
    asked = sorted({remote_id for remote_id in ids.values() if remote_id})
    there = turn.job.sink.read(turn.client(PRIO), turn.job.whole, asked) if asked else {}
    table = Table(turn.job, [RemoteRow(remote_id, cells) for remote_id, cells in there.items()])
    now = {verdict.remote_id: verdict for verdict in table.verdicts()}
    again = {one.pk: _again(table, one, now.get(ids[one.pk]), linked=one.record_id in known) for one in suspects}
    _settle(turn, proof, suspects, again)
    return True


def _links_of(turn: Slice, suspects: Iterable[Difference]) -> dict[UUID | None, str]:
    """The rows that these records are linked to by now."""
    ids = {one.record_id for one in suspects if one.record_id and one.kind in OF_OURS}
    found = RecordLink.everywhere.filter(target=turn.job.mapping.pk, record_id__in=ids, deleted_at=None)
    return dict(found.values_list("record_id", "remote_id"))


def _again(table: Table, one: Difference, now: Verdict | None, *, linked: bool) -> Verdict:
    """What a suspect is by now. `now`: what its row says, None where it is not there."""
    if now is not None:
        return now
    mine = table.load({one.record_id}).get(one.record_id) if one.record_id else None
    if mine is None or not wanted(table.job, mine) or one.kind in (Kind.ONLY_THERE, Kind.COPY):
        return Verdict(LEFT_OUT)  # its record, or its row, is gone by now
    kind = Kind.GONE if linked else Kind.ONLY_HERE
    return Verdict(kind, one.record_id, one.remote_id, one.title, sentence=one.sentence)


def _settle(turn: Slice, proof: Proof, suspects: Sequence[Difference], again: Mapping[int, Verdict]) -> None:
    work = _work_of(turn, [one.record_id for one in suspects if one.record_id])
    counts: Counter[str] = Counter()
    with paced():
        _fence(turn, proof)
        gone = []
        for one in suspects:
            verdict, (due, said) = again[one.pk], work.get(one.record_id, (False, ""))
            moved = due or (turn.job.reads and _values(verdict.fields) != _values(one.fields))
            if verdict.kind in (EQUAL, ALONE, LEFT_OUT) or moved:
                counts["equal"] += verdict.kind == EQUAL
                counts["moving"] += verdict.kind not in (EQUAL, ALONE, LEFT_OUT)
                gone.append(one.pk)
                continue
            one.kind, one.remote_id, one.sure = verdict.kind, verdict.remote_id, True
            one.fields, one.sentence = list(verdict.fields), said or verdict.sentence
        Difference.everywhere.filter(pk__in=gone).delete()
        sure = [one for one in suspects if one.sure]
        Difference.everywhere.bulk_update(sure, ["kind", "remote_id", "sure", "fields", "sentence"])
        Proof.everywhere.filter(pk=proof.pk).update(**{name: F(name) + n for name, n in counts.items() if n})


def _values(fields: Iterable[Mapping[str, object]]) -> list[tuple[object, ...]]:
    return sorted(((one["field"], repr(one["ours"]), repr(one["theirs"])) for one in fields), key=repr)


def _work_of(turn: Slice, ids: Sequence[UUID]) -> dict[UUID | None, tuple[bool, str]]:
    """Of these records: whether they are being brought over, and why not where they were given up."""
    mapping = turn.job.mapping
    found = WorkRow.everywhere.filter(~Q(rev=F("done_rev")), target=mapping.pk, record_type=mapping.record_type)
    held = found.filter(record_id__in=ids).values_list("record_id", "hold", "sentence")
    return {record: (hold == Hold.NO, sentence) for record, hold, sentence in held}


# --- noting -----------------------------------------------------------------------------------------------------------


def _note(
    turn: Slice,
    proof: Proof,
    verdicts: Sequence[Verdict],
    links: Sequence[int],
    *,
    ours: int = 0,
    ours_alone: int = 0,
    theirs: int = 0,
    **further: object,
) -> None:
    """What a piece found, and how far the comparison is with it, in one transaction."""
    suspects = [one for one in verdicts if one.kind not in (EQUAL, ALONE, LEFT_OUT)]
    with paced():
        now = _fence(turn, proof)
        room = max(0, KEPT - Difference.everywhere.filter(proof=proof).count()) if suspects else 0
        Difference.everywhere.bulk_create(_difference(turn, proof, one) for one in suspects[:room])
        kinds = Counter(proof.kinds) + Counter(str(one.kind) for one in suspects[room:])
        RecordLink.everywhere.filter(pk__in=links).update(compared_at=now)
        Proof.everywhere.filter(pk=proof.pk).update(
            equal=F("equal") + sum(one.kind == EQUAL for one in verdicts),
            theirs_alone=F("theirs_alone") + sum(one.kind == ALONE for one in verdicts),
            theirs=F("theirs") + theirs,
            ours=F("ours") + ours,
            ours_alone=F("ours_alone") + ours_alone,
            kinds=dict(kinds),
            **further,
        )


def _difference(turn: Slice, proof: Proof, one: Verdict) -> Difference:
    return Difference(
        company_id=proof.company_id,
        proof=proof,
        target=turn.job.mapping.pk,
        kind=one.kind,
        record_id=one.record_id,
        remote_id=one.remote_id,
        title=one.title[:300],
        fields=list(one.fields),
        sentence=one.sentence,
    )


def _fence(turn: Slice, proof: Proof) -> datetime:
    """The lane is still ours, and the comparison the same as when this piece began. Lost otherwise."""
    now = lanes.fence(turn.held)
    same = Proof.everywhere.filter(pk=proof.pk, state=ProofState.RUNNING, restarts=proof.restarts)
    if not same.select_for_update().values_list("pk").first():
        raise Lost
    return now


def _keep(turn: Slice, proof: Proof, **fields: object) -> None:
    with paced():
        _fence(turn, proof)
        Proof.everywhere.filter(pk=proof.pk).update(**fields)


def begin_anew(turn: Slice, proof: Proof) -> None:
    """From the start: the listing broke off, or the mapping is another one by now."""
    with paced():
        _fence(turn, proof)
        Difference.everywhere.filter(proof=proof)._raw_delete("default")
        zero = dict.fromkeys(("ours", "theirs", "equal", "moving", "ours_alone", "theirs_alone"), 0)
        Proof.everywhere.filter(pk=proof.pk).update(
            **zero,
            kinds={},
            phase=Phase.LISTING,
            cursor=None,
            after=None,
            read_again=False,
            began=clock.now(),
            version=turn.job.version,
            restarts=proof.restarts + 1,
        )
