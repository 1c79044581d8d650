"""Outgoing webhooks in a browser: made, tried, looked at, and nothing wrong with any of their pages."""

import json
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from integration_hub.companies.models import Company, User
from integration_hub.records.services import customers
from integration_hub.tests.browser.conftest import SCREENS, Opened, flaws
from integration_hub.webhooks.out import nudge, services, trouble
from integration_hub.webhooks.out.kinds import EVENTS
from integration_hub.webhooks.out.models import Delivery, Off, State, Subscription

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nudges go nowhere."""
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)


@pytest.fixture
def some(company: Company) -> list[Subscription]:
    """One that works, one that does not, one that was switched off; with deliveries in each state."""
    given = {"url": "https://shop.example.com/hooks/integration-hub", "events": list(EVENTS)}
    books = {"name": "Bookkeeping", "record_types": ["order", "customer"]}
    named: tuple[dict[str, Any], ...] = ({"name": "Shop"}, books, {})
    rows = [services.create(company, given | more, actor="alice")[0] for more in named]
    for name in ("Ana", "Eva", "Ion"):
        customers.create(company, {"name": name})
    for row, state in zip(rows, (State.DONE, State.DUE, State.DEAD), strict=True):
        said = (
            {"status": 204} if state == State.DONE else {"status": 500, "sentence": "The endpoint answered with 500."}
        )
        Delivery.everywhere.filter(subscription=row).update(
            state=state, attempts=3, milliseconds=81, response=json.dumps({"error": "x" * 300}), **said
        )
    why = "The endpoint answered with status 500."
    Subscription.everywhere.filter(pk=rows[1].pk).update(failures=4, sentence=why)
    Subscription.everywhere.filter(pk=rows[2].pk).update(active=False, off=Off.FAILING, failures=40, sentence=why)
    trouble.tell_off(Subscription.everywhere.get(pk=rows[2].pk))
    services.rotate(rows[0], actor="alice")
    return rows


@pytest.mark.parametrize("look", SCREENS)
@pytest.mark.parametrize("role", ["admin", "staff"])
def test_axe_finds_nothing(
    opened: Opened, alice: User, bob: User, some: list[Subscription], look: str, role: str
) -> None:
    one, _failing, off = some
    delivery = Delivery.everywhere.filter(subscription=off).first()
    assert delivery is not None
    addresses = [
        reverse("admin:webhooks_subscription_changelist"),
        *(trouble.page(row) for row in some),
        trouble.deliveries(off),
        reverse("admin:webhooks_delivery_changelist"),
        reverse("admin:webhooks_delivery_change", args=[delivery.pk]),
        "/admin/hub/problems/",
    ]
    if role == "admin":
        addresses += [
            reverse("admin:webhooks_subscription_add"),
            reverse("admin:webhooks_subscription_delete", args=[one.pk]),
            *(reverse(f"admin:{word}_webhook", args=[one.pk]) for word in ("rotate", "switch", "replay")),
            reverse("admin:switch_webhook", args=[off.pk]),
        ]
    page = opened(alice if role == "admin" else bob, look).new_page()
    found = {}
    for address in addresses:
        page.goto(address)
        found[address] = flaws(page)
    assert {address: what for address, what in found.items() if what} == {}


def test_an_admin_makes_one_tries_it_and_looks_at_what_became_of_it(
    opened: Opened, alice: User, company: Company
) -> None:
    page = opened(alice).new_page()
    page.goto("/admin/hub/")
    page.click("text=Outgoing webhooks")
    page.click(".object-tools .addlink")
    page.fill("#id_url", "http://shop.example.com/hook")
    page.check("text=a record is made")
    page.click("input[name=_save]")
    assert "must begin with https://" in page.inner_text(".errorlist >> nth=0")
    page.fill("#id_url", "https://shop.example.com/hook")
    page.click("input[name=_save]")
    assert page.input_value("#once").startswith("whsec_")
    assert flaws(page) == []
    page.click("text=I have it")
    page.click("#result_list tbody a >> nth=0")
    page.click("#test")
    assert "webhook.test" in page.inner_text("#content")
    assert Delivery.everywhere.get().announcement.type == "webhook.test"
    page.go_back()
    page.click("#deliveries")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
