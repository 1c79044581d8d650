"""The tokens are there: whose are they, and may they take the place of what was there?"""

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.connections import services
from integration_hub.connections.models import Connection
from integration_hub.connections.oauth import Tokens
from integration_hub.connections.services import OtherAccount
from integration_hub.contract import Account, Provider, ProviderError
from integration_hub.hub.consent.telling import Begun, Way, not_connected, tell
from integration_hub.sync import setup

INSTEAD = "instead"
_SALT = "consent.instead"
_SECONDS = 15 * 60


def arrive(request: HttpRequest, declared: Provider, begun: Begun, tokens: Tokens) -> HttpResponse:
    actor = request.user.get_username()
    try:
        made = setup.sign_in(begun.company, declared.key, tokens, actor=actor, replace_account=begun.instead)
    except OtherAccount as other:
        return ask_again(request, declared, begun.company, other)
    except ProviderError as error:
        return not_connected(request, declared, error.sentence)
    tell_connected(request, declared, made)
    return HttpResponseRedirect(reverse("hub:provider", args=[declared.key]))


def ask_again(request: HttpRequest, declared: Provider, company: Company, other: OtherAccount) -> HttpResponse:
    """Nothing is kept of the other account; who wants it signs in a second time."""
    start = reverse("sign_in", args=[declared.key])
    word = signing.dumps([str(company.pk), other.account.id, other.account.label], salt=_SALT)
    told = {"new": other.account.label, "old": other.before}
    return tell(
        request,
        declared,
        _("You signed in with another account"),
        str(other),
        Way(_("Sign in as %(old)s") % told, start),
        Way(_("Change to %(new)s") % told, f"{start}?{urlencode({INSTEAD: word})}"),
        status=409,
    )


def read_instead(text: str, company: Company) -> Account | None:
    """The account somebody was asked about and chose; None when the word is not ours or of another company."""
    try:
        owner, known, label = signing.loads(text, salt=_SALT, max_age=_SECONDS)
    except signing.BadSignature:
        return None
    return Account(known, label) if owner == str(company.pk) else None


def tell_connected(request: HttpRequest, declared: Provider, made: Connection) -> None:
    """What a person reads above the provider's page when a connection was made."""
    name = {"name": declared.name, "account": made.account_label}
    messages.success(request, _("%(name)s is connected as %(account)s.") % name)
    if made.missing_scopes:
        scopes = ", ".join(services.scope_word(declared, scope) for scope in made.missing_scopes)
        text = _("These permissions are missing, so some things will not work: %(scopes)s.")
        messages.warning(request, text % {"scopes": scopes})
    if services.shares_account(made.company, declared.key, made.account_id):
        messages.warning(request, _("Another company here uses the same account; both will write to it."))
