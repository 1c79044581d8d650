"""The declaration of a provider. Cards, forms, addresses and schedules of the hub are made from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from integration_hub.contract.acts import Action
from integration_hub.contract.api import Api, Json, Reply
from integration_hub.contract.auth import ApiKey, Secret, Setting
from integration_hub.contract.oauth import OAuth2
from integration_hub.contract.resources import Resource
from integration_hub.contract.streams import Stream
from integration_hub.contract.sync import Sink
from integration_hub.contract.webhooks import Webhook

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True)
class Account:
    """Whom a key belongs to: proof that it works. `missing` are scopes we need and the key lacks."""

    id: str
    label: str
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """An API endpoint of the provider's own, below /api/integrations/<key>/: Django's path syntax, and the dotted path
    of a view on the house's base views. Routes win over the generic addresses."""

    path: str
    view: str


@dataclass(frozen=True)
class Stat:
    """A number on the status card, as text with its unit or whole."""

    label: str
    value: str


class Session(Protocol):
    """What the door hands to a client: calls are paced, timed, guarded, measured and explained there."""

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | list[tuple[str, str]] | None = None,
        json: Json = None,
        bucket: str = "",
        repeatable: bool | None = None,
        rows: int = 0,
        deadline: float | None = None,
        host: str = "",
    ) -> Reply: ...


@dataclass(frozen=True)
class Mirror:
    """Records that may live in a place over there, which these settings name. Where the environment gives all of them
    at the first start, that place is mapped both ways and read."""

    record_type: str
    settings: tuple[str, ...]
    sink: str = "records"


class Provider(ABC):
    """One provider. `key` is the folder's name under providers/; `docs` is the vendor's page for getting keys."""

    key: ClassVar[str]
    name: ClassVar[str]
    category: ClassVar[str]
    summary: ClassVar[str] = ""
    mark: ClassVar[str] = ""  # two letters for the logo tile
    colour: ClassVar[str] = "#3b4fd8"
    docs: ClassVar[str] = ""
    auth: ClassVar[ApiKey | OAuth2 | tuple[ApiKey | OAuth2, ...]]  # the ways to prove oneself; any one of them does
    api: ClassVar[Api]
    settings: ClassVar[tuple[Setting, ...]] = ()
    sinks: ClassVar[tuple[Sink[Any], ...]] = ()
    streams: ClassVar[tuple[Stream[Any], ...]] = ()
    webhook: ClassVar[Webhook | None] = None
    actions: ClassVar[tuple[Action[Any], ...]] = ()
    ready: ClassVar[tuple[str, ...]] = ()  # record types that get a ready mapping when a key is connected
    mirror: ClassVar[Mirror | None] = None
    essential_scopes: ClassVar[tuple[str, ...]] = ()  # a key that lacks one of these is refused
    routes: ClassVar[tuple[Route, ...]] = ()
    simulator: ClassVar[str] = ""  # dotted path of the simulator class in this provider's sandbox.py

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The headers that carry the key: the first secret as a bearer token, unless somebody wants it otherwise."""
        return {"Authorization": f"Bearer {secrets[self.secrets[0].name]}"}

    @abstractmethod
    def client(self, session: Session) -> Any:
        """The provider's own thin client over the door."""

    @abstractmethod
    def check(self, client: Any) -> Account:
        """The cheapest authorised call: proves the key, names the account, lists what is missing."""

    def connected(self, connection: Any, account: Account) -> None:  # noqa: B027 - most providers keep nothing
        """A key was checked and is being saved, in this transaction: keep what is worth keeping of the account."""

    def mapped(self, mapping: Any) -> None:  # noqa: B027 - most providers keep nothing
        """A mapping was saved, in this transaction: keep what is worth keeping of it."""

    def unmapped(self, mapping: Any) -> None:  # noqa: B027 - most providers keep nothing
        """A mapping is no longer in use, in this transaction."""

    def leave(self, connection: Any, client: Any) -> None:  # noqa: B027 - most providers leave nothing behind
        """The company disconnects, and the key still works: take away what we made over there beside records. Errors
        are borne; nothing may be left that somebody would have to find by hand."""

    def discover(self, client: Any, within: str = "") -> Iterable[Resource]:
        """What there is to choose from: at the top, or in the resource with the id `within` (the tables of a base)."""
        return ()

    def stats(self, connection_id: UUID) -> Iterable[Stat]:
        return ()

    @property
    def ways(self) -> tuple[ApiKey | OAuth2, ...]:
        return self.auth if isinstance(self.auth, tuple) else (self.auth,)

    @property
    def oauth(self) -> OAuth2 | None:
        """How one signs in there, where that is possible."""
        return next((way for way in self.ways if isinstance(way, OAuth2)), None)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What is typed, the key itself first; nothing where one can only sign in."""
        return next((way.secrets for way in self.ways if isinstance(way, ApiKey)), ())

    @property
    def all_settings(self) -> tuple[Setting, ...]:
        """Everything the connect form asks for beside secrets."""
        return (*(setting for way in self.ways if isinstance(way, ApiKey) for setting in way.settings), *self.settings)

    def sink(self, key: str) -> Sink[Any]:
        """KeyError when the provider has no such sink."""
        for sink in self.sinks:
            if sink.key == key:
                return sink
        raise KeyError(key)

    def stream(self, key: str) -> Stream[Any]:
        """KeyError when the provider has no such stream."""
        for stream in self.streams:
            if stream.key == key:
                return stream
        raise KeyError(key)

    def action(self, key: str) -> Action[Any]:
        """KeyError when the provider has no such action."""
        for action in self.actions:
            if action.key == key:
                return action
        raise KeyError(key)
