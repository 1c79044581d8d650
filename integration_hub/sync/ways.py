"""Which ways records and their fields can go: only out, only in, or both. Pure."""

from collections.abc import Sequence
from typing import Any

from integration_hub.contract import Direction, Field, RecordType, RemoteField, Sink
from integration_hub.sync.rules import narrowed

PUSH, PULL, BOTH = Direction.PUSH, Direction.PULL, Direction.BOTH


def may_read(record_type: RecordType, sink: Sink[Any]) -> bool:
    """Whether rows of a table can become records of this type."""
    return sink.readable and record_type.save is not None


def of_field(sink: Sink[Any], ours: Field, theirs: RemoteField) -> Direction | None:
    """As far as both fields go together; None where neither way is left."""
    out = theirs.writable and sink.takes(ours, theirs)
    back = narrowed(PULL, PULL, ours.kind, read_only=ours.read_only) is not None and sink.gives(ours, theirs)
    if out and back:
        return BOTH
    return PUSH if out else PULL if back else None


def within(mapping: Direction, own: Direction) -> Direction | None:
    """What is left of a field's own direction in a mapping that goes this way."""
    return narrowed(mapping, own, "", read_only=False)


def own(mapping: Direction, possible: Direction | None) -> dict[Direction, Direction]:
    """The directions a field may be given in such a mapping, by what they come to there: the widest first. BOTH stands
    for "as far as it goes", so that the field follows when the mapping is turned."""
    found: dict[Direction, Direction] = {}
    for one in (BOTH, PUSH, PULL) if possible is BOTH else (possible,) if possible else ():
        goes = within(mapping, one)
        if goes is not None:
            found.setdefault(goes, one)
    return found


def apart(mapping: Direction, own: Direction, possible: Direction | None) -> bool:
    """Whether a pair that makes sense elsewhere has no part in a mapping that goes this way: what is only made here
    where rows are only read, and what is only read where rows are only written."""
    if mapping is PUSH:
        return possible is PULL and own is PULL
    return mapping is PULL and possible is PUSH


def keys(record_type: RecordType, mapped: Sequence[str]) -> list[Field]:
    """Our fields by which rows can be recognised, of those that are mapped."""
    if record_type.find is None:
        return []
    return [one for one in record_type.fields if one.identifies and one.name in mapped]


def best_key(record_type: RecordType, mapped: Sequence[str]) -> tuple[str, ...]:
    """The one of these keys that tells most: an e-mail address, else the first; none where none is mapped. Further
    ones make it stricter, since all must agree."""
    found = keys(record_type, mapped)
    return tuple(one.name for one in sorted(found, key=lambda one: one.kind != "email")[:1])
