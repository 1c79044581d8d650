"""One call through the door: what leaves, what comes back, what it means, what is written down."""

import threading
import time
from datetime import timedelta
from email.utils import format_datetime

import pytest
import requests
import responses
from django.db import transaction
from django.utils import timezone

from integration_hub.companies import scope
from integration_hub.companies.models import Company
from integration_hub.contract import (
    AuthFailed,
    ConfigError,
    ProviderError,
    RateLimited,
    Rejected,
    Reply,
    TransientError,
)
from integration_hub.http import metrics, transport
from integration_hub.http.door import InsideTransaction, within
from integration_hub.http.models import IntegrationMetric
from integration_hub.http.statuses import retry_after
from integration_hub.http.tests.outside import TOKEN, Outside, Shop, door_to, drips, hangs_up, says, sleeps
from integration_hub.http.tests.wires import WireCut

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_a_call_carries_key_body_and_parameters(outside: Outside) -> None:
    reply = door_to(outside.url + "/v1").call(
        "write", "post", "/rows", params=[("f[]", "a"), ("f[]", "b")], json={"name": "Jörg"}
    )
    method, path, headers, body, _peer = outside.seen[0]
    assert (method, path) == ("POST", "/v1/rows?f%5B%5D=a&f%5B%5D=b")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Content-Type"] == "application/json"
    assert body == '{"name":"Jörg"}'.encode()
    assert reply.json() == {"ok": True}
    assert reply.headers["content-type" if "content-type" in reply.headers else "content-length"]


def test_connections_are_kept_and_an_idle_one_is_not_trusted(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    for _call in range(3):
        door_to(outside.url).call("read", "GET", "/a")
    assert len({peer for *_rest, peer in outside.seen}) == 1
    monkeypatch.setattr("integration_hub.http.sockets.IDLE", -1.0)
    door_to(outside.url).call("read", "GET", "/a")
    assert len({peer for *_rest, peer in outside.seen}) == 2


def test_no_cookies_are_kept_between_calls(outside: Outside) -> None:
    outside.always = says(200, {}, Set_Cookie="session=one-company")
    for _call in range(2):
        door_to(outside.url).call("read", "GET", "/a")
    assert "Cookie" not in outside.seen[1][2]


def test_redirects_are_not_followed(outside: Outside) -> None:
    outside.script = [says(302, {}, Location=f"{outside.url}/elsewhere")]
    with pytest.raises(ConfigError, match="another address"):
        door_to(outside.url).call("read", "GET", "/a")
    assert [path for _method, path, *_rest in outside.seen] == ["/a"]


def test_a_key_that_is_no_header_is_refused_without_being_shown(outside: Outside) -> None:
    for key in ("schlüssel-ключ", "two\nlines"):
        with pytest.raises(AuthFailed) as caught:
            door_to(outside.url, headers={"Authorization": f"Bearer {key}"}).call("read", "GET", "/a")
        assert key not in str(caught.value)
    assert outside.seen == []


def test_an_address_that_is_none_is_a_setting_to_mend() -> None:
    with pytest.raises(ConfigError, match="not a web address"):
        door_to("nonsense").call("read", "GET", "/a")


# --- rooms the call may not come from ---------------------------------------------------------------------------------


def test_inside_a_transaction_the_door_stays_shut(outside: Outside) -> None:
    with transaction.atomic(), pytest.raises(InsideTransaction):
        door_to(outside.url).call("read", "GET", "/a")
    assert outside.seen == []
    door_to(outside.url).call("read", "GET", "/a")  # the test case's own transaction does not count


@pytest.mark.django_db(transaction=True)
def test_a_transaction_opened_by_hand_counts_too(outside: Outside) -> None:
    transaction.set_autocommit(False)
    try:
        with pytest.raises(InsideTransaction):
            door_to(outside.url).call("read", "GET", "/a")
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    door_to(outside.url).call("read", "GET", "/a")


def test_the_wire_is_cut_unless_a_test_asks_for_it() -> None:
    with pytest.raises(WireCut):
        door_to().call("read", "GET", "/a")


def test_the_wire_leads_to_loopback_only(wire: None) -> None:
    with pytest.raises(WireCut):
        door_to("http://93.184.216.34").call("read", "GET", "/a")


@responses.activate
def test_responses_stands_in_for_the_world() -> None:
    responses.get("https://api.shop.example/v1/a", json={"n": 1})
    assert door_to().call("read", "GET", "/a").json() == {"n": 1}


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [drips(), drips(headers=True), sleeps(20)], ids=["body", "headers", "silence"])
def test_the_deadline_holds_for_the_whole_call(outside: Outside, answer: object) -> None:
    outside.always = answer  # type: ignore[assignment]
    with pytest.raises(TransientError) as caught:
        door_to(outside.url).call("write", "POST", "/a", json={}, deadline=0.6)
    assert outside.ended == 0, "the door went before the answer was over"
    assert caught.value.unsure is True
    assert caught.value.code == "timeout"


def test_calls_for_a_person_who_waits_are_over_together(outside: Outside) -> None:
    outside.always = sleeps(20)
    with within(0.6), pytest.raises(TransientError) as caught:
        door_to(outside.url).call("read", "GET", "/a", deadline=15)
    assert outside.ended == 0, "the door went before the answer was over"
    assert caught.value.code == "timeout"
    outside.always = says(200, {"ok": True})
    assert door_to(outside.url).call("read", "GET", "/a").json() == {"ok": True}  # nobody hurries outside of it


def test_looking_up_a_name_obeys_the_deadline(wire: None, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    waited_for: list[bool] = []

    def slow(*args: object, **kwargs: object) -> None:
        waited_for.append(not answer.wait(20))
        raise OSError("nobody waits for this any more")

    monkeypatch.setattr("socket.getaddrinfo", slow)
    with pytest.raises(TransientError) as caught:
        door_to("http://slow.example").call("write", "POST", "/a", json={}, deadline=0.3)
    assert waited_for == [], "the door went before the name was found"
    answer.set()
    assert caught.value.unsure is False


def test_a_call_that_could_outlast_the_lease_is_refused(outside: Outside) -> None:
    door = door_to(outside.url, ends_by=time.monotonic() + 10)
    with pytest.raises(TransientError) as caught:
        door.call("write", "POST", "/a", json={}, deadline=11)
    assert (caught.value.code, caught.value.retry_after, caught.value.unsure) == ("no_time", 0.0, False)
    assert outside.seen == []
    door.call("write", "POST", "/a", json={}, deadline=9)


def test_an_answer_without_end_is_not_read_to_the_end(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", 100_000)
    outside.always = says(200, ["x" * 200_000])
    with pytest.raises(Rejected, match="too large"):
        door_to(outside.url).call("read", "GET", "/a")
    with pytest.raises(TransientError) as caught:
        door_to(outside.url).call("write", "POST", "/a", json={})
    assert caught.value.unsure is True


# --- trying again -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [says(503, {}), hangs_up, says(200, text="<html>"), says(200, text='{"a":')])
def test_what_is_safe_to_repeat_is_tried_three_times(outside: Outside, trouble: object) -> None:
    outside.script = [trouble, trouble]  # type: ignore[list-item]
    assert door_to(outside.url).call("read", "GET", "/a").json() == {"ok": True}
    assert len(outside.seen) == 3
    outside.script = [trouble] * 3  # type: ignore[list-item]
    with pytest.raises(TransientError) as caught:
        door_to(outside.url).call("write", "PATCH", "/a", json={}, repeatable=True)
    assert caught.value.unsure is False
    assert len(outside.seen) == 6


@pytest.mark.parametrize("trouble", [says(503, {}), hangs_up, says(200, text="<html>"), says(200, text="")])
def test_what_may_have_taken_effect_is_never_repeated(outside: Outside, trouble: object) -> None:
    outside.script = [trouble]  # type: ignore[list-item]
    with pytest.raises(TransientError) as caught:
        door_to(outside.url).call("write", "POST", "/a", json={})
    assert caught.value.unsure is True
    assert len(outside.seen) == 1


def test_a_get_that_does_something_may_say_so(outside: Outside) -> None:
    outside.script = [says(500, {})]
    with pytest.raises(TransientError):
        door_to(outside.url).call("send", "GET", "/send", repeatable=False)
    assert len(outside.seen) == 1


def test_what_never_left_is_tried_again_even_when_it_writes(wire: None, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def unknown(host: str, *args: object, **kwargs: object) -> None:
        tried.append(host)
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(TransientError, match="name of Shop's server") as caught:
        door_to("http://gone.example").call("write", "POST", "/a", json={})
    assert len(tried) == 3
    assert caught.value.unsure is False


def test_connection_refused_never_left(outside: Outside) -> None:
    with pytest.raises(TransientError, match="cannot be reached") as caught:
        door_to("http://127.0.0.1:9").call("write", "POST", "/a", json={})
    assert (caught.value.unsure, IntegrationMetric.everywhere.count()) == (False, 1)


@pytest.mark.parametrize(
    ("error", "unsure"),
    [
        (requests.ReadTimeout("slow"), True),
        (requests.ConnectTimeout("slow"), False),
        (requests.ConnectionError("x"), True),
    ],
)
@responses.activate
def test_errors_of_requests_are_told_apart(error: Exception, unsure: bool) -> None:
    responses.post("https://api.shop.example/v1/a", body=error)
    with pytest.raises(TransientError) as caught:
        door_to().call("write", "POST", "/a", json={})
    assert caught.value.unsure is unsure


def test_a_provider_that_names_a_long_wait_is_not_asked_again_at_once(outside: Outside) -> None:
    outside.script = [says(503, {}, Retry_After="40")]
    with pytest.raises(TransientError) as caught:
        door_to(outside.url).call("read", "GET", "/a")
    assert (caught.value.retry_after, len(outside.seen)) == (40.0, 1)


def test_no_try_is_begun_that_the_deadline_would_cut_off(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration_hub.http.door.WAITS", (1.0, 2.0))
    outside.always = says(503, {})
    with pytest.raises(TransientError):
        door_to(outside.url).call("read", "GET", "/a", deadline=0.5)
    assert len(outside.seen) == 1


# --- what it means ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, AuthFailed),
        (403, ConfigError),
        (404, ConfigError),
        (408, TransientError),
        (409, Rejected),
        (422, Rejected),
        (425, TransientError),
        (500, TransientError),
        (599, TransientError),
    ],
)
def test_the_table_of_statuses(outside: Outside, status: int, kind: type[ProviderError]) -> None:
    outside.always = says(status, {"error": "x"})
    with pytest.raises(kind) as caught:
        door_to(outside.url).call("write", "POST", "/a", json={})
    assert caught.value.status == status
    assert caught.value.sentence.startswith("Shop ")
    assert len(outside.seen) == 1


def test_the_providers_own_explanation_comes_first(outside: Outside) -> None:
    def own(reply: Reply) -> ProviderError | None:
        return Rejected(f"The shop knows no such colour; it was sent with {TOKEN}.") if reply.status == 422 else None

    outside.always = says(422, {})
    with pytest.raises(Rejected) as caught:
        door_to(outside.url, Shop(explain=own)).call("write", "POST", "/a", json={})
    assert "no such colour" in caught.value.sentence
    assert caught.value.status == 422
    assert TOKEN not in str(caught.value) + caught.value.sentence


def test_an_explanation_that_chokes_on_a_web_page_leaves_it_to_the_table(outside: Outside) -> None:
    outside.always = says(429, text="<html>busy</html>")
    with pytest.raises(RateLimited, match="slow down"):
        door_to(outside.url).call("read", "GET", "/a")


@pytest.mark.parametrize(
    ("text", "says_so"), [("<html>Login</html>", "web page"), ("", "sent nothing"), ('{"records": [', "breaks off")]
)
def test_a_good_status_with_a_bad_body_is_no_success(outside: Outside, text: str, says_so: str) -> None:
    outside.always = says(200, text=text)
    with pytest.raises(TransientError, match=says_so) as caught:
        door_to(outside.url).call("write", "POST", "/a", json={})
    assert caught.value.unsure is True


def test_nothing_to_say_is_fine_where_the_status_says_so(outside: Outside) -> None:
    outside.script = [says(204, text="")]
    assert door_to(outside.url).call("drop", "DELETE", "/a").body == b""


def test_retry_after_in_both_forms() -> None:
    def seconds(text: str) -> float | None:
        return retry_after(Reply(429, {"Retry-After": text}, b""))

    assert seconds("12") == 12
    assert seconds(" 1.5 ") == 1.5
    soon = seconds(format_datetime(timezone.now() + timedelta(seconds=90), usegmt=True))
    assert soon is not None
    assert 80 < soon <= 90
    assert seconds(format_datetime(timezone.now() - timedelta(days=1), usegmt=True)) == 0
    assert [seconds(text) for text in ("", "soon", "nan")] == [None, None, None]
    assert seconds("inf") == seconds("1e12") == 24 * 3600
    assert seconds("-5") == 0


# --- what is written down ---------------------------------------------------------------------------------------------


def test_every_call_leaves_one_row(outside: Outside, company: Company) -> None:
    door = door_to(outside.url, company_id=company.pk)
    door.call("push", "POST", "/a", json={}, rows=10)
    outside.script = [says(500, {}), says(500, {})]
    door.call("read", "GET", "/a", rows=3)
    outside.script = [says(422, {})]
    with pytest.raises(Rejected):
        door.call("push", "POST", "/a", json={}, rows=10)
    with scope.entered(company.pk):
        rows = IntegrationMetric.objects.order_by("pk").values_list("provider", "action", "success", "records_synced")
        assert list(rows) == [("shop", "push", True, 10), ("shop", "read", True, 3), ("shop", "push", False, 0)]


def test_rows_of_calls_made_together_are_written_together(outside: Outside) -> None:
    door, count = door_to(outside.url), IntegrationMetric.everywhere.count
    with pytest.raises(Rejected), metrics.together():
        door.call("push", "POST", "/a", json={}, rows=10)
        assert count() == 0
        outside.script = [says(422, {})]
        door.call("push", "POST", "/a", json={}, rows=10)
    assert count() == 2  # whatever ended it
    door.call("push", "POST", "/a", json={}, rows=10)
    assert count() == 3


def test_no_row_waits_longer_than_a_second_for_others(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "HELD", 0.0)
    with metrics.together():
        for _call in range(2):
            door_to(outside.url).call("push", "POST", "/a", json={})
        assert IntegrationMetric.everywhere.count() == 2


def test_a_metric_that_cannot_be_written_does_not_lose_the_answer(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DatabaseError
    from structlog.testing import capture_logs

    def full(row: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(metrics, "_adapted", full)
    with capture_logs() as lines:
        assert door_to(outside.url).call("push", "POST", "/a", json={}).ok
    assert [line["event"] for line in lines] == ["outside call", "calls could not be counted"]


def test_the_log_line_names_the_call_and_no_secret(outside: Outside) -> None:
    from structlog.testing import capture_logs

    with capture_logs() as lines:
        door_to(outside.url).call("push", "POST", f"/a?token={TOKEN}", json={"token": TOKEN}, rows=7)
    [line] = [line for line in lines if line["event"] == "outside call"]
    assert (line["provider"], line["operation"], line["status"], line["rows"]) == ("shop", "push", 200, 7)
    assert isinstance(line["duration_ms"], int)
    assert TOKEN not in repr(lines)


def test_a_door_does_not_show_its_keys() -> None:
    assert TOKEN not in repr(door_to())
