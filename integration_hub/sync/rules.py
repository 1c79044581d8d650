"""A mapping's fields as rules of the merge, and what was read of a row in the merge's words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

from integration_hub.contract import Direction, MappedField, RemoteRow, Sink
from integration_hub.contract.api import Json
from integration_hub.contract.errors import ProviderError
from integration_hub.contract.records import Files, Value, Values
from integration_hub.sync.canonical import canonical
from integration_hub.sync.links import NO_LINKS, Links
from integration_hub.sync.merge import Policy, Rule, cell

ONE_WAY = ("file",)  # kinds of ours that are made here and written, and never read
COPIED = "files"  # the kind that is copied from there, and never written


def narrowed(mapping: Direction, own: Direction, ours_kind: str, *, read_only: bool) -> Direction | None:
    """The direction of one field: as far as its mapping's and its own go together. None: neither way."""
    allowed = {Direction.PUSH, Direction.PULL} & _ways(mapping) & _ways(own)
    if read_only or ours_kind in ONE_WAY:
        allowed -= {Direction.PULL}
    if ours_kind == COPIED:
        allowed -= {Direction.PUSH}
    if not allowed:
        return None
    return Direction.BOTH if len(allowed) > 1 else allowed.pop()


def _ways(direction: Direction) -> set[Direction]:
    return {Direction.PUSH, Direction.PULL} if direction is Direction.BOTH else {direction}


@dataclass(frozen=True)
class Rules:
    """The rules of one mapping. `fields`: its mapped fields, each with its own direction; `links`: what the link cells
    of the rows at hand mean; `target`: the mapping."""

    fields: Sequence[MappedField]
    sink: Sink  # type: ignore[type-arg]
    policy: Policy = Policy.ASK
    first: Policy = Policy.ASK
    links: Links = NO_LINKS
    target: UUID | None = None
    names: Mapping[str, MappedField] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", {mapped.ours.name: mapped for mapped in self.fields})

    @cached_property
    def all(self) -> tuple[Rule, ...]:
        return tuple(
            Rule(one.ours.name, one.remote_id, one.direction, one.write_mode, self.policy, self.first)
            for one in self.fields
        )

    def knowing(self, links: Links) -> "Rules":
        """The same rules for rows whose link cells mean this."""
        if links is NO_LINKS:
            return self
        other = replace(self, links=links)
        other.__dict__["all"] = self.all
        return other

    def by_id(self, values: dict[str, Json]) -> dict[str, Json]:
        """Canonical values with links to rows by id alone: what a linked record is called now is no change of the
        link."""
        for name in self._pointing:
            if isinstance(value := values.get(name), list):
                values[name] = value[:1]
        return values

    @cached_property
    def _pointing(self) -> tuple[str, ...]:
        return tuple(one.ours.name for one in self.fields if self.links.leads(one))

    def theirs(self, row: RemoteRow) -> dict[str, Json]:
        """The row's mapped cells, comparable."""
        return self.cells(row.cells)

    def cells(self, cells: Mapping[str, Json]) -> dict[str, Json]:
        """These cells, comparable; those that are not there stay so."""
        return {one.remote_id: self._cell(one, cells[one.remote_id]) for one in self.fields if one.remote_id in cells}

    def _cell(self, mapped: MappedField, raw: Json) -> Json:
        """Of files their names and sizes count as well."""
        return cell(raw) if mapped.ours.kind != COPIED else self._read(raw, mapped)[1]

    def moved(self, row: RemoteRow, base: Mapping[str, Json]) -> bool:
        """Whether a field we read is not what it was at the last agreement."""
        return any(
            one.remote_id not in base
            or self._cell(one, row.cells.get(one.remote_id)) != self._cell(one, base[one.remote_id])
            for one in self.fields
            if one.direction is not Direction.PUSH
        )

    def empties(self, row: RemoteRow, base: Mapping[str, Json]) -> bool:
        """Whether a field we read lost its value since the last agreement."""
        return any(
            cell(row.cells.get(one.remote_id)) is None and cell(base.get(one.remote_id)) is not None
            for one in self.fields
            if one.direction is not Direction.PUSH
        )

    def value(self, rule: Rule, row: RemoteRow) -> Value:
        """Their cell as our value; Rejected with a sentence when it cannot be read as one, Awaited when it links to a
        row that is not known here yet."""
        mapped = self.names[rule.ours]
        value = self.sink.back(row.cells.get(rule.remote_id), mapped)
        if isinstance(value, Files):
            return replace(value, target=self.target, row=row.remote_id, field=mapped.remote_id)
        return self.links.ref(mapped, value) if self.links.leads(mapped) else value

    def alike(self, rule: Rule, mine: Values, row: RemoteRow) -> bool:
        """Whether both sides mean the same: ours written there, or theirs read here, is the other."""
        mapped, raw = self.names[rule.ours], row.cells.get(rule.remote_id)
        value = mine.get(rule.ours)
        if self.links.leads(mapped):
            return self._same_link(value, raw, mapped)
        return self._written(value, mapped) == (True, cell(raw)) or self._read(raw, mapped) == (True, canonical(value))

    def _same_link(self, value: Value, raw: Json, mapped: MappedField) -> bool:
        try:
            return self.links.alike(mapped, value, self.sink.back(raw, mapped))
        except ProviderError:
            return False

    def _written(self, value: Value, mapped: MappedField) -> tuple[bool, Json]:
        try:
            return True, cell(self.sink.convert(value, mapped))
        except ProviderError:
            return False, None

    def _read(self, raw: Json, mapped: MappedField) -> tuple[bool, Json]:
        try:
            return True, canonical(self.sink.back(raw, mapped))
        except ProviderError:
            return False, None
