"""One turn of one lane: what is known of it while it lasts. About 2 s, more where nobody waits for the next one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings

from integration_hub.connections import clients
from integration_hub.contract import Page
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.http.flight import Flight
from integration_hub.sync import lanes, runs
from integration_hub.sync.models import SyncRun
from integration_hub.sync.targets import Job

SLICE = 2.0  # seconds, then the lane goes to the back of the line, if there is one
LONGEST = 8.0  # seconds a turn lasts where nobody waits behind it
LONGEST_REST = 1.0  # seconds a turn sleeps for the pace
SOON = 2.0  # seconds until a lane that has to wait looks again
AHEAD = 0.18  # seconds before the next call may leave in which its rows are read
MARGIN = 5.0  # seconds before the lease's end by which every call is over


@dataclass
class Ahead:
    """The page after the one that is being saved, asked for by a helping thread meanwhile."""

    cursor: Json
    flight: Flight[Page]


@dataclass
class Slice:
    """One turn of one lane. `next_due` is when it wants to be served again, set when the turn ends early.
    `in_the_midst`: the last chunk was a full one of a full run, so that more of it is due and nothing is over yet.
    `opens`: when the pace leaves room for further calls (monotonic), as far as is known; `touched`: when it was noted
    that a sync went through; `undisturbed`: just now nobody wanted anything else of this lane."""

    held: lanes.Claim
    job: Job
    started: float = field(default_factory=time.monotonic)
    next_due: datetime | None = None
    over: bool = False
    slow: bool = False
    given_up: bool = False
    cured: bool = False
    in_the_midst: bool = False
    opens: float = 0.0
    touched: float = float("-inf")
    undisturbed: bool = False
    opened: dict[int, Any] = field(default_factory=dict)
    waits_for_parents: bool = False
    behalf: SyncRun | None = None
    table_seen: bool = False
    ahead: Ahead | None = None

    @property
    def going(self) -> bool:
        self.undisturbed = False
        if self.over:
            return False
        at = time.monotonic() + self.room_in
        return at - self.started < SLICE or (self.in_the_midst and self._may_go_on(at))

    def _may_go_on(self, at: float) -> bool:
        """Nobody waits for our thread, people still want what we do, and the lease lasts for further calls."""
        lasts = at - self.started < LONGEST and at + settings.CALL_SECONDS < self.ends_by
        self.undisturbed = lasts and lanes.may_go_on(self.held, self.job.version)
        return self.undisturbed

    def lasts(self, seconds: float) -> bool:
        """Whether this turn will still be going then."""
        at = time.monotonic() + seconds
        return not self.over and (at - self.started < SLICE or (self.in_the_midst and self._may_go_on(at)))

    def attend(self) -> None:
        """Between two transactions: what the call that is made meanwhile needs of the database."""
        if self.ahead is not None:
            self.ahead.flight.attend()

    def land(self) -> None:
        """Nothing stays in the air when the turn is over."""
        if self.ahead is not None:
            self.ahead.flight.landed()
            self.ahead = None

    @property
    def room_in(self) -> float:
        """Seconds until the rows of the next calls are to be read: just before the pace leaves room for them, so that
        whatever is changed until then goes first. 0 where that is too far away to be slept."""
        wait = self.opens - AHEAD - time.monotonic()
        return wait if 0 < wait < LONGEST_REST else 0.0

    def rest(self) -> None:
        time.sleep(self.room_in)

    @property
    def ends_by(self) -> float:
        return self.started + float(settings.SYNC_LEASE) - MARGIN

    def stop(self, seconds: float | None = None) -> None:
        """End the turn; come back in so many seconds, or when somebody says so."""
        self.over = True
        self.next_due = None if seconds is None else clock.now() + timedelta(seconds=seconds)

    def client(self, prio: int) -> Any:
        """The provider's client, its key read once a turn."""
        if prio not in self.opened:
            self.opened[prio] = clients.open_client(self.job.connection, prio=prio, ends_by=self.ends_by)
        return self.opened[prio]

    @cached_property
    def _live_run(self) -> SyncRun:
        return runs.live(self.job.mapping)

    def live(self) -> SyncRun:
        """The run of this hour's live changes, made when the first one is settled; or the run this is done for."""
        return self.behalf or self._live_run

    @contextmanager
    def on_behalf_of(self, run: SyncRun) -> Iterator[None]:
        """What is settled meanwhile belongs to this run."""
        self.behalf = run
        try:
            yield
        finally:
            self.behalf = None
