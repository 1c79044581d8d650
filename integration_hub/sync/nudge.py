"""A word to the workers that something is due. It carries no data, may be lost, and never harms who sends it."""

import threading
import time
from uuid import UUID

import structlog
from kombu.exceptions import KombuError, OperationalError

log = structlog.get_logger(__name__)

EVERY = 0.2  # seconds between nudges of one lane: a person's second edit waits no longer than that
SULK = 5.0  # seconds without trying after the broker refused
EXPIRES = 10  # seconds; a nudge older than that says nothing new


class Nudger:
    """Sends at most one nudge per lane in `EVERY` seconds; one that comes too soon is sent when they are over."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last: dict[UUID, float] = {}
        self.later: set[UUID] = set()
        self.silent_until = 0.0
        self.lost = 0

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

    def publish(self) -> None:
        if time.monotonic() < self.silent_until:
            self.lost += 1
            return
        from integration_hub.sync.tasks import drain

        try:
            drain.apply_async(expires=EXPIRES, retry=False)
        except (OperationalError, KombuError, OSError) as error:
            self.lost += 1
            self.silent_until = time.monotonic() + SULK
            log.warning("nudge lost, the sweep will find the work", error=type(error).__name__, lost=self.lost)


_nudger = Nudger()
nudge = _nudger.nudge
publish = _nudger.publish
