"""What was found at providers, as it is stored: read for selects, one resource put, all of it dropped.

Whoever writes here locks the connection, then the listing (`Discovery`), then resources: in this order, as
`connections.services` does, so that nobody waits for each other in a circle.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from integration_hub.companies import scope
from integration_hub.connections.models import Connection, Discovery, FoundResource
from integration_hub.contract.resources import Resource
from integration_hub.http import clock

FRESH = timedelta(seconds=3600)


class OtherCompany(RuntimeError):
    """A bug of ours: one company is entered, and the connection is another's."""


@dataclass(frozen=True)
class Known:
    """What is known without asking anybody. `found_at` None: nothing was listed yet. `error`: why the last listing
    failed; what an earlier one found is kept. `asked`: a listing is under way or about to be."""

    resources: tuple[Resource, ...] = ()
    found_at: datetime | None = None
    error: str = ""
    asked: bool = False
    fresh: bool = False


@dataclass(frozen=True)
class Read:
    """A resource as read, with its place in the listing and the digest of what may change."""

    resource: Resource
    position: int
    digest: str
    size: int


def refuse_other_company(connection: Connection) -> None:
    """OtherCompany when a company is entered and the connection is not its own."""
    if scope.current_or_none() not in (None, connection.company_id):
        raise OtherCompany("this connection belongs to another company")


def known(connection: Connection, within: str = "", *, details: bool = False) -> Known:
    """What was found. `details` are left out unless asked for: those of a whole base are large."""
    refuse_other_company(connection)
    row = Discovery.everywhere.filter(connection=connection, within=within).first()
    rows = FoundResource.everywhere.filter(connection=connection, within=within).order_by("position", "pk")
    resources = tuple(_resources(rows, within, details=details))
    if row is None:
        return Known(resources)
    now = clock.now()
    fresh = row.found_at is not None and row.found_at > now - FRESH
    return Known(resources, row.found_at, row.error, _asked(row, now), fresh)


def resource(connection: Connection, remote_id: str, within: str | None = None) -> Resource | None:
    """One resource with its details, wherever it lies unless `within` says so; None when it is not known."""
    refuse_other_company(connection)
    rows = FoundResource.everywhere.filter(connection=connection, remote_id=remote_id).order_by("within")
    row = (rows if within is None else rows.filter(within=within)).first()
    return Resource(row.kind, row.remote_id, row.label, row.within, row.details) if row else None


def put(connection: Connection, resource: Resource) -> None:
    """Store a resource that was just read or made; a listing that was begun earlier will not undo it."""
    refuse_other_company(connection)
    within = resource.parent
    with transaction.atomic():
        lock_connection(connection.pk)
        row = listing_of(connection.pk, connection.company_id, within)
        Discovery.everywhere.select_for_update().get(pk=row.pk)
        rows = FoundResource.everywhere.filter(connection=connection, within=within)
        position = rows.filter(remote_id=resource.id).values_list("position", flat=True).first()
        if position is None:
            last: int | None = rows.aggregate(last=Max("position"))["last"]
            position = 0 if last is None else last + 1
        upsert(connection.pk, connection.company_id, within, [as_read(resource, position)], clock.now())


def drop(connection_id: UUID) -> None:
    """Forget everything found with a connection: in the transaction that disconnects it or changes its account.
    A listing that is under way loses its lease with its row."""
    Discovery.everywhere.filter(connection_id=connection_id).delete()
    FoundResource.everywhere.filter(connection_id=connection_id).delete()


def as_read(resource: Resource, position: int) -> Read:
    text = json.dumps([resource.kind, resource.label, dict(resource.details)], sort_keys=True)
    return Read(resource, position, hashlib.sha256(text.encode()).hexdigest(), len(text))


def upsert(connection_id: UUID, company_id: UUID, within: str, items: Iterable[Read], read_at: datetime) -> None:
    """Write these resources, new or not, in one statement."""
    rows = [
        FoundResource(
            company_id=company_id,
            connection_id=connection_id,
            within=within,
            kind=item.resource.kind,
            remote_id=item.resource.id,
            label=item.resource.label,
            details=dict(item.resource.details),
            digest=item.digest,
            position=item.position,
            read_at=read_at,
        )
        for item in items
    ]
    FoundResource.everywhere.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection", "within", "remote_id"],
        update_fields=["kind", "label", "details", "digest", "position", "read_at"],
    )


def listing_of(connection_id: UUID, company_id: UUID, within: str) -> Discovery:
    """The listing's row; made when there is none, also by two at once."""
    row, _made = Discovery.everywhere.get_or_create(
        connection_id=connection_id, within=within, defaults={"company_id": company_id}
    )
    return row


def lock_connection(connection_id: UUID) -> None:
    """Before anything else of the connection is locked; rows that point to it may be inserted meanwhile."""
    locked = Connection.everywhere.select_for_update(no_key=True).filter(pk=connection_id)
    list(locked.values_list("pk"))


def _asked(row: Discovery, now: datetime) -> bool:
    if row.lease_until is not None and row.lease_until > now:
        return True
    return row.asked_at is not None and (row.not_before is None or row.not_before <= now)


def _resources(rows: QuerySet[FoundResource], within: str, *, details: bool) -> Iterable[Resource]:
    if details:
        for kind, remote_id, label, found in rows.values_list("kind", "remote_id", "label", "details"):
            yield Resource(kind, remote_id, label, within, found)
        return
    for kind, remote_id, label in rows.values_list("kind", "remote_id", "label"):
        yield Resource(kind, remote_id, label, within)
