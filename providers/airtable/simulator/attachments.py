"""Attachments: uploaded or named by an address, kept by id, shown with links that expire.

https://airtable.com/developers/web/api/upload-attachment
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from integration_hub.contract.api import Json
from integration_hub.sandbox.wire import Request, Response
from providers.airtable.simulator.call import Call
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.model import Field, State, Table
from providers.airtable.simulator.reading import Reader, Shape
from providers.airtable.simulator.rows import Record

ENLARGED = 1.5  # base64 and JSON around a file


def upload(call: Call) -> Any:
    """One file at the end of a cell. The whole cell is answered, keyed by field id."""
    table, record = _row(call)
    field = table.columns().get(call.named["field"])
    if field is None:
        raise AirtableError("UNKNOWN_FIELD_NAME", call.named["field"])
    if field.locked:
        raise AirtableError("INVALID_PERMISSIONS", f"write cell values in field {field.name} ({field.id})")
    if field.type != "multipleAttachments":
        raise AirtableError("INVALID_VALUE_FOR_COLUMN", field.name)
    name, kind, content = _file(call)
    with call.draft() as draft:
        draft.set(table, record, field, [*_listed(record, field), draft.note(name, kind, content)])
    shown = Reader(call.state, table, Shape(by_id=True, fields=frozenset({field.id})), call.now).show(record)
    return {"id": shown["id"], "createdTime": shown["createdTime"], "fields": shown["fields"]}


def _row(call: Call) -> tuple[Table, Record]:
    """No table is named here: the row's id is enough."""
    for table in call.base.tables:
        if record := table.records.get(call.named["record"]):
            return table, record
    raise AirtableError("MODEL_ID_NOT_FOUND", call.named["record"])


def _file(call: Call) -> tuple[str, str, bytes]:
    name, kind, text = (call.body.get(key) for key in ("filename", "contentType", "file"))
    if not (isinstance(name, str) and name and isinstance(kind, str) and kind and isinstance(text, str)):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise AirtableError("INVALID_REQUEST_UNKNOWN") from None
    if len(content) > call.state.limits.file_bytes:
        raise AirtableError("REQUEST_TOO_LARGE")
    return name, kind, content


def _listed(record: Record, field: Field) -> list[Json]:
    value = record.cells.get(field.id)
    return value if isinstance(value, list) else []


def download(state: State, request: Request, now: float) -> Response:
    """`files/<attachment>/<last second>/<name>`: no key is asked for, but the link dies."""
    _files, key, until, *_name = (*request.segments, "", "")
    file = state.files.get(key)
    if file is None or "content" not in file:
        return Response(404)
    if not until.isdigit() or now > int(until):
        return Response(410)
    return Response(200, base64.b64decode(file["content"]), file["type"])
