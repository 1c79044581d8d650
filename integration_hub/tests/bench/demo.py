"""How long the first start makes the demo company, in a process of its own on an empty database."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from integration_hub.tests import stack
from integration_hub.tests.bench.report import Figure

TARGET = 20.0


def measure(kind: str) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="hub-demo-") as var, stack.database(kind) as url:
        env = {**os.environ, "DEBUG": "1", "HUB_ENV_FILE": "0", "VAR_DIR": var, "DATABASE_URL": url, "REDIS_URL": ""}
        manage(env, "migrate", "--verbosity", "0")
        start = time.perf_counter()
        manage(env, "demo")
        yield Figure("demo company with 5,000 orders", kind, time.perf_counter() - start, "s", TARGET)


def manage(env: dict[str, str], *command: str) -> None:
    subprocess.run([sys.executable, "manage.py", *command], cwd=stack.BASE, env=env, check=True, capture_output=True)
