"""Reading one record, creating, updating, upserting and deleting.

https://airtable.com/developers/web/api/update-multiple-records
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integration_hub.contract.api import Json
from providers.airtable.simulator.call import Call
from providers.airtable.simulator.cells import accept
from providers.airtable.simulator.draft import Draft
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.fields import KINDS, is_computed
from providers.airtable.simulator.listing import shape_from_query
from providers.airtable.simulator.model import Field, Table
from providers.airtable.simulator.reading import Reader, Shape
from providers.airtable.simulator.rows import Record, key_of

MOST = 10  # records a request


def get_record(call: Call) -> Any:
    record = call.table.records.get(call.named["record"])
    if record is None:
        raise AirtableError("NOT_FOUND")
    return Reader(call.state, call.table, shape_from_query(call.table, call.request), call.now).show(record)


def create_records(call: Call) -> Any:
    """`{fields}` makes one record and answers with it, `{records: [{fields}]}` makes up to ten."""
    single = "records" not in call.body
    given = [_fields(call.body)] if single else [_fields(each) for each in _batch(call, "create")]
    with call.draft(typecast=call.flag("typecast")) as draft:
        made = [_write(call.table, draft.create(call.table), fields, draft) for fields in given]
    shown = _reader(call).show_all(made)
    return shown[0] if single else {"records": shown}


def update_record(call: Call) -> Any:
    record, fields = _existing(call), _fields(call.body)
    with call.draft(typecast=call.flag("typecast")) as draft:
        _write(call.table, record, fields, draft, clearing=_clears(call))
    return _reader(call).show(record)


def update_records(call: Call) -> Any:
    """Up to ten records by id; with `performUpsert`, records without an id are found by the merge fields."""
    given, upsert = _batch(call, "update"), call.body.get("performUpsert")
    merge_on = None if upsert is None else _merge_fields(call.table, upsert)
    with call.draft(typecast=call.flag("typecast")) as draft:
        found = _targets(call.table, given, merge_on, draft)
        written = [record or draft.create(call.table) for record in found]
        for each, record in zip(given, written, strict=True):
            _write(call.table, record, _fields(each), draft, clearing=_clears(call))
    answer: dict[str, Any] = {"records": _reader(call).show_all(written)}
    if upsert is not None:
        answer["createdRecords"] = [new.id for new, old in zip(written, found, strict=True) if old is None]
        answer["updatedRecords"] = [old.id for old in found if old is not None]
    return answer


def delete_record(call: Call) -> Any:
    record = _existing(call)
    with call.draft() as draft:
        draft.remove(call.table, record)
    return {"id": record.id, "deleted": True}


def delete_records(call: Call) -> Any:
    ids = list(dict.fromkeys(call.request.params("records[]") + call.request.params("records")))
    if not ids:
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    if len(ids) > MOST:
        raise AirtableError("INVALID_RECORDS", "delete")
    records = [_by_id(call.table, each) for each in ids]
    with call.draft() as draft:
        for record in records:
            draft.remove(call.table, record)
    return {"records": [{"deleted": True, "id": each} for each in ids]}


def _reader(call: Call) -> Reader:
    return Reader(call.state, call.table, Shape(by_id=call.flag("returnFieldsByFieldId")), call.now)


def _clears(call: Call) -> bool:
    """PUT empties every cell it does not name."""
    return call.request.method == "PUT"


def _existing(call: Call) -> Record:
    record = call.table.records.get(call.named["record"])
    if record is None:
        raise AirtableError("MODEL_ID_NOT_FOUND", call.named["record"])
    return record


def _by_id(table: Table, record_id: Any) -> Record:
    if not isinstance(record_id, str) or record_id not in table.records:
        raise AirtableError("ROW_DOES_NOT_EXIST", str(record_id))
    return table.records[record_id]


def _batch(call: Call, doing: str) -> list[dict[str, Any]]:
    given = call.body.get("records")
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    if len(given) > MOST:
        raise AirtableError("INVALID_RECORDS", doing)
    return given


def _fields(given: Mapping[str, Any]) -> dict[str, Json]:
    fields = given.get("fields")
    if fields is None:
        raise AirtableError("INVALID_REQUEST_MISSING_FIELDS", "fields")
    if not isinstance(fields, dict):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    return fields


def _write(table: Table, record: Record, given: dict[str, Json], draft: Draft, *, clearing: bool = False) -> Record:
    columns = table.columns()
    cells = [(_column(columns, name), value) for name, value in given.items()]
    for field, value in cells:
        draft.set(table, record, field, accept(value, field, draft))
    if clearing:
        named = {field.id for field, _ in cells}
        for field in table.fields:
            if field.id not in named and not is_computed(field):
                draft.set(table, record, field, None)
    return record


def _column(columns: Mapping[str, Field], name: str) -> Field:
    try:
        return columns[name]
    except KeyError:
        raise AirtableError("UNKNOWN_FIELD_NAME", name) from None


def _merge_fields(table: Table, upsert: Any) -> list[Field]:
    names = upsert.get("fieldsToMergeOn") if isinstance(upsert, dict) else None
    if not isinstance(names, list) or not 1 <= len(names) <= 3:
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    columns = table.columns()
    fields = [_column(columns, str(name)) for name in names]
    if not all(field.type in KINDS and KINDS[field.type].mergeable for field in fields):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    return fields


def _targets(
    table: Table, given: list[dict[str, Any]], merge_on: list[Field] | None, draft: Draft
) -> list[Record | None]:
    """For each the record to update, None to create one. Two that match fail the whole request."""
    if merge_on is None:
        return [_by_id(table, each.get("id")) for each in given]

    def target(each: dict[str, Any]) -> Record | None:
        if each.get("id") is not None:
            return _by_id(table, each["id"])
        return _only(_matching(table, each, merge_on, draft))

    return [target(each) for each in given]


def _matching(table: Table, given: dict[str, Any], merge_on: list[Field], draft: Draft) -> list[Record]:
    columns = table.columns()
    cells = {_column(columns, name).id: value for name, value in _fields(given).items()}
    if any(field.id not in cells for field in merge_on):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    wanted = {field.id: accept(cells[field.id], field, draft) for field in merge_on}
    ids = [field.id for field in merge_on]
    return table.records.with_values(ids, key_of(wanted, ids))


def _only(found: list[Record]) -> Record | None:
    if len(found) > 1:
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    return found[0] if found else None
