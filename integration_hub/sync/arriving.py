"""Remote rows that are linked to no record of ours: a partner is found, or a record is made of the row.

A row that carries our id is that record's. One that carries the id of a record which is linked to another row is a
copy, made by a person over there: it is named and left alone, so that one record never follows two rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from traceback import format_exc
from uuid import UUID

import structlog
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from integration_hub.contract import Entry, ProviderError, RemoteRow, Unfit
from integration_hub.contract.records import Value
from integration_hub.sync import lanes, merging, noting, rows
from integration_hub.sync.canonical import canonical_fields
from integration_hub.sync.merge import Merge
from integration_hub.sync.merging import Brought, Desk
from integration_hub.sync.models.run import Outcome
from integration_hub.sync.pacing import paced
from integration_hub.sync.rows import Link
from integration_hub.sync.turn import Slice

log = structlog.get_logger(__name__)


def take(turn: Slice, found: Sequence[RemoteRow]) -> None:
    """Give each of these rows its record, or say why it has none."""
    size = merging.at_once()
    for start in range(0, len(found), size):
        part = found[start : start + size]
        with paced():
            now = lanes.fence(turn.held)
            partners = _partners(turn, part)
            _adopt(turn, {partners[row.remote_id]: row for row in part if row.remote_id in partners}, now)
            _make(turn, [row for row in part if row.remote_id not in partners], now)


def _partners(turn: Slice, part: Sequence[RemoteRow]) -> dict[str, UUID]:
    """The living records whose id these rows carry, by remote id."""
    carried = {row.remote_id: pk for row in part if (pk := _uuid(row.cells.get(turn.job.target.merge_on)))}
    alive = turn.job.record_type.load(turn.job.mapping.company_id, list(carried.values())) if carried else {}
    return {remote_id: pk for remote_id, pk in carried.items() if pk in alive}


def _uuid(cell: object) -> UUID | None:
    try:
        return UUID(cell) if isinstance(cell, str) else None
    except ValueError:
        return None


def _adopt(turn: Slice, partners: Mapping[UUID, RemoteRow], now: datetime) -> None:
    """Link these rows to the records they name; both sides meet for the first time. Others are copies."""
    if not partners:
        return
    desk = Desk(turn.job, now, list(partners))
    free = {pk: row for pk, row in partners.items() if not _is_linked(desk.links.get(pk))}
    for pk, row in partners.items():
        if pk not in free:
            sentence = _("This row is a copy: the record it names is kept in step with another row.")
            noting.stray(turn, row.remote_id, now, title=desk.title(pk), sentence=sentence, remedy="copy")
    met = [desk.one(row, pk, NEW._replace(remote_id=row.remote_id), desk.values[pk]) for pk, row in free.items()]
    noting.settle(turn, desk.closed(met), desk)


NEW = Link(0, "", {}, {}, 0, None)


def _is_linked(link: Link | None) -> bool:
    return link is not None and link.deleted_at is None


def _make(turn: Slice, part: Sequence[RemoteRow], now: datetime) -> None:
    """A record of each of these rows."""
    if not part:
        return
    desk = Desk(turn.job, now, [])
    made = [done for row in part if (done := _record(turn, desk, row))]
    desk.refresh([done.record_id for done in made])
    for done in made:
        mine = desk.values[done.record_id]
        read = {key: done.row.cells.get(key) for key in _kept(turn)}
        done.link = done.link._replace(base_ours=canonical_fields(mine, desk.rules.names), base_theirs=read)
        done.title = turn.job.record_type.title(mine)
        done.changes = [
            {"field": turn.job.label(name), "before": None, "after": value}
            for name, value in done.link.base_ours.items()
            if value is not None
        ]
    noting.settle(turn, made, desk)


def _kept(turn: Slice) -> list[str]:
    """The cells a link keeps: those of the fields, and, where it is to be written yet, the one for our id."""
    mine = [turn.job.target.merge_on] if turn.job.writes and turn.job.target.merge_on else []
    return [*(one.remote_id for one in turn.job.rules.fields), *mine]


def _record(turn: Slice, desk: Desk, row: RemoteRow) -> Brought | None:
    try:
        pk = desk.save(Entry(None, _values(desk, row)))
    except Unfit as refusal:
        troubles = {name: " ".join(sentences) for name, sentences in refusal.errors.items()}
        noting.stray(turn, row.remote_id, desk.now, sentence=noting.said(turn, troubles))
        return None
    except ProviderError as refusal:
        noting.stray(turn, row.remote_id, desk.now, sentence=refusal.sentence)
        return None
    except (DatabaseError, lanes.LostLane):
        raise
    except Exception:  # our bug, in one row: it is set aside with the traceback, the others go on
        log.exception("a row could not be taken in", target=str(turn.held.target))
        sentence = _("This row could not be taken in because of a fault in the hub.")
        noting.stray(turn, row.remote_id, desk.now, sentence=sentence, trace=format_exc(), remedy="report")
        return None
    return Brought(row, pk, NEW._replace(remote_id=row.remote_id), Merge(), outcome=Outcome.CREATED)


def _values(desk: Desk, row: RemoteRow) -> dict[str, Value]:
    """What the row says of fields that are read; an empty cell says nothing."""
    values = {rule.ours: desk.rules.value(rule, row) for rule in desk.rules.all if rule.pulls}
    return {name: value for name, value in values.items() if value is not None}


def strangers(target: UUID, found: Sequence[RemoteRow]) -> tuple[dict[str, tuple[UUID, Link]], list[RemoteRow]]:
    """The links of these rows by remote id, and the rows that have none."""
    known = rows.links_of(target, [row.remote_id for row in found])
    return known, [row for row in found if row.remote_id not in known]
