"""Sending what is due: a lane at a time, its oldest event first, each under one id until it arrived or is given up.

The call is made outside of any transaction and settled in one that is fenced: who is killed in between leaves the
delivery due, and the receiver knows the second one by its id. An event that fails is set aside and those behind it go
on; an endpoint that fails several times in a row rests, and a single attempt in a while finds out when it is back.
"""

import time
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils.translation import gettext as _

from integration_hub.connections.fields import DecryptionError
from integration_hub.contract import ProviderError
from integration_hub.http import clock, posting
from integration_hub.sync import ladder
from integration_hub.sync.lanes import LostLane
from integration_hub.sync.pacing import paced
from integration_hub.webhooks.out import claiming, nudge, outcome, signing, trouble
from integration_hub.webhooks.out.models import Delivery, Off, State, Subscription
from integration_hub.webhooks.out.outcome import End, Outcome

log = structlog.get_logger(__name__)

SHIFT = 8.0  # seconds; then the thread is given back and another nudge takes over
SLICE = 2.0  # seconds of one lane, then it goes to the back of the line
BATCH = 20  # deliveries read at once
PATIENCE = 15.0  # seconds one attempt may take
MARGIN = 5.0  # seconds before the lease's end by which it is over
LONG = 5_000  # milliseconds after which an endpoint counts as slow
LEAST = 8  # attempts before an event is given up, over the ladder's horizon
DOWN = 3  # failures in a row after which the endpoint rests
RESTS = (30, 60, 120, 300, 900, 1800, 3600)  # seconds after the third, fourth … failure in a row
HOUR = timedelta(hours=1)  # of nothing but failures, then people are told
DAYS = timedelta(days=5)  # of it, then it is switched off


def drain(seconds: float = SHIFT) -> int:
    """Serve lanes until none is due or the shift is over. How many attempts were made."""
    ends, made = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < ends:
            held = claiming.claim()
            if held is None:
                return made
            made += serve(held)
    except (OperationalError, InterfaceError):  # the database is away or busy: what was not committed is still due
        log.exception("database failed while sending webhooks")
        return made
    nudge.publish()
    return made


def repair() -> None:
    """For the sweep: as many words to the workers as lanes are due, since each thread serves one."""
    for _lane in range(min(claiming.due_count(), claiming.threads())):
        nudge.publish()


def serve(held: claiming.Claim) -> int:
    """One turn of a lane. How many attempts were made."""
    ends, made = time.monotonic() + SLICE, 0
    try:
        while batch := _due(held):
            for delivery in batch:
                goes_on = attempt(held, delivery)
                made += 1
                if not goes_on or time.monotonic() >= ends:
                    return made
        return made
    except LostLane:
        log.warning("a webhook's lane was lost", subscription=str(held.subscription))
        return made
    finally:
        claiming.release(held)


def _due(held: claiming.Claim) -> list[Delivery]:
    rows = Delivery.everywhere.filter(subscription=held.subscription, state=State.DUE, run_at__lte=clock.now())
    return list(rows.select_related("announcement", "subscription").order_by("id")[:BATCH])


def attempt(held: claiming.Claim, delivery: Delivery) -> bool:
    """Send one, and settle what came of it. Whether the lane may go on at once."""
    return settle(held, delivery, send(delivery))


def send(delivery: Delivery) -> Outcome:
    """One attempt; whatever goes wrong is an outcome."""
    subscription, body = delivery.subscription, delivery.announcement.body.encode()
    at, began = clock.seconds(), time.monotonic()
    seconds = min(PATIENCE, settings.SYNC_LEASE - SLICE - MARGIN)
    try:
        headers = signing.headers(secrets_of(subscription, clock.of(at)), event_id(delivery), int(at), body)
        reply = posting.post(subscription.url, body, headers, seconds=seconds, most=outcome.KEPT)
    except ProviderError as error:
        took = round((time.monotonic() - began) * 1000)
        return Outcome(End.AGAIN, sentence=error.sentence, slow=error.code == "timeout", milliseconds=took)
    except DecryptionError as error:
        return Outcome(End.AGAIN, sentence=str(error))
    except Exception:  # our bug: this one waits, those behind it go on
        log.exception("a webhook broke", delivery=str(delivery.pk))
        return Outcome(End.AGAIN, sentence=_("A fault in the hub broke this off; it is tried again."))
    took = round((time.monotonic() - began) * 1000)
    return replace(outcome.answered(reply, took), slow=took > LONG)


def event_id(delivery: Delivery) -> str:
    """The webhook-id: the same for every attempt and every replay."""
    return f"evt_{delivery.announcement_id.hex}"


def secrets_of(subscription: Subscription, now: datetime) -> list[str]:
    """What signs now: the secret, and the former one while both are valid. DecryptionError."""
    found = [subscription.secret]
    if subscription.former_until is not None and subscription.former_until > now:
        found.append(subscription.former_secret)
    return [str(secret) for secret in found if secret]


# --- what came of it ------------------------------------------------------------------------------------------------


def settle(held: claiming.Claim, delivery: Delivery, came: Outcome) -> bool:
    """The delivery's row and the endpoint's health, in one transaction. Whether the lane may go on at once."""
    with paced():
        endpoint, now = claiming.ours(held), clock.now()
        changes = _of_delivery(delivery, came, now)
        _note(delivery, came, now, changes)
        if came.end is End.DONE:
            _got_through(endpoint, came, now)
        else:
            _failed(endpoint, came, now)
        if changes["state"] == State.DEAD:
            trouble.tell_given_up(endpoint)
    return endpoint.active and (endpoint.not_before is None or endpoint.not_before <= now)


def _of_delivery(delivery: Delivery, came: Outcome, now: datetime) -> dict[str, object]:
    if came.end is End.DONE:
        return {"state": State.DONE, "settled_at": now, "failing_since": None}
    since, attempts = delivery.failing_since or now, delivery.attempts + 1
    over = came.end is End.GONE or (ladder.is_over(since, now) and attempts >= LEAST)
    return {
        "state": State.DEAD if over else State.DUE,
        "settled_at": now if over else None,
        "failing_since": since,
        "run_at": now + ladder.wait(attempts, least=came.rest),
    }


def _note(delivery: Delivery, came: Outcome, now: datetime, changes: dict[str, object]) -> None:
    """Somebody may have asked for it once more meanwhile: then the row is due from now on, whatever came of this."""
    Delivery.everywhere.filter(pk=delivery.pk, state=State.DUE).update(
        **changes,
        attempts=F("attempts") + 1,
        tried_at=now,
        status=came.status,
        milliseconds=came.milliseconds,
        response=came.response,
        sentence=came.sentence,
    )


def _got_through(endpoint: Subscription, came: Outcome, now: datetime) -> None:
    """What failed while it was down goes out now, in the order it happened, and not by a ladder of half days."""
    down_since = endpoint.failing_since if endpoint.failures >= DOWN else None
    _save(endpoint, failures=0, failing_since=None, not_before=None, sentence="", slow=came.slow, worked_at=now)
    if down_since is not None:
        waiting = Delivery.everywhere.filter(subscription=endpoint, state=State.DUE, run_at__gt=now)
        waiting.filter(tried_at__gte=down_since).update(run_at=now)
        trouble.works_again(endpoint)


def _failed(endpoint: Subscription, came: Outcome, now: datetime) -> None:
    """Every one of its deliveries waits where it asked for that, or fails again and again."""
    failures, since = endpoint.failures + 1, endpoint.failing_since or now
    rest = max(came.rest or 0.0, RESTS[min(failures - DOWN, len(RESTS) - 1)] if failures >= DOWN else 0.0)
    _save(
        endpoint,
        failures=failures,
        failing_since=since,
        not_before=now + timedelta(seconds=rest) if rest else None,
        sentence=came.sentence,
        slow=came.slow,
    )
    if came.end is End.GONE:
        _switch_off(endpoint, Off.GONE, now)
    elif failures >= LEAST and now - since >= DAYS:
        _switch_off(endpoint, Off.FAILING, now)
    elif now - since >= HOUR:
        trouble.tell_failing(endpoint)


def _switch_off(endpoint: Subscription, why: Off, now: datetime) -> None:
    _save(endpoint, active=False, off=why, off_at=now)
    log.warning("a webhook was switched off", subscription=str(endpoint.pk), why=why.value)
    trouble.tell_off(endpoint)


def _save(endpoint: Subscription, **changes: object) -> None:
    for name, value in changes.items():
        setattr(endpoint, name, value)
    Subscription.everywhere.filter(pk=endpoint.pk).update(**changes)
