"""Formulas, as far as filters need them: text → tree → a function of a record.

https://support.airtable.com/docs/formula-field-reference
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from integration_hub.contract.api import Json
from integration_hub.sandbox.clock import instant
from providers.airtable.simulator import functions
from providers.airtable.simulator.functions import Failed, Value, text_of
from providers.airtable.simulator.model import Field, Table
from providers.airtable.simulator.rows import Record

Tree: TypeAlias = "tuple[Any, ...]"
Compiled: TypeAlias = Callable[[Record], Value]


class BadFormula(ValueError):
    """The text is no formula, or names what does not exist."""


TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*') | \{(?P<field>(?:\\.|[^}\\])+)\} | (?P<number>\d+(?:\.\d+)?|\.\d+)
        | (?P<name>\w+) | (?P<sign>!=|<=|>=|[=<>&+\-*/(),]) | (?P<end>$) )""",
    re.VERBOSE,
)
# Loosest first; each row's operators associate to the left.
BINDING = (("=", "!=", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"))


INVALID = "Invalid formula. Please check your formula text."
ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
LITERALS: dict[str, Callable[[str], Tree]] = {
    "text": lambda text: ("value", re.sub(r"\\(.)", lambda found: ESCAPED.get(found[1], found[1]), text[1:-1])),
    "number": lambda text: ("value", float(text)),
    "field": lambda text: ("field", re.sub(r"\\(.)", r"\1", text)),
}


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text) or not tokens:
        found = TOKEN.match(text, at)
        if found is None or (found.lastgroup == "end" and not tokens):
            raise BadFormula(INVALID)
        if found.lastgroup != "end":
            tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = max(found.end(), at + 1)
    return [*tokens, ("end", "")]


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, text: str) -> None:
        self.tokens, self.at = _tokens(text), 0

    def whole(self) -> Tree:
        tree = self._binary(0)
        self._expect("end", "")
        return tree

    def _next(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1]

    def _expect(self, kind: str, text: str) -> None:
        if self._next() != (kind, text):
            raise BadFormula(INVALID)

    def _binary(self, level: int) -> Tree:
        if level == len(BINDING):
            return self._single()
        left = self._binary(level + 1)
        while self.tokens[self.at][0] == "sign" and self.tokens[self.at][1] in BINDING[level]:
            sign = self._next()[1]
            left = ("sign", sign, left, self._binary(level + 1))
        return left

    def _single(self) -> Tree:
        kind, text = self._next()
        if kind in LITERALS:
            return LITERALS[kind](text)
        if kind == "name":
            called = self.tokens[self.at] == ("sign", "(")
            return ("call", text.upper(), tuple(self._arguments())) if called else ("field", text)
        if (kind, text) == ("sign", "("):
            tree = self._binary(0)
            self._expect("sign", ")")
            return tree
        if (kind, text) == ("sign", "-"):
            return ("sign", "-", ("value", 0.0), self._single())
        raise BadFormula(INVALID)

    def _arguments(self) -> Sequence[Tree]:
        self._expect("sign", "(")
        arguments: list[Tree] = []
        if self.tokens[self.at] == ("sign", ")"):
            self.at += 1
            return arguments
        while True:
            arguments.append(self._binary(0))
            kind, text = self._next()
            if (kind, text) == ("sign", ")"):
                return arguments
            if (kind, text) != ("sign", ","):
                raise BadFormula(INVALID)


@lru_cache(maxsize=256)
def parse(text: str) -> Tree:
    return _Parser(text).whole()


@dataclass(frozen=True)
class _Compiler:
    table: Table
    now: float

    def compile(self, tree: Tree) -> Compiled:
        return getattr(self, f"_{tree[0]}")(*tree[1:])  # type: ignore[no-any-return]

    def _value(self, value: Value) -> Compiled:
        return lambda record: value

    def _field(self, name: str) -> Compiled:
        try:
            field = self.table.field(name)
        except KeyError:
            raise BadFormula(f"Unknown field names: {name.lower()}") from None
        return lambda record: cell_value(record, field, self)

    def _sign(self, sign: str, left: Tree, right: Tree) -> Compiled:
        first, second, apply = self.compile(left), self.compile(right), functions.SIGNS[sign]
        return lambda record: apply(first(record), second(record))

    def _call(self, name: str, arguments: tuple[Tree, ...]) -> Compiled:
        if name == "IF" and len(arguments) in (2, 3):
            return self._if(*arguments)
        if name == "OR" and (quick := self._one_of(arguments)):
            return quick
        compiled = [self.compile(argument) for argument in arguments]
        if name in RECORD_FUNCTIONS:
            about = [self.table.field(tree[1]) for tree in arguments if tree[0] == "field"]
            return lambda record: RECORD_FUNCTIONS[name](record, about, self.now)
        if name not in functions.FUNCTIONS:
            raise BadFormula(f"Unknown function names: {name}")
        function, least, most = functions.FUNCTIONS[name]
        if not least <= len(compiled) <= most:
            raise BadFormula(f"Invalid number of arguments for {name}.")
        return lambda record: function(*(each(record) for each in compiled))

    def _if(self, condition: Tree, then: Tree, otherwise: Tree = ("value", None)) -> Compiled:
        decide, yes, no = (self.compile(tree) for tree in (condition, then, otherwise))
        return lambda record: yes(record) if functions.is_true(decide(record)) else no(record)

    def _one_of(self, arguments: tuple[Tree, ...]) -> Compiled | None:
        """`OR(X='a', X='b', …)` with one X is a look-up, not a walk: pulls name a hundred rows this way."""
        if len(arguments) < 3 or any(each[:2] != ("sign", "=") or each[2] != arguments[0][2] for each in arguments):
            return None
        if not all(each[3][0] == "value" and isinstance(each[3][1], str) and each[3][1] for each in arguments):
            return None
        subject, wanted = self.compile(arguments[0][2]), {each[3][1] for each in arguments}

        def one_of(record: Record) -> Value:
            value = subject(record)
            if isinstance(value, str):
                return value in wanted
            return any(functions.equal(value, each) for each in wanted)

        return one_of


RECORD_FUNCTIONS: dict[str, Callable[[Record, list[Field], float], Value]] = {
    "RECORD_ID": lambda record, about, now: record.id,
    "CREATED_TIME": lambda record, about, now: instant(int(record.created)),
    "LAST_MODIFIED_TIME": lambda record, about, now: _last_modified(record, about),
    "NOW": lambda record, about, now: instant(now),
    "TODAY": lambda record, about, now: instant(now).replace(hour=0, minute=0, second=0, microsecond=0),
}


def _last_modified(record: Record, about: list[Field]) -> Value:
    """Of the whole record, or of the named fields only: blank when none of those ever changed."""
    if not about:
        return instant(record.modified)
    times = [record.touched[field.id] for field in about if field.id in record.touched]
    return instant(max(times)) if times else None


def cell_value(record: Record, field: Field, compiler: _Compiler) -> Value:
    """A cell as formulas see it: instants are times, links and choices are lists of texts."""
    if field.type == "formula":
        return compiled((field.options or {}).get("formula", ""), compiler.table, compiler.now)(record)
    if field.type in ("createdTime", "lastModifiedTime"):
        return instant(int(record.created) if field.type == "createdTime" else record.modified)
    if field.type == "autoNumber":
        return record.number
    value: Any = record.cells.get(field.id)
    if field.type in ("date", "dateTime") and value is not None:
        return functions.time_of(value)
    return value


def compiled(text: str, table: Table, now: float) -> Compiled:
    """A function of a record. BadFormula when the text is none; a failing evaluation gives Failed's value."""
    try:
        function = _Compiler(table, now).compile(parse(text))
    except RecursionError:
        raise BadFormula("The formula is nested too deeply.") from None

    def evaluate(record: Record) -> Value:
        try:
            return function(record)
        except (Failed, RecursionError):
            return functions.ERROR

    return evaluate


def matches(text: str, table: Table, now: float) -> Callable[[Record], bool]:
    """Whether a record passes the filter: 0, "", FALSE, an error and an empty list leave it out."""
    function = compiled(text, table, now)
    return lambda record: functions.is_true(function(record))


def to_json(value: Value) -> Json:
    if value is functions.ERROR:
        return {"error": "#ERROR!"}
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, float):
        if not math.isfinite(value):
            return {"specialValue": "NaN" if math.isnan(value) else "Infinity"}
        return int(value) if value.is_integer() else value
    plain: Json = value
    return plain


__all__ = ["BadFormula", "compiled", "matches", "parse", "text_of", "to_json"]
