"""What was asked of the sandbox: recent requests and counters, without keys or other secrets."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlencode

from integration_hub.sandbox.clock import iso
from integration_hub.sandbox.wire import NotJson, Request

KEPT = 2000
LONGEST = 32 * 1024  # bytes of a body that is kept
SECRET = re.compile(r"token|secret|password|api_?key|authorization|^code(_verifier)?$|signature", re.IGNORECASE)
HIDDEN = "•••"


@dataclass(frozen=True)
class Entry:
    """One request and what became of it; status 0 means that no answer was given."""

    number: int
    at: float
    provider: str
    request: Request
    status: int
    milliseconds: float
    note: str
    fault: int | None

    @property
    def address(self) -> str:
        """Path and query as people read them, secret parameters hidden."""
        shown = [(key, HIDDEN if SECRET.search(key) else value) for key, value in self.request.query]
        query = f"?{unquote(urlencode(shown))}" if shown else ""
        return f"/{self.provider}/{unquote(self.request.path)}{query}"

    def view(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "at": iso(self.at),
            "provider": self.provider,
            "method": self.request.method,
            "path": self.address,
            "status": self.status,
            "milliseconds": round(self.milliseconds, 1),
            "note": self.note,
            "fault": self.fault,
            "body": self.body,
        }

    @property
    def body(self) -> Any:
        try:
            return hidden(self.request.json)
        except NotJson:
            return f"{len(self.request.body)} bytes that are not JSON"


def hidden(value: Any) -> Any:
    """The same JSON with the values of secret-looking keys hidden, at any depth."""
    if isinstance(value, dict):
        return {key: HIDDEN if SECRET.search(key) else hidden(each) for key, each in value.items()}
    if isinstance(value, list):
        return [hidden(each) for each in value]
    return value


class RequestLog:
    """The last requests, newest last, and counters over all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._entries: deque[Entry] = deque(maxlen=KEPT)
            self._number = 0
            self._statuses: Counter[str] = Counter()
            self._notes: Counter[str] = Counter()
            self._providers: Counter[str] = Counter()
            self._faults = 0

    def add(
        self,
        *,
        at: float,
        provider: str,
        request: Request,
        status: int,
        milliseconds: float,
        note: str = "",
        fault: int | None = None,
    ) -> None:
        kept = replace(request, headers={}, body=request.body if len(request.body) <= LONGEST else b"")
        with self._lock:
            self._number += 1
            self._entries.append(Entry(self._number, at, provider, kept, status, milliseconds, note, fault))
            self._statuses[str(status)] += 1
            self._providers[provider] += 1
            self._faults += fault is not None
            if note:
                self._notes[note] += 1

    def recent(self, limit: int = 100, provider: str = "", after: int = 0) -> list[Entry]:
        """The newest `limit` entries of a provider with a number above `after`, oldest first."""
        with self._lock:
            entries = [e for e in self._entries if provider in ("", e.provider) and e.number > after]
        return entries[-limit:] if limit > 0 else []

    def counters(self) -> dict[str, Any]:
        """`rate_limited` counts 429s by the provider's own rules; ordered ones only show in `statuses`."""
        with self._lock:
            return {
                "requests": self._number,
                "statuses": dict(self._statuses),
                "providers": dict(self._providers),
                "notes": dict(self._notes),
                "rate_limited": self._notes["rate_limited"],
                "faults": self._faults,
            }
