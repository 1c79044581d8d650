"""Several calls in flight at once, made by helping threads that never touch the database.

The thread that starts a flight stays behind at the desk (`desk`) and does what the calls need of the database: book
their moments, take the last look before they leave, close a bucket. The helpers are shared by the whole process;
where none is free, the calls are made one after the other, right here.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import Generic, TypeVar

from django.db import connections

from integration_hub.http.buckets import Lot, note_late
from integration_hub.http.desk import Outcome, Seat, outcome, seat
from integration_hub.http.outside import refuse_inside_transaction

T = TypeVar("T")
HELPERS = 32  # threads of the process, made when they are needed
_free = threading.BoundedSemaphore(HELPERS)
_pool = ThreadPoolExecutor(HELPERS, thread_name_prefix="call")


class Flight(Generic[T]):
    """Pieces of work, each of which makes calls. `going` is asked before each of them begins."""

    def __init__(self, works: Sequence[Callable[[], T]], going: Callable[[], bool]) -> None:
        self.going = going
        self.lot = Lot(len(works))
        self.questions: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self.waiting = deque(enumerate(works))
        self.flown: list[Outcome[T] | None] = [None] * len(works)
        self.helping = 0

    def run(self) -> list[Outcome[T] | None]:
        """What came of each piece of work; None where it was not begun. What is no Exception is raised here, when
        nothing is in the air any more."""
        refuse_inside_transaction()  # the helpers cannot see ours
        while self.helping < len(self.flown) and _free.acquire(blocking=False):
            self.helping += 1
            _pool.submit(copy_context().run, self._help)
        if not self.helping:
            self._fly(None)
        while self.helping:
            self.questions.get()()
        note_late(self.lot.late)
        if self._killed:
            raise self._killed[0]
        return self.flown

    def _help(self) -> None:
        try:
            self._fly(self.lot)
        finally:
            for each in connections.all(initialized_only=True):
                each.close()  # nobody should have opened one; it is not kept
            _free.release()
            self.questions.put(self._landed)

    def _landed(self) -> None:
        self.helping -= 1

    def _fly(self, lot: Lot | None) -> None:
        """Take what waits, piece by piece; `lot` None: at the desk itself."""
        while self.waiting and not self._killed and self.going():
            try:
                number, work = self.waiting.popleft()
            except IndexError:  # another took the last one
                return
            if lot is not None:
                seat.set(Seat(self.questions, lot))
            self.flown[number] = outcome(work)

    @property
    def _killed(self) -> list[BaseException]:
        errors = [done.error for done in self.flown if done is not None and done.error is not None]
        return [error for error in errors if not isinstance(error, Exception)]
