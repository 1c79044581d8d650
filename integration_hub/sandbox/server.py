"""The server: HTTP/1.1 with keep-alive, a thread for each connection, one write for each answer."""

from __future__ import annotations

import select
import socket
import threading
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from integration_hub.sandbox import pages
from integration_hub.sandbox.clock import Clock, http_date
from integration_hub.sandbox.control import control
from integration_hub.sandbox.wire import Request, Response
from integration_hub.sandbox.world import World

LARGEST = 16 * 1024 * 1024  # bytes of a body that are read at all


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    dropped = False

    def _serve(self) -> None:
        self.dropped = False
        address = urlsplit(self.path)
        key, _, rest = address.path.lstrip("/").partition("/")
        body = self._body()
        if body is None:
            simulator = self.server.world.simulators.get(key)
            self.close_connection = True
            self._send(simulator.refuse_body() if simulator else Response(413), None)
            return
        request = Request(
            method=self.command,
            path=rest,
            query=tuple(parse_qsl(address.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            url_length=len(self.path),
        )
        self._send(self._answer(key, request), self._clock(key))

    def _answer(self, key: str, request: Request) -> Response | None:
        world = self.server.world
        if key in world.simulators:
            return world.serve(key, request, self)
        if key == "_control":
            return control(world, request)
        return pages.answer(world, key, request)

    def _clock(self, key: str) -> Clock | None:
        simulator = self.server.world.simulators.get(key)
        return simulator.clock if simulator else None

    def _body(self) -> bytes | None:
        """The body, None when it is too large or its length is not told."""
        if self.headers.get("Transfer-Encoding"):
            return None
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST:
            return None
        return self.rfile.read(int(length))

    def _send(self, answer: Response | None, clock: Clock | None) -> None:
        if answer is None or self.dropped:
            self.close_connection = True
            return
        head = [
            f"HTTP/1.1 {answer.status} {responses.get(answer.status, '')}",
            f"Date: {http_date((clock or self.server.clock).now())}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
            *(["Connection: close"] if self.close_connection else []),
        ]
        body = b"" if self.command == "HEAD" else answer.body
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)

    def drop(self) -> None:
        self.dropped = self.close_connection = True
        _shut(self.connection)

    def gone(self, within: float) -> bool:
        watch = select.poll()
        watch.register(self.connection, select.POLLIN)
        try:
            return bool(watch.poll(within * 1000)) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the client left; there is nobody to tell

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are in the request log; nothing is printed."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was closed already


class Server(ThreadingHTTPServer):
    """Serves a world. `close` also ends the connections that clients keep open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, world: World, host: str = "127.0.0.1", port: int = 0) -> None:
        self.world = world
        self.clock = Clock()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def server_bind(self) -> None:
        """Without the base class's look-up of the host's name, which may wait for a name server."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def run(self, poll: float = 0.5) -> None:
        self.world.start()
        self.serve_forever(poll_interval=poll)

    def close(self) -> None:
        """After `shutdown`: end every connection, keep the state."""
        self.server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _shut(connection)
        self.world.close()
