"""The way in: no sign-up, wrong passwords, second factors."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client

from integration_hub.companies.models import User
from integration_hub.tests.plugin import person

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


def try_login(client: Client, login: str, password: str) -> Any:
    return client.post(LOGIN, {"login": login, "password": password})


def test_everything_leads_to_the_login(db: None) -> None:
    client = Client()
    assert client.get("/").headers["Location"] == "/admin/hub/"
    for address in ("/admin/hub/", "/admin/", "/admin/records/order/", "/admin/hub/runs/"):
        answer = client.get(address, follow=True)
        last, _status = answer.redirect_chain[-1]
        assert answer.status_code == 200 and last.startswith(LOGIN) and "next=" in last


def test_login_by_name_and_by_email_reaches_the_hub(alice: User) -> None:
    for login in ("alice", "alice@example.com"):
        answer = try_login(Client(), login, "password")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/hub/")


def test_nobody_can_sign_up(db: None) -> None:
    client = Client()
    page = client.get("/accounts/signup/").content.decode()
    assert "There is no public sign-up" in page
    form = {"username": "eve", "email": "eve@example.com", "password1": "long-Enough-1", "password2": "long-Enough-1"}
    client.post("/accounts/signup/", form)
    assert not User.objects.filter(username="eve").exists()
    assert "/accounts/signup/" not in client.get(LOGIN).content.decode()


def test_five_wrong_passwords_block_even_the_right_one(alice: User) -> None:
    client = Client()
    for _try in range(5):
        assert try_login(client, "alice", "wrong").status_code == 200
    assert try_login(client, "alice", "password").status_code == 200  # refused: the form again
    assert client.get("/admin/hub/").status_code == 302
    assert "Too many failed login attempts" in try_login(client, "alice", "password").content.decode()


def test_without_a_company_there_is_nothing_to_see(db: None) -> None:
    client = Client()
    client.force_login(person("dora", None, "staff"))
    assert client.get("/admin/hub/").status_code == 403
    page = client.get("/admin/records/order/", follow=True)
    assert page.status_code == 403
    assert "You belong to no company yet" in page.content.decode()


def activate(client: Client) -> str:
    """Set up an authenticator app as a person would; the seed it was shown."""
    address = "/accounts/2fa/totp/activate/"
    assert client.get(address).headers["Location"].startswith("/accounts/reauthenticate/")  # the password once more
    client.post("/accounts/reauthenticate/", {"password": "password"})
    page = client.get(address).content.decode()
    found = re.search(r'id="authenticator_secret"[^>]*value="([A-Z2-7]+)"', page)
    assert found, page
    seed = found[1]
    answer = client.post(address, {"code": code(seed)})
    assert answer.status_code == 302
    return seed


def code(seed: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(seed, next(iter(totp.yield_hotp_counters_from_time()))))


def test_the_seed_of_an_authenticator_is_encrypted_at_rest_and_works(alice: User) -> None:
    client = Client()
    try_login(client, "alice", "password")
    seed = activate(client)
    stored = Authenticator.objects.get(user=alice, type=Authenticator.Type.TOTP).data["secret"]
    assert seed not in stored and stored.startswith("gAAAA")
    assert all(seed not in str(row.data) for row in Authenticator.objects.all())
    cache.clear()
    other = Client()
    assert try_login(other, "alice", "password").headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert other.get("/admin/hub/").status_code == 302  # the password alone opens nothing
    assert other.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert other.post("/accounts/2fa/authenticate/", {"code": code(seed)}).status_code == 302
    assert other.get("/admin/hub/").status_code == 200


def test_a_second_factor_can_be_demanded(alice: User, settings: Any) -> None:
    client = Client()
    try_login(client, "alice", "password")
    assert client.get("/admin/hub/").status_code == 200
    settings.REQUIRE_MFA = True
    for address in ("/admin/hub/", "/admin/records/order/", "/api/orders"):
        assert client.get(address).headers["Location"] == "/accounts/2fa/totp/activate/"
    activate(client)
    assert client.get("/admin/hub/").status_code == 200
