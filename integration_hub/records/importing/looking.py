"""A first look at a file: how it is written, which column is what, and what only a person can tell."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.records.importing import csvfile, dates, encodings, numbers, xlsxfile
from integration_hub.records.importing.cells import Exact
from integration_hub.records.importing.columns import Columns, digest, matched, plain
from integration_hub.records.importing.problems import Asks, Problems, Question, Unreadable, cut

SAMPLES = 3  # values of each column that are shown
SAMPLED = 200  # rows they are taken from
LOOKED_AT = 5_000  # rows of a workbook that tell the order of dates; what they leave open is asked when it is met
Table = csvfile.Table | xlsxfile.Sheet


@dataclass
class Shape:
    """What was said of the last file with these headings."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Look:
    """What is known of a file before its rows are read. With `questions` it cannot be read yet."""

    settings: dict[str, Any] = field(default_factory=dict)
    headings: list[str] = field(default_factory=list)
    digest: str = ""
    shape: Shape | None = None
    columns: Columns | None = None
    samples: list[list[str]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def look(
    path: Path,
    kind: str,
    chosen: Mapping[str, Any],
    mapping: Mapping[str, str],
    shape_of: Callable[[str], Shape | None],
) -> Look:
    """Look at the file as `chosen` says, else as it shows itself, else as it was with the last of its shape.
    Unreadable when it is none we can use."""
    found = Look()
    try:
        found.settings = _format(path, chosen, shape_of)
        with opened(path, found.settings) as table:
            found.headings, found.digest = list(table.headings), digest(table.headings)
            found.shape = shape_of(found.digest)
            _match(found, kind, mapping)
            _look_into(found, table, chosen)
    except Asks as asks:
        found.questions.append(asks.question)
    return found


@contextmanager
def opened(path: Path, settings: Mapping[str, Any]) -> Iterator[Table]:
    """The table in the file, read from the start."""
    if settings["format"] == "xlsx":
        with xlsxfile.opened(path, settings["sheet"]) as sheet:
            yield sheet
    else:
        with csvfile.opened(path, settings["encoding"], settings["delimiter"]) as table:
            yield table


def _format(path: Path, chosen: Mapping[str, Any], shape_of: Callable[[str], Shape | None]) -> dict[str, Any]:
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise Unreadable(_("The file is empty. Its first line must hold the names of the columns."))
    if head in (xlsxfile.ZIP, xlsxfile.OLE):
        with xlsxfile.book(path) as book:
            sheets = list(book.sheets)
        return {"format": "xlsx", "sheet": chosen.get("sheet") or sheets[0], "sheets": sheets}
    try:
        encoding = encodings.detected(path, chosen.get("encoding", ""))
    except Asks:
        encoding = _encoding_before(path, shape_of)
        if not encoding:
            raise
    delimiter = csvfile.delimiter_of(path, encoding, chosen.get("delimiter", ""))
    return {"format": "csv", "encoding": encoding, "delimiter": delimiter}


def _encoding_before(path: Path, shape_of: Callable[[str], Shape | None]) -> str:
    """The encoding of the last file with these headings, which are mostly ASCII; "" when nobody said it."""
    settings = {"format": "csv", "encoding": "windows-1252", "delimiter": csvfile.delimiter_of(path, "windows-1252")}
    with opened(path, settings) as table:
        shape = shape_of(digest(table.headings))
    return str(shape.settings.get("encoding", "")) if shape else ""


def _match(found: Look, kind: str, mapping: Mapping[str, str]) -> None:
    before = found.shape.mapping if found.shape else {}
    said = {plain(heading): field for heading, field in mapping.items()}
    both = {heading: field for heading, field in before.items() if plain(heading) not in said} | dict(mapping)
    try:
        found.columns = matched(kind, found.headings, both)
    except Asks as asks:
        found.questions.append(asks.question)


@dataclass
class Evidence:
    """What the cells of some columns tell, and one that could be read in two ways."""

    told: Counter[str] = field(default_factory=Counter)
    example: str = ""
    seen: dict[str, str] = field(default_factory=dict)

    def add(self, cell: str, tells: Callable[[str], str]) -> None:
        verdict = self.seen.get(cell)
        if verdict is None:
            verdict = "" if isinstance(cell, Exact) else tells(cell.strip())
            if len(self.seen) < LOOKED_AT and len(cell) < 50:
                self.seen[cell] = verdict
        if verdict:
            self.told[verdict] += 1
            if verdict == "both" and not self.example:
                self.example = cut(cell.strip())

    def one_of(self, one: str, other: str) -> str:
        """The one that is told while the other is not."""
        return (
            "" if self.told[one] and self.told[other] else one if self.told[one] else other if self.told[other] else ""
        )


def _look_into(found: Look, table: Table, chosen: Mapping[str, Any]) -> None:
    """Read through the rows: samples, the order of dates, commas or points."""
    found.samples = [[] for _heading in found.headings]
    days, amounts = Evidence(), Evidence()
    day_places = _places(found, dates.FIELDS)
    amount_places = _places(found, numbers.FIELDS)
    rows = table.rows(Problems())
    for number, (_line, cells) in enumerate(islice(rows, LOOKED_AT) if found.settings["format"] == "xlsx" else rows):
        if number < SAMPLED:
            _sample(found.samples, cells)
        for place in day_places:
            days.add(cells[place], dates.evidence)
        for place in amount_places:
            amounts.add(cells[place], numbers.evidence)
    before = found.shape.settings if found.shape else {}
    found.settings["date_order"] = _date_order(found, days, {**before, **chosen}, "date_order" in chosen)
    found.settings["decimal_comma"] = _decimal_comma(found, amounts, {**before, **chosen}, "decimal_comma" in chosen)


def _sample(samples: list[list[str]], cells: list[str]) -> None:
    for known, cell in zip(samples, cells, strict=True):
        if len(known) < SAMPLES and (text := cut(cell.strip())) and text not in known:
            known.append(text)


def _places(found: Look, fields: tuple[str, ...]) -> list[int]:
    places = found.columns.places if found.columns else {}
    return [place for name in fields for place in places.get(name, ())]


def _date_order(found: Look, days: Evidence, said: Mapping[str, Any], chosen: bool) -> str:
    order = days.one_of("dmy", "mdy")
    if chosen or not order:
        order = said.get("date_order", "") or order
    if not order and days.told["both"]:
        found.questions.append(dates.question(days.example))
    return str(order)


def _decimal_comma(found: Look, amounts: Evidence, said: Mapping[str, Any], chosen: bool) -> bool | None:
    sign = amounts.one_of("comma", "point")
    comma = sign == "comma" if sign else None
    if chosen or comma is None:
        comma = said.get("decimal_comma", comma)
    if comma is None and amounts.told["both"]:
        found.questions.append(numbers.question(amounts.example))
    return comma
