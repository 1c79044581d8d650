"""What a browser sees: the front page and a page for each place, rendered on the server."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine
from django.utils.translation import gettext

from integration_hub.sandbox import forms, inbox
from integration_hub.sandbox.clock import iso
from integration_hub.sandbox.requestlog import Entry
from integration_hub.sandbox.sheets import Grid, Sheet, Shown
from integration_hub.sandbox.simulator import BadOrder
from integration_hub.sandbox.wire import Request, Response, html_answer
from integration_hub.sandbox.world import World

ROOM = Path(__file__).parent
ASSETS = {"sandbox.css": "text/css; charset=utf-8", "sandbox.js": "text/javascript; charset=utf-8"}
SAFE = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(ROOM / "templates")], builtins=["django.templatetags.i18n"])


def render(template: str, status: int = 200, **context: Any) -> Response:
    return html_answer(_engine().get_template(f"sandbox/{template}").render(Context(context)), status, SAFE)


def answer(world: World, key: str, request: Request) -> Response:
    """Everything that is neither a provider's nor an order. `key` is the first segment of the address."""
    page = PAGES.get(("GET" if request.method == "HEAD" else request.method, key))
    return page(world, request) if page else missing()


def asset(world: World, request: Request) -> Response:
    name = request.path
    if name not in ASSETS:
        return Response(404)
    return Response(200, (ROOM / "assets" / name).read_bytes(), ASSETS[name], SAFE)


def front(world: World, request: Request) -> Response:
    cards = []
    for key, simulator in world.simulators.items():
        with simulator.lock:
            cards.append((key, simulator.name, simulator.card()))
    cards.append(("webhooks", gettext("Outgoing webhooks"), inbox.card(world)))
    return render("front.html", cards=cards, grids=[_requests(world)], counters=world.requests.counters())


def browse(world: World, request: Request) -> Response:
    """`browse/<provider>/<place>/<place>`: a simulator's own page."""
    key, *places = request.segments
    page = request.param("page", "1")
    if key in world.simulators:
        simulator = world.simulators[key]
        with simulator.lock:
            sheet = simulator.sheet(tuple(places), int(page) if page.isdigit() else 1)
        if sheet is not None:
            return _shown(sheet)
    return missing()


def act(world: World, request: Request) -> Response:
    """A form of such a page: done, and on to the next page; or shown again with the sentence why not."""
    key, *places = request.segments
    if request.foreign:
        return Response(403)
    if key not in world.simulators:
        return missing()
    simulator, posted = world.simulators[key], forms.read(request)
    with simulator.lock:
        try:
            simulator.changes += 1
            return Response(303, headers=(("Location", simulator.obey(tuple(places), posted)),))
        except BadOrder as error:
            sheet = simulator.sheet(tuple(places), 1)
            return _shown(forms.again(sheet, posted), 400, str(error)) if sheet else missing()


def _shown(sheet: Sheet, status: int = 200, wrong: str = "") -> Response:
    return render("sheet.html", status, sheet=sheet, grids=sheet.grids, wrong=wrong)


def letters(world: World, request: Request) -> Response:
    """`webhooks/<name>`: what the hub sent there."""
    return _shown(inbox.sheet(world, request.path))


def missing() -> Response:
    return render("missing.html", 404)


def _requests(world: World) -> Grid:
    titles = ((gettext("When"), ""), (gettext("Request"), ""), (gettext("Answer"), ""), (gettext("Took"), "number"))
    return Grid(
        title=gettext("Recent requests"),
        columns=[Shown(text, look=look) for text, look in titles],
        rows=[_request_row(entry) for entry in reversed(world.requests.recent(20))],
        empty=gettext("Nobody has asked anything yet. Requests show up here as they arrive."),
    )


def _request_row(entry: Entry) -> list[Shown]:
    answer = str(entry.status) if entry.status else gettext("no answer")
    look = "good" if 200 <= entry.status < 300 else "bad"
    words = [answer, entry.note.replace("_", " "), gettext("fault") if entry.fault else ""]
    return [
        Shown(iso(entry.at)[11:23], look="time"),
        Shown(f"{entry.request.method} {entry.address}"[:160], look="code"),
        Shown(" · ".join(filter(None, words)), look=look),
        Shown(gettext("%(number)d ms") % {"number": entry.milliseconds}, look="number"),
    ]


PAGES: dict[tuple[str, str], Callable[[World, Request], Response]] = {
    ("GET", ""): front,
    ("GET", "browse"): browse,
    ("POST", "browse"): act,
    ("GET", "assets"): asset,
    ("GET", "webhooks"): letters,
    ("POST", "webhooks"): inbox.take,
}
