"""Signing in at Airtable: the consent page and the token endpoint, with tokens that work once.

https://airtable.com/developers/web/api/oauth-reference
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from integration_hub.sandbox import pages
from integration_hub.sandbox.clients import client
from integration_hub.sandbox.simulator import Command
from integration_hub.sandbox.wire import Request, Response, json_answer
from providers.airtable.simulator import demo
from providers.airtable.simulator.grants import ACCESS_SECONDS, REFRESH_SECONDS, Code, Grant
from providers.airtable.simulator.model import new_id

if TYPE_CHECKING:
    from providers.airtable.simulator.simulator import AirtableSimulator as Simulator

PLACE = ("oauth2", "v1")
CODE_SECONDS = 600.0
TOGETHER = 10.0  # seconds in which a second use of a refresh token counts as "at once"
PATIENCE = 3  # uses of old refresh tokens before the grant is ended
STATE = re.compile(r"[A-Za-z0-9._-]{16,1024}")
CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
Form = Mapping[str, str]


class Refused(Exception):
    """The token endpoint says no: its word for it, and the status."""

    def __init__(self, error: str, told: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.told, self.status = error, told, status

    def answer(self) -> Response:
        return json_answer({"error": self.error, "error_description": self.told}, self.status, self.error)


def answer(sim: Simulator, request: Request) -> Response:
    """Whatever is asked below /oauth2/v1/."""
    page = request.segments[len(PLACE) :]
    if page == ("authorize",) and request.method in ("GET", "POST"):
        return authorize(sim, request)
    if page == ("token",) and request.method == "POST":
        try:
            return json_answer(token(sim, request))
        except Refused as refused:
            return refused.answer()
    return json_answer({"error": "NOT_FOUND"}, 404)


# --- consent ----------------------------------------------------------------------------------------------------------


def authorize(sim: Simulator, request: Request) -> Response:
    """GET asks the person, POST is the answer. A wrong client or address to go back to gets a page and no redirect."""
    asked = dict(parse_qsl(request.body.decode())) if request.method == "POST" else dict(request.query)
    if asked.get("client_id") != client(sim.key)[0] or not may_go_back(asked.get("redirect_uri", "")):
        return pages.render("refused.html", 400, asked=asked.get("redirect_uri", ""))
    if wrong := complaint(sim, asked):
        return back(asked, error=wrong)
    if request.method == "GET":
        return consent_page(sim, asked)
    if asked.get("answer") != "grant":
        return back(asked, error="access_denied", error_description="The user denied access")
    return back(asked, code=grant_code(sim, request, asked), code_challenge=asked["code_challenge"],
                code_challenge_method="S256")  # fmt: skip


def may_go_back(address: str) -> bool:
    """https unless it is this machine by name; no number for a host, no name and password, no fragment, no wildcard."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    by_number = bool(re.fullmatch(r"[\d.]+|.*:.*", host))
    safe = parts.scheme == "https" or (parts.scheme == "http" and host == "localhost")
    return safe and not by_number and bool(host) and "@" not in parts.netloc and "#" not in address and "*" not in host


def complaint(sim: Simulator, asked: Form) -> str:
    """The error that goes back with the redirect; empty for a good question."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    scopes = asked.get("scope", "").split()
    if not scopes or len(set(scopes)) != len(scopes) or not set(scopes) <= set(sim.state.offered):
        return "invalid_scope"
    challenged = asked.get("code_challenge_method") == "S256" and CHALLENGE.fullmatch(asked.get("code_challenge", ""))
    return "" if challenged and STATE.fullmatch(asked.get("state", "")) else "invalid_request"


def back(asked: Form, **told: str) -> Response:
    state = {"state": asked["state"]} if asked.get("state") else {}
    address = asked["redirect_uri"]
    return Response(302, headers=(("Location", f"{address}{'&' if '?' in address else '?'}{urlencode(told | state)}"),))


def consent_page(sim: Simulator, asked: Form) -> Response:
    people = dict.fromkeys((demo.OWNER, demo.COLLEAGUE))
    return pages.render(
        "consent.html",
        provider=sim.name,
        action=f"/{sim.key}/{'/'.join(PLACE)}/authorize",
        asked=list(asked.items()),
        people=[{"id": user, "email": email} for user, email in people],
        scopes=asked["scope"].split(),
        places=[{"id": base.id, "name": base.name} for base in sim.state.bases],
        back=urlsplit(asked["redirect_uri"]).netloc,
    )


def grant_code(sim: Simulator, request: Request, asked: Form) -> str:
    """What the person allowed, as a code. `scopes` and `bases` may be fewer than all; none named means all."""
    chosen = parse_qsl(request.body.decode())
    bases = [value for name, value in chosen if name == "place"]
    user = asked.get("user") or demo.OWNER[0]
    code = Code(
        value=secrets.token_hex(24),
        redirect_uri=asked["redirect_uri"],
        challenge=asked["code_challenge"],
        user=user,
        email=dict((demo.OWNER, demo.COLLEAGUE)).get(user, demo.OWNER[1]),
        scopes=asked["scope"].split(),
        bases=dict.fromkeys(bases, "create") if bases else None,
        until=sim.clock.now() + CODE_SECONDS,
    )
    sim.state.codes = [each for each in sim.state.codes if each.until > sim.clock.now()] + [code]
    return code.value


# --- tokens -----------------------------------------------------------------------------------------------------------


def token(sim: Simulator, request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise Refused("invalid_request", "The body must be form encoded")
    form = dict(parse_qsl(request.body.decode()))
    prove(sim, request, form)
    kind = form.get("grant_type")
    if kind == "authorization_code":
        return from_code(sim, form)
    if kind == "refresh_token":
        return renewed(sim, form)
    raise Refused("unsupported_grant_type", "Use authorization_code or refresh_token")


def prove(sim: Simulator, request: Request, form: Form) -> None:
    """A client with a secret must send it as a Basic header, and nothing of it in the body."""
    kind, _, pair = request.headers.get("authorization", "").partition(" ")
    try:
        known, _, secret = b64decode(pair, validate=True).decode().partition(":")
    except (NotBase64, UnicodeError):
        known = secret = ""
    right = client(sim.key)
    if kind.lower() != "basic" or (unquote(known), unquote(secret)) != right or "client_secret" in form:
        raise Refused("invalid_client", "Client authentication failed", 401)


def from_code(sim: Simulator, form: Form) -> dict[str, Any]:
    """A code is burnt by the first request that names it, whatever comes of that."""
    code = next((each for each in sim.state.codes if each.value == form.get("code")), None)
    if code is None:
        raise Refused("invalid_grant", "The code is unknown or was used")
    sim.state.codes.remove(code)
    digest = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
    if code.until <= sim.clock.now() or form.get("redirect_uri") != code.redirect_uri:
        raise Refused("invalid_grant", "The code is too old, or was given for another address")
    if not hmac.compare_digest(digest, code.challenge):
        raise Refused("invalid_grant", "The code verifier does not fit")
    made = Grant(new_id("oag"), code.user, code.email, list(code.scopes), code.bases)
    sim.state.grants.append(made)
    return issue(sim, made)


def renewed(sim: Simulator, form: Form) -> dict[str, Any]:
    """Both old tokens end at once. The same refresh token again: 409 at once, later worth nothing."""
    given, now = form.get("refresh_token", ""), sim.clock.now()
    found = next((each for each in sim.state.grants if given and given in (each.refresh, *each.used)), None)
    if found is None or found.revoked or found.refresh_until <= now:
        raise Refused("invalid_grant", "The refresh token is unknown, too old or was revoked")
    if given in found.used:
        found.reused += 1
        found.revoked = found.reused >= PATIENCE
        if now - found.used[given] <= TOGETHER:
            raise Refused("invalid_request", "The refresh token was used by another request at the same time", 409)
        raise Refused("invalid_grant", "The refresh token was used")
    wanted = form.get("scope", "").split()
    if not set(wanted) <= set(found.scopes):
        raise Refused("invalid_scope", "More was asked than was granted")
    found.used = {given: now}
    return issue(sim, found, wanted)


def issue(sim: Simulator, grant: Grant, scopes: list[str] | None = None) -> dict[str, Any]:
    now = sim.clock.now()
    grant.access, grant.access_until = _opaque("oaa"), now + ACCESS_SECONDS
    grant.refresh, grant.refresh_until = _opaque("oar"), now + REFRESH_SECONDS
    return {
        "access_token": grant.access,
        "refresh_token": grant.refresh,
        "token_type": "Bearer",
        "scope": " ".join(scopes or grant.scopes),
        "expires_in": int(ACCESS_SECONDS),
        "refresh_expires_in": int(REFRESH_SECONDS),
    }


def _opaque(prefix: str) -> str:
    """Of a length that varies."""
    return f"{new_id(prefix)}.v1.{secrets.token_urlsafe(60 + secrets.randbelow(40))}"


# --- what happens at Airtable while nobody looks ----------------------------------------------------------------------


def revoke_grants(sim: Simulator) -> dict[str, Any]:
    """The person removes the integration from the account."""
    for grant in sim.state.grants:
        grant.revoked = True
    return {"revoked": len(sim.state.grants)}


def expire_grants(sim: Simulator) -> dict[str, Any]:
    """The access tokens' hour is over."""
    for grant in sim.state.grants:
        grant.access_until = 0.0
    return {"expired": len(sim.state.grants)}


def withdraw_scope(sim: Simulator, *, scope: str) -> dict[str, Any]:
    """Whoever registered the integration takes a scope off it: it can neither be asked for nor used."""
    sim.state.offered = [each for each in sim.state.offered if each != scope]
    for grant in sim.state.grants:
        grant.scopes = [each for each in grant.scopes if each != scope]
    return {"offered": sim.state.offered}


COMMANDS: dict[str, Command] = {each.__name__: each for each in (revoke_grants, expire_grants, withdraw_scope)}
