"""Which addresses may be called when people typed the host: none inside the house, whatever its name resolves to."""

import ipaddress
from collections.abc import Iterable

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.IPv6Network("::/96")
_LOW_32_BITS = 0xFFFFFFFF


class Blocked(Exception):
    """A host that people typed leads to a private address; nothing was sent."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def check(host: str, addresses: Iterable[str]) -> None:
    """Blocked when any of the addresses is not a public one. Call it with the very addresses that are connected to."""
    if exempt(host):
        return
    if not all(is_public(address) for address in addresses):
        raise Blocked(host)


def exempt(host: str) -> bool:
    """Whether the operator named this host in ALLOWED_PRIVATE_HOSTS."""
    return _plain(host) in {_plain(name) for name in settings.ALLOWED_PRIVATE_HOSTS}


def is_public(address: str) -> bool:
    """An IPv6 address that stands for an IPv4 one (mapped, NAT64) is judged by that; tunnels (6to4, Teredo) are out."""
    parsed = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(parsed, ipaddress.IPv4Address):
        return _public(parsed)
    if parsed.sixtofour or parsed.teredo or parsed in _V4_COMPATIBLE:
        return False
    if parsed in _NAT64:
        return _public(ipaddress.IPv4Address(int(parsed) & _LOW_32_BITS))
    return _public(parsed.ipv4_mapped or parsed)


def _public(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()
