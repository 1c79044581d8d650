"""What is wrong with a file: where, what, and what to do about it; and what nobody but a person can tell of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 1000
CUT = 80  # characters of a value that are shown


class Unreadable(ValueError):
    """The file as a whole cannot be used; the sentence says why."""


class Asks(Exception):
    """Nobody but a person can tell."""

    def __init__(self, question: "Question") -> None:
        self.question = question
        super().__init__(question.sentence)


@dataclass(frozen=True)
class Answer:
    """One possible answer: the value of the setting, and what it means for this file."""

    value: Any
    label: str


@dataclass(frozen=True)
class Question:
    """`name` is the setting that is asked for, or "columns" (the mapping must say more; there are no answers)."""

    name: str
    sentence: str
    answers: Sequence[Answer] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Problem:
    """`line` counts lines of the file from 1 (the headings); `column` is the heading as the file writes it; `value` is
    what the cell says, cut."""

    line: int
    column: str
    sentence: str
    value: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", column “{self.column}”" if self.column else "")
        return f"{where}: {self.sentence}"


@dataclass
class Problems:
    """The first thousand problems, and how many there are."""

    first: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, column: str, sentence: str, value: str = "") -> None:
        self.count += 1
        if len(self.first) < KEPT:
            self.first.append(Problem(line, column, sentence, cut(value)))

    def __bool__(self) -> bool:
        return self.count > 0


def cut(text: str) -> str:
    """The text as a sentence can bear it, and a database: a cell may hold a million characters, or a NUL."""
    plain = text.replace("\x00", "�")
    return plain if len(plain) <= CUT else f"{plain[: CUT - 1]}…"
