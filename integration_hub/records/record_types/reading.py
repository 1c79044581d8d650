"""How any kind of record is counted, walked through and read. Deleted records are absent everywhere.

Labels are marked for translation and translated where they are shown: other programs get them as plain text.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import models
from django.urls import reverse

from integration_hub.contract.records import Field, RecordType, Value, Values
from integration_hub.records.models import Record
from integration_hub.sync import sql

Reader = Callable[[Any], dict[str, Value]]
Loader = Callable[[UUID, Sequence[UUID]], Mapping[UUID, Values]]
# A full run walks past every record, so its steps are written by hand.
_SCAN = "SELECT id FROM {table} WHERE company_id = %s AND deleted_at IS NULL {beyond} ORDER BY id LIMIT %s"


def living(model: type[Record], company: UUID) -> models.QuerySet[Any]:
    return model.everywhere.filter(company_id=company, deleted_at=None)


def record_type(
    model: type[Record],
    key: str,
    names: tuple[str, str],
    fields: tuple[Field, ...],
    read: Reader | None = None,
    *,
    title: str,
    otherwise: str = "",
    joined: tuple[str, ...] = (),
    load: Loader | None = None,
    mirrored: Callable[[UUID, Mapping[UUID, str | None]], None] | None = None,
) -> RecordType:
    """One kind of record for the engine. `names`: one and many; `read(record)`: its values; `joined`: the foreign keys
    it follows; `load(company, ids)`: reads the values by itself instead; `title`: the field people know it by
    (`otherwise`: where that is empty)."""

    def load_whole(company: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Values]:
        assert read is not None, "a record type has `read` or `load`"
        records = living(model, company).filter(pk__in=ids).select_related(*joined)
        return {record.pk: read(record) for record in records}

    def scan(company: UUID, after: UUID | None, limit: int) -> Sequence[UUID]:
        text = _SCAN.format(table=model._meta.db_table, beyond="" if after is None else "AND id > %s")
        found = sql.fetch(text, [company, *([] if after is None else [after]), limit])
        return [sql.uuid_of(pk) for (pk,) in found]

    return RecordType(
        key=key,
        label=names[0],
        plural=names[1],
        fields=fields,
        load=load or load_whole,
        scan=scan,
        count=lambda company: living(model, company).count(),
        title=lambda values: str(values.get(title) or values.get(otherwise) or ""),
        address=lambda pk: reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk]),
        mirrored=mirrored,
    )


def name_of(record: Any) -> str:
    """What a linked record is called; "" when there is none."""
    return str(record) if record is not None else ""
