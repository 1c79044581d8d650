"""One request to an address that people typed: nothing private, https, no redirect, little read of the answer."""

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
from django.utils.translation import gettext as _

from integration_hub.contract import ConfigError, Reply
from integration_hub.http import guard, transport
from integration_hub.http.failures import BROKEN, failure
from integration_hub.http.outside import refuse_inside_transaction

log = structlog.get_logger(__name__)


def post(url: str, content: bytes, headers: Mapping[str, str], *, seconds: float, most: int) -> Reply:
    """POST these very bytes; any status is an answer, of whose body the first `most` bytes are read. A ProviderError
    with a sentence where there is none."""
    refuse_inside_transaction()
    if problem := complaint(url):
        raise ConfigError(problem, code="address")
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host, began = parts.hostname or "", time.monotonic()
    try:
        reply = transport.send(
            f"{parts.scheme}://{parts.netloc}",
            path,
            method="POST",
            headers=headers,
            params=None,
            json=None,
            content=content,
            ends=began + seconds,
            trusted=False,
            most=most,
        )
    except BROKEN as broken:
        error = failure(host, broken, repeatable=True).error
        _note(host, began, outcome=error.remedy, code=error.code)
        raise error from broken
    _note(host, began, outcome="ok" if reply.ok else "refused", status=reply.status)
    return reply


def complaint(url: str) -> str:
    """What is wrong with an address before anybody looks up its name; empty when nothing is. Plain http only to hosts
    that the operator named in ALLOWED_PRIVATE_HOSTS."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in ("http", "https") or not url.isprintable() or " " in url:
        return _("This is not a web address. It begins with https:// and names a server.")
    if "@" in parts.netloc:
        return _("Leave the name and password out of the address; our signature says who calls.")
    if parts.scheme == "http" and not guard.exempt(host):
        return _("The address must begin with https://: what is sent holds personal data.")
    return ""


def _note(host: str, began: float, **told: object) -> None:
    """No path, header or body is written down: an address may hold a key."""
    log.info(
        "outside call", provider="webhook", host=host, duration_ms=round((time.monotonic() - began) * 1000), **told
    )
