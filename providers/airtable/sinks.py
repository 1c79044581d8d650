"""Records as rows of a table: the sink of the engine. The work is done in `writing`, `schema`, `building`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop as _  # translated where it is shown

from integration_hub.contract import (
    ConfigError,
    Field,
    MappedField,
    Page,
    ReadyTarget,
    RecordType,
    Rejected,
    RemoteField,
    Resource,
    Row,
    Sink,
    Target,
    Told,
    Written,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.building import make_missing, make_table
from providers.airtable.cells import back, convert
from providers.airtable.client import AirtableClient
from providers.airtable.files import addresses, shown
from providers.airtable.hooks import naming, telling
from providers.airtable.paging import page
from providers.airtable.ready import mirror_target, ready_target
from providers.airtable.refusals import PERHAPS_GONE
from providers.airtable.schema import (
    fits,
    linked_table,
    merge_field_of,
    place_of,
    readable,
    remote_fields,
    table_resource,
)
from providers.airtable.suggestions import suggest
from providers.airtable.writing import blaming, still_there, upsert


class RecordsSink(Sink[AirtableClient]):
    """Rows of one table. `place` of a target holds the ids of base and table."""

    key = "records"
    label = _("Records")
    batch = 10
    mappable = True
    readable = True

    def ready(self, client: AirtableClient, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        return ready_target(client, settings, record_type)

    def mirror(self, client: AirtableClient, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        return mirror_target(client, settings, record_type)

    def convert(self, value: Value, mapped: MappedField) -> Json:
        return convert(value, mapped, create_choices=mapped.create_choices)

    def upsert(self, client: AirtableClient, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        return upsert(client, target, rows)

    def delete(self, client: AirtableClient, target: Target, remote_ids: Sequence[str]) -> None:
        try:
            _delete(client, target, remote_ids)
        except (Rejected, ConfigError) as refusal:
            if refusal.code not in PERHAPS_GONE:
                raise
            with blaming(target):
                there = still_there(client, target, remote_ids)
            if len(there) == len(set(remote_ids)):
                raise
            _delete(client, target, list(there))

    # --- places -------------------------------------------------------------------------------------------------------

    def place(self, resource: Resource) -> Mapping[str, str]:
        return place_of(resource)

    def resource_id(self, place: Mapping[str, str]) -> str:
        return place.get("table", "")

    def fields(self, resource: Resource) -> tuple[RemoteField, ...]:
        return remote_fields(resource)

    def merge_field(self, resource: Resource) -> str:
        return merge_field_of(resource)

    def takes(self, ours: Field, theirs: RemoteField) -> bool:
        return fits(ours, theirs)

    def gives(self, ours: Field, theirs: RemoteField) -> bool:
        return readable(ours, theirs)

    def suggest(self, record_type: RecordType, resource: Resource) -> Mapping[str, str]:
        own = merge_field_of(resource)
        return suggest(record_type, [field for field in remote_fields(resource) if field.id != own])

    def make_place(
        self, client: AirtableClient, within: str, label: str, record_type: RecordType, names: Sequence[str]
    ) -> Resource:
        return make_table(client, within, label, record_type, names)

    def make_fields(
        self, client: AirtableClient, resource: Resource, record_type: RecordType, names: Sequence[str]
    ) -> Resource:
        return make_missing(client, resource, record_type, names)

    def look(self, client: AirtableClient, place: Mapping[str, str]) -> Resource | None:
        """None when the table is gone; ConfigError when the base is, or may no longer be seen."""
        found = (table for table in client.tables(place["base"]) if table["id"] == place["table"])
        return next((table_resource(place["base"], table) for table in found), None)

    def read(
        self, client: AirtableClient, target: Target, remote_ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Json]]:
        """Empty cells are left out, as Airtable leaves them out."""
        wanted = [one for one in (target.merge_on, *(mapped.remote_id for mapped in target.fields)) if one]
        with blaming(target):
            found = client.records_by_id(target.place["base"], target.place["table"], remote_ids, wanted)
        return {remote_id: shown(record["fields"]) for remote_id, record in found.items()}

    def page(self, client: AirtableClient, target: Target, cursor: Json) -> Page:
        return page(client, target, cursor)

    def back(self, cell: Json, mapped: MappedField) -> Value:
        return back(cell, mapped)

    def addresses(
        self, client: AirtableClient, target: Target, field: str, remote_ids: Sequence[str]
    ) -> Mapping[tuple[str, str], str]:
        with blaming(target):
            found = client.records_by_id(target.place["base"], target.place["table"], remote_ids, [field])
        return addresses(found, field)

    def links_to(self, mapped: MappedField) -> str:
        return linked_table(mapped.options) if mapped.remote_type == "multipleRecordLinks" else ""

    def told(self, target: Target, most: int) -> Sequence[Told]:
        return naming.told(UUID(target.id), most)

    def heard(self, target: Target, remote_ids: Sequence[str], at: datetime) -> None:
        naming.heard(UUID(target.id), remote_ids, at)

    def calm(self, target: Target) -> int:
        return telling.calm(UUID(target.id), target.place["base"])

    def remote_url(self, target: Target, remote_id: str) -> str:
        return f"https://airtable.com/{target.place['base']}/{target.place['table']}/{remote_id}"


def _delete(client: AirtableClient, target: Target, ids: Sequence[str]) -> None:
    if ids:
        client.delete_records(target.place["base"], target.place["table"], ids)
