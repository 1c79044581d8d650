"""A mapping as somebody wants it, before it is checked and stored."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integration_hub.contract import Direction, Resource, WriteMode
from integration_hub.sync.merge import Policy
from integration_hub.sync.models import Mapping, Schedule
from integration_hub.sync.models.mapping import DeletePolicy, RemoteDelete


class InvalidMapping(ValueError):
    """What is wrong, by field of the form: `record_type`, `place`, `fields`, `fields.<our field>`, or the name of a
    field of `Draft`."""

    def __init__(self, errors: Map[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True)
class Pair:
    """One of our fields and the remote field it is joined with. `direction`: as far as its mapping's goes; a remote
    field that is computed can only be pulled."""

    ours: str
    remote_id: str
    write_mode: str = WriteMode.ALWAYS.value
    direction: str = Direction.BOTH.value


@dataclass(frozen=True)
class Draft:
    """A mapping as somebody wants it. `minutes`: how often everything is looked at; None: only when it is started.
    The rest is called as `Mapping` calls it."""

    record_type: str
    resource: Resource
    pairs: Sequence[Pair]
    sink: str = "records"
    filter: Sequence[Any] = ()
    create_choices: bool = False
    is_live: bool = True
    minutes: int | None = 60
    on_delete: str = DeletePolicy.DELETE.value
    direction: str = Direction.PUSH.value
    policy: str = Policy.ASK.value
    first: str = Policy.ASK.value
    on_remote_delete: str = RemoteDelete.IGNORE.value
    match_on: Sequence[str] = ()
    makes_here: bool = True
    makes_there: bool = True

    @property
    def reads(self) -> bool:
        """Rows of the table come here."""
        return self.direction != Direction.PUSH

    @property
    def writes(self) -> bool:
        return self.direction != Direction.PULL


def draft_of(mapping: Mapping, resource: Resource) -> Draft:
    """A stored mapping as a draft, to be changed and saved again."""
    schedule = Schedule.everywhere.filter(mapping=mapping).first()
    return Draft(
        record_type=mapping.record_type,
        resource=resource,
        pairs=tuple(Pair(row.ours, row.remote_id, row.write_mode, row.direction) for row in mapping.fields.all()),
        sink=mapping.sink,
        filter=tuple(mapping.filter),
        create_choices=mapping.create_choices,
        is_live=mapping.is_live,
        minutes=schedule.minutes if schedule and schedule.is_active else None,
        on_delete=mapping.on_delete,
        direction=mapping.direction,
        policy=mapping.policy,
        first=mapping.first,
        on_remote_delete=mapping.on_remote_delete,
        match_on=tuple(mapping.match_on),
        makes_here=mapping.makes_here,
        makes_there=mapping.makes_there,
    )


# What is switched off leaves everything as it is.
SWITCHES = ("is_live", "makes_here", "makes_there")


def moves(before: Draft, after: Draft) -> bool:
    """Whether records or rows that were in step may not be any more, so that all are to be looked at. The rest only
    says what is done from now on."""
    on = any(getattr(after, name) and not getattr(before, name) for name in SWITCHES)
    return on or _shape(before) != _shape(after)


def _shape(draft: Draft) -> tuple[object, ...]:
    keys, conditions = tuple(draft.match_on), list(draft.filter)
    return draft.direction, set(draft.pairs), conditions, keys, draft.create_choices
