"""Fetching a file that a provider names by an address: streamed to disk, from known hosts only, with a limit on its
size and on the time. The address is theirs, so the guard looks at it, and no key goes along."""

import hashlib
import time
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
from django.utils.translation import gettext as _

from integration_hub.contract import ConfigError, Provider, Rejected, TransientError
from integration_hub.http import transport
from integration_hub.http.dial import Unreachable
from integration_hub.http.failures import BROKEN, failure
from integration_hub.http.outside import refuse_inside_transaction
from integration_hub.http.sockets import OutOfTime, Turn, taking
from integration_hub.settings import provider_url

SECONDS = 60.0  # a file may take, body included
_CHUNK = 64 * 1024


def fetch(provider: Provider, url: str, file: BinaryIO, *, most: int) -> tuple[int, str]:
    """Write what lies at this address into `file`; its size in bytes and its SHA-256. Outside transactions.

    Rejected (code too_large) when it has more than `most` bytes, TransientError when it did not come whole, ConfigError
    when the address is none that files of this provider may have."""
    refuse_inside_transaction()
    base, trusted = _allowed(provider, url)
    ends = time.monotonic() + SECONDS
    with taking(Turn(ends, trusted)):
        try:
            return _stream(provider, base, url, file, most, trusted=trusted, ends=ends)
        except requests.RequestException as error:
            raise failure(provider.name, transport._meaning(error), repeatable=True).error from error
        except BROKEN as broken:
            raise failure(provider.name, broken, repeatable=True).error from broken


def _allowed(provider: Provider, url: str) -> tuple[str, bool]:
    """The address's own root, and whether the guard may let it be: where the operator points the provider elsewhere
    (at the sandbox, say), files come from there as well."""
    parts = urlsplit(url)
    host, declared = (parts.hostname or "").lower(), provider.api.base_url
    elsewhere = provider_url(provider.key, declared)
    root = f"{parts.scheme}://{parts.netloc}"
    if elsewhere != declared and host == (urlsplit(elsewhere).hostname or "").lower():
        return root, True
    known = any(host == one or host.endswith(f".{one}") for one in provider.api.downloads)
    if parts.scheme != "https" or not known or "@" in parts.netloc:
        text = _("%(name)s names a file at %(host)s, from where the hub fetches nothing.")
        raise ConfigError(text % {"name": provider.name, "host": host or "?"}, code="strange_host")
    return root, False


def _stream(
    provider: Provider, base: str, url: str, file: BinaryIO, most: int, *, trusted: bool, ends: float
) -> tuple[int, str]:
    session = transport.session_for(base, trusted)
    request = requests.PreparedRequest()
    request.prepare_method("GET")
    request.prepare_url(url, None)
    request.prepare_headers({**session.headers, "Accept": "*/*"})
    adapter = session.get_adapter(request.url or url)
    with adapter.send(request, stream=True, verify=session.verify or False, cert=session.cert, proxies={}) as answer:
        if answer.status_code != 200:
            raise _refused(provider, answer.status_code)
        return _copied(answer, file, most, ends)


def _copied(answer: requests.Response, file: BinaryIO, most: int, ends: float) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for part in answer.iter_content(_CHUNK):
        size += len(part)
        if size > most:
            raise too_large(most)
        if time.monotonic() > ends:
            raise OutOfTime
        digest.update(part)
        file.write(part)
    told = answer.headers.get("Content-Length", "")
    if told.isdigit() and not answer.headers.get("Content-Encoding") and int(told) != size:
        raise Unreachable("connect", "the file broke off")
    return size, digest.hexdigest()


def too_large(most: int) -> Rejected:
    text = _("The file is larger than %(most)d MB, which the hub does not copy.")
    return Rejected(text % {"most": most // (1024 * 1024)}, code="too_large")


def _refused(provider: Provider, status: int) -> TransientError:
    """Addresses of files die: the next try asks for a new one."""
    text = _("%(name)s did not give out the file (status %(status)d). We try again by ourselves.")
    return TransientError(text % {"name": provider.name, "status": status}, code="no_file", status=status)
