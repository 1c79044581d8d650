"""The door: what is let in, what is refused, and what of it is a row before anything is answered."""

import json
import uuid
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from integration_hub.companies.models import Company
from integration_hub.connections import services
from integration_hub.connections.models import Connection
from integration_hub.contract import Poke
from integration_hub.contract.checks import complaints
from integration_hub.contract.signing import hmac_hex
from integration_hub.http import clock
from integration_hub.notices.models import Problem
from integration_hub.sync import setup
from integration_hub.webhooks import receiving, views
from integration_hub.webhooks.models import WebhookEvent
from integration_hub.webhooks.tests import toy

pytestmark = pytest.mark.engine


def rows() -> list[tuple[str, str]]:
    return list(WebhookEvent.everywhere.order_by("received_at", "event_id").values_list("event_id", "state"))


def open_problems() -> set[str]:
    return {key.split(":")[-1] for key in Problem.everywhere.filter(closed_at=None).values_list("key", flat=True)}


def test_a_signed_event_is_a_row_before_it_is_answered(report, connection, company):
    answer = report(toy.body(id="e1", what="x"))
    assert (answer.status_code, answer.content) == (200, b"")
    event = WebhookEvent.everywhere.get()
    assert (event.company_id, event.connection_id) == (company.pk, connection.pk)
    assert (event.provider, event.type, event.event_id, event.state) == (toy.KEY, "done", "e1", "waiting")
    assert event.payload == {"type": "done", "id": "e1", "what": "x"}
    assert toy.effects() == []


def test_a_repetition_is_answered_like_the_first_and_makes_no_row(report):
    raw = toy.body(id="e1")
    assert [report(raw).status_code for _ in range(3)] == [200, 200, 200]
    assert rows() == [("e1", "waiting")]


def test_without_an_id_of_its_own_an_equal_body_is_the_same_event(report):
    report(toy.body(what="a"))
    report(toy.body(what="a"))
    report(toy.body(what="b"))
    assert len(rows()) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: (raw, {}),
        lambda raw: (raw, toy.signed(raw, "another secret")),
        lambda raw: (raw, toy.signed(raw, age=301)),
        lambda raw: (raw, toy.signed(raw, age=-400)),
        lambda raw: (raw + b" ", toy.signed(raw)),
        lambda raw: (raw, {**toy.signed(raw), "X-Time": "1"}),
        lambda raw: (raw, {**toy.signed(raw), "X-Signature": "\u00e4" * 64}),
    ],
    ids=["unsigned", "other-secret", "old", "future", "altered", "other-time", "not-ascii"],
)
def test_what_is_not_the_providers_is_refused_and_leaves_no_row(report, change):
    raw, headers = change(toy.body(id="e1"))
    answer = report(raw, headers)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert rows() == []


def test_unknown_addresses_are_not_found(report, connection, other_company):
    raw = toy.body()
    for address in (
        f"/api/webhooks/{toy.KEY}/{uuid.uuid4()}",
        f"/api/webhooks/nobody/{connection.pk}",
        "/api/webhooks/nobody",
        f"/api/webhooks/{toy.KEY}/not-an-id",
    ):
        assert report(raw, address=address).status_code == 404
    assert rows() == []


def test_only_declared_methods(report, connection):
    answer = Client().get(f"/api/webhooks/{toy.KEY}/{connection.pk}")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_body_over_the_limit_is_refused_unread(report):
    fits = toy.body(what="x" * (2000 - len(toy.body(what=""))))
    assert len(fits) == 2000
    assert report(fits).status_code == 200
    assert report(fits + b" ").status_code == 413
    assert len(rows()) == 1


def test_an_unknown_type_is_kept_as_ignored(report):
    report(toy.body("never heard of", id="e1"))
    report(toy.body("seen", id="e2"))
    assert rows() == [("e1", "ignored"), ("e2", "ignored")]


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"{", b"[]", b'{"no": "type"}', b"[" * 1900], ids=range(6))
def test_signed_but_unreadable_is_kept_dead_and_answered(report, raw):
    assert report(raw).status_code == 200
    event = WebhookEvent.everywhere.get()
    assert (event.state, bytes(event.raw), event.body) == ("dead", raw, "")
    assert "x-signature" not in {name.lower() for name in event.headers}
    assert open_problems() == {"dead"}


def test_any_text_a_provider_may_send_can_be_stored(report):
    raw = b'{"type": "done", "id": "a\\u0000b", "what": "\\u0000 \\ud800 \xd7\xa9"}'
    assert report(raw).status_code == 200
    event = WebhookEvent.everywhere.get()
    assert event.payload["what"] == "\x00 \ud800 ש"
    assert event.event_id.startswith("sha256:")
    assert report(toy.body(id="i" * 5000, type="t" * 300)).status_code in (200, 413)


def test_the_provider_may_ask_whether_we_know_the_secret(report):
    raw = b'{"prove": "me"}'
    assert report(raw, {}).status_code == 401
    assert report(raw).json() == {"proof": hmac_hex(toy.SECRET, "me")}
    assert rows() == []


def test_a_replaced_secret_counts_for_a_day(report, connection, company):
    setup.connect(company, toy.KEY, {"key": "k", "webhook_secret": "the new one"}, {}, actor="tests")
    old, new = toy.body(id="old"), toy.body(id="new")
    assert [report(old).status_code, report(new, toy.signed(new, "the new one")).status_code] == [200, 200]
    with clock.shifted(timedelta(hours=25)):
        assert report(toy.body(id="late")).status_code == 401
        assert report(new, toy.signed(new, "the new one")).status_code == 200


def test_a_broken_connection_takes_events_and_a_disconnected_one_does_not(report, connection, monkeypatch):
    services.needs_reconnect(connection.pk, "The key was refused.")
    assert report(toy.body(id="broken")).status_code == 200
    services.pause(Connection.everywhere.get(), actor="tests")
    assert report(toy.body(id="paused")).status_code == 200
    services.disconnect(Connection.everywhere.get(), actor="tests")
    assert [report(toy.body(id="gone")).status_code for _ in range(4)] == [401] * 4
    monkeypatch.setattr(toy.Hook, "signed_with", "")
    monkeypatch.setattr(toy.Hook, "verify", lambda self, secrets, incoming: None)
    assert report(toy.body(id="unsigned")).status_code == 401
    assert len(rows()) == 2
    assert "refused" not in open_problems()


def test_three_refusals_in_ten_minutes_are_a_problem_and_a_success_ends_it(report):
    raw = toy.body(id="e1")
    wrong = toy.signed(raw, "wrong")
    report(raw, wrong)
    report(raw, wrong)
    assert open_problems() == set()
    with clock.shifted(timedelta(minutes=11)):  # too far apart
        wrong = toy.signed(raw, "wrong")
        report(raw, wrong)
        report(raw, wrong)
        assert open_problems() == set()
        report(raw, wrong)
        assert open_problems() == {"refused"}
        assert toy.SECRET not in Problem.everywhere.get().detail
        assert report(raw, toy.signed(raw)).status_code == 200
        assert open_problems() == set()


def test_without_a_stored_secret_nothing_is_believed(report, company):
    setup.connect(company, toy.KEY, {"key": "k"}, {}, actor="tests")  # left empty: the stored one is kept
    assert report(toy.body(id="e1")).status_code == 200
    Connection.everywhere.update(webhook_secret=None)
    raw = toy.body(id="e2")
    assert report(raw, toy.signed(raw, "")).status_code == 401


def test_our_own_trouble_is_503_so_that_it_is_sent_again(report, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("the database is away")

    monkeypatch.setattr(receiving, "_insert", away)
    answer = report(toy.body(id="e1"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    monkeypatch.undo()
    assert report(toy.body(id="e1")).status_code == 200


# --- one address for all connections ----------------------------------------------------------------------------------

SHARED = f"/api/webhooks/{toy.KEY}"


@pytest.fixture
def twin(connection, other_company):
    """The same account, connected by another company too, with a secret of its own."""
    return setup.connect(other_company, toy.KEY, {"key": "k", "webhook_secret": "charlie's"}, {}, actor="tests")


def test_an_app_level_delivery_reaches_every_connection_it_is_signed_for(report, connection, twin, monkeypatch):
    raw = toy.body(id="e1")
    named = {**toy.signed(raw), "X-Account": "acct"}
    assert report(raw, named, SHARED).status_code == 200
    assert list(WebhookEvent.everywhere.values_list("connection", flat=True)) == [connection.pk]
    monkeypatch.setenv("HOOKED_WEBHOOK_SECRET", "old app secret, app secret")
    both = {**toy.signed(raw, "app secret"), "X-Account": "acct"}
    assert report(raw, both, SHARED).status_code == 200
    assert set(WebhookEvent.everywhere.values_list("connection", flat=True)) == {connection.pk, twin.pk}


def test_an_app_level_delivery_for_nobody_is_refused_or_with_the_apps_secret_ignored(report, monkeypatch):
    raw = toy.body(id="e1")
    assert report(raw, toy.signed(raw), SHARED).status_code == 401
    assert report(raw, {**toy.signed(raw), "X-Account": "unknown"}, SHARED).status_code == 401
    monkeypatch.setenv("HOOKED_WEBHOOK_SECRET", "app secret")
    assert report(raw, toy.signed(raw, "app secret"), SHARED).status_code == 200
    assert report(raw, toy.signed(raw), SHARED).status_code == 401
    assert rows() == []


def test_accepting_costs_one_read_and_one_write(report, django_assert_num_queries):
    raw = toy.body(id="e1")
    headers = toy.signed(raw)
    with django_assert_num_queries(2):
        assert report(raw, headers).status_code == 200


def test_the_secret_is_nowhere_to_be_read(report, connection, alice, caplog):
    report(json.dumps({"type": "done", "id": "e1", "download_token": "t0psecret-token"}).encode())
    browser = Client()
    browser.force_login(alice)
    page = browser.get(f"/admin/webhooks/webhookevent/{WebhookEvent.everywhere.get().pk}/change/").content.decode()
    assert "e1" in page and "[hidden]" in page
    assert not [text for text in (page, caplog.text, repr(connection)) if toy.SECRET in text or "t0psecret" in text]


def test_two_companies_do_not_share_ids(report, connection, twin):
    raw = toy.body(id="e1")
    report(raw)
    report(raw, toy.signed(raw, "charlie's"), f"{SHARED}/{twin.pk}")
    assert {row.company_id for row in WebhookEvent.everywhere.all()} == {one.pk for one in Company.objects.all()}


def test_a_body_sent_in_chunks_is_read_as_far_as_the_limit():
    def body(raw):
        request = RequestFactory().post("/", headers={"Transfer-Encoding": "chunked"})
        request.META |= {"CONTENT_LENGTH": "", "wsgi.input": BytesIO(raw)}
        return views._body(request, 10)

    assert (body(b"x" * 10), body(b"x" * 11), body(b"")) == (b"x" * 10, None, b"")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("signed_with", "nothing_declared", "contract.E007"),
        ("handles", {"news": Poke("nothing declared")}, "contract.E008"),
        ("addresses", ("/api/hook/",), "contract.E009"),
    ],
)
def test_a_webhook_that_could_not_work_is_an_error_at_start(monkeypatch, tmp_path, name, value, code):
    assert code not in {found.id for found in complaints(toy.PROVIDER, tmp_path)}
    monkeypatch.setattr(toy.Hook, "addresses", ())
    monkeypatch.setattr(toy.Hook, name, value)
    assert code in {found.id for found in complaints(toy.PROVIDER, tmp_path)}
