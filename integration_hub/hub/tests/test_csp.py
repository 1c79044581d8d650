"""A strict content security policy on every page, and nothing in any page that would need a looser one."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from integration_hub.companies import tokens
from integration_hub.companies.models import Company
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.hub.tests.crawl import Page, pages
from integration_hub.notices import audit
from integration_hub.records.services import branches, customers, events, orders
from integration_hub.tests.plugin import person

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
POLICY = ("default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "frame-ancestors 'none'")


def strict(policy: str) -> bool:
    return all(part in policy for part in POLICY) and "unsafe" not in policy


@pytest.fixture
def some_of_everything(company: Company, drawer: Drawer) -> None:
    branches.create(company, {"name": "Main hall"}, actor="alice")
    start = timezone.now() + timedelta(days=7)
    premiere = {"title": "Premiere", "starts_at": start, "ends_at": start + timedelta(hours=2)}
    events.create(company, premiere, actor="alice")
    buyer = customers.create(company, {"name": "Ion", "email": "ion@example.com"}, actor="alice")
    orders.create(company, {"customer": buyer}, actor="alice")
    tokens.issue(company, "shop", ["read"])
    audit.record("connection.connected", company_id=company.pk, actor="alice", target="paper")


def test_no_page_needs_inline_script_or_style(company: Company, some_of_everything: None) -> None:
    client = Client()
    client.force_login(person("root", company, "admin", is_superuser=True))
    walked = {}
    for address, answer, page in pages(client, "/admin/hub/"):
        walked[address] = answer.status_code
        assert page.inline == [], address
        assert strict(answer.headers["Content-Security-Policy"]), address
        if address.startswith("/admin/records/") and address.endswith(("/change/", "/delete/", "/add/")):
            assert answer.content.decode().count(f'name="_company" value="{company.pk}"') >= 1, address
    broken = {address: status for address, status in walked.items() if status != 200}
    assert not broken
    assert len(walked) > 60
    for part in (
        "/admin/hub/runs/",
        "/admin/records/order/add/",
        "/admin/companies/user/",
        "/accounts/2fa/",
        "/admin/",
    ):
        assert part in walked


def test_pages_before_the_login_are_as_strict(db: None) -> None:
    client = Client()
    for address in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/admin/hub/nothing/"):
        answer = client.get(address, follow=True)
        assert Page(answer.content.decode()).inline == []
        assert strict(answer.headers["Content-Security-Policy"])


def test_htmx_may_neither_evaluate_nor_inject(db: None) -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert "&quot;allowEval&quot;: false" in page and "&quot;includeIndicatorStyles&quot;: false" in page
    assert "django_htmx/htmx-2.min.js" in page
