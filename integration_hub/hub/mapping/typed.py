"""What stands in the form of the mapping page: read from a post, from a stored mapping, or suggested. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from django.http import QueryDict

from integration_hub.contract import RemoteField, WriteMode
from integration_hub.hub.mapping.desk import Desk
from integration_hub.sync import filters
from integration_hub.sync.mappings import Draft, Pair
from integration_hub.sync.models.mapping import DeletePolicy

OFFERED = ("15", "30", "60", "1440")  # minutes
OTHER, NEVER = "other", "never"
MOST = 2_000_000_000  # minutes; larger ones the database does not hold
IN_BRACKETS = re.compile(r"\(([^()]+)\)$")


class Named(Protocol):
    """A remote field, table or base."""

    @property
    def id(self) -> str: ...

    @property
    def label(self) -> str: ...


@dataclass(frozen=True)
class Typed:
    """The form as it stands. `every`: one of OFFERED, `other` (then `minutes` says how many) or `never`."""

    pairs: tuple[Pair, ...] = ()
    conditions: tuple[dict[str, Any], ...] = ()
    create_choices: bool = False
    is_live: bool = True
    every: str = "60"
    minutes: str = ""
    on_delete: str = DeletePolicy.DELETE.value
    record: UUID | None = None
    q: str = ""
    version: int = 0
    make: tuple[str, ...] = ()


def posted(post: QueryDict, fields: Sequence[RemoteField]) -> Typed:
    """What somebody sent. Text that names no field stays as it is, so that it can be said and shown again."""
    version = _word(post, "version")
    return Typed(
        pairs=tuple(_pairs(post, fields)),
        conditions=tuple(_conditions(post)),
        create_choices=bool(post.get("create_choices")),
        is_live=bool(post.get("is_live")),
        every=_word(post, "every") or OTHER,
        minutes=_word(post, "minutes"),
        on_delete=_word(post, "on_delete") if _word(post, "on_delete") in DeletePolicy else DeletePolicy.DELETE.value,
        record=uuid_or_none(_word(post, "record")),
        q=_word(post, "q")[:100],
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        make=tuple(map(_clean, post.getlist("make"))),
    )


def stored(draft: Draft, version: int) -> Typed:
    """A stored mapping as it stands in its form."""
    minutes = NEVER if draft.minutes is None else str(draft.minutes)
    offered = minutes in OFFERED or minutes == NEVER
    return Typed(
        pairs=tuple(draft.pairs),
        conditions=tuple(dict(line) for line in draft.filter),
        create_choices=draft.create_choices,
        is_live=draft.is_live,
        every=minutes if offered else OTHER,
        minutes="" if offered else minutes,
        on_delete=draft.on_delete,
        version=version,
    )


def suggested(typed: Typed, desk: Desk, only: Iterable[str] | None = None) -> Typed:
    """With a pair for each of our fields that has none and for which the provider knows a fitting one. `only` these of
    our fields, where named."""
    if desk.resource is None:
        return typed
    mapped, taken = {pair.ours for pair in typed.pairs}, {pair.remote_id for pair in typed.pairs} | {desk.merge_id}
    found = desk.sink.suggest(desk.record_type, desk.resource)
    more = [
        Pair(ours, remote_id)
        for ours, remote_id in found.items()
        if ours not in mapped and remote_id not in taken and (only is None or ours in only)
    ]
    return replace(typed, pairs=(*typed.pairs, *more))


def draft(typed: Typed, desk: Desk) -> Draft:
    """What is to be saved or previewed; the service judges it. The table must be known."""
    assert desk.resource is not None
    return Draft(
        record_type=desk.record_type.key,
        resource=desk.resource,
        pairs=typed.pairs,
        sink=desk.sink.key,
        filter=[line for line in typed.conditions if line["field"]],
        create_choices=typed.create_choices,
        is_live=typed.is_live,
        minutes=minutes(typed),
        on_delete=typed.on_delete,
    )


def minutes(typed: Typed) -> int | None:
    """None: only when it is started by hand; 0 where no such number was typed: the service says what is valid."""
    if typed.every == NEVER:
        return None
    text = typed.every if typed.every in OFFERED else typed.minutes
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 11 and int(text) <= MOST else 0


def chosen(text: str, fields: Sequence[Named]) -> str:
    """The id of what somebody picked or typed: its id, "name (id)", or its name; else the text itself."""
    known = {one.id for one in fields}
    if text in known:
        return text
    if (found := IN_BRACKETS.search(text)) and found[1] in known:
        return found[1]
    named = [one.id for one in fields if one.label.strip().casefold() == text.casefold()]
    return named[0] if len(named) == 1 else text


def uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _pairs(post: QueryDict, fields: Sequence[RemoteField]) -> Iterable[Pair]:
    for name in post:
        if not name.startswith("remote."):
            continue
        ours = _clean(name.removeprefix("remote."))
        modes = [*post.getlist(f"mode.{ours}"), *[""] * len(post.getlist(name))]
        for text, mode in zip(map(_clean, post.getlist(name)), modes, strict=False):
            if text:
                yield Pair(ours, chosen(text, fields), _clean(mode) or WriteMode.ALWAYS.value)


def _conditions(post: QueryDict) -> Iterable[dict[str, Any]]:
    lines = zip(*(post.getlist(f"filter.{part}") for part in ("field", "op", "value")), strict=False)
    for field, op, value in lines:
        line = {"field": _clean(field), "op": _clean(op), "value": _clean(value)}
        yield line if filters.needs_value(line["op"]) else {**line, "value": ""}


def _word(post: QueryDict, name: str) -> str:
    return _clean(post.get(name, ""))


def _clean(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\x00", "").strip()
