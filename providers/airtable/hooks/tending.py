"""The calls that look after webhooks, and the reading of payloads. No database here: what was found goes out as facts.

A webhook that is missing is made only after the list of those that are there was read, and whatever lies there under
our own address and is not the one we know is taken away: a maker that was killed before it could note the secret left
it behind. Airtable has no call to change a webhook; one that does not fit is made anew.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from integration_hub.contract import AuthFailed, ConfigError, FieldRefused, ProviderError, RateLimited, Rejected
from integration_hub.http import clock
from providers.airtable.client import AirtableClient, Body
from providers.airtable.hooks.facts import Drained, Dropped, Duty, Fact, Kept, Made, Refused
from providers.airtable.hooks.payloads import is_echo
from providers.airtable.refusals import PERHAPS_GONE

log = structlog.get_logger(__name__)

EARLY = timedelta(days=3)  # left of the seven when it is kept alive
WANTED: Body = {
    "options": {
        "filters": {"dataTypes": ["tableData", "tableFields", "tableMetadata"]},
        "includes": {"includePreviousCellValues": True},
    }
}


def tend(client: AirtableClient, duties: Sequence[Duty]) -> Iterator[Fact]:
    """Every duty, also when another one fails. What waiting would mend is raised at the end."""
    failed: ProviderError | None = None
    for duty in duties:
        try:
            yield from _tend(client, duty)
        except AuthFailed:
            raise
        except (ConfigError, Rejected, FieldRefused) as refusal:
            yield Dropped(duty.base) if duty.drop else Refused(duty.base, refusal.sentence)
        except ProviderError as error:
            log.info("a webhook waits", base=duty.base, code=error.code)
            failed = failed if isinstance(failed, RateLimited) else error
    if failed is not None:
        raise failed


def _tend(client: AirtableClient, duty: Duty) -> Iterator[Fact]:
    if duty.drop:
        remove(client, duty)
        yield Dropped(duty.base)
        return
    lost = False
    if duty.drain:
        lost = yield from _drained(client, duty)
    if duty.look or lost:
        yield from _looked(client, duty, lost=lost)


def remove(client: AirtableClient, duty: Duty) -> None:
    """Take away what is ours in this base, also what nobody remembers."""
    for one in _ours(client, duty):
        _delete(client, duty.base, one["id"])


# --- payloads ---------------------------------------------------------------------------------------------------------


def _drained(client: AirtableClient, duty: Duty) -> Generator[Fact, None, bool]:
    """Payloads until there are no more. It returns whether the webhook is lost and must be made anew."""
    cursor, more, broken = duty.cursor, True, False
    while more:
        at = clock.now()
        try:
            page = client.payloads(duty.base, duty.hook, cursor)
        except (ConfigError, Rejected, FieldRefused) as refusal:
            log.warning("payloads cannot be read", base=duty.base, code=refusal.code, status=refusal.status)
            return True
        payloads, following = page.get("payloads") or [], int(page.get("cursor") or 0)
        if following < cursor:  # a log that begins anew is another webhook's
            return True
        more = bool(page.get("mightHaveMore")) and following > cursor
        broken = broken or any(one.get("code") in ("INVALID_HOOK", "INVALID_FILTERS") for one in payloads)
        echo = bool(payloads) and is_echo(payloads, duty.user)
        yield Drained(duty.base, duty.hook, cursor, following, payloads, at, last=not more, echo=echo)
        cursor = following
    return broken


# --- the webhook itself -----------------------------------------------------------------------------------------------


def _looked(client: AirtableClient, duty: Duty, *, lost: bool) -> Iterator[Fact]:
    mine: Body | None = None
    for one in _ours(client, duty):
        if one["id"] == duty.hook and not lost and _is_well(one, duty, _now(client)):
            mine = one
        else:
            log.info("a webhook is taken away", base=duty.base, hook=one["id"], known=one["id"] == duty.hook)
            _delete(client, duty.base, one["id"])
    yield _kept(client, duty, mine) if mine else _made(client, duty)


def _ours(client: AirtableClient, duty: Duty) -> list[Body]:
    """By its id, or by where it sends its pings."""
    listed = client.webhooks(duty.base)
    return [one for one in listed if one["id"] == duty.hook or _leads_here(one, duty)]


def _leads_here(one: Mapping[str, Any], duty: Duty) -> bool:
    return str(one.get("notificationUrl") or "").endswith(duty.path)


def _is_well(one: Mapping[str, Any], duty: Duty, now: datetime) -> bool:
    """Whether it can stay: at our address, telling what we want, neither ended nor switched off."""
    ends = moment(one.get("expirationTime"))
    fits = one.get("notificationUrl") == duty.url and _tells(one.get("specification") or {})
    return fits and one.get("isHookEnabled") is not False and (ends is None or ends > now)


def _tells(specification: Mapping[str, Any]) -> bool:
    """What is asked for may come back with more beside it."""
    options = specification.get("options") or {}
    filters, includes = options.get("filters") or {}, options.get("includes") or {}
    kinds = set(filters.get("dataTypes") or ())
    narrow = {"recordChangeScope", "watchDataInFieldIds", "changeTypes", "fromSources"} & set(filters)
    wanted = set(WANTED["options"]["filters"]["dataTypes"])
    return kinds >= wanted and not narrow and bool(includes.get("includePreviousCellValues"))


def _kept(client: AirtableClient, duty: Duty, one: Body) -> Kept:
    expires = moment(one.get("expirationTime"))
    if expires is None or expires - _now(client) < EARLY:
        expires = moment(client.refresh_webhook(duty.base, one["id"]).get("expirationTime"))
    if one.get("areNotificationsEnabled") is False:
        client.enable_notifications(duty.base, one["id"])
    result = one.get("lastNotificationResult") or {}
    why = "" if result.get("success", True) else str((result.get("error") or {}).get("message") or "no answer")
    return Kept(duty.base, one["id"], expires, why)


def _made(client: AirtableClient, duty: Duty) -> Made:
    made = client.create_webhook(duty.base, duty.url, WANTED)
    return Made(duty.base, made["id"], made["macSecretBase64"], duty.url, moment(made.get("expirationTime")))


def _delete(client: AirtableClient, base: str, hook: str) -> None:
    """One that is gone already is no error."""
    try:
        client.delete_webhook(base, hook)
    except (ConfigError, Rejected) as refusal:
        if refusal.status != 404 and refusal.code not in PERHAPS_GONE:
            raise


def _now(client: AirtableClient) -> datetime:
    """By Airtable's clock, where it told."""
    return client.answered_at or clock.now()


def moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
