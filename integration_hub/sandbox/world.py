"""The sandbox itself: simulators, faults, the request log, and the file that keeps it all over a restart."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias

from django.utils.module_loading import import_string

from integration_hub.contract import registry
from integration_hub.sandbox.faults import Fault, FaultQueue
from integration_hub.sandbox.inbox import Inbox
from integration_hub.sandbox.keeping import Keeper
from integration_hub.sandbox.requestlog import RequestLog
from integration_hub.sandbox.simulator import BadOrder, Simulator
from integration_hub.sandbox.wire import Request, Response

log = logging.getLogger(__name__)
Work: TypeAlias = Callable[[], Response]
PATIENCE = 120.0  # seconds a connection is held at most for a client that never gives up


class Line(Protocol):
    """The connection to the client, as far as faults care about it."""

    def drop(self) -> None:
        """Close it without an answer."""

    def gone(self, within: float) -> bool:
        """Wait until the client gave up; False when it still waits after so many seconds."""


def registered() -> list[Simulator]:
    """The simulators of all providers that declare one."""
    return [import_string(each.simulator)() for each in registry.providers() if each.simulator]


class World:
    """All that the server serves. Safe to call from many threads."""

    def __init__(self, simulators: Iterable[Simulator], state_file: Path | None = None) -> None:
        self.simulators = {simulator.key: simulator for simulator in simulators}
        self.faults = FaultQueue()
        self.requests = RequestLog()
        self.inbox = Inbox()
        self._interrupted = threading.Event()
        self.keeper = Keeper(state_file, self.simulators.values()) if state_file else None

    def simulator(self, key: str) -> Simulator:
        try:
            return self.simulators[key]
        except KeyError:
            known = ", ".join(sorted(self.simulators)) or "none"
            raise BadOrder(f"There is no simulator {key!r}. Known: {known}.") from None

    def reset(self, provider: str = "") -> None:
        """Everything as on a fresh start, late effects still to land forgotten; or one provider's state only."""
        if not provider:
            self._interrupt()
            self.faults.clear()
            self.requests.clear()
            self.inbox.clear()
        for simulator in [self.simulator(provider)] if provider else self.simulators.values():
            with simulator.lock:
                simulator.reset()
                simulator.changes += 1

    def start(self) -> None:
        if self.keeper:
            self.keeper.start()

    def close(self) -> None:
        self._interrupt()
        if self.keeper:
            self.keeper.close()

    def _interrupt(self) -> None:
        """End the waits of ordered faults: each was handed the event that is set here."""
        waiting, self._interrupted = self._interrupted, threading.Event()
        waiting.set()

    def order(self, fault: Fault) -> Fault:
        """Queue a fault. BadOrder when it names a provider or an order that does not exist."""
        if fault.provider or fault.command:
            simulator = self.simulator(fault.provider)
            if fault.command:
                simulator.order(fault.command)
        return self.faults.add(fault)

    def serve(self, key: str, request: Request, line: Line) -> Response | None:
        """The answer to one request of a provider, None when the client gets none."""
        simulator, began = self.simulators[key], time.monotonic()
        fault, answer = None, None
        try:
            fault, answer = self._answer(simulator, request, line)
        except Exception:
            log.exception("simulator %s failed at %s %s", key, request.method, request.path)
            answer = Response(500, note="bug")
        self.requests.add(
            at=simulator.clock.at(began),
            provider=key,
            request=request,
            status=answer.status if answer else 0,
            milliseconds=(time.monotonic() - began) * 1000,
            note=answer.note if answer else "",
            fault=fault.id if fault else None,
        )
        return answer

    def _answer(self, simulator: Simulator, request: Request, line: Line) -> tuple[Fault | None, Response | None]:
        if order := self.faults.take(simulator.key, request, commands=True):
            simulator.command(order.command, **order.arguments)
        with simulator.lock:
            admitted = simulator.admit(request)
        if isinstance(admitted, Response):
            return order, admitted
        work = partial(_done, simulator, request, admitted)
        if fault := self.faults.take(simulator.key, request):
            return fault, Blow(fault, work, line, self._interrupted).strike()
        return order, work()


def _done(simulator: Simulator, request: Request, work: Work) -> Response:
    """Let an admitted request have its effect."""
    with simulator.lock:
        if request.method not in ("GET", "HEAD"):
            simulator.changes += 1
        return work()


class Blow:
    """One fault striking one request."""

    def __init__(self, fault: Fault, work: Work, line: Line, interrupted: threading.Event) -> None:
        self.fault, self.work, self.line, self.interrupted = fault, work, line, interrupted

    def strike(self) -> Response | None:
        fault = self.fault
        self._pause(fault.latency)
        if fault.late is not None:
            self._land_late(fault.late)
            return None
        answer = self.work() if fault.reaches else None
        self._pause(fault.hold)
        if fault.drop:
            self.line.drop()
            return None
        return fault.answer() or answer

    def _land_late(self, seconds: float) -> None:
        deadline = time.monotonic() + (0 if self.fault.drop else PATIENCE)
        while time.monotonic() < deadline and not self.interrupted.is_set():
            if self.line.gone(within=0.05):
                break
        self.line.drop()
        self._pause(seconds)
        if not self.interrupted.is_set():
            self.work()

    def _pause(self, seconds: float) -> None:
        if seconds:
            self.interrupted.wait(seconds)
