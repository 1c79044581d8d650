"""Airtable's operations keep what the API document promises, with Airtable behind them and made-up input before."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis import checks

from integration_hub.api.tests.test_fuzz import EXAMPLES, document
from integration_hub.companies.models import ApiToken
from providers.airtable.tests.api.conftest import ROOT, SALES, fields_of, table_of

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
schema = document().include(path_regex=f"^{ROOT}/")


@pytest.fixture
def found(connected: Any, program: Client) -> dict[str, str]:
    """What an address may name and find."""
    ApiToken.everywhere.update(unthrottled=True)
    return {
        "baseId": SALES,
        "tableId": table_of(program, "Orders")["id"],
        "fieldId": fields_of(program, "Orders")["Total"],
    }


@pytest.fixture
def there(found: dict[str, str]) -> Iterator[dict[str, str]]:
    """The application is asked as a server would, but requests must not close the test's own connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield found
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_keeps_its_promise(case: Any, there: dict[str, str], api_token: Any) -> None:
    """At addresses of nothing, and at those of a table that is there."""
    headers = {"Authorization": f"Bearer {api_token[1]}"}
    case.call_and_validate(headers=headers, excluded_checks=[checks.positive_data_acceptance])
    for name in case.path_parameters:
        case.path_parameters[name] = there[name]
    excluded = [checks.positive_data_acceptance, checks.negative_data_rejection]  # the address is no made-up one
    case.call_and_validate(headers=headers, excluded_checks=excluded)


def test_all_of_airtables_operations_are_asked() -> None:
    asked = {(one.ok().method, one.ok().path.removeprefix(ROOT)) for one in schema.get_all_operations()}
    table = "/bases/{baseId}/tables/{tableId}"
    assert {(method.lower(), path) for method, path in asked} == {
        ("get", "/bases"),
        ("get", "/bases/{baseId}/tables"),
        ("post", "/bases/{baseId}/tables"),
        ("post", f"{table}/records"),
        ("post", f"{table}/fields"),
        ("patch", f"{table}/fields/{{fieldId}}"),
        ("post", "/tables/{tableId}/fields"),
        ("patch", "/tables/{tableId}/fields/{fieldId}"),
        ("post", "/sync"),
    }
