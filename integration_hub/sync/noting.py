"""What came of rows that were read: links, conflicts, strays, the run and its lines. Inside the merging transaction."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F

from integration_hub.sync import conflicts, linking, outbox, sql
from integration_hub.sync.models import RecordLink, SyncRun, WorkRow
from integration_hub.sync.models.pull import Stray
from integration_hub.sync.models.run import Went
from integration_hub.sync.settle import LINK, LINKED
from integration_hub.sync.turn import Slice

if TYPE_CHECKING:
    from integration_hub.sync.merging import Brought, Desk

SHOWN = 300  # characters of a title that are kept
COVERED = "covered"  # the remedy of a linked row whose edit over there our own writing covered, unseen
COPY, LEFT = "copy", "left"  # remedies of strays: a person must say what a copy is to be; one said it stays as it is


def settle(turn: Slice, brought: "Sequence[Brought]", desk: "Desk") -> None:
    """Everything these results mean, in the transaction that made them."""
    if not brought:
        return
    _mirror(turn, brought)
    _links(turn, brought, desk)
    _debts(turn, brought)
    conflicts.note(turn.job, brought, desk)
    _strays(turn, brought, desk.now)
    _done(brought, desk)
    _told(turn, brought, desk.now)


def _mirror(turn: Slice, brought: "Sequence[Brought]") -> None:
    """Records that got their row just now know it."""
    job = turn.job
    new = {done.record_id: done.row.remote_id for done in brought if done.link.version == 0}
    if new and job.record_type.mirrored and job.mapping.is_primary:
        job.record_type.mirrored(job.mapping.company_id, new)


def _links(turn: Slice, brought: "Sequence[Brought]", desk: "Desk") -> None:
    moved = [done for done in brought if done.settled or done.link.version == 0]
    if not moved:
        return
    _make_room(turn, [done.row.remote_id for done in moved if done.link.version == 0])
    news = [
        (done.record_id, done.row.remote_id, done.link.base_ours, done.link.base_theirs, done.link.version + 1)
        for done in moved
    ]
    mapping = turn.job.mapping
    links, values = sql.table(news, **LINKED)
    about = [mapping.company_id, mapping.pk, mapping.record_type, desk.now, desk.now]
    sql.execute(LINK.format(links=links), [*about, *values])


def _debts(turn: Slice, brought: "Sequence[Brought]") -> None:
    """What was left out because the row it points to is not known here yet, and who waited for these rows."""
    job, mapping = turn.job, turn.job.mapping
    if job.parents:
        debts = {done.record_id: [*done.owed.values()] for done in brought}
        linking.await_rows(mapping.company_id, mapping.pk, mapping.record_type, debts)
    new = {done.record_id: done.row.remote_id for done in brought if done.link.version == 0}
    if targets := linking.arrived(job.connection, mapping.pk, new):
        transaction.on_commit(lambda: outbox.wake(targets), robust=True)


def _make_room(turn: Slice, new: list[str]) -> None:
    """These rows had records once that are gone, and whose ended links still name them."""
    if new:
        ended = RecordLink.everywhere.filter(target=turn.job.mapping.pk, remote_id__in=new, deleted_at__isnull=False)
        ended.delete()


def _strays(turn: Slice, brought: "Sequence[Brought]", now: datetime) -> None:
    """Rows that could not be taken in whole; those that now could are no strays any more."""
    well = [done.row.remote_id for done in brought if not done.troubles]
    Stray.everywhere.filter(target=turn.job.mapping.pk, remote_id__in=well).delete()
    for done in brought:
        if done.troubles:
            stray(turn, done.row.remote_id, now, title=done.title, sentence=said(turn, done.troubles))


def said(turn: Slice, troubles: dict[str, str]) -> str:
    """ "Status: “Lost” is not a choice. Total: …" """
    labels = {name: turn.job.label(name) for name in troubles if name}
    return " ".join(f"{labels[name]}: {text}" if name else text for name, text in troubles.items())


def stray(turn: Slice, remote_id: str, now: datetime, **told: str) -> None:
    """Note why this row could not be taken in. Nobody is asked twice about a copy that is to stay one."""
    mapping = turn.job.mapping
    known = Stray.everywhere.filter(target=mapping.pk, remote_id=remote_id, remedy=LEFT)
    if told.get("remedy") == COPY and known.exists():
        return
    told["title"] = told.get("title", "")[:SHOWN]
    Stray.everywhere.update_or_create(
        target=mapping.pk,
        remote_id=remote_id,
        defaults={"company_id": mapping.company_id, "at": now, "remedy": "give up", "trace": "", **told},
    )
    turn.given_up = True


def _done(brought: "Sequence[Brought]", desk: "Desk") -> None:
    """Our own saving made these records due for the very mapping they came from. Where nothing was due before, and
    nothing of ours is left to write, that is done: an edit of anybody else waits for our locks and moves `rev` on."""
    clean = [
        done.record_id
        for done in brought
        if done.outcome and not _was_due(desk, done.record_id) and not desk.owes_a_push(done)
    ]
    if clean:
        mapping = desk.job.mapping
        rows = WorkRow.everywhere.filter(target=mapping.pk, record_type=mapping.record_type, record_id__in=clean)
        rows.update(done_rev=F("rev"))


def _was_due(desk: "Desk", record: UUID) -> bool:
    work = desk.work.get(record)
    return work is not None and work.is_due


def _told(turn: Slice, brought: "Sequence[Brought]", now: datetime) -> None:
    changed = [done for done in brought if done.outcome]
    if not changed:
        return
    run = turn.live()
    counts = Counter(done.outcome for done in changed)
    SyncRun.everywhere.filter(pk=run.pk).update(**{outcome: F(outcome) + number for outcome, number in counts.items()})
    mapping = turn.job.mapping
    lines, values = sql.table([_line(done) for done in changed], **_LINE)
    about = [mapping.company_id, mapping.record_type, now, run.pk, Went.IN]
    sql.execute(_WRITE.format(told=lines), [*about, *values])


def _line(done: "Brought") -> tuple[object, ...]:
    return done.record_id, done.title[:SHOWN], done.row.remote_id, done.outcome, done.changes, done.image


_LINE = {
    "record_id": "uuid",
    "title": "text",
    "remote_id": "text",
    "outcome": "text",
    "changes": "jsonb",
    "image": "jsonb",
}
# By hand, as links are: a page of rows is a hundred lines.
_WRITE = """
INSERT INTO sync_writes (company_id, record_type, at, run_id, way, sentence, record_id, title, remote_id, outcome,
                         changes, image)
SELECT %s, %s, %s, %s, %s, '', told.record_id, told.title, told.remote_id, told.outcome, told.changes, told.image
FROM {told} AS told
"""
