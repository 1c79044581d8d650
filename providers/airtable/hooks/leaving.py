"""Webhooks when mappings come and go, and when the company disconnects: nothing of ours is left over there."""

from functools import partial

import structlog
from django.db import transaction

from integration_hub.connections.models import Connection
from integration_hub.contract import AuthFailed, ProviderError
from integration_hub.sync import streams
from integration_hub.sync.models import Mapping
from providers.airtable.client import AirtableClient
from providers.airtable.hooks import address, tending
from providers.airtable.hooks.facts import Duty
from providers.airtable.hooks.models import AirtableWebhook
from providers.airtable.streams import CHANGES

log = structlog.get_logger(__name__)


def look_soon(mapping: Mapping) -> None:
    """In the transaction that changed a mapping: the worker sees at once whether its base wants a webhook now."""
    woken = streams.poke([(mapping.connection_id, CHANGES)])
    transaction.on_commit(partial(streams.nudge, woken), robust=True)


def look_again(connection: Connection) -> None:
    """There is a new key: what was refused may work now."""
    AirtableWebhook.everywhere.filter(connection=connection).update(look_at=None)


def leave(connection: Connection, client: AirtableClient) -> None:
    """Take every webhook away, as far as Airtable lets us; one that stays ends by itself within seven days, and is
    taken away when the same company connects again. What is known of them goes at any rate: nobody is heard any more.
    """
    for row in AirtableWebhook.everywhere.filter(connection=connection).defer("secret"):
        duty = Duty(row.base_id, address.of(connection), address.path(connection), row.hook_id)
        try:
            tending.remove(client, duty)
        except AuthFailed:
            break
        except ProviderError as error:
            log.warning("a webhook could not be taken away", base=row.base_id, code=error.code)
    AirtableWebhook.everywhere.filter(connection=connection).delete()
