"""A simulator for services whose state fits into a dictionary: what is alike in all of those is here."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from integration_hub.contract import Incoming
from integration_hub.sandbox.reporting import Reports
from integration_hub.sandbox.sheets import Card
from integration_hub.sandbox.simulator import Simulator
from integration_hub.sandbox.wire import Request, Response, json_answer


class SmallSimulator(Simulator, Reports):
    """`demo`: the credentials as the connect form asks for them, the key first. `state` is what `fresh` made of it, and
    what `answer` changes. Events are JSON, sent by POST with the headers of `signed`."""

    demo: ClassVar[Mapping[str, str]]

    @abstractmethod
    def fresh(self) -> dict[str, Any]:
        """What a new account holds, as JSON."""

    @abstractmethod
    def answer(self, request: Request) -> Response:
        """To a request whose key is right."""

    def signed(self, raw: bytes, secret: str, at: float) -> dict[str, str]:
        """The headers that sign a delivery sent at that moment, names in lower case."""
        return {}

    def key_of(self, request: Request) -> str:
        """The key as this service takes it: a bearer token."""
        return request.bearer

    def refuse(self) -> Response:
        """The answer to a wrong key."""
        return json_answer({"error": "invalid key"}, 401)

    def expire_token(self) -> None:
        self.alive = False

    def restore_token(self) -> None:
        self.alive = True

    commands: ClassVar = {"expire_token": expire_token, "restore_token": restore_token}

    def reset(self) -> None:
        self.alive, self.state = True, self.fresh()

    def credentials(self) -> dict[str, str]:
        return dict(self.demo)

    def admit(self, request: Request) -> Response | Callable[[], Response]:
        if not self.alive or self.key_of(request) != next(iter(self.demo.values())):
            return self.refuse()
        return lambda: self.answer(request)

    def report(self, payload: Any, *, secret: str, url: str, at: float) -> Incoming:
        raw = json.dumps(payload).encode()
        headers = {"content-type": "application/json", **self.signed(raw, secret, at)}
        return Incoming("POST", url, headers, raw, at)

    def dump(self) -> dict[str, Any]:
        return {"alive": self.alive, "state": self.state}

    def load(self, state: dict[str, Any]) -> None:
        self.alive, self.state = state["alive"], state["state"]

    def view(self) -> dict[str, Any]:
        return self.state

    def card(self) -> Card:
        counts = [f"{len(value)} {name}" for name, value in self.state.items() if isinstance(value, list | dict)]
        return Card(", ".join(counts) or self.name, ())
