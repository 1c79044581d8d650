"""allauth's OAuth 2.0, made from a provider's declaration: state, PKCE and redirects are allauth's, the token endpoint
and whatever is kept are ours. No user, social account or token of allauth's is ever made, not even unsaved.
"""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company, Role
from integration_hub.connections import oauth
from integration_hub.connections.oauth import Tokens
from integration_hub.contract import Provider, ProviderError
from integration_hub.hub.access import PageRequest
from integration_hub.hub.consent.arriving import arrive
from integration_hub.hub.consent.telling import Begun, Way, again, not_connected, tell


class SignIn(OAuth2Provider):
    """One of our providers as allauth sees it. The app is never saved: its secret would lie there in the clear."""

    def __init__(self, request: HttpRequest, declared: Provider) -> None:
        client = oauth.client_of(declared) or oauth.Client("")
        self.declared, self.oauth = declared, oauth.declared(declared)
        self.id, self.name = declared.key, declared.name
        app = SocialApp(provider=declared.key, name=declared.name[:40], client_id=client.id, secret=client.secret)
        super().__init__(request, app=app)

    def get_pkce_params(self) -> dict[str, Any]:
        return generate_code_challenge() if self.oauth.pkce else {}

    def get_auth_params(self) -> dict[str, str]:
        return dict(self.oauth.params)

    def get_scope(self) -> list[str]:
        return [scope.name for scope in self.oauth.scopes]

    def get_oauth2_adapter(self, request: HttpRequest) -> "Dance":
        return Dance(request, self)

    def begin(self, company: Company, instead: str) -> HttpResponse:
        """Off to the provider. What was begun is kept in the browser's session, under the state."""
        data = {"user": str(self.request.user.pk), "company": str(company.pk), "instead": instead}
        redirect: HttpResponse = self.redirect(self.request, process="connect", data=data)
        return redirect


class AtTheDoor(OAuth2Client):
    """Exchanges the code through our own door."""

    declared: Provider
    account: str

    def get_access_token(self, code: str, pkce_code_verifier: str | None = None, extra_data: Any = None) -> Tokens:
        return oauth.exchange(self.declared, code, pkce_code_verifier or "", account=self.account)


class Dance(OAuth2Adapter):
    """The steps, for one request."""

    client_class = AtTheDoor

    def __init__(self, request: HttpRequest, provider: SignIn) -> None:
        super().__init__(request)
        self.provider, self.provider_id = provider, provider.id
        self.authorize_url = oauth.address(provider.declared, provider.oauth.authorize_path)
        self.access_token_url = oauth.address(provider.declared, provider.oauth.token_path)
        self.begun: Begun | None = None

    def get_provider(self) -> SignIn:
        return self.provider

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return oauth.redirect_uri(self.provider.declared)

    def get_client(self, request: HttpRequest, app: Any) -> Any:
        client = super().get_client(request, app)
        client.declared = self.provider.declared
        client.account = str(self.begun.company.pk) if self.begun else ""
        return client

    def get_access_token_data(
        self, request: HttpRequest, app: Any, client: Any, pkce_code_verifier: str | None = None
    ) -> Tokens:
        try:
            tokens: Tokens = super().get_access_token_data(request, app, client, pkce_code_verifier)
        except ProviderError as error:
            raise ImmediateHttpResponse(not_connected(request, self.provider.declared, error.sentence)) from error
        return tokens

    def parse_token(self, data: Tokens) -> Tokens:
        return data

    def complete_login(self, request: HttpRequest, app: Any, token: Tokens, **more: Any) -> Any:
        """Where allauth would look for a person, the company's connection is made instead."""
        assert self.begun is not None
        raise ImmediateHttpResponse(arrive(request, self.provider.declared, self.begun, token))


class Callback(OAuth2CallbackView):
    """The browser is back. Who began, and for whom, is looked at before the code is used."""

    def _get_state(self, request: HttpRequest, provider: SignIn) -> Any:
        state, refusal = super()._get_state(request, provider)
        if state is not None:
            self.adapter.begun = _begun(request, provider.declared, state)
        return state, refusal


def _begun(plain: HttpRequest, declared: Provider, state: dict[str, Any]) -> Begun:
    """ImmediateHttpResponse with the reason why this person may not go on."""
    request: PageRequest = plain  # type: ignore[assignment]
    data = state.get("data") or {}
    name = {"name": declared.name}
    title = _("%(name)s was not connected") % name
    if not request.user.is_authenticated or data.get("user") != str(request.user.pk):
        sentence = _("Somebody else began this. Log in as that person, or begin anew. Nothing was changed.")
        raise ImmediateHttpResponse(tell(request, declared, title, sentence, again(declared), status=403))
    if request.company is None or data.get("company") != str(request.company.pk):
        raise ImmediateHttpResponse(_switched(request, declared, title, data.get("company")))
    if request.role is not Role.ADMIN:
        sentence = _("Only admins of %(company)s may connect, and you are none any more. Nothing was changed.")
        told = sentence % {"company": request.company.name}
        raise ImmediateHttpResponse(tell(request, declared, title, told, status=403))
    return Begun(request.company, str(data.get("instead") or ""))


def _switched(request: PageRequest, declared: Provider, title: str, began: object) -> HttpResponse:
    """Another company was entered meanwhile, in another tab."""
    other = next((one for one in request.companies if str(one.pk) == began), None)
    if other is None or request.company is None:
        sentence = _("You began this for a company you can no longer enter. Nothing was changed.")
        return tell(request, declared, title, sentence, status=409)
    sentence = _("You began this for %(company)s, and are in %(now)s now. Nothing was changed.")
    told = {"company": other.name, "now": request.company.name}
    way = Way(_("Begin anew for %(company)s") % told, *_switch_to(other, declared))
    return tell(request, declared, title, sentence % told, way, status=409)


def _switch_to(company: Company, declared: Provider) -> tuple[str, dict[str, str]]:
    hidden = {"company": str(company.pk), "next": reverse("sign_in", args=[declared.key])}
    return reverse("switch_company"), hidden
