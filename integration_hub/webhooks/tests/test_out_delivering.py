"""Sending: signed, at least once and under one id, in order, up the ladder, and nobody waits for a slow endpoint."""

import json
import socket
import threading
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django import db
from standardwebhooks import WebhookVerificationError

from integration_hub.http import clock, dial
from integration_hub.notices.models import Problem
from integration_hub.records.services import customers
from integration_hub.sync import ladder
from integration_hub.webhooks.out import claiming, delivering, outcome, pruning, services
from integration_hub.webhooks.out.models import Announcement, Delivery, Off, State, Subscription
from integration_hub.webhooks.tests import endpoint

pytestmark = pytest.mark.engine
FIRST = ladder.wait(1) * 0 + timedelta(seconds=4)  # by then the first wait is over


class Killed(BaseException):
    """The process is gone."""


def drain() -> int:
    return delivering.drain(20)


def happen(company, *names: str) -> None:
    for name in names:
        customers.create(company, {"name": name})


def names(receiver) -> list[str]:
    return [each.body["data"]["fields"]["name"] for each in receiver.came]


def states() -> list[str]:
    return list(Delivery.everywhere.order_by("id").values_list("state", flat=True))


def open_problems() -> dict[str, str]:
    rows = Problem.everywhere.filter(closed_at=None, key__startswith="outgoing:")
    return {key.split(":")[-1]: sentence for key, sentence in rows.values_list("key", "sentence")}


@pytest.fixture
def told(company, receiver, subscribe) -> Subscription:
    """A subscription at the endpoint, of new customers."""
    return subscribe(receiver.url, events=["record.created"], record_types=["customer"])[0]


# --- what arrives ---------------------------------------------------------------------------------------------------


def test_the_vendors_verifier_accepts_it(company, receiver, subscribe):
    row, secret = subscribe(receiver.url)
    happen(company, "Ana")
    assert drain() == 1
    (came,) = receiver.came
    said = came.verified(secret)
    assert (said["type"], said["data"]["record_type"], said["data"]["fields"]["name"]) == (
        "record.created",
        "customer",
        "Ana",
    )
    assert set(said) == {"type", "timestamp", "data"} and said["timestamp"].endswith("Z")
    assert came.headers["content-type"] == "application/json" and came.path == "/hook"
    assert came.id == f"evt_{Announcement.everywhere.get().pk.hex}"
    with pytest.raises(WebhookVerificationError):
        endpoint.Came(came.path, came.headers, came.raw + b" ").verified(secret)
    delivery = Delivery.everywhere.get()
    assert (delivery.state, delivery.status, delivery.attempts) == ("done", 204, 1)
    row.refresh_from_db()
    assert row.worked_at is not None and row.claim is None


def test_both_secrets_sign_for_a_day(company, receiver, subscribe):
    row, old = subscribe(receiver.url)
    new = services.rotate(row, actor="tests")
    happen(company, "Ana")
    drain()
    assert receiver.came[0].verified(old) == receiver.came[0].verified(new)
    Subscription.everywhere.update(former_until=clock.now())
    happen(company, "Eva")
    drain()
    assert receiver.came[1].verified(new)
    with pytest.raises(WebhookVerificationError):
        receiver.came[1].verified(old)


def test_events_come_in_the_order_they_happened(company, receiver, told):
    expected = [f"Ana {number}" for number in range(45)]  # more than one batch
    happen(company, *expected)
    assert drain() == 45
    assert names(receiver) == expected


def test_several_subscriptions_of_one_event_share_its_id(company, receiver, subscribe):
    first, second = subscribe(receiver.url), subscribe(receiver.url + "/two")
    happen(company, "Ana")
    drain()
    assert len({came.id for came in receiver.came}) == 1
    assert {came.path for came in receiver.came} == {"/hook", "/hook/two"}
    by_path = {came.path: came for came in receiver.came}
    assert by_path["/hook"].verified(first[1]) == by_path["/hook/two"].verified(second[1])


# --- kills and workers ----------------------------------------------------------------------------------------------


def test_killed_between_the_call_and_the_settling_it_comes_again_under_its_id(company, receiver, told, monkeypatch):
    happen(company, "Ana")
    with monkeypatch.context() as patched:
        patched.setattr(delivering, "settle", lambda *args: (_ for _ in ()).throw(Killed()))
        patched.setattr(claiming, "release", lambda held: None)  # nobody is left to give it back
        with pytest.raises(Killed):
            drain()
    assert (len(receiver.came), states()) == (1, ["due"])
    assert drain() == 0  # the lane is still leased
    with clock.shifted(timedelta(seconds=60)):
        assert drain() == 1
    assert states() == ["done"]
    assert receiver.came[0].id == receiver.came[1].id and receiver.came[0].raw == receiver.came[1].raw


def test_killed_before_the_call_it_is_still_due(company, receiver, told, monkeypatch):
    happen(company, "Ana")
    with monkeypatch.context() as patched:
        patched.setattr(delivering, "send", lambda delivery: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            drain()
    assert (receiver.came, states()) == ([], ["due"])
    drain()
    assert states() == ["done"]


def test_who_lost_the_lane_settles_nothing(company, receiver, told):
    happen(company, "Ana")

    def taken_over(came):
        Subscription.everywhere.update(claim=None)
        db.connections.close_all()
        return 204, {}, b""

    receiver.answer = taken_over
    drain()
    delivery = Delivery.everywhere.get()
    assert (delivery.state, delivery.attempts) == ("due", 0)


def test_workers_share_lanes_and_never_one(company, receiver, subscribe):
    for number in range(3):
        subscribe(f"{receiver.url}/{number}", events=["record.created"], record_types=["customer"])
    expected = [f"Ana {number}" for number in range(12)]
    happen(company, *expected)

    def work():
        delivering.drain(20)
        db.connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    drain()  # what a worker left whose turn was over
    for number in range(3):
        mine = [each for each in receiver.came if each.path.endswith(f"/{number}")]
        assert [each.body["data"]["fields"]["name"] for each in mine] == expected  # in order, and each once
    assert set(states()) == {"done"}


def test_an_endpoint_that_hangs_keeps_no_other_waiting(company, receiver, subscribe):
    hanging, arrived, quick = threading.Event(), threading.Event(), threading.Event()

    def answer(came):
        if came.path == "/hook/slow":
            arrived.set()
            hanging.wait(20)
        else:
            quick.set()
        return 204, {}, b""

    receiver.answer = answer
    subscribe(receiver.url + "/slow")
    subscribe(receiver.url + "/quick")
    Subscription.everywhere.filter(url__endswith="quick").update(served_at=clock.now() + timedelta(hours=1))
    happen(company, "Ana")

    def work():
        delivering.drain(20)
        db.connections.close_all()

    first = threading.Thread(target=work)
    first.start()
    assert arrived.wait(20)
    assert drain() == 1
    assert quick.is_set() and first.is_alive()
    hanging.set()
    first.join()
    assert set(states()) == {"done"}


def test_slow_lanes_hold_a_quarter_of_the_threads_and_all_a_half(company, receiver, subscribe, settings):
    settings.CELERY_WORKER_CONCURRENCY = 8
    rows = [subscribe(f"{receiver.url}/{number}")[0] for number in range(6)]
    happen(company, "Ana")
    Subscription.everywhere.filter(pk__in=[row.pk for row in rows[:4]]).update(slow=True)
    held = [claiming.claim() for _ in range(6)]
    slow = {row.pk for row in rows[:4]}
    claimed = [one.subscription for one in held if one]
    assert len(claimed) == 4 and len(slow & set(claimed)) == 2


def test_a_worker_is_called_for_each_lane_that_waits(company, receiver, subscribe, monkeypatch):
    words = []
    monkeypatch.setattr(delivering.nudge, "publish", lambda: words.append(1))
    delivering.repair()
    assert words == []
    for number in range(2):
        subscribe(f"{receiver.url}/{number}")
    happen(company, "Ana")
    delivering.repair()
    assert len(words) == 2


# --- what is answered -----------------------------------------------------------------------------------------------


def test_a_failure_is_tried_again_and_those_behind_it_go_on(company, receiver, told):
    receiver.answer = lambda came: (500 if came.body["data"]["fields"]["name"] == "Ana" else 200, {}, b"")
    happen(company, "Ana", "Eva", "Ion")
    drain()
    assert states() == ["due", "done", "done"]
    failed = Delivery.everywhere.order_by("id").first()
    assert (failed.status, failed.attempts) == (500, 1) and "status 500" in failed.sentence
    receiver.says(200)
    assert drain() == 0  # not yet
    with clock.shifted(FIRST):
        drain()
    assert states() == ["done"] * 3
    assert receiver.came[0].id == receiver.came[-1].id


def test_up_the_ladder_until_the_horizon_and_then_given_up(company, receiver, told):
    receiver.says(500)
    happen(company, "Ana")
    lived, gaps = timedelta(), []
    while states() == ["due"]:
        with clock.shifted(lived):
            drain()
            row, endpoint_ = Delivery.everywhere.get(), Subscription.everywhere.get()
            wait = max(row.run_at, endpoint_.not_before or row.run_at) - clock.now()
        gaps.append(wait)
        lived += max(wait, timedelta(seconds=1))
    delivery = Delivery.everywhere.get()
    assert delivery.state == State.DEAD and delivery.settled_at is not None
    assert delivery.attempts >= 8 and delivery.settled_at - delivery.failing_since >= timedelta(hours=75, minutes=35)
    assert len({came.id for came in receiver.came}) == 1 and len(receiver.came) == delivery.attempts
    assert all(gap <= timedelta(hours=12) for gap in gaps)
    assert "1 event could not be delivered" in open_problems()["dead"]


def test_gone_switches_it_off_at_once(company, receiver, told):
    receiver.says(410)
    happen(company, "Ana", "Eva")
    assert drain() == 1
    told.refresh_from_db()
    assert (told.active, told.off) == (False, Off.GONE)
    assert states() == ["dead", "due"]
    assert "gone (410)" in open_problems()["off"]
    happen(company, "Ion")
    assert len(states()) == 2  # nobody listens any more


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_by_the_whole_lane(company, receiver, told, status, form):
    after = "120" if form == "seconds" else format_datetime(clock.now() + timedelta(seconds=121), usegmt=True)
    receiver.says(status, {"Retry-After": after})
    happen(company, "Ana", "Eva")
    assert drain() == 1
    receiver.says(200)
    with clock.shifted(timedelta(seconds=110)):
        assert drain() == 0
    with clock.shifted(timedelta(seconds=125)):
        assert drain() == 2
    assert names(receiver) == ["Ana", "Ana", "Eva"]


def test_slow_down_without_a_time_rests_a_little(company, receiver, told):
    receiver.says(429)
    happen(company, "Ana")
    drain()
    told.refresh_from_db()
    assert told.not_before > clock.now() and "slow down" in told.sentence


def test_a_redirect_is_not_followed(company, receiver, told):
    receiver.says(302, {"Location": receiver.url + "/elsewhere"})
    happen(company, "Ana")
    drain()
    assert [came.path for came in receiver.came] == ["/hook"]
    delivery = Delivery.everywhere.get()
    assert (delivery.state, delivery.status) == ("due", 302) and "Enter the final address" in delivery.sentence


def test_little_of_the_answer_is_kept_and_no_secret(company, receiver, told):
    receiver.says(400, body=b'{"token": "abcdef123456", "why": "' + b"x" * 5000)
    happen(company, "Ana")
    drain()
    kept = Delivery.everywhere.get().response
    assert "abcdef" not in kept and "xxx" in kept and len(kept) <= outcome.KEPT + 20


def test_an_answer_that_is_no_text_is_kept_as_well_as_can_be(company, receiver, told):
    receiver.says(500, body=b"\0\xff\xfe plain")
    happen(company, "Ana")
    drain()
    assert "plain" in Delivery.everywhere.get().response


def test_an_endpoint_that_never_answers_counts_as_slow(company, receiver, told, monkeypatch):
    monkeypatch.setattr(delivering, "PATIENCE", 0.2)
    hanging = threading.Event()
    receiver.answer = lambda came: (hanging.wait(5), (204, {}, b""))[1]
    happen(company, "Ana")
    drain()
    hanging.set()
    told.refresh_from_db()
    delivery = Delivery.everywhere.get()
    assert told.slow and delivery.state == "due" and "did not answer in time" in delivery.sentence


def test_a_good_answer_whose_body_never_ends_is_good(company, receiver, told, monkeypatch):
    monkeypatch.setattr(delivering, "PATIENCE", 0.5)
    receiver.says(200, {"Content-Length": "900"}, b"thanks")
    happen(company, "Ana")
    drain()
    assert (states(), len(receiver.came)) == (["done"], 1)


def test_nobody_there_is_a_failure_like_any_other(company, receiver, subscribe):
    with socket.socket() as free:
        free.bind((endpoint.ALLOWED, 0))
        port = free.getsockname()[1]
    subscribe(f"http://{endpoint.ALLOWED}:{port}/")
    happen(company, "Ana")
    drain()
    delivery = Delivery.everywhere.get()
    assert (delivery.state, delivery.status) == ("due", None) and "cannot be reached" in delivery.sentence


def test_a_bug_of_ours_stops_nobody(company, receiver, told, monkeypatch):
    real = delivering.signing.headers
    broken = lambda keys, event, at, body: 1 / 0 if b"Ana" in body else real(keys, event, at, body)  # noqa: E731
    monkeypatch.setattr(delivering.signing, "headers", broken)
    happen(company, "Ana", "Eva")
    drain()
    assert states() == ["due", "done"]
    assert "fault in the hub" in Delivery.everywhere.order_by("id").first().sentence


def test_a_secret_nobody_can_read_is_told_and_sends_nothing(company, receiver, told, settings):
    happen(company, "Ana")
    settings.FIELD_ENCRYPTION_KEY = ["YW5vdGhlci1rZXktZm9yLXRlc3RzLTMyLWJ5dGVzLSE="]
    drain()
    assert receiver.came == []
    assert "cannot be read" in Delivery.everywhere.get().sentence


# --- where it may go ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["10.0.0.8", "169.254.169.254", "127.0.0.1", "::1", "::ffff:10.0.0.8"])
def test_a_name_that_leads_inside_is_not_called(company, quiet, transactional_db, subscribe, monkeypatch, address):
    """Decided by the address that is connected to, so a name that changes its mind (rebinding) changes nothing."""
    monkeypatch.setattr(dial, "dial", real_dial)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(dial, "resolve", lambda host, port, ends: found)
    monkeypatch.setattr(dial, "_connect", lambda *args: pytest.fail("it was called"))
    subscribe("https://rebound.example.com/hook")
    happen(company, "Ana")
    drain()
    delivery = Delivery.everywhere.get()
    assert delivery.state == "due" and "private network" in delivery.sentence


def test_plain_http_is_refused_when_the_operator_no_longer_allows_the_host(company, receiver, told, settings):
    happen(company, "Ana")
    settings.ALLOWED_PRIVATE_HOSTS = []
    drain()
    assert receiver.came == [] and "https" in Delivery.everywhere.get().sentence


real_dial = dial.dial


# --- an endpoint that is down ---------------------------------------------------------------------------------------


def test_an_endpoint_that_is_down_rests_and_all_goes_out_when_it_is_back(company, receiver, told):
    receiver.says(503)
    expected = [f"Ana {number}" for number in range(10)]
    happen(company, *expected)
    assert drain() == delivering.DOWN  # then it rests, and the others were not even tried
    with clock.shifted(timedelta(minutes=2)):
        assert drain() == 1  # one looks whether it is back
    receiver.says(200)
    receiver.came.clear()
    with clock.shifted(timedelta(minutes=10)):
        assert drain() == 10
    assert sorted(names(receiver)) == sorted(expected) and set(states()) == {"done"}
    told.refresh_from_db()
    assert (told.failures, told.failing_since, told.not_before) == (0, None, None)


def test_a_new_address_is_tried_at_once(company, receiver, told):
    receiver.says(500)
    happen(company, "Ana", "Eva", "Ion", "Dan")
    drain()
    receiver.says(200)
    receiver.came.clear()
    services.update(told, {"url": receiver.url + "/right"}, actor="alice")
    assert drain() == 4
    assert names(receiver) == ["Ana", "Eva", "Ion", "Dan"]


def test_people_are_told_after_an_hour_and_when_it_works_again(company, receiver, told):
    receiver.says(500)
    happen(company, "Ana")
    drain()
    assert open_problems() == {}
    for hours in (1, 2, 3):
        with clock.shifted(timedelta(hours=hours)):
            drain()
    assert "do not get through" in open_problems()["failing"]
    receiver.says(200)
    with clock.shifted(timedelta(hours=20)):
        drain()
    assert open_problems() == {}


def test_after_five_days_of_nothing_but_failures_it_is_switched_off(company, receiver, told):
    receiver.says(500)
    for hours in range(0, 122, 6):
        with clock.shifted(timedelta(hours=hours)):
            happen(company, f"Ana {hours}")
            drain()
    told.refresh_from_db()
    assert (told.active, told.off) == (False, Off.FAILING)
    problem = Problem.everywhere.get(key=f"outgoing:{told.pk}:off")
    assert problem.severity == "bad" and problem.button == "Switch it on again"
    assert set(open_problems()) <= {"off", "dead"}
    waiting = states().count("due")
    assert waiting
    receiver.says(200)
    receiver.came.clear()
    with clock.shifted(timedelta(hours=123)):
        services.switch(told, on=True, actor="alice")
        assert drain() == waiting
        assert "off" not in open_problems()
        assert services.replay_failed(told, clock.now() - timedelta(days=10), actor="alice") == states().count("due")
        drain()
    assert set(states()) == {"done"} and open_problems() == {}


def test_one_success_in_between_keeps_it_on(company, receiver, told):
    for hours in range(0, 300, 6):
        receiver.says(200 if hours == 90 else 500)
        with clock.shifted(timedelta(hours=hours)):
            happen(company, f"Ana {hours}")
            drain()
        told.refresh_from_db()
        if hours <= 200:
            assert told.active
    assert not told.active


# --- replay ---------------------------------------------------------------------------------------------------------


def test_one_is_replayed_under_its_id(company, receiver, told):
    happen(company, "Ana")
    drain()
    services.replay(Delivery.everywhere.get(), actor="alice")
    drain()
    assert receiver.came[0].id == receiver.came[1].id
    assert (states(), Delivery.everywhere.get().attempts) == (["done"], 1)


def test_what_failed_since_is_replayed_and_nothing_else(company, receiver, told):
    happen(company, "old", "new", "fine")
    Delivery.everywhere.update(state=State.DEAD, settled_at=clock.now())
    old, _new, fine = Delivery.everywhere.order_by("id")
    Delivery.everywhere.filter(pk=fine.pk).update(state=State.DONE)
    Delivery.everywhere.filter(pk=old.pk).update(created_at=clock.now() - timedelta(days=3))
    assert services.replay_failed(told, clock.now() - timedelta(days=1), actor="alice") == 1
    drain()
    assert names(receiver) == ["new"]
    assert states() == ["dead", "done", "done"]


def test_what_waits_is_tried_now_when_somebody_asks(company, receiver, told):
    receiver.says(500)
    happen(company, "Ana")
    drain()
    receiver.says(200)
    services.replay(Delivery.everywhere.get(), actor="alice")
    assert drain() == 1 and states() == ["done"]


def test_while_it_is_off_nothing_is_replayed(company, receiver, told):
    happen(company, "Ana")
    services.switch(told, on=False, actor="alice")
    assert drain() == 0
    with pytest.raises(services.CannotReplay):
        services.replay(Delivery.everywhere.get(), actor="alice")
    services.switch(told, on=True, actor="alice")
    assert drain() == 1


def test_what_is_deleted_sends_nothing_more(company, receiver, told):
    happen(company, "Ana")
    services.delete(told, actor="alice")
    assert drain() == 0 and receiver.came == []
    assert not Subscription.everywhere.get().secret
    pruning.prune()
    assert not (Subscription.everywhere.exists() or Delivery.everywhere.exists())


# --- retention ------------------------------------------------------------------------------------------------------


def test_a_secret_that_no_longer_signs_goes_at_night(company, receiver, told):
    services.rotate(told, actor="alice")
    pruning.prune()
    told.refresh_from_db()
    assert told.former_secret
    with clock.shifted(timedelta(hours=25)):
        pruning.prune()
    told.refresh_from_db()
    assert (told.former_secret, told.former_until) == (None, None) and told.secret


def test_thirty_days_are_kept(company, receiver, told):
    receiver.says(500)
    happen(company, "Ana")
    drain()
    Delivery.everywhere.update(state=State.DEAD)
    with clock.shifted(timedelta(days=20)):
        receiver.says(200)
        happen(company, "Eva")
        drain()
    with clock.shifted(timedelta(days=31)):
        assert pruning.prune() == 2  # a delivery and its event
    (left,) = Announcement.everywhere.all()
    assert json.loads(left.body)["data"]["fields"]["name"] == "Eva"
    assert open_problems() == {}
