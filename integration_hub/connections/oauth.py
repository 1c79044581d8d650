"""Speaking to a provider's token endpoint as this hub: codes and refresh tokens become tokens. Nothing is stored here.

RFC 6749, RFC 7636 (PKCE), RFC 7009 (revoking). The hub's own id and secret come from the environment
(<KEY>_CLIENT_ID, <KEY>_CLIENT_SECRET); no transaction may be open.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from integration_hub.contract import (
    Api,
    AuthFailed,
    ConfigError,
    OAuth2,
    Provider,
    ProviderError,
    Rate,
    Reply,
    TransientError,
)
from integration_hub.contract.api import Callee
from integration_hub.http import clock
from integration_hub.http.door import Door
from integration_hub.settings import provider_url, provider_word

SECONDS = 20.0  # one answer of the token endpoint may take; an answer that is given up may hold the only live token
RATE = Rate(5, 1)
TAKEN = 409  # somebody else used this refresh token a moment ago


@dataclass(frozen=True)
class Client:
    """This hub, as the provider knows it."""

    id: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint gave. Without a new refresh token or scopes, those from before hold on (None)."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    refresh_until: datetime | None = None


def client_of(provider: Provider) -> Client | None:
    """None where nobody gave this hub an id at the provider."""
    known = provider_word(provider.key, "CLIENT_ID")
    return Client(known, provider_word(provider.key, "CLIENT_SECRET")) if known else None


def declared(provider: Provider) -> OAuth2:
    """ConfigError where one cannot sign in."""
    if provider.oauth is None:
        raise ConfigError(_("One cannot sign in at %(name)s.") % {"name": provider.name}, code="no_oauth")
    return provider.oauth


def redirect_uri(provider: Provider) -> str:
    """Where the provider sends the browser back to: the very text that is registered there."""
    return provider_word(provider.key, "REDIRECT_URI") or f"{settings.PUBLIC_URL}/connect/{provider.key}/callback/"


def address(provider: Provider, path: str) -> str:
    return provider_url(provider.key, declared(provider).url, "OAUTH") + path


def exchange(provider: Provider, code: str, verifier: str, *, account: str) -> Tokens:
    """The tokens for a code the browser brought back. The code is used up even where this fails."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri(provider)}
    if verifier:
        form["code_verifier"] = verifier
    return _ask(provider, "exchange code", form, account, (code, verifier), None)


def refresh(provider: Provider, token: str, *, account: str, ends_by: float | None = None) -> Tokens:
    """New tokens for a refresh token. AuthFailed when it is worth nothing any more, or another used it just now."""
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return _ask(provider, "refresh token", form, account, (token,), ends_by)


def revoke(provider: Provider, token: str, *, account: str) -> None:
    """Tell the provider that a token is not needed any more, where it wants to know."""
    if path := declared(provider).revoke_path:
        _post(provider, "revoke token", path, {"token": token}, account, (token,), None)


def _ask(
    provider: Provider,
    operation: str,
    form: Mapping[str, str],
    account: str,
    secrets: tuple[str, ...],
    ends_by: float | None,
) -> Tokens:
    asked_at = clock.now()  # before the answer: a lifetime counted from here never ends too late
    reply = _post(provider, operation, declared(provider).token_path, form, account, secrets, ends_by)
    return _read(provider, reply, asked_at)


def _post(
    provider: Provider,
    operation: str,
    path: str,
    form: Mapping[str, str],
    account: str,
    secrets: tuple[str, ...],
    ends_by: float | None,
) -> Reply:
    client = client_of(provider)
    if client is None:
        raise ConfigError(no_client(provider), code="no_client")
    headers, proof = _proof(declared(provider), client)
    url = declared(provider).url
    door = Door(
        Callee(provider.key, provider.name, Api(url, (RATE,), explain=lambda reply: _explain(provider, reply))),
        base_url=provider_url(provider.key, url, "OAUTH"),
        account=f"oauth:{account}",
        company_id=None,
        headers=headers,
        prio=0,
        ends_by=ends_by,
        secrets=tuple(filter(None, (*secrets, client.secret))),
    )
    return door.call(operation, "POST", path, form={**form, **proof}, repeatable=False, deadline=SECONDS)


def _proof(oauth: OAuth2, client: Client) -> tuple[dict[str, str], dict[str, str]]:
    """How the hub proves who it is: headers, and what goes into the body."""
    if not client.secret:
        return {}, {"client_id": client.id}
    if oauth.basic:
        pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}, {}
    return {}, {"client_id": client.id, "client_secret": client.secret}


def _read(provider: Provider, reply: Reply, asked_at: datetime) -> Tokens:
    try:
        body = reply.json()
    except ValueError:
        body = None
    access = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(access, str) or not access:
        sentence = _("%(name)s gave an answer without a token.") % {"name": provider.name}
        raise TransientError(sentence, code="unreadable", unsure=True)
    scope, again = body.get("scope"), body.get("refresh_token")
    fallback = declared(provider).refresh_seconds
    return Tokens(
        access=access,
        refresh=str(again) if again else None,
        scopes=tuple(str(scope).split()) if isinstance(scope, str) else None,
        expires_at=_later(asked_at, body.get("expires_in")),
        refresh_until=_later(asked_at, body.get("refresh_expires_in")) or _later(asked_at, fallback),
    )


def _later(start: datetime, seconds: object) -> datetime | None:
    try:
        lifetime = float(str(seconds))
    except ValueError:
        return None
    return start + timedelta(seconds=lifetime) if 0 < lifetime < 1e10 else None


def _explain(provider: Provider, reply: Reply) -> ProviderError | None:
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.2; what is not in it is judged by its status."""
    body = reply.json()
    code = str(body.get("error") or "") if isinstance(body, dict) else ""
    name = {"name": provider.name, "code": code, "key": provider.key.upper()}
    if reply.status == TAKEN or code == "invalid_grant":
        sentence = _("%(name)s does not accept this sign-in any more: it was ended over there, or it is too old.")
        return AuthFailed(sentence % name, code=code or "taken", status=reply.status)
    if code in ("invalid_client", "unauthorized_client"):
        sentence = _(
            "%(name)s does not know this hub: whoever runs it checks %(key)s_CLIENT_ID and %(key)s_CLIENT_SECRET."
        )
        return ConfigError(sentence % name, code=code, status=reply.status)
    if code and reply.status < 500 and reply.status != 429:
        sentence = _("%(name)s refused to give a token (%(code)s).")
        return ConfigError(sentence % name, code=code, status=reply.status)
    return None


def no_client(provider: Provider) -> str:
    """What is missing where this hub is not registered at the provider."""
    text = _(
        "To connect by signing in at %(name)s, this hub must be registered there: whoever runs it sets "
        "%(key)s_CLIENT_ID and %(key)s_CLIENT_SECRET. How to get them stands under “keys, what works, limits”."
    )
    return text % {"name": provider.name, "key": provider.key.upper()}
