"""Fixtures of these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from integration_hub.sandbox.testing import Sandbox, running
from providers.airtable.sandbox import AirtableSimulator

Ask = Callable[..., requests.Response]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Without limits: the tests of the limits set their own."""
    with running(AirtableSimulator()) as sandbox:
        sandbox.control("airtable", "limits", per_base=100_000, per_user=100_000)
        yield sandbox


@pytest.fixture
def sim(sandbox: Sandbox) -> AirtableSimulator:
    simulator: AirtableSimulator = sandbox.simulator("airtable")
    return simulator


@pytest.fixture
def ask(sandbox: Sandbox, sim: AirtableSimulator) -> Iterator[Ask]:
    """`ask("GET", "meta/whoami", key="demo")`: one call as a program makes it."""
    with requests.Session() as session:
        session.trust_env = False

        def ask(method: str, path: str, key: str = "demo", **more: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {sim.token(key)}", **more.pop("headers", {})}
            return session.request(
                method, f"{sandbox.url}/airtable/v0/{path}", headers=headers, **{"timeout": 10, **more}
            )

        yield ask
