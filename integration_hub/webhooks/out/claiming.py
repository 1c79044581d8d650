"""The lanes of outgoing webhooks: one for each subscription, leased and fenced like the engine's.

A lane is found by its due deliveries, so nothing has to be woken or repaired. All together hold at most half of a
worker's threads, those whose last call was slow a quarter: endpoints that hang delay nobody else.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from integration_hub.http import clock
from integration_hub.sync import sql
from integration_hub.sync.lanes import LostLane
from integration_hub.webhooks.out.models import Subscription

# What is due: on, rested, free, and with a delivery whose time has come.
_DUE = """
FROM webhook_subscriptions s
WHERE s.active AND (s.not_before IS NULL OR s.not_before <= {now})
  AND (s.lease_until IS NULL OR s.lease_until < {now})
  AND EXISTS (SELECT 1 FROM webhook_deliveries d
              WHERE d.subscription_id = s.id AND d.state = 'due' AND d.run_at <= {now})
"""
DUE = f"EXISTS (SELECT 1 {_DUE})"  # whether any is, as SQL
_CLAIM = f"""
UPDATE webhook_subscriptions SET claim = %s, lease_until = %s, served_at = %s
WHERE id = (
  SELECT s.id {_DUE}
  AND (SELECT count(*) FROM webhook_subscriptions b WHERE b.lease_until > {{now}}) < %s
  AND (NOT s.slow OR (SELECT count(*) FROM webhook_subscriptions b WHERE b.slow AND b.lease_until > {{now}}) < %s)
  ORDER BY s.served_at, s.id LIMIT 1 {{skip_locked}})
RETURNING id
"""  # noqa: S608 - our own words


@dataclass(frozen=True)
class Claim:
    """A subscription in our hands until `until`."""

    subscription: UUID
    token: UUID
    until: datetime


def claim() -> Claim | None:
    """The least recently served lane with something due, leased; None when there is none, or no thread is left."""
    if not due_count():
        return None  # a look costs no lock; SQLite has only one
    now = clock.now()
    token, until = uuid.uuid4(), now + timedelta(seconds=settings.SYNC_LEASE)
    skip = "" if sql.is_sqlite() else "FOR NO KEY UPDATE SKIP LOCKED"  # rows of new deliveries hold a key share
    text = _CLAIM.format(now="%s", skip_locked=skip)
    found = sql.fetch(text, [token, until, now, *[now] * 4, threads(), now, max(1, threads() // 2)])
    return Claim(sql.uuid_of(found[0][0]), token, until) if found else None


def threads() -> int:
    """How many lanes are served at once."""
    return max(1, settings.CELERY_WORKER_CONCURRENCY // 2)


def due_count() -> int:
    now, offset = clock.now_sql()
    return int(sql.fetch(f"SELECT count(*) {_DUE.format(now=now)}", offset * 3)[0][0])


def ours(held: Claim) -> Subscription:
    """The subscription, locked, inside the settling transaction; LostLane when somebody else may have it by now."""
    rows = Subscription.everywhere.select_for_update(no_key=True)
    found = rows.filter(pk=held.subscription, removed_at=None, claim=held.token, lease_until__gt=clock.now()).first()
    if found is None:
        raise LostLane(str(held.subscription))
    return found


def release(held: Claim) -> None:
    Subscription.everywhere.filter(pk=held.subscription, claim=held.token).update(claim=None, lease_until=None)
