"""The words of syncing: targets, rows, and the sink a provider offers to write them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from integration_hub.contract.api import Json
from integration_hub.contract.records import Field, RecordType, Value

ClientT = TypeVar("ClientT")


@dataclass(frozen=True)
class MappedField:
    """One of our fields and the remote field it is written to; `options` are the remote field's own."""

    ours: Field
    remote_id: str
    remote_label: str
    remote_type: str
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Where records of one type go. `place` is the provider's own address of it (base and table, say)."""

    id: str
    record_type: str
    place: Mapping[str, str]
    merge_on: str
    fields: tuple[MappedField, ...]


@dataclass(frozen=True)
class Row:
    """One record to write: cells by remote field id. `remote_id` is None until the record is known over there."""

    hub_id: str
    remote_id: str | None
    cells: Mapping[str, Json]


@dataclass(frozen=True)
class Written:
    """What became of a row: its remote id, the cells as the provider returned them, and remote `copies` that carry
    the same hub id (a user duplicated the row)."""

    hub_id: str
    remote_id: str
    cells: Mapping[str, Json]
    created: bool = False
    copies: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadyTarget:
    """A mapping that works out of the box: where it goes and which fields it fills."""

    label: str
    place: Mapping[str, str]
    merge_on: str
    fields: tuple[MappedField, ...]


class Sink(ABC, Generic[ClientT]):
    """What we write to. Batched, idempotent: rows without a remote id are found again by `merge_on`.

    Errors of the whole call are raised; the engine bisects a `Rejected` batch until the culprit stands alone.
    """

    key: ClassVar[str] = "records"
    label: ClassVar[str] = ""
    batch: ClassVar[int] = 10

    @abstractmethod
    def ready(self, client: ClientT, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        """The ready mapping for this record type; ConfigError says what is missing over there."""

    @abstractmethod
    def convert(self, value: Value, mapped: MappedField) -> Json:
        """Our value as the remote field takes it; Rejected with a sentence when it does not fit."""

    @abstractmethod
    def upsert(self, client: ClientT, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        """Write at most `batch` rows; answers for every row, in any order. RowsGone when linked rows are no longer
        there: rows of linked records carry only the cells that changed, which is too little to make them anew."""

    @abstractmethod
    def delete(self, client: ClientT, target: Target, remote_ids: Sequence[str]) -> None:
        """Remove at most `batch` rows; one that is gone already is no error."""

    def remote_url(self, target: Target, remote_id: str) -> str:
        """Where people see the row at the provider; empty where there is no such page."""
        return ""
