"""What an answer means: the provider explains its own refusals, a table of statuses knows the rest."""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import structlog
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.contract import (
    AuthFailed,
    ConfigError,
    Provider,
    ProviderError,
    RateLimited,
    Rejected,
    Reply,
    TransientError,
)
from integration_hub.contract.api import Callee

PAUSE = 5.0  # seconds after a 429 that names no time
LONGEST_PAUSE = 24 * 3600.0
_log = structlog.get_logger(__name__)

_TROUBLE = gettext_lazy("%(name)s has trouble of its own (status %(status)d). We try again by ourselves.")
_REFUSED = gettext_lazy("%(name)s refused what we sent (status %(status)d).")
_MOVED = gettext_lazy("%(name)s answered that it is at another address (status %(status)d). Check the address.")

_TABLE: dict[int, tuple[Callable[..., ProviderError], Promise]] = {
    401: (AuthFailed, gettext_lazy("%(name)s refused the key. Reconnect it with a valid one.")),
    403: (ConfigError, gettext_lazy("%(name)s does not allow this. Check what the key may do over there.")),
    404: (ConfigError, gettext_lazy("%(name)s does not find what we asked for. It may have been deleted or renamed.")),
    408: (TransientError, _TROUBLE),
    425: (TransientError, _TROUBLE),
}


def refusal(provider: Provider | Callee, reply: Reply) -> ProviderError:
    """The error for an answer that is not 2xx."""
    error = _explained(provider, reply) or _from_table(provider.name, reply)
    if error.status is None:
        error.status = reply.status
    return error


def _explained(provider: Provider | Callee, reply: Reply) -> ProviderError | None:
    try:
        return provider.api.explain(reply)
    except ValueError:  # an error page where the provider usually sends JSON
        _log.warning("the refusal could not be read", provider=provider.key, status=reply.status)
        return None


def _from_table(name: str, reply: Reply) -> ProviderError:
    told = {"name": name, "status": reply.status}
    if reply.status == 429:
        wait = retry_after(reply) or PAUSE
        sentence = _("%(name)s asked us to slow down. We go on in %(seconds)d seconds.")
        return RateLimited(sentence % {**told, "seconds": max(1, round(wait))}, retry_after=wait)
    kind, words = _TABLE.get(reply.status) or _by_hundred(reply.status)
    error = kind(str(words) % told, status=reply.status)
    if isinstance(error, TransientError):
        error.retry_after = retry_after(reply)
    return error


def _by_hundred(status: int) -> tuple[Callable[..., ProviderError], Promise]:
    if status >= 500:
        return TransientError, _TROUBLE
    return (Rejected, _REFUSED) if status >= 400 else (ConfigError, _MOVED)


def retry_after(reply: Reply) -> float | None:
    """Seconds the Retry-After header asks for, written as a number or as a date; None when it says nothing usable."""
    text = reply.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), LONGEST_PAUSE) if seconds == seconds else None
