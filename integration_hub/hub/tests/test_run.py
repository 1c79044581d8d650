"""`make run` itself: a whole hub starts, says where it is, survives what kills its parts, and leaves nothing behind."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from integration_hub.tests import stack

pytestmark = pytest.mark.kill


@pytest.fixture(scope="module")
def hub():
    with stack.running("embedded", DEMO="0") as running:
        yield running


def get(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


def eventually(condition, seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if condition():
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def checks(hub) -> dict:
    return json.loads(get(hub.address + "/readyz")[1])["checks"]


def test_run_json_says_what_was_promised(hub):
    path = hub.var / "run.json"
    run = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run.keys() == {"address", "admin", "staff", "token", "sandbox"}
    assert run["address"] == f"http://localhost:{hub.env['PORT']}"
    assert run["admin"].keys() == run["staff"].keys() == {"username", "password"}
    assert run["sandbox"]["address"] == hub.sandbox
    assert {"token", "base_id"} <= run["sandbox"]["credentials"]["airtable"].keys()
    assert hub.api("GET", "/api/orders")["results"] == []


def test_what_it_prints_is_what_run_json_says(hub):
    printed = hub.log.read_text()
    for word in (hub.run["address"], hub.run["token"], hub.run["admin"]["password"], hub.run["staff"]["password"]):
        assert word in printed
    assert "Ctrl-C stops everything." in printed


def test_the_login_page_and_its_files_are_served(hub):
    status, page = get(hub.address + "/")
    assert status == 200
    assert 'name="password"' in page
    sheet = next(part for part in page.split('"') if part.startswith("/static/") and part.endswith(".css"))
    assert get(hub.address + sheet)[0] == 200


def test_keys_and_data_are_their_owners_only(hub):
    for name in ("secrets.env", "hub.sqlite3"):
        assert stat.S_IMODE((hub.var / name).stat().st_mode) == 0o600, name


@pytest.mark.parametrize("program", ["worker", "web", "sandbox"])
def test_what_is_killed_comes_back(hub, program):
    before = hub.pids(program)
    assert before
    assert hub.kill(program)
    assert eventually(lambda: hub.pids(program) and not set(before) & set(hub.pids(program)))
    if program == "web":
        assert eventually(lambda: get(hub.address + "/healthz")[0] == 200)
    assert hub.process.poll() is None


def test_worker_and_beat_are_at_work(hub):
    assert eventually(lambda: checks(hub)["worker"]["ok"] and checks(hub)["beat"]["ok"])


def start_again(hub) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "integration_hub.hub.up"]
    output = (hub.var / "again.log").open("wb")
    return subprocess.Popen(command, cwd=stack.BASE, env=hub.env, stdout=output, stderr=output)


def test_a_second_one_on_the_same_folder_is_refused(hub):
    command = [sys.executable, "-m", "integration_hub.hub.up"]
    env = hub.env | {"PORT": str(stack.free_port()), "SANDBOX_PORT": str(stack.free_port())}
    second = subprocess.run(command, cwd=stack.BASE, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert "A hub already runs on" in second.stdout
    assert hub.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_all_end_together_and_a_second_start_keeps_data_and_logins(hub, number):
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells children that their parent was killed")
    assert eventually(lambda: all(hub.pids(program) for program in ("web", "worker", "sandbox"))), hub.log.read_text()
    family = psutil.Process(hub.process.pid).children(recursive=True)
    run = (hub.var / "run.json").read_text()
    os.kill(hub.process.pid, number)
    hub.process.wait(20)
    assert eventually(lambda: not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE])
    hub.process = start_again(hub)
    assert eventually(lambda: get(hub.address + "/healthz")[0] == 200, 90), (hub.var / "again.log").read_text()[-2000:]
    assert Path(hub.var / "run.json").read_text() == run
    assert hub.api("GET", "/api/orders")["results"] == []
