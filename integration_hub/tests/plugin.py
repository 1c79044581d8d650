"""pytest plugin of the house: environment of the tests, and the cast every test may call on.

Loaded by pytest.ini before Django's settings are read. PostgreSQL and Redis are used only when TEST_DATABASE_URL and
TEST_REDIS_URL name them.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from integration_hub.companies.models import ApiToken, Company, User


def own_redis(url: str) -> str:
    """Each of xdist's workers has a Redis database of its own, as each has its own SQL database."""
    head, number = re.fullmatch(r"(.*?)(?:/(\d+))?", url).groups()  # type: ignore[union-attr]
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    return f"{head}/{int(number or 0) + worker}" if url else ""


VAR = Path(os.environ.get("TEST_VAR_DIR") or tempfile.mkdtemp(prefix="hub-tests-"))
(VAR / "static").mkdir(parents=True, exist_ok=True)
if "TEST_VAR_DIR" not in os.environ:
    atexit.register(shutil.rmtree, VAR, ignore_errors=True)
os.environ.update(
    HUB_ENV_FILE="0",
    VAR_DIR=str(VAR),
    SECRET_KEY="tests-only-" + "k" * 50,
    FIELD_ENCRYPTION_KEY="a2V5LWZvci10ZXN0cy1vbmx5LTMyLWJ5dGVzLWxvbmc=",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{VAR / 'unused.sqlite3'}",
    REDIS_URL=own_redis(os.environ.get("TEST_REDIS_URL", "")),
    SQLITE_SYNCHRONOUS="OFF",
    PUBLIC_URL="http://localhost:8000",
    DEBUG="0",
)
# A machine that is busy with other things fails no test.
hypothesis.settings.register_profile("hub", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("hub")


# --- speed ------------------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Passwords of tests need no strong hash, and tables are emptied without Django's long way around."""
    from django.conf import settings

    from integration_hub.tests import emptying

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    emptying.install()
    look_for_static_files_once()


def look_for_static_files_once() -> None:
    """Each test client has a server's middleware of its own, and would look through all files again."""
    from whitenoise.middleware import WhiteNoiseMiddleware as Server  # type: ignore[import-untyped]

    look, found = Server.add_files_from_finders, dict[str, Any]()

    def remembered(server: Any) -> None:
        if not found:
            look(server)
            found.update(server.files)
        server.files.update(found)

    Server.add_files_from_finders = remembered


def pytest_collection_finish() -> None:
    """What is loaded by now stays, and the garbage collector need not look through it again and again."""
    gc.set_threshold(20_000, 20, 20)
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nobody_else_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses that leave SQLite's lock to people are short where no people are."""
    from integration_hub.connections import pacing

    monkeypatch.setattr(pacing, "LONGEST", 0.001)


# --- the wire: cut in one place ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def wire_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """No call leaves through the door, except into `responses`; and nobody waits between the tries of a call."""
    from integration_hub.http import dial, door
    from integration_hub.http.tests import wires

    monkeypatch.setattr(dial, "dial", wires.cut)
    monkeypatch.setattr(door, "WAITS", (0.0, 0.0))


@pytest.fixture
def wire(wire_is_cut: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets calls to this machine's own loopback addresses through, for a simulator or a server of the test."""
    from integration_hub.http import dial
    from integration_hub.http.tests import wires

    monkeypatch.setattr(dial, "dial", wires.loopback_only)


# --- the order --------------------------------------------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole hubs and browsers first: at the end one of them would keep a single process busy while the others wait."""
    items.sort(key=lambda item: not takes_long(item))


def takes_long(item: pytest.Item) -> bool:
    return "browser" in getattr(item, "fixturenames", ()) or item.get_closest_marker("kill") is not None


# --- the browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, one for each file of tests: its loop would stand in the way of tests that run their own."""
    from integration_hub.tests import chromium

    with chromium.launched() as launched:
        yield launched


# --- the cast: two companies and the people who work for them ---------------------------------------------------------


def person(username: str, company: Company | None, role: str, **attributes: Any) -> User:
    """Somebody who logs in with the password "password"; a member of `company` where one is given."""
    from integration_hub.companies.models import Membership, User

    user = User.objects.create_user(username, f"{username}@example.com", "password", is_staff=True, **attributes)
    if company is not None:
        Membership.everywhere.create(company=company, user=user, role=role)
    return user


@pytest.fixture
def company(db: None) -> Company:
    from integration_hub.companies.models import Company

    return Company.objects.create(name="Alice's", slug="alices", timezone="Europe/Bucharest", currency="EUR")


@pytest.fixture
def other_company(db: None) -> Company:
    from integration_hub.companies.models import Company

    return Company.objects.create(name="Charlie's", slug="charlies", timezone="America/New_York", currency="USD")


@pytest.fixture
def alice(company: Company) -> User:
    """An admin of `company`."""
    return person("alice", company, "admin")


@pytest.fixture
def bob(company: Company) -> User:
    """Staff of `company`."""
    return person("bob", company, "staff")


@pytest.fixture
def charlie(other_company: Company) -> User:
    """An admin of `other_company`."""
    return person("charlie", other_company, "admin")


@pytest.fixture
def entered(company: Company) -> Iterator[Company]:
    """The test runs inside `company`."""
    from integration_hub.companies import scope

    with scope.entered(company.pk):
        yield company


@pytest.fixture
def api_token(company: Company) -> tuple[ApiToken, str]:
    """A token of `company` that may do everything, and its text."""
    from integration_hub.companies import tokens

    return tokens.issue(company, "tests", ["read", "write", "admin"])
