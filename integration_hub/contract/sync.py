"""The words of syncing: targets, rows, and the sink a provider offers to write them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from integration_hub.contract.api import Json
from integration_hub.contract.records import Field, File, RecordType, Value
from integration_hub.contract.resources import Resource

ClientT = TypeVar("ClientT")


@dataclass(frozen=True)
class RemoteField:
    """A field of a remote table. `type` is the provider's word, `words` the same for people; a computed field is not
    `writable`."""

    id: str
    label: str
    type: str
    words: str = ""
    writable: bool = True
    options: Mapping[str, Json] = field(default_factory=dict)


class WriteMode(StrEnum):
    """When a mapped field is written: always; only where the remote cell is empty; only into a new row."""

    ALWAYS = "always"
    IF_EMPTY = "if_empty"
    IF_NEW = "if_new"


class Direction(StrEnum):
    """Which way a mapping, or one of its fields, goes."""

    PUSH = "push"
    PULL = "pull"
    BOTH = "both"


@dataclass(frozen=True)
class MappedField:
    """One of our fields and the remote field it is joined with; `options` are the remote field's own.
    `create_choices`: a choice that is missing over there will be made."""

    ours: Field
    remote_id: str
    remote_label: str
    remote_type: str
    options: Mapping[str, Json] = field(default_factory=dict)
    write_mode: WriteMode = WriteMode.ALWAYS
    create_choices: bool = False
    direction: Direction = Direction.PUSH


@dataclass(frozen=True)
class Target:
    """Where records of one type go. `place` is the provider's own address of it (base and table, say).
    `create_choices`: a choice that is missing over there may be made."""

    id: str
    record_type: str
    place: Mapping[str, str]
    merge_on: str
    fields: tuple[MappedField, ...]
    create_choices: bool = False


@dataclass(frozen=True)
class Row:
    """One record to write: cells by remote field id. `remote_id` is None until the record is known over there.
    `files`: by remote field id, what makes the file that replaces the cell's; None when there is nothing to make."""

    hub_id: str
    remote_id: str | None
    cells: Mapping[str, Json]
    files: Mapping[str, Callable[[], File | None]] = field(default_factory=dict)


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
class RemoteRow:
    """A row as it is over there: its cells by remote field id, empty ones left out. `changed_at`: when it was last
    changed, by the provider's clock; None where it does not say. `told`: the event that led to its being read."""

    remote_id: str
    cells: Mapping[str, Json]
    changed_at: datetime | None = None
    told: "Told | None" = None


@dataclass(frozen=True)
class Told:
    """A row that an event named: `at`, when it was changed, by the provider's clock, and `by`, a person's name or
    address, where the event says so. It may have been changed again since."""

    remote_id: str
    at: datetime | None = None
    by: str = ""


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursor from which reading goes on after them. `last`: nothing more is to be read now; the
    next reading begins at this cursor and finds what changed since."""

    rows: Sequence[RemoteRow]
    cursor: Json
    last: bool


class CursorExpired(Exception):
    """Reading cannot go on at this cursor: the listing it was in is over. It begins again at its start."""


@dataclass(frozen=True)
class ReadyTarget:
    """A mapping that works out of the box: where it goes and which fields it fills. `direction`: which way; `lacks`:
    what keeps it from going both ways, a sentence; `merge_on` is empty where rows are only read."""

    label: str
    place: Mapping[str, str]
    merge_on: str
    fields: tuple[MappedField, ...]
    create_choices: bool = False
    direction: Direction = Direction.PUSH
    lacks: str = ""


class Sink(ABC, Generic[ClientT]):
    """What we write to. Batched, idempotent: rows without a remote id are found again by `merge_on`.

    Errors of the whole call are raised; the engine bisects a `Rejected` batch until the culprit stands alone.
    """

    key: ClassVar[str] = "records"
    label: ClassVar[str] = ""
    batch: ClassVar[int] = 10
    mappable: ClassVar[bool] = False  # people may make mappings: the questions about places are answered
    readable: ClassVar[bool] = False  # rows can be read as well (`page`, `read`, `back`)

    @abstractmethod
    def ready(self, client: ClientT, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        """The ready mapping for this record type; ConfigError says what is missing over there."""

    @abstractmethod
    def convert(self, value: Value, mapped: MappedField) -> Json:
        """Our value as the remote field takes it, the same for the same value; Rejected with a sentence when it does
        not fit, FieldRefused when no value would. A Ref comes with its `remote_id` when the field links to rows."""

    @abstractmethod
    def upsert(self, client: ClientT, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        """Write at most `batch` rows; answers for every row, in any order. RowsGone when linked rows are no longer
        there: rows of linked records carry only the cells that changed, which is too little to make them anew."""

    @abstractmethod
    def delete(self, client: ClientT, target: Target, remote_ids: Sequence[str]) -> None:
        """Remove at most `batch` rows; one that is gone already is no error."""

    def mirror(self, client: ClientT, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        """The mapping of the place that a declared `Mirror` names: both ways as far as the table and the key allow; the
        field for our id is made where that may be. ConfigError when the place is not there."""
        raise NotImplementedError

    # --- what a mapping page and the engine ask about places; a sink without them has ready mappings only -------------

    def place(self, resource: Resource) -> Mapping[str, str]:
        """The address of a discovered table, as targets keep it."""
        raise NotImplementedError

    def resource_id(self, place: Mapping[str, str]) -> str:
        """The id of the resource at this address: `place` backwards."""
        return ""

    def fields(self, resource: Resource) -> tuple[RemoteField, ...]:
        """The fields of a discovered table, in its own order."""
        return ()

    def merge_field(self, resource: Resource) -> str:
        """The id of the field that holds our id; empty when the table has none yet (`make_fields` makes it)."""
        return ""

    def takes(self, ours: Field, theirs: RemoteField) -> bool:
        """Whether values of our field can be written to theirs."""
        return True

    def gives(self, ours: Field, theirs: RemoteField) -> bool:
        """Whether values of their field, which may be a computed one, can be read as ours."""
        return self.takes(ours, theirs)

    def suggest(self, record_type: RecordType, resource: Resource) -> Mapping[str, str]:
        """Our field names and the remote field ids that fit them by name and type; each used once."""
        return {}

    def make_place(
        self, client: ClientT, within: str, label: str, record_type: RecordType, names: Sequence[str]
    ) -> Resource:
        """A new table in the resource `within` with a field for each of our fields in `names`, and one for our id."""
        raise NotImplementedError

    def make_fields(
        self, client: ClientT, resource: Resource, record_type: RecordType, names: Sequence[str]
    ) -> Resource:
        """The table with a new field for each of our fields in `names`, and one for our id where it is missing."""
        raise NotImplementedError

    def look(self, client: ClientT, place: Mapping[str, str]) -> Resource | None:
        """The table as it is now; None when it is gone."""
        raise NotImplementedError

    def read(self, client: ClientT, target: Target, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, Json]]:
        """The cells of these rows now, by remote id; rows that are gone are not in the answer."""
        raise NotImplementedError

    def page(self, client: ClientT, target: Target, cursor: Json) -> Page:
        """The next rows: of the whole table from cursor None on, and of what changed since after a `last` page.
        CursorExpired when the listing broke off."""
        raise NotImplementedError

    def back(self, cell: Json, mapped: MappedField) -> Value:
        """Their cell as our value; Rejected with a sentence when it cannot be read as one."""
        raise NotImplementedError

    def addresses(
        self, client: ClientT, target: Target, field: str, remote_ids: Sequence[str]
    ) -> Mapping[tuple[str, str], str]:
        """Where the files in this field's cells of these rows can be had just now, by row and file; files that are gone
        are not in the answer."""
        raise NotImplementedError

    def links_to(self, mapped: MappedField) -> str:
        """The id of the resource whose rows this remote field links to; empty when it is no such field."""
        return ""

    def remote_url(self, target: Target, remote_id: str) -> str:
        """Where people see the row at the provider; empty where there is no such page."""
        return ""

    # --- rows the provider told of by itself --------------------------------------------------------------------------

    def told(self, target: Target, most: int) -> Sequence[Told]:
        """Rows that events named and nobody has read since, the longest waiting first. No call."""
        return ()

    def heard(self, target: Target, remote_ids: Sequence[str], at: datetime) -> None:
        """These rows were read by a call that began then, and what they said is kept: what named them before that is
        over. In a transaction; no call."""

    def calm(self, target: Target) -> int:
        """Minutes between two readings while the provider tells of each change at once; 0 where it does not."""
        return 0
