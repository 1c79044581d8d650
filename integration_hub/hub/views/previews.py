"""Previews: what a run of a mapping would do, field by field, before anything is written; then exactly that.

One page follows a preview from the planning to what came of it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from integration_hub.connections.models import Status
from integration_hub.hub import values
from integration_hub.hub.access import PageRequest, for_admins, page
from integration_hub.hub.asking import Question, ask
from integration_hub.hub.cards import cards
from integration_hub.hub.lens import Lens
from integration_hub.hub.paging import paged
from integration_hub.hub.tabs import tabs
from integration_hub.hub.views.mappings import find
from integration_hub.sync import previews, targets
from integration_hub.sync.models import Mapping, PlanRow, SyncRun
from integration_hub.sync.models.mapping import RemoteDelete
from integration_hub.sync.models.preview import Planned, PlanState
from integration_hub.sync.models.run import RunKind, RunState

SAMPLES = 3  # of each kind, before somebody asks for all
LONGEST = 100  # characters of what is searched
SKIPPED = "skipped"  # the filter for what was left alone, with the reason

# Stages of the page.
NONE, PLANNING, PLANNED, APPLYING, APPLIED, DISCARDED = (
    "none",
    "planning",
    "planned",
    "applying",
    "applied",
    "discarded",
)

LOOKS: dict[str, str] = {
    Planned.CREATE_HERE: "ok",
    Planned.CREATE_THERE: "ok",
    Planned.UPDATE: "busy",
    Planned.DELETE_HERE: "bad",
    Planned.DELETE_THERE: "bad",
    Planned.CONFLICT: "warn",
    Planned.AMBIGUOUS: "warn",
    Planned.REFUSED: "warn",
}
PHASES: dict[str, Promise] = {
    "rows": gettext_lazy("Reading the table, row by row."),
    "records": gettext_lazy("Looking at the records that have no row yet."),
    "gone": gettext_lazy("Asking for rows that the listing did not name."),
    "twice": gettext_lazy("Putting it together."),
}


def stage(run: SyncRun | None) -> str:
    if run is None:
        return NONE
    if run.state == RunState.RUNNING:
        return APPLYING if run.applied_at else PLANNING
    if run.state == RunState.PLANNED:
        return PLANNED
    return APPLIED if run.applied_at else DISCARDED


# --- the page ---------------------------------------------------------------------------------------------------------


@page
def preview(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    """The newest preview of the mapping, wherever it stands."""
    found = find(request, key, pk)
    run, lens = previews.latest(found), Lens(found)
    context: dict[str, Any] = {
        "mapping": found,
        "lens": lens,
        "run": run,
        "stage": stage(run),
        "provider": lens.provider,
    }
    context["moving"] = context["stage"] in (PLANNING, APPLYING)
    context["connected"] = found.connection.status == Status.CONNECTED
    if run is not None:
        context |= _planning(run) if context["stage"] == PLANNING else _planned(request, run, lens)
    if request.htmx:
        return render(request, "hub/preview_live.html", context)
    context["tabs"] = tabs(cards(request.company), key)
    return render(request, "hub/preview.html", context)


def _planning(run: SyncRun) -> dict[str, Any]:
    at = run.at or {}
    return {"phase": PHASES.get(at.get("phase", "rows")), "so_far": previews.rows(run).count() + at.get("equal", 0)}


def _planned(request: PageRequest, run: SyncRun, lens: Lens) -> dict[str, Any]:
    """What it would do, or did: figures, samples of each kind, or the list of one kind."""
    counts, show = previews.summary(run), request.GET.get("show", "")
    show = show if show in (*Planned.values, SKIPPED) else ""
    wanted = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    words = _words(lens)
    context: dict[str, Any] = {"counts": counts, "show": show, "q": wanted, "chips": _chips(counts, words)}
    context |= {"found": _found(counts, lens), "would": _would(counts, words)}
    context["refusal"] = previews.refusal(run, lens.mapping) if run.state == RunState.PLANNED else ""
    if run.applied_at:
        context |= _applied(run)
    if show or wanted:
        rows = _narrowed(previews.rows(run), show, wanted)
        context["page"] = paged(request, rows)
        _look(context["page"].rows, lens, words)
    else:
        context["samples"] = list(_samples(run, counts, lens, words))
    return context


def _narrowed(rows: "QuerySet[PlanRow]", show: str, wanted: str) -> "QuerySet[PlanRow]":
    if show == SKIPPED:
        rows = rows.filter(state=PlanState.SKIPPED).exclude(sentence="")
    elif show:
        rows = rows.filter(what=show)
    return rows.filter(title__icontains=wanted) if wanted else rows


def _applied(run: SyncRun) -> dict[str, Any]:
    """How far the applying is, and how much was left alone with a reason."""
    rows = previews.rows(run).exclude(what__in=previews.ONLY_TOLD).order_by()
    states = dict(rows.values_list("state").annotate(n=Count("id")))
    skipped = rows.filter(state=PlanState.SKIPPED).exclude(sentence="").count()
    return {"skipped": skipped, "done": run.total - states.get(PlanState.PLANNED, 0), "whole": run.total}


# --- figures ----------------------------------------------------------------------------------------------------------


class Figure(NamedTuple):
    value: int
    label: str
    show: str = ""


def _words(lens: Lens) -> dict[str, str]:
    """What each kind of a plan's rows is called here."""
    name = {"name": lens.provider.name}
    cancels = lens.mapping.on_remote_delete == RemoteDelete.CANCEL
    told = {
        Planned.CREATE_HERE: _("made here"),
        Planned.CREATE_THERE: _("made at %(name)s") % name,
        Planned.UPDATE: _("changed"),
        Planned.DELETE_HERE: _("cancelled here") if cancels else _("deleted here"),
        Planned.DELETE_THERE: _("deleted at %(name)s") % name,
        Planned.CONFLICT: _("conflict"),
        Planned.LINK: _("joined, nothing to change"),
        Planned.AMBIGUOUS: _("more than one partner"),
        Planned.LEFT_HERE: _("only here, left alone"),
        Planned.LEFT_THERE: _("only at %(name)s, left alone") % name,
        Planned.REFUSED: _("cannot be taken over"),
    }
    return {str(what): word for what, word in told.items()}


def _found(counts: dict[str, int], lens: Lens) -> list[Figure]:
    return [
        Figure(counts["matched"], _("matched")),
        Figure(counts["only_here"], _("only here")),
        Figure(counts["only_there"], _("only at %(name)s") % {"name": lens.provider.name}),
        Figure(counts[Planned.AMBIGUOUS], _("more than one partner"), Planned.AMBIGUOUS.value),
    ]


_WOULD = (
    Planned.CREATE_HERE,
    Planned.CREATE_THERE,
    Planned.UPDATE,
    Planned.DELETE_HERE,
    Planned.DELETE_THERE,
    Planned.CONFLICT,
    Planned.REFUSED,
)


def _would(counts: dict[str, int], words: dict[str, str]) -> list[Figure]:
    return [Figure(counts[what], words[what], what.value) for what in _WOULD]


def _chips(counts: dict[str, int], words: dict[str, str]) -> list[Figure]:
    return [Figure(counts[what], words[what], what) for what in Planned.values if counts[what]]


# --- rows of the plan -------------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """Some rows of one kind, and how many there are."""

    show: str
    word: str
    whole: int
    rows: Sequence[Any]


def _samples(run: SyncRun, counts: dict[str, int], lens: Lens, words: dict[str, str]) -> Iterator[Sample]:
    for what in Planned.values:
        if counts[what]:
            rows = list(previews.rows(run).filter(what=what)[:SAMPLES])
            _look(rows, lens, words)
            yield Sample(what, words[what], counts[what], rows)


class Cells(NamedTuple):
    """One field: as it is here, as it will be, as it is over there. `way`: in, out or both."""

    field: str
    way: str
    ours: str
    after: str
    theirs: str


def _look(rows: Sequence[Any], lens: Lens, words: dict[str, str]) -> None:
    """Rows of the plan in people's words."""
    for row in rows:
        row.word, row.look = words[row.what], LOOKS.get(row.what, "idle")
        row.record_url = lens.record_url(row.record_id) if row.record_id else ""
        row.row_url = lens.row_url(row.remote_id)
        row.cells = [_cells(change, lens) for change in row.changes]
        row.left_alone = row.state == PlanState.SKIPPED and bool(row.sentence)


def _cells(change: dict[str, Any], lens: Lens) -> Cells:
    field = lens.by_label.get(change["field"])
    told = {side: values.of_field(change.get(side), field) for side in ("ours", "after", "theirs")}
    return Cells(_(change["field"]), change["way"], **told)


# --- buttons ----------------------------------------------------------------------------------------------------------


def _page_of(found: Mapping) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("hub:preview", args=[found.connection.provider, found.pk]))


@for_admins
@require_POST
def start(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    """Plan, or plan again: what an older preview showed is forgotten."""
    found, actor = find(request, key, pk), request.user.get_username()
    older = previews.latest(found)
    if older is not None and stage(older) == PLANNED:
        previews.discard(older, actor=actor)
    if previews.start(found, actor=actor).kind != RunKind.PREVIEW:
        messages.info(request, _("A run of this mapping is just being taken back. Plan when that is over."))
    return _page_of(found)


@for_admins
def apply(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    """GET asks and says what will happen; POST does it, with the very preview that was shown."""
    found = find(request, key, pk)
    run = previews.latest(found)
    if run is None or stage(run) != PLANNED:
        messages.info(request, _("There is no preview that waits to be applied."))
        return _page_of(found)
    if request.method != "POST":
        return ask(request, _applying(Lens(found), run))
    if request.POST.get("run") != str(run.pk):
        messages.error(request, _("There is a newer preview. Look at it first."))
        return _page_of(found)
    try:
        previews.apply(run, actor=request.user.get_username())
    except previews.NotReady as refused:
        messages.error(request, str(refused))
    return _page_of(found)


def _applying(lens: Lens, run: SyncRun) -> Question:
    counts, name = previews.summary(run), {"name": lens.provider.name}
    return Question(
        title=_("Apply exactly this?"),
        sentence=_("What the preview showed is done now, here and at %(name)s; nothing else.") % name,
        details=[
            *_told(counts, lens),
            _("Whatever changed since it was planned is left alone, and you are told which and why."),
            _("It can be taken back for 30 days, on the page of the run."),
            *([_("From then on, changes are synced as the mapping says.")] if lens.mapping.waits else []),
        ],
        button=_("Apply exactly this"),
        keep=_("Not yet"),
        back=reverse("hub:preview", args=[lens.provider.key, lens.mapping.pk]),
        crumb=lens.mapping.label,
        hidden=[("run", str(run.pk))],
    )


def _told(counts: dict[str, int], lens: Lens) -> list[str]:
    """What will happen, in whole sentences; what will not is left out."""
    name, n = {"name": lens.provider.name}, counts
    cancels = lens.mapping.on_remote_delete == RemoteDelete.CANCEL
    gone = (
        ngettext("%(n)s record is cancelled here.", "%(n)s records are cancelled here.", n["delete_here"])
        if cancels
        else ngettext("%(n)s record is deleted here.", "%(n)s records are deleted here.", n["delete_here"])
    )
    told = {
        "create_here": ngettext("%(n)s record is made here.", "%(n)s records are made here.", n["create_here"]),
        "create_there": ngettext(
            "%(n)s row is made at %(name)s.", "%(n)s rows are made at %(name)s.", n["create_there"]
        ),
        "update": ngettext(
            "%(n)s record or its row is changed.", "%(n)s records or their rows are changed.", n["update"]
        ),
        "delete_here": gone,
        "delete_there": ngettext(
            "%(n)s row is deleted at %(name)s.", "%(n)s rows are deleted at %(name)s.", n["delete_there"]
        ),
        "conflict": ngettext(
            "In %(n)s record both sides differ: you choose field by field, afterwards.",
            "In %(n)s records both sides differ: you choose field by field, afterwards.",
            n["conflict"],
        ),
        "link": ngettext(
            "%(n)s record is joined with its row; nothing changes.",
            "%(n)s records are joined with their rows; nothing changes.",
            n["link"],
        ),
    }
    return [sentence % {**name, "n": intcomma(n[what])} for what, sentence in told.items() if n[what]]


@for_admins
def discard(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    """GET asks and says what will happen; POST does it."""
    found = find(request, key, pk)
    run = previews.latest(found)
    if run is None or stage(run) not in (PLANNING, PLANNED):
        messages.info(request, _("There is no preview to discard."))
        return _page_of(found)
    if request.method != "POST":
        return ask(request, _discarding(found))
    if previews.discard(run, actor=request.user.get_username()):
        messages.success(request, _("The preview is discarded. Nothing of it was written."))
    else:
        messages.info(request, _("Somebody applied or discarded it meanwhile."))
    return HttpResponseRedirect(targets.mapping_page(found))


def _discarding(found: Mapping) -> Question:
    waits = _("The mapping goes on waiting: nothing is written before a preview of it was applied.")
    return Question(
        title=_("Discard this preview?"),
        sentence=_("Nothing of it was written, here or there."),
        details=[waits] if found.waits else [],
        button=_("Discard"),
        keep=_("Keep it"),
        back=reverse("hub:preview", args=[found.connection.provider, found.pk]),
        crumb=found.label,
    )
