"""What a simulator shows in a browser, as values; `pages` turns them into HTML."""

from __future__ import annotations

from collections.abc import Sequence
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
class Sheet:
    """A page: its title, the trail that leads to it (label, address), and tables."""

    title: str
    trail: Sequence[tuple[str, str]]
    grids: Sequence[Grid]
    subtitle: str = ""


@dataclass(frozen=True)
class Card:
    """A provider on the front page: a sentence, and its places (label, address, detail)."""

    summary: str
    places: Sequence[tuple[str, str, str]]
    empty: str = ""
