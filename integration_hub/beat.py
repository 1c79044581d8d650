"""Beat inside the worker: a thread of it sends the clock's tasks, where one worker is all there is.

Saves a process of 85 MB. Enough for one machine, since beat without a worker does nothing; with several workers beat
runs by itself, once. The tree restarts the process when it dies, and the loop below restarts a beat that stumbled.
"""

import logging
import os
import threading
import time
from typing import Any

from celery.beat import Service
from celery.bootsteps import StartStopStep
from django.db import close_old_connections
from django_celery_beat.schedulers import DatabaseScheduler

log = logging.getLogger(__name__)
ASK = 5  # seconds between two looks at what the plan has become; between them it wakes only when a task is due
PAUSE = 1.0  # seconds before beating again after an error


class Scheduler(DatabaseScheduler):
    """Asks the database for changes of the plan every few seconds instead of with every tick of its clock, and wakes
    just after a task is due: Celery wakes 10 ms before and asks hundreds of times whether it is."""

    def adjust(self, n: float | None, drift: float = 0.001) -> float | None:
        return n + abs(drift) if n and n > 0 else n

    def schedule_changed(self) -> bool:
        now = time.monotonic()
        if now < getattr(self, "asked_again_at", 0.0):
            return False
        self.asked_again_at = now + ASK
        return bool(super().schedule_changed())


class BeatInside(StartStopStep):
    """A step of Celery's worker, taken when HUB_BEAT is `inside`."""

    name = "beat inside"

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.ending = threading.Event()
        self.service: Service | None = None

    def include_if(self, worker: Any) -> bool:
        return os.environ.get("HUB_BEAT") == "inside"

    def create(self, worker: Any) -> Any:
        self.app = worker.app
        return self  # Celery starts and stops what is returned

    def start(self, worker: Any = None) -> None:
        self.thread = threading.Thread(target=self.beat, name="beat", daemon=True)
        self.thread.start()

    def beat(self) -> None:
        self.app.set_current()
        while not self.ending.is_set():
            try:
                self.service = Service(self.app, max_interval=ASK, scheduler_cls=Scheduler)
                self.service.start()
            except Exception:
                log.exception("beat stumbled, and goes on in %s s", PAUSE)
            close_old_connections()
            self.ending.wait(PAUSE)

    def stop(self, worker: Any = None) -> None:
        self.ending.set()
        if self.service is not None:
            self.service.stop()
        self.thread.join(PAUSE + 1)

    def terminate(self, worker: Any = None) -> None:
        self.stop(worker)
