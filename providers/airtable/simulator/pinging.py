"""Pings: sent a moment after something happened, several changes in one, signed, and again where they do not arrive.

https://airtable.com/developers/web/api/webhooks-overview#webhook-notification-delivery
"""

from __future__ import annotations

import hmac
import json
import threading
import time
import weakref
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from integration_hub.sandbox.clock import iso
from integration_hub.sandbox.reporting import send
from providers.airtable.simulator.hooks import Hook

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator

GATHERED = 0.05  # seconds in which further changes join a ping
FIRST_WAIT = 10.0  # seconds before it is sent again; doubles
RETRIES = 13  # then notifications are switched off
PATIENCE = 25.0  # seconds
TICK = 0.5  # seconds in which the thread notices that it is not needed any more
HEADER = "X-Airtable-Content-MAC"


@dataclass
class Ping:
    """One request to a hub."""

    hook: str
    url: str
    raw: bytes
    headers: dict[str, str]


@dataclass
class Trouble:
    """What is to happen to the next pings: so many are lost on the way (Airtable thinks that they arrived), come twice,
    are held back until the one after them was sent, or come `late` seconds later."""

    lose: int = 0
    double: int = 0
    hold: int = 0
    late: float = 0.0


def signature(secret: str, raw: bytes) -> str:
    """As the header has it. A secret that is no base64, as tests may give, is taken as it is."""
    try:
        key = b64decode(secret)
    except ValueError:
        key = secret.encode()
    return "hmac-sha256=" + hmac.new(key, raw, sha256).hexdigest()


def made(hook: Hook, at: float) -> Ping:
    body = {"base": {"id": hook.base}, "webhook": {"id": hook.id}, "timestamp": iso(at)}
    raw = json.dumps(body).encode()
    return Ping(hook.id, hook.url, raw, {"Content-Type": "application/json", HEADER: signature(hook.secret, raw)})


def post(ping: Ping) -> int:
    """The status of the answer; 0 where there was none."""
    return send(ping.url, ping.raw, ping.headers, seconds=PATIENCE)


class Pinger:
    """A thread that lives while there is something to send. `by_hand`: nobody but `deliver` sends."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = weakref.ref(sim)
        self._thread: threading.Thread | None = None
        self._woken = threading.Event()
        self._held: list[Ping] = []
        self.by_hand = False
        self.send: Callable[[Ping], int] = post
        self.trouble = Trouble()

    def ring(self, hook: Hook) -> None:
        """Something is to be told; the simulator's lock is held."""
        sim = self._sim()
        if sim is None or not hook.url or not hook.notified or not hook.enabled:
            return
        soon = sim.clock.now() + GATHERED + self.trouble.late
        hook.due = min(hook.due, soon) if hook.due is not None else soon
        self.wake()

    def wake(self) -> None:
        if self.by_hand:
            return
        self._woken.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="airtable-pings", daemon=True)
            self._thread.start()

    def deliver(self, *, now: bool = True) -> int:
        """Send what is due, or, with `now`, all that waits, once. How many were sent."""
        sim = self._sim()
        if sim is None:
            return 0
        waiting = self._ready(sim, everything=now)
        for ping in waiting:
            self._deliver(sim, ping)
        return len(waiting)

    def _run(self) -> None:
        while True:
            self._woken.clear()
            self.deliver(now=False)
            if not self._waits():
                return

    def _waits(self) -> bool:
        """False when the thread may end: nothing is left to be sent, or the simulator is gone."""
        sim = self._sim()
        if sim is None:
            return False
        with sim.lock:
            due = [hook.due for hook in sim.state.hooks if hook.due is not None]
            if not due:
                self._thread = None
                return False
            wait = min(max(min(due) - sim.clock.now(), 0.0), TICK)
        del sim
        self._woken.wait(wait)
        return True

    def _ready(self, sim: Simulator, *, everything: bool) -> list[Ping]:
        with sim.lock:
            at = sim.clock.now()
            ready = [hook for hook in sim.state.hooks if hook.due is not None and (everything or hook.due <= at)]
            for hook in ready:
                hook.due = None
            return [made(hook, at) for hook in ready if hook.expires > at and hook.notified and hook.enabled]

    def _deliver(self, sim: Simulator, ping: Ping) -> None:
        trouble = self.trouble
        if trouble.lose > 0:
            trouble.lose -= 1
            return
        if trouble.hold > 0:
            trouble.hold -= 1
            self._held.append(ping)
            return
        times = 2 if trouble.double > 0 else 1
        trouble.double -= times - 1
        for one in [ping] * times + self._held:
            began = time.monotonic()
            status = self.send(one)
            with sim.lock:
                _settle(sim, one, status, 1000 * (time.monotonic() - began))
        self._held.clear()


def _settle(sim: Simulator, ping: Ping, status: int, milliseconds: float) -> None:
    hook = next((one for one in sim.state.hooks if one.id == ping.hook), None)
    if hook is None:
        return
    sim.changes += 1
    now, well = sim.clock.now(), status in (200, 204)
    result: dict[str, Any] = {"success": well, "completionTimestamp": iso(now), "durationMs": round(milliseconds, 3)}
    hook.result = {**result, "retryNumber": hook.tries}
    if well:
        hook.heard, hook.tries = now, 0
        return
    said = f"The HTTP request returned a {status} status code instead of 200 or 204" if status else "No response"
    hook.tries += 1
    again = hook.tries <= RETRIES
    hook.result |= {"error": {"message": said}, "willBeRetried": again}
    hook.notified = again
    if again and hook.due is None:
        hook.due = now + FIRST_WAIT * 2 ** (hook.tries - 1)
