"""Importing 100,000 rows of orders, in a process of its own on an empty database: checked, saved while somebody else
saves as well, exported, undone, and memory.

BENCH_ROWS changes how many.
"""

import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from integration_hub.hub import keys
from integration_hub.tests import stack
from integration_hub.tests.bench.demo import manage
from integration_hub.tests.bench.report import Figure, percentile

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
FEW = 5_000
WHOLE = {"real": 2000.0, "embedded": 500.0}  # rows/s
HEAD = (
    "Order ID,Customer ID,Customer Name,Email,Order Date,Ship City,Status,Product Name,Unit Price,Quantity,Discount\n"
)


def measure(kind: str) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="hub-import-") as var, stack.database(kind) as url:
        # Not in DEBUG, where Django keeps the text of every statement.
        secrets = {name: make() for name, make in keys.MAKERS.items()}
        env = {**os.environ, **secrets, "DEBUG": "0", "HUB_ENV_FILE": "0", "HUB_PROCESS": "worker"}
        env |= {"VAR_DIR": var, "DATABASE_URL": url, "REDIS_URL": ""}
        manage(env, "migrate", "--verbosity", "0")
        for what, most in ((f"import of {ROWS:,} order rows, 1 to 4 an order", 4), ("the same, 1 an order", 1)):
            yield from brought(kind, what, run(env, write(Path(var) / f"{most}.csv", most)))


def brought(kind: str, what: str, told: dict[str, float]) -> Iterator[Figure]:
    checked, saved = told["checked"], told["saved"]
    goal = WHOLE[kind]
    yield Figure(f"{what}: whole", kind, ROWS / (checked + saved), "rows/s", goal, least=True)
    yield Figure(f"{what}: read and checked", kind, ROWS / checked, "rows/s", 8000.0, least=True)
    yield Figure(f"{what}: saved", kind, ROWS / saved, "rows/s")
    yield Figure(f"{what}: somebody's save meanwhile, p99", kind, told["beside"], "ms", 250.0)
    yield Figure(f"{what}: exported as CSV", kind, ROWS / told["csv"], "rows/s")
    yield Figure(f"{what}: exported as XLSX", kind, ROWS / told["xlsx"], "rows/s")
    yield Figure(f"{what}: that XLSX read and checked", kind, ROWS / told["again"], "rows/s")
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
    """Few rows, so that all that is loaded once is there; then the file."""
    few = path.with_suffix(".few")
    with path.open(encoding="utf-8") as file:
        few.write_text("".join(line for line, _number in zip(file, range(FEW), strict=False)), encoding="utf-8")
    before = whole(few)["memory"]
    told = whole(path)
    return {**told, "memory": told["memory"] - before}


def whole(path: Path) -> dict[str, float]:
    """Seconds of each part, the most memory this process ever had in MB, and milliseconds of somebody's saves."""
    from integration_hub.records.importing import services

    company, told = house(), {}
    with path.open("rb") as file:
        told["checked"], row = timed(services.upload(company, "bench", "orders", file, path.name, wake=False))
    with beside(told):
        told["saved"], row = timed(services.start(row, actor="bench", wake=False))
    told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for form in ("csv", "xlsx"):
        told[form] = exported(company, form, path.with_suffix(f".{form}.out"))
    with path.with_suffix(".xlsx.out").open("rb") as file:
        again = services.upload(company, "bench", "orders", file, "again.xlsx", wake=False)
        told["again"], again = timed(again)
    services.discard(again, actor="bench")
    told["undone"], row = timed(services.undo(row, actor="bench", wake=False))
    return told


def house() -> Any:
    from integration_hub.companies.models import Company

    return Company.objects.get_or_create(slug="bench", defaults={"name": "Bench", "country": "DE"})[0]


def timed(row: Any) -> tuple[float, Any]:
    from integration_hub.records.importing import work

    start = time.perf_counter()
    row = work.run(row.pk)
    if row.state not in ("ready", "done", "undone"):
        raise AssertionError(f"{row.state}: {row.sentence} {row.problems[:1]} {row.questions}")
    return time.perf_counter() - start, row


def exported(company: Any, form: str, path: Path) -> float:
    from integration_hub.records.exporting import reading, writing, xlsx
    from integration_hub.records.exporting.columns import ORDERS

    start = time.perf_counter()
    picked = reading.Picked(ORDERS.model.everywhere.filter(company=company, deleted_at=None))
    rows = reading.read(company, ORDERS, picked)
    sheet = xlsx.xlsx_bytes("Orders", ORDERS.headings, rows, [])
    with path.open("wb") as file:
        file.writelines(sheet if form == "xlsx" else writing.csv_bytes(ORDERS.headings, rows))
    picked.close()
    return time.perf_counter() - start


@contextmanager
def beside(told: dict[str, float]) -> Iterator[None]:
    """Another process, such as one that serves pages, saves something every 50 ms."""
    env = {**os.environ, "HUB_PROCESS": "web", "SQLITE_TIMEOUT": "30"}
    command = [sys.executable, "-m", __spec__.name, "--beside"]
    writer = subprocess.Popen(command, cwd=stack.BASE, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    try:
        yield
    finally:
        said, _nothing = writer.communicate(b"enough")
    told["beside"] = json.loads(said)


def save_beside() -> None:
    """Prints the 99th percentile of its saves in milliseconds when its input ends."""
    from integration_hub.records.services import customers

    customer = customers.create(house(), {"name": "Somebody"})
    times: list[float] = []
    print(flush=True)
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        start = time.perf_counter()
        customers.update(customer, {"notes": f"{start}"})
        times.append(1000 * (time.perf_counter() - start))
    print(json.dumps(percentile(times or [0.0], 0.99)))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    import django

    django.setup()
    if sys.argv[1] == "--beside":
        save_beside()
    else:
        print(json.dumps(bring(Path(sys.argv[1]))))
