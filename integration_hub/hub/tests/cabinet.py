"""A mappable provider on paper: cabinets with folders, whose sheets have columns. In memory, never over the network."""

from collections.abc import Mapping, Sequence
from typing import Any

from integration_hub.contract import (
    Account,
    Api,
    ApiKey,
    ConfigError,
    Field,
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
    Sink,
    Target,
    Written,
)
from integration_hub.contract.api import Json
from integration_hub.contract.records import Value

HUB = "col-hub"
TEXTS = {"text", "long_text", "email", "phone", "choice", "money", "datetime", "link", "integer", "number", "file"}
TAKES = {"text": TEXTS, "choice": {"choice"}, "number": {"money", "integer", "number"}, "date": {"datetime", "date"}}
TAKES |= {"link": {"link"}, "formula": set()}


def column(key: str, label: str, kind: str = "text", **options: Json) -> dict[str, Json]:
    return {"id": key, "label": label, "type": kind, "options": options}


def folder(key: str, label: str, *columns: dict[str, Json], within: str = "cab1") -> Resource:
    return Resource("table", key, label, within, {"columns": list(columns)})


def cabinet(key: str = "cab1", label: str = "Sales", permission: str = "create") -> Resource:
    return Resource("base", key, label, "", {"permission": permission})


ORDERS = folder(
    "tab1",
    "Comenzi",
    column(HUB, "Hub ID"),
    column("col1", "Order number"),
    column("col2", "Status", "choice"),
    column("col3", "Total", "number"),
    column("col4", "Placed", "date"),
    column("col5", "Customer (link)", "link", table="tab2"),
    column("col6", "Sum", "formula"),
    column("col7", "Remarks"),
)
CLIENTS = folder("tab2", "Clienți", column(HUB, "Hub ID"), column("col8", "Name"))


class Made:
    """What was asked to be made, and what is said instead of making it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.tables: list[tuple[str, str, str, tuple[str, ...]]] = []
        self.fields: list[tuple[str, ...]] = []
        self.refuses = ""


MADE = Made()


class CabinetSink(Sink[str]):
    key = "records"
    mappable = True
    readable = True

    def ready(self, client: str, settings: Mapping[str, Any], record_type: RecordType) -> ReadyTarget:
        raise ConfigError("Cabinets have no ready mappings.")

    def convert(self, value: Value, mapped: MappedField) -> Json:
        if value == "unfit":
            raise Rejected("A cabinet takes no such value.")
        if isinstance(value, Ref):
            return [value.remote_id] if value.remote_id else value.title
        return None if value is None else str(value)

    def upsert(self, client: str, target: Target, rows: Sequence[Row]) -> Sequence[Written]:
        return [Written(row.hub_id, f"sheet-{row.hub_id}", dict(row.cells), created=True) for row in rows]

    def delete(self, client: str, target: Target, remote_ids: Sequence[str]) -> None:
        return None

    def place(self, resource: Resource) -> Mapping[str, str]:
        return {"cabinet": resource.parent, "folder": resource.id}

    def resource_id(self, place: Mapping[str, str]) -> str:
        return place.get("folder", "")

    def fields(self, resource: Resource) -> tuple[RemoteField, ...]:
        return tuple(
            RemoteField(c["id"], c["label"], c["type"], c["type"].title(), c["type"] != "formula", c["options"])
            for c in _columns(resource)
        )

    def merge_field(self, resource: Resource) -> str:
        return HUB if any(c["id"] == HUB for c in _columns(resource)) else ""

    def takes(self, ours: Field, theirs: RemoteField) -> bool:
        return ours.kind in TAKES[theirs.type]

    def gives(self, ours: Field, theirs: RemoteField) -> bool:
        return ours.kind in (TAKES["number"] if theirs.type == "formula" else TAKES[theirs.type])

    def suggest(self, record_type: RecordType, resource: Resource) -> Mapping[str, str]:
        ours = {field.label.casefold(): field for field in record_type.fields}
        return {
            ours[theirs.label.casefold()].name: theirs.id
            for theirs in self.fields(resource)
            if theirs.label.casefold() in ours and self.takes(ours[theirs.label.casefold()], theirs)
        }

    def make_place(
        self, client: str, within: str, label: str, record_type: RecordType, names: Sequence[str]
    ) -> Resource:
        _refuse()
        MADE.tables.append((within, label, record_type.key, tuple(names)))
        new = [column(f"new-{name}", record_type.field(name).label) for name in names]
        return folder("tab-new", label, column(HUB, "Hub ID"), *new, within=within)

    def make_fields(self, client: str, resource: Resource, record_type: RecordType, names: Sequence[str]) -> Resource:
        _refuse()
        MADE.fields.append(tuple(names))
        new = [column(f"new-{name}", record_type.field(name).label) for name in names]
        own = [] if self.merge_field(resource) else [column(HUB, "Hub ID")]
        return folder(resource.id, resource.label, *_columns(resource), *own, *new, within=resource.parent)

    def look(self, client: str, place: Mapping[str, str]) -> Resource | None:
        raise AssertionError("no page may look at the table itself")

    def links_to(self, mapped: MappedField) -> str:
        return str(mapped.options.get("table", "")) if mapped.remote_type == "link" else ""


def _columns(resource: Resource) -> list[Any]:
    found = resource.details.get("columns", [])
    assert isinstance(found, list)
    return found


def _refuse() -> None:
    if MADE.refuses:
        raise ConfigError(MADE.refuses)


class CabinetProvider(Provider):
    key = "cabinet"
    name = "Cabinet"
    category = "tests"
    summary = "Keeps records in folders."
    auth = ApiKey((Secret("api_key", "Key of the cabinet"),), ())
    api = Api("http://127.0.0.1:1")
    sinks = (CabinetSink(),)

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {}

    def client(self, session: Any) -> str:
        return "client"

    def check(self, client: str) -> Account:
        return Account("cabinet", "The cabinet")

    def discover(self, client: str, within: str = "") -> Sequence[Resource]:
        raise AssertionError("no page may wait for a discovery")


PROVIDER = CabinetProvider()
