"""Which remote rows the link cells of a chunk point to, and what is owed where a row is not known yet. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from integration_hub.contract import MappedField, Ref


@dataclass(frozen=True)
class Debt:
    """A link cell that is left out for now."""

    field: str
    parent_target: UUID
    parent_id: UUID


@dataclass(frozen=True)
class Links:
    """What the link cells of a chunk point to. `parents`: remote field id → the mapping whose rows it links to, None
    while nothing is mapped to that table; `remote_ids`: (mapping, record) → remote row."""

    parents: Mapping[str, UUID | None] = field(default_factory=dict)
    remote_ids: Mapping[tuple[UUID, UUID], str] = field(default_factory=dict)

    def remote_id(self, mapped: MappedField, value: Ref) -> str | None:
        parent = self.parents.get(mapped.remote_id)
        return self.remote_ids.get((parent, value.id)) if parent else None

    def debt(self, mapped: MappedField, value: Ref) -> Debt | None:
        """What is owed when the row is not known; None when no mapping could ever pay it."""
        parent = self.parents.get(mapped.remote_id)
        return Debt(mapped.ours.name, parent, value.id) if parent else None


NO_LINKS = Links()
