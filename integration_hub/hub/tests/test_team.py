"""Team and access, API tokens: what admins of a company may do, and what is shown only once."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from integration_hub.companies import tokens
from integration_hub.companies.models import ApiToken, Company, Membership, User
from integration_hub.notices.models import AuditEvent

pytestmark = pytest.mark.django_db
Login = Callable[[User], Client]
TEAM = "/admin/companies/membership/"
TOKENS = "/admin/companies/apitoken/"


def said_once(page: str) -> str:
    found = re.search(r'<input id="once" type="text" readonly value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_an_admin_adds_somebody_new_who_can_log_in(login: Login, alice: User, company: Company) -> None:
    answer = login(alice).post(TEAM + "add/", {"email": "dan@example.com", "name": "Dan", "role": "staff"})
    password = said_once(answer.content.decode())
    assert Membership.everywhere.get(user__email="dan@example.com").company == company
    dan = Client()
    assert dan.post("/accounts/login/", {"login": "dan@example.com", "password": password}).status_code == 302
    assert dan.get("/admin/hub/").status_code == 200
    assert AuditEvent.everywhere.get(action="team.added").data == {"role": "staff"}
    assert password not in str(list(AuditEvent.everywhere.values_list("data", flat=True)))


def test_adding_somebody_known_keeps_their_password(login: Login, alice: User, charlie: User, company: Company) -> None:
    answer = login(alice).post(TEAM + "add/", {"email": "CHARLIE@example.com", "name": "", "role": "staff"})
    assert answer.status_code == 302
    assert Membership.everywhere.filter(company=company, user=charlie, role="staff").exists()
    charlie.refresh_from_db()
    assert charlie.check_password("password")
    again = login(alice).post(TEAM + "add/", {"email": "charlie@example.com", "name": "", "role": "admin"})
    assert "belongs to this company already" in again.content.decode()


def test_only_the_own_companys_people_are_there(login: Login, alice: User, bob: User, charlie: User) -> None:
    page = login(alice).get(TEAM).content.decode()
    assert "bob@example.com" in page and "charlie@example.com" not in page
    other = Membership.everywhere.get(user=charlie)
    assert login(alice).get(f"{TEAM}{other.pk}/change/").status_code == 302  # not there: back to the list
    login(alice).post(f"{TEAM}{other.pk}/delete/", {"post": "yes"})
    assert Membership.everywhere.filter(pk=other.pk).exists()


def test_a_company_keeps_an_admin(login: Login, alice: User, bob: User) -> None:
    own = Membership.everywhere.get(user=alice)
    client = login(alice)
    assert (
        "A company keeps at least one admin"
        in client.post(f"{TEAM}{own.pk}/change/", {"role": "staff"}).content.decode()
    )
    assert client.post(f"{TEAM}{own.pk}/delete/", {"post": "yes"}).status_code == 403
    his = Membership.everywhere.get(user=bob)
    client.post(f"{TEAM}{his.pk}/change/", {"role": "admin"})
    assert client.post(f"{TEAM}{own.pk}/change/", {"role": "staff"}).status_code == 302
    assert AuditEvent.everywhere.filter(action="team.role_changed").count() == 2


def test_staff_looks_and_changes_nothing(login: Login, bob: User, alice: User) -> None:
    client = login(bob)
    assert client.get(TEAM).status_code == 200
    assert client.post(TEAM + "add/", {"email": "eve@example.com", "role": "admin"}).status_code == 403
    own = Membership.everywhere.get(user=bob)
    assert client.post(f"{TEAM}{own.pk}/change/", {"role": "admin"}).status_code == 403
    assert client.post(f"{TEAM}{own.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(TOKENS + "add/", {"name": "x", "scopes": ["admin"]}).status_code == 403
    assert Membership.everywhere.get(user=bob).role == "staff" and not ApiToken.everywhere.exists()


def test_a_token_is_shown_once_and_works(login: Login, alice: User, company: Company) -> None:
    client = login(alice)
    answer = client.post(TOKENS + "add/", {"name": "Web shop", "scopes": ["read", "write"]})
    secret = said_once(answer.content.decode())
    found = tokens.find(secret)
    assert found is not None and (found.company, found.scopes) == (company, ["read", "write"])
    row = ApiToken.everywhere.get()
    for address in (TOKENS, f"{TOKENS}{row.pk}/change/"):
        page = client.get(address).content.decode()
        assert "Web shop" in page and secret not in page and row.digest not in page
    assert AuditEvent.everywhere.filter(action="token.issued", target=row.prefix).exists()


def test_a_token_needs_a_scope_that_exists(login: Login, alice: User) -> None:
    client = login(alice)
    assert client.post(TOKENS + "add/", {"name": "x"}).status_code == 200
    assert client.post(TOKENS + "add/", {"name": "x", "scopes": ["root"]}).status_code == 200
    assert not ApiToken.everywhere.exists()


def test_a_revoked_token_is_refused(login: Login, alice: User, bob: User, charlie: User, company: Company) -> None:
    row, secret = tokens.issue(company, "shop", ["read"])
    asked = login(alice).get(f"{TOKENS}{row.pk}/revoke/").content.decode()
    assert "Revoke this token?" in asked and f"shop ({row.prefix}…)" in asked
    assert login(bob).get(f"{TOKENS}{row.pk}/revoke/").status_code == 403
    assert login(bob).post(f"{TOKENS}{row.pk}/revoke/").status_code == 403
    assert login(charlie).post(f"{TOKENS}{row.pk}/revoke/").status_code == 404
    assert tokens.find(secret) is not None
    login(alice).post(f"{TOKENS}{row.pk}/revoke/")
    assert tokens.find(secret) is None
    second, other = tokens.issue(company, "shop", ["read"])
    chosen = {"action": "revoke_selected", "_selected_action": [str(second.pk)]}
    asked = login(alice).post(TOKENS, chosen).content.decode()
    assert "Revoke this token?" in asked and f'name="_selected_action" value="{second.pk}"' in asked
    assert tokens.find(other) is not None
    login(alice).post(TOKENS, {**chosen, "sure": "yes"})
    assert tokens.find(other) is None
    assert AuditEvent.everywhere.filter(action="token.revoked").count() == 2


def test_companies_and_logins_are_for_those_who_run_the_installation(login: Login, alice: User) -> None:
    client = login(alice)
    for address in ("/admin/companies/company/", "/admin/companies/user/"):
        assert client.get(address).status_code == 403, address
    for address in ("/admin/auth/group/", "/admin/mfa/authenticator/", "/admin/django_celery_beat/crontabschedule/"):
        assert client.get(address).status_code == 404, address  # libraries' raw tables have no page at all
    menu = client.get("/admin/hub/").content.decode()
    assert "All tables" not in menu and ">Users<" not in menu
