"""Refused deliveries are counted for each connection: three in ten minutes without a good one are a problem."""

from datetime import timedelta

from integration_hub.connections.models import Connection
from integration_hub.http import clock
from integration_hub.sync import sql
from integration_hub.webhooks import trouble
from integration_hub.webhooks.models import Refusals

SPAN = timedelta(minutes=10)
TOO_MANY = 3

# Past the limit nothing is written until the span is over, so that a stubborn sender costs reads only.
_COUNT = """
INSERT INTO webhook_refusals (connection_id, company_id, count, since) VALUES (%s, %s, 1, %s)
ON CONFLICT (connection_id) DO UPDATE SET
  count = CASE WHEN webhook_refusals.since < %s THEN 1 ELSE webhook_refusals.count + 1 END,
  since = CASE WHEN webhook_refusals.since < %s THEN excluded.since ELSE webhook_refusals.since END
WHERE webhook_refusals.count < %s OR webhook_refusals.since < %s
RETURNING count
"""


def count(connection: Connection, why: str) -> None:
    now = clock.now()
    begin = now - SPAN
    values = [connection.pk, connection.company_id, now, begin, begin, TOO_MANY, begin]
    found = sql.fetch(_COUNT, values)
    if found and found[0][0] >= TOO_MANY:
        trouble.tell_refused(connection, why)


def forgive(connection: Connection) -> None:
    """A good delivery came."""
    Refusals.everywhere.filter(connection=connection).delete()
    trouble.accepted(connection)
