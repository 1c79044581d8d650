"""Mappings made by people and programs: suggested, checked, saved, removed."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, Field, MappedField, RecordType, RemoteField, Sink, WriteMode, registry
from integration_hub.http import clock
from integration_hub.notices import audit, problems
from integration_hub.sync import filters, lanes, outbox, previews, reading, refusals, runs, schedules, targets
from integration_hub.sync.drafts import Draft, InvalidMapping, Pair, draft_of, moves
from integration_hub.sync.models import FieldMapping, Lane, Mapping, Schedule, WorkRow
from integration_hub.sync.models.lane import Pause
from integration_hub.sync.models.mapping import PausedBy
from integration_hub.sync.models.pull import Conflict
from integration_hub.sync.rules import narrowed

__all__ = [
    "Draft",
    "InvalidMapping",
    "Pair",
    "draft_of",
    "joined",
    "known",
    "mappable_sinks",
    "remove",
    "save",
    "waits",
]


def mappable_sinks(connection: Connection) -> list[Sink[Any]]:
    return [sink for sink in registry.provider(connection.provider).sinks if sink.mappable]


def waits(draft: Draft, mapping: Mapping | None = None) -> bool:
    """Whether somebody should see first what this would come to: both sides meet, and either may change by it."""
    if mapping is None:
        return draft.reads or bool(draft.match_on)
    return mapping.waits or (draft.reads and mapping.direction == Direction.PUSH)


def save(
    connection: Connection, draft: Draft, *, actor: str, mapping: Mapping | None = None, preview: bool | None = None
) -> Mapping:
    """Store a new mapping or another shape of a known one, and bring over what that changes. Where it `waits`, a
    preview is planned instead, and nothing is read or written before somebody applies it; `preview` says so whatever
    the draft is. InvalidMapping says what does not fit; nothing is stored then. Calls nobody: `draft.resource` is the
    table as it was discovered."""
    record_type, sink = known(connection, draft)
    _check(connection, draft, record_type, sink, mapping)
    with transaction.atomic():
        outbox.going_live(connection.company_id)
        before = draft_of(mapping, draft.resource) if mapping else None
        asks = waits(draft, mapping) if preview is None else preview
        anew = before is None or moves(before, draft) or _unsettled(mapping, before, draft)
        saved = _store(connection, draft, record_type, sink, mapping)
        saved.waits = asks
        saved.save()
        _store_fields(saved, joined(draft, record_type, sink))
        lanes.ensure(saved)
        schedules.set_interval(saved, draft.minutes or 60, is_active=draft.minutes is not None)
        reading.ensure(saved, rhythm(draft))
        registry.provider(connection.provider).mapped(saved)
        _note(saved, before, draft, actor)
    problems.close_all(saved.company_id, f"sync:{saved.pk}:configure")
    if not targets.wanted(connection):
        problems.close(saved.company_id, f"setup:{connection.provider}")
    if not draft.writes:
        _let_go(saved)
    if not saved.waits:
        _discard(saved, actor)
    lanes.resume([saved.pk])
    if anew or saved.waits:
        runs.restart(saved, actor=actor)
    if before is None:
        _start_children(saved, sink, actor)
    return saved


def remove(mapping: Mapping, *, actor: str) -> None:
    """Nothing goes out or comes in through this mapping any more; rows over there stay as they are."""
    with transaction.atomic():
        Mapping.everywhere.filter(pk=mapping.pk).update(
            retired_at=clock.now(), is_live=False, is_primary=False, version=mapping.version + 1
        )
        Schedule.everywhere.filter(mapping=mapping).update(is_active=False)
        Lane.everywhere.filter(target=mapping.pk).update(paused=Pause.RETIRED)
        registry.provider(mapping.connection.provider).unmapped(mapping)
        audit.record("mapping.removed", company_id=mapping.company_id, actor=actor, target=mapping.label)
    runs.stop_all(mapping)
    _discard(mapping, actor)
    problems.close_all(mapping.company_id, f"sync:{mapping.pk}:")


def known(connection: Connection, draft: Draft) -> tuple[RecordType, Sink[Any]]:
    """The kind of records and the sink that the draft names; InvalidMapping where there is no such kind."""
    found = refusals.known_type(draft.record_type)
    if isinstance(found, str):
        raise InvalidMapping({"record_type": found})
    return found, registry.provider(connection.provider).sink(draft.sink)


def joined(draft: Draft, record_type: RecordType, sink: Sink[Any]) -> list[tuple[Pair, MappedField]]:
    """The pairs of which both fields are there; a draft that nobody has checked yet may hold others."""
    remote = {one.id: one for one in sink.fields(draft.resource)}
    ours = {one.name: one for one in record_type.fields}
    return [
        (pair, _mapped(draft, pair, ours[pair.ours], theirs))
        for pair in draft.pairs
        if pair.ours in ours and (theirs := remote.get(pair.remote_id)) is not None
    ]


def _mapped(draft: Draft, pair: Pair, ours: Field, theirs: RemoteField) -> MappedField:
    mode = WriteMode(pair.write_mode) if pair.write_mode in tuple(WriteMode) else WriteMode.ALWAYS
    both = [Direction(one) if one in tuple(Direction) else Direction.BOTH for one in (draft.direction, pair.direction)]
    goes = narrowed(both[0], both[1], ours.kind, read_only=ours.read_only) or Direction.PUSH
    told = (theirs.id, theirs.label, theirs.type, theirs.options, mode, draft.create_choices)
    return MappedField(ours, *told, direction=goes)


def rhythm(draft: Draft) -> int:
    """How often the table is read for what changed, in minutes; 0: only when a run is started."""
    if not draft.is_live:
        return draft.minutes or 0
    return min(draft.minutes or reading.MINUTES, reading.MINUTES)


# --- storing ----------------------------------------------------------------------------------------------------------


def _check(
    connection: Connection, draft: Draft, record_type: RecordType, sink: Sink[Any], mapping: Mapping | None
) -> None:
    place = refusals.of_place(connection, draft, record_type, sink, mapping)
    if errors := {**place, **refusals.of_draft(draft, record_type, sink)}:
        raise InvalidMapping(errors)


def _store(
    connection: Connection, draft: Draft, record_type: RecordType, sink: Sink[Any], mapping: Mapping | None
) -> Mapping:
    """The row of the mapping, not saved yet."""
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
    mapping.match_on = list(draft.match_on)
    mapping.by_hand = True
    for name in KEPT:
        setattr(mapping, name, getattr(draft, name))
    return mapping


# What a draft and its mapping call alike.
KEPT = ("create_choices", "is_live", "on_delete", "direction", "policy", "first", "on_remote_delete", "makes_here",
        "makes_there")  # fmt: skip


def _store_fields(mapping: Mapping, pairs: Sequence[tuple[Pair, MappedField]]) -> None:
    """Pairs that stay keep their rows, so that what is kept beside them stays too."""
    gone = mapping.fields.exclude(remote_id__in=[one.remote_id for _pair, one in pairs])
    for row in gone.exclude(paused=""):
        problems.close(mapping.company_id, f"sync:{mapping.pk}:field:{row.remote_id}")
    gone.delete()
    for position, (pair, one) in enumerate(pairs):
        told = {
            "position": position,
            "ours": one.ours.name,
            "remote_label": one.remote_label,
            "remote_type": one.remote_type,
            "options": dict(one.options),
            "write_mode": one.write_mode.value,
            "direction": pair.direction,
            "paused": "",
            "paused_by": PausedBy.NOTHING,
        }
        FieldMapping.objects.update_or_create(mapping=mapping, remote_id=one.remote_id, defaults=told)
        problems.close(mapping.company_id, f"sync:{mapping.pk}:field:{one.remote_id}")


def _note(mapping: Mapping, before: Draft | None, draft: Draft, actor: str) -> None:
    """The trail: which settings are other ones now."""
    data: dict[str, Any] = {"record_type": draft.record_type, "fields": len(draft.pairs), "direction": draft.direction}
    if before is not None:
        data["changed"] = [one.name for one in fields(Draft) if _told(before, one.name) != _told(draft, one.name)]
    name = "mapping.created" if before is None else "mapping.changed"
    audit.record(name, company_id=mapping.company_id, actor=actor, target=mapping.label, data=data)


def _told(draft: Draft, name: str) -> object:
    value = getattr(draft, name)
    return list(value) if isinstance(value, list | tuple) else value


# --- what follows from it ---------------------------------------------------------------------------------------------


def _unsettled(mapping: Mapping | None, before: Draft, draft: Draft) -> bool:
    """Something stood still that goes on now: a paused field, a preview that was waited for, or conflicts that another
    policy settles."""
    assert mapping is not None
    if mapping.waits or mapping.fields.exclude(paused="").exists():
        return True
    open_ = Conflict.everywhere.filter(target=mapping.pk, settled_at=None)
    return before.policy != draft.policy and open_.exists()


def _let_go(mapping: Mapping) -> None:
    """Nothing is written any more: what was still to be written is not."""
    waiting = WorkRow.everywhere.filter(~Q(rev=F("done_rev")), target=mapping.pk)
    waiting.update(done_rev=F("rev"), hold="", remedy="", sentence="", trace="")


def _discard(mapping: Mapping, actor: str) -> None:
    """Nobody applies the preview of a mapping that does not wait for it."""
    run = previews.latest(mapping)
    if run is not None:
        previews.discard(run, actor=actor)


def _start_children(parent: Mapping, sink: Sink[Any], actor: str) -> None:
    """Mappings whose link fields point to the table that is mapped only now: their links can be written at last."""
    table = sink.resource_id(parent.place)
    for other in targets.current(parent.connection):
        job = targets.load(other.pk)
        if job and other.pk != parent.pk and any(job.sink.links_to(one) == table for one in job.target.fields):
            runs.restart(other, actor=actor)
