"""A provider that accepts one key and has one table."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from integration_hub.contract import (
    Account,
    Api,
    ApiKey,
    AuthFailed,
    ConfigError,
    MappedField,
    Provider,
    ProviderError,
    ReadyTarget,
    RecordType,
    Row,
    Secret,
    Setting,
    Sink,
    Target,
    Written,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value
from integration_hub.http.door import refuse_inside_transaction

KEY, OTHER_KEY = "key-good-12345", "key-other-12345"


class ToySink(Sink[Any]):
    missing: ClassVar[str] = ""

    def ready(self, client: Any, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        if self.missing:
            raise ConfigError(self.missing)
        number = MappedField(record_type.field("order_number"), "f1", "Number", "text")
        return ReadyTarget("Orders → toys", {"table": "toys"}, "hub", (number,))

    def convert(self, value: Value, mapped: MappedField) -> Json:
        return None if value is None else str(value)

    def upsert(self, client: Any, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        return [Written(row.hub_id, f"rec{row.hub_id[:8]}", row.cells, created=True) for row in rows]

    def delete(self, client: Any, target: Target, remote_ids: Sequence[str]) -> None:
        return None


class Toy(Provider):
    key = "toy"
    name = "Toy box"
    category = "tests"
    summary = "Keeps toys."
    auth = ApiKey(
        secrets=(Secret("api_key", "Key", hint="A key begins with key-.", pattern=r"key-[\w-]+"), Secret("pin", "PIN")),
        settings=(
            Setting("place", "Place", default="here"),
            Setting("auto_sync_enabled", "Automatic", kind="switch", default=True),
            Setting("sync_interval", "Every", kind="choice", default=60, choices=(("15", "15 min"), ("60", "1 h"))),
        ),
    )
    api = Api(base_url="http://127.0.0.1:1")
    sinks = (ToySink(),)
    ready = ("order",)
    trouble: ProviderError | None = None

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"X-Key": secrets["api_key"]}

    def client(self, session: Any) -> Any:
        return session

    def check(self, client: Any) -> Account:
        refuse_inside_transaction()
        if self.trouble:
            raise self.trouble
        key = client.headers["X-Key"]
        if key not in (KEY, OTHER_KEY):
            raise AuthFailed("Toy box does not know this key.")
        return Account("acc-" + key, f"{key[4:8]}@example.com")
