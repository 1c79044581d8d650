"""What every provider promises, whoever wrote it. Parametrised over the registry, so that none can forget anything."""

import ast
import inspect
import json
import logging
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client

from integration_hub.companies.models import Company
from integration_hub.connections import services
from integration_hub.connections.models import Connection
from integration_hub.contract import Provider, registry
from integration_hub.contract.checks import check_declarations, complaints
from integration_hub.records.services import orders
from integration_hub.sandbox import testing
from integration_hub.sync import lanes, setup, worker
from integration_hub.sync.models import SyncRun, WorkRow

PROVIDERS = [provider for provider in registry.providers() if provider.key != "toy"]
pytestmark = pytest.mark.engine
each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.key)


def folder(provider: Provider) -> Path:
    return Path(apps.get_app_config(provider.key).path)


@pytest.fixture
def sandbox(monkeypatch, wire):
    """The providers' own simulators, in the place of the outside world."""
    with testing.running() as sandbox:
        for provider in PROVIDERS:
            monkeypatch.setenv(f"{provider.key.upper()}_API_URL", f"{sandbox.url}/{provider.key}")
        yield sandbox


def credentials(sandbox, provider: Provider) -> tuple[dict[str, str], dict[str, str]]:
    """Secrets and settings as a person would type them."""
    given = sandbox.simulator(provider.key).credentials()
    secrets = {secret.name: given[secret.name] for secret in provider.secrets}
    named = {setting.name for setting in provider.all_settings}
    return secrets, {name: value for name, value in given.items() if name in named}


@pytest.fixture
def connected(transactional_db, sandbox, company):
    """A function that connects a provider for Alice's company, with one order waiting."""

    def connect(provider: Provider) -> Connection:
        orders.create(
            company, {"currency": "EUR", "items": [{"description": "Seat", "quantity": 1, "unit_price": "5"}]}
        )
        secrets, settings = credentials(sandbox, provider)
        return setup.connect(company, provider.key, secrets, settings, actor="tests")

    return connect


def drain() -> None:
    lanes.repair()
    worker.drain(30)


def test_there_are_providers_to_hold_to_their_promises():
    assert PROVIDERS


def test_declarations_are_complete():
    assert check_declarations() == []


@each_provider
def test_the_key_is_the_folders_name(provider):
    assert provider.key == folder(provider).name


@each_provider
def test_a_broken_declaration_is_caught(provider, tmp_path):
    """The check itself can fail: a folder of another name without README and fixtures."""
    found = {message.id for message in complaints(provider, tmp_path / "elsewhere")}
    assert {"contract.E002", "contract.E005", "contract.E006"} <= found


@each_provider
def test_every_client_method_is_exercised(provider):
    client = type(provider.client(None))
    methods = {name for name, _ in inspect.getmembers(client, inspect.isfunction) if not name.startswith("_")}
    called = {
        node.attr
        for path in (folder(provider) / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert methods - called == set()


@each_provider
def test_fixtures_are_json_and_used(provider):
    tests = "".join(path.read_text(encoding="utf-8") for path in (folder(provider) / "tests").rglob("*.py"))
    fixtures = sorted((folder(provider) / "tests" / "fixtures").rglob("*.json"))
    assert fixtures
    for path in fixtures:
        json.loads(path.read_text(encoding="utf-8"))
        assert path.stem in tests, f"{path.name} is a fixture no test reads"


@each_provider
def test_it_works_against_its_own_simulator(provider, connected, company):
    connection = connected(provider)
    assert (connection.status, connection.is_active) == ("connected", True)
    assert connection.account_id
    drain()
    assert not WorkRow.everywhere.exclude(hold="").exists()
    for run in SyncRun.everywhere.filter(kind="full"):
        assert (run.state, run.failed, run.done) == ("done", 0, run.total)


@each_provider
def test_a_wrong_key_is_never_saved(provider, sandbox, transactional_db, company):
    secrets, settings = credentials(sandbox, provider)
    wrong = {name: value[:-4] + "0000" for name, value in secrets.items()}
    with pytest.raises(Exception) as refusal:
        services.connect(company, provider.key, wrong, settings, actor="tests")
    assert not Connection.everywhere.exists()
    assert all(value not in str(refusal.value) for value in wrong.values())


@each_provider
def test_an_expired_key_becomes_needs_reconnect_and_nothing_is_lost(provider, connected, sandbox, company):
    connection = connected(provider)
    drain()
    sandbox.control(provider.key, "expire_token")
    order = orders.create(company, {"currency": "EUR", "total": "7.00"})
    drain()
    connection.refresh_from_db()
    assert connection.status == "needs_reconnect"
    assert WorkRow.everywhere.get(record_id=order.pk).hold == ""


@each_provider
def test_secrets_stay_out_of_repr_logs_pages_and_answers(
    provider, connected, sandbox, company, alice, api_token, caplog
):
    caplog.set_level(logging.DEBUG)
    connection = connected(provider)
    drain()
    secrets, _ = credentials(sandbox, provider)
    browser = Client()
    browser.force_login(alice)
    pages = [browser.get(path).content.decode() for path in ("/admin/hub/", f"/admin/hub/{provider.key}/")]
    header = {"Authorization": f"Bearer {api_token[1]}"}
    answers = [
        Client().get(path, headers=header).content.decode()
        for path in ("/api/integrations", f"/api/integrations/{provider.key}", "/api/runs")
    ]
    told = [repr(connection), str(connection), caplog.text, *pages, *answers]
    for secret in secrets.values():
        assert not [text for text in told if secret in text]


@each_provider
def test_another_company_sees_nothing_of_it(provider, connected, other_company, charlie):
    connection = connected(provider)
    browser = Client()
    browser.force_login(charlie)
    page = browser.get(f"/admin/hub/{provider.key}/").content.decode()
    assert connection.account_label not in page
    assert Company.objects.get(pk=connection.company_id).name not in page
