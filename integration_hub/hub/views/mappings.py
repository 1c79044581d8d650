"""Mappings: choosing the table, the two columns, what is written where, and everything one can do to a mapping.

No page here waits for the provider. Only making a table or fields calls it, because somebody asked for just that.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh, retarget, trigger_client_event

from integration_hub.companies.models import Role
from integration_hub.connections import discovery
from integration_hub.connections.models import Connection
from integration_hub.contract import ProviderError, registry
from integration_hub.hub.access import PageRequest, for_admins, page
from integration_hub.hub.asking import Question, ask
from integration_hub.hub.cards import cards
from integration_hub.hub.mapping import choosing, desk, making, posting, turning, typed
from integration_hub.hub.mapping.editing import Editing
from integration_hub.hub.progress import following
from integration_hub.hub.tabs import tabs
from integration_hub.hub.views.providers import actor, connection_or_404, declared_or_404
from integration_hub.sync import mappings as service
from integration_hub.sync import schema, targets
from integration_hub.sync.models import Mapping, SyncRun
from integration_hub.sync.models.run import RunKind, RunState


def find(request: PageRequest, key: str, pk: UUID) -> Mapping:
    """The mapping, in the company that is entered and while it is in use."""
    rows = Mapping.everywhere.filter(company=request.company, pk=pk, retired_at=None)
    found = rows.filter(connection__provider=declared_or_404(key).key).select_related("connection").first()
    if found is None:
        raise Http404
    return found


# --- a new one --------------------------------------------------------------------------------------------------------


@for_admins
def new(request: PageRequest, key: str) -> HttpResponse:
    """Step 1 chooses records and table, step 2 is the mapping itself, which exists once it is saved."""
    connection = _mappable_or_404(request, key)
    chosen = choosing.choice(connection, request.GET.dict() if request.method == "GET" else request.POST.dict())
    if request.method == "POST" and request.POST.get("do") == "make_table":
        return _make_table(request, key, chosen)
    if request.method == "GET" and "go" not in request.GET:
        return _choose(request, chosen, name=request.GET.get("name", ""))
    if errors := choosing.complaints(chosen, table=True):
        return _choose(request, chosen, errors=errors)
    editing = _editing_new(request, chosen)
    return _posted(request, editing) if request.method == "POST" else _show(request, editing)


def _mappable_or_404(request: PageRequest, key: str) -> Connection:
    connection = connection_or_404(request, key)
    if not service.mappable_sinks(connection):
        raise Http404
    return connection


def _editing_new(request: PageRequest, chosen: choosing.Choice) -> Editing:
    assert chosen.record_type is not None
    sink = service.mappable_sinks(chosen.connection)[0]
    where = desk.of_choice(chosen.connection, sink, chosen.record_type, chosen.base.value, chosen.table.value)
    if request.method == "POST":
        return Editing(where, posting.posted(request.POST, where))
    return Editing(where, turning.suggested(typed.Typed(), where))


def _choose(
    request: PageRequest, chosen: choosing.Choice, *, errors: dict[str, str] | None = None, name: str = ""
) -> HttpResponse:
    context = {
        "choice": chosen,
        "provider": registry.provider(chosen.connection.provider),
        "here": request.path,
        "errors": errors or {},
        "new_name": name or (_(chosen.record_type.plural) if chosen.record_type else ""),
    }
    if request.htmx:
        return _choose_part(request, context)
    made = cards(request.company)
    context["tabs"] = tabs(made, chosen.connection.provider)
    return render(request, "hub/mapping_new.html", context, status=422 if errors else 200)


def _choose_part(request: PageRequest, context: dict[str, Any]) -> HttpResponse:
    """The line that asks gets itself while nothing new was found, and then everything that was."""
    polled = "poll" in request.GET
    if polled and context["choice"].asked and request.GET["poll"] == context["choice"].seen:
        return render(request, "hub/mapping_choose_found.html", context)
    answer = render(request, "hub/mapping_choose.html", context)
    return retarget(answer, "#choose") if polled else answer


def _make_table(request: PageRequest, key: str, chosen: choosing.Choice) -> HttpResponse:
    errors = choosing.complaints(chosen, table=False)
    name = request.POST.get("name", "").replace("\x00", "").strip()[:255]
    if not name:
        errors["name"] = _("Give the table a name.")
    if errors or chosen.record_type is None:
        return _choose(request, chosen, errors=errors, name=name)
    try:
        made = making.table(chosen, chosen.record_type, name, actor=actor(request))
    except ProviderError as error:
        return _choose(request, chosen, errors={"name": error.sentence}, name=name)
    messages.success(request, _("The table “%(table)s” is there. Look over the fields, then save.") % {"table": name})
    query = {"records": chosen.record_type.key, "base": chosen.base.value, "table": made.id, "go": "1"}
    return HttpResponseRedirect(reverse("hub:mapping_new", args=[key], query=query))


# --- one that exists --------------------------------------------------------------------------------------------------


def mapping(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    return change(request, key, pk) if request.method == "POST" else look(request, key, pk)


@page
def look(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    editing = _editing(request, find(request, key, pk))
    editing.typed = editing.with_record(typed.uuid_or_none(request.GET.get("record", "")), request.GET.get("q", ""))
    return _show(request, editing)


@for_admins
def change(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    return _posted(request, _editing(request, find(request, key, pk)))


def _editing(request: PageRequest, found: Mapping) -> Editing:
    where = desk.of_mapping(found, ask=request.role is Role.ADMIN)
    if request.method == "POST":
        return Editing(where, posting.posted(request.POST, where), found)
    return Editing.stored(where, found)


def _show(request: PageRequest, editing: Editing) -> HttpResponse:
    context = editing.page(request)
    context["tabs"] = tabs(cards(request.company), editing.desk.provider.key)
    context |= _progress(request, editing.mapping)
    return render(request, "hub/mapping.html", context, status=editing.status)


def _posted(request: PageRequest, editing: Editing) -> HttpResponse:
    """One of the form's buttons; whatever it does, nothing that was typed gets lost."""
    do, _colon, what = request.POST.get("do", "again").partition(":")
    if do == "save":
        return _save(request, editing, agreed=what)
    if do in ("add_condition", "remove_condition", "conditions"):
        editing.change_conditions(do, what)
        if request.htmx:
            answer = render(request, "hub/mapping_conditions.html", editing.filter_part())
            return trigger_client_event(answer, "conditions-changed", after="settle")
    elif do == "suggest":
        editing.suggest()
    elif do == "make_fields":
        editing.make_fields(request, actor(request))
    elif do == "make_again":
        editing.make_again(request, actor(request), what)
    elif do == "refresh":
        _ask(editing)
    return _show(request, editing)


def _save(request: PageRequest, editing: Editing, *, agreed: str) -> HttpResponse:
    saved = editing.save(actor(request), agreed)
    if saved is None:
        return _show(request, editing)
    if editing.left_out:
        text = _("Left out, since they have no part in this direction: %(fields)s.")
        messages.info(request, text % {"fields": ", ".join(editing.left_out)})
    if saved.waits:
        messages.success(request, _("Saved. Nothing is written yet: look at what would happen, then apply."))
        return HttpResponseRedirect(desk.preview_page(saved))
    if SyncRun.everywhere.filter(mapping=saved, kind=RunKind.FULL, state=RunState.RUNNING).exists():
        messages.success(request, _("Saved. Every record is looked at now; below you see how far that is."))
    else:
        messages.success(request, _("Saved. It holds from now on."))
    return HttpResponseRedirect(targets.mapping_page(saved))


@for_admins
def remove(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    """GET asks and says what happens; POST does it."""
    found = find(request, key, pk)
    if request.method != "POST":
        return ask(request, _removing(found, targets.mapping_page(found)))
    service.remove(found, actor=actor(request))
    messages.success(request, _("The mapping to “%(table)s” is removed.") % {"table": found.label})
    return HttpResponseRedirect(reverse("hub:provider", args=[key]))


def _removing(found: Mapping, back: str) -> Question:
    kind = registry.record_type(found.record_type)
    name = {
        "records": _(kind.plural),
        "table": found.label,
        "name": registry.provider(found.connection.provider).name,
    }
    return Question(
        title=_("Remove the mapping of %(records)s to “%(table)s”?") % name,
        sentence=_("Nothing is written to this table any more. Its rows stay at %(name)s as they are.") % name,
        details=(
            _("A full sync that is running stops, and the schedule ends."),
            _("Nothing is deleted here: your records, the list of runs and what they wrote stay."),
            _("Mapping the same table again later finds its rows again by the hub's own id; nothing is doubled."),
        ),
        button=_("Remove the mapping"),
        keep=_("Keep it"),
        back=back,
        crumb=found.label,
    )


@for_admins
@require_POST
def resume(request: PageRequest, key: str, pk: UUID, remote_id: str) -> HttpResponse:
    """A paused field is well again."""
    found = find(request, key, pk)
    if schema.resume(found, remote_id, actor=actor(request)):
        messages.success(request, _("The field is written again; every record is looked at."))
    else:
        messages.info(request, _("This field was not paused any more."))
    return HttpResponseRedirect(targets.mapping_page(found))


# --- fragments --------------------------------------------------------------------------------------------------------


@for_admins
@require_POST
def refresh(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    """Look at the bases and the table again, in the background."""
    mapped = find(request, key, pk)
    editing = _editing(request, mapped)
    _ask(editing)
    return _found(request, editing) if request.htmx else HttpResponseRedirect(targets.mapping_page(mapped))


@for_admins
@require_POST
def refresh_new(request: PageRequest, key: str) -> HttpResponse:
    """The same before there is a mapping: the bases, and the tables of the one that was chosen."""
    connection = _mappable_or_404(request, key)
    chosen = choosing.choice(connection, request.POST.dict())
    discovery.ask(connection)
    if chosen.base.current:
        discovery.ask(connection, chosen.base.value)
    if request.htmx and not choosing.complaints(chosen, table=True):
        return _found(request, _editing_new(request, choosing.choice(chosen.connection, request.POST.dict())))
    return HttpResponseRedirect(reverse("hub:mapping_new", args=[key], query=chosen.query))


@for_admins
def found_new(request: PageRequest, key: str) -> HttpResponse:
    chosen = choosing.choice(_mappable_or_404(request, key), request.GET.dict())
    if choosing.complaints(chosen, table=True):
        raise Http404
    return _found(request, _editing_new(request, chosen))


@page
def found(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    """Whether the table is being looked at; a page that waited for it is shown anew."""
    return _found(request, _editing(request, find(request, key, pk)))


def _found(request: PageRequest, editing: Editing) -> HttpResponse:
    waited = request.GET.get("waiting") == "1"
    if waited and not editing.desk.looking and editing.desk.resource is not None:
        return HttpResponseClientRefresh()
    return render(request, "hub/mapping_found.html", editing.found_part(request.GET.get("seen", "")))


@page
def progress(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    context = {"mapping": find(request, key, pk)}
    return render(request, "hub/mapping_progress.html", context | _progress(request, context["mapping"]))


def example(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    """One record as it would be written: POST as the form stands, GET as the mapping is stored."""
    return (example_typed if request.method == "POST" else example_stored)(request, key, pk)


@page
def example_stored(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    editing = _editing(request, find(request, key, pk))
    editing.typed = editing.with_record(typed.uuid_or_none(request.GET.get("record", "")), request.GET.get("q", ""))
    return _example(request, editing)


@for_admins
def example_typed(request: PageRequest, key: str, pk: UUID) -> HttpResponse:
    return _example(request, _editing(request, find(request, key, pk)))


@for_admins
@require_POST
def example_new(request: PageRequest, key: str) -> HttpResponse:
    chosen = choosing.choice(_mappable_or_404(request, key), request.POST.dict())
    if choosing.complaints(chosen, table=True):
        raise Http404
    return _example(request, _editing_new(request, chosen))


def _example(request: PageRequest, editing: Editing) -> HttpResponse:
    return render(request, "hub/mapping_record.html", {**editing.page(request), "live": True})


def _ask(editing: Editing) -> None:
    discovery.ask(editing.desk.connection)
    if editing.desk.within:
        discovery.ask(editing.desk.connection, editing.desk.within)
    editing.look_again()


def _progress(request: PageRequest, found: Mapping | None) -> dict[str, Any]:
    """The last full run of this mapping, and how far it is while it is going."""
    if found is None:
        return {}
    run = SyncRun.everywhere.filter(mapping=found, kind=RunKind.FULL).order_by("-started_at").first()
    if run is None or run.state != RunState.RUNNING:
        return {"run": run}
    going = following(request.company, found.connection.provider)
    return {"run": run, "progress": next((one for one in going if one.run.pk == run.pk), None)}
