"""How far behind a target is: what cards, the API and problems say of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Q

from integration_hub.sync.models import WorkRow
from integration_hub.sync.models.work import Hold


@dataclass(frozen=True)
class Waiting:
    """Records of one mapping that are not over there yet, and those that were given up."""

    due: int = 0
    dead: int = 0


def waiting_by_target(targets: Iterable[UUID]) -> dict[UUID, Waiting]:
    """Two counts over partial indexes: they cost as much as there is waiting, not as much as there is."""
    rows = WorkRow.everywhere.filter(target__in=list(targets)).order_by()
    due = _counted(rows.filter(~Q(rev=F("done_rev")), hold=Hold.NO).values_list("target").annotate(n=Count("pk")))
    dead = _counted(rows.filter(hold=Hold.DEAD).exclude(hold="").values_list("target").annotate(n=Count("pk")))
    return {target: Waiting(due.get(target, 0), dead.get(target, 0)) for target in due.keys() | dead.keys()}


def _counted(rows: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    return dict(rows)
