"""In which encoding a text file is written: from its first bytes, else from all of it, else a question."""

import codecs
import re
from collections import Counter
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration_hub.records.importing.problems import Answer, Asks, Question, Unreadable, cut

BLOCK = 1 << 20
SAMPLE = 200_000  # bytes of lines with letters beyond ASCII that are looked at
# Setting → Python's name for it.
CODECS = {
    "utf-8": "utf-8-sig",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "windows-1255": "cp1255",
    "windows-1252": "cp1252",
    "windows-1250": "cp1250",
}
WIDE = ("utf-16", "utf-16-le", "utf-16-be")
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
HEBREW = re.compile(rb"[\xe0-\xfa]{2,}")
# The letters beyond ASCII of the languages that are written in an encoding, small.
LETTERS = {
    "windows-1252": ("àâæçéèêëîïôùûüÿœ", "áéíñóúüªº", "áâãàçéêíóôõú", "àèéìíîòóùú", "äöüß", "åäöé", "æøåé", "áéëèïöü"),
    "windows-1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșşțţ", "čćđšž", "äöüß"),
}
MARGIN = 0.1  # by which one reading must be better than the other
SIGNS = frozenset("€‚„…–—‘’“”«»°§©®™·•\u00a0")
NAMES = {
    "windows-1252": gettext_lazy("Western European"),
    "windows-1250": gettext_lazy("Central European"),
    "windows-1255": gettext_lazy("Hebrew"),
}


def detected(path: Path, chosen: str = "") -> str:
    """The encoding of the file, a key of CODECS. Asks where two readings are as good; Unreadable where none is."""
    if chosen:
        _verify(path, chosen)
        return chosen
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, name in MARKS:
        if head.startswith(mark):
            _verify(path, name)
            return name
    wide = _without_mark(head)
    if wide:
        _verify(path, wide)
        return wide
    place = broken_at(path, "utf-8")
    return "utf-8" if place is None else _of_one_byte(path, place)


def broken_at(path: Path, name: str) -> int | None:
    """The line that is not of this encoding; None when all are."""
    decoder, line = codecs.getincrementaldecoder(CODECS[name])(), 1
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
            line += block.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def _verify(path: Path, name: str) -> None:
    if name not in CODECS:
        said = _("“%(name)s” is no encoding we read. There are: %(names)s.")
        raise Unreadable(said % {"name": name, "names": ", ".join(CODECS)})
    place = broken_at(path, name)
    if place is not None:
        said = _("Line %(line)s is not %(name)s text. Choose another encoding, or save the file as “CSV UTF-8”.")
        raise Unreadable(said % {"line": place, "name": name})


def _without_mark(head: bytes) -> str:
    """UTF-16 that does not say so: every other byte of plain letters is zero."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if odd > half * 0.4 and even < half * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.4 and odd < half * 0.1 else ""


def _of_one_byte(path: Path, place: int) -> str:
    """Which of the Windows encodings; `place` is the first line that is not UTF-8."""
    lines = _foreign_lines(path)
    if sum(map(_is_utf8, lines)) * 2 > len(lines):
        said = _("Line %(line)s is not UTF-8 text, though the others are. Mend it, or save the file as “CSV UTF-8”.")
        raise Unreadable(said % {"line": place})
    text = b"\n".join(lines)
    letters = sum(map(len, HEBREW.findall(text)))
    if letters * 2 > sum(byte >= 0x80 for byte in text):
        return "windows-1255"
    scores = {name: _score(text, name) for name in ("windows-1252", "windows-1250")}
    best = max(scores, key=lambda name: scores[name])
    if _same(text) or max(scores.values()) - min(scores.values()) > MARGIN:
        return best
    raise Asks(_question(lines))


def _foreign_lines(path: Path) -> list[bytes]:
    """The first lines that are more than ASCII."""
    lines, size = [], 0
    with path.open("rb") as file:
        while size < SAMPLE and (line := file.readline(BLOCK)):
            if not line.isascii():
                lines.append(line.strip())
                size += len(line)
    return lines


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _score(text: bytes, name: str) -> float:
    """The share of the letters beyond ASCII that the best fitting language has; -1 where some bytes are none."""
    try:
        letters = Counter(sign for sign in text.decode(CODECS[name]).lower() if ord(sign) >= 0x80)
    except UnicodeDecodeError:
        return -1.0
    total = max(1, letters.total())
    return max(sum(letters[sign] for sign in SIGNS.union(known)) / total for known in LETTERS[name])


def _same(text: bytes) -> bool:
    """Whether it reads the same in both."""
    try:
        return text.decode("cp1252") == text.decode("cp1250")
    except UnicodeDecodeError:
        return False


def _question(lines: list[bytes]) -> Question:
    line = next((line for line in lines if not _same(line)), lines[0])
    shown = {name: cut(line.decode(CODECS[name], "replace")) for name in NAMES}
    answers = [Answer(name, f"{NAMES[name]} ({name}): {text}") for name, text in shown.items()]
    return Question("encoding", _("Which of these is written correctly?"), answers)
