"""Who am I, which bases, tables and fields are there; making and renaming them.

https://airtable.com/developers/web/api/get-base-schema
"""

from __future__ import annotations

from typing import Any

from providers.airtable.simulator import fields, journal
from providers.airtable.simulator.call import Call
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.model import Base, Field, Table, new_id


def whoami(call: Call) -> Any:
    email = {"email": call.token.email} if "user.email:read" in call.token.scopes else {}
    return {"id": call.token.user, "scopes": list(call.token.scopes), **email}


def list_bases(call: Call) -> Any:
    """Those the key was granted, a page at a time. The offset names the first base of the next page."""
    granted = [base for base in call.state.bases if call.token.level(base.id) != "none"]
    size, first = call.state.limits.bases_per_page, call.request.param("offset").removeprefix("itr/")
    ids = [base.id for base in granted]
    if first and first not in ids:
        raise AirtableError("LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
    start = ids.index(first) if first else 0
    shown = [
        {"id": base.id, "name": base.name, "permissionLevel": call.token.level(base.id)}
        for base in granted[start : start + size]
    ]
    following = {"offset": f"itr/{ids[start + size]}"} if len(ids) > start + size else {}
    return {"bases": shown, **following}


def create_base(call: Call) -> Any:
    name, tables = call.body.get("name"), call.body.get("tables")
    if not isinstance(name, str) or not isinstance(call.body.get("workspaceId"), str) or not isinstance(tables, list):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    base = Base(new_id("app"), name)
    for spec in tables:
        add_table(base, spec)
    call.state.bases.append(base)
    if call.token.bases is not None:
        call.token.bases[base.id] = "create"
    return {"id": base.id, "tables": [table.view() for table in base.tables]}


def list_tables(call: Call) -> Any:
    shown = [table.view() for table in call.base.tables]
    if "visibleFieldIds" in call.request.params("include[]") + call.request.params("include"):
        for table in shown:
            ids = [field["id"] for field in table["fields"]]
            table["views"] = [{**view, "visibleFieldIds": ids} for view in table["views"]]
    return {"tables": shown}


def create_table(call: Call) -> Any:
    table = add_table(call.base, call.body)
    _tell(call, None, createdTablesById={table.id: {"metadata": {"name": table.name}}})
    return table.view()


def update_table(call: Call) -> Any:
    name = _free_table_name(call.base, call.body["name"], own=call.table) if "name" in call.body else call.table.name
    if "description" in call.body:
        call.table.description = fields.description_of(call.body)
    call.table.name = name
    _tell(call, call.table, changedMetadata={"current": {"name": name}})
    return call.table.view()


def create_field(call: Call) -> Any:
    field = fields.make(call.body, call.table.fields)
    if field.type == "multipleRecordLinks":
        link_back(call.base, call.table, field)
    call.table.fields.append(field)
    _tell(call, call.table, createdFieldsById={field.id: {"name": field.name, "type": field.type}})
    return field.view()


def update_field(call: Call) -> Any:
    """Name and description only; type and options cannot be changed."""
    if set(call.body) - {"name", "description"}:
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    field = call.table.columns().get(call.named["field"])
    if field is None:
        raise AirtableError("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
    name = fields.free_name(call.body["name"], call.table.fields, own=field) if "name" in call.body else field.name
    if "description" in call.body:
        field.description = fields.description_of(call.body)
    field.name = name
    _tell(call, call.table, changedFieldsById={field.id: {"current": {"name": name}}})
    return field.view()


def _tell(call: Call, table: Table | None, **told: Any) -> None:
    journal.schema(call.simulator, call.base, table, "publicApi", call.token.user, **told)


def add_table(base: Base, spec: Any) -> Table:
    if not isinstance(spec, dict):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    name, made = _free_table_name(base, spec.get("name")), fields.make_all(spec.get("fields"))
    table = fields.new_table(name, made, fields.description_of(spec))
    for field in made:
        if field.type == "multipleRecordLinks":
            link_back(base, table, field)
    base.tables.append(table)
    return table


def _free_table_name(base: Base, name: Any, *, own: Table | None = None) -> str:
    text = name.strip() if isinstance(name, str) else ""
    if not text:
        raise AirtableError("INVALID_REQUEST_MISSING_FIELDS", "name")
    if any(table.name.lower() == text.lower() for table in base.tables if table is not own):
        raise AirtableError("DUPLICATE_TABLE_NAME", text)
    return text


def link_back(base: Base, table: Table, field: Field) -> None:
    """A link field makes its counterpart in the linked table."""
    options = field.options or {}
    try:
        other = table if options["linkedTableId"] == table.id else base.table(options["linkedTableId"])
    except KeyError:
        raise AirtableError("INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", field.name) from None
    if other is table:
        return
    taken = {each.name.lower() for each in other.fields}
    name = next(n for n in (table.name, *(f"{table.name} {i}" for i in range(2, 999))) if n.lower() not in taken)
    back = {"linkedTableId": table.id, "isReversed": True, "prefersSingleRecordLink": False}
    inverse = Field(new_id("fld"), name, "multipleRecordLinks", {**back, "inverseLinkFieldId": field.id})
    options["inverseLinkFieldId"] = inverse.id
    other.fields.append(inverse)
