"""Which remote rows the link cells of a chunk point to, which records of ours such cells mean, and what is owed where a
row is not known yet. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from integration_hub.contract import MappedField, Ref, Rejected
from integration_hub.contract.records import Value


@dataclass(frozen=True)
class Debt:
    """A link cell that is left out for now. `parent_id`: the record it points to; where theirs points to a row that is
    no record of ours yet, its `stand_in`."""

    field: str
    parent_target: UUID
    parent_id: UUID


def stand_in(target: UUID, remote_id: str) -> UUID:
    """What stands where the id of a record will be, while this remote row is none of ours. Ids of records are random,
    this is not (`stands_in`)."""
    return uuid5(target, remote_id)


def stands_in(pk: UUID) -> bool:
    return pk.version == 5


class Awaited(Exception):
    """Their link cell points to a row that is not known here yet."""

    def __init__(self, debt: Debt) -> None:
        super().__init__(debt.field)
        self.debt = debt


@dataclass(frozen=True)
class Links:
    """What the link cells of a chunk point to. `parents`: remote field id → the mapping whose rows it links to, None
    while nothing is mapped to that table; `remote_ids`: (mapping, record) → remote row; `records`: (mapping, remote
    row) → record."""

    parents: Mapping[str, UUID | None] = field(default_factory=dict)
    remote_ids: Mapping[tuple[UUID, UUID], str] = field(default_factory=dict)
    records: Mapping[tuple[UUID, str], UUID] = field(default_factory=dict)

    def remote_id(self, mapped: MappedField, value: Ref) -> str | None:
        parent = self.parents.get(mapped.remote_id)
        return self.remote_ids.get((parent, value.id)) if parent else None

    def debt(self, mapped: MappedField, value: Ref) -> Debt | None:
        """What is owed when the row is not known; None when no mapping could ever pay it."""
        parent = self.parents.get(mapped.remote_id)
        return Debt(mapped.ours.name, parent, value.id) if parent else None

    def leads(self, mapped: MappedField) -> bool:
        """Whether its cells hold rows of a table that is mapped."""
        return self.parents.get(mapped.remote_id) is not None

    def ref(self, mapped: MappedField, read: Value) -> Ref | None:
        """The record that a link cell means, of which the ids were `read`; its title stays open. Rejected where it
        means several, Awaited where it is not known here."""
        rows, parent = rows_of(read), self.parents[mapped.remote_id]
        assert parent is not None
        if not rows:
            return None
        if len(rows) > 1:
            text = _("“%(theirs)s” links to %(count)d rows there, and the hub keeps one. Leave only that one.")
            raise Rejected(text % {"theirs": mapped.remote_label, "count": len(rows)}, code="several_links")
        record = self.records.get((parent, rows[0]))
        if record is None:
            raise Awaited(Debt(mapped.ours.name, parent, stand_in(parent, rows[0])))
        return Ref(mapped.ours.to, record, "", rows[0])

    def alike(self, mapped: MappedField, mine: Value, read: Value) -> bool:
        """Whether our link and their cell, of which the ids were `read`, mean the same record."""
        rows, parent = rows_of(read), self.parents[mapped.remote_id]
        assert parent is not None
        if not isinstance(mine, Ref):
            return not rows
        return len(rows) == 1 and self.records.get((parent, rows[0])) == mine.id


def rows_of(read: Value) -> tuple[str, ...]:
    """The ids of rows in a link cell as a sink reads it."""
    return read if isinstance(read, tuple) else ()


NO_LINKS = Links()
