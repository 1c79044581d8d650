"""What payloads say, without asking anybody. Pure.

https://airtable.com/developers/web/api/model/webhooks-payload – tables, records and fields are named by id. What a
payload says of cells is never taken over: it tells which rows to read, and lets an echo of our own writing be known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from integration_hub.contract.api import Json
from integration_hub.sync.merge import cell

Cells: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True)
class Change:
    """What became of one row: `now` are the cells that changed and `before` what they held, by field id and comparable
    (`sync.merge.cell`). `by`: the user whose token wrote it through the API; empty where a person or anything else did.
    `at` and `who`: when it was made, and the name or address of the user it is ascribed to, where one is named."""

    table: str
    record: str
    now: Cells = field(default_factory=dict)
    before: Cells = field(default_factory=dict)
    made: bool = False
    gone: bool = False
    by: str = ""
    at: datetime | None = None
    who: str = ""


@dataclass(frozen=True)
class News:
    """What some payloads say, the oldest first. `schema`: tables or fields changed. `broken`: Airtable's word for a
    payload it could not make, so that something may be missing."""

    changes: Sequence[Change] = ()
    schema: bool = False
    broken: str = ""


def read(payloads: Sequence[Mapping[str, Any]]) -> News:
    """Whatever is not as expected says nothing."""
    broken = [str(one.get("code") or "unknown") for one in payloads if one.get("error")]
    changes = [change for one in payloads if not one.get("error") for change in _changes(one)]
    return News(changes, any(_is_about_schema(one) for one in payloads), broken[-1] if broken else "")


def is_echo(payloads: Sequence[Mapping[str, Any]], user: str) -> bool:
    """Whether they tell of nothing but what this user's token wrote."""
    return bool(user) and all(
        not one.get("error") and _author(one.get("actionMetadata") or {}) == user for one in payloads
    )


def _changes(payload: Mapping[str, Any]) -> Iterator[Change]:
    action = payload.get("actionMetadata") or {}
    made_by: Any = {"by": _author(action), "at": _moment(payload.get("timestamp")), "who": _who(action)}
    for table, told in (payload.get("changedTablesById") or {}).items():
        for record, made in (told.get("createdRecordsById") or {}).items():
            yield Change(table, record, _cells(made), made=True, **made_by)
        for record, moved in (told.get("changedRecordsById") or {}).items():
            yield Change(table, record, _cells(moved.get("current")), _cells(moved.get("previous")), **made_by)
        for record in told.get("destroyedRecordIds") or ():
            yield Change(table, str(record), gone=True, **made_by)


def _author(action: Mapping[str, Any]) -> str:
    if action.get("source") != "publicApi":
        return ""
    return str(_user(action).get("id") or "")


def _who(action: Mapping[str, Any]) -> str:
    user = _user(action)
    return str(user.get("name") or user.get("email") or "")


def _user(action: Mapping[str, Any]) -> Mapping[str, Any]:
    return (action.get("sourceMetadata") or {}).get("user") or {}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _cells(told: Mapping[str, Any] | None) -> dict[str, Json]:
    return {key: flat(value) for key, value in ((told or {}).get("cellValuesByFieldId") or {}).items()}


def flat(value: Json) -> Json:
    """A cell of a payload as the records API would give it, comparable: there, choices are words and links are ids."""
    if isinstance(value, list):
        return cell([_one(each) for each in value])
    return cell(_one(value))


def _one(value: Json) -> Json:
    if isinstance(value, dict) and str(value.get("id", "")).startswith("sel"):
        return value.get("name")
    return value


SCHEMA = ("createdTablesById", "destroyedTableIds")
TABLE_SCHEMA = ("createdFieldsById", "changedFieldsById", "destroyedFieldIds", "changedMetadata")


def _is_about_schema(payload: Mapping[str, Any]) -> bool:
    tables = (payload.get("changedTablesById") or {}).values()
    return any(payload.get(key) for key in SCHEMA) or any(told.get(key) for told in tables for key in TABLE_SCHEMA)
