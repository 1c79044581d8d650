"""The house's rounds: rooms that the engine cannot import say at start what they want done on them."""

from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

Round = list[Callable[[], object]]

SWEEP: Round = []  # every two seconds
MINUTE: Round = []
NIGHT: Round = []


def join(which: Round, errand: Callable[[], object]) -> None:
    if errand not in which:
        which.append(errand)


def make(which: Round) -> None:
    """Every errand, also when another one fails."""
    for errand in which:
        try:
            errand()
        except Exception:
            log.exception("an errand of the round failed", errand=errand.__module__)
