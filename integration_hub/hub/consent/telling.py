"""What a person reads when signing in at a provider comes to nothing: one sentence, and a button."""

from collections.abc import Mapping
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.contract import Provider


class Way(NamedTuple):
    """A button. With `hidden` fields it posts them, else it is a link."""

    label: str
    url: str
    hidden: Mapping[str, str] | None = None


class Begun(NamedTuple):
    """What a person began: for which company, and with whose account in the place of another one's."""

    company: Company
    instead: str


def tell(
    request: HttpRequest, provider: Provider, title: str, sentence: str, *ways: Way, status: int = 400
) -> HttpResponse:
    """Nothing was changed; the first button is what to do next."""
    shown = (
        *ways,
        Way(_("To the page of %(name)s here") % {"name": provider.name}, reverse("hub:provider", args=[provider.key])),
    )
    context = {"provider": provider, "title": title, "sentence": sentence, "ways": shown}
    return render(request, "hub/consent_told.html", context, status=status)


def again(provider: Provider) -> Way:
    return Way(_("Try again"), reverse("sign_in", args=[provider.key]))


def not_connected(request: HttpRequest, declared: Provider, sentence: str) -> HttpResponse:
    title = _("%(name)s was not connected") % {"name": declared.name}
    return tell(request, declared, title, sentence, again(declared), status=422)
