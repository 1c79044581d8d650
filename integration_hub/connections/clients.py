"""Making a provider's client: its declaration, over the door, with a connection's key."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from integration_hub.connections import grants, state
from integration_hub.connections.fields import DecryptionError
from integration_hub.connections.models import Connection
from integration_hub.connections.sessions import GrantSession, with_token
from integration_hub.contract import AuthFailed, Provider, registry
from integration_hub.contract.webhooks import WEBHOOK_SECRET
from integration_hub.http.door import Door
from integration_hub.settings import provider_url


def secrets_of(connection: Connection) -> dict[str, str]:
    """The stored secrets by their declared names; DecryptionError when they cannot be read."""
    names = [secret.name for secret in registry.provider(connection.provider).secrets]
    if not names:
        return {}
    first, *further = names
    more: Mapping[str, str | None] = connection.secrets or {}
    if WEBHOOK_SECRET in further:
        more = {**more, WEBHOOK_SECRET: connection.webhook_secret}
    found = {first: connection.api_key, **{name: more.get(name) for name in further}}
    return {name: value for name, value in found.items() if value}


def open_client(connection: Connection, *, prio: int = 1, ends_by: float | None = None) -> Any:
    """The provider's client. AuthFailed without a key, ConfigError when it cannot be read; `ends_by` as the door's."""
    provider = registry.provider(connection.provider)
    try:
        grant = grants.grant_of(connection)
        access = grants.access_of(grant) if grant is not None else None
        secrets = secrets_of(connection) if access is None else {}
    except DecryptionError as error:
        raise state.unreadable(provider) from error
    if access is None and not secrets:
        raise AuthFailed(_("%(name)s is not connected: enter a key first.") % {"name": provider.name}, code="no_key")
    account, company_id = str(connection.pk), connection.company_id
    door = _door(provider, secrets, account=account, company_id=company_id, prio=prio, ends_by=ends_by)
    return provider.client(door if access is None else GrantSession(provider, door, access))


def client_with(
    provider: Provider,
    secrets: Mapping[str, str],
    *,
    account: str,
    company_id: UUID | None,
    prio: int = 1,
    ends_by: float | None = None,
) -> Any:
    """A client for secrets that may not be stored yet; `account` names its rate bucket and breaker."""
    door = _door(provider, secrets, account=account, company_id=company_id, prio=prio, ends_by=ends_by)
    return provider.client(door)


def client_with_token(provider: Provider, token: str, *, account: str, company_id: UUID) -> Any:
    """A client for an access token that is not stored yet."""
    door = _door(provider, {}, account=account, company_id=company_id, prio=0, ends_by=None)
    return provider.client(with_token(provider, door, token))


def _door(
    provider: Provider,
    secrets: Mapping[str, str],
    *,
    account: str,
    company_id: UUID | None,
    prio: int,
    ends_by: float | None,
) -> Door:
    """`secrets` empty: what opens the door is put into the hand of whoever asks for it."""
    return Door(
        provider,
        base_url=provider_url(provider.key, provider.api.base_url),
        account=account,
        company_id=company_id,
        headers=provider.headers(secrets) if secrets else {},
        prio=prio,
        ends_by=ends_by,
        secrets=tuple(secrets.values()),
    )
