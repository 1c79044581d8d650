"""What is read of Airtable beside tables: what its webhooks have to tell."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_noop as _  # translated where it is shown

from integration_hub.connections.models import Connection
from integration_hub.contract import Batch, Pull, Stream
from integration_hub.contract.api import Json
from providers.airtable.client import AirtableClient
from providers.airtable.hooks import keeping, planning, tending
from providers.airtable.hooks.facts import Drained

CHANGES = "changes"


class ChangesStream(Stream[AirtableClient]):
    """Webhooks looked after and drained. What is due, and from which cursors on, stands in `airtable_webhooks`; each
    step is a batch, kept with its cursor. A turn with nothing to do makes no call."""

    key = CHANGES
    label = _("Changes over there")
    minutes = 10
    counts = False

    def begin(self, pull: Pull, cursor: Json) -> Any:
        return planning.plan(_connection(pull), cursor)

    def rest(self, pull: Pull, cursor: Json) -> timedelta:
        return planning.rest(_connection(pull), cursor, timedelta(minutes=self.minutes))

    def read(self, client: AirtableClient, cursor: Any) -> Iterator[Batch]:
        """`cursor` is the plan; what lies in the stream's own cursor are the pauses between two looks."""
        pauses = dict(cursor.pauses)
        for fact in tending.tend(client, cursor.duties):
            if isinstance(fact, Drained) and fact.last:
                pauses[fact.base] = planning.Pause.after(pauses.get(fact.base), at=fact.at, echo=fact.echo)
            yield Batch([fact], planning.write_pauses(pauses))

    def store(self, pull: Pull, batch: Batch) -> None:
        for fact in batch.records:
            keeping.keep(fact, pull)


def _connection(pull: Pull) -> Connection:
    return Connection.everywhere.defer("api_key", "webhook_secret", "secrets").get(pk=pull.connection_id)
