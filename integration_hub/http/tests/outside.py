"""A small outside world for tests: a provider nobody knows, and a server on loopback that answers as it is told."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from integration_hub.contract import Account, Api, ApiKey, Provider, ProviderError, Rate, RateLimited, Reply, Secret
from integration_hub.http.door import Door

TOKEN = "patAbCdEfGhIjKlMn.0123456789abcdef"
FAST = Rate(calls=1000, seconds=1, bucket="shop")
SLOW = Rate(calls=5, seconds=1, bucket="shop", penalty=30)

Answer = Callable[["Handler"], None]


def explain(reply: Reply) -> ProviderError | None:
    """The provider's own words: a quota ("spent") is something else than going too fast."""
    if reply.status == 429:
        if reply.json() == {"error": "spent"}:
            return RateLimited("The month's calls are used up.", retry_after=3600, scope="account", code="spent")
        return RateLimited("Too fast.", retry_after=30, code="too_fast")
    return None


class Shop(Provider):
    key = "shop"
    name = "Shop"
    category = "tests"
    auth = ApiKey(secrets=(Secret("token", "Token"),))

    def __init__(self, *rates: Rate, explain: Callable[[Reply], ProviderError | None] = explain) -> None:
        self.api = Api("https://api.shop.example/v1", rates=rates or (FAST,), explain=explain)  # type: ignore[misc]

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {secrets['token']}"}

    def client(self, session: Any) -> Any:
        return session

    def check(self, client: Any) -> Account:
        return Account("1", "The shop")


def door_to(base_url: str = "https://api.shop.example/v1", provider: Provider | None = None, **kwargs: Any) -> Door:
    provider = provider or Shop()
    told: dict[str, Any] = {
        "account": "account-1",
        "company_id": None,
        "headers": provider.headers({"token": TOKEN}),
        "secrets": (TOKEN,),
    }
    return Door(provider, base_url=base_url, **{**told, **kwargs})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        outside: Outside = self.server.outside  # type: ignore[attr-defined]
        length = int(self.headers.get("Content-Length") or 0)
        outside.saw(self.command, self.path, dict(self.headers), self.rfile.read(length), self.client_address)
        outside.next_answer()(self)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class Outside:
    """What was asked of the server, and what it answers: the script in order, then `always`."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.port = server.server_port
        self.script: list[Answer] = []
        self.always: Answer = says(200, {"ok": True})
        self.seen: list[tuple[str, str, dict[str, str], bytes, Any]] = []
        self.times: list[float] = []
        self.ended = 0  # slow answers that were given to the end, because nobody hung up
        self._lock = threading.Lock()

    def saw(self, *what: Any) -> None:
        with self._lock:
            self.seen.append(what)
            self.times.append(time.monotonic())

    def next_answer(self) -> Answer:
        with self._lock:
            return self.script.pop(0) if self.script else self.always


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """Connections that break off are what these tests are about."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Outside]:
    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    outside = server.outside = Outside(server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield outside
    finally:
        server.shutdown()
        server.server_close()


def says(status: int, body: Any = None, *, text: str | None = None, **headers: str) -> Answer:
    """An honest answer; header names with underscores for dashes."""

    def answer(handler: Handler) -> None:
        raw = (json.dumps(body) if text is None else text).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(raw)

    return answer


def hangs_up(handler: Handler) -> None:
    """Reads the request and drops the connection."""
    handler.close_connection = True
    handler.connection.close()


def drips(*, headers: bool = False, every: float = 0.05, pieces: int = 400) -> Answer:
    """Sends a byte now and then, for much longer than anybody should wait."""

    def answer(handler: Handler) -> None:
        handler.close_connection = True
        start = b"HTTP/1.1 200 OK\r\n" if headers else b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"
        try:
            handler.wfile.write(start)
            for _piece in range(pieces):
                handler.wfile.write(b"X-A: b\r\n" if headers else b" ")
                handler.wfile.flush()
                time.sleep(every)
            handler.server.outside.ended += 1  # type: ignore[attr-defined]
        except OSError:
            return  # the door has hung up, as it should

    return answer


def sleeps(seconds: float) -> Answer:
    def answer(handler: Handler) -> None:
        handler.close_connection = True
        time.sleep(seconds)
        handler.server.outside.ended += 1  # type: ignore[attr-defined]

    return answer
