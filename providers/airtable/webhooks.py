"""What Airtable sends us: pings, which say that a webhook has something to tell, and nothing of what it is.

https://airtable.com/developers/web/api/webhooks-overview – signed with the secret that was given when the webhook was
made, over the body as it came, without a time. A ping that is repeated, late or forged could only lead to a reading.
"""

import binascii
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from integration_hub.contract import Delivery, Incoming, Webhook
from integration_hub.contract.signing import check_signature, hmac_hex
from integration_hub.http import clock
from providers.airtable.hooks.models import AirtableWebhook
from providers.airtable.streams import CHANGES

HEADER = "x-airtable-content-mac"
PREFIX = "hmac-sha256="


def pinged(delivery: Delivery) -> None:
    hook = named(delivery.payload)
    AirtableWebhook.everywhere.filter(connection_id=delivery.connection_id, hook_id=hook).update(pinged_at=clock.now())
    delivery.poke(CHANGES)


def named(payload: Any) -> str:
    """The webhook a ping is of; KeyError or TypeError when it is no ping."""
    return str(payload["webhook"]["id"])


class Pings(Webhook):
    """Each webhook has a secret of its own, and a ping counts only with that of the webhook it names."""

    handles: ClassVar = {"ping": pinged}
    keeps_secrets = True
    timed = False
    largest = 16 * 1024

    def secrets_of(self, connection_id: UUID, incoming: Incoming) -> Sequence[str]:
        try:
            hook = named(json.loads(incoming.raw))
        except (ValueError, KeyError, TypeError, RecursionError):
            return ()
        row = AirtableWebhook.everywhere.filter(connection_id=connection_id, hook_id=hook).first() if hook else None
        return (row.secret,) if row is not None and row.secret else ()

    def verify(self, secrets: Sequence[str], incoming: Incoming) -> None:
        given = incoming.headers.get(HEADER, "")
        check_signature((PREFIX + hmac_hex(key, incoming.raw) for key in _keys(secrets)), [given])

    def event_type(self, headers: Mapping[str, str], payload: Any) -> str:
        return "ping" if named(payload) else ""


def _keys(secrets: Sequence[str]) -> Iterator[bytes]:
    """They come in base64; one that does not is none of Airtable's."""
    for secret in secrets:
        try:
            yield b64decode(secret)
        except (binascii.Error, ValueError):
            continue
