"""Importing files, for the company's admins: upload, columns, check, import, and taking it all back."""

import csv
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integration_hub.hub import importing
from integration_hub.hub.access import PageRequest, for_admins
from integration_hub.hub.asking import Question, ask
from integration_hub.hub.paging import paged
from integration_hub.records.exporting.cells import defused
from integration_hub.records.importing import services
from integration_hub.records.models.imports import Import, ImportedRecord, ImportState

HEAVY = ("problems", "preview", "columns")
SHOWN = 50  # problems on the page; the rest is in the file one can download
LISTS = {
    "customers": "customer",
    "orders": "order",
    "events": "event",
    "tickets": "ticket",
    "branches": "branch",
    "staff": "staff",
    "appointments": "appointment",
}
ENDINGS = ".csv,.tsv,.txt,.xlsx"


def find(request: PageRequest, pk: UUID) -> Import:
    """The import, in the company that is entered; another company's is not there."""
    if (found := Import.everywhere.filter(company=request.company, pk=pk).first()) is None:
        raise Http404
    return found


def page_of(file: Import) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("hub:import", args=[file.pk]))


@for_admins
def imports(request: PageRequest) -> HttpResponse:
    """The files that were brought, newest first."""
    rows = Import.everywhere.filter(company=request.company).defer(*HEAVY).order_by("-created_at", "-id")
    shown = paged(request, rows)
    for row in shown.rows:
        row.look, row.outcome = importing.LOOKS[row.state], importing.outcome(row)
    context = {"page": shown, "working": any(row.working for row in shown.rows)}
    return render(request, "hub/imports_live.html" if request.htmx else "hub/imports.html", context)


# --- a new one --------------------------------------------------------------------------------------------------------


@for_admins
def new(request: PageRequest) -> HttpResponse:
    """Choose a file and say what its rows are."""
    kind = (request.POST if request.method == "POST" else request.GET).get("kind", "")
    kinds = list(services.KINDS.items())
    if kind not in services.KINDS:
        kind = "" if request.method == "POST" else kinds[0][0]
    errors = _uploaded(request, kind) if request.method == "POST" else {}
    if isinstance(errors, Import):
        return page_of(errors)
    context = {"kinds": kinds, "kind": kind, "errors": errors, "max_bytes": services.MAX_BYTES, "endings": ENDINGS}
    context["steps"] = importing.steps(importing.FILE)
    return render(request, "hub/import_new.html", context, status=422 if errors else 200)


def _uploaded(request: PageRequest, kind: str) -> Import | dict[str, str]:
    """The import that was made, or what is missing."""
    errors = {} if kind else {"kind": _("Say what the rows of the file are.")}
    file = request.FILES.get("file")
    if file is None:
        errors["file"] = _("Choose a file.")
    elif not file.size:
        errors["file"] = _("The file is empty. Its first line must hold the names of the columns.")
    if errors or file is None:
        return errors
    try:
        return services.upload(request.company, request.user.get_username(), kind, file, file.name or "")
    except services.Refused as refused:
        return {"file": str(refused)}


@for_admins
def template(request: PageRequest, kind: str) -> HttpResponse:
    """An empty file with our headings, to be filled."""
    if kind not in services.KINDS:
        raise Http404
    return _csv(services.template(kind), f"{kind}.csv")


def _csv(text: str, name: str) -> HttpResponse:
    answer = HttpResponse("\ufeff" + text.removeprefix("\ufeff"), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


# --- one --------------------------------------------------------------------------------------------------------------


@for_admins
def one(request: PageRequest, pk: UUID) -> HttpResponse:
    """The import as it stands: at work, asking, refused, ready, or over."""
    file = find(request, pk)
    context = _shown(file) | {"steps": importing.steps(importing.step_of(file))}
    return render(request, "hub/import_live.html" if request.htmx else "hub/import.html", context)


def _shown(file: Import) -> dict[str, Any]:
    sums = file.planned.get("totals", {}) if file.state == ImportState.READY else file.totals
    context = {
        "file": file,
        "look": importing.LOOKS[file.state],
        "kind": services.KINDS.get(file.kind, file.kind),
        "totals": importing.totals(sums),
        "undo_until": services.undo_until(file),
        "problems": file.problems[:SHOWN],
        "nothing_saved": not file.done,
        "columns": importing.columns(file),
    }
    context["left_out"] = [one["heading"] for one in context["columns"] if not one["field"]]
    if file.state == ImportState.READY:
        context["preview"] = importing.preview(file)
    if file.state == ImportState.DONE:
        context |= {"took": importing.took(file), "list_url": list_of(file)}
    if file.working:
        context |= {"progress": importing.progress(file, timezone.now()), "waiting": services.waiting(file)}
    if file.state == ImportState.UNDONE and file.left:
        left = ImportedRecord.everywhere.filter(of_import=file, outcome=ImportedRecord.Outcome.LEFT)
        context["left_alone"] = left.order_by("-id")[:SHOWN]
    if file.state == ImportState.ASKS:
        context |= _form(file)
    return context


def list_of(file: Import) -> str:
    """The page of the records that came in."""
    return reverse(f"admin:records_{LISTS.get(file.kind, '')}_changelist") if file.kind in LISTS else ""


def _form(file: Import) -> dict[str, Any]:
    return {
        "columns": importing.columns(file),
        "fields": services.fields_for(file.kind),
        "settings": importing.settings(file),
    }


@for_admins
def columns(request: PageRequest, pk: UUID) -> HttpResponse:
    """Which column is which field, and how the file is read."""
    file = find(request, pk)
    if request.method == "POST":
        return _choose(request, file)
    if file.working or not file.columns:
        return page_of(file)
    context = _shown(file) | _form(file) | {"steps": importing.steps(importing.COLUMNS)}
    return render(request, "hub/import_columns.html", context)


def _choose(request: PageRequest, file: Import) -> HttpResponse:
    posted = request.POST.dict()
    settings = importing.chosen_settings(file, posted)
    fields = [name for name, _label in services.fields_for(file.kind)]
    mapping = importing.chosen_mapping(file, settings, posted, fields)
    return _do(request, file, lambda who: services.choose(file, actor=who, mapping=mapping, settings=settings))


@for_admins
@require_POST
def start(request: PageRequest, pk: UUID) -> HttpResponse:
    file = find(request, pk)
    return _do(request, file, lambda who: services.start(file, actor=who))


def _do(request: PageRequest, file: Import, act: Any) -> HttpResponse:
    """What a button stands for; the import may have moved on since the page was made."""
    try:
        act(request.user.get_username())
    except services.Refused as refused:
        messages.error(request, str(refused))
    return page_of(file)


@for_admins
def stop(request: PageRequest, pk: UUID) -> HttpResponse:
    """GET asks and says what will happen; POST does it."""
    file = find(request, pk)
    if request.method != "POST":
        return ask(request, _stopping(file))
    return _do(request, file, lambda who: services.stop(file, actor=who))


def _stopping(file: Import) -> Question:
    saving = file.state == ImportState.SAVING
    kept = ngettext("%(n)s record is saved by now and stays.", "%(n)s records are saved by now and stay.", file.done)
    return Question(
        title=_("Stop this import?"),
        sentence=kept % {"n": intcomma(file.done)} if saving else _("Nothing was saved yet."),
        details=(
            _("You can go on later: it starts where it was."),
            *((_("You can also undo what was saved."),) if saving else ()),
        ),
        button=_("Stop"),
        keep=_("Let it run"),
        back=reverse("hub:import", args=[file.pk]),
        crumb=file.name,
    )


@for_admins
def undo(request: PageRequest, pk: UUID) -> HttpResponse:
    """GET asks and says what will happen; POST does it."""
    file = find(request, pk)
    until = services.undo_until(file)
    if request.method == "POST":
        return _do(request, file, lambda who: services.undo(file, actor=who))
    if until is None:
        messages.info(request, _("This import cannot be undone any more."))
        return page_of(file)
    return ask(request, _undoing(file, date_format(timezone.localtime(until), "j M Y, H:i")))


def _undoing(file: Import, until: str) -> Question:
    made, changed = file.created + file.customers_created, file.updated
    gone = ngettext(
        "%(n)s record that it created is deleted.",
        "%(n)s records that it created are deleted.",
        made,
    )
    back = ngettext(
        "%(n)s record that it changed becomes what it was.",
        "%(n)s records that it changed become what they were.",
        changed,
    )
    return Question(
        title=_("Undo the import of “%(name)s”?") % {"name": file.name},
        sentence=_("The records become what they were before it."),
        details=(
            *((gone % {"n": intcomma(made)},) if made else ()),
            *((back % {"n": intcomma(changed)},) if changed else ()),
            _("What somebody changed since, and orders with tickets, is left alone and named."),
            _("Connected services follow, as with any change."),
            _("It can be undone until %(until)s.") % {"until": until},
        ),
        button=_("Undo the import"),
        keep=_("Keep it"),
        back=reverse("hub:import", args=[file.pk]),
        crumb=file.name,
    )


@for_admins
def discard(request: PageRequest, pk: UUID) -> HttpResponse:
    """GET asks and says what will happen; POST does it."""
    file = find(request, pk)
    if request.method != "POST":
        return ask(request, _discarding(file))
    try:
        services.discard(file, actor=request.user.get_username())
    except services.Refused as refused:
        messages.error(request, str(refused))
        return page_of(file)
    messages.success(request, _("“%(name)s” is discarded; nothing of it was saved.") % {"name": file.name})
    return HttpResponseRedirect(reverse("hub:imports"))


def _discarding(file: Import) -> Question:
    return Question(
        title=_("Discard “%(name)s”?") % {"name": file.name},
        sentence=_("The uploaded file and what was found in it are deleted here. Nothing of it was saved."),
        button=_("Discard"),
        keep=_("Keep it"),
        back=reverse("hub:import", args=[file.pk]),
        crumb=file.name,
    )


@for_admins
def problems(request: PageRequest, pk: UUID) -> HttpResponse:
    """What is wrong with the file, as a CSV to work through."""
    file = find(request, pk)
    answer = _csv("", f"problems-{file.pk}.csv")
    writer = csv.writer(answer)
    writer.writerow([_("Line"), _("Column"), _("Value"), _("What to do")])
    for found in file.problems:
        texts = (found["column"], found["value"], found["sentence"])
        writer.writerow([found["line"], *(defused(text) for text in texts)])
    if file.problem_count > len(file.problems):
        more = _("%(n)s more; correct these first.") % {"n": intcomma(file.problem_count - len(file.problems))}
        writer.writerow(["", "", "", more])
    return answer
