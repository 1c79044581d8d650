"""The state file: what the sandbox holds survives a restart. Written whole, aside, and then put in place.

A simulator that holds much hands out only the parts that changed; those lie beside the state file.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from integration_hub.sandbox.parts import Parts, Shelves
from integration_hub.sandbox.simulator import Simulator

log = logging.getLogger(__name__)
EVERY = 1.0  # seconds between looks
SHARE = 20  # writing takes at most one part in so many of the time
SPOILT = (ValueError, KeyError, TypeError, AttributeError, sqlite3.DatabaseError)


class Keeper:
    """Loads the state at once; after `start` a thread writes it when something changed, and `close` writes the rest."""

    def __init__(self, path: Path, simulators: Iterable[Simulator]) -> None:
        self.path = path
        self.shelves = Shelves(path.with_name(f"{path.name}.parts"))
        self.simulators = list(simulators)
        self._unsure: set[str] = set()  # simulators whose parts were handed out, and perhaps not written
        self._text = ""
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
            try:
                self.write()
            except (OSError, sqlite3.Error):
                log.exception("The sandbox could not keep its state in %s; it tries again.", self.path)
            pause = max(EVERY, SHARE * (time.monotonic() - began))

    def _changes(self) -> int:
        return sum(simulator.changes for simulator in self.simulators)

    def write(self) -> bool:
        """Write what changed since the last time; False when nothing did.

        The parts first: until the file is there too, the old one still tells of everything it told of before.
        """
        changes = self._changes()
        if changes == self._written:
            return False
        states, parts = self._collect()
        self._unsure |= set(parts)
        if parts:
            self.shelves.write(parts)
        self._unsure.clear()
        self._put(json.dumps(states, ensure_ascii=False, separators=(",", ":")))
        self._written = changes
        return True

    def _collect(self) -> tuple[dict[str, Any], dict[str, Parts]]:
        """The simulators that are written whole, and the parts of the others."""
        states, parts = {}, {}
        for simulator in self.simulators:
            with simulator.lock:
                changed = simulator.parts(whole=simulator.key in self._unsure)
                if changed is None:
                    states[simulator.key] = simulator.dump()
                else:
                    parts[simulator.key] = changed
        return states, parts

    def _put(self, text: str) -> None:
        if text == self._text:
            return
        aside = self.path.with_name(f"{self.path.name}.new")
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, self.path)
        self._text = text

    def _load(self) -> None:
        """Parts without the file beside them count for nothing: whoever deletes it wants to start afresh."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self.shelves.forget()
            return
        try:
            states = json.loads(self.path.read_text(encoding="utf-8"))
            for simulator in self.simulators:
                with simulator.lock:
                    self._load_one(simulator, states)
        except SPOILT as error:
            self._put_aside(error)

    def _load_one(self, simulator: Simulator, states: dict[str, Any]) -> None:
        if simulator.load_parts(self.shelves.read(simulator.key)):
            return
        if simulator.key in states:
            simulator.load(states[simulator.key])

    def _put_aside(self, error: Exception) -> None:
        spoilt = self.path.with_name(f"{self.path.name}.unreadable")
        os.replace(self.path, spoilt)
        self.shelves.put_aside()
        for simulator in self.simulators:
            simulator.reset()
        log.warning("The sandbox starts afresh: %s could not be read (%s). Kept as %s.", self.path, error, spoilt)
