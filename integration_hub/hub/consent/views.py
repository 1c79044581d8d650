"""The two addresses of signing in: the page on which an admin says yes, and the one the provider sends back to."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from integration_hub.connections import grants, links, oauth
from integration_hub.connections.models import Connection
from integration_hub.contract import Provider, registry
from integration_hub.hub.access import PageRequest, for_admins
from integration_hub.hub.consent.arriving import INSTEAD, read_instead
from integration_hub.hub.consent.flow import Callback, Dance, SignIn
from integration_hub.hub.consent.ready import why_not
from integration_hub.hub.consent.telling import tell
from integration_hub.settings import provider_word


def urls() -> list[URLPattern]:
    """The addresses of signing in, and those that <KEY>_REDIRECT_URI names."""
    own = [
        path("connect/<slug:key>/", start, name="sign_in"),
        path("connect/<slug:key>/callback/", callback, name="sign_in_callback"),
    ]
    named = [(one.key, urlsplit(provider_word(one.key, "REDIRECT_URI")).path) for one in registry.providers()]
    return own + [path(where.lstrip("/"), callback, {"key": key}) for key, where in named if where.strip("/")]


def on_own_host(view):  # type: ignore[no-untyped-def]
    """Sessions live on one host: whoever comes by another one is sent over before anything is written."""

    def wrapped(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.get_host() != urlsplit(settings.PUBLIC_URL).netloc:
            return HttpResponseRedirect(settings.PUBLIC_URL + request.get_full_path())
        answer: HttpResponse = view(request, *args, **kwargs)
        return answer

    return wrapped


@on_own_host
@for_admins
def start(request: PageRequest, key: str) -> HttpResponse:
    """GET asks, POST goes on to the provider."""
    declared = _can_sign_in(key)
    if trouble := why_not(declared):
        title = _("One cannot sign in at %(name)s yet") % {"name": declared.name}
        return tell(request, declared, title, trouble, status=409)
    if not _link_holds(request, key):
        sentence = _("This link was used already, is older than 15 minutes, or was made for another company.")
        return tell(request, declared, _("This link leads nowhere any more"), sentence, status=410)
    instead = read_instead(request.GET.get(INSTEAD, ""), request.company)
    if request.method == "POST":
        return SignIn(request, declared).begin(request.company, instead.id if instead else "")
    return _asked(request, declared, instead.label if instead else "")


def _link_holds(request: PageRequest, key: str) -> bool:
    """Who came by a link made for a program: is it for this company, and not used yet? Going on uses it up."""
    given = request.GET.get(links.PARAMETER, "")
    if not given:
        return True
    link = links.read(given)
    if link is None or (link.provider, link.company_id) != (key, request.company.pk):
        return False
    return request.method != "POST" or links.use(link)


def _asked(request: PageRequest, declared: Provider, instead: str) -> HttpResponse:
    stored = Connection.everywhere.filter(company=request.company, provider=declared.key).first()
    context = {
        "provider": declared,
        "scopes": [(scope.name, _(scope.label)) for scope in oauth.declared(declared).scopes],
        "account": stored.account_label if stored else "",
        "has_key": stored is not None and stored.status != "not_connected" and grants.grant_of(stored) is None,
        "instead": instead,
        "host": urlsplit(oauth.address(declared, "")).netloc,
    }
    answer = render(request, "hub/consent.html", context)
    # A form's redirects count as its target: the provider may lead through pages of its own to sign in.
    there = urlsplit(oauth.address(declared, ""))
    answer._csp_update = {"form-action": ["https:", f"{there.scheme}://{there.netloc}"]}  # type: ignore[attr-defined]
    return answer


@never_cache
def callback(request: HttpRequest, key: str) -> HttpResponse:
    declared = _can_sign_in(key)
    answer: HttpResponse = Callback.adapter_view(Dance(request, SignIn(request, declared)))(request)
    return answer


def _can_sign_in(key: str) -> Provider:
    try:
        declared = registry.provider(key)
    except KeyError:
        raise Http404 from None
    if declared.oauth is None:
        raise Http404
    return declared
