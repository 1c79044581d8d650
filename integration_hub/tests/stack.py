"""A whole hub in processes of its own, for walks and benchmarks: started, watched, killed in parts, and stopped.

with stack.running("embedded") as hub:
    hub.api("PATCH", f"/api/orders/{order}", {"status": "Sent"})
    hub.kill("worker")
"""

import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil

from integration_hub.hub.processes import die_with

BASE = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 180.0
# How the processes of each program are told apart by their command lines.
MARKS = {
    "web": "granian",
    "worker": "integration_hub.celery --quiet worker",
    "beat": "integration_hub.celery --quiet beat",
    "sandbox": "manage.py sandbox",
}


PARENT = os.getpid()


def die_with_me() -> None:
    """A walk that is killed leaves no hub behind."""
    die_with(PARENT)


class NotStarted(Exception):
    """The hub did not come up; the message says what it printed last."""


@dataclass
class Hub:
    """A running hub. `env` is what its processes see; `run` is its run.json."""

    process: subprocess.Popen[bytes]
    env: dict[str, str]
    var: Path
    run: dict[str, Any]
    redis: "Redis | None" = None
    log: Path = field(default_factory=Path)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.env['PORT']}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.env['SANDBOX_PORT']}"

    def api(self, method: str, path: str, body: Any = None, *, seconds: float = 10.0) -> Any:
        """The answer's JSON; urllib's errors for anything but success."""
        return call(method, self.address + path, body, {"Authorization": f"Bearer {self.run['token']}"}, seconds)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """An order to the sandbox, such as POST faults."""
        return call(method, f"{self.sandbox}/_control/{path}", body, {}, 10.0)

    def pids(self, program: str) -> list[int]:
        """The processes of one program, children included."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if MARKS[program] in " ".join(child.cmdline()):
                    found.append(child.pid)
            except psutil.Error:
                continue
        return found

    def kill(self, program: str) -> bool:
        """SIGKILL; False when it was not running just then."""
        pids = self.pids(program)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return bool(pids)

    def memory(self, program: str) -> float:
        """MB of PSS, the share of memory that would be free without it."""
        return sum(psutil.Process(pid).memory_full_info().pss for pid in self.pids(program)) / 1e6

    def cpu(self, program: str) -> float:
        """Seconds of CPU used so far."""
        times = [psutil.Process(pid).cpu_times() for pid in self.pids(program)]
        return sum(t.user + t.system for t in times)


def call(method: str, url: str, body: Any, headers: dict[str, str], seconds: float) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        text = answer.read()
    return json.loads(text) if text else None


@dataclass
class Redis:
    """A Redis of our own on a free port, so that it may be killed."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, preexec_fn=die_with_me)
        wait_until(lambda: open_port(self.port), 10, "Redis did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """A port nobody has. Not one of those the system hands out for outgoing calls: it would be taken again at once."""
    while True:
        port = random.randrange(11_000, 30_000)
        if not open_port(port):
            return port


def open_port(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true: Any, seconds: float, sentence: str) -> None:
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            raise NotStarted(sentence)
        time.sleep(0.1)


@contextmanager
def running(kind: str, **env: str) -> Iterator[Hub]:
    """A fresh hub: `embedded` (SQLite, no Redis) or `real` (TEST_DATABASE_URL, and a Redis of our own)."""
    var = Path(tempfile.mkdtemp(prefix="hub-stack-"))
    redis = Redis(free_port()) if kind == "real" and shutil.which("redis-server") else None
    if redis:
        redis.start()
    try:
        with database(kind) as url:
            hub = _start(var, redis, url, env)
            try:
                yield hub
            finally:
                _stop(hub)
    finally:
        if redis:
            redis.kill()
        shutil.rmtree(var, ignore_errors=True)


def _start(var: Path, redis: Redis | None, url: str, extra: dict[str, str]) -> Hub:
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("TEST_", "DJANGO_", "MAKE"))},
        "DEBUG": "0",
        "VAR_DIR": str(var),
        "PORT": str(free_port()),
        "SANDBOX_PORT": str(free_port()),
        "DATABASE_URL": url,
        "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"
        if redis
        else os.environ.get("TEST_REDIS_URL", "")
        if url
        else "",
        "LOG_FORMAT": "json",
        "DEMO": "small",
        **extra,
    }
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY", "PUBLIC_URL", "HUB_ENV_FILE"):
        env.pop(name, None)
    log = var / "hub.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "integration_hub.hub.up"],
            cwd=BASE,
            env=env,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_me,
        )
    hub = Hub(process, env, var, {}, redis, log)
    try:
        wait_until(lambda: process.poll() is not None or _answers(hub), START_SECONDS, "the hub did not answer in time")
        if process.poll() is not None:
            raise NotStarted(log.read_text()[-3000:])
    except NotStarted:
        _stop(hub)
        raise
    hub.run = json.loads((var / "run.json").read_text())
    return hub


def _answers(hub: Hub) -> bool:
    try:
        with urllib.request.urlopen(hub.address + "/healthz", timeout=2):
            return True
    except OSError:
        return False


def _stop(hub: Hub) -> None:
    hub.process.send_signal(signal.SIGTERM)
    try:
        hub.process.wait(20)
    except subprocess.TimeoutExpired:
        hub.process.kill()


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The address of an empty database beside the one TEST_DATABASE_URL names; empty text for SQLite."""
    if kind == "embedded":
        yield ""
        return
    import psycopg

    admin = os.environ["TEST_DATABASE_URL"]
    name = f"hub_walk_{secrets.token_hex(4)}"
    home = urlunsplit(urlsplit(admin)._replace(path="/postgres"))
    with psycopg.connect(home, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(admin)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(home, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
