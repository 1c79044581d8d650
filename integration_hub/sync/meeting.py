"""First meetings: whose record a row is that was never linked. It carries our id, or all keys agree."""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from integration_hub.contract import ProviderError, RemoteRow
from integration_hub.sync.canonical import canonical
from integration_hub.sync.models import Mapping, RecordLink
from integration_hub.sync.models.pull import Stray
from integration_hub.sync.rows import Link, pending
from integration_hub.sync.targets import Job

AMBIGUOUS = "ambiguous"  # the remedy of rows that fit several records


@dataclass
class Met:
    """The partners of some rows, by remote id. `ambiguous`: several that fit, with their titles; `twice`: the record of
    further rows, which has its row in this very lot; `busy`: rows of records that are gone, of which something is still
    to be delivered: a create that was never settled, and is about to be taken back."""

    found: dict[str, UUID] = field(default_factory=dict)
    ambiguous: dict[str, dict[UUID, str]] = field(default_factory=dict)
    twice: dict[str, UUID] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)

    def is_met(self, row: RemoteRow) -> bool:
        return any(row.remote_id in lot for lot in (self.found, self.ambiguous, self.twice, self.busy))


def partners(job: Job, part: Sequence[RemoteRow]) -> Met:
    """The living records whose id these rows carry; of the others, those that agree in every key."""
    met = Met()
    carried = {row.remote_id: pk for row in part if (pk := _uuid(row.cells.get(job.target.merge_on)))}
    alive = job.record_type.load(job.mapping.company_id, list(carried.values())) if carried else {}
    for row in part:
        pk = carried.get(row.remote_id)
        if pk in alive and pk is not None:
            _give(met, row, pk)
    gone = {remote_id: pk for remote_id, pk in carried.items() if pk not in alive}
    met.busy |= _unfinished(job, gone)
    strangers = [row for row in part if row.remote_id not in met.busy and carried.get(row.remote_id) not in alive]
    _by_keys(job, strangers, met)
    return met


def _give(met: Met, row: RemoteRow, pk: UUID) -> None:
    (met.twice if pk in met.found.values() else met.found)[row.remote_id] = pk


def _unfinished(job: Job, gone: Map[str, UUID]) -> set[str]:
    work = pending(job.mapping.pk, job.mapping.record_type, list(gone.values())) if gone else {}
    return {remote_id for remote_id, pk in gone.items() if pk in work and work[pk].is_due}


def _uuid(cell: object) -> UUID | None:
    try:
        return UUID(cell) if isinstance(cell, str) else None
    except ValueError:
        return None


def _by_keys(job: Job, part: Sequence[RemoteRow], met: Met) -> None:
    names = [name for name in job.mapping.match_on if name in job.rules.names]
    if not names or len(names) != len(job.mapping.match_on) or job.record_type.find is None:
        return
    wanted = {row.remote_id: _keys(job, row, names) for row in part}
    known = {name: _found(job, name, [keys[name] for keys in wanted.values() if keys]) for name in names}
    for row in part:
        keys = wanted[row.remote_id]
        fitting = (
            set.intersection(*(set(known[name].get(_folded(keys[name]), ())) for name in names)) if keys else set()
        )
        if len(fitting) == 1:
            _give(met, row, fitting.pop())
        elif fitting:
            met.ambiguous[row.remote_id] = _titles(job, fitting)


def _keys(job: Job, row: RemoteRow, names: Sequence[str]) -> dict[str, str]:
    """What the row says of each key; nothing where it does not say all of them."""
    rules = {rule.ours: rule for rule in job.rules.all}
    try:
        said = {name: canonical(job.rules.value(rules[name], row)) for name in names}
    except ProviderError:
        return {}
    return {name: str(value) for name, value in said.items()} if all(said.values()) else {}


def _found(job: Job, name: str, values: Sequence[str]) -> Map[str, Sequence[UUID]]:
    assert job.record_type.find is not None
    if not values:
        return {}
    found = job.record_type.find(job.mapping.company_id, name, sorted(set(values)))
    return {_folded(value): ids for value, ids in found.items()}


def _folded(value: str) -> str:
    return value.casefold()


def _titles(job: Job, ids: set[UUID]) -> dict[UUID, str]:
    values = job.record_type.load(job.mapping.company_id, sorted(ids))
    return {pk: job.record_type.title(mine) or str(pk) for pk, mine in values.items()}


# Records that fit a row beside others have no row, and get none, while nobody has said whose that row is.
HELD = "none:"


def hold(mapping: Mapping, records: Iterable[UUID], now: datetime) -> None:
    """None of these gets a row of its own for now."""
    told = {"company_id": mapping.company_id, "apart": True, "deleted_at": now}
    for pk in records:
        RecordLink.everywhere.get_or_create(
            target=mapping.pk,
            record_type=mapping.record_type,
            record_id=pk,
            defaults={**told, "remote_id": f"{HELD}{pk}"},
        )


def is_held(link: Link) -> bool:
    return link.apart and link.remote_id.startswith(HELD)


def release(mapping: Mapping) -> int:
    """Where no row is doubtful any more, those that were held go their way as others do. How many."""
    if Stray.everywhere.filter(target=mapping.pk, remedy=AMBIGUOUS).exists():
        return 0
    held = RecordLink.everywhere.filter(target=mapping.pk, apart=True, remote_id__startswith=HELD)
    return held.delete()[0]
