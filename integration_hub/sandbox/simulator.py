"""What a provider's simulator is: state behind a lock, answers, orders it takes, and what a browser may see of it."""

from __future__ import annotations

import inspect
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from integration_hub.sandbox.clock import Clock
from integration_hub.sandbox.parts import Parts
from integration_hub.sandbox.sheets import Card, Posted, Sheet
from integration_hub.sandbox.wire import Request, Response

Command = Callable[..., Any]


class BadOrder(ValueError):
    """An order of the control that cannot be carried out, with the sentence why."""


class Simulator(ABC):
    """One provider, imitated. `key` is the provider's folder and the first segment of its addresses.

    The sandbox holds `lock` around every method it calls; tests that look into the state take it themselves.
    """

    key: ClassVar[str]
    name: ClassVar[str]
    commands: ClassVar[Mapping[str, Command]] = {}

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock = Clock()
        self.changes = 0
        self.reset()

    @abstractmethod
    def reset(self) -> None:
        """Back to the state a fresh sandbox starts with."""

    @abstractmethod
    def admit(self, request: Request) -> Response | Callable[[], Response]:
        """At the door: a refusal (key, rate), or the work that answers the request when it is called, now or later."""

    @abstractmethod
    def credentials(self) -> dict[str, str]:
        """What a person would paste into the hub's connect form, by field; var/run.json shows the same."""

    @abstractmethod
    def dump(self) -> dict[str, Any]:
        """The whole state as JSON, keys included: what a restart needs."""

    @abstractmethod
    def load(self, state: dict[str, Any]) -> None: ...

    def parts(self, *, whole: bool) -> Parts | None:
        """The parts of the state that changed since this was last asked, or all of them; None where the state is small
        and always written as a whole."""
        return None

    def load_parts(self, parts: Iterable[tuple[str, str, Any]]) -> bool:
        """The state from its parts (shelf, name, value); False when there are none."""
        return False

    @abstractmethod
    def view(self) -> dict[str, Any]:
        """The state as JSON without keys: what tests compare."""

    @abstractmethod
    def card(self) -> Card: ...

    def sheet(self, places: tuple[str, ...], page: int) -> Sheet | None:
        """The page of one place (a base, a table); None when there is no such place."""
        return None

    def obey(self, places: tuple[str, ...], posted: Posted) -> str:
        """Do what a form of a page asks for; the address of the page to show then."""
        raise BadOrder("Nothing can be changed here.")

    def refuse_body(self) -> Response:
        """The answer to a request whose body is larger than the server reads."""
        return Response(413)

    def order(self, name: str) -> Command:
        """The order of that name; BadOrder when there is none."""
        try:
            return self.commands[name]
        except KeyError:
            known = ", ".join(sorted(self.commands)) or "none"
            raise BadOrder(f"{self.key} knows no order {name!r}. Known: {known}.") from None

    def command(self, name: str, /, **arguments: Any) -> Any:
        """Carry out an order of the control; BadOrder says what is wrong with it."""
        order = self.order(name)
        try:
            inspect.signature(order).bind(self, **arguments)
        except TypeError as error:
            raise BadOrder(f"{name}: {error}.") from None
        with self.lock:
            self.changes += 1
            return order(self, **arguments)
