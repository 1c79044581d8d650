"""Writing records as rows of a table, ten at a time, each found again by the hub's id in its "Hub ID" field."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_noop as _  # translated where it is shown

from integration_hub.contract import (
    ConfigError,
    Field,
    MappedField,
    ProviderError,
    ReadyTarget,
    RecordType,
    Rejected,
    RemoteField,
    Resource,
    Row,
    RowsGone,
    Sink,
    Target,
    Written,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from providers.airtable.building import make_missing, make_table
from providers.airtable.cells import back, convert
from providers.airtable.client import AirtableClient, Body, quoted
from providers.airtable.ready import ready_target
from providers.airtable.refusals import PERHAPS_GONE
from providers.airtable.schema import (
    fits,
    linked_table,
    merge_field_of,
    place_of,
    remote_fields,
    table_resource,
)
from providers.airtable.suggestions import suggest


class RecordsSink(Sink[AirtableClient]):
    """Rows of one table. `place` of a target holds the ids of base and table."""

    key = "records"
    label = _("Records")
    batch = 10
    mappable = True

    def ready(self, client: AirtableClient, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        return ready_target(client, settings, record_type)

    def convert(self, value: Value, mapped: MappedField) -> Json:
        return convert(value, mapped)

    def upsert(self, client: AirtableClient, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        """One call as a rule. A second one only to tell a vanished row from a vanished table, or to find copies."""
        try:
            return _write(client, target, rows)
        except (Rejected, ConfigError) as refusal:
            linked = any(row.remote_id for row in rows)
            if _perhaps_gone(refusal) and linked and (gone := _missing(client, target, rows)):
                raise RowsGone(_("The row was deleted over there."), hub_ids=gone, code=refusal.code) from refusal
            if isinstance(refusal, Rejected) and len(rows) == 1 and rows[0].remote_id is None:
                return [_write_over_copies(client, target, rows[0], refusal)]
            raise

    def delete(self, client: AirtableClient, target: Target, remote_ids: Sequence[str]) -> None:
        try:
            _delete(client, target, remote_ids)
        except (Rejected, ConfigError) as refusal:
            if not _perhaps_gone(refusal):
                raise
            there = _still_there(client, target, remote_ids)
            if len(there) == len(set(remote_ids)):
                raise
            _delete(client, target, there)

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
        wanted = [target.merge_on, *(mapped.remote_id for mapped in target.fields)]
        found = client.records_by_id(target.place["base"], target.place["table"], remote_ids, wanted)
        return {remote_id: record["fields"] for remote_id, record in found.items()}

    def back(self, cell: Json, mapped: MappedField) -> Value:
        return back(cell, mapped)

    def links_to(self, mapped: MappedField) -> str:
        return linked_table(mapped.options) if mapped.remote_type == "multipleRecordLinks" else ""

    def remote_url(self, target: Target, remote_id: str) -> str:
        return f"https://airtable.com/{target.place['base']}/{target.place['table']}/{remote_id}"


def _write(client: AirtableClient, target: Target, rows: Sequence[Row]) -> list[Written]:
    records = [_record(row, target.merge_on) for row in rows]
    base, table = target.place["base"], target.place["table"]
    if all(row.remote_id for row in rows):
        answer = client.update_records(base, table, records)
    else:
        answer = client.upsert_records(base, table, records, target.merge_on)
    created = set(answer.get("createdRecords") or ())
    records_by_hub_id = {record["fields"][target.merge_on]: record for record in answer["records"]}
    return [_written(row, records_by_hub_id[row.hub_id], created) for row in rows]


def _record(row: Row, merge_on: str) -> Body:
    record: Body = {"fields": {**row.cells, merge_on: row.hub_id}}
    return {"id": row.remote_id, **record} if row.remote_id else record


def _written(row: Row, record: Body, created: Container[str]) -> Written:
    return Written(row.hub_id, record["id"], record["fields"], created=record["id"] in created)


def _perhaps_gone(refusal: ProviderError) -> bool:
    return refusal.code in PERHAPS_GONE


def _missing(client: AirtableClient, target: Target, rows: Sequence[Row]) -> tuple[str, ...]:
    """The hub ids of linked rows that were deleted over there."""
    there = set(_still_there(client, target, [row.remote_id for row in rows if row.remote_id]))
    return tuple(row.hub_id for row in rows if row.remote_id and row.remote_id not in there)


def _write_over_copies(client: AirtableClient, target: Target, row: Row, refusal: Rejected) -> Written:
    """Airtable refuses to upsert where the id is in several rows: the oldest is ours, the others are reported."""
    base, table = target.place["base"], target.place["table"]
    formula = "{" + target.merge_on + "}=" + quoted(row.hub_id)
    found = client.records_by_formula(base, table, formula, [target.merge_on])
    if len(found) < 2:
        raise refusal
    ours, *copies = sorted(found, key=lambda record: (record["createdTime"], record["id"]))
    written = _write(client, target, [Row(row.hub_id, ours["id"], row.cells)])[0]
    return Written(row.hub_id, written.remote_id, written.cells, copies=tuple(copy["id"] for copy in copies))


def _still_there(client: AirtableClient, target: Target, ids: Sequence[str]) -> list[str]:
    """Which of these rows exist. Where the table is gone, this raises the ConfigError that says so."""
    formula = "OR(" + ",".join(f"RECORD_ID()={quoted(one)}" for one in ids) + ")"
    found = client.records_by_formula(target.place["base"], target.place["table"], formula, [target.merge_on])
    return [record["id"] for record in found]


def _delete(client: AirtableClient, target: Target, ids: Sequence[str]) -> None:
    if ids:
        client.delete_records(target.place["base"], target.place["table"], ids)
