"""The two lists: problems for everybody of the company, the trail for its admins."""

import pytest
from django.test import Client
from django.urls import reverse

from integration_hub.companies.models import Company, User
from integration_hub.notices import audit, problems
from integration_hub.notices.models import AuditEvent, Problem

pytestmark = pytest.mark.django_db

PROBLEMS = "admin:notices_problem_changelist"
TRAIL = "admin:notices_auditevent_changelist"


def read(client: Client, user: User, page: str, status: int = 200) -> str:
    client.force_login(user)
    answer = client.get(page if page.startswith("/") else reverse(page))
    assert answer.status_code == status
    return answer.content.decode()


def test_people_of_the_company_see_its_problems_and_nobody_else_does(
    client: Client, company: Company, alice: User, bob: User, charlie: User
) -> None:
    problem = problems.raise_(company.pk, "connection:x", sentence="The key was refused.")
    page = reverse("admin:notices_problem_change", args=[problem.pk])
    for user in (alice, bob):
        assert "The key was refused." in read(client, user, PROBLEMS)
        assert 'name="_save"' not in read(client, user, page)
    assert "The key was refused." not in read(client, charlie, PROBLEMS)
    read(client, charlie, page, status=302)


def test_problems_can_be_told_apart_by_state(client: Client, company: Company, alice: User) -> None:
    problems.raise_(company.pk, "a", sentence="Still open.")
    problems.raise_(company.pk, "b", sentence="Long gone.")
    problems.close(company.pk, "b")
    opened = read(client, alice, reverse(PROBLEMS) + "?state=open")
    assert ("Still open." in opened, "Long gone." in opened) == (True, False)
    closed = read(client, alice, reverse(PROBLEMS) + "?state=closed")
    assert ("Still open." in closed, "Long gone." in closed) == (False, True)


def test_the_trail_is_for_admins(client: Client, company: Company, alice: User, bob: User) -> None:
    audit.record("connection.connected", company_id=company.pk, actor="alice", target="Orders")
    assert "connection.connected" in read(client, alice, TRAIL)
    read(client, bob, TRAIL, status=403)


def test_nothing_can_be_changed_or_added_there(client: Client, company: Company, alice: User) -> None:
    problems.raise_(company.pk, "a", sentence="Still open.")
    audit.record("a.b", company_id=company.pk)
    for model in ("problem", "auditevent"):
        read(client, alice, reverse(f"admin:notices_{model}_add"), status=403)
    client.post(reverse(TRAIL), {"action": "delete_selected", "_selected_action": AuditEvent.everywhere.get().pk})
    assert AuditEvent.everywhere.filter(action="a.b").exists()
    assert Problem.everywhere.count() == 1
