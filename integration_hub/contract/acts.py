"""Acts: things done at a provider that cannot be undone by doing them again. Send, create, charge."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from integration_hub.contract.api import Json

ClientT = TypeVar("ClientT")


@dataclass(frozen=True)
class Answer:
    """What the provider says became of an act. `arrived` is None when it cannot be asked."""

    arrived: bool | None
    result: Json = None


class Action(ABC, Generic[ClientT]):
    """A named command. `key_ttl`: for how many seconds the provider recognises our idempotency key and repeating is
    harmless; 0 when it takes none. `deadline`: seconds one call may take."""

    key: ClassVar[str]
    label: ClassVar[str]
    key_ttl: ClassVar[float] = 0.0
    deadline: ClassVar[float] = 10.0

    @abstractmethod
    def perform(self, client: ClientT, given: Mapping[str, Json], key: str) -> Json:
        """Do it, with `key` as the idempotency key where the provider takes one. The result is kept."""

    def ask(self, client: ClientT, given: Mapping[str, Json], key: str, begun_at: datetime) -> Answer:
        """What became of an act that was begun at that time; the default cannot tell."""
        return Answer(None)
