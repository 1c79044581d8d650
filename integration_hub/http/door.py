"""The door: what a provider's client calls. Every call is paced, timed, guarded, measured and explained here.

A call is tried again within itself only when it provably never left, or is safe to repeat; every other retry is the
engine's, which knows what the call was for.
"""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _

from integration_hub.contract import Provider, ProviderError, RateLimited, Reply, TransientError
from integration_hub.contract.api import Callee, Json
from integration_hub.http import bodies, breaker, buckets, desk, gate, metrics, statuses, transport, ways
from integration_hub.http.failures import BROKEN, failure
from integration_hub.http.outside import InsideTransaction, refuse_inside_transaction
from integration_hub.http.redaction import scrub
from integration_hub.notices.secrecy import is_secret_name

TRIES = 3
WAITS = (1.0, 2.0)  # seconds before the second and the third try
SAFE = ("GET", "HEAD")
FRESH = 0.25  # seconds that a call goes by what another one of its flight saw: about as long as one is in the air
__all__ = ["Door", "InsideTransaction", "refuse_inside_transaction", "within"]
_log = structlog.get_logger(__name__)


_hurry: ContextVar[float] = ContextVar("when every call must be over", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Every call made inside is over after so many seconds: a person waits in front of a form."""
    token = _hurry.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _hurry.reset(token)


@dataclass
class Call:
    """One call on its way. `status` and `alive` tell of the last try: did the provider answer, and sanely? `clear`:
    when it left, nothing stood in its way and no failure was counted."""

    operation: str
    method: str
    path: str
    params: Mapping[str, Any] | list[tuple[str, str]] | None
    json: Json
    form: Mapping[str, str] | None
    bucket: str
    repeatable: bool
    rows: int
    ends: float
    address: str
    tries: int = 0
    trial: bool = False
    clear: bool = False
    again: bool = False
    alive: bool = False
    status: int | None = None
    seconds: float = 0.0
    booked: buckets.Moment = ()


@dataclass
class Door:
    """Implements contract.provider.Session for one account of one provider.

    `account` keys the breaker and the account's rate bucket; `ends_by` (monotonic) is when the last call must be over;
    `prio` 0 is a person who waits; `trusted` False: the guard looks at every address; `secrets` never appear in errors.
    """

    provider: Provider | Callee
    base_url: str = field(kw_only=True)
    account: str = field(kw_only=True)
    company_id: UUID | None = field(kw_only=True)
    headers: Mapping[str, str] = field(kw_only=True, repr=False)
    prio: int = field(default=1, kw_only=True)
    ends_by: float | None = field(default=None, kw_only=True)
    secrets: tuple[str, ...] = field(default=(), kw_only=True, repr=False)
    trusted: bool = field(default=True, kw_only=True)

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | list[tuple[str, str]] | None = None,
        json: Json = None,
        bucket: str = "",
        repeatable: bool | None = None,
        rows: int = 0,
        deadline: float | None = None,
        host: str = "",
        form: Mapping[str, str] | None = None,
    ) -> Reply:
        """A 2xx answer, read whole; anything else is an error of the contract. `deadline`: seconds in all (30). `host`:
        the word of one of the declaration's further addresses. `form`: sent in the place of JSON."""
        refuse_inside_transaction()
        method = method.upper()
        safe = method in SAFE if repeatable is None else repeatable
        ends = min(time.monotonic() + (settings.CALL_SECONDS if deadline is None else deadline), _hurry.get())
        call = Call(operation, method, path, params, json, form, bucket, safe, rows, ends, self._address(host))
        try:
            self._refuse_when_too_late(ends)
            reply = self._try(call)
        except ProviderError as error:
            self._hide_secrets(error)
            self._settle(call, error)
            raise
        self._settle(call, None)
        return reply

    def _address(self, host: str) -> str:
        """Whoever points the provider elsewhere (at the sandbox, say) means all of its hosts. KeyError for a word that
        is not declared."""
        declared = self.provider.api.hosts[host] if host else self.base_url
        return declared if self.base_url == self.provider.api.base_url else self.base_url

    def _refuse_when_too_late(self, ends: float) -> None:
        if self.ends_by is not None and ends > self.ends_by:
            sentence = _("There was not enough time left for this call to %(name)s. It follows at once.")
            raise TransientError(sentence % {"name": self.provider.name}, code="no_time", retry_after=0.0)

    def _try(self, call: Call) -> Reply:
        while True:
            try:
                return self._once(call)
            except TransientError as error:
                if not self._may_repeat(call, error):
                    raise
                wait = WAITS[call.tries - 1] * random.uniform(0.75, 1.25)  # noqa: S311 - only spreads the load
                if time.monotonic() + wait >= call.ends:
                    raise
                failed = error
            time.sleep(wait)
            try:
                self._wait_turn(call)
            except RateLimited:
                raise failed from None

    def _once(self, call: Call) -> Reply:
        if call.tries == 0:
            self._admit(call)
        call.tries += 1
        call.again = call.alive = False
        call.status = None
        began = time.monotonic()
        try:
            reply = self._send(call)
            call.status = reply.status
        except BROKEN as broken:
            found = failure(self.provider.name, broken, repeatable=call.repeatable)
            call.again = found.again
            raise found.error from broken
        finally:
            self._answered(call, began, time.monotonic())
        return self._judge(call, reply)

    def _send(self, call: Call) -> Reply:
        return transport.send(
            call.address,
            call.path,
            method=call.method,
            headers=self.headers,
            params=call.params,
            json=call.json,
            form=call.form,
            ends=call.ends,
            trusted=self.trusted,
        )

    def _judge(self, call: Call, reply: Reply) -> Reply:
        call.alive = reply.status < 500
        try:
            if not reply.ok:
                raise statuses.refusal(self.provider, reply)
            return bodies.read(self.provider.name, call.method, reply)
        except RateLimited as error:
            self._close(call, reply, error)
            raise
        except TransientError as error:
            call.alive = call.alive and error.code != "unreadable"
            error.unsure = error.unsure or (not call.alive and not call.repeatable)
            raise

    def _may_repeat(self, call: Call, error: TransientError) -> bool:
        if call.trial or call.tries >= TRIES or (call.tries == 0):
            return False
        patient = error.retry_after is None or error.retry_after <= WAITS[call.tries - 1]
        return patient and (call.repeatable or call.again)

    # --- pacing -------------------------------------------------------------------------------------------------------

    def _buckets(self, call: Call) -> tuple[buckets.Bucket, ...]:
        return buckets.buckets_of(self.provider.key, self.provider.api.rates, self.account, call.bucket)

    def _admit(self, call: Call) -> None:
        found = self._buckets(call)
        call.booked = buckets.book_turn(self.provider.name, found, self.prio, call.ends)
        lot: buckets.Lot | None = desk.lot()
        if lot and time.monotonic() < lot.looked + FRESH:
            call.clear, call.trial = True, False
            return
        call.clear, call.trial = desk.here(partial(self._last_look, found, call.ends))
        if lot and call.clear:
            lot.looked = time.monotonic()

    def _last_look(self, found: Sequence[buckets.Bucket], ends: float) -> tuple[bool, bool]:
        """Whether nothing stands in the way of the call, and whether it is the breaker's trial."""
        if gate.is_clear(found, self._breaker):
            return True, False
        buckets.refuse_if_closed(self.provider.name, found)
        return False, breaker.admit(self.provider.name, self._breaker, ends - time.monotonic() + 5)

    def _wait_turn(self, call: Call) -> None:
        call.booked = buckets.wait_turn(self.provider.name, self._buckets(call), self.prio, call.ends)

    def _answered(self, call: Call, began: float, ended: float) -> None:
        """Who books a window later must know of a call that arrived later than planned."""
        call.seconds += ended - began
        way = (self._buckets(call)[-1].key, call.operation)
        arrived = ways.counted_by(way, began, ended, answered=call.status is not None)
        if not (found := buckets.late(call.booked, arrived)):
            return
        if lot := desk.lot():
            lot.late.extend(found)  # noted when the flight is over
        else:
            buckets.note_late(found)

    def _close(self, call: Call, reply: Reply, error: RateLimited) -> None:
        """The bucket the provider means is closed for everyone, for the longest of the times that were named."""
        found = self._buckets(call)
        bucket = found[0] if error.scope == "account" else found[-1]
        penalty = bucket.penalty if error.scope == "bucket" else 0.0
        error.retry_after = max(error.retry_after, penalty, statuses.retry_after(reply) or 0.0)
        try:
            desk.here(partial(buckets.close, bucket, error.retry_after, error.code or "429"))
        except DatabaseError:
            _log.exception("the rate bucket could not be closed", provider=self.provider.key)

    # --- afterwards ---------------------------------------------------------------------------------------------------

    @cached_property
    def _breaker(self) -> str:
        return f"{self.provider.key}:{self.account}"[:200]

    def _settle(self, call: Call, error: ProviderError | None) -> None:
        """What went out is counted. The answer is there already: trouble with the database must not lose it."""
        if error and (lot := desk.lot()):
            lot.looked = float("-inf")
        try:
            self._tell_breaker(call, error)
        except DatabaseError:
            _log.exception("the breaker could not be told", provider=self.provider.key)
        if call.tries:
            metrics.record(
                self.company_id,
                self.provider.key,
                call.operation,
                seconds=call.seconds,
                rows=call.rows,
                tries=call.tries,
                status=call.status,
                error=error,
            )

    def _tell_breaker(self, call: Call, error: ProviderError | None) -> None:
        if not call.tries:
            return
        if call.alive and call.clear:
            return  # nothing to take back; a failure that was counted meanwhile ends with the next call's answer
        if call.alive:
            desk.here(partial(breaker.alive, self._breaker))
        elif isinstance(error, TransientError):
            desk.here(partial(breaker.failed, self._breaker, trial=call.trial))
        elif call.trial:
            desk.here(partial(breaker.give_back, self._breaker))

    def _hide_secrets(self, error: ProviderError) -> None:
        """A provider may repeat our key in its answer, and a sentence is shown to people."""
        error.sentence = scrub(error.sentence, self._known_secrets)
        error.args = (error.sentence,)

    @cached_property
    def _known_secrets(self) -> tuple[str, ...]:
        values = [value for name, value in self.headers.items() if is_secret_name(name)]
        return (*self.secrets, *values, *(value.split(" ", 1)[-1] for value in values))
