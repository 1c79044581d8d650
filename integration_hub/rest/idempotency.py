"""Idempotency-Key: an unsafe request repeated with the same key has one effect and gets the same answer.

The key is claimed in a row of its own, visible at once, so that a second request meets it (409) instead of waiting.
The answer is stored in the transaction of the effect. Who was killed in between left no effect: after CLAIM_SECONDS
another request takes the key over, and should the first one live after all, it finds its claim gone and rolls back.
"""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from integration_hub.rest.models import IdempotencyKey
from integration_hub.rest.problems import Problem, bad_parameter
from integration_hub.rest.requests import company_of, token_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
CLAIM_SECONDS = 60
KEPT_HEADERS = ("Location", "Content-Language")
Work = Callable[[], HttpResponseBase]


def asked(request: Request) -> bool:
    return HEADER in request.headers and request.method not in SAFE_METHODS


def once(request: Request, work: Work, *, atomic: bool = True) -> HttpResponseBase:
    """The answer of `work`, or the one an earlier request with this key got.

    Only answers that took effect (2xx) are kept; after an error the key is free again. `atomic=False` is for work that
    calls the outside world and therefore cannot run in one transaction; it must be repeatable by itself.
    """
    row = claim(request, read_key(request), digest(request))
    if row.status is not None:
        return replay(row)
    kept = False
    try:
        if atomic:
            with transaction.atomic():
                response = work()
                kept = keep(row, response)
        else:
            response = work()
            kept = keep(row, response)
    finally:
        if not kept:
            release(row)
    return response


def read_key(request: Request) -> str:
    key = str(request.headers[HEADER]).strip()
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise bad_parameter(HEADER, _("A key has 1 to 255 printable characters; a new UUID is a good one."))
    return key


def digest(request: Request) -> str:
    """What was asked: method, address and body, as one hash."""
    plain = request._request
    head = f"{plain.method} {plain.get_full_path()}\n".encode()
    return hashlib.sha256(head + plain.body).hexdigest()


def owner(request: Request) -> dict[str, Any]:
    """Keys of different tokens and people never meet."""
    token, company = token_of(request), company_of(request)
    user = None if token is not None else request.user
    return {"company": company, "token": token, "user": user}


def claim(request: Request, key: str, asked_for: str) -> IdempotencyKey:
    """A row claimed by us, or one with its answer. Problem 409 while another request runs, 422 for another request."""
    now = timezone.now()
    who = owner(request)
    row = IdempotencyKey.everywhere.filter(**who, key=key).first()  # a read: it waits for nobody's transaction
    if row is not None and row.created_at < now - KEPT:
        IdempotencyKey.everywhere.filter(pk=row.pk).delete()
        row = None
    if row is None:
        row = _first(who, key, asked_for, now)
        if row is not None:
            return row
        row = IdempotencyKey.everywhere.get(**who, key=key)  # another request was quicker
    if row.digest != asked_for:
        raise Problem("key-reused", _("This Idempotency-Key came with another request before. Use a new key."))
    if row.status is None:
        _take_over(row, now)
    return row


def _first(who: dict[str, Any], key: str, asked_for: str, now: datetime) -> IdempotencyKey | None:
    until = now + timedelta(seconds=CLAIM_SECONDS)
    row = IdempotencyKey(**who, key=key, digest=asked_for, claim=uuid.uuid4(), claimed_until=until, created_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return None
    return row


def _take_over(row: IdempotencyKey, now: datetime) -> None:
    """The one who claimed it is silent for too long: it is ours, if nobody else is quicker."""
    mine = uuid.uuid4()
    gone = IdempotencyKey.everywhere.filter(pk=row.pk, claim=row.claim, status=None, claimed_until__lt=now)
    until = now + timedelta(seconds=CLAIM_SECONDS)
    if row.claimed_until >= now or not gone.update(claim=mine, claimed_until=until):
        raise Problem("still-running", headers={"Retry-After": "1"})
    row.claim = mine


def keep(row: IdempotencyKey, response: HttpResponseBase) -> bool:
    """Store the answer beside its effect, of one with a secret what it says may be `kept`. Problem 409 (and so a
    rollback) when our claim was taken over."""
    if not 200 <= response.status_code < 300:
        return False
    data = getattr(response, "kept", getattr(response, "data", None))
    body = "" if data is None else JSONRenderer().render(data).decode()
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    mine = IdempotencyKey.everywhere.filter(pk=row.pk, claim=row.claim, status=None)
    if not mine.update(status=response.status_code, headers=headers, answer=body):
        raise Problem("still-running", headers={"Retry-After": "1"})
    return True


def release(row: IdempotencyKey) -> None:
    """Nothing took effect: the key may be used again."""
    IdempotencyKey.everywhere.filter(pk=row.pk, claim=row.claim, status=None).delete()


def replay(row: IdempotencyKey) -> HttpResponse:
    response = HttpResponse(row.answer, status=row.status)
    if row.answer:
        response["Content-Type"] = "application/json"
    else:
        del response["Content-Type"]
    for name, value in (row.headers | {REPLAYED: "true"}).items():
        response[name] = value
    return response


def expired(now: datetime) -> QuerySet[IdempotencyKey]:
    """Answers kept long enough, for the nightly pruning."""
    return IdempotencyKey.everywhere.filter(created_at__lt=now - KEPT)
