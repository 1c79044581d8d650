"""Fixtures of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sandbox.tests.counting import CountingSimulator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(CountingSimulator()) as sandbox:
        yield sandbox


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session
