"""Pooled connections that mind the time: every read and write of a socket may take only what is left of the turn.

The time-outs of requests hold for each single read, so a server that drips bytes or headers would outlast them.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager
from urllib3.util.ssl_ import create_urllib3_context

from integration_hub.http import dial
from integration_hub.http.dial import Unreachable

IDLE = 20.0  # seconds after which a pooled connection is not trusted to be alive
POOL = 48  # as many as calls may be in flight, and some


class OutOfTime(Exception):
    """The turn ended after the request had begun to leave."""


@dataclass(frozen=True)
class Turn:
    """What holds for the request this thread is sending: when it must be over (monotonic), and the guard."""

    ends: float
    trusted: bool


_local = threading.local()


@contextmanager
def taking(turn: Turn) -> Iterator[None]:
    """The sockets this thread uses meanwhile obey this turn."""
    _local.turn = turn
    try:
        yield
    finally:
        _local.turn = None


def _turn() -> Turn:
    turn: Turn | None = getattr(_local, "turn", None)
    if turn is None:
        raise RuntimeError("a connection of the door was used outside of sockets.taking")
    return turn


class _Timed(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._mind_the_time()
        try:
            return super().recv_into(*args, **kwargs)
        except TimeoutError:
            raise OutOfTime from None

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._mind_the_time()
        try:
            return super().send(*args, **kwargs)
        except TimeoutError:
            raise OutOfTime from None

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._mind_the_time()
        try:
            super().sendall(*args, **kwargs)
        except TimeoutError:
            raise OutOfTime from None

    def _mind_the_time(self) -> None:
        left = _turn().ends - time.monotonic()
        if left <= 0:
            raise OutOfTime
        self.settimeout(left)


class _TimedTLS(_Timed, ssl.SSLSocket):
    """`_Timed` comes first, ssl.SSLSocket does the reading."""


class _Plain(HTTPConnection):
    used_at = 0.0

    def _new_conn(self) -> socket.socket:
        turn = _turn()
        sock = dial.dial(
            self.host,
            self.port or self.default_port,
            ends=turn.ends,
            trusted=turn.trusted,
            kind=_Timed,
            options=self.socket_options or (),
        )
        sock.settimeout(max(0.001, turn.ends - time.monotonic()))  # holds for the TLS handshake
        return sock


class _Secure(_Plain, HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except (HTTPError, OSError) as error:  # ssl.SSLError is an OSError
            raise Unreachable("time" if isinstance(error, TimeoutError) else "tls", str(error)) from error


class _PlainPool(HTTPConnectionPool):
    """A connection that idled for long is closed: the other side may have too, and no write should find that out."""

    ConnectionCls = _Plain

    def _get_conn(self, timeout: float | None = None) -> Any:
        conn: Any = super()._get_conn(timeout)
        if conn.sock is not None and time.monotonic() - conn.used_at > IDLE:
            conn.close()
        return conn

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.used_at = time.monotonic()
        super()._put_conn(conn)


class _SecurePool(_PlainPool, HTTPSConnectionPool):
    ConnectionCls = _Secure


@lru_cache(maxsize=256)
def _after_host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


class Adapter(HTTPAdapter):
    """requests over the connections above."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        self.pools: dict[tuple[Any, ...], Any] = {}
        context = create_urllib3_context()
        context.sslsocket_class = _TimedTLS
        self.poolmanager = PoolManager(connections, maxsize=maxsize, block=block, ssl_context=context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """The pool of an address, found once: there are no proxies, and the session's ways never change."""
        place = (*(request.url or "").split("/", 3)[:3], verify)
        if place not in self.pools:
            self.pools[place] = super().get_connection_with_tls_context(request, verify, proxies, cert)
        return self.pools[place]

    def close(self) -> None:
        self.pools.clear()
        super().close()

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        """What follows the host: there are no proxies, which would want to see it whole."""
        return _after_host(request.url or "")

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """What the door reads of an answer. No cookies (companies share the connections), no guess at the encoding."""
        response = Response()
        response.status_code, response.reason, response.url = resp.status, resp.reason, req.url or ""
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw, response.request = resp, req
        return response
