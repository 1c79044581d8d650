"""Outgoing webhooks for programs and people: made, shown, changed, tried, replayed; and who may not."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from integration_hub.companies import tokens
from integration_hub.http import clock
from integration_hub.notices.models import AuditEvent, Problem
from integration_hub.records.services import customers
from integration_hub.rest.models import IdempotencyKey
from integration_hub.webhooks.out import delivering, services, trouble
from integration_hub.webhooks.out.models import Delivery, Off, State, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.engine]

ALL = "/api/webhook-subscriptions"
BODY = {"name": "Shop", "url": "https://shop.example.com/hook", "events": ["record.created"], "record_types": ["order"]}
LIST = "admin:webhooks_subscription_changelist"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Program:
    """A program with a token."""

    def __init__(self, text: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def __call__(self, method: str, address: str, body=None, **headers):
        ask = getattr(self.client, method.lower())
        if method == "GET":
            return ask(address)
        return ask(address, json.dumps(body if body is not None else {}), content_type="application/json", **headers)


@pytest.fixture
def api(api_token, quiet) -> Program:
    return Program(api_token[1])


@pytest.fixture
def theirs(other_company, quiet) -> Program:
    return Program(tokens.issue(other_company, "theirs", ["read", "write", "admin"])[1])


@pytest.fixture
def browser(alice, quiet) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def staff(bob, quiet) -> Client:
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def dead(company, subscribe) -> Delivery:
    """An event that was given up."""
    subscribe(name="Shop")
    customers.create(company, {"name": "Ana Secret"})
    Delivery.everywhere.update(
        state=State.DEAD, attempts=9, status=500, settled_at=clock.now(), sentence="It broke.", response="oops"
    )
    delivery = Delivery.everywhere.select_related("subscription").get()
    trouble.tell_given_up(delivery.subscription)
    return delivery


# --- programs -------------------------------------------------------------------------------------------------------


def test_a_program_makes_one_and_sees_its_secret_once(api):
    answer = api("POST", ALL, BODY)
    assert answer.status_code == 201
    made = answer.json()
    assert made["secret"].startswith("whsec_") and made["active"] and made["record_types"] == ["order"]
    assert answer["Location"] == f"{ALL}/{made['id']}"
    stored = Subscription.everywhere.get()
    assert stored.secret == made["secret"]
    assert made["secret"] not in str(Subscription.everywhere.values_list("secret", flat=True)[0])
    for address in (ALL, f"{ALL}/{made['id']}"):
        assert made["secret"] not in api("GET", address).content.decode()
    assert api("GET", ALL).json()["count"] == 1
    assert AuditEvent.everywhere.filter(action="outgoing_webhook.created").count() == 1


def test_a_repeated_request_makes_one_and_keeps_no_secret(api):
    key = {"headers": {"Idempotency-Key": "once"}}
    first, second = api("POST", ALL, BODY, **key), api("POST", ALL, BODY, **key)
    assert first.json()["id"] == second.json()["id"] and Subscription.everywhere.count() == 1
    assert first.json()["secret"] and second.json()["secret"] is None
    assert "whsec_" not in IdempotencyKey.everywhere.get().answer
    rotated = api("POST", f"{ALL}/{first.json()['id']}/rotate-secret", headers={"Idempotency-Key": "twice"})
    assert rotated.json()["secret"]
    assert "whsec_" not in "".join(IdempotencyKey.everywhere.values_list("answer", flat=True))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "ftp://shop.example.com"}, "url"),
        ({"url": "http://shop.example.com/hook"}, "url"),
        ({"url": "https://me:key@shop.example.com/"}, "url"),
        ({"url": "https://shop.example.com/a b"}, "url"),
        ({"url": "https://shop.example.com:99999/"}, "url"),
        ({"url": "shop"}, "url"),
        ({"url": None}, "url"),
        ({"events": []}, "events"),
        ({"events": ["record.eaten"]}, "events.0"),
        ({"events": "record.created"}, "events"),
        ({"record_types": ["order_item"]}, "record_types.0"),
        ({"active": "yes"}, "active"),
        ({"secret": "whsec_mine"}, "secret"),
        ({"failures": 3}, "failures"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(api, change, field):
    answer = api("POST", ALL, BODY | change)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Subscription.everywhere.exists()


def test_plain_http_only_to_hosts_the_operator_named(api, settings):
    settings.ALLOWED_PRIVATE_HOSTS = ["intranet"]
    assert api("POST", ALL, BODY | {"url": "http://intranet:8080/hook"}).status_code == 201
    assert api("POST", ALL, BODY | {"url": "http://shop.example.com/hook"}).status_code == 400


def test_a_company_has_so_many(api, monkeypatch):
    monkeypatch.setattr(services, "MOST", 1)
    assert api("POST", ALL, BODY).status_code == 201
    answer = api("POST", ALL, BODY)
    assert answer.status_code == 400 and "at most 1 webhooks" in answer.json()["detail"]


def test_a_program_changes_switches_and_deletes(api):
    one = f"{ALL}/{api('POST', ALL, BODY).json()['id']}"
    changed = api("PATCH", one, {"events": ["record.deleted", "record.created", "record.created"], "name": ""}).json()
    assert (changed["events"], changed["name"]) == (["record.created", "record.deleted"], "")
    assert api("PATCH", one, {"active": False}).json()["active"] is False
    assert api("PATCH", one, {"active": True}).json()["active"] is True
    assert api("PATCH", one, {"url": "http://127.0.0.1/"}).status_code == 400
    assert api("DELETE", one).status_code == 204
    assert api("GET", one).status_code == 404 and api("GET", ALL).json()["count"] == 0
    assert api("DELETE", one).status_code == 404


def test_switching_on_again_forgets_what_was(api, subscribe):
    row, _secret = subscribe()
    Subscription.everywhere.update(active=False, off=Off.FAILING, failures=9, failing_since=clock.now(), sentence="x")
    trouble.tell_off(Subscription.everywhere.get())
    shown = api("GET", f"{ALL}/{row.pk}").json()
    assert (shown["off"], shown["failures"], shown["sentence"]) == ("failing", 9, "x")
    again = api("PATCH", f"{ALL}/{row.pk}", {"active": True}).json()
    assert (again["active"], again["off"], again["failures"], again["sentence"]) == (True, "", 0, "")
    assert not Problem.everywhere.filter(closed_at=None).exists()


def test_a_secret_is_rotated(api, subscribe):
    row, old = subscribe()
    answer = api("POST", f"{ALL}/{row.pk}/rotate-secret")
    row.refresh_from_db()
    assert answer.status_code == 200 and answer.json()["secret"] == row.secret != old
    assert row.former_secret == old
    assert timedelta(hours=23) < row.former_until - clock.now() <= timedelta(hours=24)
    assert api("GET", f"{ALL}/{row.pk}").json()["former_secret_until"] == answer.json()["former_secret_until"]


def test_a_test_event_goes_to_one_address(api, subscribe):
    row, _secret = subscribe(events=["record.deleted"])
    subscribe()
    answer = api("POST", f"{ALL}/{row.pk}/test")
    assert (answer.status_code, answer.json()["type"], answer.json()["state"]) == (202, "webhook.test", "due")
    shown = api("GET", answer["Location"]).json()
    assert json.loads(shown["body"])["type"] == "webhook.test" and shown["next_attempt_at"]
    assert Delivery.everywhere.get().subscription_id == row.pk
    api("PATCH", f"{ALL}/{row.pk}", {"active": False})
    assert api("POST", f"{ALL}/{row.pk}/test").status_code == 409


def test_deliveries_are_listed_and_replayed(api, dead):
    listed = api("GET", f"{ALL}/{dead.subscription_id}/deliveries?state=dead").json()
    (found,) = listed["results"]
    assert (found["state"], found["status"], found["response"], found["sentence"]) == (
        "dead",
        500,
        "oops",
        "It broke.",
    )
    assert found["event_id"] == delivering.event_id(dead) and found["next_attempt_at"] is None
    assert "Ana Secret" not in json.dumps(listed)
    assert api("GET", f"{ALL}/{dead.subscription_id}/deliveries?state=lost").status_code == 400
    answer = api("POST", f"/api/webhook-deliveries/{dead.pk}/replay")
    assert (answer.status_code, answer.json()["state"], answer.json()["attempts"]) == (202, "due", 0)
    assert not Problem.everywhere.filter(closed_at=None).exists()


def test_what_failed_since_is_replayed(api, dead):
    one = f"{ALL}/{dead.subscription_id}/replay"
    later = (clock.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert api("POST", one, {"since": later}).json() == {"count": 0}
    assert api("POST", one, {"since": "yesterday"}).status_code == 400
    assert (api("POST", one).status_code, api("POST", one).json()) == (202, {"count": 0})
    assert Delivery.everywhere.get().state == "due"


def test_lists_cost_the_same_whatever_is_in_them(api, company, subscribe, django_assert_num_queries):
    row, _secret = subscribe(record_types=["customer"])
    tokens.ApiToken.everywhere.update(unthrottled=True)
    api("GET", ALL)  # notes when the token was used
    for more in (1, 20):
        for number in range(more):
            customers.create(company, {"name": f"Ana {number}"})
        with django_assert_num_queries(4):  # token, webhook, count, deliveries with events
            assert api("GET", f"{ALL}/{row.pk}/deliveries").status_code == 200


# --- who may not ----------------------------------------------------------------------------------------------------


def addresses(delivery: Delivery) -> list[tuple[str, str]]:
    one = f"{ALL}/{delivery.subscription_id}"
    return [
        ("GET", one),
        ("PATCH", one),
        ("DELETE", one),
        ("POST", f"{one}/rotate-secret"),
        ("POST", f"{one}/test"),
        ("POST", f"{one}/replay"),
        ("GET", f"{one}/deliveries"),
        ("GET", f"/api/webhook-deliveries/{delivery.pk}"),
        ("POST", f"/api/webhook-deliveries/{delivery.pk}/replay"),
    ]


def test_another_companys_are_not_there(theirs, dead):
    assert theirs("GET", ALL).json()["count"] == 0
    for method, address in addresses(dead):
        assert theirs(method, address).status_code == 404, (method, address)
    dead.refresh_from_db()
    assert dead.state == "dead" and Subscription.everywhere.get().removed_at is None


def test_ids_of_nothing_are_not_there(api):
    for method, address in (("GET", f"{ALL}/{UNKNOWN}"), ("POST", f"/api/webhook-deliveries/{UNKNOWN}/replay")):
        assert api(method, address).status_code == 404


@pytest.mark.parametrize("scopes", [["read"], ["read", "write"]])
def test_without_the_scope_a_program_may_look_at_most(company, dead, scopes):
    program = Program(tokens.issue(company, "weak", scopes)[1])
    assert program("POST", ALL, BODY).status_code == 403
    for method, address in addresses(dead):
        assert program(method, address).status_code == (200 if method == "GET" else 403), (method, address)


def test_a_revoked_token_opens_nothing(company, dead):
    token, text = tokens.issue(company, "old", ["read", "write", "admin"])
    program = Program(text)
    assert program("GET", ALL).status_code == 200
    tokens.revoke(token)
    for method, address in addresses(dead):
        assert program(method, address).status_code == 401


# --- people ---------------------------------------------------------------------------------------------------------


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_an_admin_makes_one_in_the_browser(browser):
    form = {"name": "Shop", "url": "https://shop.example.com/hook", "events": ["record.created", "record.deleted"]}
    page = browser.post(reverse("admin:webhooks_subscription_add"), form, follow=True).content.decode()
    row = Subscription.everywhere.get()
    assert row.secret in page and "shown this once" in page
    assert (row.events, row.record_types) == (["record.created", "record.deleted"], [])
    listed = text(browser, reverse(LIST))
    assert "Shop" in listed and "shop.example.com" in listed and row.secret not in listed
    shown = text(browser, trouble.page(row))
    assert row.secret not in shown and "whsec_••••" in shown


def test_a_wrong_address_is_told_at_its_field(browser):
    form = {"name": "", "url": "http://10.0.0.1/hook", "events": ["record.created"]}
    page = browser.post(reverse("admin:webhooks_subscription_add"), form).content.decode()
    assert "must begin with https://" in page and not Subscription.everywhere.exists()
    page = browser.post(reverse("admin:webhooks_subscription_add"), {"url": "https://a.example.com"}).content.decode()
    assert "This field is required" in page


def test_an_admin_changes_one(browser, subscribe):
    row, secret = subscribe(name="Shop")
    form = {"name": "Till", "url": "https://till.example.com/", "events": ["record.updated"], "record_types": ["order"]}
    browser.post(trouble.page(row), form)
    row.refresh_from_db()
    assert (row.name, row.url, row.events, row.record_types) == (
        "Till",
        "https://till.example.com/",
        ["record.updated"],
        ["order"],
    )
    assert row.secret == secret and row.active


def test_an_admin_rotates_tests_switches_and_deletes(browser, subscribe):
    row, old = subscribe(name="Shop")
    rotate, switch = reverse("admin:rotate_webhook", args=[row.pk]), reverse("admin:switch_webhook", args=[row.pk])
    assert "both sign" in text(browser, rotate)
    page = browser.post(rotate).content.decode()
    row.refresh_from_db()
    assert row.secret in page and row.secret != old
    assert "The former one signs too" in text(browser, trouble.page(row))
    page = browser.post(reverse("admin:test_webhook", args=[row.pk]), follow=True).content.decode()
    assert "webhook.test" in page
    assert browser.get(reverse("admin:test_webhook", args=[row.pk])).status_code == 405
    assert "Switch this webhook off?" in text(browser, switch)
    browser.post(switch)
    row.refresh_from_db()
    assert not row.active
    page = browser.post(reverse("admin:test_webhook", args=[row.pk]), follow=True).content.decode()
    assert "switched off" in page
    assert "on again?" in text(browser, switch)
    browser.post(switch)
    row.refresh_from_db()
    assert row.active
    delete = reverse("admin:webhooks_subscription_delete", args=[row.pk])
    assert "Shop" in text(browser, delete)
    browser.post(delete, {"post": "yes"})
    row.refresh_from_db()
    assert row.removed_at is not None
    assert browser.get(trouble.page(row)).status_code == 302  # Django's word for "not here"
    text(browser, reverse(LIST))  # shows the messages
    assert "Shop" not in text(browser, reverse(LIST))


def test_the_button_of_the_problem_leads_to_switching_it_on(browser, subscribe):
    subscribe(name="Shop")
    Subscription.everywhere.update(active=False, off=Off.FAILING, sentence="The endpoint answered with status 500.")
    trouble.tell_off(Subscription.everywhere.get())
    assert "five days" in text(browser, "/admin/hub/problems/")
    browser.post(Problem.everywhere.get().url)
    assert Subscription.everywhere.get().active
    assert not Problem.everywhere.filter(closed_at=None).exists()


def test_people_see_deliveries_and_replay_what_they_select(browser, dead):
    listing = trouble.deliveries(dead.subscription, State.DEAD)
    page = text(browser, listing)
    assert "It broke." in page and "Ana Secret" not in page
    one = reverse("admin:webhooks_delivery_change", args=[dead.pk])
    shown = text(browser, one)
    assert "oops" in shown and "Ana Secret" in shown and delivering.event_id(dead) in shown
    form = {"action": "replay", "_selected_action": [str(dead.pk)]}
    assert "1 event is sent again" in browser.post(listing, form, follow=True).content.decode()
    dead.refresh_from_db()
    assert dead.state == "due"
    Delivery.everywhere.update(state=State.DEAD)
    again = reverse("admin:replay_webhook_delivery", args=[dead.pk])
    assert "1 event is sent again" in browser.post(again, follow=True).content.decode()
    Delivery.everywhere.update(state=State.DEAD)
    Subscription.everywhere.update(active=False)
    assert "Switch it on first" in browser.post(again, follow=True).content.decode()


def test_people_replay_what_failed_since(browser, dead):
    address = reverse("admin:replay_webhook", args=[dead.subscription_id])
    assert "the last week" in text(browser, address)
    Delivery.everywhere.update(created_at=clock.now() - timedelta(hours=3))
    assert "0 events are sent again" in browser.post(address, {"hours": "1"}, follow=True).content.decode()
    assert "1 event is sent again" in browser.post(address, {"hours": "24"}, follow=True).content.decode()


def test_filters_of_the_list_stay_within_the_company(browser, other_company, dead, subscribe):
    subscribe(name="Stranger", owner=other_company)
    page = text(browser, reverse("admin:webhooks_delivery_changelist") + "?event=record.created")
    assert "record.created" in page and "Stranger" not in page


def test_staff_see_and_change_nothing(staff, dead):
    row = dead.subscription
    assert "Shop" in text(staff, reverse(LIST))
    page = text(staff, trouble.page(row))
    assert "shop.example.com" in page and "Change the secret" not in page and "Save" not in page
    assert "Send it again" not in text(staff, reverse("admin:webhooks_delivery_change", args=[dead.pk]))
    assert staff.get(reverse("admin:webhooks_subscription_add")).status_code == 403
    assert staff.post(trouble.page(row), {"name": "x"}).status_code == 403
    for word in ("rotate_webhook", "test_webhook", "switch_webhook", "replay_webhook"):
        assert staff.post(reverse(f"admin:{word}", args=[row.pk])).status_code == 403, word
    assert staff.post(reverse("admin:replay_webhook_delivery", args=[dead.pk])).status_code == 403
    staff.post(reverse("admin:webhooks_delivery_changelist"), {"action": "replay", "_selected_action": [str(dead.pk)]})
    dead.refresh_from_db()
    assert dead.state == "dead"


def test_pages_of_another_company_are_not_found(dead, charlie):
    client = Client()
    client.force_login(charlie)
    assert client.get(trouble.page(dead.subscription)).status_code == 302
    for word in ("rotate_webhook", "test_webhook", "switch_webhook", "replay_webhook"):
        assert client.post(reverse(f"admin:{word}", args=[dead.subscription_id])).status_code == 404, word
    assert client.post(reverse("admin:replay_webhook_delivery", args=[dead.pk])).status_code == 404
