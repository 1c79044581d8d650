"""The desk: what a call in flight needs of the database is done by the thread that started the flight (`flight`).

Elsewhere everything is done where it is asked for.
"""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What came of a piece of work: its value, or what it raised."""

    value: T | None = None
    error: BaseException | None = None

    def result(self) -> T:
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


def outcome(work: Callable[[], T]) -> Outcome[T]:
    try:
        return Outcome(work())
    except BaseException as error:  # noqa: BLE001 - raised again where the outcome is looked at
        return Outcome(error=error)


@dataclass
class Seat:
    """A helper's place in a flight: where its questions go, and the lot the `first` call of each work is booked in."""

    questions: "SimpleQueue[Callable[[], object]]"
    lot: Any = None
    first: bool = True


seat: ContextVar[Seat | None] = ContextVar("the seat of this helper", default=None)


def here(work: Callable[[], T]) -> T:
    """What this returns or raises, done by the thread that has the database."""
    mine = seat.get()
    if mine is None:
        return work()
    answer: SimpleQueue[Outcome[T]] = SimpleQueue()
    mine.questions.put(lambda: answer.put(outcome(work)))
    return answer.get().result()


def later(work: Callable[[], object]) -> None:
    """The same for what nobody waits for: it is done when the flight is back, which spares the desk a call for each."""
    mine = seat.get()
    if mine is None:
        work()
    else:
        mine.lot.later.append(work)


def catch_up(works: Iterable[Callable[[], object]]) -> None:
    """Do what was put off."""
    for work in works:
        if (error := outcome(work).error) is not None:
            log.error("the desk could not do what it was asked", exc_info=error)


def first_lot() -> Any:
    """The flight's lot for the first call of a piece of work, None for all others."""
    mine = seat.get()
    if mine is None or not mine.first:
        return None
    mine.first = False
    return mine.lot


def lot() -> Any:
    """The lot of the flight that this thread helps with, None for one that does not."""
    mine = seat.get()
    return None if mine is None else mine.lot


def is_away() -> bool:
    """Whether this thread is a helper in flight."""
    return seat.get() is not None
