"""Writing rows, ten at a time: found again by the hub's id, missing choices made where allowed, files put in last."""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from django.utils.translation import gettext as _

from integration_hub.contract import (
    ConfigError,
    FieldRefused,
    MappedField,
    ProviderError,
    Rejected,
    Row,
    RowsGone,
    Target,
    Written,
)
from integration_hub.contract.api import Json
from providers.airtable import files
from providers.airtable.client import AirtableClient, Body, quoted
from providers.airtable.refusals import PERHAPS_GONE
from providers.airtable.schema import HUB_ID, alike, linked_table

SELECTS = ("singleSelect", "multipleSelects")


def upsert(client: AirtableClient, target: Target, rows: Sequence[Row]) -> list[Written]:
    """One call as a rule, and one for each file. Another to tell what is gone, to find copies, or to make a choice."""
    made = files.make(rows)
    with blaming(target, rows):
        written = _upsert(client, target, [files.cleared(row) for row in rows])
        return [files.upload(client, target, one, made.get(one.hub_id, {})) for one in written]


def _upsert(client: AirtableClient, target: Target, rows: Sequence[Row]) -> list[Written]:
    try:
        return _write(client, target, rows)
    except (Rejected, ConfigError) as refusal:
        if refusal.code in PERHAPS_GONE and (gone := _gone(client, target, rows, refusal)):
            raise gone from refusal
        if isinstance(refusal, Rejected) and len(rows) == 1 and rows[0].remote_id is None:
            return [_write_over_copies(client, target, rows[0], refusal)]
        raise


# --- the call ---------------------------------------------------------------------------------------------------------


def _write(client: AirtableClient, target: Target, rows: Sequence[Row]) -> list[Written]:
    """Choices that are missing are made by `typecast`, which would also make rows of stale links: where there are
    links, the choices follow in a call of their own."""
    missing = missing_choices(target, rows) if target.create_choices else {}
    if not missing:
        return _call(client, target, rows)
    if not any(row.cells.get(one.remote_id) for row in rows for one in _links(target)):
        return _call(client, target, rows, typecast=True)
    first = _call(client, target, [_without(row, missing.get(row.hub_id, {})) for row in rows])
    by_id = {one.hub_id: one for one in first}
    rest = [Row(hub_id, by_id[hub_id].remote_id, cells) for hub_id, cells in missing.items()]
    for late in _call(client, target, rest, typecast=True):
        by_id[late.hub_id] = replace(by_id[late.hub_id], cells=late.cells)
    return list(by_id.values())


def _call(client: AirtableClient, target: Target, rows: Sequence[Row], *, typecast: bool = False) -> list[Written]:
    records = [_record(row, target.merge_on) for row in rows]
    base, table = target.place["base"], target.place["table"]
    if all(row.remote_id for row in rows):
        answer = client.update_records(base, table, records, typecast=typecast)
    else:
        answer = client.upsert_records(base, table, records, target.merge_on, typecast=typecast)
    created = set(answer.get("createdRecords") or ())
    records_by_hub_id = {record["fields"][target.merge_on]: record for record in answer["records"]}
    return [_written(row, records_by_hub_id[row.hub_id], created) for row in rows]


def _record(row: Row, merge_on: str) -> Body:
    record: Body = {"fields": {**row.cells, merge_on: row.hub_id}}
    return {"id": row.remote_id, **record} if row.remote_id else record


def _written(row: Row, record: Body, created: Container[str]) -> Written:
    return Written(row.hub_id, record["id"], files.shown(record["fields"]), created=record["id"] in created)


def _without(row: Row, left_out: Container[str]) -> Row:
    return replace(row, cells={field: cell for field, cell in row.cells.items() if field not in left_out})


# --- choices ----------------------------------------------------------------------------------------------------------


def missing_choices(target: Target, rows: Sequence[Row]) -> dict[str, dict[str, Json]]:
    """Cells that name a choice which their field lacks, by hub id and remote field."""
    selects = [(one.remote_id, _known(one)) for one in target.fields if one.remote_type in SELECTS]
    found = {
        row.hub_id: {
            remote_id: row.cells[remote_id] for remote_id, known in selects if _lacks(known, row.cells.get(remote_id))
        }
        for row in rows
    }
    return {hub_id: cells for hub_id, cells in found.items() if cells}


def _known(mapped: MappedField) -> set[Json]:
    """The field's choices; none where nobody knows them."""
    listed = mapped.options.get("choices")
    return {one.get("name") for one in listed if isinstance(one, dict)} if isinstance(listed, list) else set()


def _lacks(known: Container[Json], cell: Json) -> bool:
    wanted = cell if isinstance(cell, list) else [cell] if cell else []
    return any(one not in known for one in wanted)


# --- what is gone -----------------------------------------------------------------------------------------------------


def _gone(client: AirtableClient, target: Target, rows: Sequence[Row], refusal: ProviderError) -> RowsGone | None:
    """Rows of this call, and rows that its cells link to, which were deleted over there. None: all are there."""
    own = _missing(client, target, rows)
    linked = _missing_linked(client, target, rows) if refusal.code == "ROW_DOES_NOT_EXIST" else ()
    if not own and not linked:
        return None
    text = _("The row was deleted over there.") if own else _("A row that this one links to was deleted over there.")
    return RowsGone(text, hub_ids=own, remote_ids=linked, code=refusal.code)


def _missing(client: AirtableClient, target: Target, rows: Sequence[Row]) -> tuple[str, ...]:
    """The hub ids of known rows that are no longer there. Where the table is gone, ConfigError says so."""
    there = still_there(client, target, [row.remote_id for row in rows if row.remote_id])
    return tuple(row.hub_id for row in rows if row.remote_id and row.remote_id not in there)


def _missing_linked(client: AirtableClient, target: Target, rows: Sequence[Row]) -> tuple[str, ...]:
    missing: dict[str, None] = {}
    for mapped in _links(target):
        cells = [row.cells.get(mapped.remote_id) for row in rows]
        ids = [str(one) for cell in cells if isinstance(cell, list) for one in cell]
        there = _read_linked(client, target, mapped, ids) if ids else {}
        missing |= dict.fromkeys(one for one in ids if one not in there)
    return tuple(missing)


def _read_linked(client: AirtableClient, target: Target, mapped: MappedField, ids: Sequence[str]) -> Mapping[str, Body]:
    try:
        return client.records_by_id(target.place["base"], linked_table(mapped.options), ids)
    except ConfigError as refusal:
        text = _("The table that the Airtable field “%(field)s” links to is gone. Choose another field in the mapping.")
        said = text % {"field": mapped.remote_label}
        raise FieldRefused(said, fields=(mapped.remote_id,), code=refusal.code, status=refusal.status) from refusal


def _links(target: Target) -> list[MappedField]:
    return [one for one in target.fields if one.remote_type == "multipleRecordLinks" and linked_table(one.options)]


def still_there(client: AirtableClient, target: Target, ids: Sequence[str]) -> Mapping[str, Body]:
    """Which of these rows exist."""
    return client.records_by_id(target.place["base"], target.place["table"], ids, [target.merge_on])


def _write_over_copies(client: AirtableClient, target: Target, row: Row, refusal: Rejected) -> Written:
    """Airtable refuses to upsert where the id is in several rows: the oldest is ours, the others are reported."""
    base, table = target.place["base"], target.place["table"]
    formula = "{" + target.merge_on + "}=" + quoted(row.hub_id)
    found = client.records_by_formula(base, table, formula, [target.merge_on])
    if len(found) < 2:
        raise refusal
    ours, *copies = sorted(found, key=lambda record: (record["createdTime"], record["id"]))
    written = _write(client, target, [replace(row, remote_id=ours["id"])])[0]
    return replace(written, copies=tuple(copy["id"] for copy in copies))


# --- which field is to blame ------------------------------------------------------------------------------------------


@contextmanager
def blaming(target: Target, rows: Sequence[Row] = ()) -> Iterator[None]:
    """Refusals of a field name it by its id, as the target knows it; without the Hub ID nothing can be written."""
    try:
        yield
    except FieldRefused as refusal:
        raise _named(refusal, target, rows) from refusal


def _named(refusal: FieldRefused, target: Target, rows: Sequence[Row]) -> ConfigError | FieldRefused:
    by_name = {one.remote_label: one.remote_id for one in target.fields}
    fields = tuple(by_name.get(name, name) for name in refusal.fields)
    if any(name == target.merge_on or (name not in by_name.values() and alike(name, HUB_ID)) for name in fields):
        text = _(
            "The field “%(field)s” of the Airtable table is gone or closed to the hub, which finds its rows by it. "
            "Make it again as a “Single line text”, then choose the table anew."
        )
        return ConfigError(text % {"field": HUB_ID}, code="no_hub_id", status=refusal.status)
    if not fields and refusal.code == "INVALID_MULTIPLE_CHOICE_OPTIONS":
        lacking = missing_choices(target, rows).values()
        fields = tuple(dict.fromkeys(field for cells in lacking for field in cells))
    return FieldRefused(
        refusal.sentence, fields=fields, lasting=refusal.lasting, code=refusal.code, status=refusal.status
    )
