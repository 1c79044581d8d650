"""Orders to the sandbox itself: faults, resets, what it saw and what it holds. All under `/_control`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integration_hub.sandbox import faults
from integration_hub.sandbox.routing import Route, find
from integration_hub.sandbox.simulator import BadOrder
from integration_hub.sandbox.wire import NotJson, Request, Response, json_answer
from integration_hub.sandbox.world import World

# Faults that change the simulator's mind once, and the simulator's order each stands for.
LASTING = ("expire_token", "revoke_scope")


def control(world: World, request: Request) -> Response:
    found = find(ROUTES, request.method, request.segments)
    if found is None:
        known = ", ".join(f"{route.method} /_control/{route.pattern}" for route in ROUTES)
        return json_answer({"error": f"There is no such control. Known: {known}."}, 404)
    if request.foreign:
        return json_answer({"error": "Pages of other sites may not give orders."}, 403)
    route, named = found
    try:
        return json_answer(route.endpoint(world, request, **named))
    except (BadOrder, NotJson) as error:
        return json_answer({"error": str(error)}, 400)


def order_fault(world: World, request: Request) -> Any:
    order = arguments(request)
    for name in LASTING:
        if name in order:
            return _change_mind(world, name, order)
    return {"id": world.order(faults.read(order)).id}


def _change_mind(world: World, name: str, order: Mapping[str, Any]) -> Any:
    """`{"expire_token": true | "<token>"}` and `{"revoke_scope": "<scope>"}` take hold at once, until a reset."""
    value = order[name]
    given = {"scope": value} if name == "revoke_scope" else {} if value is True else {"token": value}
    rest = {key: each for key, each in order.items() if key not in (name, "provider")}
    return world.simulator(str(order.get("provider", ""))).command(name, **given, **rest)


def list_faults(world: World, request: Request) -> Any:
    return {"faults": world.faults.view()}


def clear_faults(world: World, request: Request) -> Any:
    world.faults.clear()
    return {"faults": []}


def list_requests(world: World, request: Request) -> Any:
    limit, after = (_number(request, name, default) for name, default in (("limit", 100), ("after", 0)))
    recent = world.requests.recent(limit, request.param("provider"), after)
    return {"counters": world.requests.counters(), "requests": [entry.view() for entry in recent]}


def reset(world: World, request: Request) -> Any:
    world.reset(str(arguments(request).get("provider", "")))
    return {"reset": True}


def state(world: World, request: Request) -> Any:
    views = {}
    for key, simulator in world.simulators.items():
        if request.param("provider") in ("", key):
            with simulator.lock:
                views[key] = simulator.view()
    return views


def command(world: World, request: Request, provider: str, name: str) -> Any:
    return world.simulator(provider).command(name, **arguments(request))


def arguments(request: Request) -> dict[str, Any]:
    body = {} if request.json is None else request.json
    if not isinstance(body, dict):
        raise BadOrder("An order is a JSON object.")
    return body


def _number(request: Request, name: str, default: int) -> int:
    text = request.param(name, str(default))
    if not text.isdigit():
        raise BadOrder(f"{name} must be a whole number, 0 or more.")
    return int(text)


ROUTES = (
    Route("GET", "faults", list_faults),
    Route("POST", "faults", order_fault),
    Route("DELETE", "faults", clear_faults),
    Route("GET", "requests", list_requests),
    Route("GET", "state", state),
    Route("POST", "reset", reset),
    Route("POST", "{provider}/{name}", command),
)
