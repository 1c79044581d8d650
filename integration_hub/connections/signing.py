"""Secrets a provider may sign its webhooks with: the stored one and, for a day after a change, the one before it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from integration_hub.connections import clients
from integration_hub.connections.models import Connection
from integration_hub.contract import Provider, registry
from integration_hub.contract.webhooks import WEBHOOK_SECRET

FORMER = timedelta(hours=24)  # how long the secret before the present one still counts
_VALUE, _UNTIL = "former_signing_secret", "former_signing_secret_until"


def secrets(connection: Connection, now: datetime) -> tuple[str, ...]:
    """Those that count now, the present one first; none where none is stored. DecryptionError when unreadable."""
    webhook = registry.provider(connection.provider).webhook
    if webhook is None or not webhook.signed_with:
        return ()
    present = _present(connection, webhook.signed_with)
    kept: Mapping[str, str] = connection.secrets or {}
    counts = _VALUE in kept and now < datetime.fromisoformat(kept[_UNTIL])
    former = kept[_VALUE] if counts and kept[_VALUE] != present else None
    return tuple(secret for secret in (present, former) if secret)


def _present(connection: Connection, name: str) -> str | None:
    """Only this one is opened, for it stands before every answer to a delivery."""
    return connection.webhook_secret if name == WEBHOOK_SECRET else clients.secrets_of(connection).get(name)


def kept_former(
    provider: Provider, kept: Mapping[str, str], before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, str]:
    """What to store beside new secrets: the signing secret they replace, or the one that was replaced before. `kept`:
    the further secrets as stored until now."""
    name = provider.webhook.signed_with if provider.webhook else ""
    old = before.get(name, "")
    if not name or not old or old == after.get(name):
        return {each: kept[each] for each in (_VALUE, _UNTIL) if each in kept}
    return {_VALUE: old, _UNTIL: (datetime.now(UTC) + FORMER).isoformat()}
