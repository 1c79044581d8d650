"""Reading CSV strictly: what is not plainly a table of text is refused with its line, never guessed at."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.records.importing.encodings import CODECS
from integration_hub.records.importing.problems import Answer, Asks, Problems, Question, Unreadable

DELIMITERS = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("bar"),
}
LOOKED_AT = 30  # records that tell the delimiter
LONGEST_CELL = 4_000_000  # characters; a quote that is never closed would swallow the rest of the file
SAYS_SO = re.compile(r"sep=(.)\r?\n")  # a first line that spreadsheets understand

csv.field_size_limit(LONGEST_CELL)  # the module keeps one for the whole process


@dataclass
class Table:
    """A CSV file: its headings, and its rows with the line each begins on."""

    headings: list[str]
    _reader: Any  # csv keeps the name of its type to itself
    _skipped: int

    def rows(self, problems: Problems) -> Iterator[tuple[int, list[str]]]:
        """Rows of the right width; others become problems."""
        reader, width, skipped = self._reader, len(self.headings), self._skipped + 1
        while True:
            line = reader.line_num + skipped
            try:
                cells = next(reader, None)
            except csv.Error as error:
                problems.add(line, "", _said_of(error))
                if _swallowed(error):
                    return
                continue
            if cells is None:
                return
            if len(cells) == width:
                yield line, cells
            elif cells:  # a blank line is no row
                _wrong_width(problems, line, cells, width)


def _swallowed(error: csv.Error) -> bool:
    """Whether a quote took everything up to the end, or too much to go on."""
    return str(error).startswith(("unexpected end", "field larger"))


def _said_of(error: csv.Error) -> str:
    if _swallowed(error):
        said = _("The row cannot be read (%(why)s). Look at its quotation marks; what follows was not checked.")
    else:
        said = _("The row cannot be read (%(why)s). Look at its quotation marks.")
    return said % {"why": error}


def _wrong_width(problems: Problems, line: int, cells: list[str], width: int) -> None:
    said = _("The row has %(cells)s cells, the headings are %(headings)s. A quote or separator is amiss.")
    problems.add(line, "", said % {"cells": len(cells), "headings": width}, " | ".join(cells[:10])[:1000])


@contextmanager
def opened(path: Path, encoding: str, delimiter: str) -> Iterator[Table]:
    """The table in a text file; Unreadable when it is none."""
    try:
        with path.open(encoding=CODECS[encoding], newline="") as file:
            skipped = _skip_mark(file)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            headings = [heading.strip() for heading in next(reader, [])]
            if not any(headings):
                raise Unreadable(_("The file is empty. Its first line must hold the names of the columns."))
            yield Table(headings, reader, skipped)
    except csv.Error as error:
        raise Unreadable(_("The headings cannot be read: %(why)s.") % {"why": error}) from None
    except UnicodeDecodeError:
        raise Unreadable(_("The file changed while it was read.")) from None


def _skip_mark(file: TextIO) -> int:
    """How many lines before the headings only say how to read them."""
    if SAYS_SO.fullmatch(file.readline(20)):
        return 1
    file.seek(0)
    return 0


def delimiter_of(path: Path, encoding: str, chosen: str = "") -> str:
    """What separates the cells. Asks where two signs make as good a table."""
    if chosen:
        if chosen not in DELIMITERS:
            raise Unreadable(_("“%(sign)s” separates no cells we read: use , ; | or a tab.") % {"sign": chosen})
        return chosen
    with path.open(encoding=CODECS[encoding], newline="") as file:
        said = SAYS_SO.fullmatch(file.readline(20))
        if said and said[1] in DELIMITERS:
            return said[1]
        scores = {sign: _score(file, sign) for sign in DELIMITERS}
    best = max(scores.values())
    fitting = [sign for sign, score in scores.items() if score == best]
    if len(fitting) > 1 and best[1] > 1:
        raise Asks(_question(path, encoding, fitting))
    return fitting[0]


def _score(file: TextIO, sign: str) -> tuple[bool, int]:
    """Whether nine rows in ten have as many cells as the headings, and how many these are."""
    file.seek(0)
    widths: Counter[int] = Counter()
    head = 0
    try:
        for number, cells in enumerate(csv.reader(file, delimiter=sign)):
            if number > LOOKED_AT:
                break
            head = head or len(cells)
            widths[len(cells)] += 1
    except csv.Error:
        return False, 0
    # A table that is broken in more places is still told by its headings.
    return head > 1 and widths[head] >= 0.9 * widths.total(), head


def _question(path: Path, encoding: str, signs: list[str]) -> Question:
    answers = []
    for sign in signs:
        with opened(path, encoding, sign) as table:
            answers.append(Answer(sign, f"{DELIMITERS[sign]}: {' · '.join(table.headings)}"[:200]))
    return Question("delimiter", _("What separates the columns?"), answers)
