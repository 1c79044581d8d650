"""Faults on order: which request they strike and what happens to it."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from urllib.parse import unquote

from integration_hub.sandbox.simulator import BadOrder
from integration_hub.sandbox.wire import Request, Response

_numbers = itertools.count(1)


@dataclass
class Fault:
    """Strikes the next `count` requests that fit, after letting `skip` of them pass. It strikes admitted requests only:
    one that the provider's own rules refuse (bad key, too many) uses nothing up.

    With `status` (and `body`, `html` or `headers`) that answer is given; the request has no effect unless `effect` is
    true. `latency` waits before the effect, `hold` between effect and answer. `drop` closes the connection without an
    answer, `before` the effect or `after` it. `late`: the client gets no answer; so many seconds after it gave up (or
    at once, with `drop`), the effect lands. A fault with a `command` only gives the simulator that order (with
    `arguments`), just before the request, whose answer then is what the provider's rules make of it.
    """

    provider: str = ""
    method: str = ""
    path: str = ""
    count: int = 1
    skip: int = 0
    status: int | None = None
    body: Any = None
    html: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    effect: bool | None = None
    latency: float = 0.0
    hold: float = 0.0
    drop: str = ""
    late: float | None = None
    command: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    id: int = field(default_factory=lambda: next(_numbers))

    def fits(self, provider: str, request: Request) -> bool:
        path = f"/{provider}/{request.path}"
        return (
            self.provider in ("", provider)
            and self.method in ("", request.method)
            and (self.path in path or self.path in unquote(path))
        )

    @property
    def reaches(self) -> bool:
        """Whether the request has its effect."""
        if self.drop == "before" and self.late is None:
            return False
        return self.status is None if self.effect is None else self.effect

    def answer(self) -> Response | None:
        """The ordered answer, None when the provider's own is to be given."""
        if self.status is None:
            return None
        html = self.html is not None
        text = self.html if html else "" if self.body is None else json.dumps(self.body)
        kind = "text/html; charset=utf-8" if html else "application/json; charset=utf-8"
        return Response(self.status, (text or "").encode(), kind, tuple(self.headers.items()))


KNOWN = {each.name for each in fields(Fault)} - {"id"}
COMMAND_ONLY = {"provider", "method", "path", "count", "skip", "command", "arguments"}
_SECONDS = (int | float, 0)
_NUMBERS: dict[str, tuple[Any, int]] = {
    "count": (int, 1),
    "skip": (int, 0),
    "status": (int, 100),
    "latency": _SECONDS,
    "hold": _SECONDS,
    "late": _SECONDS,
}


def read(order: Mapping[str, Any]) -> Fault:
    """A fault from JSON; BadOrder with a sentence when it makes no sense."""
    if unknown := sorted(set(order) - KNOWN):
        raise BadOrder(f"Unknown: {', '.join(unknown)}. Known: {', '.join(sorted(KNOWN))}.")
    for name, (kind, least) in _NUMBERS.items():
        value = order.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kind) or value < least):
            raise BadOrder(f"{name} must be a number, {least} or more.")
    if order.get("command") and (mixed := set(order) - COMMAND_ONLY):
        raise BadOrder(f"A command stands alone; take out: {', '.join(sorted(mixed))}.")
    if order.get("drop", "") not in ("", "before", "after"):
        raise BadOrder("drop is either before or after.")
    fault = Fault(**order)
    fault.method = fault.method.upper()
    return fault


class FaultQueue:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, provider: str, request: Request, *, commands: bool = False) -> Fault | None:
        """The fault (or, with `commands`, the order) that strikes this request, used up by one."""
        with self._lock:
            for fault in self._faults:
                if bool(fault.command) != commands or not fault.fits(provider, request):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.count -= 1
                if fault.count <= 0:
                    self._faults.remove(fault)
                return fault
            return None

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def view(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]
