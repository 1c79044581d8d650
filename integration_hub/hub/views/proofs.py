"""Proof of sync: both sides of a mapping compared, what differs field by field, and buttons that bring it in order."""

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integration_hub.contract import Direction, Field, RecordType, registry
from integration_hub.hub import values
from integration_hub.hub.access import PageRequest, for_admins, page
from integration_hub.hub.asking import Question, ask
from integration_hub.hub.cards import counted
from integration_hub.hub.mapping.showing import words
from integration_hub.hub.paging import paged
from integration_hub.hub.views.problems import mapping_or_404
from integration_hub.hub.views.providers import actor
from integration_hub.notices import audit
from integration_hub.sync import mending
from integration_hub.sync import proof as engine
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.proof import Difference, Kind, Proof, ProofState

RECENT = 10  # comparisons that are named below the last one


class Told(NamedTuple):
    """One field as both sides have it."""

    label: str
    ours: str
    theirs: str


@page
def proofs(request: PageRequest, mapping: UUID) -> HttpResponse:
    """The last comparison of a mapping, or the one that `proof` names."""
    found = mapping_or_404(request, mapping)
    recent = list(Proof.everywhere.filter(mapping=found).order_by("-started_at")[:RECENT])
    shown = _chosen(request, found, recent)
    kind = request.GET.get("show", "")
    rows = Difference.everywhere.filter(proof=shown, sure=True, **({"kind": kind} if kind in Kind.values else {}))
    listed = paged(request, rows.order_by("pk")) if shown else None
    record_type = registry.record_type(found.record_type)
    for row in listed.rows if listed else ():
        _describe(row, found, record_type)
    context = {
        "mapping": found,
        "provider": registry.provider(found.connection.provider),
        "record_type": record_type,
        "running": next((one for one in recent if one.state == ProofState.RUNNING), None),
        "proof": shown,
        "recent": recent,
        "page": listed,
        "show": kind,
        "kinds": [(one.value, one.label, shown.kinds[one.value]) for one in Kind if shown and one.value in shown.kinds],
        "obstacle": engine.obstacle(found),
        "whole": counted(request.company.pk, found.record_type),
        "fixable": mending.open_ones(shown).exists() if shown else False,
    }
    return render(request, "hub/proofs_live.html" if request.htmx else "hub/proofs.html", context)


def _chosen(request: PageRequest, mapping: Mapping, recent: list[Proof]) -> Proof | None:
    asked = request.GET.get("proof", "")
    if not asked:
        return next((one for one in recent if one.state == ProofState.DONE), None)
    try:
        found = Proof.everywhere.filter(mapping=mapping, pk=UUID(asked)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _describe(row: Any, mapping: Mapping, record_type: RecordType) -> None:
    """What the template shows of a difference beside its columns."""
    known = {field.name: field for field in record_type.fields}
    row.told = [_told(one, known.get(one["field"])) for one in row.fields]
    row.address = record_type.address(row.record_id) if row.record_id and row.kind != Kind.ONLY_THERE else ""
    row.may_fix = row.kind in mending.kinds(mapping) and not row.mend


def _told(one: dict[str, Any], field: Field | None) -> Told:
    label = _(field.label) if field else one["field"]
    return Told(label, values.of_field(one["ours"], field), words(one["theirs"]) or _("empty"))


@for_admins
@require_POST
def start(request: PageRequest, mapping: UUID) -> HttpResponse:
    found = mapping_or_404(request, mapping)
    try:
        started = engine.start(found, actor=actor(request))
    except engine.NotNow as reason:
        messages.error(request, str(reason))
    else:
        audit.record("proof.started", company_id=request.company.pk, actor=actor(request), target=str(started.pk))
        messages.success(request, _("Comparing. Nothing is changed by it; edits and syncs go first."))
    return HttpResponseRedirect(reverse("hub:proofs", args=[mapping]))


@for_admins
@require_POST
def stop(request: PageRequest, mapping: UUID) -> HttpResponse:
    """Nothing is lost by it, so nothing is asked."""
    going = engine.running(mapping_or_404(request, mapping).pk)
    if going is not None and engine.stop(going, actor=actor(request)):
        messages.success(request, _("Stopped comparing. The last comparison still stands."))
    else:
        messages.info(request, _("This comparison was over already."))
    return HttpResponseRedirect(reverse("hub:proofs", args=[mapping]))


@for_admins
def fix(request: PageRequest, mapping: UUID, pk: UUID) -> HttpResponse:
    """GET asks and says what will happen; POST does it, for the one difference `row` names or for all."""
    found = mapping_or_404(request, mapping)
    proof = Proof.everywhere.filter(mapping=found, pk=pk, state=ProofState.DONE).select_related("mapping").first()
    if proof is None:
        raise Http404
    row = _row(request, proof)
    here = f"{reverse('hub:proofs', args=[mapping])}?proof={pk}"
    if request.method != "POST":
        return ask(request, _question(found, proof, row, here))
    count = engine.fix(proof, actor=actor(request), difference=row.pk if row else None)
    if count:
        sentence = ngettext("%(count)d record is being fixed.", "%(count)d records are being fixed.", count)
        messages.success(request, sentence % {"count": count} + " " + _("Compare again in a moment to see it."))
    else:
        messages.info(request, _("Nothing was left to fix here."))
    return HttpResponseRedirect(here)


def _row(request: PageRequest, proof: Proof) -> Difference | None:
    asked = (request.POST if request.method == "POST" else request.GET).get("row", "")
    if not asked:
        return None
    row = mending.open_ones(proof).filter(pk=asked).first() if asked.isascii() and asked.isdigit() else None
    if row is None:
        raise Http404
    return row


def _question(mapping: Mapping, proof: Proof, row: Difference | None, here: str) -> Question:
    name = registry.provider(mapping.connection.provider).name
    count = 1 if row else mending.open_ones(proof).count()
    title = ngettext("Fix this difference?", "Fix %(count)d differences?", count) % {"count": count}
    return Question(
        title=title,
        sentence=_("Both sides are read again first; what is in order by then stays as it is."),
        details=[text % {"name": name} for text in _means(mapping.direction)],
        button=_("Fix"),
        keep=_("Leave it as it is"),
        back=here,
        crumb=mapping.label,
        hidden=[("row", str(row.pk))] if row else (),
    )


def _means(direction: str) -> tuple[str, ...]:
    """What fixing does, in words."""
    if direction == Direction.PUSH:
        return (
            _("The hub writes these records to %(name)s again, whole. What was changed there by hand is overwritten."),
            _("Rows that are missing in %(name)s are made again."),
        )
    if direction == Direction.PULL:
        return (
            _("The values of %(name)s come here again. What was changed here is overwritten."),
            _("Records whose rows are gone from %(name)s end as the mapping says; many at once wait for your word."),
        )
    return (
        _("Each field goes the way it was changed; where both sides changed it, the mapping says who wins."),
        _("Rows that are missing in %(name)s are made again; rows without a record here get one."),
    )
