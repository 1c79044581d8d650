"""What a simulator shows in a browser, as values; `pages` turns them into HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """One cell: text, perhaps a link, and a look: `tag`, `number`, `code`, `time` or plain."""

    text: str
    href: str = ""
    look: str = ""


@dataclass(frozen=True)
class Grid:
    """A table. `empty` is the sentence shown when there are no rows."""

    title: str
    columns: Sequence[Shown]
    rows: Sequence[Sequence[Shown]]
    empty: str
    note: str = ""
    page: int = 1
    pages: int = 1


@dataclass(frozen=True)
class Input:
    """One thing to type or choose: `text`, `long`, `check` or one of the `choices`. `was`: what it showed at first."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    choices: Sequence[str] = ()
    was: str | None = None

    @property
    def first(self) -> str:
        return self.value if self.was is None else self.was


@dataclass(frozen=True)
class Button:
    """What it does, for the simulator; what it says; and its look: `danger` or plain."""

    act: str
    text: str
    look: str = ""


@dataclass(frozen=True)
class Form:
    """What is asked, the buttons (the Enter key presses the first), and what it is `about`, for the simulator."""

    buttons: Sequence[Button]
    inputs: Sequence[Input] = ()
    about: str = ""
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Posted:
    """A form as it came back. `changed`: what shows something else than at first."""

    act: str
    about: str
    values: Mapping[str, str]
    changed: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A page: its title, the trail that leads to it (label, address), where it leads to, tables and forms."""

    title: str
    trail: Sequence[tuple[str, str]]
    grids: Sequence[Grid] = ()
    subtitle: str = ""
    links: Sequence[tuple[str, str]] = ()
    forms: Sequence[Form] = ()


@dataclass(frozen=True)
class Card:
    """A provider on the front page: a sentence, and its places (label, address, detail)."""

    summary: str
    places: Sequence[tuple[str, str, str]]
    empty: str = ""
