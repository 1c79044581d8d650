"""A word to the workers that something is due. It carries no data, may be lost, and never harms who sends it."""

import time
from abc import ABC, abstractmethod
from typing import Any

import structlog
from kombu.exceptions import KombuError, OperationalError

log = structlog.get_logger(__name__)

SULK = 5.0  # seconds without trying after the broker refused
EXPIRES = 10  # seconds; a nudge older than that says nothing new


class Sender(ABC):
    """Sends a task without waiting; what the broker refuses is counted, and the sweep finds the work."""

    def __init__(self) -> None:
        self.silent_until = 0.0
        self.lost = 0

    @abstractmethod
    def task(self) -> Any:
        """The Celery task to send, imported where it is used: tasks import the rooms that nudge."""

    def publish(self) -> None:
        if time.monotonic() < self.silent_until:
            self.lost += 1
            return
        try:
            self.task().apply_async(expires=EXPIRES, retry=False)
        except (OperationalError, KombuError, OSError) as error:
            self.lost += 1
            self.silent_until = time.monotonic() + SULK
            log.warning("nudge lost, the sweep will find the work", error=type(error).__name__, lost=self.lost)


class Nudger(Sender):
    """A discovery is due."""

    def task(self) -> Any:
        from integration_hub.connections.tasks import discover

        return discover


_nudger = Nudger()


def publish() -> None:
    _nudger.publish()
