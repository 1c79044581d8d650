"""What a nudged worker does: claim due lanes one after the other and serve each for a turn."""

import time

import structlog

from integration_hub.http import clock
from integration_hub.sync import lanes, nudge, push, sql, streams

log = structlog.get_logger(__name__)

SHIFT = 8.0  # seconds; then the thread is given back and another nudge takes over
MOMENT = 0.9  # seconds a thread sleeps at most: the rest between two flights
BEAT_EVERY = 10.0  # seconds
_beaten: dict[str, float] = {}  # when this process noted each of them last (monotonic)


def drain(seconds: float = SHIFT) -> int:
    """Serve due lanes until none is left or the shift is over. How many turns were served. A lane that is due again in
    a moment (the pace made it wait) is waited for: nobody would send a nudge for it, and the sweep comes later."""
    ends, turns = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        held = lanes.claim()
        if held is not None:
            if not streams.serve(held):
                push.serve(held)
            turns += 1
            continue
        if not turns or not _waited():
            return turns
    _waited()  # who follows waits for nothing: it would be gone before the lane is due
    nudge.publish()
    return turns


def _waited() -> bool:
    """Sleep until the next lane is due; False when that is not soon."""
    wait = lanes.due_within(MOMENT)
    if wait is None:
        return False
    time.sleep(wait)
    return True


def sweep(threads: int) -> int:
    """Repair lanes whose nudge was lost and call for as many workers as there are due lanes. Proves that beat and
    worker are alive."""
    lanes.repair()
    due = lanes.due_count()
    for _ in range(min(due, threads)):
        nudge.publish()
    beat("worker", "beat")
    return due


_BEAT = """
INSERT INTO sync_heartbeats (name, at) VALUES (%s, {now})
ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE sync_heartbeats.at < excluded.at
"""


def beat(*names: str) -> None:
    """Note that these parts of the house are at work; each process does so at most every ten seconds."""
    for name in names:
        if time.monotonic() - _beaten.get(name, -BEAT_EVERY) >= BEAT_EVERY:
            now, offset = clock.now_sql()
            sql.execute(_BEAT.format(now=now), [name, *offset])
            _beaten[name] = time.monotonic()
