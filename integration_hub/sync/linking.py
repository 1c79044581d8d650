"""Links between records: which remote row a link cell points to, which record theirs means, and what is owed.

A child goes without its link cell while its parent has no remote row, and comes without its link while the parent's row
is no record of ours. The debt is a row; whoever links the parent makes the child due in the same transaction. A sweep
repairs what slipped between two transactions on the way out, the next reading of the whole table on the way in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, MappedField, ProviderError, Ref, RemoteRow, Sink
from integration_hub.contract.records import Values
from integration_hub.http import clock
from integration_hub.sync import outbox, sql
from integration_hub.sync.links import NO_LINKS, Debt, Links, rows_of, stand_in, stands_in
from integration_hub.sync.models import Lane, OwedLink, RecordLink, SyncRun, WorkRow
from integration_hub.sync.models import Mapping as MappingRow
from integration_hub.sync.models.pull import Reading, Stray
from integration_hub.sync.models.run import RunKind, RunState

REPAIRED = 500  # debts looked at in one turn of the sweep
WAITS, AGAIN = "parent", "again"  # remedies of a row that can be no record before the one it links to is, and then


def parents_of(connection: Connection, sink: Sink, fields: Iterable[MappedField]) -> dict[str, UUID | None]:  # type: ignore[type-arg]
    """Remote link fields among these, and the live mapping whose rows each links to."""
    wanted = {
        mapped.remote_id: (mapped.ours.to, table)
        for mapped in fields
        if mapped.ours.kind == "link" and (table := sink.links_to(mapped))
    }
    if not wanted:
        return {}
    rows = MappingRow.everywhere.filter(
        connection=connection, retired_at=None, record_type__in={t for t, _ in wanted.values()}
    )
    by_table = {(row.record_type, sink.resource_id(row.place)): row.pk for row in rows.order_by("-is_primary", "pk")}
    return {remote_id: by_table.get(place) for remote_id, place in wanted.items()}


def passable(fields: Iterable[MappedField], parents: Mapping[str, UUID | None]) -> tuple[MappedField, ...]:
    """These fields as far as they go: a link is read only where its cells hold rows of a table that is mapped."""
    kept = (_passable(one, parents) for one in fields)
    return tuple(one for one in kept if one is not None)


def _passable(mapped: MappedField, parents: Mapping[str, UUID | None]) -> MappedField | None:
    if mapped.ours.kind != "link" or mapped.direction is Direction.PUSH or parents.get(mapped.remote_id):
        return mapped
    return replace(mapped, direction=Direction.PUSH) if mapped.direction is Direction.BOTH else None


def look_up(parents: Mapping[str, UUID | None], fields: Sequence[MappedField], values: Iterable[Values]) -> Links:
    """The remote rows that these records' link cells point to, one query for each linked table."""
    if not parents:
        return NO_LINKS
    wanted: dict[UUID, set[UUID]] = {}
    names = [(mapped.ours.name, parent) for mapped in fields if (parent := parents.get(mapped.remote_id))]
    for mine in values:
        for name, parent in names:
            if isinstance(ref := mine.get(name), Ref):
                wanted.setdefault(parent, set()).add(ref.id)
    found: dict[tuple[UUID, UUID], str] = {}
    for parent, ids in wanted.items():
        alive = RecordLink.everywhere.filter(target=parent, record_id__in=ids, deleted_at=None)
        found |= {(parent, record): remote for record, remote in alive.values_list("record_id", "remote_id")}
    return Links(parents, found)


def meant(
    parents: Mapping[str, UUID | None],
    fields: Sequence[MappedField],
    sink: Sink,  # type: ignore[type-arg]
    met: Iterable[RemoteRow],
) -> Links:
    """The records that the link cells of these rows mean, one query for each linked table."""
    pointing = [(mapped, parent) for mapped in fields if (parent := parents.get(mapped.remote_id))]
    if not pointing:
        return NO_LINKS
    wanted: dict[UUID, set[str]] = {}
    for row in met:
        for mapped, parent in pointing:
            wanted.setdefault(parent, set()).update(_named(sink, row, mapped))
    found: dict[tuple[UUID, str], UUID] = {}
    for parent, ids in wanted.items():
        alive = RecordLink.everywhere.filter(target=parent, remote_id__in=ids, deleted_at=None)
        found |= {(parent, remote): record for remote, record in alive.values_list("remote_id", "record_id")}
    return Links(parents, records=found)


def _named(sink: Sink, row: RemoteRow, mapped: MappedField) -> tuple[str, ...]:  # type: ignore[type-arg]
    try:
        return rows_of(sink.back(row.cells.get(mapped.remote_id), mapped))
    except ProviderError:
        return ()  # said when the cell itself is read


def awaited(target: UUID, ids: Iterable[UUID]) -> dict[UUID, set[str]]:
    """The link fields of these records where theirs points to a row that is not known here yet: nobody writes them."""
    found: dict[UUID, set[str]] = {}
    mine = OwedLink.everywhere.filter(target=target, record_id__in=list(ids))
    for record, name, parent in mine.values_list("record_id", "field", "parent_id"):
        if stands_in(parent):
            found.setdefault(record, set()).add(name)
    return found


def await_rows(company_id: UUID, target: UUID, record_type: str, debts: Mapping[UUID, Sequence[Debt]]) -> None:
    """Note what was left out of these records when they were read, and nothing else any more. In the merging
    transaction."""
    before = OwedLink.everywhere.filter(target=target, record_id__in=list(debts))
    over = [
        pk
        for pk, record, name, parent in before.values_list("pk", "record_id", "field", "parent_id")
        if stands_in(parent) and name not in {debt.field for debt in debts[record]}
    ]
    if over:
        OwedLink.everywhere.filter(pk__in=over).delete()
    owe(company_id, target, record_type, debts)


def arrived(connection: Connection, parent_target: UUID, linked: Mapping[UUID, str]) -> list[UUID]:
    """These records and rows became partners just now: whoever owes a link to one of either is due, and rows that could
    be no record without are read again. In the merging transaction; the targets are to be woken after its commit."""
    if not linked:
        return []
    stand_ins = [stand_in(parent_target, remote_id) for remote_id in linked.values()]
    targets = pay(parent_target, [*linked, *stand_ins])
    waiting = Stray.everywhere.filter(company_id=connection.company_id, remedy=WAITS).exclude(target=parent_target)
    if again := set(waiting.values_list("target", flat=True)):
        waiting.update(remedy=AGAIN)
        Reading.everywhere.filter(mapping__in=again).update(next_at=clock.now(), pokes=F("pokes") + 1)
    return sorted({*targets, *again})


def owe(company_id: UUID, target: UUID, record_type: str, debts: Mapping[UUID, Sequence[Debt]]) -> None:
    """Note what these records owe, in the settling transaction."""
    rows = [
        OwedLink(
            company_id=company_id,
            target=target,
            record_type=record_type,
            record_id=record,
            field=debt.field,
            parent_target=debt.parent_target,
            parent_id=debt.parent_id,
        )
        for record, owed in debts.items()
        for debt in owed
    ]
    OwedLink.everywhere.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["target", "record_id", "field"],
        update_fields=["parent_target", "parent_id"],
    )


def pay(parent_target: UUID, parents: Sequence[UUID]) -> list[UUID]:
    """These records got their remote rows: whoever owes a link to them is due. In the settling transaction; the
    targets are to be woken after its commit."""
    if not parents or not _is_owed(parent_target, parents):
        return []
    return _make_due(OwedLink.everywhere.filter(parent_target=parent_target, parent_id__in=parents))


# Asked for every chunk of a first sync and nearly always without an answer, so it is written by hand.
_OWED = """
SELECT 1 FROM sync_owed_links WHERE parent_target = %s AND parent_id IN (SELECT id FROM {asked} AS asked) LIMIT 1
"""


def _is_owed(parent_target: UUID, parents: Sequence[UUID]) -> bool:
    text = _OWED.format(asked=sql.given(id="uuid"))
    return bool(sql.fetch(text, [parent_target, sql.column(parents)]))


def repair() -> int:
    """Debts whose parent is linked all the same: it was linked while the child was being settled. How many."""
    linked = RecordLink.everywhere.filter(
        target=OuterRef("parent_target"), record_id=OuterRef("parent_id"), deleted_at=None
    )
    ids = list(OwedLink.everywhere.filter(Exists(linked)).values_list("pk", flat=True)[:REPAIRED])
    if not ids:
        return 0
    with transaction.atomic():
        targets = _make_due(OwedLink.everywhere.filter(pk__in=ids))
        transaction.on_commit(lambda: outbox.wake(targets), robust=True)
    return len(ids)


def _make_due(debts) -> list[UUID]:  # type: ignore[no-untyped-def]
    children: dict[tuple[UUID, str], set[tuple[UUID, UUID]]] = {}
    for debt in list(debts):
        children.setdefault((debt.company_id, debt.record_type), set()).add((debt.target, debt.record_id))
    for (company, record_type), pairs in children.items():
        outbox.write(company, record_type, sorted(pairs), prio=WorkRow.PRIO_CHANGE)
    debts.delete()
    return sorted({target for pairs in children.values() for target, _record in pairs})


def forget(connection: Connection, remote_ids: Sequence[str]) -> list[UUID]:
    """Rows that cells of ours linked to are gone over there: their links end and their records are due, to be written
    again. In a transaction; the targets to wake after it."""
    mine = MappingRow.everywhere.filter(connection=connection).values_list("pk", flat=True)
    dead = RecordLink.everywhere.filter(target__in=list(mine), remote_id__in=remote_ids, deleted_at=None)
    found = list(dead.values_list("company_id", "record_type", "target", "record_id"))
    dead.update(deleted_at=clock.now(), version=F("version") + 1)
    for company, record_type in {(company, kind) for company, kind, _t, _r in found}:
        pairs = sorted((t, r) for c, kind, t, r in found if (c, kind) == (company, record_type))
        outbox.write(company, record_type, pairs, prio=WorkRow.PRIO_CHANGE)
    return sorted({target for _c, _k, target, _r in found})


def parents_run(parents: Mapping[str, UUID | None]) -> bool:
    """Whether a full run of a parent mapping is still going, and can go on: a first sync takes parents first."""
    ids = {parent for parent in parents.values() if parent}
    stopped = Lane.everywhere.filter(target=OuterRef("mapping")).exclude(paused="")
    going = SyncRun.everywhere.filter(~Exists(stopped), mapping__in=ids, kind=RunKind.FULL, state=RunState.RUNNING)
    return bool(ids) and going.exists()
