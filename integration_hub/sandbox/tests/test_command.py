"""`manage.py sandbox` as a process: it serves, keeps its state on SIGTERM, and says when the port is taken."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from django.conf import settings

from integration_hub.contract import registry


@contextmanager
def process(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "manage.py", "sandbox", *options]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=os.environ.copy(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_serves_every_provider_with_a_simulator_and_keeps_its_state(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "sandbox.json"
    with process("--port", str(port), "--state", str(file)) as running:
        assert running.stdout is not None
        assert f"http://127.0.0.1:{port}" in running.stdout.readline()
        state = requests.get(f"http://127.0.0.1:{port}/_control/state", timeout=5).json()
        assert set(state) == {provider.key for provider in registry.providers() if provider.simulator}
        requests.post(f"http://127.0.0.1:{port}/_control/reset", timeout=5)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
    assert file.is_file()


def test_a_taken_port_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with process("--port", str(taken.getsockname()[1])) as running:
            _, errors = running.communicate(timeout=30)
    assert running.returncode == 1
    assert "Choose another with --port." in errors
    assert "Traceback" not in errors
