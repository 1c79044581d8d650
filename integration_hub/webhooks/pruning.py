"""Events are kept for thirty days; older ones go in chunks that hold no lock for long."""

from datetime import timedelta

from integration_hub.companies.models import Company
from integration_hub.http import clock
from integration_hub.sync.pacing import paced
from integration_hub.webhooks import trouble
from integration_hub.webhooks.models import State, WebhookEvent

KEPT = timedelta(days=30)
CHUNK = 500


def prune() -> int:
    """How many went. What still waits stays, however old."""
    limit, gone = clock.now() - KEPT, 0
    for company in Company.objects.values_list("pk", flat=True):
        old = WebhookEvent.everywhere.filter(company=company, received_at__lt=limit).exclude(state=State.WAITING)
        dead = {row.connection_id: row.connection for row in old.filter(state=State.DEAD).select_related("connection")}
        while ids := list(old.order_by("received_at").values_list("pk", flat=True)[:CHUNK]):
            with paced():
                gone += WebhookEvent.everywhere.filter(pk__in=ids).delete()[0]
        for connection in dead.values():
            trouble.tell(connection)
    return gone
