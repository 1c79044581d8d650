"""The door with a token that is renewed when it must be: what a client gets where a company signed in.

A refused token is first replaced by the stored one, which another may have renewed, and only then renewed: the call
is repeated, since who is refused has not been served. Several threads may call at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from integration_hub.connections import refreshing
from integration_hub.connections.grants import Access
from integration_hub.contract import AuthFailed, Provider, Reply
from integration_hub.contract.api import Json
from integration_hub.http import desk
from integration_hub.http.door import Door

REFUSED = 401
TRIES = 3  # with the token at hand, with the stored one, with a renewed one


@dataclass
class GrantSession:
    """Implements contract.provider.Session. `door` carries everything but the token."""

    provider: Provider
    door: Door
    access: Access

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
    ) -> Reply:
        """As the door's. AuthFailed only when no token is to be had, or a renewed one is refused as well."""
        access = self._take(desk.here(partial(refreshing.fresh, self.provider, self.access, **self._waiting)))
        for left in reversed(range(TRIES)):
            try:
                return with_token(self.provider, self.door, access.token).call(
                    operation,
                    method,
                    path,
                    params=params,
                    json=json,
                    bucket=bucket,
                    repeatable=repeatable,
                    rows=rows,
                    deadline=deadline,
                    host=host,
                )
            except AuthFailed as error:
                if error.status != REFUSED or not left:
                    raise
                refused = error
            access = self._take(desk.here(partial(refreshing.after_refusal, self.provider, access, **self._waiting)))
        raise refused

    def _take(self, access: Access) -> Access:
        self.access = access
        return access

    @property
    def _waiting(self) -> dict[str, Any]:
        return {"prio": self.door.prio, "ends_by": self.door.ends_by}


def with_token(provider: Provider, door: Door, token: str) -> Door:
    """The same door with this token in the hand."""
    assert provider.oauth is not None
    return replace(door, headers=provider.oauth.headers(token), secrets=(token,))
