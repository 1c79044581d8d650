"""What the engine knows of the company's own records: their fields, and four questions it may ask."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID


@dataclass(frozen=True)
class Ref:
    """A link to another record. `title` is what is written where only text fits: its number or e-mail. The engine
    fills in `remote_id` where the other record is known at the provider."""

    record_type: str
    id: UUID
    title: str
    remote_id: str | None = None


@dataclass(frozen=True)
class FileRef:
    """A file that can be made of a record when it is needed. `fingerprint` moves when its content would."""

    fingerprint: str
    name: str
    media_type: str


@dataclass(frozen=True)
class File:
    """A file with its content."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class RemoteFile:
    """A file in a cell over there, by the provider's id. Its address dies soon and is asked for when it is copied."""

    id: str
    name: str
    media_type: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Files:
    """All files of a cell. The engine fills in whose cell it is: the mapping, the remote row, the remote field."""

    files: tuple[RemoteFile, ...] = ()
    target: UUID | None = None
    row: str = ""
    field: str = ""


Value: TypeAlias = (
    "bool | int | Decimal | str | date | datetime | timedelta | tuple[str, ...] | Ref | FileRef | Files | None"
)
Values: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True)
class Field:
    """One field of a record. `kind`: text, long_text, number, integer, money, percent (a fraction: 0.1 is 10 %),
    choice, choices (several), date, datetime, duration, email, phone, url, boolean, link (a Ref to a record of the type
    `to`), file (a FileRef: made here, only written), files (a Files: copied from there, only read), id. `read_only`:
    the hub computes it; it may be pushed, never pulled. `labels`: what people call the choices, in their order; empty
    where the choices are words of their own. `identifies`: people know a record by it, so that a row which was never
    linked can be recognised (`find`)."""

    name: str
    label: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    read_only: bool = False
    to: str = ""
    labels: tuple[str, ...] = ()
    identifies: bool = False

    def label_of(self, choice: str) -> str:
        """What people call this choice; the choice itself where nobody said."""
        return dict(zip(self.choices, self.labels, strict=False)).get(choice, choice)


@dataclass(frozen=True)
class Entry:
    """What was read of one record at a provider: these fields. `id` is None while it is not a record of ours yet."""

    id: UUID | None
    values: Values


class Unfit(Exception):
    """Our own rules refuse values that were read at a provider: sentences by field ("" for the record as a whole)."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True)
class RecordType:
    """A kind of record that can be synced, registered by the room that owns it.

    load(company, ids) -> values by id, read now; absent or deleted records are not in the answer.
    scan(company, after, limit) -> ids in id order, from after the given id (None: from the start).
    count(company) -> how many there are. title(values) -> what people call this one.
    address(id) -> the page where people see it.
    mirrored(company, {id: remote id or None}) -> the record notes which remote row it is in the primary mapping; called
    outside transactions, and again after a kill.
    file(company, id, field name) -> the file of that field, made now; None when the record is gone.

    Where records may come from a provider as well, all in the caller's transaction:
    lock(company, ids): nobody else changes these records before it ends.
    save(company, entry) -> the record's id, made or changed by the same rules as by people; Unfit when they refuse.
    save_many(company, entries) -> what `save` would say of each, in order: its id, or the Unfit it would raise. As if
    they were saved one after the other.
    remove(company, id): as if a person had deleted it; Unfit when others still need it.
    restore(company, id): a deleted record lives again; Unfit when it cannot.
    cancel(company, id): as if a person had cancelled it; Unfit when it cannot be; None where there is no such thing.
    find(company, field name, values) -> the ids of the living records that have each of these values in a field that
    `identifies`; upper and lower case are alike; values nobody has are not in the answer.
    """

    key: str
    label: str
    plural: str
    fields: tuple[Field, ...]
    load: Callable[[UUID, Sequence[UUID]], Mapping[UUID, Values]]
    scan: Callable[[UUID, UUID | None, int], Sequence[UUID]]
    count: Callable[[UUID], int]
    title: Callable[[Values], str]
    address: Callable[[UUID], str]
    mirrored: Callable[[UUID, Mapping[UUID, str | None]], None] | None = None
    file: Callable[[UUID, UUID, str], File | None] | None = None
    lock: Callable[[UUID, Sequence[UUID]], None] | None = None
    save: Callable[[UUID, Entry], UUID] | None = None
    save_many: "Callable[[UUID, Sequence[Entry]], Sequence[UUID | Unfit]] | None" = None
    remove: Callable[[UUID, UUID], None] | None = None
    restore: Callable[[UUID, UUID], None] | None = None
    cancel: Callable[[UUID, UUID], None] | None = None
    find: Callable[[UUID, str, Sequence[str]], Mapping[str, Sequence[UUID]]] | None = None

    def field(self, name: str) -> Field:
        """KeyError when there is no such field."""
        return next_or_key_error(self.fields, name)


def next_or_key_error(fields: tuple[Field, ...], name: str) -> Field:
    for field in fields:
        if field.name == name:
            return field
    raise KeyError(name)
