"""Pushing many orders into a base that takes five requests a second, and what the vendor's own client costs.

Half of the vendor's rows are written before ours and half after, since a machine's pace drifts.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from integration_hub.tests import stack
from integration_hub.tests.bench.report import Figure

ORDERS = 2000
CEILING = 50.0  # rows a second: ten a request, five requests a second
BATCH = 10
WINDOW = 1.5  # seconds after which nobody's calls count against anybody's
EMPTY = ("Customer", "Customer e-mail")


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind, DEMO="0", API_RATE_TOKEN="60000/min") as hub:
        create(hub, ORDERS)
        theirs = bare(hub, "before", ORDERS // 2)
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
        theirs = (theirs + bare(hub, "after", ORDERS // 2)) / ORDERS
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


def bare(hub: stack.Hub, word: str, count: int) -> float:
    """CPU seconds of pyairtable's batch_upsert for rows of the same shape, at the pace the base allows: a program that
    sleeps between calls pays for cold caches, and so do we."""
    from pyairtable import Api

    given = hub.run["sandbox"]["credentials"]["airtable"]
    table = Api(given["token"], endpoint_url=f"{hub.sandbox}/airtable").table(given["base_id"], "Orders")
    rows = [row(f"{word}-{number:05d}") for number in range(count)]
    table.first()  # the connection, and what is loaded with a first call
    time.sleep(WINDOW)
    start = time.process_time()
    for first in range(0, count, BATCH):
        table.batch_upsert(rows[first : first + BATCH], ["Hub ID"])
        time.sleep(BATCH / CEILING)
    spent = time.process_time() - start
    time.sleep(WINDOW)
    return spent


def row(number: str) -> dict[str, Any]:
    """What the hub writes of an order."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {
        "Hub ID": str(uuid4()),
        "Order number": number,
        "Status": "Pending",
        "Priority": "Medium",
        "Payment": "unpaid",
        "Currency": "RON",
        "Total": 24.5,
        "Items": "1 × Standard @ 24.50",
        "Placed at": moment,
        "Updated at": moment,
        **dict.fromkeys(EMPTY),
    }
    return {"fields": fields}


def refused(counters: dict[str, Any]) -> int:
    return int(counters["rate_limited"])


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
