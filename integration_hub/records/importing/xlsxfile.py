"""Reading Excel workbooks row by row: openpyxl reads the workbook and its styles; texts and sheets are read here.

Refused are macros, encrypted and old files, and archives that unpack to far more than a table can be.
"""

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _

from integration_hub.records.importing import xlsxtexts
from integration_hub.records.importing.cells import Broken, Exact
from integration_hub.records.importing.problems import Problems, Unreadable

BLOCK = 1 << 18
UNPACKED = 1 << 30  # bytes of the whole workbook
STRINGS = 150 << 20  # bytes of its table of texts, which is held in memory
RATIO, RATIO_FROM = 300, 10 << 20  # a part that is larger than that unpacked may be this many times its packed size
PARTS = 5_000
COLUMNS = 2_000
LETTERS = re.compile("[A-Z]+")
OLE = b"\xd0\xcf\x11\xe0"
ZIP = b"PK\x03\x04"
WRONG = (BadZipFile, zlib.error, EOFError, expat.ExpatError, ValueError, LookupError)  # what a broken workbook raises


@dataclass(frozen=True)
class Book:
    """What is known of a workbook before a sheet is read."""

    archive: ZipFile
    sheets: dict[str, str]  # name → part of the archive
    strings: list[str]
    dates: set[int]  # styles that show a number as a time
    spans: set[int]  # and as a length of time
    epoch: datetime


@dataclass
class Sheet:
    """A sheet: its headings, and its rows with their numbers."""

    headings: list[str]
    _rows: Iterator[tuple[int, list[str]]]

    def rows(self, problems: Problems) -> Iterator[tuple[int, list[str]]]:
        """Rows as wide as the headings; cells beyond are a problem, missing ones are empty."""
        width = len(self.headings)
        try:
            for number, cells in self._rows:
                if len(cells) > width and any(cells[width:]):
                    said = _("The row has a cell in a column without a heading. Name the column, or empty the cell.")
                    problems.add(number, "", said, next(filter(None, cells[width:])))
                elif any(cells):
                    yield number, (cells + [""] * (width - len(cells)))[:width]
        except WRONG as error:
            raise _broken(error) from error


@contextmanager
def opened(path: Path, sheet: str = "") -> Iterator[Sheet]:
    """A sheet of the workbook, the first one unless named; Unreadable when there is none that can be used."""
    with book(path) as found:
        name = sheet or next(iter(found.sheets))
        if name not in found.sheets:
            said = _("There is no sheet “%(name)s”. Sheets: %(names)s.")
            raise Unreadable(said % {"name": name, "names": ", ".join(found.sheets)})
        with found.archive.open(found.sheets[name]) as part:
            rows = _filled(_rows(part, found))
            try:
                _number, headings = next(rows, (0, []))
            except WRONG as error:
                raise _broken(error) from error
            while headings and not headings[-1]:
                headings.pop()
            if not any(headings):
                raise Unreadable(_("The sheet is empty. Its first row must hold the names of the columns."))
            yield Sheet([heading.strip() for heading in headings], rows)


def _filled(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    return (row for row in rows if any(row[1]))


@contextmanager
def book(path: Path) -> Iterator[Book]:
    """The workbook, refused where it is dangerous to open it."""
    from openpyxl.reader.excel import ExcelReader  # heavy: only where workbooks are read
    from openpyxl.styles.stylesheet import apply_stylesheet
    from openpyxl.xml.constants import SHARED_STRINGS

    refuse_unsafe(path)
    with path.open("rb") as file:
        try:
            # Its parts, one by one: load_workbook would walk through every sheet that does not say its size.
            reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
            reader.read_manifest()
            texts = reader.package.find(SHARED_STRINGS)
            strings = _texts(reader.archive, texts.PartName[1:]) if texts is not None else []
            reader.read_workbook()
            apply_stylesheet(reader.archive, reader.wb)
            parts = {sheet.name: link for sheet, link in reader.parser.find_sheets()}
        except Exception as error:
            raise _broken(error) from error
        sheets = {name: link.target for name, link in parts.items() if link.Type.endswith("/worksheet")}
        if not sheets:
            raise Unreadable(_("The workbook has no sheet with rows."))
        made: Any = reader.wb
        spans = made._timedelta_formats
        yield Book(reader.archive, sheets, strings, made._date_formats, spans, made.epoch)


def _texts(archive: ZipFile, name: str) -> list[str]:
    with archive.open(name) as part:
        return xlsxtexts.table(part)


def refuse_unsafe(path: Path) -> None:
    """Unreadable for what must not be unpacked, or cannot be."""
    with path.open("rb") as file:
        if file.read(4) == OLE:
            _refuse_old(file)
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
    except (BadZipFile, OSError, ValueError) as error:
        raise _broken(error) from error
    names = {part.filename.lower() for part in parts}
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
        raise Unreadable(_("The workbook has macros. Save it as .xlsx (without macros) and try again."))
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(_encrypted())
    if "[content_types].xml" not in names or "xl/workbook.bin" in names:
        raise Unreadable(_("This is no workbook we can read. Save it as .xlsx or as CSV and try again."))
    if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED:
        raise Unreadable(_("The workbook unpacks to more than %(size)s MB. Save it as CSV.") % {"size": UNPACKED >> 20})
    for part in parts:
        if part.file_size > RATIO_FROM and part.file_size > RATIO * max(1, part.compress_size):
            raise Unreadable(_("The workbook unpacks to far more than a table can be. Save it as CSV."))
        if part.filename.lower().endswith("sharedstrings.xml") and part.file_size > STRINGS:
            raise Unreadable(_("The workbook has too much text to be read at once. Save it as CSV."))


def _refuse_old(file: IO[bytes]) -> None:
    mark, tail = "EncryptedPackage".encode("utf-16-le"), b""
    while block := file.read(1 << 20):
        if mark in tail + block:
            raise Unreadable(_encrypted())
        tail = block[-len(mark) :]
    raise Unreadable(_("This is an old Excel file (.xls). Save it as .xlsx or as CSV and try again."))


def _encrypted() -> str:
    return _("The workbook is encrypted. Save it without a password and try again.")


def _broken(error: Exception) -> Unreadable:
    said = _("The workbook is broken (%(why)s). Open it, save it as .xlsx and try again.")
    return Unreadable(said % {"why": str(error).partition("\n")[0][:200] or type(error).__name__})


@dataclass
class _Cell:
    place: int = 0
    kind: str = ""
    style: int = 0
    formula: bool = False
    texts: list[str] = field(default_factory=list)


class _Parser:
    """Collects the rows of a sheet while its XML comes in, a block at a time."""

    def __init__(self, found: Book) -> None:
        self.book = found
        self.ready: list[tuple[int, list[str]]] = []
        self.number = 0
        self.cells: list[str] = []
        self.cell: _Cell | None = None
        self.listening = False
        parser = self.parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = self.text
        parser.StartDoctypeDeclHandler = xlsxtexts.no_doctype

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if name == "row":
            self.number = int(float(attributes.get("r", self.number + 1)))
            self.cells = []
        elif name == "c":
            place = column_of(attributes["r"]) if "r" in attributes else len(self.cells)
            self.cell = _Cell(place, attributes.get("t", "n"), int(attributes.get("s", 0)))
        elif self.cell is not None:
            self.listening = name in ("v", "t")
            self.cell.formula |= name == "f"
            if name == "rPh":  # how it is pronounced, not what it says
                self.cell.kind = "phonetic " + self.cell.kind
                self.listening = False

    def text(self, text: str) -> None:
        if self.listening and self.cell is not None and not self.cell.kind.startswith("phonetic"):
            self.cell.texts.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        self.listening = False
        if name == "row":
            self.ready.append((self.number, self.cells))
        elif name == "rPh" and self.cell is not None:
            self.cell.kind = self.cell.kind.removeprefix("phonetic ")
        elif name == "c" and self.cell is not None:
            self.cells.extend([""] * (self.cell.place - len(self.cells)))
            self.cells.append(value_of(self.cell, self.book))
            self.cell = None


def _rows(part: IO[bytes], found: Book) -> Iterator[tuple[int, list[str]]]:
    parser, size = _Parser(found), 0
    while block := part.read(BLOCK):
        size += len(block)
        if size > UNPACKED:
            raise Unreadable(_("The workbook unpacks to far more than it says. It was not read."))
        parser.parser.Parse(block, False)
        yield from parser.ready
        parser.ready.clear()
    parser.parser.Parse(b"", True)
    yield from parser.ready


def column_of(place: str) -> int:
    """“C7” is column 2."""
    letters = LETTERS.match(place)
    column = 0
    for letter in letters[0] if letters else "":
        column = column * 26 + ord(letter) - 64
    if not 1 <= column <= COLUMNS:
        raise ValueError(f"column {place}")
    return column - 1


def value_of(cell: _Cell, found: Book) -> str:
    """The text of a cell; numbers and times in our own form, what has no value as something that says so."""
    text = "".join(cell.texts)
    if cell.formula and not text and cell.kind != "str":
        return Broken(_("The formula has no stored value. Open the file in a spreadsheet, save it, and try again."))
    if cell.kind == "s":
        return found.strings[int(text)] if text else ""
    if cell.kind == "e":
        return Broken(_("The cell holds the error %(name)s. Mend its formula.") % {"name": text})
    if cell.kind == "n" and text:
        return _number(text, cell, found)
    if cell.kind == "b":
        return "TRUE" if text == "1" else "FALSE"
    return Exact(text) if cell.kind == "d" else xlsxtexts.decoded(text)


def _number(text: str, cell: _Cell, found: Book) -> str:
    if cell.style in found.dates:
        from openpyxl.utils.datetime import from_excel

        try:
            return Exact(_time(from_excel(float(text), found.epoch, timedelta=cell.style in found.spans)))
        except (ValueError, OverflowError):
            return Broken(_("The cell is shown as a date, but %(text)s is none.") % {"text": text})
    if text.isdigit() and len(text) < 20:
        return Exact(text)
    return Exact(f"{float(text):.15g}")  # as many digits as a spreadsheet shows


def _time(value: date | time | timedelta | None) -> str:
    if isinstance(value, datetime):
        whole = value.replace(microsecond=0) + timedelta(seconds=value.microsecond >= 500_000)
        return whole.date().isoformat() if whole.time() == time() else whole.isoformat()
    return "" if value is None else str(value)
