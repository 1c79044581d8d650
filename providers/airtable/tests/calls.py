"""How each client method is called, against the simulator's base; held against documents others wrote of the API."""

from functools import cache
from typing import Any

from integration_hub.connections.models import Connection
from integration_hub.contract import File
from integration_hub.sync import lanes
from integration_hub.sync.models.stream import StreamState
from providers.airtable.client import AirtableClient
from providers.airtable.hooks import tending
from providers.airtable.models import AirtableWebhook
from providers.airtable.simulator import demo
from providers.airtable.streams import CHANGES

BASE, TABLE = demo.SALES, "Orders"
SECRET = "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5IDEyMzQ1Njc="  # of a webhook that is nowhere
CONTRACTS = (
    "openapi-thirdparty/airtable-metadata-api-openapi.yml",
    "openapi-thirdparty/airtable-airtable-api-openapi.yml",
)
UNPUBLISHED = {
    "list_records": "the documents have no listRecords by POST",
    "records_by_formula": "the documents have no listRecords by POST",
    "records_by_id": "the documents have no listRecords by POST",
    "update_records": "the documents have no update of several records",
    "upsert_records": "the documents have no update of several records",
    "delete_records": "the documents have no deletion of several records",
    "upload_attachment": "the documents have no upload",
    "enable_notifications": "the documents have no enableNotifications",
}


@cache
def _orders(client: AirtableClient) -> dict[str, Any]:
    return next(table for table in client.tables(BASE) if table["name"] == TABLE)


def _field(client: AirtableClient, name: str) -> str:
    found: str = next(field["id"] for field in _orders(client)["fields"] if field["name"] == name)
    return found


def _made(client: AirtableClient, number: str = "made") -> dict[str, Any]:
    cells = {_field(client, "Hub ID"): number}
    return {"fields": cells}


def _new(client: AirtableClient) -> str:
    found: str = client.create_records(BASE, TABLE, [_made(client, "new")])["records"][0]["id"]
    return found


def _attachments(client: AirtableClient) -> tuple[str, str]:
    """A field that takes files, and a record."""
    made = client.create_field(BASE, _orders(client)["id"], {"name": "Papers", "type": "multipleAttachments"})
    return made["id"], _new(client)


def _upload(client: AirtableClient) -> Any:
    field, record = _attachments(client)
    return client.upload_attachment(BASE, record, field, File("a.txt", "text/plain", b"text"))


def _hook(client: AirtableClient) -> str:
    found: str = client.create_webhook(BASE, "https://hub.example.com/api/webhooks/airtable/x", tending.WANTED)["id"]
    return found


CALLS = {
    "whoami": lambda client: client.whoami(),
    "bases": lambda client: client.bases(),
    "tables": lambda client: client.tables(BASE),
    "create_table": lambda client: client.create_table(BASE, "New", [{"name": "Name", "type": "singleLineText"}], "x"),
    "create_field": lambda client: client.create_field(
        BASE, _orders(client)["id"], {"name": "New", "type": "singleLineText", "description": "x"}
    ),
    "rename_field": lambda client: client.rename_field(
        BASE, _orders(client)["id"], _field(client, "Hub ID"), description="Kept by the hub"
    ),
    "create_records": lambda client: client.create_records(BASE, TABLE, [_made(client)], typecast=True),
    "list_records": lambda client: client.list_records(BASE, TABLE),
    "records_by_formula": lambda client: client.records_by_formula(BASE, TABLE, "TRUE()"),
    "records_by_id": lambda client: client.records_by_id(BASE, TABLE, [_new(client)]),
    "update_records": lambda client: client.update_records(BASE, TABLE, [{"id": _new(client), **_made(client, "b")}]),
    "upsert_records": lambda client: client.upsert_records(
        BASE, TABLE, [_made(client, "c")], merge_on=_field(client, "Hub ID")
    ),
    "delete_records": lambda client: client.delete_records(BASE, TABLE, [_new(client)]),
    "upload_attachment": _upload,
    "webhooks": lambda client: client.webhooks(BASE),
    "create_webhook": lambda client: _hook(client),
    "payloads": lambda client: client.payloads(BASE, _hook(client), 1),
    "refresh_webhook": lambda client: client.refresh_webhook(BASE, _hook(client)),
    "enable_notifications": lambda client: client.enable_notifications(BASE, _hook(client)),
    "delete_webhook": lambda client: client.delete_webhook(BASE, _hook(client)),
}


def known_reporter(connection: Connection) -> str:
    """A webhook as the fixtures name it; the secret it signs with. Its stream rests: it would find out that Airtable
    knows nothing of it."""
    told = {"company_id": connection.company_id, "base_id": BASE, "hook_id": "achOrders00000001", "secret": SECRET}
    AirtableWebhook.everywhere.create(connection=connection, **told)
    lanes.pause(StreamState.everywhere.get(connection=connection, key=CHANGES).pk, "It rests.")
    return SECRET
