"""Sending one request and reading its whole answer before a point in time."""

import json as jsonlib
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from integration_hub.contract import Reply
from integration_hub.contract.api import Json
from integration_hub.http.dial import Unreachable
from integration_hub.http.sockets import POOL, Adapter, OutOfTime, Turn, taking

MAX_BODY = 32 * 1024 * 1024  # bytes, unpacked
_CHUNK = 64 * 1024
_ALWAYS = {
    **requests.utils.default_headers(),  # what can be unpacked, and that the connection stays
    "User-Agent": "integration-hub/1",
    "Accept": "application/json",
}
_NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, ConnectionRefusedError)
_BAD_ADDRESS = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)


class Dropped(Exception):
    """The connection broke after the request had begun to leave."""


class TooLarge(Exception):
    """The answer was larger than MAX_BODY."""


@lru_cache(maxsize=64)
def session_for(base_url: str, trusted: bool) -> requests.Session:
    """The pool of connections to one address, and what every request to it carries."""
    session = requests.Session()
    session.headers.update(_ALWAYS)
    session.trust_env = False  # no .netrc in place of our keys, no proxies behind the guard's back
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter(pool_maxsize=POOL))
    return session


def send(
    base_url: str,
    path: str,
    *,
    method: str,
    headers: Mapping[str, str],
    params: Mapping[str, Any] | list[tuple[str, str]] | None,
    json: Json,
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
    ends: float,
    trusted: bool,
    most: int | None = None,
) -> Reply:
    """The answer, whole, or its first `most` bytes. `content` is sent as it is, in the place of JSON. Unreachable,
    guard.Blocked: it never left; OutOfTime, Dropped, TooLarge: it did."""
    url = f"{base_url.rstrip('/')}/{path.lstrip('/')}"
    body, kind = _encoded(json) if form is None else _as_form(form)
    body = body if content is None else content
    with taking(Turn(ends, trusted)):
        try:
            session = session_for(base_url, trusted)
            request = _prepared(method, url, params, {**_ALWAYS, **kind, **headers}, body)
            adapter = session.get_adapter(request.url or url)
            with adapter.send(
                request, stream=True, verify=session.verify or False, cert=session.cert, proxies={}
            ) as response:
                read = _body(response, ends) if most is None else _beginning(response, most)
                return Reply(response.status_code, response.headers, read)
        except _BAD_ADDRESS as error:
            raise Unreachable("address", str(error)) from None
        except (requests.exceptions.InvalidHeader, UnicodeError):
            raise Unreachable("key") from None  # the original carries the header's value
        except requests.RequestException as error:
            raise _meaning(error) from error


def _prepared(
    method: str,
    url: str,
    params: Mapping[str, Any] | list[tuple[str, str]] | None,
    headers: Mapping[str, str],
    body: bytes | None,
) -> requests.PreparedRequest:
    """What Session.request would send, without what we must not have: cookies (companies share the session), proxies
    and redirects (whose bodies it would read without a limit). Looking for them costs as much as the call itself."""
    request = requests.PreparedRequest()
    request.prepare_method(method)
    if params:
        request.prepare_url(url, params)
    else:
        request.url = _address(url)
    request.prepare_headers(headers)
    request.body = body or None
    if body:
        request.headers["Content-Length"] = str(len(body))
    else:
        request.prepare_content_length(None)
    if "@" in url:
        request.prepare_auth(None, url)  # a name and password in the address
    return request


@lru_cache(maxsize=256)
def _address(url: str) -> str | None:
    """As it is called: taking an address apart and putting it together costs as much as a good part of the call."""
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    return request.url


def _encoded(json: Json) -> tuple[bytes | None, dict[str, str]]:
    if json is None:
        return None, {}
    text = jsonlib.dumps(json, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.encode(), {"Content-Type": "application/json"}


def _as_form(form: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def _body(response: requests.Response, ends: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in _parts(response.raw):
        size += len(part)
        if size > MAX_BODY:
            raise TooLarge
        if time.monotonic() > ends:
            raise OutOfTime
        parts.append(part)
    return b"".join(parts)


def _parts(raw: Any) -> Iterator[bytes]:
    """What was sent, unpacked, as it comes. Dropped when it breaks off or cannot be unpacked."""
    plain = not raw.headers.get("content-encoding")
    try:
        while part := raw.read(_CHUNK, decode_content=True):
            yield part
            if plain and raw.length_remaining == 0:
                return  # asking whether there is more costs as much as the reading
    except HTTPError as error:
        raise Dropped(str(error)) from error


def _beginning(response: requests.Response, most: int) -> bytes:
    """The status is what counts: of a body that drips, breaks off or cannot be unpacked there is nothing to show."""
    try:
        read: bytes = response.raw.read(most, decode_content=True)
    except (OutOfTime, HTTPError, OSError):
        return b""
    return read[:most]


def _meaning(error: requests.RequestException) -> Exception:
    """What an error of requests means for us: did the request leave?"""
    if isinstance(error, requests.ConnectTimeout):
        return Unreachable("time", str(error))
    if isinstance(error, requests.Timeout):
        return OutOfTime()
    if any(isinstance(cause, _NEVER_LEFT) for cause in _causes(error)):
        return Unreachable("connect", str(error))
    return Dropped(str(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What is wrapped inside: requests and urllib3 put the original into `reason` or among the arguments."""
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            yield inner
            yield from _causes(inner)
