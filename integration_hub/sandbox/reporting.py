"""What simulators of providers that report have beside: making the requests the provider would, and sending them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import requests

from integration_hub.contract import Incoming

PATIENCE = 5.0  # seconds


def send(url: str, raw: bytes, headers: Mapping[str, str], *, seconds: float = PATIENCE) -> int:
    """One delivery, past any proxy of this machine. The status of the answer; 0 where none came."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.post(url, data=raw, headers=dict(headers), timeout=seconds).status_code
    except requests.RequestException:
        return 0


class Reports(ABC):
    """A simulator that reports events."""

    @abstractmethod
    def report(self, payload: Any, *, secret: str, url: str, at: float) -> Incoming:
        """The request that reports this event (a body of tests/fixtures/webhooks), signed at that moment."""

    def deliver(self, payload: Any, *, secret: str, url: str, at: float) -> int:
        """Send it there; the status of the answer."""
        made = self.report(payload, secret=secret, url=url, at=at)
        return requests.request(
            made.method, made.url, data=made.raw, headers=dict(made.headers), timeout=PATIENCE
        ).status_code
