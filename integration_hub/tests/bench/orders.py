"""Lists and summaries of orders in a company with a million of them, over HTTP from the hub's own server.

BENCH_ORDERS changes how many there are. The bare SQL of the same answers, which counts all orders, stands beside.
"""

import os
import random
import time
import urllib.request
from collections.abc import Iterator

from integration_hub.tests import soak, stack
from integration_hub.tests.bench import million
from integration_hub.tests.bench.report import Figure, percentile

ORDERS = int(os.environ.get("BENCH_ORDERS", "1000000"))
PAGES, ROUNDS = 100, 30
FIRST, MIX = 80.0, 400.0  # milliseconds, on PostgreSQL
MIXES = (
    "orders?status=Sent&page={page}",
    "orders?priority=High&status=Pending&page={page}",
    "orders?start_date=2026-01-01&end_date=2026-03-31&page={page}",
    "orders?customer=b{buyer}@example.com",
    "orders?customer=Ana Popa {buyer}",
    "orders?customer=popa&status=Sent",
    "orders/summary?status=Sent",
    "orders/summary?status=Delivered",
    "orders/summary?priority=High&start_date=2026-01-01",
    "orders/summary?start_date=2026-01-01&end_date=2026-03-31",
    "orders/summary?customer=Ana Popa",
)


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind, DEMO="small") as hub:
        soak.settle(hub)
        made = million.run(hub.env, "fill", str(ORDERS))
        hub.run["token"] = made["token"]
        many = f"{ORDERS:,} orders"
        yield Figure(f"roll-ups of {many} made by the worker's own steps", kind, made["seconds"], "s")
        pages = [f"orders?page={page}" for page in range(1, PAGES + 1)]
        yield figure(f"{many}: first {PAGES} pages, p95", kind, timed(hub, pages), FIRST)
        yield figure(f"{many}: summary, p95", kind, timed(hub, ["orders/summary"] * ROUNDS), FIRST)
        for mix in MIXES:
            yield figure(f"{many}: {mix}, p95", kind, timed(hub, asked(mix)), MIX)
        for name, floor in million.run(hub.env, "floors").items():
            yield Figure(f"{many}: bare SQL of the {name}, p95", kind, floor, "ms")


def asked(mix: str) -> list[str]:
    chance = random.Random(1)
    return [mix.format(page=1 + n % 20, buyer=chance.randrange(1, million.BUYERS)) for n in range(ROUNDS)]


def timed(hub: stack.Hub, paths: list[str]) -> list[float]:
    """Milliseconds of each request; the first, which no process has seen before, is made twice."""
    headers = {"Authorization": f"Bearer {hub.run['token']}"}
    times = []
    for path in (paths[0], *paths):
        url = f"{hub.address}/api/{path.replace(' ', '%20')}"
        start = time.perf_counter()
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=120) as answer:
            answer.read()
        times.append(1000 * (time.perf_counter() - start))
    return times[1:]


def figure(name: str, kind: str, times: list[float], target: float) -> Figure:
    return Figure(name, kind, percentile(times, 0.95), "ms", target if kind == "real" else None)
