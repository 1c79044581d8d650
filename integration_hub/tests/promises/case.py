"""A provider on trial: its folder, and a small world to try it out in."""

import importlib.util
import inspect
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from integration_hub.companies.models import Company
from integration_hub.connections.models import Connection
from integration_hub.contract import Incoming, Provider
from integration_hub.records.services import orders
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync import lanes, setup, worker
from integration_hub.webhooks import processing


class NotHere(Exception):
    """A promise that cannot be tried on this machine, and why."""


@dataclass
class World:
    """One company, another one, and a sandbox with the provider's simulator; the provider's address leads there."""

    company: Company
    other: Company
    sandbox: Sandbox


@dataclass
class Case:
    """One provider. `world` is there for promises that are lived."""

    provider: Provider
    folder: Path
    world: World | None = None
    reporter: str = ""

    @property
    def key(self) -> str:
        return self.provider.key

    @property
    def here(self) -> World:
        assert self.world is not None, "this promise needs a world"
        return self.world

    # --- the folder ---------------------------------------------------------------------------------------------------

    def where(self, path: str) -> str:
        return f"{self.folder.name}/{path}"

    def fixtures(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Name and body of each of tests/fixtures/<kind>/*.json."""
        for path in sorted((self.folder / "tests" / "fixtures" / kind).glob("*.json")):
            yield path.name, json.loads(path.read_text(encoding="utf-8"))

    @cached_property
    def calls(self) -> ModuleType | None:
        """tests/calls.py: how each client method is called; None where there is none."""
        path = self.folder / "tests" / "calls.py"
        if not path.is_file():
            return None
        name = f"calls_of_{self.folder.name}_{abs(hash(path))}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def methods(self) -> set[str]:
        """The calls a client offers."""
        client = type(self.provider.client(None))  # type: ignore[arg-type]
        return {name for name, _found in inspect.getmembers(client, inspect.isfunction) if not name.startswith("_")}

    # --- the world ----------------------------------------------------------------------------------------------------

    @property
    def simulator(self) -> Any:
        return self.here.sandbox.simulator(self.key)

    def typed(self) -> tuple[dict[str, str], dict[str, str]]:
        """Secrets and settings as a person would type them."""
        given: Mapping[str, str] = self.simulator.credentials()
        secrets = {secret.name: given[secret.name] for secret in self.provider.secrets if secret.name in given}
        named = {setting.name for setting in self.provider.all_settings}
        return secrets, {name: value for name, value in given.items() if name in named}

    def connect(self) -> Connection:
        """Connected for the company, with an order waiting where the provider takes orders."""
        if "order" in self.provider.ready:
            self.order()
        return setup.connect(self.here.company, self.key, *self.typed(), actor="tests")

    def order(self) -> Any:
        item = {"description": "Seat", "quantity": 1, "unit_price": "5"}
        return orders.create(self.here.company, {"currency": "EUR", "items": [item]})

    def report(self, payload: Any, connection: Connection, later: float = 0) -> Incoming:
        """The request by which the provider would report this event now, or so many seconds later."""
        at = time.time() + later
        made: Incoming = self.simulator.report(
            payload, secret=self.signing(connection), url=self.url(connection), at=at
        )
        return made

    def signing(self, connection: Connection) -> str:
        """The secret the simulator signs with. Where none is typed, `known_reporter` of tests/calls.py makes something
        known that may report, and answers what it signs with."""
        if known := getattr(self.calls, "known_reporter", None):
            self.reporter = self.reporter or known(connection)
            return self.reporter
        webhook = self.provider.webhook
        return self.simulator.credentials().get(webhook.signed_with, "") if webhook else ""

    def url(self, connection: Connection) -> str:
        return f"http://localhost:8000/api/webhooks/{self.key}/{connection.pk}"


def drain() -> None:
    """Do everything that is due now."""
    for _round in range(3):  # events wake streams, and effects may wake lanes
        processing.drain(30)
        lanes.repair()
        worker.drain(30)
