"""Mappings made by people and programs: suggested, checked, saved, previewed, removed."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from integration_hub.connections.models import Connection
from integration_hub.contract import (
    Field,
    FieldRefused,
    FileRef,
    MappedField,
    RecordType,
    Ref,
    Rejected,
    RemoteField,
    Resource,
    Sink,
    WriteMode,
    registry,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Values
from integration_hub.http import clock
from integration_hub.notices import audit, problems
from integration_hub.sync import filters, lanes, linking, outbox, runs, schedules, targets
from integration_hub.sync.links import Links
from integration_hub.sync.models import FieldMapping, Lane, Mapping, Schedule
from integration_hub.sync.models.lane import Pause
from integration_hub.sync.models.mapping import DeletePolicy, PausedBy


class InvalidMapping(ValueError):
    """What is wrong, by field of the form: `record_type`, `place`, `fields`, `fields.<our field>`, `filter`,
    `minutes`."""

    def __init__(self, errors: Map[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True)
class Pair:
    """One of our fields and the remote field it is written to."""

    ours: str
    remote_id: str
    write_mode: str = WriteMode.ALWAYS.value


@dataclass(frozen=True)
class Draft:
    """A mapping as somebody wants it. `minutes`: how often everything is looked at; None: only when it is started."""

    record_type: str
    resource: Resource
    pairs: Sequence[Pair]
    sink: str = "records"
    filter: Sequence[Any] = ()
    create_choices: bool = False
    is_live: bool = True
    minutes: int | None = 60
    on_delete: str = DeletePolicy.DELETE.value


@dataclass(frozen=True)
class Cell:
    """One field of a record as it would be written: the cell, or the sentence why not."""

    mapped: MappedField
    cell: Json = None
    sentence: str = ""
    note: str = ""


@dataclass(frozen=True)
class Preview:
    """One record as it would be written. `outside`: the filter leaves it out."""

    record_id: UUID
    title: str
    cells: Sequence[Cell] = field(default_factory=tuple)
    outside: bool = False


def mappable_sinks(connection: Connection) -> list[Sink[Any]]:
    return [sink for sink in registry.provider(connection.provider).sinks if sink.mappable]


def draft_of(mapping: Mapping, resource: Resource) -> Draft:
    """A stored mapping as a draft, to be changed and saved again."""
    schedule = Schedule.everywhere.filter(mapping=mapping).first()
    return Draft(
        record_type=mapping.record_type,
        resource=resource,
        pairs=[Pair(row.ours, row.remote_id, row.write_mode) for row in mapping.fields.all()],
        sink=mapping.sink,
        filter=mapping.filter,
        create_choices=mapping.create_choices,
        is_live=mapping.is_live,
        minutes=schedule.minutes if schedule and schedule.is_active else None,
        on_delete=mapping.on_delete,
    )


def save(connection: Connection, draft: Draft, *, actor: str, mapping: Mapping | None = None) -> Mapping:
    """Store a new mapping or another shape of a known one, and bring everything over again. InvalidMapping says what
    does not fit; nothing is stored then. Calls nobody: `draft.resource` is the table as it was discovered."""
    record_type, sink = _known(connection, draft)
    mapped = _checked(connection, draft, record_type, sink, mapping)
    with transaction.atomic():
        outbox.going_live(connection.company_id)
        new = mapping is None
        saved = _store(connection, draft, record_type, sink, mapping)
        _store_fields(saved, mapped)
        lanes.ensure(saved)
        schedules.set_interval(saved, draft.minutes or 60, is_active=draft.minutes is not None)
        registry.provider(connection.provider).mapped(saved)
        data = {"record_type": draft.record_type, "fields": len(mapped)}
        name = "mapping.created" if new else "mapping.changed"
        audit.record(name, company_id=saved.company_id, actor=actor, target=saved.label, data=data)
    problems.close_all(saved.company_id, f"sync:{saved.pk}:configure")
    if not targets.wanted(connection):
        problems.close(saved.company_id, f"setup:{connection.provider}")
    lanes.resume([saved.pk])
    runs.restart(saved, actor=actor)
    if new:
        _start_children(saved, sink, actor)
    return saved


def remove(mapping: Mapping, *, actor: str) -> None:
    """Nothing goes out through this mapping any more; rows over there stay as they are."""
    with transaction.atomic():
        Mapping.everywhere.filter(pk=mapping.pk).update(
            retired_at=clock.now(), is_live=False, is_primary=False, version=mapping.version + 1
        )
        Schedule.everywhere.filter(mapping=mapping).update(is_active=False)
        Lane.everywhere.filter(target=mapping.pk).update(paused=Pause.RETIRED)
        registry.provider(mapping.connection.provider).unmapped(mapping)
        audit.record("mapping.removed", company_id=mapping.company_id, actor=actor, target=mapping.label)
    runs.stop_all(mapping)
    problems.close_all(mapping.company_id, f"sync:{mapping.pk}:")


def preview(connection: Connection, draft: Draft, record_id: UUID | None = None) -> Preview | None:
    """One record (the first where none is named) as this draft would write it now; None when there is none."""
    record_type, sink = _known(connection, draft)
    ids = [record_id] if record_id else list(record_type.scan(connection.company_id, None, 1))
    values = record_type.load(connection.company_id, ids)
    if not values:
        return None
    chosen, mine = next(iter(values.items()))
    mapped = _pairs(draft, record_type, sink)
    links = linking.look_up(linking.parents_of(connection, sink, mapped), mapped, [mine])
    cells = [_cell(sink, one, mine, links) for one in mapped]
    outside = not filters.passes(mine, filters.checked(record_type, list(draft.filter)))
    return Preview(chosen, record_type.title(mine), cells, outside)


def _cell(sink: Sink[Any], mapped: MappedField, mine: Values, links: Links) -> Cell:
    value = mine.get(mapped.ours.name)
    if isinstance(value, FileRef):
        return Cell(mapped, note=value.name)
    if isinstance(value, Ref) and sink.links_to(mapped):
        remote_id = links.remote_id(mapped, value)
        if remote_id is None:
            return Cell(mapped, note=_("a link to %(title)s, once that record is over there") % {"title": value.title})
        value = replace(value, remote_id=remote_id)
    try:
        return Cell(mapped, sink.convert(value, mapped), note=_note(value))
    except (Rejected, FieldRefused) as error:
        return Cell(mapped, sentence=error.sentence)


def _note(value: object) -> str:
    return value.title if isinstance(value, Ref) else ""


# --- checking ---------------------------------------------------------------------------------------------------------


def _known(connection: Connection, draft: Draft) -> tuple[RecordType, Sink[Any]]:
    try:
        record_type = registry.record_type(draft.record_type)
    except KeyError:
        known = ", ".join(kind.key for kind in registry.record_types())
        text = _("There are no records called “%(key)s”. There are: %(known)s.")
        raise InvalidMapping({"record_type": text % {"key": draft.record_type, "known": known}}) from None
    return record_type, registry.provider(connection.provider).sink(draft.sink)


def _checked(
    connection: Connection, draft: Draft, record_type: RecordType, sink: Sink[Any], mapping: Mapping | None
) -> list[MappedField]:
    errors = {**_place_errors(connection, draft, record_type, sink, mapping), **_pair_errors(draft, record_type, sink)}
    try:
        filters.checked(record_type, list(draft.filter))
    except filters.InvalidFilter as refused:
        errors["filter"] = str(refused)
    if draft.minutes is not None and draft.minutes < 1:
        errors["minutes"] = _("Give a whole number of minutes, at least 1.")
    if errors:
        raise InvalidMapping(errors)
    return _pairs(draft, record_type, sink)


def _place_errors(
    connection: Connection, draft: Draft, record_type: RecordType, sink: Sink[Any], mapping: Mapping | None
) -> dict[str, str]:
    name = {"table": draft.resource.label, "records": _(record_type.plural)}
    if not sink.merge_field(draft.resource):
        text = _("The table “%(table)s” has no field for the hub's own id yet. Press “Create missing fields”.")
        return {"place": text % name}
    here = sink.place(draft.resource)
    for other in Mapping.everywhere.filter(connection=connection, retired_at=None, record_type=record_type.key):
        if other.place == here and (mapping is None or other.pk != mapping.pk):
            return {"place": _("%(records)s already go to the table “%(table)s”. Change that mapping.") % name}
    if mapping is not None and (mapping.place != here or mapping.record_type != record_type.key):
        return {"place": _("A mapping keeps its table. Remove it and make another one.")}
    return {}


def _pair_errors(draft: Draft, record_type: RecordType, sink: Sink[Any]) -> dict[str, str]:
    errors: dict[str, str] = {}
    remote = {one.id: one for one in sink.fields(draft.resource)}
    ours = {one.name: one for one in record_type.fields}
    taken: set[str] = {sink.merge_field(draft.resource)}
    for pair in draft.pairs:
        sentence = _pair_error(pair, ours, remote, taken, sink)
        taken.add(pair.remote_id)
        if sentence:
            errors[f"fields.{pair.ours}"] = sentence
    if not draft.pairs:
        errors["fields"] = _("Map at least one field.")
    return errors


def _pair_error(
    pair: Pair, ours: Map[str, Any], remote: Map[str, RemoteField], taken: set[str], sink: Sink[Any]
) -> str:
    mine, theirs = ours.get(pair.ours), remote.get(pair.remote_id)
    if mine is None:
        known = ", ".join(sorted(ours))
        return _("There is no hub field “%(name)s”. There are: %(known)s.") % {"name": pair.ours, "known": known}
    if theirs is None:
        known = ", ".join(field.label for field in list(remote.values())[:50])
        text = _("The table has no field “%(name)s”. It has: %(known)s.")
        return text % {"name": pair.remote_id, "known": known}
    complaint = next((said for wrong, said in _complaints(pair, mine, theirs, taken, sink) if wrong), "")
    names = {"ours": _(mine.label), "theirs": theirs.label, "type": theirs.words or theirs.type}
    return complaint % {**names, "known": ", ".join(WriteMode)}


def _complaints(
    pair: Pair, mine: Field, theirs: RemoteField, taken: set[str], sink: Sink[Any]
) -> list[tuple[bool, str]]:
    return [
        (pair.remote_id in taken, _("The field “%(theirs)s” is taken already. Use each field once.")),
        (
            not theirs.writable,
            _("The field “%(theirs)s” is computed over there (%(type)s) and cannot be written."),
        ),
        (not sink.takes(mine, theirs), _("The field “%(theirs)s” (%(type)s) does not take %(ours)s.")),
        (pair.write_mode not in tuple(WriteMode), _("Choose one of: %(known)s.")),
    ]


def _pairs(draft: Draft, record_type: RecordType, sink: Sink[Any]) -> list[MappedField]:
    """The pairs that can be written; a draft being previewed may hold others."""
    remote = {one.id: one for one in sink.fields(draft.resource)}
    ours = {one.name: one for one in record_type.fields}
    return [
        MappedField(
            ours[pair.ours],
            theirs.id,
            theirs.label,
            theirs.type,
            theirs.options,
            WriteMode(pair.write_mode) if pair.write_mode in tuple(WriteMode) else WriteMode.ALWAYS,
            draft.create_choices,
        )
        for pair in draft.pairs
        if pair.ours in ours and (theirs := remote.get(pair.remote_id)) is not None
    ]


# --- storing ----------------------------------------------------------------------------------------------------------


def _store(
    connection: Connection, draft: Draft, record_type: RecordType, sink: Sink[Any], mapping: Mapping | None
) -> Mapping:
    if mapping is None:
        mapping = Mapping(connection=connection, company_id=connection.company_id, record_type=record_type.key)
        mapping.sink = sink.key
        mine = Mapping.everywhere.filter(connection=connection, record_type=record_type.key, retired_at=None)
        mapping.is_primary = not mine.filter(is_primary=True).exists()
        mapping.place = dict(sink.place(draft.resource))
    else:
        mapping.version += 1
    mapping.label, mapping.merge_on = draft.resource.label, sink.merge_field(draft.resource)
    mapping.filter = filters.checked(record_type, list(draft.filter))
    mapping.create_choices, mapping.is_live, mapping.by_hand = draft.create_choices, draft.is_live, True
    mapping.on_delete = DeletePolicy(draft.on_delete).value
    mapping.save()
    return mapping


def _store_fields(mapping: Mapping, mapped: Sequence[MappedField]) -> None:
    """Pairs that stay keep their rows, so that what is kept beside them stays too."""
    gone = mapping.fields.exclude(remote_id__in=[one.remote_id for one in mapped])
    for row in gone.exclude(paused=""):
        problems.close(mapping.company_id, f"sync:{mapping.pk}:field:{row.remote_id}")
    gone.delete()
    for position, one in enumerate(mapped):
        told = {
            "position": position,
            "ours": one.ours.name,
            "remote_label": one.remote_label,
            "remote_type": one.remote_type,
            "options": dict(one.options),
            "write_mode": one.write_mode.value,
            "paused": "",
            "paused_by": PausedBy.NOTHING,
        }
        FieldMapping.objects.update_or_create(mapping=mapping, remote_id=one.remote_id, defaults=told)
        problems.close(mapping.company_id, f"sync:{mapping.pk}:field:{one.remote_id}")


def _start_children(parent: Mapping, sink: Sink[Any], actor: str) -> None:
    """Mappings whose link fields point to the table that is mapped only now: their links can be written at last."""
    table = sink.resource_id(parent.place)
    for other in targets.current(parent.connection):
        job = targets.load(other.pk)
        if job and other.pk != parent.pk and any(job.sink.links_to(one) == table for one in job.target.fields):
            runs.restart(other, actor=actor)
