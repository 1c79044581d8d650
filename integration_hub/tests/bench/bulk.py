"""`POST /api/orders/bulk`: how many orders a second one program brings in, and two at once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from integration_hub.tests import soak, stack
from integration_hub.tests.bench.report import Figure

REQUESTS = 10
EACH = 1000
CUSTOMERS = 200
TARGET = {"real": 1000.0}
# Without the demo nothing is connected; with it each order and line is queued as well, and the worker takes its share.
HUBS = (("", "0"), (", with a live mapping", "small"))


def measure(kind: str) -> Iterator[Figure]:
    for what, demo in HUBS:
        with stack.running(kind, DEMO=demo, API_RATE_TOKEN="60000/min") as hub:
            if demo != "0":
                soak.settle(hub)
            shop = Shop(hub)
            shop.send("warm", 100)
            target = TARGET.get(kind)
            yield Figure(
                f"bulk API, orders of 2 lines{what}", kind, shop.rate("one", 1), "orders/s", target, least=True
            )
            yield Figure(f"the same, two programs at once{what}", kind, shop.rate("two", 2), "orders/s")


class Shop:
    """Somebody else's shop, which tells the hub what it sold."""

    def __init__(self, hub: stack.Hub) -> None:
        self.hub = hub
        self.customers = [self.make("customers", name=f"Buyer {number}") for number in range(CUSTOMERS)]
        kinds = [{"name": "Standard", "price": "25"}, {"name": "Reduced", "price": "15"}]
        when = {"starts_at": "2027-05-01T18:00:00Z", "ends_at": "2027-05-01T20:00:00Z"}
        events = [self.make("events", title=f"Evening {number}", **when, ticket_types=kinds) for number in range(5)]
        self.kinds = [kind["id"] for event in events for kind in event["ticket_types"]]
        self.currency = events[0]["ticket_types"][0]["currency"]

    def make(self, noun: str, **data: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.hub.api("POST", f"/api/{noun}", data)
        return made

    def rate(self, name: str, programs: int) -> float:
        """Orders a second of so many programs, each sending one request after the other."""
        start = time.perf_counter()
        with ThreadPoolExecutor(programs) as pool:
            list(pool.map(lambda n: self.run(f"{name}-{n}", REQUESTS // programs), range(programs)))
        return REQUESTS // programs * programs * EACH / (time.perf_counter() - start)

    def run(self, name: str, requests: int) -> None:
        for number in range(requests):
            self.send(f"{name}-{number}", EACH)

    def send(self, name: str, count: int) -> None:
        body = {"orders": [self.order(name, number) for number in range(count)]}
        answer = self.hub.api("POST", "/api/orders/bulk", body, seconds=120)
        if answer["created"] != count:
            raise AssertionError(next(row for row in answer["results"] if row["status"] != "created"))

    def order(self, name: str, number: int) -> dict[str, Any]:
        """One to three lines, the first of them tickets."""
        lines = [{"ticket_type": self.kinds[number % len(self.kinds)], "quantity": 2}]
        thing = {"description": "Programme", "quantity": 1, "unit_price": "12.50", "discount": "0.1"}
        lines += [{**thing, "quantity": more + 1} for more in range(number % 3)]
        about = {"order_number": f"{name}-{number}", "currency": self.currency, "status": "Processing"}
        customer = self.customers[number % CUSTOMERS]["id"]
        return {**about, "customer": customer, "placed_at": "2026-10-05T12:30:00Z", "items": lines}
