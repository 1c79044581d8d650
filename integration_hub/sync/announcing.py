"""What programs outside may want to hear: rooms say what happened, and whoever joined hears it in the same transaction.

The engine knows nobody who listens. How a record looks to programs is told by the room that shows it to them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from integration_hub.contract.api import Json


class Kind(StrEnum):
    """What can happen."""

    RECORD_CREATED = "record.created"
    RECORD_UPDATED = "record.updated"
    RECORD_DELETED = "record.deleted"
    RUN_FAILED = "sync.run.failed"
    CONFLICT_CREATED = "conflict.created"
    NEEDS_RECONNECT = "connection.needs_reconnect"


@dataclass(frozen=True)
class News:
    """Something that happened: to these records of one type, or what `data` tells. One event for each id, one where
    there are none."""

    kind: Kind
    record_type: str = ""
    ids: Sequence[UUID] = ()
    data: Mapping[str, Json] = field(default_factory=dict)


class Wants(Protocol):
    """Whether anybody wants to hear of this; cheap to ask."""

    def __call__(self, kind: Kind, record_type: str = "") -> bool: ...


Tell = Callable[[Wants], Iterable[News]]
Listener = Callable[[UUID, Tell], None]
Shown = Mapping[UUID, Mapping[str, Json]]
Show = Callable[[str, UUID, Sequence[UUID]], Shown]

_listeners: list[Listener] = []
_show: list[Show] = []


def join(listener: Listener) -> None:
    """`listener(company, tell)` is called inside the transaction of what happened; it calls `tell` only where somebody
    listens at all."""
    if listener not in _listeners:
        _listeners.append(listener)


def show_with(show: Show) -> None:
    """`show(record type, company, ids)` → the records' fields by id as programs see them, deleted ones too."""
    _show[:] = [show]


def announce(company_id: UUID, tell: Tell) -> None:
    """Say that something happened to this company, inside the transaction that makes it so. `tell` is not asked where
    nobody listens."""
    for listener in _listeners:
        listener(company_id, tell)


def shown(record_type: str, company_id: UUID, ids: Sequence[UUID]) -> Shown:
    """The records as programs see them now; nothing for a type they do not see."""
    return _show[0](record_type, company_id, ids) if _show else {}
