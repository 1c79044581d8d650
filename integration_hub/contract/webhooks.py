"""What arrives from a provider: how it is recognised, what it is called, and who handles it."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

from integration_hub.contract.api import Json

WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - the name of the secret that has a column of its own


@dataclass(frozen=True)
class Incoming:
    """A delivery as it came. `url` is the public address it was sent to, names of `headers` are in lower case, `raw` is
    the body byte by byte, `at` when it arrived (seconds since 1970)."""

    method: str
    url: str
    headers: Mapping[str, str]
    raw: bytes
    at: float


class Refused(Exception):
    """A delivery that is not from the provider, too old, or altered. The text is a sentence for admins, no secret."""


@dataclass
class Delivery:
    """One event as its handler sees it."""

    id: str
    type: str
    payload: Any
    company_id: UUID
    connection_id: UUID
    received_at: datetime
    pokes: list[str] = field(default_factory=list)

    def poke(self, stream: str) -> None:
        """Have this stream read as soon as the handler's effects are committed."""
        self.pokes.append(stream)


Handler: TypeAlias = Callable[[Delivery], None]


@dataclass(frozen=True)
class Poke:
    """The handler of a thin event, which only says that there is something to read."""

    stream: str

    def __call__(self, delivery: Delivery) -> None:
        delivery.poke(self.stream)


class Webhook(ABC):
    """How a provider reports to us.

    `signed_with`: the name of the declared secret it signs with; empty where it does not sign. `handles`: handlers by
    event type; they make no call, bear any order, and may be run again when they raise. `ignores`: types known and not
    wanted; unknown ones are stored as ignored, too. `addresses`: app-level addresses beside the connection's own, below
    the root and without slashes around; their deliveries are brought to connections by `route`. `refused`: the status
    of a refusal. `largest`: bytes of a body that are read. Not `timed`: the provider signs no time, so that an old
    delivery cannot be told from a new one. `keeps_secrets`: nobody types one, the provider gives one to each webhook it
    makes for us, and `secrets_of` finds them.
    """

    signed_with: ClassVar[str] = WEBHOOK_SECRET
    handles: ClassVar[Mapping[str, Handler]] = {}
    ignores: ClassVar[tuple[str, ...]] = ()
    methods: ClassVar[tuple[str, ...]] = ("POST",)
    addresses: ClassVar[tuple[str, ...]] = ()
    refused: ClassVar[int] = 401
    largest: ClassVar[int] = 1024 * 1024
    timed: ClassVar[bool] = True
    keeps_secrets: ClassVar[bool] = False

    def secrets_of(self, connection_id: UUID, incoming: Incoming) -> Sequence[str]:
        """Where `keeps_secrets`: those that may have signed this delivery to that connection; none: it is refused."""
        return ()

    @abstractmethod
    def verify(self, secrets: Sequence[str], incoming: Incoming) -> None:
        """Refused unless one of the secrets (two while one is replaced) signed these very bytes just now."""

    def event_type(self, headers: Mapping[str, str], payload: Any) -> str:
        """What happened, in the provider's word. Any exception: unreadable."""
        return str(payload["type"])

    def event_id(self, headers: Mapping[str, str], payload: Any) -> str:
        """The same for each repetition of one event, and for no other; empty where there is no such thing: then equal
        bodies are one event."""
        return ""

    def payload(self, headers: Mapping[str, str], raw: bytes) -> Json:
        """What handlers get. Any exception: unreadable."""
        parsed: Json = json.loads(raw)
        return parsed

    def challenge(self, secrets: Sequence[str], incoming: Incoming) -> Json:
        """The answer to a question by which the provider tries out the address; None when it is an event."""
        return None

    def route(self, headers: Mapping[str, str], raw: bytes) -> Sequence[str | UUID]:
        """Whose an app-level delivery may be: account ids or connection ids, at most 5. Nothing is verified yet, so
        nothing may be changed."""
        return ()
