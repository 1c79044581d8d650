"""May one sign in at a provider, and if not, what is missing?"""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from integration_hub.connections import oauth
from integration_hub.contract import Provider


def why_not(declared: Provider) -> str:
    """What stands in the way of signing in there, for whoever runs this hub; empty when nothing does."""
    if oauth.client_of(declared) is None:
        return oauth.no_client(declared)
    back = urlsplit(oauth.redirect_uri(declared))
    told = {"name": declared.name, "key": declared.key.upper(), "back": back.netloc, "public": settings.PUBLIC_URL}
    if back.netloc != urlsplit(settings.PUBLIC_URL).netloc:
        text = _(
            "%(key)s_REDIRECT_URI leads to %(back)s, but this hub is at %(public)s: the sign-in could not come back. "
            "Whoever runs this hub puts both on one host."
        )
        return text % told
    if oauth.declared(declared).by_name and not _by_name(back):
        text = _(
            "%(name)s does not send anybody back to %(public)s: it takes https with a name, or http://localhost. "
            "Whoever runs this hub sets PUBLIC_URL."
        )
        return text % told
    return ""


def _by_name(back: SplitResult) -> bool:
    host = back.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return back.scheme == "https" or host == "localhost"
    return False


def ways_in(declared: Provider) -> tuple[str, str]:
    """For the connect form: the address where signing in begins, or what is missing for it; both empty where the
    provider knows no signing in."""
    if declared.oauth is None:
        return "", ""
    missing = why_not(declared)
    return ("", missing) if missing else (reverse("sign_in", args=[declared.key]), "")
