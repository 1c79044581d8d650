"""The calls we make to Airtable, one short method each. Bodies are as Airtable sends them; fields are keyed by id."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias
from urllib.parse import quote

from django.utils.translation import gettext as _

from integration_hub.contract import File, Reply, TransientError
from integration_hub.contract.provider import Session

Body: TypeAlias = dict[str, Any]
PAGE = 100  # records a request
LARGEST_FILE = 5 * 1024 * 1024  # bytes of one upload


class AirtableClient:
    """Airtable over the door. Five calls a second may be made to one base, so its id is the word for the bucket."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.answered_at: datetime | None = None  # by Airtable's clock, of the last list that was read

    # https://airtable.com/developers/web/api/get-user-id-scopes
    def whoami(self) -> Body:
        return read(self.session.call("whoami", "GET", "/v0/meta/whoami"))

    # https://airtable.com/developers/web/api/list-bases
    def bases(self) -> Iterator[Body]:
        """Every base the token sees, page by page (1,000 each)."""
        offset = ""
        while True:
            page = read(
                self.session.call("bases", "GET", "/v0/meta/bases", params={"offset": offset} if offset else None)
            )
            yield from page["bases"]
            if not (offset := page.get("offset", "")):
                return

    # https://airtable.com/developers/web/api/get-base-schema
    def tables(self, base: str) -> list[Body]:
        found: list[Body] = read(
            self.session.call("tables", "GET", f"/v0/meta/bases/{_word(base)}/tables", bucket=base)
        )["tables"]
        return found

    # https://airtable.com/developers/web/api/create-table
    def create_table(self, base: str, name: str, fields: Sequence[Mapping[str, Any]], description: str = "") -> Body:
        """The new table with its fields. The first field becomes the primary one; the name must be free in the base."""
        json: Body = {"name": name, "fields": [dict(field) for field in fields], **_told(description=description)}
        return read(
            self.session.call("create_table", "POST", f"/v0/meta/bases/{_word(base)}/tables", json=json, bucket=base)
        )

    # https://airtable.com/developers/web/api/create-field
    def create_field(self, base: str, table: str, field: Mapping[str, Any]) -> Body:
        """The new field; `field` is its name, type, description and options."""
        path = f"{_schema(base, table)}/fields"
        return read(self.session.call("create_field", "POST", path, json=dict(field), bucket=base))

    # https://airtable.com/developers/web/api/update-field (name and description are all that can be changed)
    def rename_field(
        self, base: str, table: str, field: str, *, name: str = "", description: str | None = None
    ) -> Body:
        """The field under its new name; an empty name keeps the old one, a description of None too."""
        path = f"{_schema(base, table)}/fields/{_word(field)}"
        json: Body = {**_told(name=name), **({} if description is None else {"description": description})}
        return read(self.session.call("rename_field", "PATCH", path, json=json, bucket=base, repeatable=True))

    # https://airtable.com/developers/web/api/list-records (as POST: a long formula does not fit into an address)
    def list_records(
        self, base: str, table: str, *, formula: str = "", fields: Sequence[str] = (), offset: str = ""
    ) -> Body:
        """One page of at most 100 records; `offset` of the answer leads to the next one."""
        asked = {"filterByFormula": formula, "fields": list(fields), "offset": offset}
        json: Body = {
            "returnFieldsByFieldId": True,
            "pageSize": PAGE,
            **{name: value for name, value in asked.items() if value},
        }
        path = f"{_path(base, table)}/listRecords"
        reply = self.session.call("list_records", "POST", path, json=json, bucket=base, repeatable=True)
        self.answered_at = _date(reply)
        return read(reply)

    def records_by_formula(self, base: str, table: str, formula: str, fields: Sequence[str] = ()) -> list[Body]:
        """All records for which a formula holds: for few. Begins again where Airtable closed the list meanwhile."""
        for last_try in (False, True):
            try:
                return list(self._pages(base, table, formula, fields))
            except TransientError as error:
                if last_try or error.code != "LIST_RECORDS_ITERATOR_NOT_AVAILABLE":
                    raise
        raise AssertionError("the second try returns or raises")

    def records_by_id(self, base: str, table: str, ids: Sequence[str], fields: Sequence[str] = ()) -> dict[str, Body]:
        """Those of these records that are there, by id, a hundred a request. A call without ids is none."""
        found: dict[str, Body] = {}
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), PAGE):
            some = wanted[start : start + PAGE]
            found |= {one["id"]: one for one in self.records_by_formula(base, table, any_of(some), fields)}
        return found

    def _pages(self, base: str, table: str, formula: str, fields: Sequence[str]) -> Iterator[Body]:
        offset = ""
        while True:
            page = self.list_records(base, table, formula=formula, fields=fields, offset=offset)
            yield from page["records"]
            if not (offset := page.get("offset", "")):
                return

    # https://airtable.com/developers/web/api/create-records
    def create_records(
        self, base: str, table: str, records: Sequence[Mapping[str, Any]], *, typecast: bool = False
    ) -> Body:
        """At most 10 new records, all or none. Made twice when repeated: what must not be is upserted instead."""
        json: Body = {"records": list(records), "returnFieldsByFieldId": True, **_told(typecast=typecast)}
        return read(
            self.session.call("create_records", "POST", _path(base, table), json=json, bucket=base, rows=len(records))
        )

    # https://airtable.com/developers/web/api/update-multiple-records
    def update_records(
        self, base: str, table: str, records: Sequence[Mapping[str, Any]], *, typecast: bool = False
    ) -> Body:
        """Change the named fields of at most 10 records, each with its id. `typecast`: missing choices are made."""
        json: Body = {"records": list(records), "returnFieldsByFieldId": True, **_told(typecast=typecast)}
        return self._write("update_records", base, table, json, len(records))

    # https://airtable.com/developers/web/api/update-multiple-records#request-performupsert
    def upsert_records(
        self, base: str, table: str, records: Sequence[Mapping[str, Any]], merge_on: str, *, typecast: bool = False
    ) -> Body:
        """At most 10 records: those with an id are changed, the others are found by `merge_on` or created."""
        json: Body = {
            "performUpsert": {"fieldsToMergeOn": [merge_on]},
            "records": list(records),
            "returnFieldsByFieldId": True,
            **_told(typecast=typecast),
        }
        return self._write("upsert_records", base, table, json, len(records))

    # https://airtable.com/developers/web/api/upload-attachment (at another host than everything else)
    def upload_attachment(self, base: str, record: str, field: str, file: File) -> Body:
        """The record's whole cell, by field id, with the file as its last one. At most `LARGEST_FILE` bytes."""
        path = f"/v0/{_word(base)}/{_word(record)}/{_word(field)}/uploadAttachment"
        json: Body = {
            "contentType": file.media_type,
            "filename": file.name,
            "file": b64encode(file.content).decode("ascii"),
        }
        return read(
            self.session.call("upload_attachment", "POST", path, json=json, bucket=base, host="content", rows=1)
        )

    # https://airtable.com/developers/web/api/delete-multiple-records
    def delete_records(self, base: str, table: str, ids: Sequence[str]) -> Body:
        """At most 10; all or none."""
        params = [("records[]", record) for record in ids]
        return read(
            self.session.call("delete_records", "DELETE", _path(base, table), params=params, bucket=base, rows=len(ids))
        )

    # https://airtable.com/developers/web/api/list-webhooks
    def webhooks(self, base: str) -> list[Body]:
        """Those this token or integration made in a base, with where they report to and how that went."""
        reply = self.session.call("webhooks", "GET", _hooks(base), bucket=base)
        self.answered_at = _date(reply)
        found: list[Body] = read(reply)["webhooks"]
        return found

    # https://airtable.com/developers/web/api/create-a-webhook
    def create_webhook(self, base: str, url: str, specification: Mapping[str, Any]) -> Body:
        """A new one, which ends after seven days; its `macSecretBase64` is told this once. Repeated, it is another."""
        json: Body = {"notificationUrl": url, "specification": dict(specification)}
        return read(self.session.call("create_webhook", "POST", _hooks(base), json=json, bucket=base))

    # https://airtable.com/developers/web/api/list-webhook-payloads
    def payloads(self, base: str, webhook: str, cursor: int) -> Body:
        """At most 50 from this number on, the next `cursor`, and whether there `mightHaveMore`. It keeps the webhook
        alive, too."""
        params = {"cursor": str(cursor)}
        path = f"{_hooks(base)}/{_word(webhook)}/payloads"
        return read(self.session.call("payloads", "GET", path, params=params, bucket=base))

    # https://airtable.com/developers/web/api/refresh-a-webhook
    def refresh_webhook(self, base: str, webhook: str) -> Body:
        """It lives seven days from now on: `expirationTime`."""
        path = f"{_hooks(base)}/{_word(webhook)}/refresh"
        return read(self.session.call("refresh_webhook", "POST", path, bucket=base, repeatable=True))

    # https://airtable.com/developers/web/api/enable-disable-webhook-notifications
    def enable_notifications(self, base: str, webhook: str) -> None:
        """Airtable stops its pings when they did not arrive for about a day."""
        path = f"{_hooks(base)}/{_word(webhook)}/enableNotifications"
        self.session.call("enable_notifications", "POST", path, json={"enable": True}, bucket=base, repeatable=True)

    # https://airtable.com/developers/web/api/delete-a-webhook
    def delete_webhook(self, base: str, webhook: str) -> None:
        """Gone with its payloads."""
        path = f"{_hooks(base)}/{_word(webhook)}"
        self.session.call("delete_webhook", "DELETE", path, bucket=base, repeatable=True)

    def _write(self, operation: str, base: str, table: str, json: Body, rows: int) -> Body:
        return read(self.session.call(operation, "PATCH", _path(base, table), json=json, bucket=base, rows=rows))


def any_of(ids: Sequence[str]) -> str:
    """The formula of the records with these ids."""
    return "OR(" + ",".join(f"RECORD_ID()={quoted(one)}" for one in ids) + ")"


def quoted(text: str) -> str:
    """A text inside a formula."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _told(**given: Any) -> Body:
    """What is worth saying: the rest is left to Airtable's defaults."""
    return {name: value for name, value in given.items() if value}


def _date(reply: Reply) -> datetime | None:
    """When the provider answered, by its own clock; None where it does not say."""
    try:
        return parsedate_to_datetime(reply.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None


def _word(text: str) -> str:
    """One path segment, whatever is in it."""
    return quote(text, safe="")


def _path(base: str, table: str) -> str:
    return f"/v0/{_word(base)}/{_word(table)}"


def _hooks(base: str) -> str:
    return f"/v0/bases/{_word(base)}/webhooks"


def _schema(base: str, table: str) -> str:
    return f"/v0/meta/bases/{_word(base)}/tables/{_word(table)}"


def read(reply: Reply) -> Body:
    """The body as an object. A page of something in between (a proxy, say) is no answer: the call may have worked."""
    try:
        body = reply.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    raise TransientError(
        _("Something between the hub and Airtable answered in its place. The hub tries again by itself."),
        code="not_json",
        status=reply.status,
        unsure=True,
    )
