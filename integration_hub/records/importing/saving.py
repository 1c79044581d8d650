"""Saving what was checked, in chunks that leave the database to people in between.

A chunk's records, what they were before, and how far the file is saved commit together: killed anywhere, the next one
goes on after the last chunk, and nothing is saved twice or half.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from integration_hub.records.importing import checking, columns, files, folding, spool
from integration_hub.records.importing.chunks import Chunk, chunk_of
from integration_hub.records.importing.finding import Ambiguous
from integration_hub.records.importing.folding import Draft
from integration_hub.records.importing.problems import Problems
from integration_hub.records.importing.simple import Many
from integration_hub.records.importing.work import Held
from integration_hub.records.models import ImportedRecord
from integration_hub.records.models.imports import ImportState
from integration_hub.records.services import Invalid, bulk, images
from integration_hub.sync import pacing

FIRST_CHUNK, LARGEST_CHUNK = 10, 500
SMALLEST_CHUNK = 20  # a chunk costs about as much as so many records, also when it holds fewer
# On SQLite a chunk holds the lock three times as long as other work in the background, and leaves it as long: half as
# much goes into its two dozen statements, and who waits for the lock, looking every 25 ms, cannot miss the pause.
TIMES = 3
BUSY = 3  # on a machine that has others to serve, so many times longer: half a chunk would not be done in half the time
LONGEST_PAUSE = 0.2  # seconds
UNPACED = 0.5  # seconds a transaction may take where nobody waits for it


def run(held: Held, ends: float) -> None:
    """Save what is not saved yet, until that time; the import is done afterwards, or failed."""
    row = held.row
    found = columns.restored(row.columns)
    with spool.opened(files.spool(row.stored)) as kept:
        whole = kept.complete
    if not whole:  # another machine checked it
        checking.fill(held, found, Problems())
    with spool.opened(files.spool(row.stored)) as kept:
        drafts = folding.drafts(row.kind, kept, found, Problems(), after=row.cursor)
        size = Size()
        while batch := list(islice(drafts, size.now)):
            if not _save(held, batch, size):
                return
            if time.monotonic() > ends:
                return
    held.settle(ImportState.DONE)
    files.remove_spool(row.stored)


class Size:
    """How many records a chunk has: as many as the time allows that it may hold the database."""

    def __init__(self) -> None:
        self.polite = connection.vendor == "sqlite"
        self.goal = TIMES * pacing.HELD if self.polite else UNPACED
        self.now = FIRST_CHUNK
        self.free_until = 0.0  # by time.monotonic(): others may have the database so long

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One chunk's. On SQLite others have the database as long as it held it before: what is prepared meanwhile
        needs no lock, so that it is no time lost."""
        if self.polite:
            time.sleep(max(0.0, self.free_until - time.monotonic()))
        with transaction.atomic():
            start, worked = time.monotonic(), time.thread_time()
            yield
            took = max(time.thread_time() - worked, (time.monotonic() - start) / BUSY, 0.001)
        over = time.monotonic()
        self.free_until = over + min(LONGEST_PAUSE, max(pacing.HELD, over - start))
        fitting = max(SMALLEST_CHUNK, int(self.now * self.goal / took))
        self.now = min(LARGEST_CHUNK, self.now * 2, fitting)


def _save(held: Held, batch: Sequence[Draft], size: Size) -> bool:
    """Save these; when one of them cannot be, those before it are, and the import fails with its line."""
    try:
        save_chunk(held, batch, size)
    except (Invalid, Ambiguous) as error:
        if len(batch) > 1:
            return all(_save(held, [draft], size) for draft in batch)
        said = _("Line %(line)s can no longer be saved: %(why)s What was saved stays. Mend it and start, or undo.")
        held.settle(ImportState.FAILED, said % {"line": batch[0].line, "why": error})
        return False
    return True


def save_chunk(held: Held, batch: Sequence[Draft], size: Size) -> None:
    """One transaction: the records, their images, and how far we are."""
    chunk = _prepared(held, batch)
    with size.transaction():
        if chunk.moved():
            chunk = _prepared(held, batch)
        outcome = chunk.save()
        _keep_images(held, chunk, outcome)
        _advance(held, batch, outcome)


def _prepared(held: Held, batch: Sequence[Draft]) -> Chunk | Many:
    chunk = chunk_of(held.company, held.row.kind, batch)
    chunk.prepare()
    return chunk


def _keep_images(held: Held, chunk: Chunk | Many, outcome: bulk.Outcome) -> None:
    """What each record was before: an undo needs it. Those made for others come first, so that they go last."""
    made: list[tuple[str, Any, Any, Any]] = [("customer", one.pk, None, None) for one in chunk.new_customers]
    for plan in outcome.plans:
        if plan.verb != "unchanged":
            before, after = (None, None) if plan.before is None else images.pair(plan)
            made.append((str(plan.now._meta.model_name), plan.now.pk, before, after))
    ImportedRecord.everywhere.bulk_create(
        ImportedRecord(
            of_import=held.row, company_id=held.row.company_id, noun=noun, record_id=pk, before=before, after=after
        )
        for noun, pk, before, after in made
    )


def _advance(held: Held, batch: Sequence[Draft], outcome: bulk.Outcome) -> None:
    """How far the file is saved; nothing of the chunk is kept when the import is not ours any more."""
    row = held.row
    totals = defaultdict(Decimal, {currency: Decimal(amount) for currency, amount in row.totals.items()})
    for currency, amount in outcome.totals.items():
        totals[currency] += amount
    counts = outcome.counts
    held.write(
        cursor=batch[-1].line,
        done=row.done + len(batch),
        created=row.created + counts["created"],
        updated=row.updated + counts["updated"],
        unchanged=row.unchanged + counts["unchanged"],
        customers_created=row.customers_created + counts["customers created"],
        totals=checking.texts(totals),
    )
