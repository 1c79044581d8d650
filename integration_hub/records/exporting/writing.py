"""The files themselves: CSV as it is read, XLSX on disk first, for its parts are packed at the end."""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.records.exporting.cells import LONGEST, Value, as_csv, as_xlsx, too_long

Chunks = Iterator[list[list[Value]]]
BOM = "\ufeff"  # Excel takes a CSV without it for an old code page
ROOM = 1_048_576  # rows of an Excel sheet, the headings among them
WIDTH = 18  # characters
FORMATS = {"datetime": "yyyy-mm-dd hh:mm:ss", "Decimal": "#,##0.00##", "int": "0"}


def csv_bytes(headings: Sequence[str], chunks: Chunks) -> Iterator[bytes]:
    """A CSV in UTF-8, a piece for each chunk of rows."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    text.write(BOM)
    writer.writerow(headings)
    yield _taken(text)
    for rows in chunks:
        writer.writerows([[as_csv(value) for value in row] for row in rows])
        yield _taken(text)


def _taken(text: StringIO) -> bytes:
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece


class Workbook:
    """An XLSX that is written row by row: a sheet of records, and one that says what it holds."""

    def __init__(self, title: str, headings: Sequence[str], room: int = ROOM) -> None:
        from openpyxl import Workbook as Book
        from openpyxl.cell import WriteOnlyCell

        self.book = Book(write_only=True)
        self.sheet = self.book.create_sheet(title)
        self.sheet.freeze_panes = "A2"
        self.sheet.sheet_format.defaultColWidth = WIDTH
        # One cell for each column and kind of value, used again for every row: making them costs more than writing.
        self.kinds: dict[tuple[int, str], Any] = {}
        self.new_cell = WriteOnlyCell
        self.room, self.rows, self.left_out, self.emptied = room, 0, 0, 0
        self.append(headings)

    def append(self, row: Sequence[Value]) -> None:
        if self.rows == self.room:
            self.left_out += 1
            return
        self.rows += 1
        self.emptied += sum(map(too_long, row))
        self.sheet.append([self.cell(place, as_xlsx(value)) for place, value in enumerate(row)])

    def cell(self, place: int, value: Value) -> Any:
        if value is None:
            return None
        kind = type(value).__name__
        cell = self.kinds.get((place, kind))
        if cell is None:
            cell = self.kinds[place, kind] = self.new_cell(self.sheet)
            if kind in FORMATS:
                cell.number_format = FORMATS[kind]
        cell.value = value
        if kind == "str":
            cell.data_type = "s"  # never a formula, whatever it begins with
        return cell

    def told(self) -> list[str]:
        """What of the rows is not in the file."""
        said = []
        if self.left_out:
            more = ngettext(
                "%(n)s further row is not in this file: Excel has room for %(room)s. The CSV has all of them.",
                "%(n)s further rows are not in this file: Excel has room for %(room)s. The CSV has all of them.",
                self.left_out,
            )
            said.append(more % {"n": f"{self.left_out:,}", "room": f"{self.room:,}"})
        if self.emptied:
            longer = _("Cells with more than %(n)s characters, Excel's most, are left empty. The CSV has them.")
            said.append(longer % {"n": f"{LONGEST:,}"})
        return said

    def save(self, file: IO[bytes], about: Sequence[str]) -> None:
        """Write it all to `file`; `about` are the sentences of the second sheet."""
        sheet = self.book.create_sheet(_("About"))
        for sentence in (*about, *self.told()):
            cell = self.new_cell(sheet)
            cell.value = sentence
            cell.data_type = "s"
            sheet.append([cell])
        self.book.save(file)


def xlsx_file(title: str, headings: Sequence[str], chunks: Chunks, about: Sequence[str]) -> IO[bytes]:
    """The workbook in a temporary file, to be read from its beginning."""
    book = Workbook(title, headings)
    for rows in chunks:
        for row in rows:
            book.append(row)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the response
    book.save(file, about)
    file.seek(0)
    return file
