"""Problems: everything that needs somebody, what was settled lately, and the buttons that mend it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from integration_hub.contract import ProviderError, registry
from integration_hub.hub import remedies
from integration_hub.hub.access import PageRequest, for_admins, page
from integration_hub.hub.paging import paged
from integration_hub.hub.tabs import with_remedies
from integration_hub.notices import audit, mails
from integration_hub.notices.models import Problem
from integration_hub.sync import runs as engine
from integration_hub.sync.models import Mapping, WorkRow
from integration_hub.sync.models.work import Hold


@page
def problems(request: PageRequest) -> HttpResponse:
    settled = request.GET.get("show") == "settled"
    rows = Problem.everywhere.filter(company=request.company, closed_at__isnull=not settled)
    order = ("-closed_at",) if settled else ("severity", "since")
    shown = paged(request, rows.order_by(*order))
    with_remedies(shown.rows)
    context = {"page": shown, "settled": settled, "mail": mails.standing(request.company)}
    return render(request, "hub/problems_live.html" if request.htmx else "hub/problems.html", context)


@for_admins
@require_POST
def fix(request: PageRequest, pk: UUID) -> HttpResponse:
    """Press the problem's button: what the provider refuses again becomes a message."""
    problem = Problem.everywhere.filter(company=request.company, pk=pk).first()
    if problem is None:
        raise Http404
    found = remedies.remedy(problem)
    if found is None:
        messages.info(request, _("This problem is settled already."))
        return HttpResponseRedirect(reverse("hub:problems"))
    actor = request.user.get_username()
    try:
        said = found.act(problem, actor)
    except ProviderError as error:
        messages.error(request, error.sentence)
    except remedies.Vanished:
        messages.info(request, _("What this problem was about is not there any more."))
    else:
        audit.record("problem.tried", company_id=request.company.pk, actor=actor, target=problem.key)
        if said:
            messages.success(request, said)
        else:
            messages.error(request, _("It still does not work; the problem says why."))
    return HttpResponseRedirect(reverse("hub:problems"))


# --- records that were given up ---------------------------------------------------------------------------------------


@page
def given_up(request: PageRequest, mapping: UUID) -> HttpResponse:
    """Which records of a mapping were given up, and why; each can be tried again."""
    found = mapping_or_404(request, mapping)
    rows = WorkRow.everywhere.filter(target=found.pk, hold=Hold.DEAD)
    shown = paged(request, rows.order_by("-changed_at"))
    record_type = registry.record_type(found.record_type)
    values = record_type.load(request.company.pk, [row.record_id for row in shown.rows]) if shown.rows else {}
    for row in shown.rows:
        mine = values.get(row.record_id)
        row.title = record_type.title(mine) if mine else ""
        row.address = record_type.address(row.record_id) if mine else ""
    context = {
        "mapping": found,
        "page": shown,
        "record_type": record_type,
        "provider": registry.provider(found.connection.provider),
    }
    return render(request, "hub/given_up_live.html" if request.htmx else "hub/given_up.html", context)


@for_admins
@require_POST
def retry(request: PageRequest, mapping: UUID) -> HttpResponse:
    """Try all of the mapping's given-up records again, or the one that `record` names."""
    from integration_hub.hub.views.runs import tell

    found = mapping_or_404(request, mapping)
    actor = request.user.get_username()
    count = engine.retry_mapping(found.pk, actor=actor, record=_record(request))
    data = {"records": count}
    audit.record("mapping.retried", company_id=request.company.pk, actor=actor, target=str(found.pk), data=data)
    tell(request, count)
    return HttpResponseRedirect(reverse("hub:given_up", args=[mapping]))


def _record(request: PageRequest) -> UUID | None:
    asked = request.POST.get("record", "")
    try:
        return UUID(asked) if asked else None
    except ValueError:
        raise Http404 from None


def mapping_or_404(request: PageRequest, pk: UUID) -> Mapping:
    found = Mapping.everywhere.filter(company=request.company, pk=pk).select_related("connection").first()
    if found is None:
        raise Http404
    return found
