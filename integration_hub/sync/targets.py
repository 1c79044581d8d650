"""From stored mappings to the contract's words: target, sink, record type."""

from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

from integration_hub.connections.models import Connection
from integration_hub.contract import (
    Direction,
    MappedField,
    ReadyTarget,
    RecordType,
    Sink,
    Target,
    WriteMode,
    registry,
)
from integration_hub.http import clock
from integration_hub.sync import linking
from integration_hub.sync.merge import Policy
from integration_hub.sync.models import FieldMapping, Lane, Mapping, Schedule
from integration_hub.sync.models.lane import Pause
from integration_hub.sync.rules import Rules, narrowed
from integration_hub.sync.ways import may_read


@dataclass(frozen=True)
class Job:
    """Everything a worker needs to know of one mapping, read once per slice. `parents`: remote link fields and the
    mappings whose rows they link to; `both`: the target with the fields that are only read, where there are any."""

    mapping: Mapping
    connection: Connection
    sink: Sink  # type: ignore[type-arg]
    record_type: RecordType
    target: Target
    parents: Map[str, UUID | None] = field(default_factory=dict)
    both: Target | None = None

    version: int = 0

    @cached_property
    def rules(self) -> Rules:
        """How each mapped field is merged, where the table is read as well."""
        mapping = self.mapping
        return Rules(self.whole.fields, self.sink, Policy(mapping.policy), Policy(mapping.first), target=mapping.pk)

    @property
    def whole(self) -> Target:
        """The target with all its fields; `target` has those that are written."""
        return self.both or self.target

    @property
    def only_read(self) -> tuple[str, ...]:
        """Our fields that are never written over there."""
        if not self.reads:
            return ()
        return tuple(one.ours.name for one in self.whole.fields if one.direction is Direction.PULL)

    @property
    def reads(self) -> bool:
        """Rows of the remote table come here."""
        return self.mapping.direction != Direction.PUSH and may_read(self.record_type, self.sink)

    @property
    def writes(self) -> bool:
        return self.mapping.direction != Direction.PULL

    def is_outdated(self) -> bool:
        """The mapping was changed through this very job, by what became of the remote table."""
        return self.mapping.version != self.version

    @cached_property
    def labels(self) -> dict[str, str]:
        """What our fields are called, by name."""
        return {field.name: field.label for field in self.record_type.fields}

    def label(self, name: str) -> str:
        return self.labels[name]


def load(mapping_id: UUID) -> Job | None:
    """None when the mapping was deleted meanwhile."""
    mapping = Mapping.everywhere.select_related("connection").filter(pk=mapping_id).first()
    if mapping is None:
        return None
    record_type, sink = registry.record_type(mapping.record_type), sink_of(mapping)
    whole = target_of(mapping, record_type)
    parents = linking.parents_of(mapping.connection, sink, whole.fields)
    both = replace(whole, fields=linking.passable(whole.fields, parents))
    target = replace(both, fields=tuple(one for one in both.fields if one.direction is not Direction.PULL))
    return Job(mapping, mapping.connection, sink, record_type, target, parents, both, mapping.version)


def sink_of(mapping: Mapping) -> Sink:  # type: ignore[type-arg]
    return registry.provider(mapping.connection.provider).sink(mapping.sink)


def target_of(mapping: Mapping, record_type: RecordType) -> Target:
    """With the fields that are written or read."""
    known = {field.name for field in record_type.fields}
    rows = [row for row in mapping.fields.all() if row.ours in known and not row.paused]
    fields = tuple(mapped_field(record_type, row, mapping) for row in rows if direction_of(record_type, row, mapping))
    return Target(str(mapping.pk), mapping.record_type, mapping.place, mapping.merge_on, fields, mapping.create_choices)


def mapped_field(record_type: RecordType, row: FieldMapping, mapping: Mapping) -> MappedField:
    """A stored pair in the contract's words; KeyError when our field is no more."""
    return MappedField(
        record_type.field(row.ours),
        row.remote_id,
        row.remote_label,
        row.remote_type,
        row.options,
        WriteMode(row.write_mode),
        mapping.create_choices,
        direction_of(record_type, row, mapping) or Direction.PUSH,
    )


def direction_of(record_type: RecordType, row: FieldMapping, mapping: Mapping) -> Direction | None:
    """Which way this field goes; None when neither way is left."""
    ours = record_type.field(row.ours)
    return narrowed(Direction(mapping.direction), Direction(row.direction), ours.kind, read_only=ours.read_only)


def store(connection: Connection, record_type: RecordType, sink_key: str, ready: ReadyTarget) -> Mapping:
    """The ready mapping of a connection, made or brought up to date. One that went elsewhere is retired: its links
    speak of rows in another place."""
    mine = Mapping.everywhere.filter(connection=connection, record_type=record_type.key, sink=sink_key, is_primary=True)
    mapping = next((known for known in mine if known.place == dict(ready.place)), None)
    if mapping is None:
        mapping = Mapping(connection=connection, company_id=connection.company_id, record_type=record_type.key)
        mapping.sink, mapping.is_primary, mapping.is_live = sink_key, True, False
    mapping.label, mapping.place, mapping.merge_on = ready.label, dict(ready.place), ready.merge_on
    mapping.create_choices, mapping.direction = ready.create_choices, ready.direction.value
    mapping.retired_at = None
    mapping.save()
    mapping.fields.all().delete()
    FieldMapping.objects.bulk_create(_rows(mapping, ready))
    _retire(list(mine.exclude(pk=mapping.pk).filter(retired_at=None)))
    return mapping


def wanted(connection: Connection) -> list[tuple[RecordType, Sink]]:  # type: ignore[type-arg]
    """What ready mappings are to be made of. Where somebody said where these records go, a ready mapping has no
    business any more."""
    provider = registry.provider(connection.provider)
    mine = Mapping.everywhere.filter(connection=connection, by_hand=True, retired_at=None)
    made = set(mine.values_list("record_type", "sink"))
    return [
        (registry.record_type(key), sink)
        for key in provider.ready
        for sink in provider.sinks
        if (key, sink.key) not in made
    ]


def _retire(mappings: list[Mapping]) -> None:
    ids = [mapping.pk for mapping in mappings]
    Mapping.everywhere.filter(pk__in=ids).update(retired_at=clock.now(), is_live=False)
    Schedule.everywhere.filter(mapping_id__in=ids).update(is_active=False)
    Lane.everywhere.filter(target__in=ids).update(paused=Pause.RETIRED)


def current(connection: Connection) -> list[Mapping]:
    """The mappings of a connection that are in use."""
    return list(Mapping.everywhere.filter(connection=connection, retired_at=None).select_related("connection"))


def _rows(mapping: Mapping, ready: ReadyTarget) -> list[FieldMapping]:
    return [
        FieldMapping(
            mapping=mapping,
            position=position,
            ours=field.ours.name,
            remote_id=field.remote_id,
            remote_label=field.remote_label,
            remote_type=field.remote_type,
            options=dict(field.options),
            write_mode=field.write_mode.value,
        )
        for position, field in enumerate(ready.fields)
    ]


def mapping_page(mapping: Mapping) -> str:
    """Where people change this mapping."""
    return f"/admin/hub/{mapping.connection.provider}/mappings/{mapping.pk}/"
