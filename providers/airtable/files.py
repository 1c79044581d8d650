"""Files of records: made before the row is written, uploaded after it. Each cell holds exactly our file.

The write of the row empties the cell, so repeating any of it leaves one file and never two.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.contract import (
    ConfigError,
    FieldRefused,
    File,
    Rejected,
    Row,
    RowsGone,
    Target,
    Written,
)
from integration_hub.contract.api import Json
from providers.airtable.client import LARGEST_FILE, AirtableClient
from providers.airtable.refusals import PERHAPS_GONE

KEPT = ("id", "filename", "size", "type")  # of a file over there; its links die after two hours
Files = Mapping[str, Mapping[str, File]]


def make(rows: Sequence[Row]) -> Files:
    """The files of these rows, by hub id and remote field. One that is too large is refused before anything is
    touched; where there is nothing to make, the cell just stays empty."""
    return {row.hub_id: dict(_made(row)) for row in rows if row.files}


def _made(row: Row) -> Iterator[tuple[str, File]]:
    for field, maker in row.files.items():
        file = maker()
        if file is not None and len(file.content) > LARGEST_FILE:
            raise _too_large(file, row.hub_id)
        if file is not None:
            yield field, file


def cleared(row: Row) -> Row:
    """The row with its file cells empty, for the write that goes before the upload."""
    empty: dict[str, Json] = {field: [] for field in row.files}
    return replace(row, cells={**row.cells, **empty}) if empty else row


def upload(client: AirtableClient, target: Target, written: Written, files: Mapping[str, File]) -> Written:
    """The files of one row, by remote field, put into their cells."""
    if not files:
        return written
    cells = dict(written.cells)
    for field, file in files.items():
        answer = _upload(client, target, written, field, file)
        cells |= shown(answer.get("fields") or {})
    return replace(written, cells=cells)


def _upload(client: AirtableClient, target: Target, written: Written, field: str, file: File) -> Mapping[str, Any]:
    try:
        return client.upload_attachment(target.place["base"], written.remote_id, field, file)
    except Rejected as refusal:
        if refusal.status == 413:
            raise _too_large(file, written.hub_id) from refusal
        text = _("Airtable did not take the file “%(name)s”. %(why)s")
        said = text % {"name": file.name, "why": refusal.sentence}
        raise Rejected(said, code=refusal.code, status=refusal.status, hub_ids=(written.hub_id,)) from refusal
    except ConfigError as refusal:
        if refusal.code not in PERHAPS_GONE:
            raise
        raise _gone(client, target, written, field, refusal) from refusal
    except FieldRefused as refusal:
        # Whatever it says: it speaks of the one field that was named in the address.
        raise FieldRefused(refusal.sentence, fields=(field,), code=refusal.code, status=refusal.status) from refusal


def _gone(
    client: AirtableClient, target: Target, written: Written, field: str, refusal: ConfigError
) -> FieldRefused | RowsGone:
    """The row, or else the field: the table was there a moment ago."""
    base, table = target.place["base"], target.place["table"]
    if written.remote_id in client.records_by_id(base, table, [written.remote_id], [target.merge_on]):
        text = _("Airtable no longer takes files in a field of the table. Choose another one in the mapping.")
        return FieldRefused(text, fields=(field,), code=refusal.code, status=refusal.status)
    return RowsGone(_("The row was deleted over there."), hub_ids=(written.hub_id,), code=refusal.code)


def shown(cells: Mapping[str, Json]) -> dict[str, Json]:
    """Cells as they may be kept: files without their links."""
    return {field: _without_links(cell) if type(cell) is list else cell for field, cell in cells.items()}


def _without_links(cell: list[Json]) -> Json:
    if not all(isinstance(one, dict) and "url" in one for one in cell):
        return cell
    return [{name: one[name] for name in KEPT if name in one} for one in cell if isinstance(one, dict)]


def addresses(records: Mapping[str, Mapping[str, Any]], field: str) -> dict[tuple[str, str], str]:
    """Where the files of this field are just now, by row and file. They last for two hours."""
    return {
        (record_id, str(one["id"])): str(one["url"])
        for record_id, record in records.items()
        for one in record["fields"].get(field) or ()
        if isinstance(one, dict) and "id" in one and "url" in one
    }


def _too_large(file: File, hub_id: str) -> Rejected:
    text = _("The file “%(name)s” has %(size)s MB; Airtable takes at most %(most)d MB. Make it smaller.")
    size = math.ceil(len(file.content) / (1024 * 1024) * 100) / 100
    told = {"name": file.name, "size": f"{size:.2f}", "most": LARGEST_FILE // (1024 * 1024)}
    return Rejected(text % told, code="file_too_large", hub_ids=(hub_id,))
