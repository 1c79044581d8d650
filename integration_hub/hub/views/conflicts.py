"""Conflicts: fields that both sides changed to different values, side by side, settled with one click or all at once.

Staff settle them as admins do: it is work on records. What a mapping does by itself is for admins to say.
"""

from collections.abc import Mapping as Map
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integration_hub.companies.models import Company
from integration_hub.contract import Direction
from integration_hub.hub.access import PageRequest, page
from integration_hub.hub.asking import Question, ask
from integration_hub.hub.lens import Lens, lenses
from integration_hub.hub.paging import stretch
from integration_hub.sync import conflicts as service
from integration_hub.sync.models.pull import Choice, Conflict

AT_ONCE = 200  # conflicts that are settled while somebody waits for the page
CHOICES = {"ours": Choice.OURS, "theirs": Choice.THEIRS}


class Sieve(NamedTuple):
    """What the list is narrowed to."""

    mapping: UUID | None = None
    field: str = ""
    record_type: str = ""
    settled: bool = False

    @classmethod
    def of(cls, asked: Map[str, Any]) -> "Sieve":
        """Nonsense narrows nothing."""
        field, kind = (str(asked.get(name, "")).replace("\x00", "")[:100] for name in ("field", "type"))
        return cls(_uuid(str(asked.get("mapping", ""))), field, kind, asked.get("show") == "settled")

    def rows(self, company: Company) -> "QuerySet[Conflict]":
        told = {"target": self.mapping, "field": self.field, "record_type": self.record_type}
        rows = Conflict.everywhere.filter(company=company, settled_at__isnull=not self.settled)
        return rows.filter(**{name: value for name, value in told.items() if value})

    @property
    def query(self) -> str:
        """For an address: "?mapping=…", or nothing."""
        told = {"mapping": self.mapping, "field": self.field, "type": self.record_type}
        told["show"] = "settled" if self.settled else ""
        said = urlencode({name: str(value) for name, value in told.items() if value})
        return f"?{said}" if said else ""

    @property
    def is_open(self) -> bool:
        """Whether it narrows nothing."""
        return not (self.mapping or self.field or self.record_type)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# --- the list ---------------------------------------------------------------------------------------------------------


@page
def conflicts(request: PageRequest) -> HttpResponse:
    sieve, known = Sieve.of(request.GET), lenses(request.company)
    shown = stretch(request, sieve.rows(request.company).order_by("-opened_at", "-id"))
    for row in shown.rows:
        _look(row, known.get(row.target))
    for target in {row.target for row in shown.rows} & known.keys():
        known[target].name_links([row for row in shown.rows if row.target == target])
    context = {
        "page": shown,
        "sieve": sieve,
        "offered": _offered(known, sieve),
        "name": _one_name(known, sieve),
        "has_settled": bool(shown.rows) or sieve.settled or not sieve.is_open,
    }
    return render(request, "hub/conflicts_live.html" if request.htmx else "hub/conflicts.html", context)


def _look(row: Any, lens: Lens | None) -> None:
    """The conflict in people's words."""
    row.seen, row.lens = service.print_of(row), lens
    if lens is None:  # another company's, or a mapping that is no more: nothing but what the row says itself
        row.mine, row.yours, row.label = str(row.ours), str(row.theirs), row.field
        return
    row.mine, row.yours = lens.ours(row.field, row.ours), lens.theirs(row.field, row.theirs)
    row.label, row.record_url, row.row_url = (
        lens.label(row.field),
        lens.record_url(row.record_id),
        lens.row_url(row.remote_id),
    )


class Offered(NamedTuple):
    """What one may narrow the list to: (value, words) each."""

    mappings: list[tuple[str, str]]
    types: list[tuple[str, str]]
    fields: list[tuple[str, str]]


def _offered(known: Map[UUID, Lens], sieve: Sieve) -> Offered:
    both = [lens for lens in known.values() if lens.mapping.retired_at is None and _merges(lens)]
    of_type = [lens for lens in both if sieve.record_type in ("", lens.mapping.record_type)]
    chosen = [lens for lens in of_type if sieve.mapping in (None, lens.mapping.pk)]
    fields = {name: lens.label(name) for lens in chosen for name, one in lens.mapped.items() if _is_both(one.direction)}
    return Offered(
        [(str(lens.mapping.pk), f"{lens.mapping.label} · {lens.provider.name}") for lens in both],
        sorted({(lens.mapping.record_type, _(lens.record_type.plural)) for lens in both}, key=lambda one: one[1]),
        sorted(fields.items(), key=lambda one: one[1]),
    )


def _merges(lens: Lens) -> bool:
    return _is_both(lens.mapping.direction)


def _is_both(direction: str) -> bool:
    return direction == Direction.BOTH.value


def _one_name(known: Map[UUID, Lens], sieve: Sieve) -> str:
    """The service that all of the list are about; empty where there are several."""
    if sieve.mapping is not None and sieve.mapping in known:
        return str(known[sieve.mapping].provider.name)
    names = {lens.provider.name for lens in known.values()}
    return names.pop() if len(names) == 1 else ""


# --- settling ---------------------------------------------------------------------------------------------------------


@page
@require_POST
def settle(request: PageRequest) -> HttpResponse:
    """The one whose button was pressed (`one`: "ours:<id>.<print>"), or those that are ticked."""
    sieve, actor = Sieve.of(request.POST), request.user.get_username()
    word, _colon, single = request.POST.get("one", "").partition(":")
    choice = CHOICES.get(word or request.POST.get("do", ""))
    if choice is None:
        raise Http404
    seen = dict(_seen(text) for text in ([single] if single else request.POST.getlist("tick")[:AT_ONCE]))
    if not seen:
        messages.info(request, _("Tick the conflicts you mean first."))
    else:
        tell(request, service.settle_all(request.company.pk, seen, choice, actor=actor))
    return _back(request, sieve)


def _seen(text: str) -> tuple[UUID, str]:
    """The conflict, and the print of what the page showed of it."""
    pk, _dot, seen = text.partition(".")
    if (found := _uuid(pk)) is None:
        raise Http404
    return found, seen


def _back(request: PageRequest, sieve: Sieve) -> HttpResponseRedirect:
    after = _uuid(request.POST.get("after", ""))
    query = sieve.query if after is None else f"{sieve.query or '?'}{'&' if sieve.query else ''}after={after}"
    return HttpResponseRedirect(reverse("hub:conflicts") + query)


def tell(request: PageRequest, settled: service.Settled) -> None:
    """What came of it."""
    told = [
        (
            messages.success,
            settled.done,
            ngettext("%(n)s conflict is settled.", "%(n)s conflicts are settled.", settled.done),
        ),
        (
            messages.warning,
            settled.moved,
            ngettext(
                "%(n)s was changed again since you looked: here are its values now.",
                "%(n)s were changed again since you looked: here are their values now.",
                settled.moved,
            ),
        ),
        (
            messages.info,
            settled.gone,
            ngettext(
                "%(n)s was settled by somebody else meanwhile.",
                "%(n)s were settled by somebody else meanwhile.",
                settled.gone,
            ),
        ),
    ]
    for say, count, sentence in told:
        if count:
            say(request, sentence % {"n": intcomma(count)})


@page
def settle_all(request: PageRequest) -> HttpResponse:
    """Everything the list is narrowed to. GET asks and says what will happen; POST does it."""
    sieve, word = Sieve.of(request.GET)._replace(settled=False), request.GET.get("choice", "")
    if word not in CHOICES:
        raise Http404
    known = lenses(request.company)
    if request.method != "POST":
        return ask(request, _question(request, sieve, word, known))
    asked = parse_datetime(request.POST.get("until", "")) or timezone.now()
    rows = sieve.rows(request.company).filter(opened_at__lte=asked)
    actor, ids = request.user.get_username(), list(rows.order_by().values_list("pk", flat=True)[: AT_ONCE + 1])
    if len(ids) <= AT_ONCE:
        tell(request, service.settle_all(request.company.pk, dict.fromkeys(ids, ""), CHOICES[word], actor=actor))
        return _back(request, sieve)
    count = service.wish(rows, CHOICES[word], actor=actor)
    messages.success(request, _("%(n)s conflicts are being settled now; this page follows.") % {"n": intcomma(count)})
    return _back(request, sieve)


def _question(request: PageRequest, sieve: Sieve, word: str, known: Map[UUID, Lens]) -> Question:
    count = sieve.rows(request.company).order_by()[: service.MOST + 1].count()
    name = {"name": _one_name(known, sieve) or _("the service"), "n": intcomma(min(count, service.MOST))}
    if word == "ours":
        title = _("Keep the hub's value in all of them?")
        sentence = _("In %(n)s fields, the hub's value is written over the one at %(name)s.") % name
    else:
        title = _("Keep the value of %(name)s in all of them?") % name
        sentence = _("In %(n)s fields, the value of %(name)s replaces the hub's.") % name
    details = [
        _("Nobody has looked at each of them; a field that changes before its turn is left open."),
        _("What is overwritten is kept for 30 days and can be taken back on the page of the run."),
    ]
    if count > service.MOST:
        details.append(_("There are more than that. The others stay open; say it again for them."))
    return Question(
        title=title,
        sentence=sentence,
        details=details,
        button=_("Keep the hub's") if word == "ours" else _("Keep %(name)s's") % name,
        keep=_("Decide one by one"),
        back=reverse("hub:conflicts") + sieve.query,
        crumb=_("Conflicts"),
        hidden=[("until", timezone.now().isoformat())],
    )
