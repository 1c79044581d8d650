"""A ticket on paper: A5, text of any length made to fit, the same bytes for the same facts."""

from dataclasses import dataclass
from io import BytesIO

from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A5
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from integration_hub.records.paper import text
from integration_hub.records.paper.ticket import Facts, Words, words

WIDTH, HEIGHT = A5
MARGIN = 14 * mm
CODE = 52 * mm  # side of the square code
INK, QUIET, WARNING, LINE = (HexColor(colour) for colour in (0x1C2430, 0x667085, 0xB42318, 0xD0D5DD))
LEADING = 1.28  # distance of two lines, in font sizes
SCALES = (1.0, 0.85, 0.7, 0.55, 0.4)  # tried in this order until everything fits


@dataclass(frozen=True)
class Paragraph:
    """Lines of one size and colour, with the space above them in points."""

    lines: list[text.Line]
    size: float
    colour: Color = INK
    above: float = 0

    @property
    def height(self) -> float:
        return self.above + len(self.lines) * self.size * LEADING


def drawn(shown: Facts) -> bytes:
    """The ticket as a PDF."""
    text.fonts()
    said, paper = words(shown), BytesIO()
    canvas = Canvas(paper, pagesize=A5, invariant=1, lang=shown.language or None)
    canvas.setTitle(said.title)
    canvas.setAuthor("")
    top = HEIGHT - MARGIN
    _write(canvas, _fitted(said, top - MARGIN - CODE - 10 * mm), top, said.from_right)
    _draw_code(canvas, shown.address, said.from_right)
    _write_hint(canvas, said)
    canvas.showPage()
    canvas.save()
    return paper.getvalue()


def _fitted(said: Words, height: float) -> list[Paragraph]:
    """The paragraphs in the largest scale in which they fit into `height`."""
    for scale in SCALES:
        paragraphs = _paragraphs(said, scale)
        if sum(one.height for one in paragraphs) <= height:
            break
    return paragraphs


def _paragraphs(said: Words, scale: float) -> list[Paragraph]:
    def paragraph(words: str, size: float, colour: Color = INK, above: float = 0) -> Paragraph:
        return Paragraph(text.lines(words, size * scale, WIDTH - 2 * MARGIN), size * scale, colour, above * scale)

    made = [paragraph(said.stamp, 16, WARNING)] if said.stamp else []
    made.append(paragraph(said.title, 24))
    for label, value in said.lines:
        made += [paragraph(label, 9, QUIET, above=9), paragraph(value, 13)]
    return made


def _write(canvas: Canvas, paragraphs: list[Paragraph], top: float, from_right: bool) -> None:
    y = top
    for paragraph in paragraphs:
        y -= paragraph.above
        for line in paragraph.lines:
            y -= paragraph.size * LEADING
            x = WIDTH - MARGIN - line.width if from_right else MARGIN
            _draw(canvas, line, x, y + paragraph.size * (LEADING - 1), paragraph)


def _draw(canvas: Canvas, line: text.Line, x: float, y: float, paragraph: Paragraph) -> None:
    pen = canvas.beginText(x, y)
    pen.setFillColor(paragraph.colour)
    for font, piece in line.pieces:
        pen.setFont(font, paragraph.size)
        pen.textOut(piece)
    canvas.drawText(pen)


def _draw_code(canvas: Canvas, address: str, from_right: bool) -> None:
    """The square code with its quiet zone, as squares and not as a picture: sharp at any size."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(address)
    rows = code.get_matrix()
    side = CODE / len(rows)
    left = WIDTH - MARGIN - CODE if from_right else MARGIN
    canvas.setFillColor(HexColor(0x000000))
    squares = canvas.beginPath()
    for row, cells in enumerate(rows):
        for column, dark in enumerate(cells):
            if dark:
                squares.rect(left + column * side, MARGIN + CODE - (row + 1) * side, side, side)
    canvas.drawPath(squares, stroke=0, fill=1)
    canvas.setStrokeColor(LINE)
    canvas.roundRect(left, MARGIN, CODE, CODE, 2 * mm, stroke=1, fill=0)


def _write_hint(canvas: Canvas, said: Words) -> None:
    """Beside the code: what it is for, and an honest word where a sign could not be printed."""
    gap = 6 * mm
    width = WIDTH - 2 * MARGIN - CODE - gap
    everything = (said.title, said.stamp, *(part for line in said.lines for part in line))
    told = [said.hint] if all(map(text.printable, everything)) else [said.hint, said.incomplete]
    y = MARGIN + CODE
    for sentence in told:
        paragraph = Paragraph(text.lines(sentence, 10, width), 10, QUIET)
        for line in paragraph.lines:
            y -= paragraph.size * LEADING
            x = WIDTH - MARGIN - CODE - gap - line.width if said.from_right else MARGIN + CODE + gap
            _draw(canvas, line, x, y + paragraph.size * (LEADING - 1), paragraph)
        y -= 8
