"""Rows that the provider told of by itself: read by their ids, merged as any row that was read, and those that are no
more go the way of `vanishing`. What an event says of a row is never taken over.
"""

from datetime import timedelta

from integration_hub.contract import Page, RemoteRow
from integration_hub.http import clock
from integration_hub.sync import lanes, reading, rows, vanishing
from integration_hub.sync.calls import asking
from integration_hub.sync.models import RecordLink, SyncWrite
from integration_hub.sync.models.mapping import RemoteDelete
from integration_hub.sync.models.run import Went
from integration_hub.sync.pacing import paced
from integration_hub.sync.turn import Slice

LATELY = timedelta(hours=1)


def step(turn: Slice) -> bool:
    """Read the next rows that events named; False when there are none, or they cannot be read now."""
    job = turn.job
    told = job.sink.told(job.target, reading.READ) if job.reads and not turn.over else ()
    if not told:
        return False
    ids = [one.remote_id for one in told]
    at, known = clock.now(), reading.ensure(job.mapping)
    assert known is not None
    with asking(turn):
        found = job.sink.read(turn.client(1), job.whole, ids)
    if turn.over:
        return False
    read = [RemoteRow(one.remote_id, found[one.remote_id], told=one) for one in told if one.remote_id in found]
    reading.take(turn, Page(read, None, last=True), known)
    _end(turn, [one for one in ids if one not in found])
    with paced():
        lanes.fence(turn.held)
        job.sink.heard(job.target, ids, at)
    # More of them may wait when this turn is over: nothing else would say that the lane is due.
    turn.next_due = clock.now() if len(ids) == reading.READ else None
    return True


def _end(turn: Slice, gone: list[str]) -> None:
    """The provider was asked for these by id and does not know them."""
    linked = rows.links_of(turn.job.mapping.pk, gone) if gone else {}
    if not linked:
        return
    with paced():
        now = lanes.fence(turn.held)
        RecordLink.everywhere.filter(pk__in=[link.pk for _record, link in linked.values()]).update(gone_at=now)
    if _too_many(turn):
        vanishing.tell(turn.job.mapping)
    else:
        vanishing.resolve(turn)


def _too_many(turn: Slice) -> bool:
    """Events tell of a table that is being emptied in small pieces: what ended lately counts as well."""
    mapping, since = turn.job.mapping, clock.now() - LATELY
    if mapping.on_remote_delete == RemoteDelete.IGNORE:
        return False
    over = RecordLink.everywhere.filter(target=mapping.pk, deleted_at__gte=since).values("record_id")
    lines = SyncWrite.everywhere.filter(run__mapping=mapping, way=Went.IN, at__gte=since, record_id__in=over)
    lately = lines.values("record_id").distinct().count()
    return lately + vanishing.gone(mapping.pk).count() > vanishing.allowance(mapping.pk)
