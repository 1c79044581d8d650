"""Opening a connection: name, address, socket. The one place where the wire begins, and where tests cut it.

The addresses a name resolves to are checked and then connected to themselves, so a name that answers differently the
second time changes nothing.
"""

import queue
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from integration_hub.http import guard

Resolved = tuple[Any, ...]  # an entry of getaddrinfo: family, kind, protocol, canonical name, address


class Unreachable(Exception):
    """The connection never came about, so nothing can have been sent. `why`: dns, connect, tls or time."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}")
        self.why = why


def dial(
    host: str, port: int, *, ends: float, trusted: bool, kind: type[socket.socket], options: Sequence[Any] = ()
) -> socket.socket:
    """A connected socket of class `kind` before `ends` (monotonic); Unreachable or guard.Blocked."""
    found = resolve(host, port, ends)
    if not trusted:
        guard.check(host, [entry[4][0] for entry in found])
    failure = Unreachable("dns", "no address")
    for entry in found:
        try:
            return _connect(entry, ends, kind, options)
        except TimeoutError as error:
            failure = Unreachable("time", str(error))
        except OSError as error:
            failure = Unreachable("connect", str(error))
    raise failure


def resolve(host: str, port: int, ends: float) -> list[Resolved]:
    """getaddrinfo knows no time-out, so it runs beside and is left behind when it takes too long."""
    answer: queue.SimpleQueue[list[Resolved] | OSError | UnicodeError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(list(socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        found = answer.get(timeout=max(0.0, ends - time.monotonic()))
    except queue.Empty:
        raise Unreachable("time", "the name was not resolved in time") from None
    if isinstance(found, (OSError, UnicodeError)):
        raise Unreachable("dns", str(found)) from found
    return found


def _connect(entry: Resolved, ends: float, kind: type[socket.socket], options: Sequence[Any]) -> socket.socket:
    family, type_, protocol, _name, address = entry
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time left")
    sock = kind(family, type_, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(left)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
