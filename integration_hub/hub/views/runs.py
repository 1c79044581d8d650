"""Runs: the list, one run record by record, stopping, going on, and trying again what was given up."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integration_hub.contract import Field, registry
from integration_hub.hub import values
from integration_hub.hub.access import PageRequest, for_admins, page
from integration_hub.hub.asking import Question, ask
from integration_hub.hub.day import moved_lately
from integration_hub.hub.paging import paged
from integration_hub.hub.progress import progress
from integration_hub.notices import audit
from integration_hub.sync import runs as engine
from integration_hub.sync import undoing
from integration_hub.sync.models import Mapping, SyncRun, SyncWrite
from integration_hub.sync.models.run import Outcome, RunKind, RunState, Went

FILTERS: dict[str, dict[str, Any]] = {
    "": {},
    "failed": {"failed__gt": 0},
    "running": {
        "state__in": [RunState.RUNNING, RunState.PLANNED],
        "kind__in": [k for k in RunKind if k != RunKind.LIVE],
    },
    "full": {"kind": RunKind.FULL},
    "plans": {"kind__in": [RunKind.PREVIEW, RunKind.UNDO]},
}
SEARCHED = 20_000  # newest records of the company's runs that a search of all runs looks through
LONGEST = 100  # characters of what is searched


@page
def runs(request: PageRequest) -> HttpResponse:
    """The company's runs, or with `q` the records of all runs whose title has it."""
    show, key, wanted = request.GET.get("show", ""), request.GET.get("provider", ""), asked(request)
    context: dict[str, Any] = {"show": show, "key": key, "q": wanted, "providers": registry.providers()}
    if wanted:
        context |= {"page": paged(request, _searched(request, wanted, key)), "searched": SEARCHED}
    else:
        context["page"] = paged(request, listed(request).select_related("mapping__connection"))
    return render(request, "hub/runs_live.html" if request.htmx else "hub/runs.html", context)


def listed(request: PageRequest) -> "QuerySet[SyncRun]":
    """The runs that fit what is chosen above the list, newest first."""
    rows = SyncRun.everywhere.filter(company=request.company, **FILTERS.get(request.GET.get("show", ""), {}))
    return _of_provider(request, rows, request.GET.get("provider", ""), "mapping").order_by("-started_at")


def asked(request: PageRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]


def _searched(request: PageRequest, wanted: str, key: str) -> "QuerySet[SyncWrite]":
    newest = SyncWrite.everywhere.filter(company=request.company).order_by("-id").values("id")[:SEARCHED]
    rows = SyncWrite.everywhere.filter(id__in=newest, title__icontains=wanted)
    rows = _of_provider(request, rows, key, "run__mapping")
    return rows.select_related("run__mapping").order_by("-id")


def _of_provider(request: PageRequest, rows: "QuerySet[Any]", key: str, path: str) -> "QuerySet[Any]":
    """By ids, not by a join: the newest are then read off an index instead of being sorted out of all."""
    if not key:
        return rows
    mappings = Mapping.everywhere.filter(company=request.company, connection__provider=key)
    return rows.filter(**{f"{path}__in": list(mappings.values_list("pk", flat=True))})


@page
def run(request: PageRequest, pk: UUID) -> HttpResponse:
    found = find(request, pk)
    show, wanted = request.GET.get("show", ""), asked(request)
    if show not in Outcome.values:
        show = ""
    writes = SyncWrite.everywhere.filter(run=found, **({"outcome": show} if show else {}))
    if wanted:
        writes = writes.filter(title__icontains=wanted)
    shown = paged(request, writes.order_by("-id"))
    record_type = registry.record_type(found.mapping.record_type)
    fields = {str(field.label): field for field in record_type.fields}
    for write in shown.rows:
        write.address = record_type.address(write.record_id)
        write.told = told(write.changes, fields)
    context = {
        "run": found,
        "page": shown,
        "show": show,
        "q": wanted,
        "outcomes": outcomes(found),
        "progress": _progress(request, found),
        "may_go_on": found.kind == RunKind.FULL
        and found.state == RunState.STOPPED
        and found.mapping.retired_at is None,
        "may_stop": found.state == RunState.RUNNING and found.kind != RunKind.LIVE,
        "undo": _undo(found),
        "provider": registry.provider(found.mapping.connection.provider),
        "record_type": record_type,
    }
    return render(request, "hub/run_live.html" if request.htmx else "hub/run.html", context)


class Change(NamedTuple):
    """One field of one record. `was_empty`: there is no `before` worth showing."""

    field: str
    before: str
    after: str
    was_empty: bool


def told(changes: list[dict[str, Any]], fields: dict[str, Field]) -> list[Change]:
    """What was written, field by field, as people read it. `fields` of the record by their labels."""
    return [
        Change(
            one["field"],
            values.of_field(one.get("before"), fields.get(one["field"])),
            values.of_field(one.get("after"), fields.get(one["field"])),
            one.get("before") in (None, "", []),
        )
        for one in changes
    ]


def find(request: PageRequest, pk: UUID) -> SyncRun:
    """The run, in the company that is entered; another company's is not there."""
    rows = SyncRun.everywhere.filter(company=request.company, pk=pk).select_related("mapping__connection", "undoes")
    if (found := rows.first()) is None:
        raise Http404
    return found


def _progress(request: PageRequest, found: SyncRun) -> Any:
    going = found.state == RunState.RUNNING
    moved = moved_lately(request.company.pk, found.mapping.connection.provider) if going else 0
    return progress(found, moved, timezone.now())


def outcomes(found: SyncRun) -> list[tuple[str, str, int]]:
    """(filter, word, how many) for the chips above the records."""
    failed = _("Left alone") if found.kind == RunKind.UNDO else _("Given up")
    return [
        ("", _("All"), 0),
        (Outcome.CREATED.value, _("Created"), found.created),
        (Outcome.UPDATED.value, _("Updated"), found.updated),
        (Outcome.DELETED.value, _("Deleted"), found.deleted),
        (Outcome.FAILED.value, failed, found.failed),
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
def stop(request: PageRequest, pk: UUID) -> HttpResponse:
    """GET asks and says what will happen; POST does it."""
    found = find(request, pk)
    here = reverse("hub:run", args=[pk])
    if request.method != "POST":
        return ask(request, _stopping(found, here))
    if found.kind != RunKind.LIVE and engine.stop(found):
        audit.record("run.stopped", company_id=request.company.pk, actor=request.user.get_username(), target=str(pk))
        messages.success(request, _("Stopped. What was written stays; live changes go on."))
    else:
        messages.info(request, _("This run was over already."))
    return HttpResponseRedirect(here)


def _stopping(found: SyncRun, here: str) -> Question:
    left, whole = max(found.total - found.done, 0), found.kind == RunKind.FULL
    waits = ngettext(
        "%(shown)s record is not looked at in this run.", "%(shown)s records are not looked at in this run.", left
    )
    return Question(
        title=_("Stop this full sync?") if found.kind == RunKind.FULL else _("Stop this run?"),
        sentence=_("What was written stays, at both sides. Nothing is deleted or taken back."),
        details=(
            waits % {"shown": intcomma(left)},
            _("Records that change from now on are synced as always."),
            *((_("You can go on later: records that are in step by then are skipped."),) if whole else ()),
        ),
        button=_("Stop"),
        keep=_("Let it run"),
        back=here,
        crumb=found.mapping.label,
    )


@for_admins
@require_POST
def go_on(request: PageRequest, pk: UUID) -> HttpResponse:
    """Resume a stopped run: a new one, which skips what is in step already."""
    found = find(request, pk)
    if found.mapping.retired_at is not None or found.state != RunState.STOPPED or found.kind != RunKind.FULL:
        messages.info(request, _("This run cannot go on: it was not stopped, or its mapping was replaced."))
        return HttpResponseRedirect(reverse("hub:run", args=[pk]))
    started = engine.start(found.mapping, actor=request.user.get_username())
    audit.record("run.resumed", company_id=request.company.pk, actor=request.user.get_username(), target=str(pk))
    messages.success(request, _("Going on. Records that are in step already are skipped."))
    return HttpResponseRedirect(reverse("hub:run", args=[started.pk]))


# --- taking back ------------------------------------------------------------------------------------------------------


class Undo(NamedTuple):
    """Whether and until when the run can be taken back; `by`: the run that took it back; `kept_away`: how many records
    this undo took away that are not made again by themselves."""

    refusal: str
    until: datetime | None = None
    by: SyncRun | None = None
    kept_away: bool = False


def _undo(found: SyncRun) -> Undo:
    by = SyncRun.everywhere.filter(undoes=found).exclude(state=RunState.STOPPED).order_by("-started_at").first()
    if found.kind == RunKind.UNDO:
        over = found.state in (RunState.DONE, RunState.STOPPED)
        return Undo(undoing.refusal(found), by=by, kept_away=over and undoing.taken_away(found).exists())
    refusal = undoing.refusal(found)
    return Undo(refusal, None if refusal else undoing.until(found), by)


@for_admins
def undo(request: PageRequest, pk: UUID) -> HttpResponse:
    """GET asks, and says what will happen and what cannot come back; POST does it."""
    found, here = find(request, pk), reverse("hub:run", args=[pk])
    if refused := undoing.refusal(found):
        messages.info(request, refused)
        return HttpResponseRedirect(here)
    if request.method != "POST":
        return ask(request, _undoing(found, here))
    try:
        started = undoing.start(found, actor=request.user.get_username())
    except undoing.NotPossible as refused:
        messages.info(request, str(refused))
        return HttpResponseRedirect(here)
    return HttpResponseRedirect(reverse("hub:run", args=[started.pk]))


def _undoing(found: SyncRun, here: str) -> Question:
    until = date_format(timezone.localtime(undoing.until(found)), "j M Y, H:i")
    return Question(
        title=_("Undo this run?"),
        sentence=_("Both sides become what they were before it."),
        details=[*_taken_back(found), _("It can be undone until %(until)s.") % {"until": until}],
        button=_("Undo the run"),
        keep=_("Keep it"),
        back=here,
        crumb=found.mapping.label,
    )


def _taken_back(found: SyncRun) -> list[str]:
    """What becomes of what the run did, in numbers; what it did not do is left out."""
    name = registry.provider(found.mapping.connection.provider).name
    rows = SyncWrite.everywhere.filter(run=found, image__isnull=False).order_by()
    counts = {(way, outcome): n for way, outcome, n in rows.values_list("way", "outcome").annotate(n=Count("id"))}
    changed = sum(n for (_way, outcome), n in counts.items() if outcome == Outcome.UPDATED)
    deleted = sum(n for (_way, outcome), n in counts.items() if outcome == Outcome.DELETED)
    made_here, made_there = counts.get((Went.IN, Outcome.CREATED), 0), counts.get((Went.OUT, Outcome.CREATED), 0)
    told = [
        (made_here, ngettext("%(n)s record is deleted here.", "%(n)s records are deleted here.", made_here)),
        (made_there, ngettext("%(n)s row is deleted at %(name)s.", "%(n)s rows are deleted at %(name)s.", made_there)),
        (
            changed,
            ngettext(
                "%(n)s record gets back the values it had, on both sides.",
                "%(n)s records get back the values they had, on both sides.",
                changed,
            ),
        ),
        (
            deleted,
            ngettext(
                "%(n)s deleted record lives again. Its row is made anew: comments, its history and links to it from "
                "other tables at %(name)s do not return.",
                "%(n)s deleted records live again. Their rows are made anew: comments, their history and links to them "
                "from other tables at %(name)s do not return.",
                deleted,
            ),
        ),
    ]
    said = [sentence % {"n": intcomma(count), "name": name} for count, sentence in told if count]
    if made_here or made_there:
        said.append(_("What is deleted by this is not made again by itself; you can allow it afterwards."))
    return [*said, _("What was changed since, here or there, is left alone and named.")]


@for_admins
@require_POST
def allow_again(request: PageRequest, pk: UUID) -> HttpResponse:
    """What an undo took away may be made again."""
    found = find(request, pk)
    if found.kind != RunKind.UNDO:
        raise Http404
    count = undoing.allow_again(found, actor=request.user.get_username())
    if count:
        said = ngettext("%(n)s record may be made again.", "%(n)s records may be made again.", count)
        messages.success(request, said % {"n": intcomma(count)})
    else:
        messages.info(request, _("There was nothing to allow any more."))
    return HttpResponseRedirect(reverse("hub:run", args=[pk]))


def tell(request: PageRequest, count: int) -> None:
    if count:
        sentence = ngettext("%(count)d record is tried again now.", "%(count)d records are tried again now.", count)
        messages.success(request, sentence % {"count": count})
    else:
        messages.info(request, _("Nothing was left to try again: it has gone through, or is waiting already."))
