"""The sandbox inside a test: a server on a free port, and everything it knows within reach."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integration_hub.sandbox import faults
from integration_hub.sandbox.server import Server
from integration_hub.sandbox.simulator import Simulator
from integration_hub.sandbox.world import World, registered


class Sandbox:
    """A running sandbox. `url` is its address; a provider's is `url` + "/" + key."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.world = server.world
        self.url = server.url

    def simulator(self, key: str) -> Any:
        return self.world.simulator(key)

    def control(self, provider: str, command: str, **arguments: Any) -> Any:
        """An order to a simulator: the same as `POST /_control/<provider>/<command>`."""
        return self.world.simulator(provider).command(command, **arguments)

    def fault(self, provider: str = "", **order: Any) -> int:
        """The same as `POST /_control/faults`; returns the fault's number."""
        return self.world.order(faults.read({"provider": provider, **order})).id

    def requests(self, provider: str = "", limit: int = 100) -> list[dict[str, Any]]:
        return [entry.view() for entry in self.world.requests.recent(limit, provider)]

    @property
    def counters(self) -> dict[str, Any]:
        return self.world.requests.counters()

    def reset(self) -> None:
        self.world.reset()


@contextmanager
def running(*simulators: Simulator, state_file: Path | None = None, port: int = 0) -> Iterator[Sandbox]:
    """A sandbox with these simulators (default: those of all registered providers) until the block ends."""
    server = Server(World(simulators or registered(), state_file), port=port)
    thread = threading.Thread(target=server.run, kwargs={"poll": 0.02}, name="sandbox", daemon=True)
    thread.start()
    try:
        yield Sandbox(server)
    finally:
        server.shutdown()
        thread.join()
        server.close()


@pytest.fixture
def sandbox_server() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox
