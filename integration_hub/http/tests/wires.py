"""How tests cut the wire: what stands in for `dial.dial`."""

import ipaddress
import socket
from typing import Any, NoReturn

from integration_hub.http import dial


class WireCut(RuntimeError):
    """A test would have called the outside world."""


def cut(host: str, port: int, **kwargs: Any) -> NoReturn:
    raise WireCut(f"a test tried to reach {host}:{port}; use `responses`, or the `wire` fixture for loopback")


def loopback_only(host: str, port: int, **kwargs: Any) -> socket.socket:
    """The real thing, for a server of the test on this machine."""
    found = dial.resolve(host, port, kwargs["ends"])
    if not all(ipaddress.ip_address(entry[4][0]).is_loopback for entry in found):
        cut(host, port)
    return _real_dial(host, port, **kwargs)


_real_dial = dial.dial
