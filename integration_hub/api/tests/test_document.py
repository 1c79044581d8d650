"""The API document and the page to read it: complete, valid, and within our content security policy."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from integration_hub.rest.kinds import KINDS

pytestmark = pytest.mark.django_db
UNSAFE = ("post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))


def operations(document):
    return [(path, method, found) for path, item in document["paths"].items() for method, found in item.items()]


def test_it_is_open_json_by_default_and_yaml_on_request(company):
    answer = Client().get("/api/schema")
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["openapi"].startswith("3.")
    yaml = Client().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi"})
    assert yaml.content.startswith(b"openapi: 3")
    assert Client().get("/api/schema").content == answer.content


def test_it_is_valid_and_made_without_a_warning(document):
    validate_schema(document)
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS._error_cache
    assert not GENERATOR_STATS._warn_cache


def test_it_knows_every_address(document):
    records = ("orders", "events", "tickets", "customers", "appointments", "branches", "staff")
    for name in records:
        assert set(document["paths"][f"/api/{name}"]) == {"get", "post"}
    assert set(document["paths"]["/api/orders/{record_id}"]) == {"get", "patch", "delete"}
    assert set(document["paths"]["/api/orders/id/{record_id}"]) == {"get"}
    assert set(document["paths"]["/api/integrations/{provider}"]) == {"get", "put"}
    assert "202" in document["paths"]["/api/integrations/{provider}/sync"]["post"]["responses"]
    assert {"/api/runs", "/api/runs/{id}", "/api/integrations"} <= set(document["paths"])
    names = [found["operationId"] for _path, _method, found in operations(document)]
    assert len(set(names)) == len(names)


def test_every_operation_says_who_may_and_what_may_go_wrong(document):
    for path, method, found in operations(document):
        assert {"apiToken": []} in found["security"], (path, method)
        assert {"400", "401", "403", "406", "429", "500", "503"} <= set(found["responses"]), (path, method)
        names = {parameter["name"] for parameter in found.get("parameters", [])}
        assert ("Idempotency-Key" in names) == (method in UNSAFE), (path, method)
        assert not path.endswith("/")
    schemes = document["components"]["securitySchemes"]
    assert (schemes["apiToken"]["type"], schemes["apiToken"]["scheme"]) == ("http", "bearer")
    assert schemes["session"]["in"] == "cookie"


def test_every_problem_is_described_with_an_example(document):
    described = document["components"]["responses"]
    assert set(described) == {str(kind.status) for kind in KINDS.values()}
    for status, response in described.items():
        media = response["content"]["application/problem+json"]
        assert media["schema"] == {"$ref": "#/components/schemas/Problem"}
        for example in media["examples"].values():
            assert example["value"]["status"] == int(status)
            assert set(document["components"]["schemas"]["Problem"]["required"]) == set(example["value"])


def test_lists_look_alike(document):
    for name, schema in document["components"]["schemas"].items():
        if name.startswith("Paginated"):
            assert schema["required"] == ["count", "page", "page_size", "results"]


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(company):
    answer = Client().get("/docs")
    html = answer.content.decode()
    assert "'unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"<style|style=|<script>|\son\w+=|https?://", html)
    sources = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(sources) == 5
    for source in sources:
        if source.startswith("/static/"):
            assert finders.find(source.removeprefix("/static/")), source
    script = Client().get("/docs?script=")
    assert script["Content-Type"] == "application/javascript"
    assert b"/api/schema" in script.content


@pytest.fixture
def browser_page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_works_in_a_browser_without_a_complaint(live_server, browser_page, api_token, settings):
    complaints = []
    browser_page.on("console", lambda message: complaints.append(message.text))
    browser_page.on("pageerror", lambda error: complaints.append(str(error)))
    browser_page.goto(f"{live_server.url}/docs")
    browser_page.click("button.authorize")
    browser_page.fill(".auth-container input >> nth=0", api_token[1])
    browser_page.click("button.modal-btn.auth >> nth=0")
    browser_page.click("button.btn-done >> nth=0")
    browser_page.click("#operations-branches-branches_list .opblock-summary-control")
    browser_page.click("#operations-branches-branches_list .try-out__btn")
    browser_page.click("#operations-branches-branches_list .execute")
    shown = browser_page.locator("#operations-branches-branches_list .live-responses-table .response-col_status")
    shown.nth(1).wait_for(timeout=10_000)
    assert "200" in shown.nth(1).inner_text()
    assert complaints == []
