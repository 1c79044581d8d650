"""How a provider's HTTP API behaves: address, rates, and what its refusals mean."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from integration_hub.contract.errors import ProviderError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True)
class Reply:
    """An answer, read whole: what `Api.explain` and clients look at."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Json:
        """The body as JSON; ValueError when it is something else (an HTML error page, say)."""
        parsed: Json = json.loads(self.body)
        return parsed


@dataclass(frozen=True)
class Rate:
    """At most `calls` per `seconds` for each bucket of this class; after a 429 nothing for `penalty` seconds.

    `bucket` names what is counted: `account` (the connection) or a word the client gives with each call (`base`).
    """

    calls: float
    seconds: float = 1.0
    bucket: str = "account"
    penalty: float = 0.0


def explain_nothing(reply: Reply) -> ProviderError | None:
    """The default: the door's own table of statuses decides."""
    return None


@dataclass(frozen=True)
class Api:
    """`explain` turns a refusal into an error with a sentence; None leaves it to the door's table of statuses. `hosts`:
    further addresses by a word that calls name (`content`); one put in place of the base address stands for all.
    `downloads`: hosts (with all below them) from which files may be fetched that a cell names."""

    base_url: str
    rates: tuple[Rate, ...] = ()
    explain: Callable[[Reply], ProviderError | None] = explain_nothing
    hosts: Mapping[str, str] = field(default_factory=dict)
    downloads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Callee:
    """Whom a call goes to where that is not the provider's API itself, but an endpoint with rules of its own (its
    token endpoint, say). `key` and `name` are the provider's."""

    key: str
    name: str
    api: Api
