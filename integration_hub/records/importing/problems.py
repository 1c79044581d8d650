"""What is wrong with a file: where, what, and what to do about it."""

from dataclasses import dataclass, field

SHOWN = 50


class Unreadable(ValueError):
    """The file as a whole cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Problem:
    """`line` counts lines of the file from 1 (the headings); `column` is the heading as the file writes it."""

    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", column “{self.column}”" if self.column else "")
        return f"{where}: {self.sentence}"


@dataclass
class Problems:
    """The first fifty problems, and how many there are."""

    first: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, column: str, sentence: str) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(Problem(line, column, sentence))

    def __bool__(self) -> bool:
        return self.count > 0
