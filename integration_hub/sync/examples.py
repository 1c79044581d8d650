"""One record as a mapping would write it: every cell, or the sentence why not. Nothing is called, nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from integration_hub.connections.models import Connection
from integration_hub.contract import Direction, FieldRefused, FileRef, MappedField, Ref, Rejected, Sink
from integration_hub.contract.api import Json
from integration_hub.contract.records import Values
from integration_hub.sync import filters, linking, mappings
from integration_hub.sync.drafts import Draft
from integration_hub.sync.links import Links


@dataclass(frozen=True)
class Cell:
    """One field of a record as it would be written: the cell, or the sentence why not."""

    mapped: MappedField
    cell: Json = None
    sentence: str = ""
    note: str = ""


@dataclass(frozen=True)
class Example:
    """One record as it would be written. `outside`: the filter leaves it out."""

    record_id: UUID
    title: str
    cells: Sequence[Cell] = field(default_factory=tuple)
    outside: bool = False


def example(connection: Connection, draft: Draft, record_id: UUID | None = None) -> Example | None:
    """One record (the first where none is named) as this draft would write it now; None when there is none."""
    record_type, sink = mappings.known(connection, draft)
    ids = [record_id] if record_id else list(record_type.scan(connection.company_id, None, 1))
    values = record_type.load(connection.company_id, ids)
    if not values:
        return None
    chosen, mine = next(iter(values.items()))
    mapped = [one for _pair, one in mappings.joined(draft, record_type, sink)]
    links = linking.look_up(linking.parents_of(connection, sink, mapped), mapped, [mine])
    cells = [_cell(sink, one, mine, links) for one in mapped]
    outside = not filters.passes(mine, filters.checked(record_type, list(draft.filter)))
    return Example(chosen, record_type.title(mine), cells, outside)


def _cell(sink: Sink[Any], mapped: MappedField, mine: Values, links: Links) -> Cell:
    value = mine.get(mapped.ours.name)
    if mapped.direction is Direction.PULL:
        return Cell(mapped, note=_("is read from there"))
    if isinstance(value, FileRef):
        return Cell(mapped, note=value.name)
    if isinstance(value, Ref) and sink.links_to(mapped):
        remote_id = links.remote_id(mapped, value)
        if remote_id is None:
            return Cell(mapped, note=_("a link to %(title)s, once that record is over there") % {"title": value.title})
        value = replace(value, remote_id=remote_id)
    try:
        return Cell(mapped, sink.convert(value, mapped), note=_note(value))
    except (Rejected, FieldRefused) as error:
        return Cell(mapped, sentence=error.sentence)


def _note(value: object) -> str:
    return value.title if isinstance(value, Ref) else ""
