"""Two at once, on two database connections."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from integration_hub.companies.models import Company
from integration_hub.connections import rotation, services
from integration_hub.connections.models import Connection
from integration_hub.connections.tests.conftest import NEW_KEY
from integration_hub.connections.tests.toy import GOOD, OTHER_ACCOUNT, SAME_ACCOUNT, Toy
from integration_hub.notices.models import AuditEvent, Problem

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act returned or raised."""
    barrier, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            outcomes[number] = act()
        except Exception as error:
            outcomes[number] = error  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def connect(company: Company, key: str, **more: Any) -> Callable[[], Connection]:
    return lambda: services.connect(company, "toy", {"api_key": key, "signing": "s"}, {}, actor="x", **more)


@pytest.mark.parametrize("_round", range(3))
def test_two_first_connects_make_one_row(company: Company, toy: Toy, _round: int) -> None:
    outcomes = at_once(connect(company, GOOD), connect(company, SAME_ACCOUNT))
    assert all(isinstance(one, Connection) for one in outcomes), outcomes
    row = Connection.everywhere.get()
    assert (row.key_version, row.status) == (2, "connected")
    assert row.api_key in (GOOD, SAME_ACCOUNT)


@pytest.mark.parametrize("_round", range(3))
def test_two_accounts_at_once_do_not_mix(company: Company, toy: Toy, _round: int) -> None:
    outcomes = at_once(connect(company, GOOD), connect(company, OTHER_ACCOUNT))
    assert sorted(type(one).__name__ for one in outcomes) == ["Connection", "OtherAccount"]
    row = Connection.everywhere.get()
    assert (row.api_key, row.account_id) in ((GOOD, "acc-1"), (OTHER_ACCOUNT, "acc-2"))


@pytest.mark.parametrize("_round", range(3))
def test_two_reconnects_at_once_end_with_one_good_key(company: Company, connected: Connection, _round: int) -> None:
    services.needs_reconnect(connected.pk, "The key ended.")
    at_once(connect(company, GOOD), connect(company, SAME_ACCOUNT))
    row = Connection.everywhere.get()
    assert (row.status, row.key_version, row.last_error) == ("connected", 3, "")
    assert not Problem.everywhere.filter(closed_at=None).exists()


@pytest.mark.parametrize("_round", range(3))
def test_of_many_who_notice_one_tells(connected: Connection, _round: int) -> None:
    outcomes = at_once(*[lambda: services.needs_reconnect(connected.pk, "The key ended.")] * 4)
    assert sorted(outcomes) == [False, False, False, True]
    assert Problem.everywhere.count() == 1
    assert AuditEvent.everywhere.filter(action="connection.needs_reconnect").count() == 1


@pytest.mark.parametrize("_round", range(3))
def test_settings_of_two_people_both_stay(connected: Connection, _round: int) -> None:
    mine, theirs = (Connection.everywhere.get() for _ in range(2))
    at_once(
        lambda: services.update_settings(mine, {"note": "mine"}, actor="x"),
        lambda: services.update_settings(theirs, {"limit": "7"}, actor="y"),
    )
    kept = Connection.everywhere.get().settings
    assert (kept["note"], kept["limit"]) == ("mine", 7)


def test_rotation_and_a_busy_writer(connected: Connection) -> None:
    """Whatever is saved while keys rotate is the value that stays, and it is under the new key."""

    def write() -> None:
        for number in range(40):
            Connection.everywhere.filter(pk=connected.pk).update(api_key=f"key-{number}")

    def turn() -> None:
        for store in rotation.field_stores() * 5:
            rotation.rotate(store)

    with override_settings(FIELD_ENCRYPTION_KEY=[NEW_KEY, *settings.FIELD_ENCRYPTION_KEY]):
        assert at_once(write, turn) == [None, None]
        assert Connection.everywhere.get().api_key == "key-39"
        assert all(rotation.count(store).left == 0 for store in rotation.field_stores())
