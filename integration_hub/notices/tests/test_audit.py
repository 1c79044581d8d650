"""The trail: written once, never changed, without secrets."""

import pytest
from django.db import transaction

from integration_hub.companies import scope
from integration_hub.companies.models import Company
from integration_hub.notices import audit
from integration_hub.notices.models import AppendOnly, AuditEvent
from integration_hub.notices.secrecy import HIDDEN, hide

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def test_a_line_says_who_what_and_to_what(company: Company) -> None:
    audit.record(
        "connection.connected", company_id=company.pk, actor="alice", target="Orders", data={"api_key": "k1", "n": 3}
    )
    line = AuditEvent.everywhere.get()
    assert (line.actor, line.action, line.target) == ("alice", "connection.connected", "Orders")
    assert line.data == {"api_key": HIDDEN, "n": 3}


def test_lines_are_not_changed_or_deleted(company: Company) -> None:
    audit.record("key.rotated", company_id=company.pk)
    line = AuditEvent.everywhere.get()
    line.actor = "somebody else"
    with pytest.raises(AppendOnly):
        line.save()
    with pytest.raises(AppendOnly):
        line.delete()
    with pytest.raises(AppendOnly):
        AuditEvent.everywhere.all().delete()
    with scope.entered(company.pk), pytest.raises(AppendOnly):
        AuditEvent.objects.filter(action="key.rotated").update(actor="somebody else")
    assert AuditEvent.everywhere.get().actor == ""


def test_a_line_stands_or_falls_with_the_act() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record("company.created")
        raise ZeroDivisionError
    assert not AuditEvent.everywhere.exists()


def test_another_companys_lines_are_not_seen(company: Company, other_company: Company) -> None:
    audit.record("a.b", company_id=other_company.pk)
    with scope.entered(company.pk):
        assert not AuditEvent.objects.exists()


def test_erasing_a_company_takes_its_trail_along(company: Company) -> None:
    audit.record("a.b", company_id=company.pk)
    company.delete()
    assert not AuditEvent.everywhere.exists()


def test_hide_reaches_every_depth_and_leaves_the_rest() -> None:
    data = {"list": [{"clientSecret": "s", "name": "n"}], "has_token": True, "token": "", "page_token": "p", "key": "k"}
    assert hide(data) == {
        "list": [{"clientSecret": HIDDEN, "name": "n"}],
        "has_token": True,
        "token": "",
        "page_token": "p",
        "key": "k",
    }
