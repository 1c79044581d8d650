"""A toy world for the engine's tests: a table of records, a provider, and a remote that can misbehave on order."""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from integration_hub.contract import (
    Account,
    Api,
    ApiKey,
    Entry,
    Field,
    MappedField,
    Page,
    Provider,
    ReadyTarget,
    RecordType,
    Rejected,
    RemoteRow,
    Row,
    Secret,
    Setting,
    Sink,
    Target,
    Unfit,
    Written,
    registry,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value, Values
from integration_hub.sync import outbox, sql

TABLE = "toy_records"
OVERWRITTEN: list[tuple[str, Any, Any]] = []  # what the engine wrote over: side, which, the value that was there


# --- our side: a table ----------------------------------------------------------------------------------------------


def create_table() -> None:
    sql.execute(
        f"CREATE TABLE IF NOT EXISTS {TABLE} (id char(32) PRIMARY KEY, company char(32) NOT NULL, val varchar(200))"
    )


def put(company_id: UUID, record: UUID, value: str, *, prio: int = 1) -> None:
    """Create or change a record, as a service would: the row and its work in one transaction."""
    with transaction.atomic():
        sql.execute(
            f"INSERT INTO {TABLE} (id, company, val) VALUES (%s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET val = excluded.val",
            [record.hex, company_id.hex, value],
        )
        outbox.enqueue("toy", company_id, [record], prio=prio)


def drop(company_id: UUID, record: UUID) -> None:
    with transaction.atomic():
        sql.execute(f"DELETE FROM {TABLE} WHERE id = %s", [record.hex])
        outbox.enqueue("toy", company_id, [record])


def rows(company_id: UUID) -> dict[UUID, str]:
    with sql.cursor() as cursor:
        cursor.execute(f"SELECT id, val FROM {TABLE} WHERE company = %s", [company_id.hex])
        return {UUID(key): value for key, value in cursor.fetchall()}


def load(company_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, Values]:
    mine = rows(company_id)
    if "unreadable" in (mine.get(record) for record in ids):
        raise ZeroDivisionError("planted")
    return {record: {"val": mine[record], "fixed": "same"} for record in ids if record in mine}


def scan(company_id: UUID, after: UUID | None, limit: int) -> Sequence[UUID]:
    return sorted(record for record in rows(company_id) if after is None or record > after)[:limit]


def save(company_id: UUID, entry: Entry) -> UUID:
    """As a service would, by its own rules: text is trimmed, and one word is refused."""
    record = entry.id or uuid.uuid4()
    value = str(entry.values.get("val") or "").strip()
    if value.startswith(REFUSED):
        raise Unfit({"val": ["This word is refused."]})
    if entry.id is None or "val" in entry.values:
        OVERWRITTEN.append(("ours", record, rows(company_id).get(record)))
        put(company_id, record, value)
    return record


REFUSED = "refuse"
DROPPED: dict[UUID, str] = {}  # what deleted records held


def remove(company_id: UUID, record: UUID) -> None:
    DROPPED[record] = rows(company_id)[record]
    drop(company_id, record)


def restore(company_id: UUID, record: UUID) -> None:
    if record not in DROPPED:
        raise Unfit({"": ["It is not kept any more."]})
    put(company_id, record, DROPPED[record])


def find(company_id: UUID, name: str, values: Sequence[str]) -> Mapping[str, Sequence[UUID]]:
    mine = sorted(rows(company_id).items())
    found = {value: [pk for pk, held in mine if held.lower() == value.lower()] for value in values}
    return {value: ids for value, ids in found.items() if ids}


TOY = RecordType(
    key="toy",
    label="Toy",
    plural="Toys",
    fields=(Field("val", "Value", identifies=True), Field("fixed", "Fixed")),
    load=load,
    scan=scan,
    count=lambda company_id: len(rows(company_id)),
    title=lambda values: str(values["val"]),
    address=lambda record: f"/toys/{record}/",
    lock=lambda company_id, ids: None,
    save=save,
    remove=remove,
    restore=restore,
    find=find,
)


# --- their side: a remote in memory ---------------------------------------------------------------------------------


@dataclass
class Remote:
    """Rows by remote id. `before` and `after` run around every call's effect and may raise or sleep. `overlaps`: how
    often a row was in two calls at once; `most`: how many calls were in flight at once."""

    rows: dict[str, dict[str, Json]] = field(default_factory=dict)
    calls: list[tuple[str, int]] = field(default_factory=list)
    before: Callable[[str, Sequence[Any]], None] | None = None
    after: Callable[[str, Sequence[Any]], None] | None = None
    busy: dict[str, int] = field(default_factory=dict)
    overlaps: int = 0
    flying: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    moves: dict[str, int] = field(default_factory=dict)  # when each row was changed, by a clock that only counts
    clock: int = 0
    hidden: set[str] = field(default_factory=set)  # rows that listings leave out although they are there

    def by_hub_id(self) -> dict[UUID, dict[str, Json]]:
        return {UUID(str(cells["hub"])): cells for cells in self.rows.values() if cells.get("hub")}

    def edit(self, remote_id: str, **cells: Json) -> str:
        """Somebody changes or adds a row over there; None empties a cell."""
        with self.lock:
            self.rows.setdefault(remote_id, {}).update(cells)
            self.moved(remote_id)
        return remote_id

    def moved(self, remote_id: str) -> None:
        self.clock += 1
        self.moves[remote_id] = self.clock

    def reset(self) -> None:
        self.rows.clear()
        self.moves.clear()
        self.hidden.clear()
        self.clock = 0
        self.calls.clear()
        self.busy.clear()
        self.before = self.after = None
        self.overlaps = self.flying = self.most = 0

    @contextmanager
    def carrying(self, keys: Sequence[str]) -> Iterator[None]:
        """A call with these rows is on its way."""
        with self.lock:
            self.overlaps += sum(bool(self.busy.get(key)) for key in keys)
            self.busy.update({key: self.busy.get(key, 0) + 1 for key in keys})
            self.flying += 1
            self.most = max(self.most, self.flying)
        try:
            yield
        finally:
            with self.lock:
                self.busy.update({key: self.busy[key] - 1 for key in keys})
                self.flying -= 1


REMOTE = Remote()


class ToySink(Sink[Remote]):
    key = "records"
    batch = 10
    readable = True

    def ready(self, client: Remote, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        return ReadyTarget(
            "Toys",
            {"table": str(settings.get("table", "one"))},
            "hub",
            tuple(MappedField(f, f"f_{f.name}", f.label, "text") for f in TOY.fields),
        )

    def convert(self, value: Value, mapped: MappedField) -> Json:
        if value == "unfit":
            raise Rejected("Value does not fit.")
        if value == "bug":
            raise ZeroDivisionError("planted")
        return None if value is None else str(value)

    def upsert(self, client: Remote, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        outside_transactions()
        with client.carrying([row.hub_id for row in rows]):
            client.calls.append(("upsert", len(rows)))
            if client.before:
                client.before("upsert", rows)
            written = [self.write(client, row) for row in rows]
            if client.after:
                client.after("upsert", rows)
            return written

    def write(self, client: Remote, row: Row) -> Written:
        with client.lock:
            found = row.remote_id or next((k for k, v in client.rows.items() if v.get("hub") == row.hub_id), None)
            remote_id = found or f"rec{uuid.uuid4().hex[:14]}"
            if "f_val" in row.cells:
                OVERWRITTEN.append(("theirs", remote_id, client.rows.get(remote_id, {}).get("f_val")))
            client.rows.setdefault(remote_id, {}).update({"hub": row.hub_id, **row.cells})
            client.moved(remote_id)
            # As providers do: the whole row, also what somebody else changed in it.
            return Written(row.hub_id, remote_id, dict(client.rows[remote_id]), created=found is None)

    def delete(self, client: Remote, target: Target, remote_ids: Sequence[str]) -> None:
        outside_transactions()
        with client.carrying(remote_ids):
            client.calls.append(("delete", len(remote_ids)))
            if client.before:
                client.before("delete", remote_ids)
            for remote_id in remote_ids:
                client.rows.pop(remote_id, None)
                client.moves.pop(remote_id, None)
            if client.after:
                client.after("delete", remote_ids)

    def read(self, client: Remote, target: Target, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, Json]]:
        outside_transactions()
        client.calls.append(("read", len(remote_ids)))
        if client.before:
            client.before("read", remote_ids)
        return {key: dict(client.rows[key]) for key in remote_ids if key in client.rows}

    def page(self, client: Remote, target: Target, cursor: Json) -> Page:
        """Three rows a page, by id; after the last one, what moved since it began."""
        outside_transactions()
        at: Any = cursor or {"since": 0, "began": client.clock, "after": ""}
        client.calls.append(("page", 0))
        if client.before:
            client.before("page", [cursor])
        found = sorted(
            key
            for key in client.rows
            if client.moves[key] > at["since"] and key > at["after"] and key not in client.hidden
        )
        rows = [RemoteRow(key, dict(client.rows[key])) for key in found[:3]]
        if len(found) > 3:
            return Page(rows, {**at, "after": found[2]}, last=False)
        return Page(rows, {"since": at["began"], "began": client.clock, "after": ""}, last=True)

    def back(self, cell: Json, mapped: MappedField) -> Value:
        if cell == "unreadable":
            raise Rejected("It cannot be read.")
        return None if cell is None else str(cell)


def outside_transactions() -> None:
    """Invariant 6: no transaction is open during an outside call, but the test case's own."""
    own = [block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)]
    assert not own, "an outside call inside a transaction"


class Toy(Provider):
    key = "toy"
    name = "Toy"
    category = "tests"
    auth = ApiKey(
        (Secret("api_key", "Key"),),
        (
            Setting("table", "Table", default="one"),
            Setting("auto_sync_enabled", "Automatic", "switch", default=True),
            Setting("sync_interval", "Every", "choice", default="60", choices=(("15", "15 min"), ("60", "1 h"))),
        ),
    )
    api = Api("http://127.0.0.1:1")
    sinks = (ToySink(),)
    ready = ("toy",)

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {secrets['api_key']}"}

    def client(self, session: Any) -> Remote:
        return REMOTE

    def check(self, client: Remote) -> Account:
        return Account("toy", "Toy account")


PROVIDER = Toy()


def register() -> None:
    registry.register(PROVIDER)
    registry.register_record_type(TOY)


def unregister() -> None:
    registry._providers.pop("toy", None)
    registry._record_types.pop("toy", None)


def failing(*errors, times=1):
    """A hook that raises these errors in turn, `times` each, then lets calls through."""
    left = [error for error in errors for _ in range(times)]

    def hook(operation, rows):
        if left:
            raise left.pop(0)

    return hook
