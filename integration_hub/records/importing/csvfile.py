"""Reading CSV strictly: what is not plainly a table of text is refused with its line, never guessed at."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.records.importing.problems import Problems, Unreadable

DELIMITERS = (",", ";", "\t")


@dataclass
class Table:
    """A CSV file: its headings, and its rows with the line each begins on."""

    headings: list[str]
    delimiter: str
    _reader: Any  # csv keeps the name of its type to itself

    def rows(self, problems: Problems) -> Iterator[tuple[int, list[str]]]:
        """Rows of the right width; others become problems."""
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader, None)
            except csv.Error as error:
                said = _("The row cannot be read (%(why)s). Look at its quotation marks; what follows was not checked.")
                problems.add(line, "", said % {"why": error})
                return
            except UnicodeDecodeError:
                raise Unreadable(_not_utf8()) from None
            if cells is None:
                return
            if len(cells) == len(self.headings):
                yield line, cells
            elif cells:  # a blank line is no row
                said = _("The row has %(cells)s cells, the headings are %(headings)s. A quote or separator is amiss.")
                problems.add(line, "", said % {"cells": len(cells), "headings": len(self.headings)})


@contextmanager
def opened(path: Path) -> Iterator[Table]:
    """The table in a UTF-8 file separated by commas, semicolons or tabs; Unreadable when it is none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(DELIMITERS, key=head.count)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            headings = [heading.strip() for heading in next(reader, [])]
            if not any(headings):
                raise Unreadable(_("The file is empty. Its first line must hold the names of the columns."))
            yield Table(headings, delimiter, reader)
    except UnicodeDecodeError:
        raise Unreadable(_not_utf8()) from None
    except csv.Error as error:
        raise Unreadable(_("The headings cannot be read: %(why)s.") % {"why": error}) from None
    except OSError as error:
        raise Unreadable(_("The file cannot be opened: %(why)s.") % {"why": error.strerror}) from None


def _not_utf8() -> str:
    return _("The file is not UTF-8 text. Save it as “CSV UTF-8” and try again.")
