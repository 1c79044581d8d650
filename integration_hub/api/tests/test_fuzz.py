"""The API keeps what its document promises: schemathesis asks every operation with made-up input, good and bad."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, settings
from schemathesis import checks

from integration_hub.api.docs import DocumentGenerator
from integration_hub.api.tests.toy import KEY
from integration_hub.sync import setup

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
EXAMPLES = 5


def document() -> Any:
    """The document of /api/schema and the application behind it; made without a request: collecting has no database."""
    text = OpenApiJsonRenderer().render(DocumentGenerator().get_schema(public=True))
    loaded = schemathesis.openapi.from_dict(json.loads(text))
    loaded.app = get_wsgi_application()
    return loaded


schema = document()


@pytest.fixture(autouse=True)
def _own_connection() -> Iterator[None]:
    """The application is asked as a server would, but requests must not close the test's own connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def shop(company: Any, toy: Any, order: Any, event: Any) -> None:
    """Something to find: an order, a customer, an event, a connected provider with a run."""
    setup.connect(company, "toy", {"api_key": KEY, "pin": "1"}, {}, actor="tests")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_its_promise(case: Any, shop: None, program: Any, api_token: Any) -> None:
    """Good input may still be refused for what it says (an id of nothing), so that alone is no failure."""
    headers = {"Authorization": f"Bearer {api_token[1]}"}
    case.call_and_validate(headers=headers, excluded_checks=[checks.positive_data_acceptance])
