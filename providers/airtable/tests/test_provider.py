"""Connecting Airtable: the token's format, owner and scopes; what is kept; and that the token shows nowhere."""

from collections.abc import Callable
from typing import Any

import pytest
import responses
from django.contrib import admin
from django.test import Client

from integration_hub.companies.models import Company, User
from integration_hub.connections import clients, services
from integration_hub.connections.models import Connection
from integration_hub.contract import AuthFailed, ConfigError, RateLimited, Resource, TransientError, registry
from providers.airtable.client import AirtableClient
from providers.airtable.models import AirtableConnection
from providers.airtable.tests.conftest import API, BASE, TOKEN, payload

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
Say = Callable[..., None]


def connect(company: Company, token: str = TOKEN, **settings: Any) -> Connection:
    return services.connect(company, "airtable", {"token": token}, settings, actor="alice")


def test_what_is_kept(company: Company, http: responses.RequestsMock, say: Say) -> None:
    say("GET", "/meta/whoami", "whoami")
    made = connect(company, base_id=f" {BASE} ")
    assert (made.status, made.account_id, made.account_label) == ("connected", "usrAliceTheOwner1", "alice@example.com")
    assert made.settings == {"base_id": BASE, "table": "Orders", "auto_sync_enabled": True, "sync_interval": 15}
    assert made.missing_scopes == []
    grant = AirtableConnection.everywhere.get()
    assert (grant.connection_id, grant.company_id, grant.auth_type) == (made.pk, company.pk, "pat")
    assert (grant.account_id, grant.access_token, grant.refresh_token) == ("usrAliceTheOwner1", None, None)
    assert grant.scopes == payload("whoami")["scopes"]
    assert clients.secrets_of(made) == {"token": TOKEN}


def test_reconnecting_keeps_one_row_and_disconnecting_none(company: Company, say: Say) -> None:
    for _time in range(2):
        say("GET", "/meta/whoami", "whoami")
    connect(company)
    made = connect(company, TOKEN.replace("Abc", "Xyz"))
    assert AirtableConnection.everywhere.count() == 1
    services.disconnect(made, actor="alice")
    assert not AirtableConnection.everywhere.exists()
    assert Connection.everywhere.get().api_key is None


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "Personal access token is missing."),
        ("key0123456789abcd", "Airtable ended API keys (key…) on 1 Feb 2024."),
        ("key", "Airtable ended API keys"),
        ("pat", "A token begins with pat"),
        ("patAbcdefghijklmn", "A token begins with pat"),
        ("patAbc.", "A token begins with pat"),
        ("Bearer patAbc.def", "A token begins with pat"),
        ("patAbc.déf", "A token begins with pat"),
        ("patAbc.def\nX-Other: 1", "A token begins with pat"),
    ],
)
def test_tokens_that_cannot_be_right_are_not_even_tried(
    company: Company, http: responses.RequestsMock, token: str, says: str
) -> None:
    with pytest.raises(services.InvalidInput) as refused:
        connect(company, token)
    assert refused.value.errors["token"].startswith(says)
    assert len(http.calls) == 0 and not Connection.everywhere.exists()


@pytest.mark.parametrize("token", [TOKEN, "patA.b", "patAbcdefghijklmn.ABCDEF0123", f"  {TOKEN}  "])
def test_tokens_that_may_be_right_are_tried(company: Company, say: Say, token: str) -> None:
    say("GET", "/meta/whoami", "whoami")
    assert connect(company, token).api_key == token.strip()


@pytest.mark.parametrize("name", ["AUTHENTICATION_REQUIRED", "UNAUTHORIZED"])
def test_a_wrong_or_revoked_token_is_not_saved(company: Company, say: Say, name: str) -> None:
    say("GET", "/meta/whoami", f"!{name}")
    with pytest.raises(AuthFailed, match="Enter a new one"):
        connect(company)
    assert not Connection.everywhere.exists() and not AirtableConnection.everywhere.exists()


def test_missing_scopes_are_named_and_refused(company: Company, say: Say) -> None:
    say("GET", "/meta/whoami", "whoami_without_email")
    with pytest.raises(ConfigError, match=r"cannot do without: data\.records:write"):
        connect(company)
    assert not Connection.everywhere.exists()


def test_without_the_scope_for_it_there_is_no_email(client: AirtableClient, say: Say) -> None:
    say("GET", "/meta/whoami", "whoami_without_email")
    account = registry.provider("airtable").check(client)
    assert (account.label, account.missing) == ("usrAliceTheOwner1", ("data.records:write",))


def test_when_airtable_does_not_answer_sanely(company: Company, http: responses.RequestsMock) -> None:
    for _try in range(3):
        http.add("GET", f"{API}/meta/whoami", body="<html>maintenance</html>")
    with pytest.raises(TransientError):
        connect(company)
    assert not Connection.everywhere.exists()


def test_the_pause_reaches_whoever_connects(company: Company, say: Say) -> None:
    say("GET", "/meta/whoami", "!RATE_LIMIT_REACHED")
    with pytest.raises(RateLimited, match="30 seconds"):
        connect(company)


def test_an_expired_token_becomes_needs_reconnect(company: Company, say: Say) -> None:
    say("GET", "/meta/whoami", "whoami")
    made = connect(company)
    say("GET", "/meta/whoami", "!UNAUTHORIZED")
    with pytest.raises(AuthFailed):
        services.test(made, actor="alice")
    assert Connection.everywhere.get().status == "needs_reconnect"


def test_another_persons_token_asks_first(company: Company, say: Say) -> None:
    say("GET", "/meta/whoami", "whoami")
    connect(company)
    say("GET", "/meta/whoami", {**payload("whoami"), "id": "usrSomebodyElse01", "email": "bob@example.com"})
    with pytest.raises(services.InvalidInput) as refused:
        connect(company)
    assert "belongs to bob@example.com" in refused.value.errors["replace_account"]


def test_discover(client: AirtableClient, say: Say) -> None:
    say("GET", "/meta/bases", "bases")
    (found,) = registry.provider("airtable").discover(client)
    assert found == Resource("base", BASE, "Shop", details={"permission": "create"})


@pytest.mark.parametrize("value", ["15", "30", "60", "1440", 60])
def test_intervals(company: Company, say: Say, value: Any) -> None:
    say("GET", "/meta/whoami", "whoami")
    assert connect(company, sync_interval=value).settings["sync_interval"] == int(value)


def test_the_admin_shows_the_account_and_no_token(company: Company, alice: User, say: Say) -> None:
    say("GET", "/meta/whoami", "whoami")
    connect(company)
    AirtableConnection.everywhere.update(access_token="a-token-of-oauth")
    grant = AirtableConnection.everywhere.get()
    browser = Client()
    browser.force_login(alice)
    for page in ("", f"{grant.pk}/change/"):
        answer = browser.get(f"/admin/airtable/airtableconnection/{page}")
        assert answer.status_code == 200
        html = answer.content.decode()
        assert "alice@example.com" in html
        assert TOKEN not in html and "a-token-of-oauth" not in html
    assert browser.get("/admin/airtable/airtableconnection/add/").status_code == 403


def test_the_admin_page_is_read_only() -> None:
    page = admin.site._registry[AirtableConnection]
    assert set(page.get_fields(None)) == set(page.get_readonly_fields(None))  # type: ignore[arg-type]
    assert not {"access_token", "refresh_token"} & set(page.get_fields(None))  # type: ignore[arg-type]
