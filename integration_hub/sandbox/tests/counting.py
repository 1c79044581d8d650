"""The smallest provider there could be: it counts. For the tests of the toolkit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from integration_hub.sandbox.parts import Parts
from integration_hub.sandbox.routing import Route, find
from integration_hub.sandbox.sheets import Card, Grid, Sheet, Shown
from integration_hub.sandbox.simulator import Simulator
from integration_hub.sandbox.wire import Request, Response, json_answer


def count(sim: CountingSimulator, name: str) -> Response:
    sim.counts[name] = sim.counts.get(name, 0) + 1
    return json_answer({"name": name, "count": sim.counts[name]})


def read(sim: CountingSimulator, name: str) -> Response:
    return json_answer({"name": name, "count": sim.counts.get(name, 0)})


def fail(sim: CountingSimulator) -> Response:
    raise RuntimeError("a bug of the simulator")


def close(sim: CountingSimulator, *, closed: bool = True) -> dict[str, bool]:
    sim.closed = closed
    return {"closed": closed}


class CountingSimulator(Simulator):
    key = "counting"
    name = "Counting"
    commands = {"close": close}
    routes = (Route("POST", "v1/{name}", count), Route("GET", "v1/{name}", read), Route("GET", "bug", fail))

    def reset(self) -> None:
        self.counts: dict[str, int] = {}
        self.closed = False

    def admit(self, request: Request) -> Response | Callable[[], Response]:
        if self.closed:
            return Response(403, note="closed")
        found = find(self.routes, request.method, request.segments)
        if found is None:
            return Response(404)
        route, named = found
        return lambda: route.endpoint(self, **named)

    def credentials(self) -> dict[str, str]:
        return {"token": "count-me"}

    def dump(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "token": "count-me"}

    def load(self, state: dict[str, Any]) -> None:
        self.counts = dict(state["counts"])

    def view(self) -> dict[str, Any]:
        return {"counts": dict(self.counts)}

    def card(self) -> Card:
        return Card("Counts.", [("All", "/browse/counting/all", f"{len(self.counts)} names")])

    def sheet(self, places: tuple[str, ...], page: int) -> Sheet | None:
        if places != ("all",):
            return None
        rows = [[Shown(name), Shown(str(number), look="number")] for name, number in self.counts.items()]
        grid = Grid("Counts", [Shown("Name"), Shown("Count")], rows, "Nothing was counted yet.", page=page, pages=3)
        return Sheet("All <counts>", [], [grid])


class LargeSimulator(CountingSimulator):
    """The same, kept in parts: one for each name."""

    def reset(self) -> None:
        super().reset()
        self.handed: dict[str, int] = {}

    def parts(self, *, whole: bool) -> Parts:
        new = {} if whole else self.handed
        changed: dict[str, Any] = {name: number for name, number in self.counts.items() if new.get(name) != number}
        gone = dict.fromkeys(set(new) - set(self.counts))
        self.handed = dict(self.counts)
        return Parts({("names", name): value for name, value in {**changed, **gone}.items()}, whole=whole)

    def load_parts(self, parts: Iterable[tuple[str, str, Any]]) -> bool:
        self.counts = {name: value for _, name, value in parts}
        self.handed = dict(self.counts)
        return bool(self.counts)
