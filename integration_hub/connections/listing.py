"""Storing one listing: leased, in short transactions, and only what changed. Whoever lost the lease writes nothing.

The provider is read between the transactions, page by page where it pages, so a listing of any length needs the memory
of one page and the ids it has seen.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet

from integration_hub.connections import found
from integration_hub.connections.models import Discovery, FoundResource
from integration_hub.connections.pacing import paced
from integration_hub.contract.resources import Resource
from integration_hub.http import clock

LEASE = timedelta(seconds=90)  # more than a call may take (CALL_SECONDS); every write makes it as long again
ROWS = 50  # resources written in one transaction: a few milliseconds
CHARACTERS = 200_000  # of details written in one transaction; a resource larger than that goes alone
NO_SHORTER, NO_LONGER = timedelta(seconds=60), timedelta(hours=1)  # waits after failures, doubling
TRIES = 7  # failures in a row (two hours) after which nobody tries again by himself


class LostLease(Exception):
    """Somebody else may be at it, or the connection was dropped: nothing may be stored any more."""


@dataclass(frozen=True)
class Held:
    """A listing in our hands. What was read at the provider later than `started` is newer than this listing."""

    pk: int
    company_id: UUID
    connection_id: UUID
    within: str
    claim: UUID
    started: datetime
    failures: int


def claim(connection_id: UUID, company_id: UUID, within: str, *, asked: bool = False) -> Held | None:
    """Lease a listing; None while another holds it. An expired lease is free. `asked`: only while somebody asks for it,
    which another may have seen to since we looked."""
    row, now, token = found.listing_of(connection_id, company_id, within), clock.now(), uuid.uuid4()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    if asked:
        free &= Q(asked_at__isnull=False)
    if not Discovery.everywhere.filter(free, pk=row.pk).update(claim=token, lease_until=now + LEASE):
        return None
    return Held(row.pk, company_id, connection_id, within, token, now, row.failures)


def store(held: Held, resources: Iterable[Resource]) -> None:
    """Write what changed, as it comes; when the listing ended without an error, what is not in it any more goes."""
    seen: set[str] = set()
    for chunk in _chunks(_numbered(resources, seen)):
        _write(held, chunk)
    _retire(held, seen)


def finish(held: Held) -> None:
    """The listing is complete: give it back. Who asked after it began is still owed one."""
    with _fenced(held):
        row = Discovery.everywhere.filter(pk=held.pk)
        row.filter(asked_at__lte=held.started).update(asked_at=None)
        row.update(found_at=held.started, error="", failures=0, not_before=None, claim=None, lease_until=None)


def fail(held: Held, sentence: str, *, again: bool, least: float | None = None) -> None:
    """Keep what was known and say why there is no more. `again`: try by itself after a wait that doubles, at least
    `least` seconds; else, and after many tries, only when somebody looks."""
    wait = min(NO_LONGER, NO_SHORTER * 2 ** min(held.failures, 10))
    with _fenced(held):
        row = Discovery.everywhere.filter(pk=held.pk)
        _release(row, max(wait, timedelta(seconds=least or 0)), error=sentence, failures=F("failures") + 1)
        if not again or held.failures + 1 >= TRIES:
            row.update(asked_at=None)


def postpone(held: Held, seconds: float) -> None:
    """No failure, only not now: the provider's pace does not allow it."""
    with _fenced(held):
        _release(Discovery.everywhere.filter(pk=held.pk), timedelta(seconds=seconds))


def _release(row: QuerySet[Discovery], wait: timedelta, **more: object) -> None:
    row.update(not_before=clock.now() + wait, claim=None, lease_until=None, **more)


@contextmanager
def _fenced(held: Held) -> Iterator[None]:
    """A short transaction that is ours alone; it makes the lease as long again. LostLease when it is not ours."""
    with paced():
        found.lock_connection(held.connection_id)
        mine = Discovery.everywhere.filter(pk=held.pk, claim=held.claim)
        if not mine.update(lease_until=clock.now() + LEASE):
            raise LostLease(held.within)
        yield


def _numbered(resources: Iterable[Resource], seen: set[str]) -> Iterator[found.Read]:
    """Each resource once, in the provider's order: paging may show one twice."""
    for resource in resources:
        if resource.id not in seen:
            seen.add(resource.id)
            yield found.as_read(resource, len(seen) - 1)


def _chunks(items: Iterable[found.Read]) -> Iterator[list[found.Read]]:
    """As many as one transaction takes, by number and by size; a full one is handed on before the next is fetched."""
    chunk: list[found.Read] = []
    size = 0
    for item in items:
        if chunk and size + item.size > CHARACTERS:
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += item.size
        if len(chunk) == ROWS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _write(held: Held, chunk: Sequence[found.Read]) -> None:
    with _fenced(held):
        mine = FoundResource.everywhere.filter(connection_id=held.connection_id, within=held.within)
        named = mine.filter(remote_id__in=[item.resource.id for item in chunk])
        have = {row.remote_id: row for row in named.only("pk", "remote_id", "digest", "position", "read_at")}
        changed, moved = [], []
        for item in chunk:
            row = have.get(item.resource.id)
            if row is None or (row.digest != item.digest and row.read_at <= held.started):
                changed.append(item)
            elif row.position != item.position:
                moved.append(FoundResource(pk=row.pk, position=item.position))
        if changed:
            found.upsert(held.connection_id, held.company_id, held.within, changed, held.started)
        if moved:
            FoundResource.everywhere.bulk_update(moved, ["position"])


def _retire(held: Held, seen: set[str]) -> None:
    older = FoundResource.everywhere.filter(
        connection_id=held.connection_id, within=held.within, read_at__lt=held.started
    )
    _remove(held, [row for row in older.values_list("pk", "remote_id") if row[1] not in seen])


def _remove(held: Held, doomed: Sequence[tuple[int, str]]) -> None:
    """Rows as (pk, remote id), with whatever was found inside them, innermost first."""
    mine = FoundResource.everywhere.filter(connection_id=held.connection_id)
    for part in (doomed[start : start + ROWS] for start in range(0, len(doomed), ROWS)):
        ids = [remote_id for _pk, remote_id in part]
        _remove(held, list(mine.filter(within__in=ids).values_list("pk", "remote_id")))
        unchanged = Q(read_at__lt=held.started) | ~Q(within=held.within)
        with _fenced(held):
            Discovery.everywhere.filter(connection_id=held.connection_id, within__in=ids).delete()
            mine.filter(unchanged, pk__in=[pk for pk, _remote_id in part]).delete()
