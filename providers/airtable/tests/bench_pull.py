"""Reading a table of many rows into orders, from a base that takes five requests a second: 500 rows a second."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from integration_hub.tests import stack
from integration_hub.tests.bench.report import Figure
from providers.airtable.tests.bench import refused

ROWS = int(os.environ.get("BENCH_PULL_ROWS", "10000"))
CEILING = 500.0  # rows a second: a hundred a request, five requests a second
BATCH = 10
PATIENCE = 300.0  # seconds


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind, DEMO="0", API_RATE_TOKEN="60000/min") as hub:
        connect(hub)
        fill(hub, ROWS)
        cpu, spent = hub.cpu("worker"), counters(hub)
        began = turn(hub, "pull")
        settled(hub, ROWS)
        seconds = time.time() - began
        used, after = hub.cpu("worker") - cpu, counters(hub)
        of = f"pull of {ROWS:,}"
        yield Figure(f"{of}: share of 500 rows a second", kind, 100 * ROWS / seconds / CEILING, "%", 95.0, least=True)
        yield Figure(f"{of}: rows a second", kind, ROWS / seconds, "rows/s")
        yield Figure(f"{of}: CPU per row", kind, 1000 * used / ROWS, "ms")
        yield Figure(f"{of}: requests", kind, after["requests"] - spent["requests"], "requests")
        yield Figure(f"{of}: requests refused with 429", kind, refused(after) - refused(spent), "requests", 0.0)


def connect(hub: stack.Hub) -> None:
    """Connected, and nothing goes by itself yet."""
    given = hub.run["sandbox"]["credentials"]["airtable"]
    settings = {"base_id": given["base_id"], "auto_sync_enabled": False}
    hub.api("PUT", "/api/integrations/airtable", {"secrets": {"token": given["token"]}, "settings": settings})


def fill(hub: stack.Hub, count: int) -> None:
    """So many rows in the base, as if people had typed them; each names one of a few hundred customers."""
    given = hub.run["sandbox"]["credentials"]["airtable"]
    hub.control("POST", "airtable/limits", {"per_base": 100_000, "per_user": 100_000})
    for first in range(0, count, BATCH):
        rows = [{"fields": row(number)} for number in range(first, min(first + BATCH, count))]
        headers = {"Authorization": f"Bearer {given['token']}"}
        address = f"{hub.sandbox}/airtable/v0/{given['base_id']}/Orders"
        stack.call("POST", address, {"records": rows}, headers, 30.0)
    hub.control("POST", "airtable/limits", {"per_base": 5, "per_user": 50})


def row(number: int) -> dict[str, Any]:
    buyer = number % 700
    return {
        "Order number": f"P-{number:06d}",
        "Customer": f"Buyer {buyer}",
        "Customer e-mail": f"buyer{buyer}@example.com",
        "Currency": "RON",
        "Total": 24.5 + number % 100,
    }


def turn(hub: stack.Hub, direction: str, orders: str = "") -> float:
    """The mapping goes that way from now on, by a process with the hub's own environment; when it said so (time.time).
    `orders`: all of them are "new", or were "changed", so that they are due."""
    command = [sys.executable, "-m", "providers.airtable.tests.bench_pull", direction, orders]
    env = {**hub.env, "PROCESS": "worker"}
    done = subprocess.run(command, cwd=stack.BASE, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def settled(hub: stack.Hub, count: int, patience: float = PATIENCE) -> None:
    """Until so many orders are there."""
    ends = time.monotonic() + patience
    while (there := hub.api("GET", "/api/orders?page_size=1", seconds=60.0)["count"]) < count:
        if time.monotonic() > ends:
            raise AssertionError(f"{there} of {count} rows came within {patience:.0f} seconds")
        time.sleep(0.2)


def counters(hub: stack.Hub) -> dict[str, Any]:
    return dict(hub.control("GET", "requests?limit=1")["counters"])


def _turn(direction: str, orders: str) -> None:
    from integration_hub.sync import outbox, reading
    from integration_hub.sync.models import Mapping

    mapping = Mapping.everywhere.select_related("connection").get(record_type="order", retired_at=None)
    mapping.direction, mapping.waits, mapping.is_live = direction, False, True
    mapping.save()
    reading.ensure(mapping)
    reading.poke([mapping.pk])
    sys.stdout.write(f"{time.time()}\n")  # the first of them is seen to as soon as it is due
    if orders:
        _make_due(mapping, changed=orders == "changed")
    outbox.wake([mapping.pk])


def _make_due(mapping: Any, *, changed: bool) -> None:
    from integration_hub.records.models import Order
    from integration_hub.records.services import orders
    from integration_hub.sync import outbox

    if not changed:
        ids = sorted(Order.everywhere.filter(company=mapping.company_id).values_list("pk", flat=True))
        outbox.write(mapping.company_id, "order", [(mapping.pk, pk) for pk in ids], prio=2)
        return
    for order in Order.everywhere.filter(company=mapping.company_id).select_related("company"):
        orders.update(order, {"priority": "High"}, prio=2)


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    django.setup()
    _turn(*sys.argv[1:])
