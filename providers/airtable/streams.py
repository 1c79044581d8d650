"""What is read of Airtable beside tables: what its webhooks have to tell."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as _  # translated where it is shown

from integration_hub.connections.models import Connection
from integration_hub.contract import Batch, Pull, Stream
from integration_hub.contract.api import Json
from providers.airtable.client import AirtableClient
from providers.airtable.hooks import keeping, planning, tending

CHANGES = "changes"


class ChangesStream(Stream[AirtableClient]):
    """Webhooks looked after and drained. What is due, and from which cursors on, stands in `airtable_webhooks`; each
    step is a batch, kept with its cursor. A turn with nothing to do makes no call."""

    key = CHANGES
    label = _("Changes over there")
    minutes = 10
    counts = False

    def begin(self, pull: Pull, cursor: Json) -> Any:
        connection = Connection.everywhere.defer("api_key", "webhook_secret", "secrets").get(pk=pull.connection_id)
        return planning.duties(connection)

    def read(self, client: AirtableClient, cursor: Any) -> Iterator[Batch]:
        for fact in tending.tend(client, cursor):
            yield Batch([fact], None)

    def store(self, pull: Pull, batch: Batch) -> None:
        for fact in batch.records:
            keeping.keep(fact, pull)
