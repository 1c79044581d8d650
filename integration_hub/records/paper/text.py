"""Text of any language as a PDF takes it: letters joined, right-to-left runs turned round, each letter in a font that
has it, lines that fit. A sign no font has becomes a "?", and is reported."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from arabic_reshaper import ArabicReshaper
from bidi import get_base_level, get_display
from bidi.mirror import MIRRORED
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# In this order a letter looks for a font that has it.
FONTS = (
    ("Arimo", "fontpkg_arimo", "Arimo[wght].ttf"),
    ("NotoSansArabic", "fontpkg_noto_sans_arabic", "NotoSansArabic[wdth,wght].ttf"),
)
UNKNOWN = "?"
MARK = "\u034f"  # a sign without a shape that always goes with the one before it
_BRACKETS = re.compile(f"([{re.escape(''.join(MIRRORED))}]){MARK}|{MARK}(.)")
_joined = ArabicReshaper({"delete_harakat": True, "support_ligatures": True}).reshape


@cache
def fonts() -> tuple[Any, ...]:
    """The fonts, registered with reportlab once."""
    found = tuple(TTFont(name, str(files(package) / "files" / file)) for name, package, file in FONTS)
    for font in found:
        pdfmetrics.registerFont(font)
    return found


@dataclass(frozen=True)
class Line:
    """One line as it is drawn from left to right: (font name, text) pieces, and its width in points."""

    pieces: tuple[tuple[str, str], ...]
    width: float


def clean(text: str) -> str:
    """One paragraph, composed, without signs that have no shape."""
    spaced = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)
    return " ".join(unicodedata.normalize("NFC", spaced).split())


def printable(text: str) -> bool:
    """Whether every sign can be drawn."""
    return all(_font_of(sign) for sign in _shaped(clean(text), ""))


def lines(text: str, size: float, width: float) -> list[Line]:
    """The paragraph in lines of at most `width` points, broken between words, and within one only where it must be."""
    whole = clean(text)
    base = "R" if whole and get_base_level(whole) else "L"
    return [_line(part, base, size) for part in _broken(whole, base, size, width)]


def _broken(text: str, base: str, size: float, width: float) -> Iterator[str]:
    held = ""
    for word in text.split():
        longer = f"{held} {word}" if held else word
        if _line(longer, base, size).width <= width:
            held = longer
            continue
        if held:
            yield held
        held = word
        while _line(held, base, size).width > width and len(held) > 1:
            cut = _fitting(held, base, size, width)
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def _fitting(word: str, base: str, size: float, width: float) -> int:
    """How many letters of the word fit, at least one."""
    return next((n for n in range(len(word) - 1, 1, -1) if _line(word[:n], base, size).width <= width), 1)


def _line(text: str, base: str, size: float) -> Line:
    drawn = [(_font_of(sign) or FONTS[0][0], sign if _font_of(sign) else UNKNOWN) for sign in _shaped(text, base)]
    pieces = tuple((font, "".join(sign for _font, sign in run)) for font, run in groupby(drawn, key=lambda one: one[0]))
    return Line(pieces, sum(pdfmetrics.stringWidth(piece, font, size) for font, piece in pieces))


def _shaped(text: str, base: str) -> str:
    """Letters joined as Arabic wants it, in the order in which they are drawn. Signs without a shape go last: joiners
    have had their say by then."""
    ordered = _ordered(_joined(text), base)
    return "".join(sign for sign in ordered if unicodedata.category(sign) != "Cf" and sign not in "\ufe0e\ufe0f")


def _ordered(text: str, base: str) -> str:
    """From the order in which it is read to that in which it is drawn. Brackets that are read from right to left are
    turned round, which get_display leaves to us: the mark after each has come to stand before it."""
    marked = "".join(f"{sign}{MARK}" if sign in MIRRORED else sign for sign in text.replace(MARK, ""))
    drawn = str(get_display(marked, base_dir=base or None))
    return _BRACKETS.sub(lambda found: found[1] or MIRRORED[found[2]], drawn)


def _font_of(sign: str) -> str:
    """The first font that has it; "" when none has."""
    return next((font.fontName for font in fonts() if ord(sign) in font.face.charToGlyph), "")
