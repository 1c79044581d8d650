"""The list of events for people and for programs, and Replay there."""

import pytest
from django.test import Client
from django.urls import reverse

from integration_hub.sync.models import Lane
from integration_hub.webhooks import processing
from integration_hub.webhooks.models import State, WebhookEvent
from integration_hub.webhooks.tests import toy

pytestmark = pytest.mark.engine

LIST = "admin:webhooks_webhookevent_changelist"


@pytest.fixture
def api(api_token) -> Client:
    return Client(headers={"Authorization": f"Bearer {api_token[1]}"})


@pytest.fixture
def browser(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def dead_one(report) -> WebhookEvent:
    report(toy.body(id="e1", what="x"))
    WebhookEvent.everywhere.update(state=State.DEAD, sentence="It failed.")
    return WebhookEvent.everywhere.get()


def test_programs_list_filter_and_look_at_events(report, api):
    event = dead_one(report)
    report(toy.body("seen", id="e2"))
    listed = api.get("/api/webhook-events").json()
    assert (listed["count"], [one["event_id"] for one in listed["results"]]) == (2, ["e2", "e1"])
    assert "payload" not in listed["results"][0]
    (found,) = api.get("/api/webhook-events?state=dead").json()["results"]
    assert (found["type"], found["sentence"], found["attempts"]) == ("done", "It failed.", 0)
    assert api.get(f"/api/webhook-events/{event.pk}").json()["payload"]["what"] == "x"
    assert api.get("/api/webhook-events?state=dad").status_code == 400


def test_programs_replay(report, api):
    event = dead_one(report)
    answer = api.post(f"/api/webhook-events/{event.pk}/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    processing.drain(20)
    assert toy.effects() == ["x"]
    assert api.post(f"/api/webhook-events/{event.pk}/replay").status_code == 409


def test_people_replay_what_they_select(report, browser):
    event = dead_one(report)
    page = browser.get(reverse(LIST)).content.decode()
    assert "It failed." in page
    form = {"action": "replay", "_selected_action": [str(event.pk)]}
    assert "1 event will be applied again" in browser.post(reverse(LIST), form, follow=True).content.decode()
    assert "does nothing with events" not in page
    WebhookEvent.everywhere.update(type="seen", state=State.IGNORED)
    assert "does nothing with events" in browser.post(reverse(LIST), form, follow=True).content.decode()


def test_staff_look_and_do_not_replay(report, bob):
    event = dead_one(report)
    client = Client()
    client.force_login(bob)
    assert client.get(reverse(LIST)).status_code == 200
    client.post(reverse(LIST), {"action": "replay", "_selected_action": [str(event.pk)]})
    event.refresh_from_db()
    assert event.state == State.DEAD


def test_another_company_sees_and_replays_none(report, charlie):
    event = dead_one(report)
    client = Client()
    client.force_login(charlie)
    assert "It failed." not in client.get(reverse(LIST)).content.decode()
    assert client.get(f"/api/webhook-events/{event.pk}").status_code == 404
    assert client.post(f"/api/webhook-events/{event.pk}/replay").status_code in (403, 404)
    client.post(reverse(LIST), {"action": "replay", "_selected_action": [str(event.pk)]})
    event.refresh_from_db()
    assert event.state == State.DEAD


def test_a_list_costs_the_same_whatever_is_in_it(report, api, django_assert_max_num_queries):
    for number in range(5):
        report(toy.body(id=str(number)))
    with django_assert_max_num_queries(6):
        assert api.get("/api/webhook-events").json()["count"] == 5


def test_the_providers_page_tells_the_address_and_asks_for_the_secret(connection, browser):
    page = browser.get(f"/admin/hub/{toy.KEY}/").content.decode()
    said = browser.post(f"/admin/hub/{toy.KEY}/sync/", follow=True).content.decode()
    assert "It is being read now." in said
    assert f"http://localhost:8000/api/webhooks/{toy.KEY}/{connection.pk}" in page
    assert "Webhook secret" in page and toy.SECRET not in page


def test_programs_have_streams_read(connection, api):
    Lane.everywhere.update(next_due=None)
    answer = api.post(f"/api/integrations/{toy.KEY}/sync", {}, content_type="application/json")
    assert (answer.status_code, answer.json()) == (202, {"address": f"/api/integrations/{toy.KEY}", "runs": []})
    assert Lane.everywhere.get().next_due is not None
