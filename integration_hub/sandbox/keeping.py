"""The state file: what the sandbox holds survives a restart. Written whole, aside, and then put in place."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from integration_hub.sandbox.simulator import Simulator

log = logging.getLogger(__name__)
EVERY = 1.0  # seconds between looks
SHARE = 20  # writing takes at most one part in so many of the time


class Keeper:
    """Loads the state at once; after `start` a thread writes it when something changed, and `close` writes the rest."""

    def __init__(self, path: Path, simulators: Iterable[Simulator]) -> None:
        self.path = path
        self.simulators = list(simulators)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-keeper", daemon=True)
        self._load()
        self._written = self._changes()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self.write()

    def _run(self) -> None:
        pause = EVERY
        while not self._stopped.wait(pause):
            began = time.monotonic()
            self.write()
            pause = max(EVERY, SHARE * (time.monotonic() - began))

    def _changes(self) -> int:
        return sum(simulator.changes for simulator in self.simulators)

    def write(self) -> bool:
        """Write the file if anything changed since the last time; False when nothing did."""
        changes = self._changes()
        if changes == self._written:
            return False
        state = {}
        for simulator in self.simulators:
            with simulator.lock:
                state[simulator.key] = simulator.dump()
        aside = self.path.with_name(f"{self.path.name}.new")
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(state, file, ensure_ascii=False, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, self.path)
        self._written = changes
        return True

    def _load(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            return
        try:
            state = json.loads(self.path.read_text(encoding="utf-8"))
            for simulator in self.simulators:
                if simulator.key in state:
                    with simulator.lock:
                        simulator.load(state[simulator.key])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            spoilt = self.path.with_name(f"{self.path.name}.unreadable")
            os.replace(self.path, spoilt)
            for simulator in self.simulators:
                simulator.reset()
            log.warning("The sandbox starts afresh: %s could not be read (%s). Kept as %s.", self.path, error, spoilt)
