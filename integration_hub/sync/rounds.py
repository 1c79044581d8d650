"""The house's rounds: rooms that the engine cannot import say at start what they want done on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from django.db import Error as DatabaseError

from integration_hub.http import clock
from integration_hub.sync import sql

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Errand:
    """Something to do on a round. `when`: an SQL condition without which there is nothing to do, {now} being the time;
    empty: only the errand itself can tell."""

    do: Callable[[], object]
    when: str = ""


Round = list[Errand]

SWEEP: Round = []  # every two seconds
MINUTE: Round = []
NIGHT: Round = []


def join(which: Round, do: Callable[[], object], *, when: str = "") -> None:
    errand = Errand(do, when)
    if errand not in which:
        which.append(errand)


def make(which: Round) -> None:
    """Every errand that may have something to do, also when another one fails."""
    for errand in _wanted(which):
        try:
            errand.do()
        except Exception:
            log.exception("an errand of the round failed", errand=errand.do.__module__)


def _wanted(which: Round) -> Sequence[Errand]:
    """All conditions are asked in one statement: an idle house makes its rounds for next to nothing."""
    asked = [errand for errand in which if errand.when]
    if not asked:
        return which
    now, offset = clock.now_sql()
    texts = ", ".join(f"({errand.when.format(now=now)})" for errand in asked)
    times = sum(errand.when.count("{now}") for errand in asked)
    try:
        answers = sql.fetch(f"SELECT {texts}", offset * times)[0]
    except DatabaseError:  # each finds out by itself what it can still do
        log.exception("the conditions of a round could not be asked")
        return which
    idle = [errand for errand, answer in zip(asked, answers, strict=True) if not answer]
    return [errand for errand in which if errand not in idle]
