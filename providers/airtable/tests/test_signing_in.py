"""Connecting by signing in at Airtable, against its simulator: the whole dance, and every way it can go wrong."""

from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.db import connection as database
from django.test import Client

from integration_hub import urls
from integration_hub.companies.models import Membership, User
from integration_hub.connections import services
from integration_hub.connections.models import Connection
from integration_hub.hub.consent import views as consent
from integration_hub.notices.models import Problem
from integration_hub.sandbox.clients import client
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync import setup
from integration_hub.sync.models import Mapping
from providers.airtable.models import AirtableConnection
from providers.airtable.signing_in import ASKED
from providers.airtable.tests.signing_in import HOST, START, Person, browser_of, person

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
AUTH = "/api/integrations/airtable/auth"
COLLEAGUE = {"user": "usrDemoColleague1", "place": "appDemoSalesBase1"}


@pytest.fixture
def sandbox(sign_in_sandbox: Sandbox) -> Sandbox:
    return sign_in_sandbox


@pytest.fixture
def ann(sandbox: Sandbox, alice: User) -> Person:
    """Alice, an admin, with a browser of her own."""
    return person(alice)


def untouched() -> bool:
    """No connection works, and allauth's tables are as empty as ever."""
    assert [model.objects.count() for model in (SocialAccount, SocialApp, SocialToken)] == [0, 0, 0]
    return not Connection.everywhere.exclude(status="not_connected").exists()


def told(answer: Any, *parts: str) -> None:
    """A page with a sentence and a button."""
    page = answer.content.decode()
    assert "text/html" in answer.headers["Content-Type"] and 'class="btn' in page and 'id="told"' in page
    for part in parts:
        assert part in page, page


def test_the_whole_dance_connects_the_company(ann: Person, sandbox: Sandbox) -> None:
    users = User.objects.count()
    answer = ann.dance()
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/hub/airtable/")
    row = Connection.everywhere.get()
    assert (row.status, row.is_active, row.account_label, row.api_key) == ("connected", True, "demo@example.com", None)
    grant = AirtableConnection.everywhere.get()
    assert (grant.auth_type, grant.version, row.missing_scopes) == ("oauth", 1, [])
    (there,) = sandbox.simulator("airtable").state.grants
    assert (grant.access_token, grant.refresh_token) == (there.access, there.refresh)
    assert User.objects.count() == users and not untouched()
    page = ann.browser.get("/admin/hub/airtable/").content.decode()
    assert "Airtable is connected as demo@example.com" in page and "Signed in at Airtable" in page
    assert "Access ends if unused" in page


def test_no_token_lies_anywhere_in_the_clear(ann: Person, sandbox: Sandbox) -> None:
    ann.dance()
    (there,) = sandbox.simulator("airtable").state.grants
    kept = [str(dict(ann.browser.session)), *ann.browser.cookies.values()]
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            kept += [str(row) for row in cursor.fetchall()]
    for secret in (there.access, there.refresh, client("airtable")[1]):
        assert not [text for text in kept if secret in str(text)]


def test_what_goes_to_airtable_is_bound_to_the_browser_and_proves_itself_later(ann: Person) -> None:
    asked = {name: value for name, (value,) in parse_qs(urlsplit(ann.start()).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == f"http://{HOST}/connect/airtable/callback/"
    assert set(asked["scope"].split()) == {scope.name for scope in ASKED}
    assert 16 <= len(asked["state"]) <= 1024 and asked["state"].isalnum() and len(asked["code_challenge"]) == 43


def test_the_start_page_asks_first_and_names_company_and_permissions(ann: Person, alice: User) -> None:
    page = ann.browser.get(START)
    text = page.content.decode()
    assert "Connect Airtable to Alice&#x27;s?" in text
    assert all(scope.label in text and scope.name in text for scope in ASKED)
    assert "form-action 'self' https: http://127.0.0.1" in page.headers["Content-Security-Policy"]
    assert "socialaccount_states" not in ann.browser.session


# --- who may ----------------------------------------------------------------------------------------------------------


def test_only_admins_may_start(sandbox: Sandbox, bob: User, company: Any) -> None:
    answer = browser_of(bob).post(START)
    assert answer.status_code == 403 and "Only admins of Alice&#x27;s may do this" in answer.content.decode()
    assert Client(headers={"host": HOST}).get(START).headers["Location"].startswith("/accounts/login/?next=/connect/")


def test_it_runs_on_the_hubs_own_host(ann: Person) -> None:
    answer = ann.browser.post(START, headers={"host": "127.0.0.1"})
    assert answer.headers["Location"] == f"http://{HOST}{START}"
    assert "socialaccount_states" not in ann.browser.session


def test_allauths_own_ways_in_are_closed(ann: Person) -> None:
    for path in ("/accounts/airtable/login/", "/accounts/3rdparty/", "/accounts/3rdparty/signup/"):
        assert ann.browser.get(path).status_code == 404
    for path in ("/connect/nowhere/", "/connect/nowhere/callback/"):
        assert ann.browser.get(path).status_code == 404


def test_a_redirect_address_on_another_host_is_named_at_start(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRTABLE_REDIRECT_URI", "https://other.example.org/back/")
    told(ann.browser.post(START), "other.example.org", f"http://{HOST}")


def test_the_way_back_may_be_another_path(ann: Person, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv("AIRTABLE_REDIRECT_URI", f"http://{HOST}/auth/airtable/back")
    addresses = ModuleType("addresses")
    addresses.urlpatterns = [*consent.urls(), *urls.urlpatterns]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = addresses
    back = ann.consent(ann.start())
    assert back.startswith("/auth/airtable/back?code=")
    assert ann.arrive(back).headers["Location"] == "/admin/hub/airtable/"


@pytest.mark.parametrize("public", ["http://127.0.0.1:8000", "http://hub.example.org"])
def test_an_address_airtable_would_not_send_back_to_is_named(ann: Person, settings: Any, public: str) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = public, ["*"]
    told(ann.browser.post(START, headers={"host": public.partition("//")[2]}), public, "PUBLIC_URL")


def test_without_a_client_id_the_page_says_what_is_missing(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRTABLE_CLIENT_ID")
    told(ann.browser.get(START), "AIRTABLE_CLIENT_ID", "AIRTABLE_CLIENT_SECRET")
    tab = ann.browser.get("/admin/hub/airtable/").content.decode()
    assert "AIRTABLE_CLIENT_ID" in tab and 'id="sign-in"' not in tab and 'name="token"' in tab


def test_the_tab_offers_signing_in_first_and_the_token_as_the_other_way(ann: Person) -> None:
    tab = ann.browser.get("/admin/hub/airtable/").content.decode()
    assert 0 < tab.index('id="sign-in"') < tab.index("Or with a key: Personal access token") < tab.index('name="token"')


# --- the way back -----------------------------------------------------------------------------------------------------


def test_consent_refused(ann: Person) -> None:
    answer = ann.dance(answer="refuse")
    told(answer, "You did not allow it at Airtable. Nothing was changed.", "Try again")
    assert untouched()


@pytest.mark.parametrize("error", ["invalid_scope", "server_error"])
def test_airtable_sends_an_error_back(ann: Person, error: str) -> None:
    state = parse_qs(urlsplit(ann.start()).query)["state"][0]
    told(ann.arrive(f"/connect/airtable/callback/?{urlencode({'error': error, 'state': state})}"), error)
    assert untouched()


def test_a_state_counts_once_and_only_in_the_browser_it_was_made_for(ann: Person, alice: User, charlie: User) -> None:
    back = ann.consent(ann.start())
    told(browser_of(alice).get(back), "does not belong to anything you began here")
    told(browser_of(charlie).get(back), "does not belong to anything you began here")
    for stranger in (browser_of(alice), Client(headers={"host": HOST})):
        told(stranger.get("/connect/airtable/callback/?code=x&state=" + "y" * 40), "does not belong to anything")
    assert untouched()
    assert ann.arrive(back).status_code == 302
    told(ann.arrive(back), "does not belong to anything you began here")
    assert Connection.everywhere.get().key_version == 1


def test_a_verifier_that_does_not_fit_gets_no_token(ann: Person) -> None:
    back = ann.consent(ann.start())
    session = ann.browser.session
    ((_key, entry),) = session["socialaccount_states"].items()
    entry[0]["pkce_code_verifier"] = "x" * 64
    session.save()
    told(ann.arrive(back), "does not accept this sign-in")
    assert untouched()


def test_somebody_else_in_the_same_browser(ann: Person, bob: User) -> None:
    back = ann.consent(ann.start())
    session = ann.browser.session
    ((_key, entry),) = session["socialaccount_states"].items()
    entry[0]["data"]["user"] = str(bob.pk)
    session.save()
    told(ann.arrive(back), "Somebody else began this")
    assert untouched()


def test_who_is_no_admin_any_more_may_not_finish(ann: Person, sandbox: Sandbox) -> None:
    back = ann.consent(ann.start())
    Membership.everywhere.filter(user__username="alice").update(role="staff")
    told(ann.arrive(back), "you are none any more")
    assert untouched() and sandbox.simulator("airtable").state.grants == []


def test_who_went_on_to_another_company_meanwhile_connects_neither(
    ann: Person, alice: User, other_company: Any
) -> None:
    Membership.everywhere.create(company=other_company, user=alice, role="admin")
    back = ann.consent(ann.start())
    ann.browser.post("/admin/company/", {"company": str(other_company.pk)})
    told(
        ann.arrive(back),
        "You began this for Alice&#x27;s, and are in Charlie&#x27;s now",
        "Begin anew for Alice&#x27;s",
    )
    assert untouched()


def test_a_page_of_another_company_does_not_start(ann: Person, other_company: Any) -> None:
    assert ann.browser.post(START, {"_company": str(other_company.pk)}).status_code == 409


def test_a_hub_that_airtable_does_not_know_is_told_so(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    back = ann.consent(ann.start())
    monkeypatch.setenv("AIRTABLE_CLIENT_SECRET", "wrong")
    told(ann.arrive(back), "AIRTABLE_CLIENT_SECRET")
    assert untouched()


# --- what was allowed -------------------------------------------------------------------------------------------------


def test_a_missing_permission_is_named_and_an_essential_one_refused(
    ann: Person, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = ann.consent(ann.start())
    sandbox.simulator("airtable").state.codes[0].scopes.remove("webhook:manage")
    page = ann.browser.get(ann.arrive(back).headers["Location"]).content.decode()
    assert "webhook:manage (be told at once what changes there)" in page
    assert Connection.everywhere.get().missing_scopes == ["webhook:manage"]
    back = ann.consent(ann.start())
    sandbox.simulator("airtable").state.codes[0].scopes.remove("data.records:write")
    told(ann.arrive(back), "data.records:write (create, change and delete records)")
    assert Connection.everywhere.get().key_version == 1


def test_reconnecting_keeps_everything_and_another_account_is_asked_about_twice(ann: Person, company: Any) -> None:
    ann.dance(place="appDemoSalesBase1")
    before = set(Mapping.everywhere.values_list("pk", "retired_at"))
    assert before
    services.needs_reconnect(Connection.everywhere.get().pk, "It ended.")
    answer = ann.dance(**COLLEAGUE)
    told(answer, "colleague@example.com", "demo@example.com", "Change to colleague@example.com")
    row = Connection.everywhere.get()
    assert (row.status, row.account_label) == ("needs_reconnect", "demo@example.com")
    assert ann.dance().status_code == 302
    row.refresh_from_db()
    assert (row.status, row.account_label) == ("connected", "demo@example.com")
    assert not Problem.everywhere.filter(closed_at=None, key__startswith="connection:").exists()
    assert set(Mapping.everywhere.values_list("pk", "retired_at")) == before
    again = next(part for part in answer.content.decode().split('"') if "instead=" in part).replace("&amp;", "&")
    assert (
        "The account changes from demo@example.com to colleague@example.com" in ann.browser.get(again).content.decode()
    )
    assert ann.dance(again, **COLLEAGUE).status_code == 302
    assert Connection.everywhere.get().account_label == "colleague@example.com"
    assert AirtableConnection.everywhere.get().account_label == "colleague@example.com"


def test_a_token_takes_the_place_of_a_sign_in_and_the_other_way_round(
    ann: Person, sandbox: Sandbox, company: Any
) -> None:
    ann.dance()
    token = sandbox.simulator("airtable").token("demo")
    setup.connect(company, "airtable", {"token": token}, {}, actor="tests")
    grant = AirtableConnection.everywhere.get()
    assert (grant.auth_type, grant.access_token, grant.refresh_token) == ("pat", None, None)
    assert Connection.everywhere.get().api_key == token
    assert "The key that is stored now is then deleted here" in ann.browser.get(START).content.decode()
    ann.dance()
    assert (AirtableConnection.everywhere.get().auth_type, Connection.everywhere.get().api_key) == ("oauth", None)


# --- the API ----------------------------------------------------------------------------------------------------------


def test_a_program_gets_a_link_that_a_person_opens_once(ann: Person, api_token: Any) -> None:
    answer = Client(headers={"Authorization": f"Bearer {api_token[1]}", "host": HOST}).get(AUTH)
    assert answer.status_code == 200
    link = answer.json()["auth_url"].removeprefix(f"http://{HOST}")
    assert "Connect Airtable to" in ann.browser.get(link).content.decode()
    assert ann.dance(link).status_code == 302
    told(ann.browser.post(link), "This link was used already")
    told(ann.browser.get(f"{START}?link=forged"), "This link was used already")


def test_a_link_of_another_company_leads_nowhere(ann: Person, other_company: Any) -> None:
    from integration_hub.companies import tokens

    _row, text = tokens.issue(other_company, "theirs", ["read", "write", "admin"])
    answer = Client(headers={"Authorization": f"Bearer {text}", "host": HOST}).get(AUTH)
    link = answer.json()["auth_url"].removeprefix(f"http://{HOST}")
    assert ann.browser.get(link).status_code == 409
    assert ann.browser.get(link.partition("&_company")[0]).status_code == 410


def test_the_api_tells_how_it_is_connected(ann: Person, api_token: Any) -> None:
    program = Client(headers={"Authorization": f"Bearer {api_token[1]}"})
    assert program.get("/api/integrations/airtable").json()["signed_in"] is False
    ann.dance()
    told = program.get("/api/integrations/airtable").json()
    assert (told["signed_in"], told["secrets"], told["access_until"] is None) == (True, {"token": ""}, False)


def test_the_api_sends_browsers_on_and_refuses_who_may_not(ann: Person, bob: User, company: Any) -> None:
    from integration_hub.companies import tokens

    page = {"accept": "text/html,application/xhtml+xml", "host": HOST}
    for browser in (ann.browser, Client()):
        answer = browser.get(AUTH, headers=page)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"http://{HOST}{START}")
    assert ann.browser.get(AUTH, headers={"accept": "application/json"}).status_code == 200
    assert browser_of(bob).get(AUTH, headers={"accept": "application/json"}).status_code == 403
    assert Client().get(AUTH).status_code == 401
    _row, text = tokens.issue(company, "reader", ["read"])
    assert Client(headers={"Authorization": f"Bearer {text}"}).get(AUTH).status_code == 403
