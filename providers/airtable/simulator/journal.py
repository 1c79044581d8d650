"""What happens in a base, as the payloads of its webhooks tell it.

https://airtable.com/developers/web/api/model/webhooks-payload – fields and records by id; a choice is an object here,
and so is a linked row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration_hub.contract.api import Json
from integration_hub.sandbox.clock import iso
from providers.airtable.simulator.functions import text_of
from providers.airtable.simulator.hooks import Hook, tidy
from providers.airtable.simulator.model import Base, Field, Table
from providers.airtable.simulator.rows import Record

if TYPE_CHECKING:
    from providers.airtable.simulator.draft import Draft
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator


def note(sim: Simulator, draft: Draft, source: str) -> None:
    """The rows that one request, or one act of a person, made, changed and removed."""
    hooks = _listening(sim, draft.base, "tableData")
    if not hooks:
        return
    tables: dict[str, dict[str, Any]] = {}
    for row, (table, before) in draft.before.items():
        _tell(draft, tables.setdefault(table.id, {}), table, row, before)
    _publish(sim, hooks, {"changedTablesById": {key: told for key, told in tables.items() if told}}, source, draft.user)


def schema(sim: Simulator, base: Base, table: Table | None, source: str, user: str, **told: Any) -> None:
    """Fields or tables: `createdFieldsById`, `changedFieldsById`, `destroyedFieldIds`, `changedMetadata` of a table, or
    `createdTablesById`, `destroyedTableIds` of the base."""
    kind = "tableFields" if table is not None and "changedMetadata" not in told else "tableMetadata"
    body = {"changedTablesById": {table.id: told}} if table is not None else told
    _publish(sim, _listening(sim, base, kind), body, source, user)


def broken(sim: Simulator, hook: Hook, code: str) -> None:
    """A payload that Airtable could not make."""
    _put(sim, hook, {"error": True, "code": code})


# --- rows -------------------------------------------------------------------------------------------------------------


def _tell(draft: Draft, told: dict[str, Any], table: Table, row: str, before: dict[str, Json] | None) -> None:
    record = table.records.get(row)
    if record is None:
        if before is not None:
            told.setdefault("destroyedRecordIds", []).append(row)
    elif before is None:
        cells = _cells(draft.base, table, record.cells)
        made = {"createdTime": iso(int(record.created)), "cellValuesByFieldId": cells}
        told.setdefault("createdRecordsById", {})[row] = made
    elif moved := _moved(record, before):
        now, old = ({key: values.get(key) for key in moved} for values in (record.cells, before))
        told.setdefault("changedRecordsById", {})[row] = {
            "current": {"cellValuesByFieldId": _cells(draft.base, table, now)},
            "previous": {"cellValuesByFieldId": _cells(draft.base, table, old)},
        }


def _moved(record: Record, before: dict[str, Json]) -> list[str]:
    return [key for key in {*record.cells, *before} if record.cells.get(key) != before.get(key)]


def _cells(base: Base, table: Table, cells: dict[str, Json]) -> dict[str, Any]:
    columns = {field.id: field for field in table.fields}
    return {key: _cell(base, columns[key], value) for key, value in cells.items() if key in columns}


def _cell(base: Base, field: Field, value: Json) -> Any:
    if field.type == "singleSelect" and isinstance(value, str):
        return _choice(field, value)
    if field.type == "multipleSelects" and isinstance(value, list):
        return [_choice(field, str(one)) for one in value]
    if field.type == "multipleRecordLinks" and isinstance(value, list):
        return [_link(base, field, str(one)) for one in value]
    return value


def _choice(field: Field, name: str) -> dict[str, Any]:
    return next(({**one} for one in field.choices if one["name"] == name), {"id": "selGone0000000000", "name": name})


def _link(base: Base, field: Field, row: str) -> dict[str, Any]:
    other = base.table((field.options or {})["linkedTableId"])
    record = other.records.get(row)
    return {"id": row, "name": text_of(record.cells.get(other.primary.id)) if record else ""}


# --- payloads ---------------------------------------------------------------------------------------------------------


def _listening(sim: Simulator, base: Base, kind: str) -> list[Hook]:
    now = sim.clock.now()
    tidy(sim.state, now)
    mine = [hook for hook in sim.state.hooks if hook.base == base.id and hook.expires > now]
    return [hook for hook in mine if hook.enabled and hook.wants(kind)]


def _publish(sim: Simulator, hooks: list[Hook], body: dict[str, Any], source: str, user: str) -> None:
    if not any(body.values()):
        return
    sim.state.transactions += 1
    for hook in hooks:
        shown = _for(hook, body)
        if any(shown.values()) and source in hook.filters.get("fromSources", (source,)):
            known = next((one for one in sim.state.users() if one["id"] == user), {"id": user})
            person = {**known, "permissionLevel": "create"}
            _put(sim, hook, {**shown, "actionMetadata": {"source": source, "sourceMetadata": {"user": person}}})


def _for(hook: Hook, body: dict[str, Any]) -> dict[str, Any]:
    """As this hook asked for it."""
    tables = body.get("changedTablesById")
    if not tables:
        return body
    wanted = hook.filters.get("recordChangeScope")
    shown = {key: _without(hook, told) for key, told in tables.items() if wanted in (None, key)}
    return {**body, "changedTablesById": shown}


def _without(hook: Hook, told: dict[str, Any]) -> dict[str, Any]:
    if hook.includes.get("includePreviousCellValues") or "changedRecordsById" not in told:
        return told
    changed = {row: {"current": one["current"]} for row, one in told["changedRecordsById"].items()}
    return {**told, "changedRecordsById": changed}


def _put(sim: Simulator, hook: Hook, body: dict[str, Any]) -> None:
    now = sim.clock.now()
    head = {"timestamp": iso(now), "baseTransactionNumber": sim.state.transactions, "payloadFormat": "v0"}
    sim.state.kept.put(hook, now, {**head, **body})
    sim.pinger.ring(hook)
