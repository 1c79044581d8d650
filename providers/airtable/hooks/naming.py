"""From what payloads say to rows that are to be read. What our own writing left behind is known and not read again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from integration_hub.contract import Told
from integration_hub.contract.api import Json
from integration_hub.sync import rows
from integration_hub.sync.merge import cell
from integration_hub.sync.models import FieldMapping
from integration_hub.sync.models import Mapping as SyncMapping
from providers.airtable.hooks import overwritten
from providers.airtable.hooks.models import AirtableNamed
from providers.airtable.hooks.payloads import Change

CHUNK = 500  # rows a statement


def name(mapping: SyncMapping, changes: Sequence[Change], user: str, now: datetime) -> int:
    """Note the rows of this mapping's table that these changes may concern. `user`: whose token we write with. How
    many."""
    mapped = mapped_fields(mapping)
    mine = [change for change in changes if change.table == mapping.place.get("table")]
    mine = [change for change in mine if change.gone or change.made or change.now.keys() & mapped]
    ours = [change for change in mine if user and change.by == user and not change.gone]
    strange = overwritten.unexplained(mapping, ours, mapped)
    known = _bases(mapping.pk, {change.record for change in ours})
    echoes = {id(change) for change in ours if _is_echo(change, known.get(change.record), mapped)}
    named = {change.record: change for change in mine if id(change) not in echoes or change.record in strange}
    _note(mapping, [(named[record], strange.get(record)) for record in sorted(named)], now)
    return len(named)


def mapped_fields(mapping: SyncMapping) -> set[str]:
    """Their fields that are mapped or hold our id."""
    fields = FieldMapping.objects.filter(mapping=mapping).values_list("remote_id", flat=True)
    return {*fields, mapping.merge_on}


def _bases(target: UUID, ids: Iterable[str]) -> dict[str, Mapping[str, Json]]:
    """What rows that we wrote are known to hold."""
    return {remote: link.base_theirs for remote, (_record, link) in rows.links_of(target, sorted(ids)).items()}


def _is_echo(change: Change, base: Mapping[str, Json] | None, mapped: set[str]) -> bool:
    """We wrote it, and each mapped cell is what both sides agreed on. Our id is not among what is kept."""
    if base is None:
        return False
    return all(cell(base[key]) == value for key, value in change.now.items() if key in mapped and key in base)


def _note(mapping: SyncMapping, named: Sequence[tuple[Change, Any]], now: datetime) -> None:
    """The last change of each row. Named again before it was read: what was strange of it earlier counts on."""
    ids = [change.record for change, _strange in named]
    again = AirtableNamed.everywhere.filter(mapping=mapping, remote_id__in=ids, strange__isnull=False)
    before = dict(again.values_list("remote_id", "strange"))
    rows_of = [
        AirtableNamed(
            company_id=mapping.company_id,
            mapping=mapping,
            remote_id=change.record,
            named_at=now,
            changed_at=change.at,
            changed_by=change.who[:200],
            strange=[*(before.get(change.record) or ()), *(strange or ())] or None,
        )
        for change, strange in named
    ]
    AirtableNamed.everywhere.bulk_create(
        rows_of,
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["mapping", "remote_id"],
        update_fields=["named_at", "changed_at", "changed_by", "strange"],
    )


# --- what the engine asks ---------------------------------------------------------------------------------------------


def told(mapping: UUID, most: int) -> list[Told]:
    waiting = AirtableNamed.everywhere.filter(mapping=mapping).order_by("named_at", "pk")
    found = waiting.values_list("remote_id", "changed_at", "changed_by")[:most]
    return [Told(remote_id, at, by or "") for remote_id, at, by in found]


def heard(mapping: UUID, remote_ids: Sequence[str], at: datetime) -> None:
    """Whatever was named before that moment had happened by then, so that the call saw it."""
    over = AirtableNamed.everywhere.filter(mapping=mapping, remote_id__in=remote_ids, named_at__lte=at)
    strange: dict[str, Any] = dict(over.filter(strange__isnull=False).values_list("remote_id", "strange"))
    overwritten.tell(SyncMapping.everywhere.get(pk=mapping), strange)
    over.delete()
