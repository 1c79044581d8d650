"""Rows that need a word: those that vanished over there, and those that could not be taken in."""

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from integration_hub.hub.access import PageRequest, for_admins, page
from integration_hub.hub.asking import Question, ask
from integration_hub.hub.lens import Lens
from integration_hub.hub.paging import paged
from integration_hub.hub.views.problems import mapping_or_404
from integration_hub.sync import linking, noting, vanishing
from integration_hub.sync import strays as service
from integration_hub.sync.models import Mapping
from integration_hub.sync.models.mapping import RemoteDelete
from integration_hub.sync.models.pull import Stray

NAMED = 5  # refusals that are told one by one
WORDS = {"delete": RemoteDelete.DELETE, "cancel": RemoteDelete.CANCEL, "keep": RemoteDelete.IGNORE}


# --- rows that are gone over there ------------------------------------------------------------------------------------


@page
def vanished(request: PageRequest, mapping: UUID) -> HttpResponse:
    """Rows that are gone and wait for a word, by the titles of their records."""
    found = mapping_or_404(request, mapping)
    lens, shown = Lens(found), paged(request, vanishing.gone(found.pk))
    values = lens.record_type.load(request.company.pk, [link.record_id for link in shown.rows]) if shown.rows else {}
    for link in shown.rows:
        mine = values.get(link.record_id)
        link.title = lens.record_type.title(mine) if mine else ""
        link.address = lens.record_url(link.record_id) if mine else ""
    context = {
        "mapping": found,
        "lens": lens,
        "page": shown,
        "count": vanishing.gone(found.pk).count(),
        "words": _words(lens),
    }
    return render(request, "hub/vanished_live.html" if request.htmx else "hub/vanished.html", context)


class Word(NamedTuple):
    """What one may say: `value` in the form, `label` on the button for those that are ticked, `all` for the others."""

    value: str
    label: str
    all: str
    is_danger: bool


def _words(lens: Lens) -> list[Word]:
    """What this kind of record can do."""
    can = {"keep": True, "cancel": lens.record_type.cancel is not None, "delete": lens.record_type.remove is not None}
    return [Word(value, str(label), str(whole), value != "keep") for value, label, whole in _SAID if can[value]]


_SAID: tuple[tuple[str, Promise, Promise], ...] = (
    ("keep", gettext_lazy("Keep them, without a row"), gettext_lazy("Keep all, without a row")),
    ("cancel", gettext_lazy("Mark them cancelled"), gettext_lazy("Mark all cancelled")),
    ("delete", gettext_lazy("Delete them here"), gettext_lazy("Delete all here")),
)


@for_admins
@require_POST
def agree(request: PageRequest, mapping: UUID) -> HttpResponse:
    """A word on those that are ticked, or (`all`) on all. What deletes or cancels is asked once more."""
    found = mapping_or_404(request, mapping)
    lens, word = Lens(found), request.POST.get("do", "")
    if word not in {one.value for one in _words(lens)}:
        raise Http404
    links = None if request.POST.get("all") else _numbers(request)
    if links == []:
        messages.info(request, _("Tick the records you mean first."))
        return _back(found)
    if not request.POST.get("sure") and (word != "keep" or links is None):
        return ask(request, _question(lens, word, links))
    actor = request.user.get_username()
    _tell(request, word, vanishing.agree(found, WORDS[word], actor=actor, links=links))
    return _back(found)


def _numbers(request: PageRequest) -> list[int]:
    """The ticked ones; what is no number was not made by our page."""
    asked = request.POST.getlist("tick")[: vanishing.AT_ONCE]
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in asked):
        raise Http404
    return [int(text) for text in asked]


def _back(found: Mapping) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("hub:vanished", args=[found.pk]))


def _question(lens: Lens, word: str, links: list[int] | None) -> Question:
    rows = vanishing.gone(lens.mapping.pk)
    count = (rows if links is None else rows.filter(pk__in=links)).count()
    told = {"n": intcomma(count), "records": _(lens.record_type.plural), "name": lens.provider.name}
    titles = {
        "delete": ngettext("Delete %(n)s record here?", "Delete %(n)s records here?", count),
        "cancel": ngettext("Mark %(n)s record cancelled?", "Mark %(n)s records cancelled?", count),
        "keep": ngettext("Keep %(n)s record without a row?", "Keep %(n)s records without a row?", count),
    }
    sentences = {
        "delete": _("Their rows are gone from %(name)s. The records go too, as if you had deleted them one by one."),
        "cancel": _("Their rows are gone from %(name)s. The records stay here and are marked cancelled."),
        "keep": _("Their rows are gone from %(name)s. The records stay here as they are, and get no new row."),
    }
    return Question(
        title=titles[word] % told,
        sentence=sentences[word] % told,
        details=_details(lens, word, links, count),
        button=str(next(one.label for one in _words(lens) if one.value == word)),
        keep=_("Go back"),
        back=reverse("hub:vanished", args=[lens.mapping.pk]),
        crumb=lens.mapping.label,
        hidden=[
            ("do", word),
            ("sure", "1"),
            *([("all", "1")] if links is None else [("tick", str(pk)) for pk in links]),
        ],
    )


def _details(lens: Lens, word: str, links: list[int] | None, count: int) -> list[str]:
    details = [_("Rows that are back over there by then are left alone.")]
    if word == "delete":
        details.append(_("A record that others still need is not deleted; you are told which."))
        details.append(_("It can be taken back for 30 days, on the page of the run."))
    follows = WORDS[word] in (lens.mapping.on_remote_delete, RemoteDelete.IGNORE)
    if links is None and count > vanishing.AT_ONCE and not follows:
        text = _("That is done to %(n)s at a time; say it again for the others.")
        details.append(text % {"n": intcomma(vanishing.AT_ONCE)})
    return details


def _tell(request: PageRequest, word: str, agreed: vanishing.Agreed) -> None:
    if agreed.following:
        text = ngettext("%(n)s record follows now.", "%(n)s records follow now.", agreed.following)
        messages.success(request, text % {"n": intcomma(agreed.following)})
        return
    done = {
        "delete": ngettext("%(n)s record is deleted.", "%(n)s records are deleted.", agreed.done),
        "cancel": ngettext("%(n)s record is cancelled.", "%(n)s records are cancelled.", agreed.done),
        "keep": ngettext("%(n)s record stays, without a row.", "%(n)s records stay, without a row.", agreed.done),
    }
    if agreed.done:
        messages.success(request, done[word] % {"n": intcomma(agreed.done)})
    elif not agreed.refused:
        messages.info(request, _("Somebody was faster: nothing waited for a word any more."))
    for sentence in agreed.refused[:NAMED]:
        messages.error(request, sentence)
    if len(agreed.refused) > NAMED:
        messages.error(request, _("and %(n)s more.") % {"n": intcomma(len(agreed.refused) - NAMED)})


# --- rows that could not be taken in ----------------------------------------------------------------------------------


HINTS = {
    "ambiguous": gettext_lazy("Change the row or one of the records so that only one fits, then try again."),
    linking.WAITS: gettext_lazy("It follows by itself once the row it links to is a record here."),
    noting.COPY: gettext_lazy("Say what the copy is to be."),
    noting.LEFT: gettext_lazy("It stays a copy."),
    "report": gettext_lazy("Tell whoever runs this hub; its log says more."),
    "give up": gettext_lazy(
        "Correct it there or here. It is looked at again when the row changes, or when you say so."
    ),
}


@page
def strays(request: PageRequest, mapping: UUID) -> HttpResponse:
    """Rows of a mapping that are no records of ours, and why; `show=left`: copies that are to stay copies."""
    found, left = mapping_or_404(request, mapping), request.GET.get("show") == "left"
    lens = Lens(found)
    rows = Stray.everywhere.filter(target=found.pk, remedy=noting.LEFT) if left else service.waiting(found.pk)
    shown = paged(request, rows.order_by("-at", "-pk"))
    for row in shown.rows:
        row.row_url, row.hint = lens.row_url(row.remote_id), HINTS.get(row.remedy, "")
        row.is_wanted, row.is_copy = row.remedy in service.WANTED, row.remedy == noting.COPY
    context = {"mapping": found, "lens": lens, "page": shown, "left": left}
    return render(request, "hub/strays_live.html" if request.htmx else "hub/strays.html", context)


@for_admins
@require_POST
def mend(request: PageRequest, mapping: UUID) -> HttpResponse:
    """Try again (`again`: one or all), make a copy a record of its own (`own`), or leave it (`leave`)."""
    found = mapping_or_404(request, mapping)
    do, _colon, number = request.POST.get("do", "").partition(":")
    rows = [int(number)] if number.isascii() and number.isdigit() and len(number) < 19 else None
    if do not in ("again", "own", "leave") or (rows is None and (do != "again" or number)):
        raise Http404
    actor = request.user.get_username()
    if do == "again":
        count = service.again(found, actor=actor, rows=rows)
        said = ngettext("%(n)s row is looked at again now.", "%(n)s rows are looked at again now.", count)
    elif do == "own":
        count = service.own(found, rows or [], actor=actor)
        said = _("The copy becomes a record of its own.")
    else:
        count = service.leave(found, rows or [], actor=actor)
        said = _("The copy stays as it is; you are not asked about it again.")
    _say(request, count, said)
    return HttpResponseRedirect(reverse("hub:strays", args=[mapping]))


def _say(request: PageRequest, count: int, said: Any) -> None:
    if count:
        messages.success(request, said % {"n": intcomma(count)})
    else:
        messages.info(request, _("Nothing was left to do: somebody was faster, or the row is well by now."))
