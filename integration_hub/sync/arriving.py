"""Remote rows that are linked to no record of ours: a partner is found, or a record is made of the row.

A row that carries our id is that record's; else the mapping's keys may tell whose it is. One that carries the id of a
record which is linked to another row is a copy, made by a person over there: it is named and left alone, so that one
record never follows two rows; and so is a row that fits several records.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from traceback import format_exc
from typing import TypeVar
from uuid import UUID

import structlog
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from integration_hub.contract import Entry, ProviderError, RemoteRow, Unfit
from integration_hub.contract.records import Value, Values
from integration_hub.sync import lanes, linking, meeting, merging, noting, outbox, rows
from integration_hub.sync.canonical import canonical_fields
from integration_hub.sync.links import Awaited, Debt
from integration_hub.sync.meeting import Met
from integration_hub.sync.merge import Merge
from integration_hub.sync.merging import Brought, Desk
from integration_hub.sync.models import RecordLink, WorkRow
from integration_hub.sync.models.run import Outcome
from integration_hub.sync.pacing import paced
from integration_hub.sync.rows import Link
from integration_hub.sync.turn import Slice

log = structlog.get_logger(__name__)
T = TypeVar("T")

SHOWN = 5  # titles of records that are told where several fit
NEW = Link(0, "", {}, {}, 0, None)


@dataclass(frozen=True)
class Odd:
    """A row that got no record, and why. `remedy`: copy, ambiguous, parent (it waits for a row it links to), give up or
    report (with the traceback)."""

    row: RemoteRow
    sentence: str
    remedy: str = "give up"
    title: str = ""
    trace: str = ""
    partners: Mapping[UUID, str] = field(default_factory=dict)


@dataclass
class Arrived:
    """What became of some rows, not settled yet. `before`: the records as they were; `left`: rows nobody wants a record
    of."""

    desk: Desk
    before: Mapping[UUID, Values] = field(default_factory=dict)
    brought: list[Brought] = field(default_factory=list)
    odd: list[Odd] = field(default_factory=list)
    left: list[RemoteRow] = field(default_factory=list)


def take(turn: Slice, found: Sequence[RemoteRow]) -> None:
    """Give each of these rows its record, or say why it has none."""
    size = merging.at_once()
    for start in range(0, len(found), size):
        turn.attend()
        with paced():
            now = lanes.fence(turn.held)
            for arrived in look(turn, found[start : start + size], now):
                _settle(turn, arrived, now)


def make(turn: Slice, found: Sequence[RemoteRow]) -> None:
    """A record of each of these rows, whomever else they look like: a person said so."""
    for row in found:
        with paced():
            now = lanes.fence(turn.held)
            arrived = Arrived(Desk(turn.job, now, [], [row]))
            _make(turn, arrived, [row])
            _settle(turn, arrived, now)


def _settle(turn: Slice, arrived: Arrived, now: datetime) -> None:
    noting.settle(turn, arrived.brought, arrived.desk)
    joined = [done for done in arrived.brought if done.outcome != Outcome.CREATED]
    owing = sorted(done.record_id for done in joined if arrived.desk.owes_a_push(done))
    mapping = turn.job.mapping
    pairs = [(mapping.pk, pk) for pk in owing]
    outbox.write(mapping.company_id, mapping.record_type, pairs, prio=WorkRow.PRIO_BACKFILL)
    for odd in arrived.odd:
        told = {"title": odd.title, "sentence": odd.sentence, "remedy": odd.remedy, "trace": odd.trace}
        noting.stray(turn, odd.row.remote_id, now, **told)


def look(turn: Slice, part: Sequence[RemoteRow], now: datetime) -> list[Arrived]:
    """Find or make the records of these rows, in the caller's transaction; what is to be settled of it."""
    met = meeting.partners(turn.job, part)
    adopted = _adopted(turn, part, met, now)
    made = Arrived(Desk(turn.job, now, [], part))
    made.odd += [_ambiguous(row, met) for row in part if row.remote_id in met.ambiguous]
    made.left += [row for row in part if row.remote_id in met.busy]
    alone = [row for row in part if not met.is_met(row)]
    if turn.job.mapping.makes_here and turn.job.reads:
        _make(turn, made, alone)
    else:
        made.left += alone
    return [adopted, made]


def _ambiguous(row: RemoteRow, met: Met) -> Odd:
    fitting = met.ambiguous[row.remote_id]
    names = sorted(fitting.values())
    sentence = _("This row fits more than one record: %(names)s.") % {"names": ", ".join(names[:SHOWN])}
    return Odd(row, sentence, meeting.AMBIGUOUS, title=names[0], partners=fitting)


def _adopted(turn: Slice, part: Sequence[RemoteRow], met: Met, now: datetime) -> Arrived:
    """Link these rows to the records they name or fit; both sides meet for the first time. Others are copies."""
    arrived = Arrived(Desk(turn.job, now, list({*met.found.values(), *met.twice.values()}), part))
    desk = arrived.desk
    arrived.before = desk.values
    for row in part:
        pk = met.found.get(row.remote_id) or met.twice.get(row.remote_id)
        if pk is None or pk not in desk.values:  # deleted a moment ago: its row is looked at again
            continue
        link = desk.links.get(pk)
        if row.remote_id in met.twice:
            arrived.odd.append(_copy(row, desk.title(pk)))
        elif link is not None and link.apart and not meeting.is_held(link):
            arrived.left.append(row)
        elif link is not None and link.deleted_at is None:
            arrived.odd.append(_copy(row, desk.title(pk)))
        else:
            arrived.brought.append(desk.decided(row, pk, _new(turn, row), desk.values[pk]))
    desk.closed(desk.pulled(arrived.brought))
    return arrived


def _new(turn: Slice, row: RemoteRow) -> Link:
    """A link that is about to begin. Where the row does not carry our id, it is to be written."""
    merge_on = turn.job.target.merge_on
    theirs = {merge_on: row.cells.get(merge_on)} if turn.job.writes and merge_on else {}
    return NEW._replace(remote_id=row.remote_id, base_theirs=theirs)


def _copy(row: RemoteRow, title: str) -> Odd:
    sentence = _("This row is a copy: the record it names is kept in step with another row.")
    return Odd(row, sentence, noting.COPY, title=title)


def _make(turn: Slice, arrived: Arrived, part: Sequence[RemoteRow]) -> None:
    """A record of each of these rows."""
    desk = arrived.desk
    for made in _records(turn, desk, part):
        if isinstance(made, Brought):
            arrived.brought.append(made)
        else:
            arrived.odd.append(made)
    desk.refresh([done.record_id for done in arrived.brought])
    for done in arrived.brought:
        mine = desk.values[done.record_id]
        read = {key: done.row.cells.get(key) for key in _kept(turn)}
        agreed = canonical_fields(mine, desk.rules.names)
        for name in done.owed:  # a link that is owed is no agreement
            del agreed[name], read[desk.rules.names[name].remote_id]
        done.link = done.link._replace(base_ours=agreed, base_theirs=read)
        done.title = turn.job.record_type.title(mine)
        done.changes = [
            {"field": turn.job.label(name), "before": None, "after": value}
            for name, value in done.link.base_ours.items()
            if value is not None
        ]


def _kept(turn: Slice) -> list[str]:
    """The cells a link keeps: those of the fields, and, where it is to be written yet, the one for our id."""
    mine = [turn.job.target.merge_on] if turn.job.writes and turn.job.target.merge_on else []
    return [*(one.remote_id for one in turn.job.rules.fields), *mine]


@dataclass(frozen=True)
class New:
    """A row of which a record is to be made: what it says, and what is owed to it."""

    row: RemoteRow
    values: dict[str, Value]
    owed: dict[str, Debt]


def _records(turn: Slice, desk: Desk, part: Sequence[RemoteRow]) -> list[Brought | Odd]:
    """One result for each row. All are saved together; a bug of ours in one of them leaves the others alone."""
    read = [_guarded(turn, row, partial(_read, desk, row)) for row in part]
    new = [one for one in read if isinstance(one, New)]
    odd: list[Brought | Odd] = [one for one in read if isinstance(one, Odd)]
    try:
        saved = desk.save_many([Entry(None, one.values) for one in new]) if new else []
    except (DatabaseError, lanes.LostLane):
        raise
    except Exception:
        log.exception("rows could not be taken in together", target=str(turn.held.target))
        return [*odd, *(_guarded(turn, one.row, partial(_alone, turn, desk, one)) for one in new)]
    return [*odd, *(_became(turn, one, result) for one, result in zip(new, saved, strict=True))]


def _read(desk: Desk, row: RemoteRow) -> New:
    owed: dict[str, Debt] = {}
    return New(row, _values(desk, row, owed), owed)


def _alone(turn: Slice, desk: Desk, one: New) -> Brought | Odd:
    return _became(turn, one, desk.tried(Entry(None, one.values)))


def _guarded(turn: Slice, row: RemoteRow, work: Callable[[], T]) -> T | Odd:
    """What this comes to; where it cannot be read, or because of a bug of ours, the row is set aside."""
    try:
        return work()
    except ProviderError as refusal:
        return Odd(row, refusal.sentence)
    except (DatabaseError, lanes.LostLane):
        raise
    except Exception:
        log.exception("a row could not be taken in", target=str(turn.held.target))
        sentence = _("This row could not be taken in because of a fault in the hub.")
        return Odd(row, sentence, "report", trace=format_exc())


def _became(turn: Slice, one: New, result: "UUID | Unfit") -> Brought | Odd:
    if not isinstance(result, Unfit):
        link = NEW._replace(remote_id=one.row.remote_id)
        return Brought(one.row, result, link, Merge(), outcome=Outcome.CREATED, owed=one.owed)
    troubles = {name: " ".join(sentences) for name, sentences in result.errors.items()}
    troubles |= dict.fromkeys(one.owed, _("It links to a row that is not known here yet."))
    return Odd(one.row, noting.said(turn, troubles), linking.WAITS if one.owed else "give up")


def _values(desk: Desk, row: RemoteRow, owed: dict[str, Debt]) -> dict[str, Value]:
    """What the row says of fields that are read; an empty cell says nothing. What it links to and is not known here yet
    goes into `owed`."""
    values: dict[str, Value] = {}
    for rule in desk.rules.all:
        try:
            value = desk.rules.value(rule, row) if rule.pulls else None
        except Awaited as awaited:
            owed[rule.ours] = awaited.debt
            continue
        if value is not None:
            values[rule.ours] = value
    return values


def strangers(target: UUID, found: Sequence[RemoteRow]) -> tuple[dict[str, tuple[UUID, Link]], list[RemoteRow]]:
    """The links of these rows by remote id, and the rows that have none. Rows whose record a person took away again are
    in neither."""
    ids = [row.remote_id for row in found]
    known = rows.links_of(target, ids)
    mine = RecordLink.everywhere.filter(target=target, remote_id__in=ids, apart=True)
    apart = set(mine.values_list("remote_id", flat=True)) if len(known) < len(ids) else set()
    return known, [row for row in found if row.remote_id not in known and row.remote_id not in apart]
