"""`make soak`: the hub is killed in parts while people work, and in the end both sides are compared row by row.

    python -m integration_hub.tests.soak               both stacks, 1,000 changes each, with the waits of the product
    python -m integration_hub.tests.soak --stack embedded --changes 100 --quick

PostgreSQL is taken from TEST_DATABASE_URL; without it only the embedded stack walks, and the end says so.
"""

import argparse
import os
import random
import sys
import time
import urllib.error
from dataclasses import dataclass, field
from typing import Any

from integration_hub.tests import stack

VICTIMS = ("web", "worker", "beat")
QUICK = {
    "CALL_SECONDS": "4",
    "SYNC_LEASE": "12",
    "SYNC_UNSURE_WAIT": "8",
}  # shorter waits after a kill, for the short walk
DRAIN_SECONDS = 600.0
WORDS = {
    "status": ("Pending", "Processing", "Sent", "Delivered", "Cancelled"),
    "priority": ("Low", "Medium", "High"),
}


@dataclass
class Walk:
    """One walk: changes through the API, kills at random points, faults of the provider."""

    hub: stack.Hub
    changes: int
    chance: float  # of a kill after a change
    random: random.Random
    done: int = 0
    refused: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)

    def run(self) -> None:
        self.orders = [order["id"] for order in self.hub.api("GET", "/api/orders?page_size=200")["results"]]
        while self.done < self.changes:
            self.change()
            if self.random.random() < self.chance:
                self.kill()

            time.sleep(self.random.random() * 0.15)  # people are no machines; and kills find the hub at different work

    def change(self) -> None:
        """One edit or one new order. A refused connection is a web that was just killed: try again in a moment."""
        try:
            if not self.orders or self.random.random() < 0.15:
                self.create()
            else:
                name = self.random.choice(tuple(WORDS))
                order = self.random.choice(self.orders)
                self.hub.api("PATCH", f"/api/orders/{order}", {name: self.random.choice(WORDS[name])})
            self.done += 1
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
            self.wait()
        except OSError:
            self.wait()

    def wait(self) -> None:
        self.refused += 1
        if self.refused > 200 * self.changes:
            raise stack.NotStarted("the web program does not come back")
        time.sleep(0.1)

    def create(self) -> None:
        item = {"description": "Standard", "quantity": self.random.randint(1, 5), "unit_price": "19.99"}
        order = self.hub.api("POST", "/api/orders", {"currency": "RON", "items": [item]})
        self.orders.append(order["id"])

    def kill(self) -> None:
        victims = [*VICTIMS, *(["redis"] if self.hub.redis else [])]
        victim = self.random.choice(victims)
        if victim == "redis" and self.hub.redis:
            self.hub.redis.kill()
            time.sleep(self.random.random() * 3)
            self.hub.redis.start()
        else:
            time.sleep(self.random.random() * 0.3)  # somewhere in the middle of what it does
            if not self.hub.kill(victim):
                return
        self.kills[victim] = self.kills.get(victim, 0) + 1


def settle(hub: stack.Hub, seconds: float = DRAIN_SECONDS) -> float:
    """Wait until nothing is due any more; how long it took."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            if waiting(hub) == 0:
                return time.monotonic() - start
        except OSError:
            pass  # the web is coming back
        time.sleep(0.5)
    raise AssertionError(f"{waiting(hub)} records are still waiting after {seconds:.0f} s")


def waiting(hub: stack.Hub) -> int:
    return sum(int(one["waiting"]) for one in hub.api("GET", "/api/integrations")["results"])


def ours(hub: stack.Hub) -> dict[str, dict[str, Any]]:
    """Every order of the hub by its id."""
    found: dict[str, dict[str, Any]] = {}
    page = 1
    while True:
        answer = hub.api("GET", f"/api/orders?page_size=200&page={page}")
        found |= {order["id"]: order for order in answer["results"]}
        if page * 200 >= answer["count"]:
            return found
        page += 1


def theirs(hub: stack.Hub) -> list[dict[str, Any]]:
    """The cells of every row over there that carries an id of ours, read behind the API and its limits."""
    records = [
        record
        for provider in hub.run["sandbox"]["credentials"]
        for record in hub.control("POST", f"{provider}/rows", {})
    ]
    return [record["fields"] for record in records if "Hub ID" in record["fields"]]


def differences(hub: stack.Hub) -> list[str]:
    """Everything in which the two sides are not equal, in words."""
    mine, rows = ours(hub), theirs(hub)
    by_id: dict[str, dict[str, Any]] = {}
    found: list[str] = []
    for row in rows:
        if row["Hub ID"] in by_id:
            found.append(f"{row['Hub ID']} stands twice over there")
        by_id[row["Hub ID"]] = row
    found += [f"{key} is missing over there" for key in mine.keys() - by_id.keys()]
    found += [f"{key} is there and not here" for key in by_id.keys() - mine.keys()]
    pairs = {"Order number": "order_number", "Status": "status", "Priority": "priority", "Currency": "currency"}
    for key in mine.keys() & by_id.keys():
        order, row = mine[key], by_id[key]
        found += [
            f"{order['order_number']}: {name} is {row.get(name)!r} there and {order[field]!r} here"
            for name, field in pairs.items()
            if row.get(name) != order[field]
        ]
        if f"{float(row.get('Total', 0)):.2f}" != f"{float(order['total']):.2f}":
            found.append(f"{order['order_number']}: total {row.get('Total')} there, {order['total']} here")
    return found


def walk(kind: str, changes: int, chance: float, seed: int, **env: str) -> Walk:
    """One whole walk; AssertionError when the sides differ in the end."""
    with stack.running(kind, **env) as hub:
        settle(hub)
        told = Walk(hub, changes, chance, random.Random(seed))
        start = time.monotonic()
        told.run()
        walked = time.monotonic() - start
        if hub.redis:
            minute_without_redis(hub, told)
        drained = settle(hub)
        wrong = differences(hub)
        kills = ", ".join(f"{n} {name}" for name, n in sorted(told.kills.items())) or "none"
        print(
            f"{kind}: {told.done} changes in {walked:.0f} s, killed: {kills}; refused connections {told.refused}; "
            f"drained {drained:.0f} s after the last change; {len(told.orders)} orders; differences {len(wrong)}"
        )
        assert not wrong, "\n".join(wrong[:20])
        return told


def minute_without_redis(hub: stack.Hub, told: Walk) -> None:
    """Redis is gone for a minute, and people go on working."""
    assert hub.redis is not None
    hub.redis.kill()
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        told.change()
        time.sleep(1)
    hub.redis.start()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Kill the hub in parts while it works, and compare both sides.")
    parser.add_argument("--stack", choices=("embedded", "real", "both"), default="both")
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="shorter waits after a kill")
    options = parser.parse_args(arguments)
    kinds = ["embedded", "real"] if options.stack == "both" else [options.stack]
    if "real" in kinds and not os.environ.get("TEST_DATABASE_URL"):
        print("TEST_DATABASE_URL is not set: PostgreSQL and Redis are left out of this walk.")
        kinds.remove("real")
    for kind in kinds:
        walk(kind, options.changes, 0.03, options.seed, **(QUICK if options.quick else {}))
    return 0 if kinds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
