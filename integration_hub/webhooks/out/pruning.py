"""Events and what became of them are kept for thirty days; deleted webhooks go with theirs, in chunks."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from integration_hub.http import clock
from integration_hub.sync.pacing import paced
from integration_hub.webhooks.out import trouble
from integration_hub.webhooks.out.models import Announcement, Delivery, State, Subscription

KEPT = timedelta(days=30)
CHUNK = 500


def prune() -> int:
    """How many deliveries and events went. What waited for so long has no future either. A secret that no longer signs
    goes too."""
    limit = clock.now() - KEPT
    told = list(Subscription.everywhere.filter(removed_at=None, deliveries__state=State.DEAD).distinct())
    gone = sum(_delete(rows) for rows in _expired(limit))
    Subscription.everywhere.filter(removed_at__isnull=False).delete()
    Subscription.everywhere.filter(former_until__lt=clock.now()).update(former_secret=None, former_until=None)
    for endpoint in told:
        trouble.tell_given_up(endpoint)
    return gone


def _expired(limit: object) -> Iterator[QuerySet[Model]]:
    """Deliveries first: an event goes when nobody is to be told of it any more."""
    yield Delivery.everywhere.filter(Q(created_at__lt=limit) | Q(subscription__removed_at__isnull=False))
    yield Announcement.everywhere.filter(~Exists(Delivery.everywhere.filter(announcement=OuterRef("pk"))), at__lt=limit)


def _delete(rows: QuerySet[Model]) -> int:
    """Without looking for what hangs on them: nothing does."""
    gone = 0
    while ids := list(rows.order_by().values_list("pk", flat=True)[:CHUNK]):
        with paced():
            gone += rows.model._base_manager.filter(pk__in=ids)._raw_delete(rows.db)
    return gone
