"""A provider on paper: declared, never called over the network. Its key "good-…" works, others do not."""

from collections.abc import Mapping, Sequence
from typing import Any

from integration_hub.contract import (
    Account,
    Api,
    ApiKey,
    AuthFailed,
    MappedField,
    Provider,
    ReadyTarget,
    RecordType,
    Row,
    Secret,
    Setting,
    Sink,
    Target,
    TransientError,
    Written,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value


class PaperSink(Sink[str]):
    key = "records"

    def ready(self, client: str, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        fields = tuple(MappedField(f, f"col_{f.name}", str(f.label), "text") for f in record_type.fields[:3])
        return ReadyTarget("Drawer · Orders", {"drawer": "1"}, "col_hub", fields)

    def convert(self, value: Value, mapped: MappedField) -> Json:
        return None if value is None else str(value)

    def upsert(self, client: str, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        return [Written(row.hub_id, f"sheet-{row.hub_id}", dict(row.cells), created=True) for row in rows]

    def delete(self, client: str, target: Target, remote_ids: Sequence[str]) -> None:
        return None


class Paper(Provider):
    key = "paper"
    name = "Paper"
    category = "tests"
    summary = "Writes orders on paper."
    auth = ApiKey(
        (Secret("api_key", "Drawer key", hint="A key begins with good- or bad-.", pattern=r"(good|bad|slow)-\w+"),),
        (Setting("drawer", "Drawer", required=True, default="1"),),
    )
    settings = (
        Setting("auto_sync_enabled", "Sync by itself", "switch", default=False),
        Setting(
            "sync_interval", "Full check every", "choice", default=60, choices=(("15", "15 minutes"), ("60", "hour"))
        ),
    )
    api = Api("http://127.0.0.1:1")
    sinks = (PaperSink(),)
    ready = ("order",)

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": secrets["api_key"]}

    def client(self, session: Any) -> str:
        return str(session.headers["Authorization"])

    def check(self, client: str) -> Account:
        """The key itself says what comes of it: good-<owner>, bad-…, slow-…"""
        kind, _dash, owner = client.partition("-")
        if kind == "bad":
            raise AuthFailed("Paper does not know this key.")
        if kind == "slow":
            raise TransientError("Paper did not answer in time. Try again in a minute.")
        return Account(owner, f"Drawer of {owner}")


PROVIDER = Paper()
