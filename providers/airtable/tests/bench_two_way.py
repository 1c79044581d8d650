"""Pushing orders through a mapping that is read as well: each is looked at over there before it is written."""

import os
import time
from collections.abc import Iterator

from integration_hub.tests import stack
from integration_hub.tests.bench.filling import fill
from integration_hub.tests.bench.report import Figure
from providers.airtable.tests.bench import CEILING, refused
from providers.airtable.tests.bench_pull import connect, counters, turn

ORDERS = int(os.environ.get("BENCH_TWO_WAY_ORDERS", "2000"))
PATIENCE = 600.0  # seconds


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind, DEMO="0", API_RATE_TOKEN="60000/min") as hub:
        connect(hub)
        fill(hub.env, "orders", ORDERS)
        for what in (f"two ways, {ORDERS:,} new orders", f"two ways, {ORDERS:,} changed orders"):
            spent, cpu = counters(hub), hub.cpu("worker")
            began = turn(hub, "both", "new" if "new" in what else "changed")
            pushed(hub)
            seconds, after = time.time() - began, counters(hub)
            share = 100 * ORDERS / seconds / CEILING
            yield Figure(f"{what}: share of 50 rows a second", kind, share, "%", 85.0, least=True)
            yield Figure(f"{what}: CPU per row", kind, 1000 * (hub.cpu("worker") - cpu) / ORDERS, "ms")
            yield Figure(f"{what}: requests", kind, after["requests"] - spent["requests"], "requests")
            yield Figure(f"{what}: requests refused with 429", kind, refused(after) - refused(spent), "requests", 0.0)


def pushed(hub: stack.Hub) -> None:
    """Until nothing waits any more."""
    ends = time.monotonic() + PATIENCE
    while True:
        (found,) = (one for one in hub.api("GET", "/api/integrations")["results"] if one["key"] == "airtable")
        if not found["waiting"]:
            return
        if time.monotonic() > ends:
            raise AssertionError(f"{found['waiting']} orders still wait after {PATIENCE:.0f} seconds")
        time.sleep(0.5)
