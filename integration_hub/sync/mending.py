"""What a person wants fixed of a comparison's differences, carried out under the lane.

Nothing is fixed from what the comparison saw: both sides are read anew. A mapping that is read merges the pair as ever,
one that is only written writes the whole row again; a record without its row gets one, a row without its record is met
for the first time.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from integration_hub.contract import Direction, RemoteRow
from integration_hub.contract.api import Json
from integration_hub.sync import arriving, lanes, merging, outbox, rows
from integration_hub.sync.canonical import canonical
from integration_hub.sync.merge import cell
from integration_hub.sync.models import Mapping, RecordLink, WorkRow
from integration_hub.sync.models.proof import OF_OURS, Difference, Kind, Mend, Proof
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.pacing import paced
from integration_hub.sync.rows import Link
from integration_hub.sync.targets import Job
from integration_hub.sync.turn import Slice

ASKED = 100  # rows asked for at once
MARKED = 500  # rows a statement marks


def kinds(mapping: Mapping) -> tuple[str, ...]:
    """The differences that the hub can bring in order by itself."""
    reads, writes = mapping.direction != Direction.PUSH, mapping.direction != Direction.PULL
    there = (Kind.ONLY_THERE,) if reads else ()
    here = (Kind.ONLY_HERE,) if writes else ()
    return (Kind.DIFFERS, Kind.GONE, *there, *here)


def open_ones(proof: Proof) -> "QuerySet[Difference]":
    """Its differences that can be fixed, and that nobody wanted fixed yet."""
    return Difference.everywhere.filter(proof=proof, sure=True, mend=Mend.OPEN, kind__in=kinds(proof.mapping))


def want(found: "QuerySet[Difference]") -> int:
    """Have these fixed. How many there are."""
    count = 0
    while ids := list(found.values_list("pk", flat=True)[:MARKED]):
        with paced():
            count += Difference.everywhere.filter(pk__in=ids, mend=Mend.OPEN).update(mend=Mend.WANTED)
    return count


def wanted_targets() -> "QuerySet[Difference, Any]":
    return Difference.everywhere.filter(mend=Mend.WANTED).values("target")


def step(turn: Slice) -> bool:
    """Fix the next differences that are to be; False when there are none. Killed on the way, they are fixed again: what
    is in order by then stays as it is."""
    part = list(Difference.everywhere.filter(target=turn.job.mapping.pk, mend=Mend.WANTED).order_by("pk")[:ASKED])
    if not part:
        return False
    asked = sorted({one.remote_id for one in part if one.remote_id})
    there = turn.job.sink.read(turn.client(WorkRow.PRIO_PERSON), turn.job.whole, asked) if asked else {}
    size = merging.at_once()
    for start in range(0, len(part), size):
        _mend(turn, part[start : start + size], {key: RemoteRow(key, cells) for key, cells in there.items()})
    with paced():
        lanes.fence(turn.held)
        Difference.everywhere.filter(pk__in=[one.pk for one in part], mend=Mend.WANTED).update(mend=Mend.DONE)
    return True


def _mend(turn: Slice, part: Sequence[Difference], there: dict[str, RemoteRow]) -> None:
    job = turn.job
    with paced():
        now = lanes.fence(turn.held)
        ids = sorted({one.record_id for one in part if one.record_id and one.kind in OF_OURS})
        links = rows.links(job.mapping.pk, job.mapping.record_type, ids)
        living = {record: link for record, link in links.items() if link.deleted_at is None}
        _end_gone(job, [living[pk] for pk in ids if pk in living and living[pk].remote_id not in there], part, now)
        _void(job, {pk: link for pk, link in living.items() if link.remote_id in there}, there)
        if job.writes:
            pairs = [(job.mapping.pk, pk) for pk in ids]
            outbox.write(job.mapping.company_id, job.mapping.record_type, pairs, prio=WorkRow.PRIO_PERSON)
    if job.reads:
        met = [(there[link.remote_id], pk) for pk, link in living.items() if link.remote_id in there]
        merging.take_linked(turn, met)
        arriving.take(turn, _strangers(job, part, there))


def _end_gone(job: Job, gone: Sequence[Link], part: Sequence[Difference], now: datetime) -> None:
    """Their rows are no more: where rows are written, new ones are made; else it is as with any row that vanished."""
    mine = RecordLink.everywhere.filter(pk__in=[link.pk for link in gone], deleted_at=None)
    asked = {one.remote_id for one in part}
    mine = mine.filter(remote_id__in=asked)  # a row nobody asked for is not known to be gone
    if job.writes:
        mine.update(deleted_at=now, gone_at=None, version=F("version") + 1)
    elif mine.update(gone_at=now):
        Reading.everywhere.filter(mapping=job.mapping).update(checking=True, next_at=now)


def _void(job: Job, links: dict[UUID, Link], there: dict[str, RemoteRow]) -> None:
    """The agreement of these pairs counts no more in what only one side may change: that side counts as changed."""
    values = job.record_type.load(job.mapping.company_id, list(links)) if links else {}
    for record, link in links.items():
        ours, theirs = dict(link.base_ours), dict(link.base_theirs)
        for one in job.whole.fields:
            name, raw = one.ours.name, there[link.remote_id].cells.get(one.remote_id)
            if one.direction is Direction.PUSH:
                ours.pop(name, None)
            elif one.direction is Direction.PULL and record in values:
                ours[name], theirs[one.remote_id] = canonical(values[record].get(name)), _other(raw)
        if (ours, theirs) != (link.base_ours, link.base_theirs):
            mine = RecordLink.everywhere.filter(pk=link.pk, version=link.version)
            mine.update(base_ours=ours, base_theirs=theirs, version=link.version + 1)


def _other(raw: Json) -> Json:
    """A cell that is not what is there now."""
    return "–" if cell(raw) is None else None


def _strangers(job: Job, part: Sequence[Difference], there: dict[str, RemoteRow]) -> list[RemoteRow]:
    """Rows that are to be met for the first time. One whose record was deleted here lets go of it."""
    asked = [one.remote_id for one in part if one.kind == Kind.ONLY_THERE and one.remote_id in there]
    known = rows.links_of(job.mapping.pk, asked)
    alive = job.record_type.load(job.mapping.company_id, [record for record, _link in known.values()]) if known else {}
    dead = [link.pk for record, link in known.values() if record not in alive]
    if dead:
        with paced():
            RecordLink.everywhere.filter(pk__in=dead).delete()
    return [there[key] for key in asked if key not in known or known[key][0] not in alive]
