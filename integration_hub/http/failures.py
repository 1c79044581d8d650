"""From what broke underneath to an error with a sentence, and whether the request may be repeated."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.contract import AuthFailed, ConfigError, ProviderError, Rejected, TransientError
from integration_hub.http.dial import Unreachable
from integration_hub.http.guard import Blocked
from integration_hub.http.sockets import OutOfTime
from integration_hub.http.transport import Dropped, TooLarge

BROKEN = (Unreachable, Blocked, OutOfTime, Dropped, TooLarge)

_UNREACHABLE = {
    "dns": gettext_lazy("The name of %(name)s's server is not found. We try again by ourselves."),
    "connect": gettext_lazy("%(name)s's server cannot be reached. We try again by ourselves."),
    "tls": gettext_lazy("No safe connection to %(name)s came about: its certificate does not hold. We try again."),
    "time": gettext_lazy("%(name)s's server did not pick up in time. We try again by ourselves."),
}
# What another try within the same call may mend; a certificate or a slow network will not change in a second.
_PASSING = ("dns", "connect")


@dataclass(frozen=True)
class Failure:
    """`again`: it provably never left, so this very call may be tried again."""

    error: ProviderError
    again: bool = False


def failure(name: str, broken: Exception, *, repeatable: bool) -> Failure:
    """What it means that a request broke off in one of the BROKEN ways."""
    told = {"name": name}
    if isinstance(broken, Unreachable):
        return _unreachable(name, broken.why)
    if isinstance(broken, Blocked):
        sentence = _("%(host)s is an address inside a private network; the hub does not call those.")
        return Failure(ConfigError(sentence % {"host": broken.host}, code="private_address"))
    if isinstance(broken, TooLarge) and repeatable:
        return Failure(Rejected(_("%(name)s's answer is too large to be read.") % told, code="too_large"))
    if isinstance(broken, OutOfTime):
        sentence, code = _("%(name)s did not answer in time. We try again by ourselves."), "timeout"
    else:
        sentence, code = _("The connection to %(name)s broke off. We try again by ourselves."), "dropped"
    return Failure(TransientError(sentence % told, code=code, unsure=not repeatable))


def _unreachable(name: str, why: str) -> Failure:
    if why == "address":
        return Failure(ConfigError(_("The address of %(name)s is not a web address.") % {"name": name}, code=why))
    if why == "key":
        return Failure(AuthFailed(_("The key for %(name)s holds characters no key has.") % {"name": name}, code=why))
    error = TransientError(str(_UNREACHABLE[why]) % {"name": name}, code="unreachable")
    return Failure(error, again=why in _PASSING)
