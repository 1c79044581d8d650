"""What is to be done with one work row. Pure: no database, no network, no clock of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from traceback import format_exc

from integration_hub.contract import Rejected, Row, Sink, Target
from integration_hub.contract.api import Json
from integration_hub.contract.records import Values
from integration_hub.sync.canonical import canonical_fields
from integration_hub.sync.models import RecordLink, WorkRow


class Step(Enum):
    """What a work row asks for."""

    NOTHING = "nothing"  # both sides agree already
    WRITE = "write"  # create or update the remote row
    FIND = "find"  # gone here, but a create may have landed: find it, so that it can be deleted
    DELETE = "delete"  # gone here, delete it there
    WAIT = "wait"  # a create is in the air; look again when it must have landed or failed
    REFUSE = "refuse"  # a value cannot be converted: a person must look


@dataclass(frozen=True)
class Plan:
    """One work row with all that its delivery and its settling need."""

    work: WorkRow
    link: RecordLink | None
    step: Step
    title: str = ""
    ours: dict[str, Json] = field(default_factory=dict)
    cells: dict[str, Json] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    sentence: str = ""
    trace: str = ""
    until: datetime | None = None

    @property
    def remote_id(self) -> str | None:
        return self.link.remote_id if self.link and self.link.deleted_at is None else None

    @property
    def row(self) -> Row:
        return Row(str(self.work.record_id), self.remote_id, self.cells)


@dataclass(frozen=True)
class Planner:
    """Plans rows of one target. `unsure` is how long a begun call may still land."""

    target: Target
    sink: Sink  # type: ignore[type-arg]
    delete: bool
    unsure: timedelta
    now: datetime

    def plan(self, work: WorkRow, link: RecordLink | None, values: Values | None, title: str) -> Plan:
        linked = link is not None and link.deleted_at is None
        if work.tried_at and not linked and self.now < work.tried_at + self.unsure:
            return Plan(work, link, Step.WAIT, title, until=work.tried_at + self.unsure)
        if values is None:
            return self.absent(work, link, linked)
        ours = canonical_fields(values, (mapped.ours.name for mapped in self.target.fields))
        changed = tuple(ours) if not linked or link is None else changes(ours, link.base_ours)
        if not changed and not work.tried_at:
            return Plan(work, link, Step.NOTHING, title, ours)
        # A call that was begun and never settled may have written something else: write everything again.
        names = tuple(ours) if work.tried_at or not linked else changed
        return self.write(Plan(work, link, Step.WRITE, title, ours, changed=changed), values, names)

    def absent(self, work: WorkRow, link: RecordLink | None, linked: bool) -> Plan:
        if linked:
            step = Step.DELETE if self.delete else Step.NOTHING
            return Plan(work, link, step)
        return Plan(work, link, Step.FIND if work.tried_at and self.delete else Step.NOTHING)

    def write(self, plan: Plan, values: Values, names: tuple[str, ...]) -> Plan:
        cells: dict[str, Json] = {}
        try:
            for mapped in self.target.fields:
                if mapped.ours.name in names:
                    cells[mapped.remote_id] = self.sink.convert(values.get(mapped.ours.name), mapped)
        except Rejected as error:
            return refused(plan, error.sentence)
        except Exception:  # noqa: BLE001 - our bug: the record is set aside with the traceback
            return refused(plan, "This record could not be prepared because of a fault in the hub.", format_exc())
        plan.cells.update(cells)
        return plan


def refused(plan: Plan, sentence: str, trace: str = "") -> Plan:
    return Plan(plan.work, plan.link, Step.REFUSE, plan.title, plan.ours, sentence=sentence, trace=trace)


def changes(ours: Mapping[str, Json], base: Mapping[str, Json]) -> tuple[str, ...]:
    """Our fields that are not what they were at the last agreement; a field without a base counts as changed."""
    return tuple(name for name, value in ours.items() if name not in base or base[name] != value)
