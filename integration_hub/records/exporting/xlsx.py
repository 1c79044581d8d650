"""XLSX, sent while it is made: the first byte leaves at once and memory stays flat, however many rows there are.

A workbook is a ZIP of XML parts; libraries pack it when its last row is in. The parts below are the least that
spreadsheets ask for: https://learn.microsoft.com/office/open-xml/spreadsheet/structure-of-a-spreadsheetml-document
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.records.exporting.cells import LONGEST, Value, as_xlsx, coded, too_long

ROOM = 1_048_576  # rows of an Excel sheet, the headings among them
BYTES = 2_000_000_000  # of a part; more would need a form of ZIP that Excel refuses when it is streamed
WIDTH = 18  # characters
NUMBER, TIME, BOLD = 1, 2, 3  # places in the styles
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel counts days from here, in nobody's zone

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
    f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/worksheet" Target="worksheets/sheet2.xml"/>'
    f'<Relationship Id="rId3" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="#,##0.00##"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
BOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name={{}} sheetId="1" r:id="rId1"/>'
    '<sheet name={} sheetId="2" r:id="rId2"/></sheets></workbook>'
)
FROZEN = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
SHEET = (
    f'{XML}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">{{}}</sheetView></sheetViews>'
    f'<sheetFormatPr defaultColWidth="{{}}" defaultRowHeight="15"/><sheetData>'
)
END = "</sheetData></worksheet>"


class Outlet:
    """What the ZIP writes into; taken away piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """The pieces are taken anyway."""

    def taken(self) -> bytes:
        pieces, self.pieces = self.pieces, []
        return b"".join(pieces)


class Rows:
    """Rows as XML while there is room; counts what has none."""

    def __init__(self, room: int, size: int) -> None:
        self.room, self.size = room, size
        self.written, self.bytes, self.left_out, self.emptied = 0, 0, 0, 0

    def xml(self, rows: Iterable[Sequence[Value]]) -> bytes:
        text = "".join(self.row(row) for row in rows).encode()
        self.bytes += len(text)
        return text

    def row(self, row: Sequence[Value]) -> str:
        if self.written >= self.room or self.bytes > self.size:
            self.left_out += 1
            return ""
        self.written += 1
        self.emptied += sum(map(too_long, row))
        return f"<row>{''.join([cell(as_xlsx(value)) for value in row])}</row>"

    def told(self) -> list[str]:
        """What is not in the file."""
        said = []
        if self.left_out:
            more = ngettext(
                "%(n)s further row is not in this file: a sheet has room for %(room)s. The CSV has all of them.",
                "%(n)s further rows are not in this file: a sheet has room for %(room)s. The CSV has all of them.",
                self.left_out,
            )
            said.append(more % {"n": f"{self.left_out:,}", "room": f"{self.written:,}"})
        if self.emptied:
            longer = _("Cells with more than %(n)s characters, Excel's most, are left empty. The CSV has them.")
            said.append(longer % {"n": f"{LONGEST:,}"})
        return said


def cell(value: Value) -> str:
    """Text stays text, whatever it begins with: only a formula's own element is calculated."""
    match value:
        case None | "":
            return "<c/>"
        case str():
            return text_cell(value)
        case datetime():
            return f'<c s="{TIME}"><v>{(value - EPOCH).total_seconds() / 86_400!r}</v></c>'
        case Decimal():
            return f'<c s="{NUMBER}"><v>{value:f}</v></c>'
    return f"<c><v>{value}</v></c>"


def text_cell(text: str, style: int = 0) -> str:
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(coded(text))}</t></is></c>'


def xlsx_bytes(
    title: str,
    headings: Sequence[str],
    chunks: Iterable[list[list[Value]]],
    about: Sequence[str],
    *,
    room: int = ROOM,
    size: int = BYTES,
) -> Iterator[bytes]:
    """A workbook with a sheet of records under `headings`, and one with the sentences of `about`."""
    outlet, rows = Outlet(), Rows(room - 1, size)
    with ZipFile(outlet, "w", ZIP_DEFLATED) as book:  # type: ignore[call-overload]
        for name, text in PARTS.items():
            book.writestr(name, XML + text)
        book.writestr("xl/workbook.xml", XML + BOOK.format(quoteattr(title[:31]), quoteattr(_("About"))))
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            head = "".join(text_cell(heading, BOLD) for heading in headings)
            sheet.write(f"{SHEET.format(FROZEN, WIDTH)}<row>{head}</row>".encode())
            yield outlet.taken()
            for chunk in chunks:
                sheet.write(rows.xml(chunk))
                yield outlet.taken()
            sheet.write(END.encode())
        lines = "".join(f"<row>{text_cell(line)}</row>" for line in (*about, *rows.told()))
        book.writestr("xl/worksheets/sheet2.xml", f"{SHEET.format('', 90)}{lines}{END}")
    yield outlet.taken()
