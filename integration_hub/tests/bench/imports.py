"""Importing 100,000 rows of orders, in a process of its own on an empty database: checked, saved, undone, and memory.

BENCH_ROWS changes how many.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from integration_hub.tests import stack
from integration_hub.tests.bench.demo import manage
from integration_hub.tests.bench.report import Figure

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
FEW = 5_000
HEAD = (
    "Order ID,Customer ID,Customer Name,Email,Order Date,Ship City,Status,Product Name,Unit Price,Quantity,Discount\n"
)


def measure(kind: str) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="hub-import-") as var, stack.database(kind) as url:
        env = {**os.environ, "DEBUG": "1", "HUB_ENV_FILE": "0", "VAR_DIR": var, "DATABASE_URL": url, "REDIS_URL": ""}
        manage(env, "migrate", "--verbosity", "0")
        for what, most in ((f"import of {ROWS:,} order rows, 1 to 4 an order", 4), ("the same, 1 an order", 1)):
            yield from brought(kind, what, run({**env, "PROCESS": "worker"}, write(Path(var) / f"{most}.csv", most)))


def brought(kind: str, what: str, told: dict[str, float]) -> Iterator[Figure]:
    target = 2000.0 if kind == "real" else None
    checked, saved = told["checked"], told["saved"]
    yield Figure(f"{what}: whole", kind, ROWS / (checked + saved), "rows/s", target, least=True)
    yield Figure(f"{what}: read and checked", kind, ROWS / checked, "rows/s", 8000.0, least=True)
    yield Figure(f"{what}: saved", kind, ROWS / saved, "rows/s")
    yield Figure(f"{what}: undone", kind, ROWS / told["undone"], "rows/s")
    yield Figure(f"{what}: more memory than {FEW:,} rows need", kind, told["memory"], "MB", 40.0)


def write(path: Path, most: int) -> Path:
    chance, written, order = Random(1), 0, 0
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        while written < ROWS:
            order += 1
            number, day = (
                chance.randrange(ROWS // 20),
                f"2025-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
            )
            head = f"B-{most}-{order:07},C{number},Käufer {number},buyer{number}@example.com,{day},Köln"
            for _line in range(min(chance.randint(1, most), ROWS - written)):
                price, discount = chance.randrange(500, 20_000) / 100, chance.choice(("0", "0.1"))
                line = f"Seat {chance.randrange(50)},{price:.2f},{chance.randint(1, 5)},{discount}"
                file.write(f"{head},{('Pending', 'Sent')[order % 2]},{line}\n")
                written += 1
    return path


def run(env: dict[str, str], path: Path) -> dict[str, float]:
    """Seconds of each part and MB, measured by the process that does the work."""
    command = [sys.executable, "-m", __spec__.name, str(path)]
    done = subprocess.run(command, cwd=stack.BASE, env=env, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def bring(path: Path) -> dict[str, float]:
    import resource
    import time

    from integration_hub.companies.models import Company
    from integration_hub.records.importing import services, work

    company, _made = Company.objects.get_or_create(slug="bench", defaults={"name": "Bench", "country": "DE"})

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def timed(row: Any) -> tuple[float, Any]:
        start = time.perf_counter()
        row = work.run(row.pk)
        if row.state not in ("ready", "done", "undone"):
            raise AssertionError(f"{row.state}: {row.sentence} {row.problems[:1]} {row.questions}")
        return time.perf_counter() - start, row

    def whole(path: Path) -> dict[str, float]:
        with path.open("rb") as file:
            checked, row = timed(services.upload(company, "bench", "orders", file, path.name, wake=False))
        saved, row = timed(services.start(row, actor="bench", wake=False))
        memory = peak()
        undone, row = timed(services.undo(row, actor="bench", wake=False))
        return {"checked": checked, "saved": saved, "undone": undone, "memory": memory}

    few = path.with_suffix(".few")
    with path.open(encoding="utf-8") as file:
        few.write_text("".join(line for line, _number in zip(file, range(FEW), strict=False)), encoding="utf-8")
    before = whole(few)["memory"]
    told = whole(path)
    return {**told, "memory": told["memory"] - before}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    import django

    django.setup()
    print(json.dumps(bring(Path(sys.argv[1]))))
