"""A key is tried while it is typed: is it accepted, and whose is it? Nothing is saved, and the key is not repeated."""

from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from integration_hub.connections import services
from integration_hub.connections.inputs import InvalidInput, settings_of
from integration_hub.connections.models import Connection
from integration_hub.contract import Account, ProviderError
from integration_hub.http import door
from integration_hub.hub import forms
from integration_hub.hub.access import PageRequest, for_admins
from integration_hub.hub.views.providers import declared_or_404

EVERY = 2  # seconds between two checks of one person; the page waits as long by itself
DEADLINE = 5.0  # seconds a person in front of a form waits for the provider


@sensitive_post_parameters()
@for_admins
@require_POST
def check(request: PageRequest, key: str) -> HttpResponse:
    """The form's keys as they stand. 429 for who asks too often; else a line for below the field."""
    declared = declared_or_404(key)
    if not cache.add(f"hub:check:{request.user.pk}:{key}", 1, EVERY):
        return HttpResponse(
            _("Wait a moment before the key is tried again."), status=429, headers={"Retry-After": EVERY}
        )
    stored = Connection.everywhere.filter(company=request.company, provider=key).first()
    form = forms.connect_form(declared, stored, request.POST)
    form.is_valid()
    secrets = form.typed(tuple(secret.name for secret in declared.secrets))
    typed = form.typed(tuple(setting.name for setting in settings_of(declared)))
    try:
        with door.within(DEADLINE):
            account = services.check_key(request.company, key, secrets, typed)
    except InvalidInput as invalid:
        return _line(request, "bad", " ".join(invalid.errors.values()))
    except ProviderError as error:
        return _line(request, "bad", error.sentence)
    return _line(request, "warn" if account.missing else "ok", _works(account))


def _works(account: Account) -> str:
    told = _("Works: %(account)s.") % {"account": account.label}
    if account.missing:
        told += " " + _("It lacks these permissions: %(scopes)s.") % {"scopes": ", ".join(account.missing)}
    return told


def _line(request: PageRequest, kind: str, sentence: str) -> HttpResponse:
    return render(request, "hub/checked.html", {"kind": kind, "sentence": sentence})
