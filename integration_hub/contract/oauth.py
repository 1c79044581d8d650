"""How a company lets us act for its account by signing in at the provider: OAuth 2.0, authorization code with PKCE."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scope:
    """A permission we ask for: the provider's own name, and what it is for in people's words."""

    name: str
    label: str


@dataclass(frozen=True)
class OAuth2:
    """The provider's consent page and token endpoint, below `url` (or below <KEY>_OAUTH_URL where that is set).

    `grant` is the label of the provider's own table of grants. `basic`: the client proves itself with a Basic header,
    else in the body. `rotates`: a refresh token works once, and both old tokens end with it. `refresh_seconds`: how
    long a refresh token lives when it is not used, where the answer does not say (0: without end). `params` are
    further parameters of the consent page's address. `revoke_path`: empty where there is no such endpoint. `by_name`:
    nobody is sent back to a host that is a number, nor to http, http://localhost excepted.
    """

    url: str
    grant: str
    scopes: tuple[Scope, ...]
    authorize_path: str = "/authorize"
    token_path: str = "/token"  # noqa: S105 - a path
    revoke_path: str = ""
    pkce: bool = True
    basic: bool = True
    rotates: bool = True
    refresh_seconds: int = 0
    by_name: bool = False
    params: Mapping[str, str] = field(default_factory=dict)

    def headers(self, access_token: str) -> dict[str, str]:
        """The headers that carry an access token."""
        return {"Authorization": f"Bearer {access_token}"}

    def lacking(self, granted: tuple[str, ...]) -> tuple[Scope, ...]:
        """What we asked for and were not given."""
        return tuple(scope for scope in self.scopes if scope.name not in granted)
