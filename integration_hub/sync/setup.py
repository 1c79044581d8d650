"""From a key to a running sync: connecting, ready mappings, settings, sync now."""

from collections.abc import Mapping as Settings
from typing import Any

import structlog
from django.conf import settings as hub
from django.db import transaction
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.connections import clients, discovery
from integration_hub.connections import services as connections
from integration_hub.connections.models import Connection
from integration_hub.connections.oauth import Tokens
from integration_hub.contract import ProviderError, ReadyTarget, RecordType, Sink, registry
from integration_hub.notices import problems
from integration_hub.sync import lanes, outbox, runs, schedules, streams, targets
from integration_hub.sync.models import Mapping, SyncRun

log = structlog.get_logger(__name__)


def connect(
    company: Company, provider_key: str, secrets: Settings[str, str], settings: Settings[str, Any], *, actor: str
) -> Connection:
    """Check the key, save it, make the ready mappings, and start the first sync when automatic sync is on.

    Raises what connections.services.connect raises. A key that works while the remote table does not fit is saved; what
    is missing becomes a problem with a button.
    """
    connection = connections.connect(company, provider_key, dict(secrets), dict(settings), actor=actor)
    discovery.ask(connection)
    prepare(connection, actor=actor)
    return connection


def sign_in(
    company: Company, provider_key: str, tokens: Tokens, *, actor: str, replace_account: str = ""
) -> Connection:
    """The same for what somebody allowed at the provider. Raises what connections.services.sign_in raises."""
    connection = connections.sign_in(company, provider_key, tokens, actor=actor, replace_account=replace_account)
    discovery.ask(connection)
    prepare(connection, actor=actor)
    return connection


def configure(connection: Connection, settings: Settings[str, Any], *, actor: str) -> Connection:
    """Change the settings of a connection and everything that follows from them."""
    connections.update_settings(connection, dict(settings), actor=actor)
    connection.refresh_from_db()
    prepare(connection, actor=actor)
    return connection


def prepare(connection: Connection, *, actor: str) -> list[SyncRun]:
    """Make or renew streams and ready mappings; the runs that were started. What does not fit becomes a problem."""
    streams.prepare(connection)
    try:
        found = _look(connection)
    except ProviderError as error:
        log.warning("ready mapping failed", provider=connection.provider, code=error.code)
        _tell(connection, error)
        return []
    problems.close(connection.company_id, f"setup:{connection.provider}")
    started = [_go_live(connection, record_type, sink, ready, actor) for record_type, sink, ready in found]
    return [run for run in started if run is not None]


def _tell(connection: Connection, error: ProviderError) -> None:
    """No ready mapping fits. Where people can make mappings nothing is broken by that: the button leads there."""
    provider = registry.provider(connection.provider)
    tab = f"/admin/hub/{provider.key}/"
    may_map = any(sink.mappable for sink in provider.sinks)
    problems.raise_(
        connection.company_id,
        f"setup:{provider.key}",
        severity="warn" if may_map else "bad",
        sentence=error.sentence,
        button=_("Make a mapping") if may_map else _("Open the settings"),
        url=f"{tab}mappings/new/?records={provider.ready[0]}" if may_map else tab,
        provider=provider.key,
    )


def sync_now(connection: Connection, *, actor: str) -> list[SyncRun]:
    """Sync every mapping of this connection, setting it up first where that failed before; its streams are read now."""
    streams.prepare(connection)
    mappings = targets.current(connection)
    if not mappings:
        prepare(connection, actor=actor)
        mappings = targets.current(connection)
    lanes.resume([mapping.pk for mapping in mappings])
    for mapping in mappings:
        problems.close(connection.company_id, f"sync:{mapping.pk}:configure")
    return [runs.start(mapping, actor=actor) for mapping in mappings]


def _look(connection: Connection) -> list[tuple[RecordType, Sink[Any], ReadyTarget]]:
    """Ask the provider, outside any transaction, where each ready mapping would go. Not where somebody said it."""
    wanted = targets.wanted(connection)
    if not wanted:
        return []
    client = clients.open_client(connection, prio=0)
    return [(kind, sink, sink.ready(client, connection.settings, kind)) for kind, sink in wanted]


def _go_live(
    connection: Connection, record_type: RecordType, sink: Sink[Any], ready: ReadyTarget, actor: str
) -> SyncRun | None:
    automatic = bool(connection.settings.get("auto_sync_enabled", True))
    minutes = int(connection.settings.get("sync_interval") or hub.SYNC_INTERVAL_MINUTES)
    with transaction.atomic():
        outbox.going_live(connection.company_id)
        mapping = targets.store(connection, record_type, sink.key, ready)
        Mapping.everywhere.filter(pk=mapping.pk).update(is_live=automatic)
        lanes.ensure(mapping)
        schedules.set_interval(mapping, minutes, is_active=automatic)
        registry.provider(connection.provider).mapped(mapping)
    lanes.resume([mapping.pk])
    problems.close_all(connection.company_id, f"sync:{mapping.pk}:configure")
    return runs.start(mapping, actor=actor) if automatic else None
