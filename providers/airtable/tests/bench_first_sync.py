"""The first sync of a great many orders into a base that takes five requests a second, while somebody edits.

100,000 orders take 33 minutes at 50 rows a second; BENCH_ROWS asks for fewer.
"""

import os
import time
from collections.abc import Iterator
from typing import Any

from integration_hub.tests import stack
from integration_hub.tests.bench.filling import fill
from integration_hub.tests.bench.idle import arrival
from integration_hub.tests.bench.report import Figure, percentile
from providers.airtable.tests.bench import CEILING, moment, refused

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
SAMPLES = 24


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind, DEMO="0", API_RATE_TOKEN="60000/min") as hub:
        fill(hub.env, "orders", ROWS)
        spent = hub.control("GET", "requests?limit=1")["counters"]
        connect(hub)
        memory: list[float] = []
        edits: list[float] = []
        run = watch(hub, memory, edits)
        seconds = moment(run["finished_at"]) - moment(run["started_at"])
        share = 100 * (ROWS + len(edits)) / seconds / CEILING
        after = hub.control("GET", "requests?limit=1")["counters"]
        of = f"first sync of {ROWS:,}"
        yield Figure(f"{of}: rows a second, share of the ceiling", kind, share, "%", 95.0, least=True)
        yield Figure(f"{of}: requests refused with 429", kind, refused(after) - refused(spent), "requests", 0.0)
        yield Figure(f"{of}: edit → first byte of the call, p95", kind, percentile(edits, 0.95), "s", 2.0)
        yield Figure(
            f"{of}: worker's memory in the first tenth (PSS)", kind, max(memory[: len(memory) // 10 + 1]), "MB"
        )
        yield Figure(f"{of}: worker's memory at most (PSS)", kind, max(memory), "MB")


def connect(hub: stack.Hub) -> None:
    given = hub.run["sandbox"]["credentials"]["airtable"]
    body = {"secrets": {"token": given["token"]}, "settings": {"base_id": given["base_id"]}}
    hub.api("PUT", "/api/integrations/airtable", body)


def watch(hub: stack.Hub, memory: list[float], edits: list[float]) -> dict[str, Any]:
    """The finished run. On the way: the worker's memory, and how long edits of orders that are over there already
    take to leave."""
    pause = ROWS / CEILING / SAMPLES
    ends = time.monotonic() + 2 * ROWS / CEILING + 120
    orders = hub.api("GET", "/api/orders?page_size=50")["results"]
    while time.monotonic() < ends:
        run = full_run(hub)
        if run and run["state"] == "done":
            return run
        memory.append(hub.memory("worker"))
        if len(edits) < SAMPLES and run:
            edits.append(delay(hub, orders[len(edits)]))
        time.sleep(pause)
    raise AssertionError("the first sync did not end in twice the time it should take")


def full_run(hub: stack.Hub) -> dict[str, Any] | None:
    runs = hub.api("GET", "/api/runs")["results"]
    return next((dict(run) for run in runs if run["kind"] == "full"), None)


def delay(hub: stack.Hub, order: dict[str, Any]) -> float:
    """Seconds from a change to the call that carries it."""
    changed = hub.api("PATCH", f"/api/orders/{order['id']}", {"priority": "High"})
    return moment(arrival(hub, order["id"], "High")) - moment(changed["updated_at"])
