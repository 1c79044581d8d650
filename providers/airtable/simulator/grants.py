"""What people allowed integrations to do: codes, and grants with the tokens that are live now. JSON in and out."""

from __future__ import annotations

from dataclasses import dataclass, field

ACCESS_SECONDS = 3600.0
REFRESH_SECONDS = 60 * 86400.0
SCOPES = (
    "data.records:read",
    "data.records:write",
    "data.recordComments:read",
    "data.recordComments:write",
    "schema.bases:read",
    "schema.bases:write",
    "webhook:manage",
    "user.email:read",
)


@dataclass
class Code:
    """Waits to be exchanged. `bases` maps what was granted to permission levels; None means all, as creator."""

    value: str
    redirect_uri: str
    challenge: str
    user: str
    email: str
    scopes: list[str]
    bases: dict[str, str] | None
    until: float


@dataclass
class Grant:
    """`used`: the last refresh token before the present one, and when it was used; `reused`: how often again."""

    id: str
    user: str
    email: str
    scopes: list[str]
    bases: dict[str, str] | None = None
    access: str = ""
    access_until: float = 0.0
    refresh: str = ""
    refresh_until: float = 0.0
    used: dict[str, float] = field(default_factory=dict)
    reused: int = 0
    revoked: bool = False

    def opens(self, value: str, now: float) -> bool:
        """Is this its live access token?"""
        return bool(value) and self.access == value and not self.revoked and now < self.access_until
