"""From somebody's edit in the base to the order of the hub: webhook, ping, payload, reading. All programs run.

python -m providers.airtable.tests.bench_webhook both    in a hub's environment: its mapping goes both ways from now on
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from integration_hub.tests import soak, stack
from integration_hub.tests.bench.report import Figure, percentile

EDITS = int(os.environ.get("BENCH_EDITS", "40"))
TOGETHER = 10
TARGET = 5.0  # seconds, at the 95th percentile
WORDS = ("Sent", "Delivered", "Processing")


def measure(kind: str) -> Iterator[Figure]:
    with stack.running(kind) as hub:
        soak.settle(hub)
        listen(hub)
        orders = [one for one in hub.api("GET", "/api/orders?page_size=50")["results"] if one["record_id"]]
        delays = list(edited(hub, orders))
        yield Figure("edit over there → order here, p50", kind, percentile(delays, 0.5), "s")
        yield Figure("edit over there → order here, p95", kind, percentile(delays, 0.95), "s", TARGET)
        before, spent = calls(hub), hub.cpu("worker")
        taken = together(hub, orders[:TOGETHER])
        yield Figure(f"{TOGETHER} edits at once → the last order here", kind, taken, "s", TARGET)
        soak.settle(hub)
        yield Figure(
            f"requests for {TOGETHER} edits, their writing back included", kind, calls(hub) - before, "requests"
        )
        yield Figure(f"CPU of the worker for {TOGETHER} edits", kind, hub.cpu("worker") - spent, "s", 1.0)


def listen(hub: stack.Hub) -> None:
    """Have orders go both ways, and wait until a ping of the new webhook arrived and nothing is left to be read."""
    subprocess.run([sys.executable, "-m", __spec__.name, "both"], cwd=stack.BASE, env=hub.env, check=True)
    stack.wait_until(lambda: heard(hub), 120, "the webhook was not heard within two minutes")
    quiet(hub)


def heard(hub: stack.Hub) -> bool:
    try:
        return all(one["lastSuccessfulNotificationTime"] for one in hub.control("POST", "airtable/webhooks", {}))
    except OSError:  # there is none yet
        return False


def quiet(hub: stack.Hub) -> None:
    """Until no request was made for five seconds."""
    before, since = calls(hub), time.monotonic()
    while time.monotonic() - since < 5:
        time.sleep(0.5)
        if calls(hub) != before:
            before, since = calls(hub), time.monotonic()


def calls(hub: stack.Hub) -> int:
    return int(hub.control("GET", "requests?limit=1&provider=airtable")["counters"]["requests"])


def edited(hub: stack.Hub, orders: list[dict[str, Any]]) -> Iterator[float]:
    """Edits a second or two apart, as people make them; each is written back with its time, which costs calls too."""
    chance = random.Random(1)
    for number in range(EDITS):
        order = orders[number % len(orders)]
        word = next(one for one in WORDS if one != order["status"])
        began = edit(hub, order, word)
        yield arrived(hub, order, word) - began
        time.sleep(chance.uniform(1.0, 2.0))


def edit(hub: stack.Hub, order: dict[str, Any], word: str) -> float:
    body = {"table": "Orders", "record": order["record_id"], "fields": {"Status": word}}
    hub.control("POST", "airtable/edit", body)
    order["status"] = word
    return time.monotonic()


def arrived(hub: stack.Hub, order: dict[str, Any], word: str) -> float:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if hub.api("GET", f"/api/orders/{order['id']}")["status"] == word:
            return time.monotonic()
        time.sleep(0.02)
    raise AssertionError(f"the edit of {order['record_id']} never arrived")


def together(hub: stack.Hub, orders: list[dict[str, Any]]) -> float:
    words = {order["id"]: next(one for one in WORDS if one != order["status"]) for order in orders}
    moments = [edit(hub, order, words[order["id"]]) for order in orders]
    return max(arrived(hub, order, words[order["id"]]) for order in orders) - moments[0]


def both() -> None:
    """As a person would save it."""
    from django.db import transaction

    from integration_hub.contract import Direction, registry
    from integration_hub.sync import outbox, reading
    from integration_hub.sync.models import Mapping

    for mapping in Mapping.everywhere.filter(record_type="order", retired_at=None):
        with transaction.atomic():
            Mapping.everywhere.filter(pk=mapping.pk).update(direction=Direction.BOTH.value, by_hand=True)
            mapping.refresh_from_db()
            reading.ensure(mapping)
            registry.provider(mapping.connection.provider).mapped(mapping)
        outbox.wake([mapping.pk])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    import django

    django.setup()
    {"both": both}[sys.argv[1]]()
