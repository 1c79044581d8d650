"""Edits that our own writing covered: made over there after we read a row, and before our call arrived.

Airtable writes whatever comes, so such an edit is gone from the table and no reading would ever see it. The payload of
our own call tells what the cell held before. Where that is neither what we believed it held nor what we wrote, somebody
had just typed it: the row is put among those that need a person, with both values. Nothing is changed by itself.

What we believed stands in the run's lines, once the call is settled; that is under the lane of the mapping, and so are
the two questions here asked: when the payload is read (most are explained then) and when the row was read again.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import timedelta

from django.utils.translation import gettext as _

from integration_hub.contract import registry
from integration_hub.contract.api import Json
from integration_hub.http import clock
from integration_hub.sync.merge import Policy, cell
from integration_hub.sync.models import FieldMapping, RecordLink, SyncWrite
from integration_hub.sync.models import Mapping as SyncMapping
from integration_hub.sync.models.pull import Stray
from integration_hub.sync.models.run import Went
from integration_hub.sync.noting import COVERED
from providers.airtable.hooks.payloads import Change

LATELY = timedelta(minutes=15)  # how long ago a call may have been settled whose payload comes only now

Step = tuple[str, str, str]  # remote field, the cell before and after; spelled, to be compared


def unexplained(mapping: SyncMapping, ours: Iterable[Change], mapped: set[str]) -> dict[str, list[list[Json]]]:
    """Steps of our own writing (field, before, after), by remote id, of which no settled call is known to have begun
    where they began."""
    steps: dict[str, list[list[Json]]] = {}
    for change in ours:
        for key in change.now.keys() & change.before.keys() & mapped:
            if change.now[key] != change.before[key]:
                steps.setdefault(change.record, []).append([key, change.before[key], change.now[key]])
    known = _written(mapping, steps)
    left = {
        record: [one for one in taken if _step(one) not in known.get(record, ())] for record, taken in steps.items()
    }
    return {record: taken for record, taken in left.items() if taken}


def tell(mapping: SyncMapping, waiting: Mapping[str, Sequence[Sequence[Json]]]) -> None:
    """Of these steps, which were noted a while ago: those that our calls took in another belief. They are told, unless
    the hub is always right."""
    if not waiting or mapping.policy == Policy.HUB_WINS:
        return
    known = _written(mapping, waiting)
    for record, steps in waiting.items():
        taken = known.get(record, set())
        covered = [one for one in steps if _covered(one, taken)]
        if covered:
            _note(mapping, record, covered)


def _covered(step: Sequence[Json], taken: Set[Step]) -> bool:
    """We wrote what it led to, and not from what it began with."""
    field, before, after = _step(step)
    return (field, before, after) not in taken and any(one[0] == field and one[2] == after for one in taken)


def _written(mapping: SyncMapping, remote_ids: Iterable[str]) -> dict[str, set[Step]]:
    """The steps our settled calls took lately, as they believed, by remote id."""
    ids = dict(
        RecordLink.everywhere.filter(target=mapping.pk, remote_id__in=list(remote_ids)).values_list(
            "record_id", "remote_id"
        )
    )
    lines = SyncWrite.everywhere.filter(record_id__in=list(ids), at__gte=clock.now() - LATELY, way=Went.OUT)
    found: dict[str, set[Step]] = {}
    for record, image in lines.filter(image__isnull=False).values_list("record_id", "image"):
        for _ours, _now, field, before, after in (image or {}).values():
            found.setdefault(ids[record], set()).add(_step((field, cell(before), cell(after))))
    return found


def _step(step: Sequence[Json]) -> Step:
    field, before, after = step
    return str(field), repr(before), repr(after)


# --- the telling ------------------------------------------------------------------------------------------------------


def _note(mapping: SyncMapping, remote_id: str, steps: Sequence[Sequence[Json]]) -> None:
    labels = dict(FieldMapping.objects.filter(mapping=mapping).values_list("remote_id", "remote_label"))
    text = _("%(field)s: “%(theirs)s” was typed there just before the hub wrote “%(ours)s”, which stands there now.")
    told = [
        text % {"field": labels.get(str(field), field), "theirs": _shown(before), "ours": _shown(after)}
        for field, before, after in steps
    ]
    Stray.everywhere.update_or_create(
        target=mapping.pk,
        remote_id=remote_id,
        defaults={
            "company_id": mapping.company_id,
            "title": _title(mapping, remote_id)[:300],
            "remedy": COVERED,
            "sentence": " ".join(told),
            "at": clock.now(),
        },
    )


def _shown(value: Json) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _title(mapping: SyncMapping, remote_id: str) -> str:
    linked = RecordLink.everywhere.filter(target=mapping.pk, remote_id=remote_id).values_list("record_id", flat=True)
    kind = registry.record_type(mapping.record_type)
    loaded = kind.load(mapping.company_id, list(linked))
    return next((kind.title(values) for values in loaded.values()), remote_id)
