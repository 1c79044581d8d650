"""Several calls in flight at once, made by helping threads that never touch the database.

The thread that starts a flight stays behind at the desk (`desk`) and does what the calls need of the database: book
their moments, take the last look before they leave, close a bucket. A further helper takes off when its call's moment
comes and the others are still under way: a provider that answers quickly needs one, a slow one as many as there are
calls. The helpers are shared by the whole process; where none is free, the calls are made one after the other.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from django.db import connections

from integration_hub.http.buckets import Lot, note_late
from integration_hub.http.desk import Outcome, Seat, catch_up, outcome, seat
from integration_hub.http.outside import refuse_inside_transaction

T = TypeVar("T")
HELPERS = 32  # threads of the process, made when they are needed
AHEAD = 0.04  # seconds before a call's moment in which a helper gets ready for it, on a busy machine too
SILENCE = 0.01  # seconds that a helper has to ask for its moment before the next one starts
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
        self.full = False
        self.since = 0.0

    def run(self) -> list[Outcome[T] | None]:
        """What came of each piece of work; None where it was not begun. What is no Exception is raised here, when
        nothing is in the air any more."""
        self.begin()
        return self.landed()

    def begin(self) -> None:
        """Let the helpers go; who does something else meanwhile comes by at the desk (`attend`) in between."""
        refuse_inside_transaction()  # the helpers cannot see ours
        self._take_off()

    def attend(self) -> None:
        """Answer what was asked until now, and wait for nothing."""
        with suppress(Empty):
            while self.helping:
                self.questions.get_nowait()()

    def landed(self) -> list[Outcome[T] | None]:
        """Stay at the desk until all are back; what no helper took is done right here."""
        if self.waiting and not self.helping:
            self._fly(None)
        while self.helping:
            try:
                question = self.questions.get(timeout=self._patience)
            except Empty:
                if self._patience == 0.0:  # not when one of those that fly took the next moment meanwhile
                    self._take_off()
            else:
                question()
        note_late(self.lot.late)
        catch_up(self.lot.later)
        if self._killed:
            raise self._killed[0]
        return self.flown

    def _take_off(self) -> None:
        """One more helper; where none is free, those that fly already do the rest."""
        self.full = not _free.acquire(blocking=False)
        self.since = time.monotonic()
        if not self.full:
            self.helping += 1
            _pool.submit(copy_context().run, self._help)

    @property
    def _patience(self) -> float | None:
        """Seconds until one more helper is wanted, unless another asks for the next moment by then."""
        if not self.waiting or self.full or self._killed or not self.going():
            return None
        return max(0.0, max(self.lot.next_at - AHEAD, self.since + SILENCE) - time.monotonic())

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
