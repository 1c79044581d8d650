"""What is past its retention goes, in chunks that hold no lock for long."""

from collections.abc import Iterator
from datetime import timedelta

import structlog
from django.db.models import F, Model, Q, QuerySet

from integration_hub.http import clock
from integration_hub.http.models import IntegrationMetric
from integration_hub.rest import idempotency
from integration_hub.sync.models import Conflict, Difference, Mapping, OwedLink, Proof, SyncRun, SyncWrite, WorkRow
from integration_hub.sync.models.proof import ProofState
from integration_hub.sync.models.run import RunState
from integration_hub.sync.pacing import paced

log = structlog.get_logger(__name__)

HISTORY = timedelta(days=30)
RAW_METRICS = timedelta(days=7)
CHUNK = 500


def prune() -> int:
    """Delete work history older than 30 days, raw metrics older than 7, kept API answers older than one. How many."""
    gone = sum(_delete(rows) for rows in _expired())
    log.info("pruned", rows=gone)
    return gone


def _expired() -> Iterator[QuerySet[Model]]:
    now = clock.now()
    yield SyncWrite.everywhere.filter(at__lt=now - HISTORY)
    empty = SyncRun.everywhere.exclude(state=RunState.RUNNING).filter(started_at__lt=now - HISTORY, writes=None)
    yield empty
    yield Conflict.everywhere.filter(settled_at__lt=now - HISTORY)
    yield Difference.everywhere.filter(proof__started_at__lt=now - HISTORY)
    yield Proof.everywhere.exclude(state=ProofState.RUNNING).filter(started_at__lt=now - HISTORY, found=None)
    yield WorkRow.everywhere.filter(Q(rev=F("done_rev")), changed_at__lt=now - HISTORY)
    yield IntegrationMetric.everywhere.filter(at__lt=now - RAW_METRICS)
    yield idempotency.expired(now)
    yield OwedLink.everywhere.filter(target__in=Mapping.everywhere.exclude(retired_at=None).values("pk"))


def _delete(rows: QuerySet[Model]) -> int:
    gone = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        with paced():
            gone += rows.model._base_manager.filter(pk__in=ids).delete()[0]
    return gone
