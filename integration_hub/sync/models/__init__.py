"""The engine's rows. Every message is a row before it is an action."""

from integration_hub.sync.models.lane import Heartbeat, Lane, Schedule
from integration_hub.sync.models.link import OwedLink, RecordLink
from integration_hub.sync.models.mapping import FieldMapping, Mapping
from integration_hub.sync.models.preview import PlanRow
from integration_hub.sync.models.proof import Difference, Proof
from integration_hub.sync.models.pull import Conflict, Reading, Stray
from integration_hub.sync.models.run import SyncRun, SyncWrite
from integration_hub.sync.models.stream import StreamState
from integration_hub.sync.models.work import ActionRow, WorkRow

__all__ = [
    "ActionRow",
    "Conflict",
    "Difference",
    "FieldMapping",
    "Heartbeat",
    "Lane",
    "Mapping",
    "OwedLink",
    "PlanRow",
    "Proof",
    "Reading",
    "RecordLink",
    "Schedule",
    "Stray",
    "StreamState",
    "SyncRun",
    "SyncWrite",
    "WorkRow",
]
