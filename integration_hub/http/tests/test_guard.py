"""The guard: addresses people typed never lead into the house, whatever their names resolve to."""

import socket
from typing import Any

import pytest
from django.test import override_settings

from integration_hub.contract import ConfigError
from integration_hub.http import dial, guard
from integration_hub.http.tests.outside import Outside, door_to

PRIVATE = [
    "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "239.1.2.3", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe", "2001:db8::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_in_any_dress(address: str) -> None:
    assert guard.is_public(address) is False


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert guard.is_public(address) is True


def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(guard.Blocked):
        guard.check("both.example", ["8.8.8.8", "10.0.0.1"])


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1"])
def test_a_typed_address_of_this_machine_is_refused(outside: Outside, host: str) -> None:
    with pytest.raises(ConfigError, match="private network") as caught:
        door_to(f"http://{host}:{outside.port}", trusted=False).call("read", "GET", "/a")
    assert caught.value.code == "private_address"
    assert outside.seen == []


@pytest.mark.django_db
@override_settings(ALLOWED_PRIVATE_HOSTS=["LocalHost."])
def test_the_operator_may_name_hosts_of_the_house(outside: Outside) -> None:
    assert door_to(f"http://localhost:{outside.port}", trusted=False).call("read", "GET", "/a").ok
    with pytest.raises(ConfigError):
        door_to(f"http://127.0.0.1:{outside.port}", trusted=False).call("read", "GET", "/a")


@pytest.mark.django_db
def test_an_address_from_the_settings_is_trusted(outside: Outside) -> None:
    assert door_to(outside.url).call("read", "GET", "/a").ok
    with pytest.raises(ConfigError):  # and its open connection is not lent to one that is not
        door_to(outside.url, trusted=False).call("read", "GET", "/a")


class Rebinding:
    """A name server that answers something public first, and an address of the house from then on."""

    def __init__(self, port: int) -> None:
        self.asked = 0
        self.port = port

    def __call__(self, host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        self.asked += 1
        address = "93.184.216.34" if self.asked == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, self.port))]


@pytest.mark.django_db
def test_a_name_that_changes_its_mind_changes_nothing(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was checked is what is connected to: the name is asked once per connection."""
    connected: list[str] = []
    rebinding = Rebinding(outside.port)

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    from integration_hub.http.tests import wires

    monkeypatch.setattr(dial, "dial", wires._real_dial)
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr("integration_hub.http.sockets._Timed.connect", connect, raising=False)
    monkeypatch.setattr("integration_hub.http.door.TRIES", 1)
    door = door_to("http://rebind.example", trusted=False)
    with pytest.raises(Exception, match="cannot be reached"):
        door.call("read", "GET", "/a")
    assert (connected, rebinding.asked) == (["93.184.216.34"], 1)
    with pytest.raises(ConfigError):
        door.call("read", "GET", "/a")
    assert connected == ["93.184.216.34"]
    assert outside.seen == []
