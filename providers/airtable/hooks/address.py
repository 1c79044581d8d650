"""Where Airtable is to send its pings, and what stands in the way of that."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from integration_hub.connections.models import Connection
from integration_hub.http import guard
from integration_hub.settings import provider_url
from providers.airtable.models import AirtableConnection

SCOPE = "webhook:manage"
REAL = "https://api.airtable.com"
INSIDE = ("localhost", "localdomain", "local", "internal", "lan", "home", "test", "example", "invalid")


def of(connection: Connection) -> str:
    return f"{settings.PUBLIC_URL}{path(connection)}"


def path(connection: Connection) -> str:
    """Ours among all webhooks of a base, whatever the hub's address was when it was made."""
    return f"/api/webhooks/{connection.provider}/{connection.pk}"


def obstacle(connection: Connection) -> str:
    """Why no webhook can be had for this connection, a sentence; empty where nothing is known against it."""
    if not reachable(settings.PUBLIC_URL, provider_url(connection.provider, REAL)):
        text = _(
            "This hub has no public https address (PUBLIC_URL is %(url)s), so Airtable cannot tell it what changes."
        )
        return text % {"url": settings.PUBLIC_URL}
    scopes = _scopes(connection)
    if scopes and SCOPE not in scopes:
        return _(
            "The token lacks the permission webhook:manage, so Airtable may not tell the hub what changes. "
            "Add it at Airtable, then connect again."
        )
    return ""


def _scopes(connection: Connection) -> list[str]:
    found = AirtableConnection.everywhere.filter(connection=connection).values_list("scopes", flat=True).first()
    return list(found or ())


def reachable(public: str, api: str) -> bool:
    """Whether pings can come to an address. Airtable itself sends them to public https addresses only. What answers in
    its place over plain http is a stand-in of our own, which is as near to us as we are to it."""
    if urlsplit(api).scheme == "http":
        return True
    there = urlsplit(public)
    return there.scheme == "https" and _is_public(there.hostname or "")


def _is_public(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host and host.rsplit(".", 1)[-1].lower() not in INSIDE
    return guard.is_public(host)
