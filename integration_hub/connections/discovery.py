"""What there is to choose from at a provider: stored, fresh for an hour, renewed in the background.

Pages read `known` and `resource`, which call nobody. `ask` (Refresh, a new connection) and `invalidate` (a 404) make a
listing due; a nudged worker serves it, and the sweep finds it when the nudge was lost. A listing that fails keeps what
was known and says why. Nothing is asked for by itself while nobody looks.
"""

import time
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from integration_hub.companies import scope
from integration_hub.connections import clients, found, listing, nudge, services
from integration_hub.connections.found import FRESH, Known, put, resource
from integration_hub.connections.listing import Held, LostLease
from integration_hub.connections.models import Connection, Discovery, Status
from integration_hub.contract import (
    AuthFailed,
    ConfigError,
    Provider,
    ProviderError,
    RateLimited,
    TransientError,
    registry,
)
from integration_hub.http import clock

__all__ = ["FRESH", "Known", "ask", "due", "invalidate", "known", "put", "renew", "repair", "resource", "serve"]

log = structlog.get_logger(__name__)

SHIFT = 8.0  # seconds; then the thread is given back and another nudge takes over
PAGE = 50  # due listings looked at together
# Whether any may be due, as SQL.
ASKED = """EXISTS (SELECT 1 FROM integration_discoveries
                    WHERE asked_at IS NOT NULL AND (not_before IS NULL OR not_before <= {now}))"""
DOUBTFUL = timedelta(seconds=60)  # a listing younger than that is believed although an id of it was not found


def known(connection: Connection, within: str = "", *, details: bool = False, ask_when_stale: bool = False) -> Known:
    """What was found, at once. `ask_when_stale`: somebody looks who may choose, so an old listing is renewed in the
    background (`asked` of the answer tells)."""
    answer = found.known(connection, within, details=details)
    if not ask_when_stale or answer.fresh or answer.asked or not _may_ask(connection):
        return answer
    if not _ask_if_older(connection, within, FRESH):
        return answer
    return Known(answer.resources, answer.found_at, answer.error, asked=True)


def ask(connection: Connection, within: str = "") -> bool:
    """A person wants it anew: due now, whatever failed before. Calls nobody. False where there is nothing to ask."""
    found.refuse_other_company(connection)
    if not _may_ask(connection):
        return False
    row = found.listing_of(connection.pk, connection.company_id, within)
    Discovery.everywhere.filter(pk=row.pk).update(asked_at=clock.now(), not_before=None)
    transaction.on_commit(nudge.publish)
    return True


def invalidate(connection: Connection, within: str = "") -> None:
    """An id found in this listing is not there any more (a 404): it and the top are asked for, however fresh. What was
    found stays until the new listing is complete; at most once a minute, so that many 404s are one question."""
    found.refuse_other_company(connection)
    if _may_ask(connection):
        for each in dict.fromkeys(("", within)):
            _ask_if_older(connection, each, DOUBTFUL)


def renew(connection: Connection, within: str = "", *, asked: bool = False) -> bool:
    """Ask the provider now and store the answer; outside any transaction. False when another is just at it, or, with
    `asked`, was there first.

    ProviderError (its sentence is stored, too) when there is no answer; what was known stays.
    """
    found.refuse_other_company(connection)
    _working(connection.pk)
    held = listing.claim(connection.pk, connection.company_id, within, asked=asked)
    if held is None:
        return False
    try:
        with scope.entered(held.company_id):
            _find(held)
    except LostLease:
        log.warning("listing lost while reading it", connection=str(held.connection_id), within=within)
        return False
    return True


def due() -> list[Discovery]:
    """Listings to be served, the longest waiting first; one at a time for each connection, and only where it works."""
    now = clock.now()
    patient = Q(not_before=None) | Q(not_before__lte=now)
    busy = Discovery.everywhere.filter(connection=OuterRef("connection"), lease_until__gte=now)
    asked = Discovery.everywhere.filter(patient, ~Exists(busy), asked_at__isnull=False)
    working = asked.filter(
        connection__is_active=True,
        connection__status=Status.CONNECTED,
        connection__provider__in=[provider.key for provider in registry.providers()],
    )
    return list(working.select_related("connection").order_by("asked_at", "pk")[:PAGE])


def serve(seconds: float = SHIFT) -> int:
    """What a nudged worker does: renew due listings, each once, until none is left or the shift is over. How many were
    tried. They hold a quarter of the threads at most; a failure is stored and never raised."""
    ends, tried = time.monotonic() + seconds, set[int]()
    while time.monotonic() < ends:
        row = next((row for row in due() if row.pk not in tried), None)
        if row is None or _crowded():
            return len(tried)
        tried.add(row.pk)
        _serve(row)
    nudge.publish()
    return len(tried)


def repair() -> int:
    """For the sweep: a word again for listings whose nudge was lost. How many are due."""
    waiting = len(due())
    if waiting:
        nudge.publish()
    return waiting


def _serve(row: Discovery) -> None:
    try:
        renew(row.connection, row.within, asked=True)
    except ProviderError as error:
        log.warning("discovery failed", connection=str(row.connection_id), within=row.within, code=error.code)
    except Exception:  # a bug of ours or the database away: the lease ends by itself, the worker goes on
        log.exception("discovery broke", connection=str(row.connection_id), within=row.within)


def _find(held: Held) -> None:
    """The calls, and what their outcome means for the listing."""
    version = None
    try:
        connection = _working(held.connection_id)  # read after the claim: a change of account takes the claim away
        version = connection.key_version
        client = clients.open_client(connection, prio=0)
        listing.store(held, _provider(connection).discover(client, held.within))
        listing.finish(held)
    except (LostLease, OperationalError, InterfaceError):
        raise
    except ProviderError as error:
        _note(held, error, version)
        raise
    except Exception:
        listing.fail(held, _("What there is could not be read because of a fault in the hub."), again=True)
        raise


def _note(held: Held, error: ProviderError, version: int | None) -> None:
    if isinstance(error, AuthFailed) and version is not None:
        services.needs_reconnect(held.connection_id, error.sentence, key_version=version)
    if isinstance(error, RateLimited):
        listing.postpone(held, error.retry_after)
    else:
        again, least = isinstance(error, TransientError), getattr(error, "retry_after", None)
        listing.fail(held, error.sentence, again=again, least=least)


def _working(connection_id: UUID) -> Connection:
    """The connection as it is now. ConfigError while it is paused, AuthFailed where it is not connected."""
    connection = Connection.everywhere.get(pk=connection_id)
    name = {"name": _provider(connection).name}
    if connection.status == Status.PAUSED:
        raise ConfigError(_("%(name)s is paused: resume it first.") % name, code="paused")
    if not connection.works:
        raise AuthFailed(_("%(name)s is not connected: connect it first.") % name, code="not_connected")
    return connection


def _provider(connection: Connection) -> Provider:
    return registry.provider(connection.provider)


def _may_ask(connection: Connection) -> bool:
    """Is there anything to discover, and may calls be made?"""
    return connection.works and type(_provider(connection)).discover is not Provider.discover


def _ask_if_older(connection: Connection, within: str, age: timedelta) -> bool:
    """Ask for a listing older than that, in the background; a failure's wait is kept."""
    row, now = found.listing_of(connection.pk, connection.company_id, within), clock.now()
    old = Q(found_at=None) | Q(found_at__lt=now - age)
    patient = Q(not_before=None) | Q(not_before__lte=now)
    asked = Discovery.everywhere.filter(old, patient, pk=row.pk, asked_at=None).update(asked_at=now)
    if asked:
        transaction.on_commit(nudge.publish)
    return bool(asked)


def _crowded() -> bool:
    """A slow provider must not take the threads that bring changes over."""
    quarter = max(1, settings.CELERY_WORKER_CONCURRENCY // 4)
    return bool(Discovery.everywhere.filter(lease_until__gte=clock.now()).count() >= quarter)
