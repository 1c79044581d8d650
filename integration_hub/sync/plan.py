"""What is to be done with one work row. Pure: no database, no network, no clock of its own."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property, partial
from traceback import format_exc
from typing import TypeAlias
from uuid import UUID

from integration_hub.contract import (
    FieldRefused,
    File,
    FileRef,
    MappedField,
    Ref,
    Rejected,
    Row,
    Sink,
    Target,
    WriteMode,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value, Values
from integration_hub.sync.canonical import canonical_fields
from integration_hub.sync.filters import Condition, passes
from integration_hub.sync.links import NO_LINKS, Debt, Links
from integration_hub.sync.rows import Link, Work

NOTHING_LEFT_OUT: frozenset[str] = frozenset()
Cells: TypeAlias = dict[str, Json]
Files: TypeAlias = dict[str, Callable[[], File | None]]


class Step(Enum):
    """What a work row asks for."""

    NOTHING = "nothing"  # both sides agree already, or the filter leaves the record out
    WRITE = "write"  # create or update the remote row
    FIND = "find"  # gone here, but a create may have landed: find it, so that it can be deleted
    DELETE = "delete"  # gone here, delete it there
    WAIT = "wait"  # a create is in the air; look again when it must have landed or failed
    REFUSE = "refuse"  # a value cannot be converted: a person must look


@dataclass(frozen=True)
class Plan:
    """One work row with all that its delivery and its settling need. `left_out`: our fields of which a link cell is
    owed (`debts`) or cannot be written yet; `tentative`: cells to be written only where theirs is empty; `remote_ids`:
    the remote fields this is about, `unfilled`: ours that go to one no agreement was about so far; `tries`: by our
    field, our value and the cell that is about to be written, where rows are read as well."""

    work: Work
    link: Link | None
    step: Step
    title: str = ""
    ours: dict[str, Json] = field(default_factory=dict)
    cells: dict[str, Json] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    sentence: str = ""
    trace: str = ""
    until: datetime | None = None
    left_out: frozenset[str] = NOTHING_LEFT_OUT
    debts: tuple[Debt, ...] = ()
    tentative: frozenset[str] = NOTHING_LEFT_OUT
    remote_ids: tuple[str, ...] = ()
    unfilled: frozenset[str] = NOTHING_LEFT_OUT
    files: dict[str, Callable[[], File | None]] = field(default_factory=dict)
    tries: dict[str, tuple[Json, Json]] = field(default_factory=dict)

    @property
    def remote_id(self) -> str | None:
        return self.link.remote_id if self.link and self.link.deleted_at is None else None

    @property
    def row(self) -> Row:
        return Row(str(self.work.record_id), self.remote_id, self.cells, self.files)

    @property
    def base(self) -> dict[str, Json]:
        """What both sides agree on once this is written; a cell that is still owed is no agreement."""
        if not self.left_out:
            return self.ours
        return {name: value for name, value in self.ours.items() if name not in self.left_out}

    @property
    def agrees_anew(self) -> bool:
        """Nothing to write, and yet the agreement is another one than before: other fields are mapped now."""
        return bool(
            self.step is Step.NOTHING
            and self.ours
            and self.remote_id
            and self.link
            and (self.base != self.link.base_ours or self.unfilled)
        )

    def without(self, filled: Iterable[str]) -> "Plan":
        """Leave out tentative cells whose remote cell turned out to be filled."""
        filled = set(filled)
        cells = {key: cell for key, cell in self.cells.items() if key not in filled}
        step = Step.WRITE if cells or self.files else Step.NOTHING
        return replace(self, cells=cells, step=step, tentative=NOTHING_LEFT_OUT)


@dataclass(frozen=True)
class Planner:
    """Plans rows of one target. `unsure`: how long a begun call may still land; `now` is asked only where one may;
    `make(record, field)` makes a file; `contested`: fields of records that wait for a person's choice; `only_read`:
    fields that are never written; `remembers`: rows are read as well, so what a call may have written is kept in mind;
    not `makes`: a record that has no row gets none."""

    target: Target
    sink: Sink  # type: ignore[type-arg]
    delete: bool
    unsure: timedelta
    now: Callable[[], datetime]
    links: Links = NO_LINKS
    conditions: Sequence[Condition] = ()
    make: Callable[[UUID, str], File | None] = lambda record, name: None
    contested: Mapping[UUID, Collection[str]] = field(default_factory=dict)
    only_read: Collection[str] = ()
    remembers: bool = False
    makes: bool = True
    converted: dict[tuple[str, str | None], Json] = field(default_factory=dict)

    @cached_property
    def plain(self) -> bool:
        """Every field is always written and none links to a row: nothing needs a second look."""
        return not self.links.parents and all(one.write_mode is WriteMode.ALWAYS for one in self.target.fields)

    def plan(self, work: Work, link: Link | None, values: Values | None, title: str) -> Plan:
        """FieldRefused when a field, not this record, is the trouble."""
        linked = link is not None and link.deleted_at is None
        if link is not None and link.apart:  # a person undid what made one out of the other
            return Plan(work, link, Step.DELETE if linked else Step.NOTHING, title)
        if work.tried_at and not linked and self.now() < work.tried_at + self.unsure:
            return Plan(work, link, Step.WAIT, title, until=work.tried_at + self.unsure)
        if values is None:
            return self.absent(work, link, linked)
        if self.conditions and not passes(values, self.conditions):
            return Plan(work, link, Step.NOTHING, title)  # a row it may have over there stays as it is
        if not linked and not self.makes and not work.tried_at:
            return Plan(work, link, Step.NOTHING, title)
        return self.compare(work, link, title, values, linked=linked)

    def absent(self, work: Work, link: Link | None, linked: bool) -> Plan:
        if linked:
            step = Step.DELETE if self.delete else Step.NOTHING
            return Plan(work, link, step)
        return Plan(work, link, Step.FIND if work.tried_at and self.delete else Step.NOTHING)

    def compare(self, work: Work, link: Link | None, title: str, values: Values, *, linked: bool) -> Plan:
        """What differs from the last agreement, and the cells that say so."""
        fields, left_out, debts = self.writable(values, new=not linked)
        ours = canonical_fields(values, [mapped.ours.name for mapped in fields])
        unfilled, changed = NOTHING_LEFT_OUT, tuple(ours)
        if linked and link:
            unfilled = frozenset(elsewhere(fields, link.base_theirs))
            changed = changes(ours, link.base_ours, unfilled)
        held = self.contested.get(work.record_id, ()) if self.contested else ()
        if held:
            fields = [mapped for mapped in fields if mapped.ours.name not in held]
            changed = tuple(name for name in changed if name not in held)
        ours = self.beside(ours, link, held)
        # The record was made of its row, or joined with it, and the row does not carry our id yet.
        sign = unsigned(link.base_theirs if link else {}, self.target.merge_on, work.record_id)
        # A call that was begun and never settled may have written something else: write everything again.
        whole = work.tried_at is not None or not linked
        written = fields if whole else [mapped for mapped in fields if mapped.ours.name in changed]
        needed = written if changed or work.tried_at or sign else ()
        cells, files, sentence, trace = self.prepared(work, values, needed)
        if sentence:
            return Plan(work, link, Step.REFUSE, title, ours, sentence=sentence, trace=trace)
        if linked and sign:
            cells[self.target.merge_on] = str(work.record_id)
        return Plan(
            work,
            link,
            Step.WRITE if cells or files else Step.NOTHING,
            title,
            ours,
            cells,
            changed,
            left_out=left_out,
            debts=debts,
            tentative=self.asked(needed) if linked else NOTHING_LEFT_OUT,
            remote_ids=tuple([mapped.remote_id for mapped in fields]),
            unfilled=unfilled,
            files=files,
            tries=tries(ours, cells, needed) if self.remembers else {},
        )

    def beside(self, ours: dict[str, Json], link: Link | None, held: Collection[str]) -> dict[str, Json]:
        """With what was agreed on fields that are not written now: contested ones, and those that are only read."""
        if not held and not self.only_read:
            return ours
        base = link.base_ours if link else {}
        mine = {name: value for name, value in ours.items() if name not in held}
        return mine | {name: base[name] for name in (*held, *self.only_read) if name in base}

    def writable(self, values: Values, *, new: bool) -> tuple[Sequence[MappedField], frozenset[str], tuple[Debt, ...]]:
        """The fields that can be written now, ours that go without their link cell, and what is owed for them."""
        if self.plain:
            return self.target.fields, NOTHING_LEFT_OUT, ()
        fields: list[MappedField] = []
        left_out: list[str] = []
        debts: list[Debt] = []
        for mapped in self.target.fields:
            value = values.get(mapped.ours.name)
            if mapped.write_mode is WriteMode.IF_NEW and not new:
                continue
            if rowless := self.rowless(mapped, value):
                left_out.append(mapped.ours.name)
                debts += [debt for debt in [self.links.debt(mapped, rowless)] if debt]
            else:
                fields.append(mapped)
        return fields, frozenset(left_out), tuple(debts)

    def rowless(self, mapped: MappedField, value: Value) -> Ref | None:
        """The record of a link cell, where it is not known over there."""
        if isinstance(value, Ref) and mapped.remote_id in self.links.parents:
            return value if self.links.remote_id(mapped, value) is None else None
        return None

    def prepared(self, work: Work, values: Values, fields: Iterable[MappedField]) -> tuple[Cells, Files, str, str]:
        """What is to be written into these fields; or why it cannot be, with the traceback of a bug of ours."""
        try:
            return *self.cells(work, values, fields), "", ""
        except FieldRefused:
            raise
        except Rejected as error:
            return {}, {}, error.sentence, ""
        except Exception:  # noqa: BLE001 - the record is set aside with the traceback
            return {}, {}, "This record could not be prepared because of a fault in the hub.", format_exc()

    def cells(self, work: Work, values: Values, fields: Iterable[MappedField]) -> tuple[Cells, Files]:
        """What is to be written into these fields."""
        cells: Cells = {}
        files: Files = {}
        known, links = self.converted, self.links.parents
        for mapped in fields:
            value, remote_id = values.get(mapped.ours.name), mapped.remote_id
            if value is None or type(value) is str:  # many have the same words, or none: these are converted once
                if (remote_id, value) not in known:
                    known[remote_id, value] = self.sink.convert(value, mapped)
                cells[remote_id] = known[remote_id, value]
            elif isinstance(value, FileRef):
                files[remote_id] = partial(self.make, work.record_id, mapped.ours.name)
            else:
                cells[remote_id] = self.sink.convert(self.pointing(mapped, value) if links else value, mapped)
        return cells, files

    def asked(self, fields: Iterable[MappedField]) -> frozenset[str]:
        """Cells that are written only where theirs is empty."""
        if self.plain:
            return NOTHING_LEFT_OUT
        return frozenset(one.remote_id for one in fields if one.write_mode is WriteMode.IF_EMPTY)

    def pointing(self, mapped: MappedField, value: Value) -> Value:
        """A link with the remote row it points to."""
        if isinstance(value, Ref) and mapped.remote_id in self.links.parents:
            return replace(value, remote_id=self.links.remote_id(mapped, value))
        return value


def tries(ours: Mapping[str, Json], cells: Cells, fields: Iterable[MappedField]) -> dict[str, tuple[Json, Json]]:
    return {one.ours.name: (ours.get(one.ours.name), cells[one.remote_id]) for one in fields if one.remote_id in cells}


def unsigned(theirs: Mapping[str, Json], merge_on: str, record: UUID) -> bool:
    """Whether the row was read with another id than this record's, or with none. `theirs`: the cells of the link."""
    return bool(merge_on) and merge_on in theirs and theirs[merge_on] != str(record)


def changes(
    ours: Mapping[str, Json], base: Mapping[str, Json], unfilled: Collection[str] = NOTHING_LEFT_OUT
) -> tuple[str, ...]:
    """Our fields that are not what they were at the last agreement; a field without a base counts as changed, and one
    that goes to another remote field now."""
    return tuple(name for name, value in ours.items() if name in unfilled or name not in base or base[name] != value)


def elsewhere(fields: Iterable[MappedField], theirs: Mapping[str, Json]) -> list[str]:
    """Our fields that go to a remote field which the last agreement was not about."""
    return [mapped.ours.name for mapped in fields if mapped.remote_id not in theirs]


def differs(
    fields: Iterable[MappedField], values: Values, base: Mapping[str, Json], theirs: Mapping[str, Json]
) -> bool:
    """Whether a linked record is no longer what it was, or where it was, when both sides last agreed."""
    kept = [mapped for mapped in fields if mapped.write_mode is not WriteMode.IF_NEW]
    ours = canonical_fields(values, (mapped.ours.name for mapped in kept))
    return bool(changes(ours, base, elsewhere(kept, theirs)))
