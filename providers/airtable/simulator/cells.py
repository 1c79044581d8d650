"""Cell values: what each field type takes and what it refuses.

https://airtable.com/developers/web/api/field-model
"""

from __future__ import annotations

import math
import mimetypes
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from integration_hub.contract.api import Json
from providers.airtable.simulator.draft import Draft
from providers.airtable.simulator.errors import COMPUTED, AirtableError
from providers.airtable.simulator.fields import is_computed
from providers.airtable.simulator.model import Field
from providers.airtable.simulator.typecast import loosen

LONGEST = 100_000  # characters of a text cell


class Unfit(ValueError):
    """The value does not fit the field."""


def is_empty(value: Json) -> bool:
    """What Airtable leaves out of an answer."""
    return value is None or value is False or value == "" or value == []


def accept(value: Json, field: Field, draft: Draft) -> Json:
    """The value as it will be stored, None to clear the cell; refused as Airtable refuses it."""
    if field.locked:
        raise AirtableError("INVALID_PERMISSIONS", f"write cell values in field {field.name} ({field.id})")
    if is_computed(field):
        raise AirtableError("INVALID_VALUE_FOR_COLUMN", message=COMPUTED.format(field.name))
    if value is None or value == "" or value == []:
        return None
    if draft.typecast:
        value = loosen(value, field)
    try:
        stored = WRITERS[field.type](value, field, draft)
    except Unfit:
        raise AirtableError("INVALID_VALUE_FOR_COLUMN", field.name) from None
    return None if is_empty(stored) else stored


def _text(value: Json, field: Field, draft: Draft) -> Json:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Unfit
    return value


def _number(value: Json, field: Field, draft: Draft) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unfit
    return value


def _rating(value: Json, field: Field, draft: Draft) -> Json:
    most = (field.options or {}).get("max", 10)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Unfit
    return value


def _checkbox(value: Json, field: Field, draft: Draft) -> Json:
    if not isinstance(value, bool):
        raise Unfit
    return value


def _date(value: Json, field: Field, draft: Draft) -> Json:
    return _moment(value, UTC).date().isoformat()


def _date_time(value: Json, field: Field, draft: Draft) -> Json:
    moment = _moment(value, _zone(field)).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _zone(field: Field) -> Any:
    """Texts without a zone are read in the field's own, where that is a fixed one."""
    name = (field.options or {}).get("timeZone", "utc")
    return UTC if name in ("utc", "client") else ZoneInfo(name)


def _moment(value: Json, zone: Any) -> datetime:
    if not isinstance(value, str):
        raise Unfit
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise Unfit from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _single_select(value: Json, field: Field, draft: Draft) -> Json:
    if not isinstance(value, str):
        raise Unfit
    return draft.choice(field, value)


def _multiple_selects(value: Json, field: Field, draft: Draft) -> Json:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Unfit
    return [draft.choice(field, str(each)) for each in dict.fromkeys(map(str, value))]


def _links(value: Json, field: Field, draft: Draft) -> Json:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Unfit
    return [draft.linked(field, each) for each in dict.fromkeys(map(str, value))]


def _collaborator(value: Json, field: Field, draft: Draft) -> Json:
    for user in draft.users:
        if isinstance(value, dict) and (value.get("id") or value.get("email")) in (user["id"], user["email"]):
            return dict(user)
    raise Unfit


def _collaborators(value: Json, field: Field, draft: Draft) -> Json:
    if not isinstance(value, list):
        raise Unfit
    return [_collaborator(each, field, draft) for each in value]


def _barcode(value: Json, field: Field, draft: Draft) -> Json:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str) or set(value) - {"text", "type"}:
        raise Unfit
    return value


def _attachments(value: Json, field: Field, draft: Draft) -> Json:
    """A whole cell: files that are there by `id`, others by `url`. Those are not fetched, only noted."""
    if not isinstance(value, list):
        raise AirtableError("INVALID_ATTACHMENT_OBJECT", field.name)
    return [_attachment(each, field, draft) for each in value]


def _attachment(given: Json, field: Field, draft: Draft) -> Json:
    if isinstance(given, dict) and given.get("id") in draft.files:
        return draft.file(str(given["id"]))
    url = given.get("url") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise AirtableError("INVALID_ATTACHMENT_OBJECT", field.name)
    name = str(given.get("filename") or url.rsplit("/", 1)[-1] or "file")
    return draft.note(name, mimetypes.guess_type(name)[0] or "application/octet-stream")


WRITERS: dict[str, Callable[[Json, Field, Draft], Json]] = {
    **dict.fromkeys(("singleLineText", "multilineText", "richText", "email", "url", "phoneNumber"), _text),
    **dict.fromkeys(("number", "percent", "currency", "duration"), _number),
    "rating": _rating,
    "checkbox": _checkbox,
    "date": _date,
    "dateTime": _date_time,
    "singleSelect": _single_select,
    "multipleSelects": _multiple_selects,
    "multipleRecordLinks": _links,
    "singleCollaborator": _collaborator,
    "multipleCollaborators": _collaborators,
    "barcode": _barcode,
    "multipleAttachments": _attachments,
}
