"""What reading costs when little changed: ten rows of a great many, found by when they were changed."""

import os
import time
from collections.abc import Iterator

from integration_hub.tests import stack
from integration_hub.tests.bench.report import Figure
from providers.airtable.tests.bench_pull import connect, counters, fill, settled, turn

ROWS = int(os.environ.get("BENCH_INCREMENTAL_ROWS", "100000"))
CHANGED = 10
AGE = 900  # seconds since the rows were made: readings overlap by five minutes
QUIET = 5  # seconds
PATIENCE = 900.0 + ROWS / 50  # seconds for the first reading


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind, DEMO="0", API_RATE_TOKEN="60000/min") as hub:
        connect(hub)
        fill(hub, ROWS)
        hub.control("POST", "airtable/advance", {"seconds": AGE})
        turn(hub, "pull")
        settled(hub, ROWS, PATIENCE)
        time.sleep(QUIET)  # whatever follows the first reading
        edit(hub)
        cpu, spent = hub.cpu("worker"), counters(hub)
        turn(hub, "pull")
        changed(hub)
        time.sleep(QUIET)  # whatever follows this one counts as well
        used, after = hub.cpu("worker") - cpu, counters(hub)
        of = f"{CHANGED} changed rows of {ROWS:,}"
        yield Figure(f"{of}: requests", kind, after["requests"] - spent["requests"], "requests", 3.0)
        yield Figure(f"{of}: CPU of the worker", kind, used, "s", 1.0)


def edit(hub: stack.Hub) -> None:
    """Somebody sends ten orders, in the base."""
    given = hub.run["sandbox"]["credentials"]["airtable"]
    base = f"{hub.sandbox}/airtable/v0/{given['base_id']}/Orders"
    headers = {"Authorization": f"Bearer {given['token']}"}
    rows = stack.call("GET", f"{base}?pageSize={CHANGED}", None, headers, 60.0)["records"]
    body = {"records": [{"id": row["id"], "fields": {"Status": "Sent"}} for row in rows]}
    stack.call("PATCH", base, body, headers, 60.0)


def changed(hub: stack.Hub) -> None:
    """Until the ten are sent here too."""
    ends = time.monotonic() + 120
    while hub.api("GET", "/api/orders?page_size=1&status=Sent", seconds=60.0)["count"] < CHANGED:
        if time.monotonic() > ends:
            raise AssertionError("the changed rows did not come within two minutes")
        time.sleep(0.5)
