"""Records mirrored from a place over there that the environment names: mapped at the first start, read at each."""

from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from integration_hub.connections import clients
from integration_hub.connections.models import Connection, Status
from integration_hub.contract import ReadyTarget, registry
from integration_hub.notices import audit, problems
from integration_hub.sync import lanes, outbox, reading, runs, schedules, targets
from integration_hub.sync.models import Mapping, SyncRun
from integration_hub.sync.targets import mapping_page

log = structlog.get_logger(__name__)


def begin(connection: Connection, *, actor: str) -> Mapping | None:
    """Map the place that the connection's settings name, and read it now; None where its provider mirrors nothing.

    A ready mapping of that place becomes this one. What keeps it from going both ways is told as a problem. Raises what
    the provider says when it is asked; ConfigError when the place is not there."""
    provider = registry.provider(connection.provider)
    if provider.mirror is None:
        return None
    kind, sink = registry.record_type(provider.mirror.record_type), provider.sink(provider.mirror.sink)
    ready = sink.mirror(clients.open_client(connection, prio=0), connection.settings, kind)
    with transaction.atomic():
        outbox.going_live(connection.company_id)
        mapping = targets.store(connection, kind, sink.key, ready)
        mapping.is_live, mapping.by_hand = True, True
        mapping.match_on = [one.ours.name for one in ready.fields if one.ours.identifies][:1]
        mapping.version += 1  # one that was only written before is another mapping now
        mapping.save()
        lanes.ensure(mapping)
        schedules.set_interval(mapping, settings.SYNC_INTERVAL_MINUTES, is_active=True)
        reading.ensure(mapping)
        provider.mapped(mapping)
        data = {"record_type": kind.key, "direction": ready.direction.value}
        audit.record("mapping.mirrored", company_id=mapping.company_id, actor=actor, target=mapping.label, data=data)
    lanes.resume([mapping.pk])
    problems.close(connection.company_id, f"setup:{provider.key}")
    _tell(mapping, ready)
    runs.start(mapping, actor=actor)
    return mapping


def _tell(mapping: Mapping, ready: ReadyTarget) -> None:
    """It is only read: what is missing, and where to say that it may go both ways then."""
    key = f"sync:{mapping.pk}:configure:direction"
    if not ready.lacks:
        problems.close(mapping.company_id, key)
        return
    problems.raise_(
        mapping.company_id,
        key,
        severity="warn",
        sentence=_("“%(table)s” is only read. %(why)s") % {"table": mapping.label, "why": ready.lacks},
        button=_("Open the mapping"),
        url=mapping_page(mapping),
        provider=mapping.connection.provider,
    )


def primary(company_id: UUID, record_type: str) -> list[Mapping]:
    """The mappings in use whose rows these records mirror, those first that calls can be made for."""
    mine = Mapping.everywhere.filter(
        company_id=company_id, record_type=record_type, is_primary=True, retired_at=None
    ).select_related("connection")
    return sorted(mine, key=lambda mapping: (mapping.connection.status != Status.CONNECTED, mapping.created_at))


def sync(mapping: Mapping, *, actor: str) -> SyncRun:
    """Bring this mapping over now, also where it had stopped for something that may be well again."""
    lanes.resume([mapping.pk])
    problems.close(mapping.company_id, f"sync:{mapping.pk}:configure")
    return runs.start(mapping, actor=actor)
