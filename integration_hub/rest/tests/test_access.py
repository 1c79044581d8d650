"""Who may ask: tokens, sessions, scopes, roles, and the company each request runs in."""

from uuid import uuid4

import pytest
from django.test import Client

from integration_hub.companies import scope, tokens
from integration_hub.companies.middleware import SESSION_KEY
from integration_hub.companies.models import Membership

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def problem(response, status):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["error"] == body["detail"]
    return body


@pytest.mark.parametrize("header", ["Bearer hub_wrong", "Bearer ", "Bearer", "Basic YTpi", "hub_wrong", ""])
def test_a_wrong_authorization_header_is_401(company, header):
    response = Client(headers={"Authorization": header}).get("/api/things")
    problem(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_no_credentials_are_401(company):
    response = Client().get("/api/things")
    problem(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_is_401(api_token, program):
    assert program.get("/api/things").status_code == 200
    tokens.revoke(api_token[0])
    assert "revoked" in problem(program.get("/api/things"), 401)["detail"]


def test_a_session_does_not_help_a_wrong_token(alice):
    client = Client(headers={"Authorization": "Bearer hub_wrong"})
    client.force_login(alice)
    problem(client.get("/api/things"), 401)


def test_each_scope_opens_only_its_own(with_scopes):
    assert with_scopes("read").get("/api/things").status_code == 200
    detail = problem(with_scopes("write").get("/api/things"), 403)["detail"]
    assert "“read”" in detail
    assert "write" in detail
    problem(with_scopes("read").post("/api/things", {"name": "a"}, "application/json"), 403)
    assert with_scopes("write").post("/api/things", {"name": "a"}, "application/json").status_code == 201
    problem(with_scopes("read", "write").post("/api/outside"), 403)
    assert with_scopes("admin").post("/api/outside").status_code == 200


def test_a_token_enters_its_company_and_leaves_it(company, program):
    assert program.get("/api/scope").json() == {"company": str(company.pk)}
    assert scope.current_or_none() is None
    program.get("/api/errors/bug")
    assert scope.current_or_none() is None


def test_a_token_sees_only_its_company(program, api_token, other_company):
    tokens.issue(other_company, "theirs", ["read"])
    assert [row["name"] for row in program.get("/api/things").json()["results"]] == ["tests"]


def test_staff_may_read_and_admins_may_write(alice, bob):
    staff, admin = Client(), Client()
    staff.force_login(bob)
    admin.force_login(alice)
    assert staff.get("/api/things").status_code == 200
    assert "Staff" in problem(staff.post("/api/things", {"name": "a"}, "application/json"), 403)["detail"]
    assert admin.post("/api/things", {"name": "a"}, "application/json").status_code == 201


def test_a_person_without_a_company_is_403(company, django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_user("nobody"))
    assert "company" in problem(client.get("/api/things"), 403)["detail"]


def test_a_session_needs_the_csrf_token_for_unsafe_methods(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get("/api/things").status_code == 200
    assert "CSRF" in problem(client.post("/api/things", {"name": "a"}, "application/json"), 403)["detail"]


def test_a_token_needs_no_csrf_token(api_token):
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {api_token[1]}"})
    assert client.post("/api/things", {"name": "a"}, "application/json").status_code == 201


def test_a_page_of_another_company_is_409(alice, company, other_company):
    Membership.everywhere.create(company=other_company, user=alice, role="admin")
    client = Client()
    client.force_login(alice)
    session = client.session
    session[SESSION_KEY] = str(other_company.pk)
    session.save()
    old_page, new_page = {"X-Hub-Company": str(company.pk)}, {"X-Hub-Company": str(other_company.pk)}
    body = problem(client.post("/api/things", {"name": "a"}, "application/json", headers=old_page), 409)
    assert other_company.name in body["detail"]
    assert body["type"].endswith("/company-switched")
    problem(client.get("/api/things", headers=old_page), 409)
    assert client.get("/api/scope", headers=new_page).json() == {"company": str(other_company.pk)}
    assert client.post("/api/things", {"name": "a"}, "application/json", headers=new_page).status_code == 201


def test_a_token_pays_no_heed_to_the_page_header(program):
    assert program.get("/api/things", headers={"X-Hub-Company": str(uuid4())}).status_code == 200
