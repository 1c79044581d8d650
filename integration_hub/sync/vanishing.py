"""Rows that a listing of the whole table did not name: asked for by id, and only those that are gone are taken for
deleted. Many at once wait for a person: a page that failed, or a table emptied by mistake, must not empty ours.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.companies import scope
from integration_hub.contract import ProviderError, RecordType, Unfit, registry
from integration_hub.contract.api import Json
from integration_hub.contract.records import Values
from integration_hub.http import clock
from integration_hub.notices import audit, problems
from integration_hub.sync import conflicts, lanes, noting, outbox, reading, runs
from integration_hub.sync.calls import handle
from integration_hub.sync.canonical import canonical_fields
from integration_hub.sync.models import Mapping, RecordLink, SyncRun, SyncWrite
from integration_hub.sync.models.mapping import RemoteDelete
from integration_hub.sync.models.pull import Reading
from integration_hub.sync.models.run import Outcome, Went
from integration_hub.sync.pacing import paced
from integration_hub.sync.settle import LiveRun
from integration_hub.sync.turn import SOON, Slice

log = structlog.get_logger(__name__)

ASKED = 100  # rows asked for at once
FEW, SHARE = 20, 0.02  # as many may go without anybody being asked: the larger of the two
TOGETHER = 20  # links whose end one transaction brings
AT_ONCE = 200  # records a page deletes or cancels while somebody waits for it


def step(turn: Slice, row: Reading) -> bool:
    """Ask for the next rows that were not named; when all were asked for, delete what is gone, or ask people."""
    mapping = turn.job.mapping
    asked = list(unnamed(mapping.pk, row.whole_since)[:ASKED]) if row.whole_since else []
    if asked:
        return _ask(turn, asked)
    resolve(turn, row.approved)
    whole = {"whole_at": row.whole_since, "whole_since": None} if row.whole_since else {}
    reading.keep(turn, row, checking=False, **whole)
    Reading.everywhere.filter(pk=row.pk, approved=row.approved).update(approved=None)
    reading.rest(turn, row)
    return True


def unnamed(target: UUID, since: datetime) -> QuerySet[RecordLink]:
    """Links older than the listing that began then, whose row it did not name, and of which nothing is known yet."""
    not_named = Q(seen_at=None) | Q(seen_at__lt=since)
    old = RecordLink.everywhere.filter(not_named, target=target, deleted_at=None, gone_at=None)
    return old.filter(created_at__lt=since, updated_at__lt=since).order_by("pk")


def _ask(turn: Slice, links: list[RecordLink]) -> bool:
    try:
        there = turn.job.sink.read(turn.client(1), turn.job.whole, [link.remote_id for link in links])
    except ProviderError as error:
        handle(turn, [], error)
        if not turn.over:
            turn.stop(SOON)
        return False
    with paced():
        now = lanes.fence(turn.held)
        seen = [link.pk for link in links if link.remote_id in there]
        RecordLink.everywhere.filter(pk__in=seen).update(seen_at=now)
        gone = [link.pk for link in links if link.remote_id not in there]
        RecordLink.everywhere.filter(pk__in=gone).update(gone_at=now)
    return True


def gone(target: UUID) -> QuerySet[RecordLink]:
    """Links whose row is no more, and of which nobody has said yet what becomes of their records."""
    return RecordLink.everywhere.filter(target=target, deleted_at=None, gone_at__isnull=False).order_by("pk")


def allowance(target: UUID) -> int:
    links = RecordLink.everywhere.filter(target=target, deleted_at=None).count()
    return max(FEW, int(links * SHARE))


def resolve(turn: Slice, approved: datetime | None = None) -> None:
    """What becomes of the records whose rows are gone: as the mapping says, where they are few or a person agreed.
    `approved`: when; rows that went after that were not meant. What people were asked about waits for their word."""
    mapping = turn.job.mapping
    if approved is not None:
        _apply(turn, gone(mapping.pk).filter(gone_at__lte=approved))
    count = gone(mapping.pk).count()
    asks = mapping.on_remote_delete != RemoteDelete.IGNORE
    if count and asks and (count > allowance(mapping.pk) or problems.is_open(mapping.company_id, _key(mapping))):
        tell(mapping)
        return
    _apply(turn, gone(mapping.pk))
    tell(mapping)


def _apply(turn: Slice, rows: QuerySet[RecordLink]) -> None:
    while part := list(rows[:TOGETHER]):
        with paced():
            apply(turn, part)


def apply(turn: Slice, part: Sequence[RecordLink]) -> None:
    """End these links, and do with their records what the mapping says, as a person would; inside a transaction."""
    mapping, word = turn.job.mapping, RemoteDelete(turn.job.mapping.on_remote_delete)
    now = lanes.fence(turn.held)
    ends = _ends(turn.job.record_type, part, word) if part else []
    _end(mapping, [end.link for end in ends], now, apart=word == RemoteDelete.CANCEL)
    for end in ends:
        if end.refused:
            noting.stray(turn, end.link.remote_id, now, title=end.title, sentence=end.refused)
    _told(turn.live, mapping, ends, now)
    log.info("rows vanished over there", mapping=str(mapping.pk), rows=len(part), word=str(word))


# --- one word on some of them -----------------------------------------------------------------------------------------


class End(NamedTuple):
    """What became of the record of a row that is gone. `outcome` is empty where nothing was done to it; `refused`: why
    it could not be done; `changes`: our values before and after, for the run."""

    link: RecordLink
    title: str
    outcome: str = ""
    refused: str = ""
    changes: Sequence[dict[str, Json]] = ()


def _ends(kind: RecordType, links: Sequence[RecordLink], word: RemoteDelete) -> list[End]:
    """Do it to these records, in the caller's transaction."""
    company, ids = links[0].company_id, [link.record_id for link in links]
    if kind.lock is not None:
        kind.lock(company, ids)
    before = kind.load(company, ids)
    ends = [_one(kind, link, before.get(link.record_id), word) for link in links]
    changed = [end.link.record_id for end in ends if end.outcome == Outcome.UPDATED]
    after = kind.load(company, changed) if changed else {}
    return [
        end._replace(changes=_changes(kind, before[end.link.record_id], after[end.link.record_id]))
        if end.link.record_id in after
        else end
        for end in ends
    ]


def _one(kind: RecordType, link: RecordLink, mine: Values | None, word: RemoteDelete) -> End:
    if mine is None:  # it was deleted here as well
        return End(link, str(link.record_id))
    title, act = kind.title(mine), {RemoteDelete.DELETE: kind.remove, RemoteDelete.CANCEL: kind.cancel}.get(word)
    if act is None:
        return End(link, title)
    try:
        act(link.company_id, link.record_id)
    except Unfit as refusal:
        return End(link, title, refused=" ".join(text for told in refusal.errors.values() for text in told))
    return End(link, title, Outcome.DELETED if word == RemoteDelete.DELETE else Outcome.UPDATED)


def _changes(kind: RecordType, before: Values, after: Values) -> list[dict[str, Json]]:
    names = [field.name for field in kind.fields if not field.read_only]
    old, new = canonical_fields(before, names), canonical_fields(after, names)
    return [
        {"field": kind.field(name).label, "before": old[name], "after": new[name]}
        for name in names
        if old[name] != new[name]
    ]


def _end(mapping: Mapping, links: Sequence[RecordLink], now: datetime, *, apart: bool) -> None:
    """These links are over, and nobody needs to say any more which of their values stays. `apart`: the records get no
    other row."""
    ended = RecordLink.everywhere.filter(pk__in=[link.pk for link in links])
    ended.update(deleted_at=now, gone_at=None, apart=apart, version=F("version") + 1)
    conflicts.forget(mapping, [link.record_id for link in links], now)


def _told(live: LiveRun, mapping: Mapping, ends: Sequence[End], now: datetime) -> None:
    """The run, and its lines."""
    done = [end for end in ends if end.outcome]
    if not done:
        return
    run = live()
    for outcome in {end.outcome for end in done}:
        count = sum(end.outcome == outcome for end in done)
        SyncRun.everywhere.filter(pk=run.pk).update(**{outcome: F(outcome) + count})
    SyncWrite.everywhere.bulk_create(
        SyncWrite(
            company_id=mapping.company_id,
            run=run,
            record_type=mapping.record_type,
            record_id=end.link.record_id,
            title=end.title[:300],
            remote_id=end.link.remote_id,
            outcome=end.outcome,
            way=Went.IN,
            changes=list(end.changes),
            image={},
            at=now,
        )
        for end in done
    )


# --- a person's word --------------------------------------------------------------------------------------------------


class Agreed(NamedTuple):
    """How many records it was done to, why it could not be done to others, how many follow in the background, and how
    many still wait for a word."""

    done: int = 0
    refused: tuple[str, ...] = ()
    following: int = 0
    waiting: int = 0


def agree(mapping: Mapping, word: RemoteDelete, *, actor: str, links: Sequence[int] | None = None) -> Agreed:
    """A person's word on the rows that are gone, all of them or these `links`: delete their records, cancel them, or
    (IGNORE) keep them without a row. What the mapping does itself is left to its lane where it is about all of them;
    anything else is done here and now, to AT_ONCE of them at most."""
    if links is None and word == mapping.on_remote_delete != RemoteDelete.IGNORE:
        return _approve(mapping, actor)
    rows = gone(mapping.pk) if links is None else gone(mapping.pk).filter(pk__in=list(links))
    found = _keep(mapping, rows, actor) if word == RemoteDelete.IGNORE else _act(mapping, rows, word, actor)
    tell(mapping)
    outbox.wake([mapping.pk])
    return found._replace(waiting=gone(mapping.pk).count())


def _approve(mapping: Mapping, actor: str) -> Agreed:
    """The lane does it: to what is gone by now."""
    count = gone(mapping.pk).count()
    Reading.everywhere.filter(mapping=mapping).update(approved=clock.now())
    reading.poke([mapping.pk])
    outbox.wake([mapping.pk])
    _note_down(mapping, RemoteDelete(mapping.on_remote_delete), count, actor)
    return Agreed(following=count)


def _keep(mapping: Mapping, rows: QuerySet[RecordLink], actor: str) -> Agreed:
    done = 0
    while part := list(rows[:AT_ONCE]):
        with paced():
            lanes.hold(mapping.pk)
            _end(mapping, part, clock.now(), apart=True)
        done += len(part)
    _note_down(mapping, RemoteDelete.IGNORE, done, actor)
    return Agreed(done)


def _act(mapping: Mapping, rows: QuerySet[RecordLink], word: RemoteDelete, actor: str) -> Agreed:
    """Those that our own rules refuse still wait."""
    kind, done, refused = registry.record_type(mapping.record_type), 0, list[str]()
    wanted = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    for start in range(0, len(wanted), TOGETHER):
        with scope.entered(mapping.company_id), paced():
            lanes.hold(mapping.pk)
            part = list(gone(mapping.pk).filter(pk__in=wanted[start : start + TOGETHER]))
            ends = _ends(kind, part, word) if part else []
            over, now = [end for end in ends if not end.refused], clock.now()
            _end(mapping, [end.link for end in over], now, apart=word == RemoteDelete.CANCEL)
            _told(lambda: runs.live(mapping), mapping, over, now)
        done += len(over)
        refused += [f"{end.title}: {end.refused}" for end in ends if end.refused]
    _note_down(mapping, word, done, actor)
    return Agreed(done, tuple(refused))


_ACTIONS = {
    RemoteDelete.DELETE: "vanished.deleted",
    RemoteDelete.CANCEL: "vanished.cancelled",
    RemoteDelete.IGNORE: "vanished.kept",
}


def _note_down(mapping: Mapping, word: RemoteDelete, count: int, actor: str) -> None:
    if count:
        told = {"rows": count, "mapping": mapping.label}
        audit.record(_ACTIONS[word], company_id=mapping.company_id, actor=actor, target=str(mapping.pk), data=told)


# --- telling people ---------------------------------------------------------------------------------------------------


def _key(mapping: Mapping) -> str:
    return f"sync:{mapping.pk}:vanished"


def tell(mapping: Mapping) -> None:
    """One problem for all rows of a mapping that wait for a word; it closes itself with the last one."""
    count = gone(mapping.pk).count()
    if not count:
        problems.close(mapping.company_id, _key(mapping))
        return
    sentence = ngettext(
        "%(count)d row is gone from %(provider)s. Nothing was done here: please say what becomes of its record.",
        "%(count)d rows are gone from %(provider)s. Nothing was done here: please say what becomes of their records.",
        count,
    )
    problems.raise_(
        mapping.company_id,
        _key(mapping),
        sentence=sentence % {"count": count, "provider": registry.provider(mapping.connection.provider).name},
        detail=mapping.label,
        affected=count,
        button=_("Say what becomes of them"),
        url=f"/admin/hub/vanished/{mapping.pk}/",
        provider=mapping.connection.provider,
    )
