"""The addresses providers report to: one base view, which reads the body before anything else, byte by byte."""

from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from psycopg_pool import PoolTimeout
from rest_framework.request import Request
from rest_framework.views import APIView

from integration_hub.connections.fields import DecryptionError
from integration_hub.contract import Incoming, Provider, Webhook, registry
from integration_hub.http import clock
from integration_hub.rest.problems import BUSY_RETRY_AFTER, Problem, answer
from integration_hub.webhooks import receiving

log = structlog.get_logger(__name__)


class WebhookView(APIView):
    """A connection's own address, or the provider's for all of them. Whoever signs is let in: there is nobody to
    authenticate, nothing to parse and no throttle. Which methods are taken, the provider declares."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    schema = None  # the provider's own documents say what comes here

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """No negotiation: a provider may accept whatever it likes."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {}

    def take(self, request: Request, provider: str, connection: UUID | None = None) -> HttpResponse:
        return taken(request._request, provider, connection)

    get = post = put = patch = delete = head = take
    options = take  # type: ignore[assignment]


def taken(request: HttpRequest, provider: str, connection: UUID | None) -> HttpResponse:
    try:
        declared = registry.provider(provider)
    except KeyError:
        return _nobody()
    door = declared.webhook
    if door is None or (connection is None and not _is_shared(door, request)):
        return _nobody()
    if request.method not in door.methods:
        return answer(Problem("method", headers={"Allow": ", ".join(door.methods)}))
    raw = _body(request, door.largest)
    if raw is None:
        return answer(Problem("too-large"))
    return _answered(declared, door, _incoming(request, raw), connection)


def _is_shared(door: Webhook, request: HttpRequest) -> bool:
    return request.path.strip("/") in door.addresses


def _answered(provider: Provider, door: Webhook, incoming: Incoming, connection: UUID | None) -> HttpResponse:
    try:
        given = receiving.receive(provider, door, incoming, connection)
    except receiving.Unknown:
        return _nobody()
    except (DatabaseError, InterfaceError, PoolTimeout, DecryptionError) as error:
        log.error("a webhook could not be stored", provider=provider.key, error=type(error).__name__)
        return _busy()
    except Exception:  # a bug of ours: the provider will send it again
        log.exception("a webhook broke", provider=provider.key)
        return _busy()
    if given.status == 401:
        return answer(Problem("unauthenticated", _("The signature, its time or the body is wrong.")))
    return HttpResponse(status=given.status) if given.body is None else JsonResponse(given.body, safe=False)


def _nobody() -> HttpResponse:
    return answer(Problem("not-found", _("There is no such webhook address.")))


def _busy() -> HttpResponse:
    return answer(Problem("unavailable", headers={"Retry-After": BUSY_RETRY_AFTER}))


def _body(request: HttpRequest, largest: int) -> bytes | None:
    """The body; None when it is larger than `largest` bytes, of which no more are read."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdigit() and int(length) > largest:
        return None
    stream: Any = request
    if not length and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        stream = request.META["wsgi.input"]  # Django reads as much as the header tells, which is nothing here
    raw: bytes = stream.read(largest + 1)
    return raw if len(raw) <= largest else None


def _incoming(request: HttpRequest, raw: bytes) -> Incoming:
    headers = {name.lower(): value for name, value in request.headers.items()}
    url = settings.PUBLIC_URL + request.get_full_path()
    return Incoming(str(request.method), url, headers, raw, clock.seconds())
