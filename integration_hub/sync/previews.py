"""Previews: what a run would do to every row and record, planned without writing, then applied as it was shown."""

import hashlib
import json
from collections.abc import Mapping as Map

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from integration_hub.contract import registry
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.notices import audit
from integration_hub.sync import outbox, reading, runs
from integration_hub.sync.models import Mapping, PlanRow, SyncRun
from integration_hub.sync.models.preview import Planned
from integration_hub.sync.models.run import RunKind, RunState

# What only tells people how things stand: applying leaves it alone.
ONLY_TOLD = (Planned.AMBIGUOUS, Planned.LEFT_HERE, Planned.LEFT_THERE, Planned.REFUSED)


class NotReady(Exception):
    """This preview cannot be applied (any more); the text says why."""


def start(mapping: Mapping, *, actor: str) -> SyncRun:
    """Plan a run of this mapping. While a preview of it is being planned or applied, that one is the answer."""
    return runs.start(mapping, actor=actor, kind=RunKind.PREVIEW)


def latest(mapping: Mapping) -> SyncRun | None:
    """The newest preview of this mapping, whatever became of it."""
    return SyncRun.everywhere.filter(mapping=mapping, kind=RunKind.PREVIEW).order_by("-started_at").first()


def rows(run: SyncRun) -> QuerySet[PlanRow]:
    """Everything the preview found, in the order in which it is applied."""
    return PlanRow.everywhere.filter(run=run).order_by("id")


def summary(run: SyncRun) -> dict[str, int]:
    """How many of each `Planned` there are; and how many are matched, only here, only there."""
    counted = rows(run).order_by().values("what").annotate(n=Count("id"))
    by_what = dict.fromkeys(Planned.values, 0) | {row["what"]: row["n"] for row in counted}
    matched = rows(run).filter(matched=True).exclude(what=Planned.AMBIGUOUS).count()
    return by_what | {
        "matched": matched + int((run.at or {}).get("equal", 0)),
        Planned.AMBIGUOUS: rows(run).filter(what=Planned.AMBIGUOUS).exclude(remote_id="").count(),
        "only_here": by_what[Planned.CREATE_THERE] + by_what[Planned.LEFT_HERE],
        "only_there": by_what[Planned.CREATE_HERE] + by_what[Planned.LEFT_THERE],
    }


def apply(run: SyncRun, *, actor: str) -> SyncRun:
    """Do exactly what the preview showed; what changed since is left alone, with a word. NotReady says why not."""
    with transaction.atomic():
        outbox.going_live(run.company_id)
        mapping = Mapping.everywhere.select_for_update().get(pk=run.mapping_id)
        if refused := refusal(run, mapping):
            raise NotReady(refused)
        now, plan = clock.now(), rows(run).exclude(what__in=ONLY_TOLD)
        at = {**(run.at or {}), "goes_live": mapping.waits}
        mine = SyncRun.everywhere.filter(pk=run.pk, state=RunState.PLANNED)
        if not mine.update(state=RunState.RUNNING, applied_at=now, at=at, total=plan.count(), scanned=False):
            raise NotReady(_("Somebody applied or discarded this preview meanwhile."))
        _go_live(mapping, run)
        audit.record("preview.applied", company_id=run.company_id, actor=actor, target=str(run.pk))
        transaction.on_commit(lambda: outbox.wake([mapping.pk]), robust=True)
    run.refresh_from_db()
    return run


def refusal(run: SyncRun, mapping: Mapping) -> str:
    """Why this preview cannot be applied; empty where it can."""
    if run.kind != RunKind.PREVIEW or run.state != RunState.PLANNED:
        return _("This is no preview that waits to be applied.")
    if mapping.retired_at is not None:
        return _("The mapping was removed.")
    if (run.at or {}).get("version") != mapping.version:
        return _("The mapping was changed since. Plan again.")
    if latest(mapping) != run:
        return _("There is a newer preview.")
    return ""


def _go_live(mapping: Mapping, run: SyncRun) -> None:
    """Changes go their way from now on. Reading begins where the preview began to read."""
    Mapping.everywhere.filter(pk=mapping.pk).update(waits=False)
    if mapping.waits:
        mapping.waits = False
        registry.provider(mapping.connection.provider).mapped(mapping)
        if row := reading.ensure(mapping):
            began = (run.at or {}).get("next")
            type(row).everywhere.filter(pk=row.pk).update(cursor=began, start=began, whole_since=None, checking=False)


def discard(run: SyncRun, *, actor: str) -> bool:
    """Nobody wants this preview; False when it was applied, or discarded, already. The mapping waits on."""
    open_ = SyncRun.everywhere.filter(pk=run.pk, kind=RunKind.PREVIEW, applied_at=None)
    open_ = open_.filter(state__in=(RunState.RUNNING, RunState.PLANNED))
    return bool(open_.update(state=RunState.STOPPED, finished_at=clock.now()))


def print_of(values: Map[str, Json]) -> str:
    """A short sign by which the same values are known again."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:40]
