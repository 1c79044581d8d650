"""Fields that both sides changed to different values: noted while they last, settled by a person or by agreement.

A settled conflict is no write by itself. It moves a base, so that the next merge sees only one side changed: the other
side wins as any edit does, with the same checks, and an edit that came meanwhile opens the conflict anew.

Where a person settles more at once than a page waits for, the choice is noted in the open rows, and the sweep carries
it out; values that change before their turn came are asked about again.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.contract import Direction, RemoteRow
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.notices import audit, problems
from integration_hub.sync import announcing, lanes, outbox
from integration_hub.sync.announcing import Kind, News
from integration_hub.sync.merge import CHOSEN
from integration_hub.sync.models import Mapping, RecordLink, WorkRow
from integration_hub.sync.models.pull import Choice, Conflict
from integration_hub.sync.pacing import paced
from integration_hub.sync.targets import Job

if TYPE_CHECKING:
    from integration_hub.sync.merging import Brought, Desk

log = structlog.get_logger(__name__)

MANY = 1000  # open conflicts of a mapping that are counted; more than that is "more than 1,000"
AT_ONCE, AT_ONCE_POLITE = 100, 10  # conflicts a transaction settles; SQLite's lock is held for 20 ms at most
MARKED = 500  # rows a statement notes a choice in
MOST = 10_000  # conflicts that one word of a person settles
SHIFT = 1.5  # seconds of a sweep; the next one goes on
OURS_NAMED = ("remote_id", "remote_field", "title", "ours", "theirs", "ours_at", "theirs_at", "ours_by", "theirs_by")


class NotOpen(Exception):
    """This conflict is settled already."""


class Settled(NamedTuple):
    """Those that were settled, how many somebody had settled before, and how many show other values by now."""

    ids: tuple[UUID, ...] = ()
    gone: int = 0
    moved: int = 0

    @property
    def done(self) -> int:
        return len(self.ids)


# --- noting them ------------------------------------------------------------------------------------------------------


def note(job: Job, brought: "Sequence[Brought]", desk: "Desk") -> None:
    """Open, bring up to date or close the conflicts of these records, in the merging transaction."""
    ids = [done.record_id for done in brought]
    known = {(one.record_id, one.field): one for one in _open(job.mapping.pk).filter(record_id__in=ids)}
    wanted = {(done.record_id, rule.ours): (done, rule) for done in brought for rule in done.merge.ask}
    for key in known.keys() - wanted.keys():
        _close(known[key], Choice.ALIKE, "", desk.now)
    for key, (done, rule) in wanted.items():
        _note(job, done, rule.ours, rule.remote_id, known.get(key), desk)
    if known or wanted:
        tell(job.mapping)
    if new := wanted.keys() - known.keys():
        announcing.announce(job.mapping.company_id, partial(_news, job, ids, new))


def _news(job: Job, ids: Sequence[UUID], new: set[tuple[UUID, str]], wants: announcing.Wants) -> Iterable[News]:
    """One event for each conflict that was opened."""
    if not wants(Kind.CONFLICT_CREATED):
        return
    for row in _open(job.mapping.pk).filter(record_id__in=ids).order_by("opened_at", "pk"):
        if (row.record_id, row.field) in new:
            data = {"conflict": str(row.pk), "record_type": row.record_type, "record_id": str(row.record_id)}
            sides = {"title": row.title, "field": row.field, "ours": row.ours, "theirs": row.theirs}
            yield News(Kind.CONFLICT_CREATED, data={**data, "provider": job.connection.provider, **sides})


def contested(target: UUID, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """The fields of these records that wait for a person's choice: they are written by nobody."""
    found: dict[UUID, set[str]] = {}
    for record, name in _open(target).filter(record_id__in=ids).values_list("record_id", "field"):
        found.setdefault(record, set()).add(name)
    return found


def _note(job: Job, done: "Brought", name: str, remote_field: str, known: Conflict | None, desk: "Desk") -> None:
    row = known or Conflict(
        company_id=job.mapping.company_id,
        target=job.mapping.pk,
        record_type=job.mapping.record_type,
        record_id=done.record_id,
        field=name,
        opened_at=desk.now,
    )
    work, before = desk.work.get(done.record_id), print_of(row)
    row.remote_id, row.remote_field, row.title = done.row.remote_id, remote_field, done.title[:300]
    row.ours, row.theirs = desk.ours(done.record_id, name), done.row.cells.get(remote_field)
    row.ours_at, row.ours_by = (work.changed_at, work.changed_by) if work else (None, "")
    row.theirs_at, row.theirs_by = _theirs(done.row, row)
    if known is None:
        row.save(force_insert=True)
    elif before == print_of(row):
        row.save(update_fields=OURS_NAMED)
    else:  # a choice that was made and not carried out yet was about other values
        row.choice, row.actor = Choice.OPEN, ""
        row.save(update_fields=[*OURS_NAMED, "choice", "actor"])


def _theirs(read: RemoteRow, row: Conflict) -> tuple[datetime | None, str]:
    """When the row was changed over there and by whom; what was known before, where it is read again untold."""
    if read.told is not None:
        return read.changed_at or read.told.at, read.told.by[:200]
    return read.changed_at or row.theirs_at, row.theirs_by or ""


def print_of(conflict: Conflict) -> str:
    """The values of both sides as a short text: who chooses says by it what was shown."""
    return hashlib.sha256(json.dumps([conflict.ours, conflict.theirs], sort_keys=True).encode()).hexdigest()[:12]


def _open(target: UUID) -> "QuerySet[Conflict]":
    """In no order: sorting a hundred thousand of them to count a few is what takes time."""
    return Conflict.everywhere.filter(target=target, settled_at=None).order_by()


def _close(conflict: Conflict, choice: Choice, actor: str, now: datetime) -> None:
    conflict.settled_at, conflict.choice, conflict.actor = now, choice, actor[:200]
    conflict.save(update_fields=["settled_at", "choice", "actor"])


# --- settling them ----------------------------------------------------------------------------------------------------


def settle(conflict: Conflict, choice: Choice, *, actor: str) -> None:
    """Let one side win. NotOpen when somebody was faster."""
    with transaction.atomic():
        settled = _together(conflict.target, {conflict.pk: ""}, choice, actor)
        if not settled.done:
            raise NotOpen
        _tell(conflict.target)


def settle_all(company_id: UUID, seen: Map[UUID, str], choice: Choice, *, actor: str) -> Settled:
    """Let one side win in each of these conflicts of the company. `seen`: the print of what was shown, by conflict;
    "" where whatever stands there now is meant."""
    mine = Conflict.everywhere.filter(company_id=company_id, pk__in=list(seen), settled_at=None)
    by_target: dict[UUID, list[UUID]] = {}
    for pk, target in mine.order_by("target", "pk").values_list("pk", "target"):
        by_target.setdefault(target, []).append(pk)
    found = Settled()
    for target, ids in by_target.items():
        for start in range(0, len(ids), _at_once()):
            with paced():
                part = {pk: seen[pk] for pk in ids[start : start + _at_once()]}
                found = _sum(found, _together(target, part, choice, actor))
        _tell(target)
    return found._replace(gone=len(seen) - found.done - found.moved)


def wish(rows: "QuerySet[Conflict]", choice: Choice, *, actor: str) -> int:
    """Note this choice in all of these open conflicts, MOST at once; the sweep carries it out. In how many."""
    free, noted = rows.filter(settled_at=None, choice=Choice.OPEN).order_by(), 0
    while noted < MOST and (ids := list(free.values_list("pk", flat=True)[:MARKED])):
        with paced():
            noted += Conflict.everywhere.filter(pk__in=ids, settled_at=None).update(choice=choice, actor=actor[:200])
    return noted


def carry_out(seconds: float = SHIFT) -> int:
    """Settle what people chose for many at once. How many; what is left is for the next sweep."""
    ends, done = time.monotonic() + seconds, 0
    wanted = Conflict.everywhere.filter(settled_at=None).exclude(choice=Choice.OPEN).order_by()
    touched: set[UUID] = set()
    while time.monotonic() < ends and (rows := list(wanted[: _at_once()])):
        for (target, choice, actor), ids in _grouped(rows).items():
            with paced():
                settled = _together(target, ids, Choice(choice), actor)
            done, touched = done + settled.done, touched | {target}
    for target in touched:
        _tell(target)
    return done


def _grouped(rows: Iterable[Conflict]) -> dict[tuple[UUID, str, str], dict[UUID, str]]:
    found: dict[tuple[UUID, str, str], dict[UUID, str]] = {}
    for row in rows:
        found.setdefault((row.target, row.choice, row.actor), {})[row.pk] = print_of(row)
    return found


def _at_once() -> int:
    return AT_ONCE_POLITE if connection.vendor == "sqlite" else AT_ONCE


def _sum(one: Settled, other: Settled) -> Settled:
    return Settled(one.ids + other.ids, one.gone + other.gone, one.moved + other.moved)


def _together(target: UUID, seen: Map[UUID, str], choice: Choice, actor: str) -> Settled:
    """Settle these conflicts of one target, inside a transaction. Merges and pushes of the target wait for its end, and
    it waits for theirs: all of them lock the lane first."""
    lanes.hold(target)
    found = Conflict.everywhere.filter(pk__in=list(seen)).order_by()  # by their keys, not off the index of open ones
    still = [row for row in found if row.target == target and row.settled_at is None]
    rows = [row for row in still if seen[row.pk] in ("", print_of(row))]
    if not rows:
        return Settled(moved=len(still))
    _move(target, rows, choice)
    closed = Conflict.everywhere.filter(pk__in=[row.pk for row in rows])
    closed.update(settled_at=clock.now(), choice=choice, actor=actor[:200])
    records = sorted({row.record_id for row in rows})
    outbox.write(rows[0].company_id, rows[0].record_type, [(target, one) for one in records], prio=WorkRow.PRIO_PERSON)
    _note_down(target, rows, choice, actor)
    transaction.on_commit(lambda: outbox.wake([target]), robust=True)
    return Settled(tuple(row.pk for row in rows), moved=len(still) - len(rows))


def _move(target: UUID, rows: Sequence[Conflict], choice: Choice) -> None:
    """The side that loses counts as unchanged: its base becomes the value that was shown. The side that wins counts as
    changed, whatever it holds when the merge looks again."""
    found = RecordLink.everywhere.select_for_update().filter(
        target=target, record_type=rows[0].record_type, record_id__in={row.record_id for row in rows}
    )
    links = {link.record_id: link for link in found.order_by("record_id")}
    for row in rows:
        if (link := links.get(row.record_id)) is None:
            continue
        if choice == Choice.OURS:
            link.base_theirs = {**link.base_theirs, row.remote_field: row.theirs}
            link.base_ours = {**link.base_ours, row.field: CHOSEN}
        else:
            link.base_ours = {**link.base_ours, row.field: row.ours}
            link.base_theirs = {**link.base_theirs, row.remote_field: CHOSEN}
    for link in links.values():
        link.version += 1
    RecordLink.everywhere.bulk_update(links.values(), ["base_ours", "base_theirs", "version"])


def _note_down(target: UUID, rows: Sequence[Conflict], choice: Choice, actor: str) -> None:
    """One line of the trail for each conflict that was settled alone, one for all that were settled together."""
    if len(rows) == 1:
        told: dict[str, Json] = {"field": rows[0].field, "choice": str(choice), "title": rows[0].title}
        audit.record("conflict.settled", company_id=rows[0].company_id, actor=actor, target=str(rows[0].pk), data=told)
        return
    told = {"choice": str(choice), "conflicts": len(rows)}
    audit.record("conflicts.settled", company_id=rows[0].company_id, actor=actor, target=str(target), data=told)


def forget(mapping: Mapping, records: Sequence[UUID], now: datetime) -> None:
    """The rows of these records are gone: there is no other value any more."""
    if _open(mapping.pk).filter(record_id__in=records).update(settled_at=now, choice=Choice.ALIKE, actor=""):
        tell(mapping)


# --- what became pointless --------------------------------------------------------------------------------------------


def tidy() -> int:
    """Close conflicts that nobody needs to settle: the mapping goes one way by now or is replaced, the record or its
    row is gone. How many."""
    alive = RecordLink.everywhere.filter(target=OuterRef("target"), record_id=OuterRef("record_id"), deleted_at=None)
    merged = Mapping.everywhere.filter(pk=OuterRef("target"), direction=Direction.BOTH.value, retired_at=None)
    pointless = Conflict.everywhere.filter(~Q(Exists(alive)) | ~Q(Exists(merged)), settled_at=None)
    closed, touched = 0, set()
    while rows := list(pointless.order_by().values_list("pk", "target")[:MARKED]):
        with paced():
            mine = Conflict.everywhere.filter(pk__in=[pk for pk, _target in rows], settled_at=None)
            closed += mine.update(settled_at=clock.now(), choice=Choice.ALIKE, actor="")
        touched |= {target for _pk, target in rows}
    for target in touched:
        _tell(target)
    return closed


# --- telling people ---------------------------------------------------------------------------------------------------


def _tell(target: UUID) -> None:
    mapping = Mapping.everywhere.select_related("connection").filter(pk=target).first()
    if mapping is not None:
        tell(mapping)


def tell(mapping: Mapping) -> None:
    """One problem for all open conflicts of a mapping; it closes itself with the last one."""
    key, count = f"sync:{mapping.pk}:conflicts", _open(mapping.pk)[: MANY + 1].count()
    if not count:
        problems.close(mapping.company_id, key)
        return
    problems.raise_(
        mapping.company_id,
        key,
        severity="warn",
        sentence=_sentence(count),
        affected=min(count, MANY),
        button=_("Choose which value stays"),
        url=f"/admin/hub/conflicts/?mapping={mapping.pk}",
        provider=mapping.connection.provider,
    )


def _sentence(count: int) -> str:
    if count > MANY:
        return _("More than %(count)d fields were changed on both sides to different values.") % {"count": MANY}
    sentence = ngettext(
        "%(count)d field was changed on both sides to different values.",
        "%(count)d fields were changed on both sides to different values.",
        count,
    )
    return sentence % {"count": count}
