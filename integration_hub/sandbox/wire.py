"""Requests and answers as simulators see them: plain values, no sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote


class NotJson(ValueError):
    """The body is not a JSON document."""


@dataclass(frozen=True)
class Request:
    """One request. `path` is still percent-encoded and starts below the provider's prefix, without a slash."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    url_length: int = 0
    arrived: float = field(default_factory=time.monotonic)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, decoded one by one: `Orders%2FSent` stays one segment."""
        return tuple(unquote(segment) for segment in self.path.split("/"))

    @cached_property
    def json(self) -> Any:
        """The body read as JSON, None when empty; NotJson otherwise."""
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except ValueError as error:
            raise NotJson(str(error)) from None

    def param(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return next((value for key, value in reversed(self.query) if key == name), default)

    def params(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    @property
    def foreign(self) -> bool:
        """Whether a page of another site sent it."""
        return self.headers.get("origin", "").split("://")[-1] not in ("", self.headers.get("host", ""))

    @property
    def bearer(self) -> str:
        """The token of an `Authorization: Bearer` header, empty when there is none."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True)
class Response:
    """One answer. `note` is a word the request log counts (`rate_limited`, say); it is never sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    note: str = ""


def json_answer(data: Any, status: int = 200, note: str = "") -> Response:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(status, text.encode(), note=note)


def html_answer(text: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, text.encode(), "text/html; charset=utf-8", headers)
