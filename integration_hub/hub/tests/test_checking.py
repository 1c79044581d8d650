"""A key is tried while it is typed: nothing is saved, nobody but admins may, and no log hears of it."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from integration_hub.companies.models import Company, User
from integration_hub.connections.models import Connection
from integration_hub.contract import Account
from integration_hub.http import door
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.hub.tests.paper import PROVIDER
from integration_hub.notices.models import AuditEvent, Problem

pytestmark = pytest.mark.django_db
Login = Callable[[User], Client]
CHECK = "/admin/hub/paper/check/"


@pytest.fixture(autouse=True)
def nobody_asked_before() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def check(client: Client, key: str, **more: str) -> tuple[int, str]:
    answer = client.post(CHECK, {"api_key": key, "drawer": "1", **more})
    return answer.status_code, answer.content.decode().strip()


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("good-zoe", '<span class="checked ok">Works: Drawer of zoe.</span>'),
        ("bad-zoe", '<span class="checked bad">Paper does not know this key.</span>'),
        ("slow-zoe", '<span class="checked bad">Paper did not answer in time. Try again in a minute.</span>'),
        ("half", '<span class="checked bad">A key begins with good- or bad-.</span>'),
        ("", '<span class="checked bad">Drawer key is missing.</span>'),
    ],
)
def test_what_is_said_of_a_key(login: Login, alice: User, key: str, line: str) -> None:
    assert check(login(alice), key) == (200, line)
    assert not Connection.everywhere.exists() and not AuditEvent.everywhere.exists() and not Problem.everywhere.exists()


def test_what_the_key_lacks_is_said(login: Login, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("zoe", "Drawer of zoe", missing=("draw",))
    monkeypatch.setattr(PROVIDER, "check", lambda client: account, raising=False)
    _status, line = check(login(alice), "good-zoe")
    assert line == '<span class="checked warn">Works: Drawer of zoe. It lacks these permissions: draw.</span>'


def test_a_connected_provider_stays_as_it_is(login: Login, alice: User, drawer: Drawer) -> None:
    before = Connection.everywhere.values().get()
    assert "Drawer of zoe" in check(login(alice), "good-zoe")[1]
    assert Connection.everywhere.values().get() == before


def test_the_key_is_neither_repeated_nor_logged(login: Login, alice: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for key in ("good-verysecret", "bad-verysecret", "verysecret"):
            cache.clear()
            assert "verysecret" not in check(login(alice), key)[1].replace("Drawer of verysecret", "")
    assert caplog.records and "verysecret" not in caplog.text


def test_nobody_asks_more_often_than_every_two_seconds(
    login: Login, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(client: str) -> Account:
        asked.append(client)
        return Account("zoe", "zoe")

    monkeypatch.setattr(PROVIDER, "check", counted, raising=False)
    client = login(alice)
    assert check(client, "good-zoe")[0] == 200
    answer = client.post(CHECK, {"api_key": "good-zoe", "drawer": "1"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert asked == ["good-zoe"]


def test_staff_and_strangers_may_not(login: Login, bob: User, charlie: User, company: Company) -> None:
    assert check(login(bob), "good-zoe")[0] == 403
    assert Client().post(CHECK, {"api_key": "good-zoe"}).status_code == 302
    assert login(charlie).get(CHECK).status_code == 405


def test_the_provider_has_five_seconds(login: Login, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call of the check ends within them, whatever the client asks for."""
    left: list[float] = []

    def looked(client: str) -> Account:
        left.append(door._hurry.get() - time.monotonic())
        return Account("zoe", "zoe")

    monkeypatch.setattr(PROVIDER, "check", looked, raising=False)
    check(login(alice), "good-zoe")
    assert 0 < left[0] <= 5.0
    assert door._hurry.get() == float("inf")


def test_the_form_says_what_fits(login: Login, alice: User) -> None:
    page = login(alice).get("/admin/hub/paper/").content.decode()
    assert 'data-fits="(good|bad|slow)-\\w+"' in page and f'hx-post="{CHECK}" hx-trigger="fits"' in page
    assert "data-stored" not in page


def test_a_stored_key_need_not_be_typed_again(login: Login, alice: User, drawer: Drawer) -> None:
    page: Any = login(alice).get("/admin/hub/paper/").content.decode()
    assert 'data-stored="true"' in page
