"""Every fault that can be ordered, from the client's side and from the inside."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from integration_hub.sandbox.testing import Sandbox


def post(sandbox: Sandbox, http: requests.Session, name: str = "a", **more: Any) -> requests.Response:
    return http.post(f"{sandbox.url}/counting/v1/{name}", **{"timeout": 5, **more})


def counted(sandbox: Sandbox, name: str = "a") -> int:
    return int(sandbox.simulator("counting").counts.get(name, 0))


def order(sandbox: Sandbox, http: requests.Session, **fault: Any) -> requests.Response:
    return http.post(f"{sandbox.url}/_control/faults", json={"provider": "counting", **fault}, timeout=5)


def eventually(sandbox: Sandbox, number: int) -> bool:
    deadline = time.monotonic() + 30
    while counted(sandbox) != number and time.monotonic() < deadline:
        time.sleep(0.01)
    return counted(sandbox) == number


def test_ordered_status_replaces_the_answer_and_the_effect(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, status=503, body={"error": "down"}, headers={"Retry-After": "7"}, count=2)
    answers = [post(sandbox, http) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].json() == {"error": "down"}
    assert answers[0].headers["Retry-After"] == "7"
    assert counted(sandbox) == 1


def test_status_with_effect_answers_wrongly_but_did_it(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, status=500, effect=True)
    assert post(sandbox, http).status_code == 500
    assert counted(sandbox) == 1


def test_html_instead_of_json(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, status=502, html="<h1>Bad gateway</h1>")
    answer = post(sandbox, http)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text == "<h1>Bad gateway</h1>"


@pytest.mark.parametrize(("when", "effects"), [("before", 0), ("after", 1)])
def test_dropped_connection(sandbox: Sandbox, http: requests.Session, when: str, effects: int) -> None:
    order(sandbox, http, drop=when)
    with pytest.raises(requests.ConnectionError):
        post(sandbox, http)
    assert counted(sandbox) == effects
    assert post(sandbox, http).json()["count"] == effects + 1


def test_latency_and_hold_keep_the_client_waiting(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, latency=0.1)
    began = time.monotonic()
    assert post(sandbox, http).ok
    assert time.monotonic() - began >= 0.1
    order(sandbox, http, hold=30)
    with pytest.raises(requests.ReadTimeout):
        post(sandbox, http, timeout=0.1)
    assert counted(sandbox) == 2, "held back: the effect was there, the answer was not"


def test_late_effect_lands_after_the_client_gave_up(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, late=0.2)
    with pytest.raises(requests.ReadTimeout):
        post(sandbox, http, timeout=0.1)
    gave_up = time.monotonic()
    assert counted(sandbox) == 0
    assert eventually(sandbox, 1)
    assert time.monotonic() - gave_up >= 0.15


def test_late_with_drop_closes_at_once(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, late=0.1, drop="before")
    with pytest.raises(requests.ConnectionError):
        post(sandbox, http)
    assert counted(sandbox) == 0
    assert eventually(sandbox, 1)


def test_reset_forgets_what_has_not_landed(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, late=0.3, drop="before")
    with pytest.raises(requests.ConnectionError):
        post(sandbox, http)
    sandbox.reset()
    time.sleep(0.4)
    assert counted(sandbox) == 0


def test_skip_and_matching(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, method="post", path="v1/b", status=500, skip=1)
    assert post(sandbox, http, "a").ok
    assert http.get(f"{sandbox.url}/counting/v1/b", timeout=5).ok
    assert [post(sandbox, http, "b").status_code for _ in range(3)] == [200, 500, 200]


def test_a_skipping_fault_does_not_shield_the_next_one(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, status=500, skip=1)
    order(sandbox, http, status=503)
    assert [post(sandbox, http).status_code for _ in range(3)] == [503, 500, 200]


def test_refused_requests_use_up_no_fault(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, status=500)
    sandbox.control("counting", "close")
    assert post(sandbox, http).status_code == 403
    sandbox.control("counting", "close", closed=False)
    assert post(sandbox, http).status_code == 500


def test_command_on_order_strikes_before_the_request(sandbox: Sandbox, http: requests.Session) -> None:
    order(sandbox, http, command="close", skip=1)
    assert [post(sandbox, http).status_code for _ in range(3)] == [200, 403, 403]
    assert counted(sandbox) == 1


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"stauts": 500}, "Unknown: stauts."),
        ({"count": "two"}, "count must be a number"),
        ({"count": 0}, "count must be a number, 1 or more"),
        ({"latency": -1}, "latency must be a number"),
        ({"drop": "sometimes"}, "drop is either"),
        ({"provider": "nobody", "status": 500}, "There is no simulator 'nobody'"),
        ({"command": "explode"}, "knows no order 'explode'"),
        ({"command": "close", "status": 500}, "A command stands alone"),
        ({"expire_token": True}, "knows no order 'expire_token'"),
    ],
)
def test_senseless_orders_are_explained(
    sandbox: Sandbox, http: requests.Session, fault: dict[str, Any], sentence: str
) -> None:
    answer = order(sandbox, http, **fault)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


def test_faults_can_be_seen_and_cleared(sandbox: Sandbox, http: requests.Session) -> None:
    number = order(sandbox, http, status=500, count=3).json()["id"]
    seen = http.get(f"{sandbox.url}/_control/faults", timeout=5).json()["faults"]
    assert [(fault["id"], fault["count"]) for fault in seen] == [(number, 3)]
    assert http.delete(f"{sandbox.url}/_control/faults", timeout=5).json() == {"faults": []}
    assert post(sandbox, http).ok
