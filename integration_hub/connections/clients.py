"""Making a provider's client: its declaration, over the door, with a connection's key."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from integration_hub.connections.fields import DecryptionError
from integration_hub.connections.models import Connection
from integration_hub.contract import AuthFailed, ConfigError, Provider, registry
from integration_hub.contract.webhooks import WEBHOOK_SECRET
from integration_hub.http.door import Door
from integration_hub.settings import provider_url


def secrets_of(connection: Connection) -> dict[str, str]:
    """The stored secrets by their declared names; DecryptionError when they cannot be read."""
    first, *further = (secret.name for secret in registry.provider(connection.provider).secrets)
    more: Mapping[str, str | None] = connection.secrets or {}
    if WEBHOOK_SECRET in further:
        more = {**more, WEBHOOK_SECRET: connection.webhook_secret}
    found = {first: connection.api_key, **{name: more.get(name) for name in further}}
    return {name: value for name, value in found.items() if value}


def open_client(connection: Connection, *, prio: int = 1, ends_by: float | None = None) -> Any:
    """The provider's client. AuthFailed without a key, ConfigError when it cannot be read; `ends_by` as the door's."""
    provider = registry.provider(connection.provider)
    try:
        secrets = secrets_of(connection)
    except DecryptionError as error:
        raise ConfigError(
            _(
                "The stored key of %(name)s cannot be read. "
                "Put back the FIELD_ENCRYPTION_KEY it was saved with, or connect again."
            )
            % {"name": provider.name},
            code="unreadable_key",
        ) from error
    if not secrets:
        raise AuthFailed(_("%(name)s is not connected: enter a key first.") % {"name": provider.name}, code="no_key")
    return client_with(
        provider, secrets, account=str(connection.pk), company_id=connection.company_id, prio=prio, ends_by=ends_by
    )


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
    door = Door(
        provider,
        base_url=provider_url(provider.key, provider.api.base_url),
        account=account,
        company_id=company_id,
        headers=provider.headers(secrets),
        prio=prio,
        ends_by=ends_by,
        secrets=tuple(secrets.values()),
    )
    return provider.client(door)
