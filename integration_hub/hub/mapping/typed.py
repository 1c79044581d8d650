"""What stands in the form of the mapping page: as a mapping is stored, or as somebody typed it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from integration_hub.contract import Direction
from integration_hub.sync.drafts import Draft, Pair
from integration_hub.sync.merge import Policy
from integration_hub.sync.models.mapping import DeletePolicy, RemoteDelete

OFFERED = ("15", "30", "60", "1440")  # minutes
OTHER, NEVER = "other", "never"
MOST = 2_000_000_000  # minutes; larger ones the database does not hold
IN_BRACKETS = re.compile(r"\(([^()]+)\)$")


class Named(Protocol):
    """A remote field, table or base."""

    @property
    def id(self) -> str: ...

    @property
    def label(self) -> str: ...


@dataclass(frozen=True)
class Typed:
    """The form as it stands. `every`: one of OFFERED, `other` (then `minutes` says how many) or `never`; `met`: the
    direction as the form was shown."""

    pairs: tuple[Pair, ...] = ()
    conditions: tuple[dict[str, Any], ...] = ()
    create_choices: bool = False
    is_live: bool = True
    every: str = "60"
    minutes: str = ""
    on_delete: str = DeletePolicy.DELETE.value
    direction: str = Direction.PUSH.value
    policy: str = Policy.ASK.value
    first: str = Policy.ASK.value
    on_remote_delete: str = RemoteDelete.IGNORE.value
    match_on: tuple[str, ...] = ()
    makes_here: bool = True
    makes_there: bool = True
    record: UUID | None = None
    q: str = ""
    version: int = 0
    make: tuple[str, ...] = ()
    met: str = Direction.PUSH.value

    @property
    def goes(self) -> Direction:
        """The direction; to the provider only, where none was understood."""
        return Direction(self.direction) if self.direction in tuple(Direction) else Direction.PUSH


def stored(draft: Draft, version: int) -> Typed:
    """A stored mapping as it stands in its form."""
    minutes = NEVER if draft.minutes is None else str(draft.minutes)
    offered = minutes in OFFERED or minutes == NEVER
    return Typed(
        pairs=tuple(draft.pairs),
        conditions=tuple(dict(line) for line in draft.filter),
        create_choices=draft.create_choices,
        is_live=draft.is_live,
        every=minutes if offered else OTHER,
        minutes="" if offered else minutes,
        on_delete=draft.on_delete,
        direction=draft.direction,
        policy=draft.policy,
        first=draft.first,
        on_remote_delete=draft.on_remote_delete,
        match_on=tuple(draft.match_on),
        makes_here=draft.makes_here,
        makes_there=draft.makes_there,
        version=version,
        met=draft.direction,
    )


def minutes(typed: Typed) -> int | None:
    """None: only when it is started by hand; 0 where no such number was typed: the service says what is valid."""
    if typed.every == NEVER:
        return None
    text = typed.every if typed.every in OFFERED else typed.minutes
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 11 and int(text) <= MOST else 0


def chosen(text: str, fields: Sequence[Named]) -> str:
    """The id of what somebody picked or typed: its id, "name (id)", or its name; else the text itself."""
    known = {one.id for one in fields}
    if text in known:
        return text
    if (found := IN_BRACKETS.search(text)) and found[1] in known:
        return found[1]
    named = [one.id for one in fields if one.label.strip().casefold() == text.casefold()]
    return named[0] if len(named) == 1 else text


def uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
