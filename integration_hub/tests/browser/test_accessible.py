"""axe-core finds nothing on the pages people use, light, dark and at phone width, and none is wider than the screen."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integration_hub.companies import tokens
from integration_hub.companies.models import Company, User
from integration_hub.connections.models import Connection
from integration_hub.http.models import IntegrationMetric
from integration_hub.hub.tests.conftest import Drawer
from integration_hub.notices import audit, problems
from integration_hub.records.models import Order
from integration_hub.records.services import customers, events, orders
from integration_hub.sync.models import SyncRun, SyncWrite
from integration_hub.tests.browser.conftest import SCREENS, Opened, flaws

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def some_of_everything(company: Company, drawer: Drawer) -> None:
    start = timezone.now() + timedelta(days=7)
    premiere = {"title": "Premiere", "starts_at": start, "ends_at": start + timedelta(hours=2)}
    events.create(company, premiere, actor="alice")
    buyer = customers.create(company, {"name": "Ion", "email": "ion@example.com"}, actor="alice")
    line = {"description": "Ticket", "quantity": 2, "unit_price": "75.00"}
    orders.create(company, {"customer": buyer, "items": [line]}, actor="alice")
    tokens.issue(company, "shop", ["read"])
    audit.record("connection.connected", company_id=company.pk, actor="alice", target="paper")
    problems.raise_(company.pk, "w", severity="warn", sentence="A row was copied.", button="Look", url="/admin/hub/")
    failed = f"sync:{drawer.mapping.pk}:failed"
    problems.raise_(company.pk, failed, sentence="1 record was given up.", affected=1, button="See which", url="/")
    problems.raise_(company.pk, "settled", sentence="Paper ran out.")
    problems.close(company.pk, "settled")
    changes = [{"field": f"Field {n}", "before": "old", "after": "new"} for n in range(6)]
    SyncWrite.everywhere.filter(outcome="updated").update(changes=changes)
    for good in (True, False):
        IntegrationMetric.everywhere.create(
            company=company, provider="paper", action="write", success=good, duration_ms=90, records_synced=4
        )


@pytest.mark.parametrize("look", SCREENS)
def test_axe_finds_nothing(opened: Opened, alice: User, drawer: Drawer, some_of_everything: None, look: str) -> None:
    order = Order.everywhere.get()
    going = SyncRun.everywhere.create(
        company=drawer.mapping.company, mapping=drawer.mapping, kind="full", started_at=timezone.now(), total=900
    )
    addresses = [
        "/admin/hub/",
        "/admin/hub/paper/",
        "/admin/hub/paper/disconnect/",
        "/admin/hub/runs/",
        "/admin/hub/runs/?q=Order",
        "/admin/hub/runs/?q=nothing",
        f"/admin/hub/runs/{drawer.run.pk}/",
        f"/admin/hub/runs/{going.pk}/",
        f"/admin/hub/runs/{going.pk}/stop/",
        "/admin/hub/problems/",
        "/admin/hub/problems/?show=settled",
        f"/admin/hub/given-up/{drawer.mapping.pk}/",
        "/admin/hub/orders/",
        "/admin/hub/orders/?status=Lost&start_date=2026-02-30",
        "/admin/hub/orders/?customer=nobody",
        "/admin/records/order/",
        f"/admin/records/order/{order.pk}/change/",
        f"/admin/records/order/{order.pk}/delete/",
        "/admin/records/event/add/",
        "/admin/companies/membership/",
        "/admin/companies/apitoken/add/",
        "/admin/notices/auditevent/",
        "/accounts/2fa/",
        "/accounts/password/change/",
        "/admin/hub/nothing/",
    ]
    page = opened(alice, look).new_page()
    found = {}
    for address in addresses:
        page.goto(address)
        found[address] = flaws(page)
    assert {address: what for address, what in found.items() if what} == {}


@pytest.mark.parametrize("look", SCREENS)
def test_axe_finds_nothing_before_the_login(opened: Opened, company: Company, look: str) -> None:
    page = opened(None, look).new_page()
    for address in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        page.goto(address)
        assert flaws(page) == []


@pytest.mark.parametrize("look", SCREENS)
@pytest.mark.parametrize("status", ["not_connected", "needs_reconnect", "paused"])
def test_axe_finds_nothing_in_any_state(opened: Opened, alice: User, drawer: Drawer, look: str, status: str) -> None:
    Connection.everywhere.update(status=status, last_error="The key was withdrawn.")
    page = opened(alice, look).new_page()
    for address in ("/admin/hub/", "/admin/hub/paper/"):
        page.goto(address)
        assert flaws(page) == []
