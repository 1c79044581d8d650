"""What allauth asks us about other people's accounts: nobody logs in with one, nobody gets one, no keys lie in its
tables; and what went wrong on the way is told in our words."""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthError
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from integration_hub.contract import Provider
from integration_hub.hub.consent.telling import again, tell

STATE_LENGTH = 40


class SocialAdapter(DefaultSocialAccountAdapter):
    """SOCIALACCOUNT_ADAPTER."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        raise PermissionDenied(_("An account elsewhere is no way into this hub."))

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        return []

    def generate_state_param(self, state: dict[str, Any]) -> str:
        return get_random_string(STATE_LENGTH)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        raise ImmediateHttpResponse(_told(request, provider.declared, error, "state" in (extra_context or {})))


def _told(request: HttpRequest, declared: Provider, error: Any, known: bool) -> HttpResponse:
    name = {"name": declared.name, "code": request.GET.get("error", "")[:60]}
    if not known:
        title = _("This answer of %(name)s does not belong to anything you began here")
        sentence = _("It was used already, is older than ten minutes, or was begun in another browser or login.")
    elif error == AuthError.CANCELLED:
        title = _("%(name)s was not connected")
        sentence = _("You did not allow it at %(name)s. Nothing was changed.")
    elif name["code"]:
        title, sentence = _("%(name)s was not connected"), _("%(name)s refused (%(code)s). Nothing was changed.")
    else:
        title, sentence = _("%(name)s was not connected"), _("%(name)s sent no answer along. Nothing was changed.")
    return tell(request, declared, title % name, sentence % name, again(declared))
