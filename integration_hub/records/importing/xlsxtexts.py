"""The texts of a workbook: its table of shared ones, and the code for signs that XML has no way to write.

`_x000D_` stands for the sign with that number, and `_x005F_` for an underscore that would begin such a code:
https://learn.microsoft.com/dotnet/api/documentformat.openxml.varianttypes.vtlpwstr (ST_Xstring of ECMA-376, 22.9.2.19)
"""

import re
from typing import IO, Any
from xml.parsers import expat

CODED = re.compile("_x([0-9A-Fa-f]{4})_")
BLOCK = 1 << 18


def decoded(text: str) -> str:
    """The text that is meant."""
    if "_x" not in text:
        return text
    signs = CODED.sub(lambda code: chr(int(code[1], 16)), text)
    # Two codes may be the halves of one sign; half a sign is none.
    return signs.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Table:
    """Collects the texts while the XML comes in; how a text is pronounced is no part of it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.pieces: list[str] = []
        self.listening = self.pronounced = False
        parser = self.parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = self.text
        parser.StartDoctypeDeclHandler = no_doctype

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        self.pronounced |= name == "rPh"
        self.listening = name == "t" and not self.pronounced

    def text(self, text: str) -> None:
        if self.listening:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        self.listening = False
        if name == "rPh":
            self.pronounced = False
        elif name == "si":
            self.found.append(decoded("".join(self.pieces)))
            self.pieces.clear()


def no_doctype(*args: Any) -> None:
    raise ValueError("a document type has no place in a workbook")


def table(part: IO[bytes]) -> list[str]:
    """The shared texts, in order; ExpatError or ValueError when they cannot be read."""
    found = _Table()
    while block := part.read(BLOCK):
        found.parser.Parse(block, False)
    found.parser.Parse(b"", True)
    return found.found
