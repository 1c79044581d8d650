"""One provider's tab: its card, its connect form, its mappings and runs, and the buttons that act on them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integration_hub.companies.models import Role
from integration_hub.connections import services
from integration_hub.connections.inputs import InvalidInput, settings_of
from integration_hub.connections.models import Connection
from integration_hub.contract import Provider, ProviderError, registry
from integration_hub.hub import forms
from integration_hub.hub.access import PageRequest, for_admins, page
from integration_hub.hub.asking import Question, ask
from integration_hub.hub.cards import Card, cards
from integration_hub.hub.consent.arriving import tell_connected
from integration_hub.hub.consent.ready import ways_in
from integration_hub.hub.guide import guide
from integration_hub.hub.mapping.listing import mapping_list
from integration_hub.hub.progress import following
from integration_hub.hub.tabs import open_problems, tabs
from integration_hub.sync import outbox, setup
from integration_hub.sync.models import Mapping, SyncRun

RECENT = 8


@page
def provider(request: PageRequest, key: str) -> HttpResponse:
    declared = declared_or_404(key)
    if request.htmx:
        return render(request, "hub/provider_live.html", _context(request, declared))
    return show(request, declared)


@page
def progress(request: PageRequest, key: str) -> HttpResponse:
    """Only how far the full runs are, for a card that follows them closely. When the last one is over, the page is
    told to refresh the rest."""
    declared = declared_or_404(key)
    context = {"following": following(request.company, declared.key), "provider": declared}
    answer = render(request, "hub/progress.html", context)
    if not context["following"]:
        answer.headers["HX-Trigger"] = "run-over"
    return answer


def show(
    request: PageRequest, declared: Provider, *, connect: Any = None, settings: Any = None, status: int = 200
) -> HttpResponse:
    """The whole tab; `connect` and `settings` are forms with something to say."""
    context = _context(request, declared)
    connection = context["card"].connection
    if request.role is Role.ADMIN:
        context["sign_in"], context["sign_in_missing"] = ways_in(declared)
        context["connect_form"] = connect or forms.connect_form(declared, connection)
        if context["card"].is_set_up and settings_of(declared):
            context["settings_form"] = settings or forms.settings_form(declared, connection)
    context["open_connect"] = connect is not None
    context["guide"] = guide(declared)
    context |= mapping_list(context["card"])
    return render(request, "hub/provider.html", context, status=status)


def _context(request: PageRequest, declared: Provider) -> dict[str, Any]:
    made = cards(request.company)
    card = next(card for card in made if card.provider is declared)
    # Ids, not a join: the newest runs are then read off the company's index instead of being sorted out of all.
    ours = list(Mapping.everywhere.filter(connection=card.connection).values_list("pk", flat=True))
    runs = SyncRun.everywhere.filter(company=request.company, mapping__in=ours)
    return {
        "tabs": tabs(made, declared.key),
        "card": card,
        "provider": declared,
        "problems": open_problems(request.company, 10, declared.key),
        "runs": list(runs.select_related("mapping__connection").order_by("-started_at")[:RECENT]),
    }


def declared_or_404(key: str) -> Provider:
    try:
        return registry.provider(key)
    except KeyError:
        raise Http404 from None


def connection_or_404(request: PageRequest, key: str) -> Connection:
    found = Connection.everywhere.filter(company=request.company, provider=declared_or_404(key).key).first()
    if found is None:
        raise Http404
    return found


@for_admins
@require_POST
def connect(request: PageRequest, key: str) -> HttpResponse:
    """Check the key and save it; what is wrong is said at its field, and nothing is saved."""
    declared = declared_or_404(key)
    stored = Connection.everywhere.filter(company=request.company, provider=key).first()
    form = forms.connect_form(declared, stored, request.POST)
    if form.is_valid():
        secrets = form.typed(tuple(secret.name for secret in declared.secrets))
        settings = form.typed(tuple(setting.name for setting in settings_of(declared)))
        settings[forms.REPLACE] = request.POST.get(forms.REPLACE) == "on"
        try:
            made = setup.connect(request.company, key, secrets, settings, actor=actor(request))
        except InvalidInput as invalid:
            if forms.REPLACE in invalid.errors:
                forms.ask_to_replace(form)
            form.add_sentences(invalid.errors)
        except ProviderError as error:
            form.add_error(None, error.sentence)
        else:
            tell_connected(request, declared, made)
            return HttpResponseRedirect(reverse("hub:provider", args=[key]))
    return show(request, declared, connect=form, status=422)


@for_admins
@require_POST
def save_settings(request: PageRequest, key: str) -> HttpResponse:
    declared, connection = declared_or_404(key), connection_or_404(request, key)
    form = forms.settings_form(declared, connection, request.POST)
    if form.is_valid():
        try:
            setup.configure(connection, form.cleaned_data, actor=actor(request))
        except InvalidInput as invalid:
            form.add_sentences(invalid.errors)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("hub:provider", args=[key]))
    return show(request, declared, settings=form, status=422)


@for_admins
def disconnect(request: PageRequest, key: str) -> HttpResponse:
    """GET asks and says what will happen; POST does it."""
    declared, connection = declared_or_404(key), connection_or_404(request, key)
    if request.method == "POST":
        services.disconnect(connection, actor=actor(request))
        messages.success(request, _("%(name)s is disconnected and its key is gone.") % {"name": declared.name})
        return HttpResponseRedirect(reverse("hub:provider", args=[key]))
    card = cards(request.company, only=key)[0]
    return ask(request, _disconnecting(declared, card))


def _disconnecting(declared: Provider, card: Card) -> Question:
    name = {"name": declared.name, "account": card.connection.account_label if card.connection else ""}
    waits = ngettext(
        "%(shown)s record waits to be sent and stays waiting until you connect again.",
        "%(shown)s records wait to be sent and stay waiting until you connect again.",
        card.waiting,
    )
    return Question(
        title=_("Disconnect %(name)s?") % name,
        sentence=_("The key of %(account)s is deleted here. Nothing is deleted at %(name)s.") % name,
        details=(
            waits % {"shown": intcomma(card.waiting)},
            _(
                "Settings, mappings and links between rows are kept, so connecting the same account again goes on "
                "where it stopped."
            ),
            _("To make the key useless elsewhere too, revoke it at %(name)s.") % name,
        ),
        button=_("Disconnect"),
        keep=_("Keep it connected"),
        back=reverse("hub:provider", args=[declared.key]),
        crumb=declared.name,
    )


Act = Callable[[PageRequest, Connection], str]


def _test(request: PageRequest, connection: Connection) -> str:
    account = services.test(connection, actor=actor(request))
    return _("The key works: %(account)s answered.") % {"account": account.label}


def _sync(request: PageRequest, connection: Connection) -> str:
    if setup.sync_now(connection, actor=actor(request)):
        return _("A full sync has started. It shows below how far it is.")
    return _("It is being read now.") if registry.provider(connection.provider).streams else ""


def _pause(request: PageRequest, connection: Connection) -> str:
    services.pause(connection, actor=actor(request))
    return _("Paused. Changes are kept and go out on Resume.")


def _resume(request: PageRequest, connection: Connection) -> str:
    services.resume(connection, actor=actor(request))
    outbox.wake(list(Mapping.everywhere.filter(connection=connection).values_list("pk", flat=True)))
    return _("Running again; what was kept goes out now.")


ACTS: dict[str, Act] = {"test": _test, "sync": _sync, "pause": _pause, "resume": _resume}


@for_admins
@require_POST
def act(request: PageRequest, key: str, name: str) -> HttpResponse:
    """One of the card's buttons. Refusals of the provider become a message, in its own words made plain."""
    connection = connection_or_404(request, key)
    try:
        said = ACTS[name](request, connection)
    except ProviderError as error:
        messages.error(request, error.sentence)
    else:
        if said:
            messages.success(request, said)
    return HttpResponseRedirect(_back(request, key))


def _back(request: PageRequest, key: str) -> str:
    """Where the button was pressed: the Overview or the tab."""
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return back
    return reverse("hub:provider", args=[key])


def actor(request: PageRequest) -> str:
    return request.user.get_username()
