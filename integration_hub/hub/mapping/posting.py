"""Reading what somebody sent of the mapping page's form. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from django.http import QueryDict

from integration_hub.contract import Direction, RemoteField, WriteMode
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.turning import recognising, turned
from integration_hub.hub.mapping.typed import OTHER, Typed, chosen, uuid_or_none
from integration_hub.sync import filters
from integration_hub.sync.drafts import Pair

# Fields whose value is one word.
WORDS = ("direction", "policy", "first", "on_delete", "on_remote_delete")
NO = "no"


def posted(post: QueryDict, desk: Desk) -> Typed:
    """What somebody sent. Text that names no field stays as it is, so that it can be said and shown again."""
    version = _word(post, "version")
    told = {name: word for name in WORDS if (word := _word(post, name))}
    typed = Typed(
        pairs=tuple(_pairs(post, desk.fields)),
        conditions=tuple(_conditions(post)),
        create_choices=bool(post.get("create_choices")),
        is_live=bool(post.get("is_live")),
        every=_word(post, "every") or OTHER,
        minutes=_word(post, "minutes"),
        match_on=tuple(map(_clean, post.getlist("match_on"))),
        makes_here=_word(post, "makes_here") != NO,
        makes_there=_word(post, "makes_there") != NO,
        record=uuid_or_none(_word(post, "record")),
        q=_word(post, "q")[:100],
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        make=tuple(map(_clean, post.getlist("make"))),
        met=_word(post, "met") or Direction.PUSH.value,
        **told,
    )
    return recognising(replace(typed, pairs=tuple(turned(pair, typed, desk) for pair in typed.pairs)), desk)


def _pairs(post: QueryDict, fields: Sequence[RemoteField]) -> Iterable[Pair]:
    for name in post:
        if not name.startswith("remote."):
            continue
        ours = _clean(name.removeprefix("remote."))
        sent = zip_longest(
            post.getlist(name), *(post.getlist(f"{what}.{ours}") for what in ("mode", "way")), fillvalue=""
        )
        for text, mode, way in (map(_clean, one) for one in sent):
            if text:
                way = way if way in tuple(Direction) else Direction.BOTH.value
                yield Pair(ours, chosen(text, fields), mode or WriteMode.ALWAYS.value, way)


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
