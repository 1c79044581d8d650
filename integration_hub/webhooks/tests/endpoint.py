"""An endpoint that takes our webhooks: it keeps what comes and answers what it is told to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

ALLOWED = "127.0.0.1"  # what ALLOWED_PRIVATE_HOSTS must name


@dataclass
class Came:
    """One request."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    def verified(self, secret: str) -> Any:
        """The vendor's own verifier's word."""
        return Webhook(secret).verify(self.raw, self.headers)


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Endpoint:
    """`answer(came)` decides; the default is 204."""

    url: str = ""
    came: list[Came] = field(default_factory=list)
    answer: Callable[[Came], Answer] = lambda came: (204, {}, b"")

    def says(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.answer = lambda came: (status, headers or {}, body)

    @property
    def types(self) -> list[str]:
        return [each.body["type"] for each in self.came]


@contextmanager
def running() -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            came = Came(self.path, {name.lower(): value for name, value in self.headers.items()}, raw)
            found.came.append(came)
            status, headers, body = found.answer(came)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer((ALLOWED, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True).start()
    found.url = f"http://{ALLOWED}:{server.server_address[1]}/hook"
    yield found
    server.shutdown()
    server.server_close()
