"""A routing table: method, pattern, function. The first row that fits answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar


@dataclass(frozen=True)
class Route:
    """`pattern` is made of literal segments and `{names}`, each standing for exactly one segment."""

    method: str
    pattern: str
    endpoint: Callable[..., Any]

    @cached_property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.pattern.split("/"))

    def match(self, method: str, segments: Sequence[str]) -> dict[str, str] | None:
        """The named segments, or None when this row does not fit."""
        if method != self.method or len(segments) != len(self.parts):
            return None
        named: dict[str, str] = {}
        for part, segment in zip(self.parts, segments, strict=True):
            if part.startswith("{"):
                named[part[1:-1]] = segment
            elif part != segment:
                return None
        return named if all(named.values()) else None


R = TypeVar("R", bound=Route)


def find(routes: Iterable[R], method: str, segments: Sequence[str]) -> tuple[R, dict[str, str]] | None:
    for route in routes:
        if (named := route.match(method, segments)) is not None:
            return route, named
    return None
