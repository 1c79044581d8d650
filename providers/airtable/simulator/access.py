"""Who may do what: keys, scopes, permission levels, and how often.

https://airtable.com/developers/web/api/rate-limits
"""

from __future__ import annotations

from collections import deque

from providers.airtable.simulator.errors import AirtableError
from providers.airtable.simulator.grants import SCOPES as SCOPES
from providers.airtable.simulator.model import Base, Limits, State, Token

LEVELS = ("none", "read", "comment", "edit", "create")


def token_of(state: State, value: str, now: float) -> Token:
    """A typed token, or one that was given to somebody who signed in."""
    if not value:
        raise AirtableError("AUTHENTICATION_REQUIRED")
    for token in state.tokens:
        if token.value == value and not token.expired:
            return token
    for grant in state.grants:
        if grant.opens(value, now):
            return Token(grant.id, value, grant.user, grant.email, list(grant.scopes), grant.bases)
    raise AirtableError("UNAUTHORIZED")


def base_of(state: State, token: Token, base_id: str) -> Base:
    """A base that does not exist and one that was not granted look the same."""
    base = next((each for each in state.bases if each.id == base_id), None)
    if base is None or token.level(base_id) == "none":
        raise AirtableError("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
    return base


def at_least(token: Token, base: Base, level: str, doing: str) -> None:
    if LEVELS.index(token.level(base.id)) < LEVELS.index(level):
        raise AirtableError("INVALID_PERMISSIONS", doing)


class Gate:
    """A sliding window per key and, once it was overrun, a time in which nothing passes.

    Refused calls are not counted and do not make the penalty longer.
    """

    def __init__(self) -> None:
        self._passed: dict[str, deque[float]] = {}
        self._closed_until: dict[str, float] = {}

    def admit(self, key: str, calls: int, limits: Limits, now: float) -> None:
        passed = self._passed.setdefault(key, deque())
        while passed and passed[0] <= now - limits.window:
            passed.popleft()
        if now < self._closed_until.get(key, 0.0):
            raise AirtableError("RATE_LIMIT_REACHED")
        if len(passed) >= calls:
            self._closed_until[key] = now + limits.penalty
            raise AirtableError("RATE_LIMIT_REACHED")
        passed.append(now)

    def open(self) -> None:
        """Forget everything: no penalty, empty windows."""
        self._passed.clear()
        self._closed_until.clear()
