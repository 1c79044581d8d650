"""One admitted request: who asks, about which base and table, with which body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from integration_hub.sandbox.routing import Route
from integration_hub.sandbox.wire import NotJson, Request
from providers.airtable.simulator import access, journal
from providers.airtable.simulator.draft import Draft
from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.model import Base, State, Table, Token

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator


@dataclass(frozen=True)
class Endpoint(Route):
    """`scope` is what the key must hold; `level` what its owner must be in the base, said as `doing` when refused."""

    scope: str = ""
    level: str = "read"
    doing: str = "perform this operation"

    @property
    def billed(self) -> bool:
        """Only calls about data count towards the month."""
        return not self.pattern.startswith("v0/meta/")


@dataclass(frozen=True)
class Call:
    simulator: AirtableSimulator
    request: Request
    token: Token
    endpoint: Endpoint
    named: Mapping[str, str]

    @property
    def state(self) -> State:
        return self.simulator.state

    @cached_property
    def now(self) -> float:
        return self.simulator.clock.now()

    @cached_property
    def base(self) -> Base:
        return access.base_of(self.state, self.token, self.named["base"])

    @cached_property
    def table(self) -> Table:
        """By id or name; in the data API a table that is not there looks like one that is not permitted."""
        try:
            return self.base.table(self.named["table"])
        except KeyError:
            raise AirtableError("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND") from None

    @cached_property
    def body(self) -> dict[str, Any]:
        try:
            body = self.request.json
        except NotJson:
            raise AirtableError("INVALID_REQUEST_BODY") from None
        if not isinstance(body, dict):
            raise AirtableError("INVALID_REQUEST_UNKNOWN")
        return body

    def flag(self, name: str) -> bool:
        value = self.body.get(name, False)
        if not isinstance(value, bool):
            raise AirtableError("INVALID_REQUEST_UNKNOWN")
        return value

    def draft(self, *, typecast: bool = False) -> Draft:
        users = self.state.users()
        return Draft(
            self.base,
            now=self.now,
            user=self.token.user,
            users=users,
            typecast=typecast,
            builder=self.token.level(self.base.id) == "create",
            files=self.state.files,
            journal=partial(journal.note, self.simulator, source="publicApi"),
        )

    def permitted(self) -> None:
        """Scope and level; refused as Airtable refuses them."""
        if self.endpoint.scope and self.endpoint.scope not in self.token.scopes:
            raise AirtableError("INVALID_PERMISSIONS", "perform this operation")
        if "base" in self.named:
            table = f" in table {self.table.name} ({self.table.id})" if "{table}" in self.endpoint.doing else ""
            doing = self.endpoint.doing.replace(" {table}", table)
            access.at_least(self.token, self.base, self.endpoint.level, doing)


Answer = Callable[[Call], Any]
