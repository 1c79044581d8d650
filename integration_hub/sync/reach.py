"""What another filter of a mapping would bring over, and what it would leave behind, before anybody saves it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from integration_hub.contract import RecordType, registry
from integration_hub.contract.records import Values
from integration_hub.sync import filters
from integration_hub.sync.filters import Condition
from integration_hub.sync.models import Mapping as MappingRow
from integration_hub.sync.models import RecordLink

MOST = 10_000  # records looked at: somebody waits for the answer
CHUNK = 500
NAMED = 5  # titles that stand for the others


@dataclass
class Group:
    """Some records: how many, and what people call the first of them."""

    count: int = 0
    titles: list[str] = field(default_factory=list)

    def add(self, titles: Sequence[str]) -> None:
        self.count += len(titles)
        self.titles = [*self.titles, *titles][:NAMED]


@dataclass
class Reach:
    """`enters`: records that would go and did not; `leaves`: those that have a row which would no longer be kept in
    step. `looked` of `whole` records were looked at."""

    enters: Group = field(default_factory=Group)
    leaves: Group = field(default_factory=Group)
    looked: int = 0
    whole: int = 0

    @property
    def is_partial(self) -> bool:
        return self.looked < self.whole


def compare(mapping: MappingRow, conditions: Sequence[Condition]) -> Reach:
    """The stored filter beside this one, which was checked."""
    kind = registry.record_type(mapping.record_type)
    found = Reach(whole=kind.count(mapping.company_id))
    for values in _records(kind, mapping.company_id):
        found.looked += len(values)
        before = {pk for pk, mine in values.items() if filters.passes(mine, mapping.filter)}
        after = {pk for pk, mine in values.items() if filters.passes(mine, conditions)}
        found.enters.add(_titles(kind, values, after - before))
        found.leaves.add(_titles(kind, values, _linked(mapping, before - after)))
    return found


def _records(kind: RecordType, company: UUID) -> Iterator[Mapping[UUID, Values]]:
    """The first records, some at a time."""
    after: UUID | None = None
    for _start in range(0, MOST, CHUNK):
        ids = kind.scan(company, after, CHUNK)
        yield kind.load(company, ids)
        if len(ids) < CHUNK:
            return
        after = ids[-1]


def _linked(mapping: MappingRow, records: set[UUID]) -> set[UUID]:
    if not records:
        return set()
    alive = RecordLink.everywhere.filter(target=mapping.pk, record_id__in=records, deleted_at=None)
    return set(alive.values_list("record_id", flat=True))


def _titles(kind: RecordType, values: Mapping[UUID, Values], records: set[UUID]) -> list[str]:
    return [kind.title(values[pk]) for pk in sorted(records)]
