"""Rows that could not be taken in: looked at again when a person says so, and copies, of which a person says what they
are to be.

What somebody wants is noted in the row's own line. The lane reads just these rows by their ids, before it reads on;
whatever comes of them replaces or removes the line.
"""

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.contract import Direction, RemoteRow, registry
from integration_hub.contract.api import Json
from integration_hub.notices import audit, problems
from integration_hub.sync import arriving, lanes, merging, outbox, reading
from integration_hub.sync.calls import asking
from integration_hub.sync.linking import AGAIN, WAITS
from integration_hub.sync.models import Mapping, WorkRow
from integration_hub.sync.models.pull import Stray
from integration_hub.sync.noting import COPY, COVERED, LEFT
from integration_hub.sync.pacing import paced
from integration_hub.sync.turn import Slice

OWN = "own"  # the remedy while a copy waits to be made a record; AGAIN: a row waits to be looked at
WANTED = (AGAIN, OWN)
READ = 100  # rows a provider is asked for at once
MANY = 1000  # rows that are counted; more than that is "more than 1,000"
MARKED = 500  # lines a statement deletes


def waiting(target: UUID) -> QuerySet[Stray]:
    """Rows that still need somebody, or are just being looked at."""
    return Stray.everywhere.filter(target=target).exclude(remedy=LEFT)


# --- a person's word --------------------------------------------------------------------------------------------------


def again(mapping: Mapping, *, actor: str, rows: Sequence[int] | None = None) -> int:
    """Look at these rows again now, or at all but the copies. How many."""
    mine = waiting(mapping.pk).exclude(remedy__in=(COPY, OWN)) if rows is None else _some(mapping, rows)
    return _want(mapping, mine, AGAIN, "stray.tried", actor)


def own(mapping: Mapping, rows: Sequence[int], *, actor: str) -> int:
    """Make each of these copies a record of its own; our next write gives its row the new record's id. How many."""
    return _want(mapping, _some(mapping, rows).filter(remedy=COPY), OWN, "stray.made", actor)


def leave(mapping: Mapping, rows: Sequence[int], *, actor: str) -> int:
    """These copies stay what they are, and nobody is asked about them again. How many."""
    count = _some(mapping, rows).filter(remedy=COPY).update(remedy=LEFT)
    _note_down(mapping, "stray.left", count, actor)
    tell(mapping)
    return count


def _some(mapping: Mapping, rows: Sequence[int]) -> QuerySet[Stray]:
    return Stray.everywhere.filter(target=mapping.pk, pk__in=list(rows))


def _want(mapping: Mapping, rows: QuerySet[Stray], remedy: str, action: str, actor: str) -> int:
    count = int(rows.update(remedy=remedy))
    if count:
        reading.poke([mapping.pk])
        outbox.wake([mapping.pk])
    _note_down(mapping, action, count, actor)
    return count


def _note_down(mapping: Mapping, action: str, count: int, actor: str) -> None:
    if count:
        told = {"rows": count, "mapping": mapping.label}
        audit.record(action, company_id=mapping.company_id, actor=actor, target=str(mapping.pk), data=told)


# --- in the lane ------------------------------------------------------------------------------------------------------


def step(turn: Slice) -> bool:
    """Look at the next rows that people want looked at; False when there are none."""
    wanted = list(Stray.everywhere.filter(target=turn.job.mapping.pk, remedy__in=WANTED)[:READ])
    if not wanted:
        return False
    with asking(turn):
        client, ids = turn.client(WorkRow.PRIO_PERSON), [stray.remote_id for stray in wanted]
        there = turn.job.sink.read(client, turn.job.whole, ids)
    if not turn.over:
        _take(turn, {stray.remote_id: stray.remedy for stray in wanted}, there)
        _done(turn, wanted)
    return True


def _take(turn: Slice, remedies: dict[str, str], there: Map[str, Map[str, Json]]) -> None:
    found = [RemoteRow(remote_id, cells) for remote_id, cells in there.items()]
    known, unknown = arriving.strangers(turn.job.mapping.pk, found)
    merging.take_linked(turn, [(row, known[row.remote_id][0]) for row in found if row.remote_id in known])
    copies = [row for row in unknown if remedies.get(row.remote_id) == OWN]
    arriving.take(turn, [row for row in unknown if row not in copies])
    arriving.make(turn, [_unnamed(turn, row) for row in copies])


def _unnamed(turn: Slice, row: RemoteRow) -> RemoteRow:
    """The row without the id of ours that it carries: it is another record's."""
    cells = {key: cell for key, cell in row.cells.items() if key != turn.job.target.merge_on}
    return RemoteRow(row.remote_id, cells, row.changed_at)


def _done(turn: Slice, asked: Sequence[Stray]) -> None:
    """Lines that nothing replaced are about rows that are gone, or that nobody wants a record of."""
    with paced():
        lanes.fence(turn.held)
        Stray.everywhere.filter(pk__in=[stray.pk for stray in asked], remedy__in=WANTED).delete()


# --- telling people ---------------------------------------------------------------------------------------------------


def tell(mapping: Mapping) -> None:
    """One problem for all rows of a mapping that could not be taken in; it closes itself with the last one. Rows that
    follow by themselves, once the row they link to is a record, need nobody."""
    rows = waiting(mapping.pk)
    _tell(mapping, "strays", rows.exclude(remedy__in=(WAITS, COVERED)), _sentence)
    _tell(mapping, "covered", rows.filter(remedy=COVERED), _covered)


def _tell(mapping: Mapping, name: str, rows: QuerySet[Stray], sentence: Callable[[int], str]) -> None:
    key, count = f"sync:{mapping.pk}:{name}", rows[: MANY + 1].count()
    if not count:
        problems.close(mapping.company_id, key)
        return
    provider = registry.provider(mapping.connection.provider)
    problems.raise_(
        mapping.company_id,
        key,
        severity="warn",
        sentence=sentence(count) % {"count": min(count, MANY), "provider": provider.name},
        detail=mapping.label,
        affected=min(count, MANY),
        button=_("See which and why"),
        url=f"/admin/hub/strays/{mapping.pk}/",
        provider=provider.key,
    )


def _sentence(count: int) -> str:
    if count > MANY:
        return _("More than %(count)d rows of %(provider)s could not be taken in.")
    return ngettext(
        "%(count)d row of %(provider)s could not be taken in.",
        "%(count)d rows of %(provider)s could not be taken in.",
        count,
    )


def _covered(count: int) -> str:
    return ngettext(
        "%(count)d row was edited in %(provider)s in the moment in which the hub wrote to it. The hub's value stands.",
        "%(count)d rows were edited in %(provider)s in the moment in which the hub wrote to them. "
        "The hub's values stand.",
        count,
    )


def tidy() -> int:
    """Forget rows of mappings that are not read any more. How many."""
    read = Mapping.everywhere.filter(pk=OuterRef("target"), retired_at=None).exclude(direction=Direction.PUSH.value)
    idle, gone = Stray.everywhere.filter(~Exists(read)), 0
    targets = set(idle.values_list("target", flat=True))
    while ids := list(idle.values_list("pk", flat=True)[:MARKED]):
        with paced():
            gone += Stray.everywhere.filter(pk__in=ids).delete()[0]
    for mapping in Mapping.everywhere.filter(pk__in=targets).select_related("connection"):
        tell(mapping)
    return gone
