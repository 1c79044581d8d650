"""Webhooks: made, listed, kept alive, drained, taken away; and what they keep.

https://airtable.com/developers/web/api/webhooks-overview
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from integration_hub.contract.api import Json
from integration_hub.sandbox.clock import iso
from providers.airtable.simulator.errors import AirtableError

if TYPE_CHECKING:
    from providers.airtable.simulator.call import Call
    from providers.airtable.simulator.model import State

WEEK = 7 * 86400.0
IN_BASE, OF_INTEGRATION = 10, 2
AT_ONCE = 50  # payloads an answer
KINDS = {"tableData": "data.records:read", "tableFields": "schema.bases:read", "tableMetadata": "schema.bases:read"}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass
class Hook:
    """`owner`: the integration or person it belongs to; others do not see it. `next`: the number of the payload that is
    made next; `first`: of the oldest that is still kept. `due`: when the next ping is sent, `tries`: how often the one
    that is on its way failed. Times are seconds."""

    id: str
    base: str
    owner: str
    url: str
    specification: dict[str, Any]
    secret: str
    expires: float
    next: int = 1
    first: int = 1
    enabled: bool = True
    notified: bool = True
    due: float | None = None
    tries: int = 0
    result: dict[str, Any] | None = None
    heard: float | None = None

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "specification": self.specification,
            "notificationUrl": self.url or None,
            "cursorForNextPayload": self.next,
            "lastNotificationResult": self.result,
            "areNotificationsEnabled": self.notified,
            "lastSuccessfulNotificationTime": iso(self.heard) if self.heard is not None else None,
            "isHookEnabled": self.enabled,
            "expirationTime": iso(self.expires),
        }

    def wants(self, kind: str) -> bool:
        return kind in self.filters.get("dataTypes", ())

    @property
    def filters(self) -> dict[str, Any]:
        return dict(self.specification.get("options", {}).get("filters", {}))

    @property
    def includes(self) -> dict[str, Any]:
        return dict(self.specification.get("options", {}).get("includes", {}))


@dataclass
class Kept:
    """Payloads of all hooks, by hook and number. `unkept`: those that came or went since the state was last written."""

    payloads: dict[str, dict[str, Json]] = field(default_factory=dict)

    def put(self, hook: Hook, at: float, payload: dict[str, Any]) -> None:
        key = _key(hook, hook.next)
        self.payloads[key] = {"key": key, "at": at, "payload": payload}
        hook.next += 1

    def take(self, hook: Hook, cursor: int) -> tuple[list[Any], int]:
        """At most 50 from this number on, and the number after them."""
        start = max(cursor, hook.first)
        numbers = range(start, min(start + AT_ONCE, hook.next))
        return [self.payloads[_key(hook, one)]["payload"] for one in numbers], start + len(numbers)

    def forget(self, hook: Hook, before: float) -> None:
        """Those older than that."""
        while hook.first < hook.next and self.payloads[_key(hook, hook.first)]["at"] < before:  # type: ignore[operator]
            del self.payloads[_key(hook, hook.first)]
            hook.first += 1


def _key(hook: Hook, number: int) -> str:
    return f"{hook.id}/{number:08d}"


def tidy(state: State, now: float) -> None:
    """Payloads live a week; a hook that ended can be read for another week."""
    for hook in list(state.hooks):
        state.kept.forget(hook, now - WEEK)
        if hook.expires < now - WEEK:
            drop(state, hook)


def drop(state: State, hook: Hook) -> None:
    state.kept.forget(hook, float("inf"))
    state.hooks.remove(hook)


# --- the calls --------------------------------------------------------------------------------------------------------


def create(call: Call) -> Any:
    from providers.airtable.simulator.model import new_id

    specification, url = call.body.get("specification"), call.body.get("notificationUrl") or ""
    _check(call, specification, url)
    mine = [hook for hook in call.state.hooks if hook.base == call.base.id]
    if len(mine) >= IN_BASE or (_is_integration(call) and len(_visible(call)) >= OF_INTEGRATION):
        raise AirtableError("TOO_MANY_WEBHOOKS_IN_BASE")
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    hook = Hook(new_id("ach"), call.base.id, _owner(call), url, specification or {}, secret, call.now + WEEK)
    call.state.hooks.append(hook)
    call.simulator.pinger.ring(hook)
    return {"id": hook.id, "macSecretBase64": secret, "expirationTime": iso(hook.expires)}


def list_all(call: Call) -> Any:
    tidy(call.state, call.now)
    return {"webhooks": [hook.view() for hook in _visible(call)]}


def payloads(call: Call) -> Any:
    hook, cursor = _named(call), call.request.param("cursor", "1")
    if not cursor.isdigit() or not 1 <= int(cursor) <= hook.next:
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    _keep_alive(call, hook)
    found, following = call.state.kept.take(hook, int(cursor))
    return {
        "payloads": found,
        "cursor": following,
        "mightHaveMore": following < hook.next,
        "payloadFormat": "v0",
    }


def refresh(call: Call) -> Any:
    hook = _named(call)
    if hook.expires <= call.now:
        raise AirtableError("NOT_FOUND")
    _keep_alive(call, hook)
    return {"expirationTime": iso(hook.expires)}


def enable(call: Call) -> Any:
    hook, wanted = _named(call), call.body.get("enable")
    if not isinstance(wanted, bool):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    hook.notified, hook.tries = wanted, 0
    if wanted:
        call.simulator.pinger.ring(hook)
    return {}


def delete(call: Call) -> Any:
    drop(call.state, _named(call))
    return {}


def _keep_alive(call: Call, hook: Hook) -> None:
    """Listing payloads does it, too, as long as the hook lives."""
    if hook.expires > call.now:
        hook.expires = call.now + WEEK
        call.simulator.changes += 1


def _named(call: Call) -> Hook:
    tidy(call.state, call.now)
    for hook in _visible(call):
        if hook.id == call.named["hook"]:
            return hook
    raise AirtableError("NOT_FOUND")


def _visible(call: Call) -> list[Hook]:
    return [hook for hook in call.state.hooks if hook.base == call.base.id and hook.owner == _owner(call)]


def _is_integration(call: Call) -> bool:
    return any(grant.id == call.token.name for grant in call.state.grants)


def _owner(call: Call) -> str:
    return "integration" if _is_integration(call) else call.token.user


def _check(call: Call, specification: Any, url: Any) -> None:
    options = specification.get("options") if isinstance(specification, dict) else None
    filters = options.get("filters") if isinstance(options, dict) else None
    kinds = filters.get("dataTypes") if isinstance(filters, dict) else None
    if not isinstance(kinds, list) or not kinds or not set(kinds) <= set(KINDS) or not _takes(url):
        raise AirtableError("INVALID_REQUEST_UNKNOWN")
    if any(KINDS[kind] not in call.token.scopes for kind in kinds):
        raise AirtableError("INVALID_PERMISSIONS", "perform this operation")


def _takes(url: Any) -> bool:
    """Airtable itself takes https only. This machine's own addresses are taken over http, too: a hub that is tried out
    has no other."""
    if not isinstance(url, str):
        return False
    there = urlsplit(url)
    return not url or there.scheme == "https" or (there.scheme == "http" and there.hostname in LOOPBACK)
