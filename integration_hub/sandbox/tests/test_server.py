"""The server, its control, its pages, its file."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from pathlib import Path

import pytest
import requests

from integration_hub.sandbox.keeping import Keeper
from integration_hub.sandbox.server import LARGEST
from integration_hub.sandbox.testing import Sandbox, running
from integration_hub.sandbox.tests.counting import CountingSimulator, LargeSimulator


def test_one_connection_carries_many_requests(sandbox: Sandbox) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        for number in (1, 2):
            line.sendall(b"POST /counting/v1/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert f'"count":{number}'.encode() in line.recv(4096)


def test_many_threads_lose_no_count(sandbox: Sandbox) -> None:
    def work() -> None:
        with requests.Session() as session:
            for _ in range(25):
                session.post(f"{sandbox.url}/counting/v1/a", timeout=5)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.simulator("counting").counts == {"a": 200}
    assert sandbox.counters["requests"] == 200


def test_segments_are_decoded_one_by_one(sandbox: Sandbox, http: requests.Session) -> None:
    assert http.post(f"{sandbox.url}/counting/v1/a%2Fb%20%C3%A9", timeout=5).json()["name"] == "a/b é"


def test_too_large_a_body_is_refused_unread(sandbox: Sandbox) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(b"POST /counting/v1/a HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1))
        assert line.recv(4096).startswith(b"HTTP/1.1 413 ")
        assert line.recv(4096) == b"", "the connection ends: the rest of the body would be read as a request"


def test_a_bug_of_a_simulator_is_told_and_survived(
    sandbox: Sandbox, http: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert http.get(f"{sandbox.url}/counting/bug", timeout=5).status_code == 500
    assert "a bug of the simulator" in caplog.text
    assert sandbox.counters["notes"] == {"bug": 1}
    assert http.post(f"{sandbox.url}/counting/v1/a", timeout=5).ok


def test_closing_ends_the_connections_clients_keep(http: requests.Session) -> None:
    with running(CountingSimulator()) as sandbox:
        address = f"{sandbox.url}/counting/v1/a"
        assert http.post(address, timeout=5).ok
    with pytest.raises(requests.ConnectionError):
        http.post(address, timeout=5)


def test_the_date_is_the_simulators(sandbox: Sandbox, http: requests.Session) -> None:
    sandbox.simulator("counting").clock.advance(400 * 86400)
    answer = http.get(f"{sandbox.url}/counting/v1/a", timeout=5)
    assert str(time.gmtime(time.time() + 400 * 86400).tm_year) in answer.headers["Date"]


def test_requests_are_told_without_secrets(sandbox: Sandbox, http: requests.Session) -> None:
    http.post(
        f"{sandbox.url}/counting/v1/a?api_key=pat123&page=2",
        json={"rows": [{"password": "hunter2", "name": "Ana"}]},
        headers={"Authorization": "Bearer pat123"},
        timeout=5,
    )
    answer = http.get(f"{sandbox.url}/_control/requests?provider=counting", timeout=5)
    assert "pat123" not in answer.text
    assert "hunter2" not in answer.text
    (told,) = answer.json()["requests"]
    assert told["path"] == "/counting/v1/a?api_key=•••&page=2"
    assert told["body"] == {"rows": [{"password": "•••", "name": "Ana"}]}
    assert (told["method"], told["status"]) == ("POST", 200)


def test_requests_after_a_number(sandbox: Sandbox, http: requests.Session) -> None:
    for name in "abc":
        http.post(f"{sandbox.url}/counting/v1/{name}", timeout=5)
    answer = http.get(f"{sandbox.url}/_control/requests?after=1&limit=1", timeout=5).json()
    assert [entry["path"] for entry in answer["requests"]] == ["/counting/v1/c"]
    assert answer["counters"]["requests"] == 3
    assert http.get(f"{sandbox.url}/_control/requests?limit=x", timeout=5).status_code == 400


def test_state_and_reset(sandbox: Sandbox, http: requests.Session) -> None:
    http.post(f"{sandbox.url}/counting/v1/a", timeout=5)
    state = http.get(f"{sandbox.url}/_control/state", timeout=5)
    assert state.json() == {"counting": {"counts": {"a": 1}}}
    assert http.post(f"{sandbox.url}/_control/reset", timeout=5).json() == {"reset": True}
    assert sandbox.simulator("counting").counts == {}
    assert sandbox.counters["requests"] == 0


def test_reset_of_one_provider_leaves_the_rest(sandbox: Sandbox, http: requests.Session) -> None:
    http.post(f"{sandbox.url}/counting/v1/a", timeout=5)
    sandbox.fault("counting", status=500)
    http.post(f"{sandbox.url}/_control/reset", json={"provider": "counting"}, timeout=5)
    assert sandbox.simulator("counting").counts == {}
    assert sandbox.counters["requests"] == 1
    assert http.post(f"{sandbox.url}/counting/v1/a", timeout=5).status_code == 500


def test_orders_to_a_simulator(sandbox: Sandbox, http: requests.Session) -> None:
    address = f"{sandbox.url}/_control/counting/close"
    assert http.post(address, json={"closed": True}, timeout=5).json() == {"closed": True}
    wrong = http.post(address, json={"shut": True}, timeout=5)
    assert wrong.status_code == 400
    assert "shut" in wrong.json()["error"]
    assert http.post(address, data="{", timeout=5).status_code == 400
    assert http.post(address, json=[1], timeout=5).json() == {"error": "An order is a JSON object."}


def test_pages_of_other_sites_give_no_orders(sandbox: Sandbox, http: requests.Session) -> None:
    answer = http.post(f"{sandbox.url}/_control/reset", headers={"Origin": "https://evil.example"}, timeout=5)
    assert answer.status_code == 403


def test_front_page(sandbox: Sandbox, http: requests.Session) -> None:
    empty = http.get(sandbox.url, timeout=5)
    assert "Nobody has asked anything yet." in empty.text
    http.post(f"{sandbox.url}/counting/v1/<b>", timeout=5)
    page = http.get(sandbox.url, timeout=5)
    assert "/counting/v1/&lt;b&gt;" in page.text
    assert 'href="/browse/counting/all"' in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_place_page(sandbox: Sandbox, http: requests.Session) -> None:
    page = http.get(f"{sandbox.url}/browse/counting/all?page=2", timeout=5)
    assert "All &lt;counts&gt;" in page.text
    assert "Nothing was counted yet." in page.text
    assert http.get(f"{sandbox.url}/browse/counting/nowhere", timeout=5).status_code == 404
    assert http.get(f"{sandbox.url}/somewhere", timeout=5).status_code == 404


def test_assets(sandbox: Sandbox, http: requests.Session) -> None:
    assert "prefers-color-scheme: dark" in http.get(f"{sandbox.url}/assets/sandbox.css", timeout=5).text
    assert http.get(f"{sandbox.url}/assets/sandbox.js", timeout=5).headers["Content-Type"].startswith("text/javascript")
    assert http.get(f"{sandbox.url}/assets/..%2Fserver.py", timeout=5).status_code == 404


def test_state_survives_a_restart(tmp_path: Path, http: requests.Session) -> None:
    file = tmp_path / "deep" / "sandbox.json"
    with running(CountingSimulator(), state_file=file) as sandbox:
        http.post(f"{sandbox.url}/counting/v1/a", timeout=5)
    assert file.stat().st_mode & 0o777 == 0o600
    assert not file.with_name("sandbox.json.new").exists()
    with running(CountingSimulator(), state_file=file) as sandbox:
        assert http.post(f"{sandbox.url}/counting/v1/a", timeout=5).json()["count"] == 2


def test_state_is_kept_while_running(tmp_path: Path, http: requests.Session) -> None:
    file = tmp_path / "sandbox.json"
    with running(CountingSimulator(), state_file=file) as sandbox:
        http.post(f"{sandbox.url}/counting/v1/a", timeout=5)
        deadline = time.monotonic() + 30
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert json.loads(file.read_text())["counting"]["counts"] == {"a": 1}
        keeper = sandbox.world.keeper
        assert keeper is not None
        assert not keeper.write(), "nothing changed, nothing to write"


def test_an_unreadable_file_is_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    file.write_text('{"counting": {"cou')
    with running(CountingSimulator(), state_file=file) as sandbox:
        assert sandbox.simulator("counting").counts == {}
    assert (tmp_path / "sandbox.json.unreadable").read_text() == '{"counting": {"cou'


def test_parts_are_kept_all_or_none(tmp_path: Path) -> None:
    file, large = tmp_path / "sandbox.json", LargeSimulator()

    def kept() -> dict[str, int]:
        again = LargeSimulator()
        Keeper(file, [again])
        return again.counts

    keeper = Keeper(file, [large])
    large.counts, large.changes = {"a": 1, "b": 1}, 1
    assert keeper.write()
    assert kept() == {"a": 1, "b": 1}
    large.counts, large.changes = {"a": 2, "c": object()}, 2  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        keeper.write()
    assert kept() == {"a": 1, "b": 1}, "a write that ended half way was never there"
    large.counts = {"a": 2, "c": 3}
    assert keeper.write()
    assert kept() == {"a": 2, "c": 3}, "what was handed out and not written is written the next time"
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600, 0o600]


def test_unreadable_parts_are_put_aside(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    file.write_text("{}")
    (tmp_path / "sandbox.json.parts").write_text("no database, but as long as one would have to be " * 20)
    large = LargeSimulator()
    Keeper(file, [large])
    assert large.counts == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "sandbox.json.parts.unreadable",
        "sandbox.json.unreadable",
    ]
