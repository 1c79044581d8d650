"""Reading a table page by page: all of it, and later what changed since.

Airtable tells what changed by its own clock. Where a reading began is taken from the Date of its first answer,
five minutes earlier for good measure: rows that come twice fall out as equal.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from integration_hub.contract import CursorExpired, Page, RemoteRow, Target, TransientError
from integration_hub.contract.api import Json
from providers.airtable.client import AirtableClient, Body, quoted
from providers.airtable.files import shown
from providers.airtable.writing import blaming

OVERLAP = timedelta(minutes=5)
CLOSED = "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"


def page(client: AirtableClient, target: Target, cursor: Json) -> Page:
    """The next 100 rows. The cursor: since when rows are asked for, when this reading began, and the offset in it."""
    at: dict[str, Any] = dict(cursor) if isinstance(cursor, dict) else {}
    since = str(at.get("since") or "")
    body = _listed(client, target, since, str(at.get("offset") or ""))
    began = str(at.get("began") or _text(client.answered_at or datetime.now(UTC)))
    rows = [_row(record) for record in body["records"]]
    if offset := body.get("offset"):
        return Page(rows, {"since": since, "began": began, "offset": offset}, last=False)
    return Page(rows, {"since": _text(datetime.fromisoformat(began) - OVERLAP)}, last=True)


def _listed(client: AirtableClient, target: Target, since: str, offset: str) -> Body:
    wanted = [one for one in (target.merge_on, *(mapped.remote_id for mapped in target.fields)) if one]
    formula = f"IS_AFTER(LAST_MODIFIED_TIME(), {quoted(since)})" if since else ""
    base, table = target.place["base"], target.place["table"]
    try:
        with blaming(target):
            return client.list_records(base, table, formula=formula, fields=wanted, offset=offset)
    except TransientError as error:
        if error.code == CLOSED:
            raise CursorExpired from error
        raise


def _row(record: Body) -> RemoteRow:
    return RemoteRow(record["id"], shown(record["fields"]))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
