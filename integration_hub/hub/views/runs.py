"""Runs: the list, one run record by record, and trying again what was given up."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integration_hub.contract import registry
from integration_hub.http import clock
from integration_hub.hub.access import PageRequest, for_admins, page
from integration_hub.hub.paging import paged
from integration_hub.notices import audit
from integration_hub.sync import runs as engine
from integration_hub.sync.models import SyncRun, SyncWrite
from integration_hub.sync.models.run import Outcome, RunKind, RunState

FILTERS: dict[str, dict[str, Any]] = {
    "": {},
    "failed": {"failed__gt": 0},
    "running": {"state": RunState.RUNNING, "kind": RunKind.FULL},
}


@page
def runs(request: PageRequest) -> HttpResponse:
    show = request.GET.get("show", "")
    rows = SyncRun.everywhere.filter(company=request.company, **FILTERS.get(show, {}))
    rows = rows.select_related("mapping__connection").order_by("-started_at")
    context = {"page": paged(request, rows), "show": show}
    return render(request, "hub/runs_live.html" if request.htmx else "hub/runs.html", context)


@page
def run(request: PageRequest, pk: UUID) -> HttpResponse:
    found = find(request, pk)
    show = request.GET.get("show", "")
    if show not in Outcome.values:
        show = ""
    writes = SyncWrite.everywhere.filter(run=found, **({"outcome": show} if show else {}))
    shown = paged(request, writes.order_by("-id"))
    record_type = registry.record_type(found.mapping.record_type)
    for write in shown.rows:
        write.address = record_type.address(write.record_id)
    context = {
        "run": found,
        "page": shown,
        "show": show,
        "outcomes": outcomes(found),
        "progress": progress(found),
        "provider": registry.provider(found.mapping.connection.provider),
        "record_type": record_type,
    }
    return render(request, "hub/run_live.html" if request.htmx else "hub/run.html", context)


def find(request: PageRequest, pk: UUID) -> SyncRun:
    """The run, in the company that is entered; another company's is not there."""
    rows = SyncRun.everywhere.filter(company=request.company, pk=pk).select_related("mapping__connection")
    if (found := rows.first()) is None:
        raise Http404
    return found


def progress(found: SyncRun) -> dict[str, Any]:
    """Percent, rows done of all, seconds, and rows per second so far."""
    ended = found.finished_at or clock.now()
    seconds = max((ended - found.started_at).total_seconds(), 0.001)
    whole = max(found.total, found.done)
    percent = 100 if whole == 0 else found.done * 100 // whole
    return {"percent": percent, "whole": whole, "seconds": seconds, "per_second": found.done / seconds}


def outcomes(found: SyncRun) -> list[tuple[str, str, int]]:
    """(filter, word, how many) for the chips above the records."""
    return [
        ("", _("All"), 0),
        (Outcome.CREATED.value, _("Created"), found.created),
        (Outcome.UPDATED.value, _("Updated"), found.updated),
        (Outcome.DELETED.value, _("Deleted"), found.deleted),
        (Outcome.FAILED.value, _("Given up"), found.failed),
    ]


@for_admins
@require_POST
def retry_failed(request: PageRequest, pk: UUID) -> HttpResponse:
    found = find(request, pk)
    count = engine.retry_failed(found, actor=request.user.get_username())
    audit.record(
        "run.retried",
        company_id=request.company.pk,
        actor=request.user.get_username(),
        target=str(found.pk),
        data={"records": count},
    )
    tell(request, count)
    return HttpResponseRedirect(reverse("hub:run", args=[pk]))


@for_admins
@require_POST
def retry_one(request: PageRequest, pk: UUID, write: int) -> HttpResponse:
    row = SyncWrite.everywhere.filter(run=find(request, pk), pk=write).select_related("run").first()
    if row is None:
        raise Http404
    tell(request, engine.retry_record(row, actor=request.user.get_username()))
    return HttpResponseRedirect(reverse("hub:run", args=[pk]))


@for_admins
@require_POST
def stop(request: PageRequest, pk: UUID) -> HttpResponse:
    if engine.stop(find(request, pk)):
        audit.record("run.stopped", company_id=request.company.pk, actor=request.user.get_username(), target=str(pk))
        messages.success(request, _("Stopped. What was written stays; live changes go on."))
    return HttpResponseRedirect(reverse("hub:run", args=[pk]))


def tell(request: PageRequest, count: int) -> None:
    if count:
        sentence = ngettext("%(count)d record is tried again now.", "%(count)d records are tried again now.", count)
        messages.success(request, sentence % {"count": count})
    else:
        messages.info(request, _("Nothing was left to try again: it has gone through, or is waiting already."))
