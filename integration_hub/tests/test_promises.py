"""What every provider promises, whoever wrote it. Parametrised over the registry, so that none can forget anything."""

from pathlib import Path

import pytest
from django.apps import apps

from integration_hub.contract import Provider, registry
from integration_hub.contract.checks import check_declarations
from integration_hub.sandbox import testing
from integration_hub.tests.promises import DECLARED, LIVED, Case, NotHere
from integration_hub.tests.promises.case import World

PROVIDERS = [provider for provider in registry.providers() if provider.key != "toy"]
pytestmark = pytest.mark.engine
each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.key)


def folder(provider: Provider) -> Path:
    return Path(apps.get_app_config(provider.key).path)


@pytest.fixture
def world(transactional_db, monkeypatch, wire, company, other_company):
    """The providers' own simulators, in the place of the outside world."""
    with testing.running() as sandbox:
        for provider in PROVIDERS:
            monkeypatch.setenv(f"{provider.key.upper()}_API_URL", f"{sandbox.url}/{provider.key}")
        yield World(company, other_company, sandbox)


def kept(promise, case: Case) -> None:
    """Fails with a sentence for everything that is to be done."""
    try:
        broken = list(promise(case))
    except NotHere as reason:
        pytest.skip(str(reason))
    if broken:
        pytest.fail("\n".join(broken), pytrace=False)


def test_there_are_providers_to_hold_to_their_promises():
    assert PROVIDERS


def test_declarations_are_complete():
    assert check_declarations() == []


@each_provider
@pytest.mark.parametrize("promise", DECLARED, ids=lambda promise: promise.__name__)
def test_declared(promise, provider):
    kept(promise, Case(provider, folder(provider)))


@each_provider
@pytest.mark.parametrize("promise", LIVED, ids=lambda promise: promise.__name__)
def test_lived(promise, provider, world):
    kept(promise, Case(provider, folder(provider), world))
