"""What a look at Airtable brought, as it is to be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Duty:
    """What is to be done about one base. `drop`: our webhook is to go. `drain`: its payloads are to be read from
    `cursor` on. `look`: it is to be looked at, and made where it is missing. `hook`: the one we know, or empty. `user`:
    whose token we write with."""

    base: str
    url: str
    path: str
    hook: str = ""
    cursor: int = 1
    drop: bool = False
    drain: bool = False
    look: bool = False
    user: str = ""


@dataclass(frozen=True)
class Made:
    """A new webhook, which knows nothing of what happened before. The secret is told this once."""

    base: str
    hook: str
    secret: str
    url: str
    expires: datetime | None


@dataclass(frozen=True)
class Kept:
    """It is there and well. `failing`: why its pings do not arrive, as Airtable says."""

    base: str
    hook: str
    expires: datetime | None
    failing: str = ""


@dataclass(frozen=True)
class Drained:
    """Payloads `start` to `cursor`, read by a call that began `at`. `last`: there are no more just now. `echo`: they
    tell only of what we wrote ourselves."""

    base: str
    hook: str
    start: int
    cursor: int
    payloads: Sequence[Mapping[str, Any]]
    at: datetime
    last: bool
    echo: bool = False


@dataclass(frozen=True)
class Dropped:
    base: str


@dataclass(frozen=True)
class Refused:
    """Airtable does not let us have one here: why, a sentence."""

    base: str
    sentence: str


Fact: TypeAlias = Made | Kept | Drained | Dropped | Refused
