"""Renewing access tokens: one at a time for each grant, the call outside of any transaction, stored before it is used.

Where tokens rotate, both old ones die with the answer: whoever drops it has dropped the only live token. So the grant
is claimed by a lease, and the answer is stored whatever became of the lease. Who finds the grant claimed waits a
moment for the other's token.
"""

import time

import structlog
from django.utils.translation import gettext as _

from integration_hub.connections import grants, oauth, state
from integration_hub.connections.fields import DecryptionError
from integration_hub.connections.grants import Access, Claimed
from integration_hub.connections.models import Connection, OAuthGrant, Status
from integration_hub.contract import AuthFailed, ProviderError, TransientError, registry
from integration_hub.contract.provider import Provider
from integration_hub.http import clock, door
from integration_hub.notices import problems

log = structlog.get_logger(__name__)

PATIENCE = {0: 5.0}  # seconds a person waits for another's refresh; a worker gives its thread back
MOMENT = 0.4
AGAIN = 60.0  # seconds until a refresh that failed for now is tried again


def fresh(provider: Provider, access: Access, *, prio: int = 1, ends_by: float | None = None) -> Access:
    """A token that still lasts: this one, or a newer one when it ends soon."""
    now = clock.of(clock.seconds())  # before every call: no round trip, and a minute early anyway
    if not access.ends_soon(now):
        return access
    return renew(provider, access, prio=prio, ends_by=ends_by, usable=not access.has_ended(now))


def after_refusal(provider: Provider, access: Access, *, prio: int = 1, ends_by: float | None = None) -> Access:
    """The provider refused this token: the stored one where that is newer, else a renewed one. AuthFailed when there
    is none to be had."""
    return renew(provider, access, prio=prio, ends_by=ends_by, usable=False)


def renew(provider: Provider, access: Access, *, prio: int, ends_by: float | None, usable: bool) -> Access:
    """A token newer than this one. `usable`: this one still works while another is at renewing it."""
    model = grants.model_of(provider)
    assert model is not None
    until = time.monotonic() + PATIENCE.get(prio, MOMENT)
    door.refuse_inside_transaction()
    while True:
        try:
            found = grants.claim(model, access.grant_id, access.version)
        except grants.Ended as ended:
            raise AuthFailed(str(ended), code="ended") from None
        except DecryptionError as error:
            raise state.unreadable(provider) from error
        if isinstance(found, Access):
            return found
        if isinstance(found, Claimed):
            return _ask(provider, model, found, ends_by)
        if usable:
            return access
        if time.monotonic() > until:
            sentence = _("Access to %(name)s is being renewed. We go on in a moment.") % {"name": provider.name}
            raise TransientError(sentence, code="renewing", retry_after=1.0)
        time.sleep(0.05)


def _ask(provider: Provider, model: type[OAuthGrant], held: Claimed, ends_by: float | None) -> Access:
    try:
        with door.within(oauth.SECONDS + 1):  # however short a time somebody waits: a lost answer is a lost grant
            tokens = oauth.refresh(provider, held.refresh, account=str(held.connection_id), ends_by=ends_by)
    except AuthFailed as error:
        return _refused(provider, model, held, error)
    except ProviderError as error:
        grants.release(model, held, unsettled=isinstance(error, TransientError) and error.unsure)
        _tell(provider, held, error)
        wait = getattr(error, "retry_after", None)
        raise TransientError(error.sentence, code="refresh", retry_after=AGAIN if wait is None else wait) from error
    try:
        access = grants.store(model, held, tokens)
    except grants.Ended as ended:
        raise AuthFailed(str(ended), code="ended") from None
    _untell(provider, held)
    return access


def _refused(provider: Provider, model: type[OAuthGrant], held: Claimed, error: AuthFailed) -> Access:
    """Our refresh token is worth nothing: used by another who stored, or lost, or ended over there."""
    sentence = error.sentence
    if held.unsettled or error.status == oauth.TAKEN:
        sentence = _(
            "%(name)s renewed its key, but its answer was lost, and the old key is worth nothing now. Sign in again."
        ) % {"name": provider.name}
    newer = grants.end(model, held, sentence)
    if newer is None:
        log.warning("grant ended", provider=provider.key, connection=str(held.connection_id), code=error.code)
        raise AuthFailed(sentence, code=error.code or "ended") from error
    return newer


def _tell(provider: Provider, held: Claimed, error: ProviderError) -> None:
    """What no waiting mends (a wrong client id, say) is told; that the provider is away tells itself."""
    if isinstance(error, TransientError):
        return
    company = Connection.everywhere.values_list("company_id", flat=True).get(pk=held.connection_id)
    problems.raise_(company, state.renewing_key(provider.key), sentence=error.sentence, provider=provider.key)


def _untell(provider: Provider, held: Claimed) -> None:
    company = Connection.everywhere.values_list("company_id", flat=True).get(pk=held.connection_id)
    problems.close(company, state.renewing_key(provider.key))


# --- keeping grants alive -------------------------------------------------------------------------------------------


def keep_alive() -> int:
    """Renew grants that would end for want of use: those past half of their time. How many were renewed."""
    return sum(_keep_alive(provider) for provider in registry.providers() if provider.oauth is not None)


def _keep_alive(provider: Provider) -> int:
    model = grants.model_of(provider)
    assert model is not None
    now, kept = clock.now(), 0
    live = model.everywhere.filter(connection__status__in=[Status.CONNECTED, Status.PAUSED], ended="")
    ageing = live.filter(refresh_token__isnull=False, refresh_until__isnull=False).order_by("refresh_until")
    for row in ageing.iterator(chunk_size=100):
        if row.refresh_until is None or row.refresh_until - now > (row.refresh_until - row.updated_at) / 2:
            continue
        try:
            renew(provider, grants.access_of(row), prio=1, ends_by=None, usable=True)
            kept += 1
        except ProviderError as error:
            log.warning("a grant could not be kept alive", connection=str(row.connection_id), code=error.code)
        except Exception:  # one row that cannot be read does not end the others
            log.exception("keeping a grant alive broke", connection=str(row.connection_id))
    return kept
