"""An idle hub with its demo company: memory, and how soon a change leaves the house."""

import random
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from integration_hub.tests import soak, stack
from integration_hub.tests.bench.report import Figure, percentile

EDITS = 80
MEMORY_TARGET = {"embedded": 350.0, "real": 450.0}


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind) as hub:
        come_to_rest(hub)
        delays = sorted(delays_of(hub))
        yield Figure("order committed → first byte of the call, p50", kind, 1000 * percentile(delays, 0.5), "ms")
        yield Figure(
            "order committed → first byte of the call, p99",
            kind,
            1000 * percentile(delays, 0.99),
            "ms",
            target=250.0 if kind == "real" else None,
        )
        yield from memory(hub, kind)


def come_to_rest(hub: stack.Hub) -> None:
    """Until the demo company's first sync is over: while it looks for rows, none of them is waiting yet."""
    ends = time.monotonic() + soak.DRAIN_SECONDS
    while any(run["kind"] == "full" and run["state"] == "running" for run in hub.api("GET", "/api/runs")["results"]):
        if time.monotonic() > ends:
            raise AssertionError("the first sync did not end")
        time.sleep(0.5)
    soak.settle(hub)


def memory(hub: stack.Hub, kind: str) -> Iterator[Figure]:
    parts = {program: hub.memory(program) for program in ("web", "worker", "beat")}
    if kind == "embedded":
        yield Figure("memory of web, worker and beat (PSS)", kind, sum(parts.values()), "MB", MEMORY_TARGET[kind])
    else:
        yield Figure("memory of two web workers (PSS)", kind, parts["web"], "MB", MEMORY_TARGET[kind])
        yield Figure("memory of worker and beat (PSS)", kind, parts["worker"] + parts["beat"], "MB")


def delays_of(hub: stack.Hub) -> Iterator[float]:
    """Edits half a second to a second apart. `updated_at` is set within the transaction, so that the commit itself is
    part of the delay."""
    orders = hub.api("GET", "/api/orders?page_size=50")["results"]
    chance = random.Random(1)
    for number in range(EDITS):
        order = orders[number % len(orders)]
        other = "High" if order["priority"] != "High" else "Low"
        order = orders[number % len(orders)] = hub.api("PATCH", f"/api/orders/{order['id']}", {"priority": other})
        yield moment(arrival(hub, order["id"], other)) - moment(order["updated_at"])
        time.sleep(chance.uniform(0.5, 1.0))


def arrival(hub: stack.Hub, order: str, value: str) -> str:
    """When the sandbox got the call that carries this change."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        for entry in reversed(hub.control("GET", "requests?limit=5")["requests"]):
            if entry["method"] == "PATCH" and carries(entry["body"], order, value):
                return str(entry["at"])
        time.sleep(0.05)
    raise AssertionError(f"the change of {order} never left the house")


def carries(body: Any, order: str, value: str) -> bool:
    records = body.get("records", []) if isinstance(body, dict) else []
    return any({order, value} <= set(map(str, record["fields"].values())) for record in records)


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
