"""Pushing many orders into a base that takes five requests a second, and what the vendor's own client costs."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from integration_hub.tests import stack
from integration_hub.tests.bench.report import Figure

ORDERS = 2000
CEILING = 50.0  # rows a second: ten a request, five requests a second
BATCH = 10


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind, DEMO="0", API_RATE_TOKEN="60000/min") as hub:
        create(hub, ORDERS)
        before, spent = hub.cpu("worker"), hub.control("GET", "requests?limit=1")["counters"]
        run = push(hub)
        ours = (hub.cpu("worker") - before) / ORDERS
        after = hub.control("GET", "requests?limit=1")["counters"]
        seconds = moment(run["finished_at"]) - moment(run["started_at"])
        yield Figure(
            "rows a second, share of the ceiling", kind, 100 * ORDERS / seconds / CEILING, "%", 95.0, least=True
        )
        yield Figure("requests refused with 429", kind, refused(after) - refused(spent), "requests", 0.0)
        yield Figure("CPU per pushed row", kind, 1000 * ours, "ms")
        theirs = bare(hub) / ORDERS
        yield Figure("CPU per row of the vendor's client alone", kind, 1000 * theirs, "ms")
        yield Figure("CPU per row, times the vendor's client", kind, ours / theirs, "×", 3.0)


def create(hub: stack.Hub, count: int) -> None:
    """Orders that are there before anybody connects."""
    for number in range(count):
        item = {"description": "Standard", "quantity": 1 + number % 4, "unit_price": "24.50"}
        hub.api("POST", "/api/orders", {"order_number": f"B-{number:05d}", "currency": "RON", "items": [item]})


def push(hub: stack.Hub) -> dict[str, Any]:
    """Connect, and wait for the first sync."""
    given = hub.run["sandbox"]["credentials"]["airtable"]
    body = {"secrets": {"token": given["token"]}, "settings": {"base_id": given["base_id"]}}
    hub.api("PUT", "/api/integrations/airtable", body)
    ends = time.monotonic() + 300
    while time.monotonic() < ends:
        for run in hub.api("GET", "/api/runs")["results"]:
            if run["kind"] == "full" and run["state"] == "done":
                return dict(run)
        time.sleep(0.5)
    raise AssertionError("the first sync did not end within five minutes")


def bare(hub: stack.Hub) -> float:
    """CPU seconds of pyairtable's batch_upsert for as many rows of the same shape, at the pace the base allows: a
    program that sleeps between calls pays for cold caches, and so do we."""
    from pyairtable import Api

    hub.control("POST", "airtable/limits", {"per_base": 1000, "per_user": 1000})
    given = hub.run["sandbox"]["credentials"]["airtable"]
    api = Api(given["token"], endpoint_url=f"{hub.sandbox}/airtable")
    table = api.table(given["base_id"], "Orders")
    rows = [{"fields": {**row["fields"], "Hub ID": f"bare-{n}"}} for n, row in enumerate(table.all()[:ORDERS])]
    start = time.process_time()
    for first in range(0, len(rows), BATCH):
        table.batch_upsert(rows[first : first + BATCH], ["Hub ID"])
        time.sleep(BATCH / CEILING)
    return time.process_time() - start


def refused(counters: dict[str, Any]) -> int:
    return int(counters["rate_limited"])


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
