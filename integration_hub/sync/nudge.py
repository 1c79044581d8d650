"""A word to the workers that something is due. It carries no data, may be lost, and never harms who sends it."""

import threading
import time
from typing import Any
from uuid import UUID

from integration_hub.connections.nudge import Sender

EVERY = 0.2  # seconds between nudges of one lane: a person's second edit waits no longer than that


class Nudger(Sender):
    """Sends at most one nudge per lane in `EVERY` seconds; one that comes too soon is sent when they are over."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.last: dict[UUID, float] = {}
        self.later: set[UUID] = set()

    def nudge(self, target: UUID) -> None:
        now = time.monotonic()
        with self.lock:
            wait = self.last.get(target, -EVERY) + EVERY - now
            if wait > 0:
                if target not in self.later:
                    self.later.add(target)
                    timer = threading.Timer(wait, self._send_later, (target,))
                    timer.daemon = True
                    timer.start()
                return
            if len(self.last) > 10_000:
                self.last.clear()
            self.last[target] = now
        self.publish()

    def _send_later(self, target: UUID) -> None:
        with self.lock:
            self.later.discard(target)
            self.last[target] = time.monotonic()
        self.publish()

    def task(self) -> Any:
        from integration_hub.sync.tasks import drain

        return drain


_nudger = Nudger()
nudge = _nudger.nudge
publish = _nudger.publish
