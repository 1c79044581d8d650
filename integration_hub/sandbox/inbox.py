"""An address for the hub's own webhooks: whatever is posted to /webhooks/<name> is kept and shown in the browser."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from integration_hub.sandbox.clock import iso
from integration_hub.sandbox.sheets import Card, Grid, Sheet, Shown
from integration_hub.sandbox.wire import NotJson, Request, Response, json_answer

if TYPE_CHECKING:
    from integration_hub.sandbox.world import World

KEPT = 100
LONGEST = 600  # signs of a body that are shown
STATUSES = range(200, 600)


@dataclass(frozen=True)
class Letter:
    """One request. `status` is what it was answered."""

    name: str
    request: Request
    status: int
    at: float = field(default_factory=time.time)


class Inbox:
    """The last webhooks that came, newest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: deque[Letter] = deque(maxlen=KEPT)

    def add(self, letter: Letter) -> None:
        with self._lock:
            self._letters.appendleft(letter)

    def clear(self) -> None:
        with self._lock:
            self._letters.clear()

    def letters(self, name: str = "") -> list[Letter]:
        with self._lock:
            return [each for each in self._letters if name in ("", each.name)]


def take(world: World, request: Request) -> Response:
    """`?status=500` in the address makes it answer so, to see what the hub does then."""
    if request.foreign:
        return Response(403)
    asked = request.param("status", "200")
    status = int(asked) if asked.isdigit() and int(asked) in STATUSES else 200
    world.inbox.add(Letter(request.path, request, status))
    return json_answer({"received": status == 200}, status)


def sheet(world: World, name: str) -> Sheet:
    """The page of one name, or of all."""
    titles = (
        *(gettext("When"), gettext("Type"), gettext("Answered")),
        *(gettext("Webhook id"), gettext("Signature"), gettext("Body")),
    )
    grid = Grid(
        title=gettext("Webhooks that came"),
        columns=[Shown(title) for title in titles],
        rows=[_row(each) for each in world.inbox.letters(name)],
        empty=gettext(
            "None yet. Enter this page's address as an outgoing webhook of the hub, and change a record there."
        ),
        note=gettext("The last 100. Add ?status=500 to the address to see what the hub does when it is refused."),
    )
    return Sheet(title=f"/webhooks/{name}", trail=[("webhooks", "/webhooks")], grids=[grid])


def _row(letter: Letter) -> list[Shown]:
    headers = letter.request.headers
    look = "good" if letter.status < 300 else "bad"
    return [
        Shown(iso(letter.at)[11:23], look="time"),
        Shown(_type(letter.request), look="code"),
        Shown(str(letter.status), look=look),
        Shown(headers.get("webhook-id", "–"), look="code"),
        Shown(headers.get("webhook-signature", "–"), look="code"),
        Shown(letter.request.body.decode("utf-8", "replace")[:LONGEST], look="code"),
    ]


def _type(request: Request) -> str:
    try:
        body = request.json
    except NotJson:
        return "–"
    return str(body.get("type", "–")) if isinstance(body, dict) else "–"


def card(world: World) -> Card:
    """For the front page."""
    names = dict.fromkeys(each.name for each in world.inbox.letters())
    return Card(
        summary=gettext("Shows what the hub sends as outgoing webhooks. Any name will do."),
        places=[(f"/webhooks/{name}", f"/webhooks/{name}", "") for name in names or ("try",)],
    )
