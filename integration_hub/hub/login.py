"""How people come in: accounts are made by admins, second factors are kept encrypted and can be demanded."""

from collections.abc import Callable

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from integration_hub.connections.fields import crypter

# Everything a browser session opens; what comes with a token or a signature is not logged in here.
GUARDED = ("/admin/", "/api/", "/connect/", "/docs")


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: an admin adds people under "Team and access"."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MFAAdapter(DefaultMFAAdapter):
    """allauth keeps the seed of an authenticator app in the clear unless told otherwise."""

    def encrypt(self, text: str) -> str:
        return crypter().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypter().decrypt(encrypted_text.encode()).decode()


class RequireMFAMiddleware:
    """Where REQUIRE_MFA is on, whoever has no second factor sets one up before anything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.REQUIRE_MFA and request.path.startswith(GUARDED) and lacks_second_factor(request):
            messages.warning(request, _("A second factor is required here: set up an authenticator app first."))
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return self.get_response(request)


def lacks_second_factor(request: HttpRequest) -> bool:
    return request.user.is_authenticated and not is_mfa_enabled(request.user)
