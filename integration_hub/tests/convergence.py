"""Both sides are edited at random, ten thousand times, while calls fail and programs are killed: in the end they agree.

    python -m integration_hub.tests.convergence --stack embedded --changes 10000

Part of `make soak`. Only the conflicts' choice is left to a person, who here throws a coin.
"""

import argparse
import os
import random
import sys
import time
import urllib.error
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from integration_hub.tests import soak, stack

ANEW = 250  # changes after which both sides' lists are read anew, and open conflicts are settled
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 500, "count": 2},
    {"status": 503, "count": 3},
    {"status": 500, "effect": True},
    {"drop": "before"},
    {"drop": "after"},
    {"hold": 1.0},
    {"method": "PATCH", "late": 1.0, "drop": "before"},
)


@dataclass
class Walk:
    """One walk. `done`: how many of each kind of change were made."""

    hub: stack.Hub
    changes: int
    random: random.Random
    kills: bool = True
    done: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    orders: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)

    @property
    def provider(self) -> str:
        return str(next(iter(self.hub.run["sandbox"]["credentials"])))

    def run(self) -> None:
        kinds = list(KINDS)
        weights = [KINDS[kind][0] for kind in kinds]
        while self.done.total() < self.changes:
            if self.done.total() % ANEW == 0:
                patiently(self.look_anew)
            kind = self.random.choices(kinds, weights)[0]
            patiently(partial(KINDS[kind][1], self))
            self.done[kind] += 1
            if self.kills and self.random.random() < 0.003:
                self.kill()

    def look_anew(self) -> None:
        self.orders = list(soak.ours(self.hub))
        self.rows = [record["id"] for record in self.there("rows")]
        settle_conflicts(self.hub, self.random)

    def there(self, order: str, **said: Any) -> Any:
        return self.hub.control("POST", f"{self.provider}/{order}", {"table": "Orders", **said})

    def words(self) -> tuple[str, str]:
        name = self.random.choice(tuple(soak.WORDS))
        return name, self.random.choice(soak.WORDS[name])

    def edit_here(self) -> None:
        name, word = self.words()
        self.hub.api("PATCH", f"/api/orders/{self.random.choice(self.orders)}", {name: word})

    def edit_there(self) -> None:
        name, word = self.words()
        self.there("edit", record=self.random.choice(self.rows), fields={name.capitalize(): word})

    def make_here(self) -> None:
        item = {"description": "Standard", "quantity": self.random.randint(1, 5), "unit_price": "19.99"}
        self.orders.append(self.hub.api("POST", "/api/orders", {"currency": "RON", "items": [item]})["id"])

    def make_there(self) -> None:
        number = f"W-{self.done.total()}-{self.random.randrange(10**6)}"
        cells = {"Order number": number, "Currency": "RON", "Total": 12.5, "Status": "Sent", "Priority": "Low"}
        self.rows.append(self.there("add", fields=cells)["id"])

    def delete_here(self) -> None:
        self.hub.api("DELETE", f"/api/orders/{self.random.choice(self.orders)}")

    def delete_there(self) -> None:
        self.there("delete", record=self.random.choice(self.rows))

    def break_a_call(self) -> None:
        self.hub.control("POST", "faults", {"provider": self.provider, **self.random.choice(FAULTS)})

    def kill(self) -> None:
        victim = self.random.choice(soak.VICTIMS)
        if self.hub.kill(victim):
            self.killed[victim] += 1


KINDS: dict[str, tuple[float, Callable[[Walk], None]]] = {
    "edited here": (40, Walk.edit_here),
    "edited there": (48, Walk.edit_there),
    "made here": (4, Walk.make_here),
    "made there": (4, Walk.make_there),
    "deleted here": (0.5, Walk.delete_here),
    "deleted there": (0.1, Walk.delete_there),  # few enough that nobody is asked
    "broken calls": (3.4, Walk.break_a_call),
}


def patiently(act: Callable[[], object], seconds: float = 60.0) -> None:
    """Again while the web comes back; what is not there any more was deleted by an earlier step."""
    ends = time.monotonic() + seconds
    while True:
        try:
            act()
            return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                if error.code in (400, 404, 409):
                    return
                raise
        except OSError:
            pass
        if time.monotonic() > ends:
            raise stack.NotStarted("the web program does not come back")
        time.sleep(0.1)


def settle_conflicts(hub: stack.Hub, coin: random.Random) -> int:
    """Throw a coin for each open conflict. How many there were."""
    found = hub.api("GET", "/api/conflicts?state=open&page_size=200")["results"]
    for one in found:
        choice = {"choice": coin.choice(("ours", "theirs"))}
        patiently(partial(hub.api, "POST", f"/api/conflicts/{one['id']}/settle", choice))
    return len(found)


def go_both_ways(hub: stack.Hub, provider: str) -> None:
    """The ready mapping of orders is read as well from now on."""
    tables = {}
    for base in hub.api("GET", f"/api/integrations/{provider}/bases")["results"]:
        for table in hub.api("GET", f"/api/integrations/{provider}/bases/{base['id']}/tables")["results"]:
            tables[table["name"]] = (base["id"], table["id"])
    base, table = tables["Orders"]
    said = {"base_id": base, "table_id": table, "data_type": "orders", "mode": "bidirectional"}
    said |= {"policy": "ask", "on_remote_delete": "delete", "minutes": 1}
    hub.api("POST", f"/api/integrations/{provider}/sync", said)


def come_to_rest(hub: stack.Hub, provider: str, coin: random.Random, rounds: int = 12) -> float:
    """Sync and settle until nothing is left to do; how long it took."""
    start = time.monotonic()
    hub.control("DELETE", "faults")
    for _round in range(rounds):
        patiently(lambda: hub.api("POST", f"/api/integrations/{provider}/sync"))
        stack.wait_until(lambda: not running(hub), soak.DRAIN_SECONDS, "a run does not end")
        soak.settle(hub)
        if not settle_conflicts(hub, coin) and not soak.differences(hub):
            break
    return time.monotonic() - start


def running(hub: stack.Hub) -> bool:
    try:
        found = hub.api("GET", "/api/runs?page_size=50")["results"]
    except OSError:
        return True
    return any(run["state"] == "running" and run["kind"] != "live" for run in found)


def walk(kind: str, changes: int, seed: int, *, kills: bool = True, **env: str) -> Walk:
    """One whole walk; AssertionError when the sides differ in the end."""
    with stack.running(kind, **env) as hub:
        soak.settle(hub)
        told = Walk(hub, changes, random.Random(seed), kills)
        go_both_ways(hub, told.provider)
        stack.wait_until(lambda: not running(hub), 120, "the first reading does not end")
        start = time.monotonic()
        told.run()
        walked = time.monotonic() - start
        rested = come_to_rest(hub, told.provider, told.random)
        wrong = soak.differences(hub)
        done = ", ".join(f"{n} {what}" for what, n in sorted(told.done.items()))
        dead = ", ".join(f"{n} {name}" for name, n in sorted(told.killed.items())) or "none"
        print(
            f"{kind}: {done} in {walked:.0f} s; killed: {dead}; at rest after {rested:.0f} s; differences {len(wrong)}"
        )
        assert not wrong, "\n".join(wrong[:20])
        return told


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Edit both sides at random, with faults and kills, and compare them.")
    parser.add_argument("--stack", choices=("embedded", "real", "both"), default="both")
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args(arguments)
    kinds = ["embedded", "real"] if options.stack == "both" else [options.stack]
    if "real" in kinds and not os.environ.get("TEST_DATABASE_URL"):
        print("TEST_DATABASE_URL is not set: PostgreSQL and Redis are left out of this walk.")
        kinds.remove("real")
    for kind in kinds:
        walk(kind, options.changes, options.seed)
    return 0 if kinds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
