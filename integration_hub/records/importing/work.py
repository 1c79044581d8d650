"""Who works on an import: claimed with a lease, one of a company at a time; whoever lost it can save nothing more.

A nudged worker takes what is due for a shift; the command does the same in the foreground. Killed anywhere, the lease
ends by itself, and the next one goes on after the last chunk that was saved.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from integration_hub.companies import scope
from integration_hub.companies.models import Company
from integration_hub.http import clock
from integration_hub.records.importing import nudge
from integration_hub.records.importing.problems import Unreadable
from integration_hub.records.models import Import
from integration_hub.records.models.imports import WORKING, ImportState

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=90)  # every chunk, and every second of reading, makes it as long again
SHIFT = 8.0  # seconds; then the thread is given back and another nudge takes over
BEAT = 1.0  # seconds between signs of life while a file is read


class Lost(Exception):
    """Somebody stopped the import, or the lease ran out: nothing may be saved for it any more."""


@dataclass
class Held:
    """An import in our hands."""

    row: Import
    claim: UUID
    beaten: float = 0.0

    @property
    def company(self) -> Company:
        return self.row.company

    def write(self, **values: Any) -> None:
        """Note something and make the lease as long again; inside a chunk's transaction it is its fence. Lost when
        the import is not ours."""
        mine = Import.everywhere.filter(pk=self.row.pk, claim=self.claim)
        if not mine.update(lease_until=clock.now() + LEASE, **values):
            raise Lost(str(self.row.pk))
        for name, value in values.items():
            setattr(self.row, name, value)

    def beat(self, **values: Any) -> None:
        """`write`, once a second at most."""
        if time.monotonic() - self.beaten > BEAT:
            self.write(**values)
            self.beaten = time.monotonic()

    def settle(self, state: ImportState, sentence: str = "", **values: Any) -> None:
        """The import waits for a person now."""
        self.write(state=state, sentence=sentence, claim=None, finished_at=clock.now(), **values)

    def give_back(self) -> None:
        """Another shift goes on."""
        Import.everywhere.filter(pk=self.row.pk, claim=self.claim).update(claim=None, lease_until=None)


# Whether any is due, as SQL: nobody works on it, or whoever did is gone.
WAITING = f"""
EXISTS (SELECT 1 FROM imports WHERE state IN ({", ".join(f"'{state.value}'" for state in WORKING)}) AND claim IS NULL)
OR EXISTS (SELECT 1 FROM imports WHERE claim IS NOT NULL AND lease_until < {{now}})
"""  # noqa: S608 - our own words

Part = Callable[[Held, float], None]  # does its work until that time, and settles the import when it is through


def parts() -> Mapping[str, Part]:
    from integration_hub.records.importing import checking, saving, undoing

    return {
        ImportState.CHECKING: checking.run,
        ImportState.SAVING: saving.run,
        ImportState.UNDOING: undoing.run,
    }


def claim(pk: UUID | None = None) -> Held | None:
    """The import that waited longest, or this one, leased; None when there is none or its company has one at work."""
    now = clock.now()
    Import.everywhere.filter(claim__isnull=False, lease_until__lt=now).update(claim=None, lease_until=None)
    for row in due(pk)[:10]:
        token = uuid.uuid4()
        free = Import.everywhere.filter(pk=row.pk, claim=None, state=row.state)
        try:
            with transaction.atomic():
                mine = free.update(claim=token, lease_until=now + LEASE)
        except IntegrityError:  # another of the company was claimed at the same time
            continue
        if mine:
            return Held(Import.everywhere.select_related("company").get(pk=row.pk), token)
    return None


def due(pk: UUID | None = None) -> Any:
    """Imports nobody works on although somebody should."""
    busy = Import.everywhere.filter(company=OuterRef("company"), claim__isnull=False)
    rows = Import.everywhere.filter(~Exists(busy), state__in=WORKING, claim=None)
    rows = rows if pk is None else rows.filter(pk=pk)
    return rows.only("pk", "state").order_by("created_at", "pk")


def serve(seconds: float = SHIFT) -> int:
    """What a nudged worker does: imports that are due, until none is left or the shift is over. How many turns."""
    ends, turns = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        held = None if _crowded() else claim()
        if held is None:
            return turns
        one(held, ends)
        turns += 1
    nudge.publish()
    return turns


def run(pk: UUID) -> Import:
    """Do what is due for this import, here and now; as it is afterwards. Another worker may be quicker, then it waits;
    as it does for another import of the company."""
    while True:
        row = Import.everywhere.select_related("company").get(pk=pk)
        if not row.working:
            return row
        held = claim(pk)
        if held is None:
            time.sleep(0.2)
        else:
            one(held, float("inf"))


def repair() -> int:
    """For the sweep: a word again for imports whose nudge was lost or whose worker died. How many are due."""
    expired = Import.everywhere.filter(claim__isnull=False, lease_until__lt=clock.now())
    waiting = int(due().count() + expired.count())
    if waiting:
        nudge.publish()
    return waiting


def one(held: Held, ends: float) -> None:
    """A turn with one import. What goes wrong is told, never raised."""
    try:
        with scope.entered(held.row.company_id):
            parts()[held.row.state](held, ends)
        held.give_back()
    except Lost:
        log.info("import stopped", import_id=str(held.row.pk))
    except (OperationalError, InterfaceError):  # the database is away: the lease ends by itself
        log.exception("import interrupted", import_id=str(held.row.pk))
    except Unreadable as error:
        _fail(held, str(error))
    except Exception:
        log.exception("import broke", import_id=str(held.row.pk))
        _fail(held, _("A fault in the hub ended it; what was saved stays. Start it again, or undo it."))


def _fail(held: Held, sentence: str) -> None:
    try:
        refused = held.row.state == ImportState.CHECKING
        held.settle(ImportState.REFUSED if refused else ImportState.FAILED, sentence)
    except Lost:
        log.info("import stopped", import_id=str(held.row.pk))


def _crowded() -> bool:
    """Imports must not take the threads that bring changes over."""
    quarter = max(1, settings.CELERY_WORKER_CONCURRENCY // 4)
    return bool(Import.everywhere.filter(claim__isnull=False, lease_until__gte=clock.now()).count() >= quarter)
