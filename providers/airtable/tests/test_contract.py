"""Every request of the client against the collected documents: the address is known, its query and body are as told.

The documents are third-party and leave some calls out; those are compared with pyairtable's in test_client.
"""

import json
import os
import re
from collections.abc import Callable
from functools import cache
from inspect import isfunction
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema
import pytest
import responses
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from integration_hub.contract import File
from providers.airtable.client import AirtableClient
from providers.airtable.hooks import tending
from providers.airtable.tests.conftest import API, BASE, HUB_ID, REC1, TABLE, payload

DOCUMENTS = Path(os.environ.get("CONTRACTS_DIR", "../shared/contracts")) / "airtable" / "openapi-thirdparty"
NAMES = ("airtable-airtable-api-openapi.yml", "airtable-metadata-api-openapi.yml")
NUMBER = "fldNumber00000001"
RECORD = {"id": REC1, "fields": {NUMBER: "1001"}}
FIELD = {"name": "Stars", "type": "rating", "options": {"icon": "star", "max": 5, "color": "yellowBright"}}
HOOK, HUB = "achOrders00000001", "https://hub.example.com/api/webhooks/airtable/x"
LINK = {"name": "Client", "type": "multipleRecordLinks", "options": {"linkedTableId": "tblCustomers00001"}}
Do = Callable[[AirtableClient], Any]

# client method → how it is called, and what is answered
CALLS: dict[str, tuple[Do, Any]] = {
    "whoami": (lambda client: client.whoami(), "whoami"),
    "bases": (lambda client: list(client.bases()), "bases"),
    "tables": (lambda client: client.tables(BASE), "tables"),
    "create_table": (lambda client: client.create_table(BASE, "Guests", [FIELD, LINK], "Who comes"), "create_table"),
    "create_field": (lambda client: client.create_field(BASE, TABLE, FIELD), "create_field"),
    "rename_field": (lambda client: client.rename_field(BASE, TABLE, NUMBER, name="No."), "create_field"),
    "create_records": (
        lambda client: client.create_records(BASE, TABLE, [{"fields": {NUMBER: "1"}}], typecast=True),
        "update_one",
    ),
    "list_records": (lambda client: client.list_records(BASE, TABLE, formula="1"), "records_none"),
    "records_by_formula": (lambda client: client.records_by_formula(BASE, TABLE, "1"), "records_none"),
    "records_by_id": (lambda client: client.records_by_id(BASE, TABLE, [REC1]), "records_none"),
    "update_records": (lambda client: client.update_records(BASE, TABLE, [RECORD]), "update_one"),
    "upsert_records": (lambda client: client.upsert_records(BASE, TABLE, [RECORD], HUB_ID), "update_one"),
    "upload_attachment": (
        lambda client: client.upload_attachment(BASE, REC1, NUMBER, File("a.pdf", "application/pdf", b"x")),
        "upload_attachment",
    ),
    "delete_records": (lambda client: client.delete_records(BASE, TABLE, [REC1]), "delete_one"),
    "webhooks": (lambda client: client.webhooks(BASE), "webhooks"),
    "create_webhook": (lambda client: client.create_webhook(BASE, HUB, tending.WANTED), "webhook_made"),
    "payloads": (lambda client: client.payloads(BASE, HOOK, 7), "webhook_payloads"),
    "refresh_webhook": (lambda client: client.refresh_webhook(BASE, HOOK), "webhook_refreshed"),
    "enable_notifications": (lambda client: client.enable_notifications(BASE, HOOK), "webhook_nothing"),
    "delete_webhook": (lambda client: client.delete_webhook(BASE, HOOK), "webhook_nothing"),
}
# Not in the documents: bulk PATCH and DELETE, listRecords, uploadAttachment, enableNotifications.
UNDOCUMENTED = {
    "list_records", "records_by_formula", "records_by_id", "update_records", "upsert_records", "upload_attachment",
    "delete_records", "enable_notifications",
}  # fmt: skip


@cache
def documents() -> dict[str, Any]:
    if not DOCUMENTS.is_dir():
        pytest.skip(f"the collected documents are not at {DOCUMENTS} (set CONTRACTS_DIR)")
    return {name: yaml.safe_load((DOCUMENTS / name).read_text(encoding="utf-8")) for name in NAMES}


def operation(method: str, path: str) -> tuple[str, str, Any]:
    """Document, JSON pointer and operation of an address; KeyError when no document knows it."""
    parts = path.removeprefix("/v0/").split("/")
    for name, document in documents().items():
        for template, operations in document["paths"].items():
            if _fits(template.strip("/").split("/"), parts) and method.lower() in operations:
                pointer = f"/paths/{template.replace('/', '~1')}/{method.lower()}"
                return name, pointer, operations[method.lower()]
    raise KeyError(f"{method} {path}")


def _fits(wanted: list[str], parts: list[str]) -> bool:
    """Whether an address is one of a template; `meta` is no base and `listRecords` no record."""
    if len(wanted) != len(parts) or parts[-1] in ("listRecords", "uploadAttachment"):
        return False
    pairs = zip(wanted, parts, strict=True)
    return all(part not in ("meta", "bases") if one.startswith("{") else one == part for one, part in pairs)


def queries(document: str, found: Any) -> set[str]:
    """The query parameters an operation takes."""
    known = documents()[document]["components"].get("parameters", {})
    told = [known[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one for one in found.get("parameters", [])]
    return {one["name"] for one in told if one["in"] == "query"}


def validator(document: str, pointer: str) -> Any:
    resources = [
        (f"urn:{name}", Resource.from_contents(body, default_specification=DRAFT202012))
        for name, body in documents().items()
    ]
    schema = {"$ref": f"urn:{document}#{pointer}"}
    return jsonschema.Draft202012Validator(schema, registry=Registry().with_resources(resources))


def asked(client: AirtableClient, http: responses.RequestsMock, name: str) -> Any:
    """The request that a client method makes."""
    do, answer = CALLS[name]
    for method in ("GET", "POST", "PATCH", "DELETE"):
        for url in (f"{API}/", "https://content.airtable.com/v0/"):
            http.add(method, _anything_below(url), json=payload(answer))
    do(client)
    return http.calls[0].request


def _anything_below(url: str) -> re.Pattern[str]:
    return re.compile(re.escape(url) + ".*")


@pytest.fixture
def http() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def test_every_method_of_the_client_is_here() -> None:
    public = {name for name, value in vars(AirtableClient).items() if isfunction(value) and name[0] != "_"}
    assert public == set(CALLS)


@pytest.mark.parametrize("name", sorted(set(CALLS) - UNDOCUMENTED))
def test_the_request_is_as_documented(client: AirtableClient, http: responses.RequestsMock, name: str) -> None:
    request = asked(client, http, name)
    address = urlsplit(request.url)
    document, pointer, found = operation(request.method, unquote(address.path))
    assert {key for key, _value in parse_qsl(address.query)} <= queries(document, found)
    if request.body is None:
        assert not found.get("requestBody", {}).get("required")
        return
    body = f"{pointer}/requestBody/content/application~1json/schema"
    validator(document, body).validate(json.loads(request.body))


@pytest.mark.parametrize("name", sorted(UNDOCUMENTED))
def test_what_no_document_knows_is_still_unknown(
    client: AirtableClient, http: responses.RequestsMock, name: str
) -> None:
    """Should a document come to know it, the call moves to the others."""
    request = asked(client, http, name)
    with pytest.raises(KeyError):
        operation(request.method, urlsplit(request.url).path)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("bases", "BaseList"),
        ("bases_page_1", "BaseList"),
        ("tables", "TableSchema"),
        ("create_table", "TableSchema"),
        ("create_field", "FieldSchema"),
    ],
)
def test_answers_in_our_fixtures_are_as_documented(name: str, schema: str) -> None:
    body = payload(name)
    for one in body.get("tables", [body]):
        if schema == "TableSchema":  # without a type that no document lists and real bases have
            one["fields"] = [field for field in one["fields"] if field["type"] != "manualSort"]
        validator(NAMES[1], f"/components/schemas/{schema}").validate(one)


@pytest.mark.parametrize("name", ["create_table", "create_field"])
def test_a_wrong_body_would_be_noticed(name: str) -> None:
    found = {"create_table": "CreateTableRequest", "create_field": "CreateFieldRequest"}[name]
    with pytest.raises(jsonschema.ValidationError):
        validator(NAMES[1], f"/components/schemas/{found}").validate({"title": "x"})
