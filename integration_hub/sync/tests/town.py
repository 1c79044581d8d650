"""A toy town for mappings: people and houses here, tables with fields of a type over there, all in memory.

A person lives in a house: the field `home` is a link. Over there every table can be changed as people change tables.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from integration_hub.contract import (
    Account,
    Api,
    ApiKey,
    Field,
    FieldRefused,
    MappedField,
    Provider,
    ReadyTarget,
    RecordType,
    Ref,
    Rejected,
    RemoteField,
    Resource,
    Row,
    Secret,
    Setting,
    Sink,
    Target,
    Written,
    registry,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value, Values
from integration_hub.sync import outbox
from integration_hub.sync.tests.toy import outside_transactions

# --- our side ---------------------------------------------------------------------------------------------------------

OURS: dict[str, dict[UUID, dict[str, Value]]] = {"person": {}, "house": {}}


def put(company_id: UUID, kind: str, record: UUID, **values: Value) -> UUID:
    """Create or change a record as a service would."""
    with transaction.atomic():
        OURS[kind][record] = {**OURS[kind].get(record, {}), **values}
        outbox.enqueue(kind, company_id, [record])
    return record


def drop(company_id: UUID, kind: str, record: UUID) -> None:
    with transaction.atomic():
        del OURS[kind][record]
        outbox.enqueue(kind, company_id, [record])


def _type(key: str, fields: tuple[Field, ...], title: str) -> RecordType:
    def scan(company: UUID, after: UUID | None, limit: int) -> Sequence[UUID]:
        return sorted(record for record in OURS[key] if after is None or record > after)[:limit]

    def load(company: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Values]:
        return {record: OURS[key][record] for record in ids if record in OURS[key]}

    return RecordType(
        key,
        key.title(),
        f"{key}s",
        fields,
        load,
        scan,
        lambda company: len(OURS[key]),
        lambda values: str(values.get(title) or ""),
        lambda record: f"/{key}/{record}/",
    )


PERSON = _type(
    "person",
    (
        Field("name", "Name"),
        Field("mood", "Mood", "choice", choices=("glad", "sad")),
        Field("age", "Age", "integer"),
        Field("home", "Home", "link", to="house"),
    ),
    "name",
)
HOUSE = _type("house", (Field("street", "Street"),), "street")


# --- their side -------------------------------------------------------------------------------------------------------


@dataclass
class Table:
    """A remote table: fields by id, rows by id. `closed`: fields nobody of ours may write."""

    id: str
    label: str
    fields: dict[str, RemoteField]
    rows: dict[str, dict[str, Json]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def by_hub_id(self) -> dict[UUID, dict[str, Json]]:
        return {UUID(str(cells["hub"])): cells for cells in self.rows.values()}

    def resource(self) -> Resource:
        return Resource("table", self.id, self.label, "town", {"fields": list(self.fields)})


class Town:
    """All remote tables, and the calls made so far. `before` runs before a write has effect."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.calls: list[str] = []
        self.before: Callable[[Target, Sequence[Row]], None] | None = None
        self.tables = {
            "people": Table(
                "people",
                "People",
                _fields(
                    ("hub", "text"),
                    ("f_name", "text"),
                    ("f_mood", "choice"),
                    ("f_age", "number"),
                    ("f_home", "link"),
                    ("f_sum", "formula"),
                ),
            ),
            "houses": Table("houses", "Houses", _fields(("hub", "text"), ("f_street", "text"))),
        }
        self.change("people", "f_mood", options={"choices": ["glad"]})
        self.change("people", "f_home", options={"table": "houses"})

    def change(self, table: str, field_id: str, **told: Any) -> None:
        """Rename, retype or give other options to a field."""
        now = self.tables[table].fields[field_id]
        self.tables[table].fields[field_id] = _field(
            field_id, told.get("type", now.type), told.get("label", now.label), told.get("options", now.options)
        )


def _field(key: str, kind: str, label: str = "", options: Mapping[str, Json] | None = None) -> RemoteField:
    return RemoteField(key, label or key.removeprefix("f_"), kind, kind.title(), kind != "formula", options or {})


def _fields(*pairs: tuple[str, str]) -> dict[str, RemoteField]:
    return {key: _field(key, kind) for key, kind in pairs}


TOWN = Town()
TAKES = {"text": {"text", "choice", "integer", "link"}, "choice": {"choice"}, "number": {"integer"}, "link": {"link"}}


def listed(resource: Resource) -> list[Json]:
    """The ids of the fields the resource was seen with."""
    found = resource.details["fields"]
    assert isinstance(found, list)
    return found


def choices(mapped: MappedField) -> list[Json]:
    found = mapped.options.get("choices", [])
    assert isinstance(found, list)
    return found


class TownSink(Sink[Town]):
    key = "records"
    batch = 10
    mappable = True

    def ready(self, client: Town, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        raise AssertionError("this town has no ready mappings")

    def place(self, resource: Resource) -> Mapping[str, str]:
        return {"table": resource.id}

    def resource_id(self, place: Mapping[str, str]) -> str:
        return place["table"]

    def fields(self, resource: Resource) -> tuple[RemoteField, ...]:
        table = TOWN.tables[resource.id]
        return tuple(table.fields[key] for key in table.fields if key in listed(resource))

    def merge_field(self, resource: Resource) -> str:
        return "hub" if "hub" in listed(resource) else ""

    def takes(self, ours: Field, theirs: RemoteField) -> bool:
        return ours.kind in TAKES.get(theirs.type, set())

    def suggest(self, record_type: RecordType, resource: Resource) -> Mapping[str, str]:
        there = listed(resource)
        return {mine.name: f"f_{mine.name}" for mine in record_type.fields if f"f_{mine.name}" in there}

    def links_to(self, mapped: MappedField) -> str:
        return str(mapped.options.get("table", "")) if mapped.remote_type == "link" else ""

    def look(self, client: Town, place: Mapping[str, str]) -> Resource | None:
        outside_transactions()
        client.calls.append("look")
        table = client.tables.get(place["table"])
        return table.resource() if table else None

    def read(self, client: Town, target: Target, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, Json]]:
        outside_transactions()
        client.calls.append("read")
        rows = client.tables[target.place["table"]].rows
        return {remote_id: dict(rows[remote_id]) for remote_id in remote_ids if remote_id in rows}

    def convert(self, value: Value, mapped: MappedField) -> Json:
        if mapped.remote_type == "choice" and not mapped.create_choices and value not in (None, *choices(mapped)):
            raise FieldRefused(f"There is no choice {value}.", fields=(mapped.remote_id,), code="missing_choice")
        if value == "unfit":
            raise Rejected("Value does not fit.")
        if isinstance(value, Ref):
            return [value.remote_id] if mapped.remote_type == "link" else value.title
        return value if isinstance(value, int) else str(value) if value else None

    def upsert(self, client: Town, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        outside_transactions()
        client.calls.append("write")
        if client.before:
            client.before(target, rows)
        table = client.tables[target.place["table"]]
        for row in rows:
            self.check(table, row)
        return [self.write(table, row) for row in rows]

    def check(self, table: Table, row: Row) -> None:
        for key in row.cells:
            if key not in table.fields:
                raise FieldRefused(f"Unknown field {key}.", fields=(key,), lasting=False, code="unknown_field")
            if key in table.closed:
                raise FieldRefused(f"You may not write {key}.", fields=(key,), code="closed")
            if table.fields[key].type == "number" and not isinstance(row.cells[key], int | None):
                raise FieldRefused(f"{key} takes no such value.", fields=(key,), lasting=False, code="value")

    def write(self, table: Table, row: Row) -> Written:
        found = row.remote_id or next((k for k, v in table.rows.items() if v["hub"] == row.hub_id), None)
        remote_id = found or f"rec{uuid.uuid4().hex[:14]}"
        table.rows.setdefault(remote_id, {"hub": row.hub_id}).update(row.cells)
        return Written(row.hub_id, remote_id, dict(table.rows[remote_id]), created=found is None)

    def delete(self, client: Town, target: Target, remote_ids: Sequence[str]) -> None:
        outside_transactions()
        for remote_id in remote_ids:
            client.tables[target.place["table"]].rows.pop(remote_id, None)


class TownProvider(Provider):
    key = "town"
    name = "Town"
    category = "tests"
    auth = ApiKey((Secret("api_key", "Key"),), (Setting("auto_sync_enabled", "Automatic", "switch", default=True),))
    api = Api("http://127.0.0.1:1")
    sinks = (TownSink(),)

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {}

    def client(self, session: Any) -> Town:
        return TOWN

    def check(self, client: Town) -> Account:
        return Account("town", "Town account")


PROVIDER = TownProvider()


def register() -> None:
    registry.register(PROVIDER)
    registry.register_record_type(PERSON)
    registry.register_record_type(HOUSE)
    TOWN.reset()
    OURS["person"].clear()
    OURS["house"].clear()


def unregister() -> None:
    registry._providers.pop("town", None)
    for key in OURS:
        registry._record_types.pop(key, None)
