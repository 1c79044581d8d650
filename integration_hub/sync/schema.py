"""Looking at the remote table, and pausing, renaming or resuming mapped fields as it asks. I/O around `sync.drift`."""

from collections.abc import Sequence
from enum import Enum

import structlog
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from integration_hub.connections import clients, discovery
from integration_hub.contract import ConfigError, FieldRefused, Resource, registry
from integration_hub.notices import problems
from integration_hub.sync import runs, targets
from integration_hub.sync.drift import Change, Drift, compare
from integration_hub.sync.models import FieldMapping, Mapping
from integration_hub.sync.models.mapping import PausedBy
from integration_hub.sync.targets import mapping_page

log = structlog.get_logger(__name__)


def look(mapping: Mapping, *, prio: int = 1, ends_by: float | None = None) -> Resource | None:
    """Ask for the table as it is now and follow what changed; None where the sink cannot tell. Outside transactions.

    ConfigError when the table is gone; what else the provider says is raised as it is.
    """
    sink = targets.sink_of(mapping)
    if not sink.mappable:
        return None
    client = clients.open_client(mapping.connection, prio=prio, ends_by=ends_by)
    resource = sink.look(client, mapping.place)
    if resource is None:
        known = discovery.resource(mapping.connection, sink.resource_id(mapping.place))
        discovery.invalidate(mapping.connection, known.parent if known else "")
        text = _("The table “%(label)s” is gone over there, or the key may no longer see it.")
        raise ConfigError(text % {"label": mapping.label}, code="table_gone")
    discovery.put(mapping.connection, resource)
    follow(mapping, resource)
    return resource


def follow(mapping: Mapping, resource: Resource) -> list[Drift]:
    """Bring the mapping in step with its table: new names are noted, broken fields paused, mended ones resumed."""
    with transaction.atomic():
        rows = {row.remote_id: row for row in mapping.fields.select_for_update()}
        seen = compare(_mapped(mapping, list(rows.values())), *_now(mapping, resource))
        done = {_apply(mapping, rows[drift.mapped.remote_id], drift) for drift in seen}
        if done - {Done.NOTHING}:
            touch(mapping)
            registry.provider(mapping.connection.provider).mapped(mapping)
    if Done.MENDED in done:
        runs.restart(mapping, actor="hub")
    return seen


def pause(mapping: Mapping, fields: Sequence[str], sentence: str) -> int:
    """Pause these fields, named by id or label, because a write was refused. How many were running."""
    paused = 0
    with transaction.atomic():
        for row in mapping.fields.select_for_update().filter(paused=""):
            if row.remote_id in fields or row.remote_label in fields:
                _pause(mapping, row, sentence, PausedBy.REFUSAL)
                paused += 1
        if paused:
            touch(mapping)
    return paused


def refused(mapping: Mapping, error: FieldRefused, *, ends_by: float | None = None) -> bool:
    """A write was refused because of a field. True when something was done about it and the rows may be tried again;
    False: the table is as it was, so it is this record's value that does not fit."""
    before = mapping.version
    look(mapping, prio=0, ends_by=ends_by)
    if not Mapping.everywhere.filter(pk=mapping.pk, version=before).exists():
        return True
    return error.lasting and pause(mapping, error.fields, error.sentence) > 0


def resume(mapping: Mapping, remote_id: str, *, actor: str) -> bool:
    """A person says the field is well again: it is written from now on, and every record is looked at."""
    with transaction.atomic():
        row = mapping.fields.select_for_update().filter(remote_id=remote_id).exclude(paused="").first()
        if row is None:
            return False
        _resume(mapping, row)
        touch(mapping)
    runs.restart(mapping, actor=actor)
    return True


def touch(mapping: Mapping) -> None:
    """The mapping is another one now: whoever works with what it was may not settle any more."""
    Mapping.everywhere.filter(pk=mapping.pk).update(version=F("version") + 1)
    mapping.version = Mapping.everywhere.values_list("version", flat=True).get(pk=mapping.pk)


def _mapped(mapping: Mapping, rows: Sequence[FieldMapping]):  # type: ignore[no-untyped-def]
    record_type = registry.record_type(mapping.record_type)
    known = {field.name for field in record_type.fields}
    return [targets.mapped_field(record_type, row, mapping) for row in rows if row.ours in known]


def _now(mapping: Mapping, resource: Resource):  # type: ignore[no-untyped-def]
    sink = targets.sink_of(mapping)
    return sink.fields(resource), sink.takes, sink.gives


class Done(Enum):
    """What following a field did. NOTHING: what is written stays as it is."""

    NOTHING = "nothing"
    NOTED = "noted"
    PAUSED = "paused"
    MENDED = "mended"  # a paused field goes on again


def _apply(mapping: Mapping, row: FieldMapping, drift: Drift) -> Done:
    if drift.change is Change.BROKEN:
        return _broken(mapping, row, drift.sentence)
    now = drift.now
    assert now is not None
    moved = drift.change is Change.UPDATED
    if moved:
        row.remote_label, row.remote_type, row.options = now.label, now.type, dict(now.options)
        row.save(update_fields=["remote_label", "remote_type", "options"])
    if row.paused_by == PausedBy.TABLE or (row.paused_by == PausedBy.REFUSAL and moved):
        _resume(mapping, row)
        return Done.MENDED
    return Done.NOTED if moved else Done.NOTHING


def _broken(mapping: Mapping, row: FieldMapping, sentence: str) -> Done:
    """A field that stands still already is not paused anew: every look would make the mapping another one, and the run
    that looks would begin again for ever."""
    was_paused = bool(row.paused)
    if (row.paused, row.paused_by) != (sentence, PausedBy.TABLE):
        _pause(mapping, row, sentence, PausedBy.TABLE)
    return Done.NOTHING if was_paused else Done.PAUSED


def _pause(mapping: Mapping, row: FieldMapping, sentence: str, by: PausedBy) -> None:
    row.paused, row.paused_by = sentence, by
    row.save(update_fields=["paused", "paused_by"])
    log.warning("mapped field paused", mapping=str(mapping.pk), field=row.ours, by=str(by))
    problems.raise_(
        mapping.company_id,
        _key(mapping, row.remote_id),
        severity="warn",
        sentence=sentence,
        detail=mapping.label,
        button=_("Open the mapping"),
        url=mapping_page(mapping),
        provider=mapping.connection.provider,
    )


def _resume(mapping: Mapping, row: FieldMapping) -> None:
    row.paused, row.paused_by = "", PausedBy.NOTHING
    row.save(update_fields=["paused", "paused_by"])
    problems.close(mapping.company_id, _key(mapping, row.remote_id))


def _key(mapping: Mapping, remote_id: str) -> str:
    return f"sync:{mapping.pk}:field:{remote_id}"
