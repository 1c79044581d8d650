"""How far a full run is, how fast it goes, and when it will be over, in words."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.hub.day import moved_lately
from integration_hub.sync.models import SyncRun
from integration_hub.sync.models.run import RunKind, RunState

SPAN = 60.0  # seconds over which a speed is taken: long enough to be steady, short enough to be true


@dataclass(frozen=True)
class Progress:
    """`done` rows of `whole`, in `percent`; `per_second` rows now (over the whole run once it is over); `left` says
    how long it will take, empty when nobody can say."""

    run: SyncRun
    done: int
    whole: int
    percent: int
    seconds: float
    per_second: float
    left: str


def progress(run: SyncRun, moved: int, now: datetime, *, beside: int = 1) -> Progress:
    """`moved`: records of this connection in the last minute; `beside`: full runs that share them."""
    seconds = max(((run.finished_at or now) - run.started_at).total_seconds(), 0.001)
    whole = max(run.total, run.done)
    percent = 100 if whole == 0 else run.done * 100 // whole
    speed = run.done / seconds
    if run.finished_at is not None:
        return Progress(run, run.done, whole, percent, seconds, speed, "")
    if moved:
        speed = moved / min(SPAN, max(seconds, 1.0)) / beside
    return Progress(run, run.done, whole, percent, seconds, speed, time_left(whole - run.done, speed))


def time_left(rows: int, per_second: float) -> str:
    """Rounded up, for nobody minds when it is over sooner."""
    if rows <= 0 or per_second <= 0:
        return ""
    seconds = rows / per_second
    if seconds < 10:
        return _("a few seconds left")
    if seconds < 60:
        return _("about %(n)d s left") % {"n": ceil(seconds / 10) * 10}
    minutes = ceil(seconds / 60)
    if minutes < 60:
        return _("about %(n)d min left") % {"n": minutes}
    if minutes < 60 * 24:
        return _("about %(h)d h %(m)d min left") % {"h": minutes // 60, "m": minutes % 60}
    return _("more than a day left")


def following(company: Company, provider: str) -> list[Progress]:
    """The full runs of a provider that are going now; two queries."""
    going = SyncRun.everywhere.filter(
        company=company, mapping__connection__provider=provider, kind=RunKind.FULL, state=RunState.RUNNING
    )
    runs = list(going.select_related("mapping").order_by("started_at"))
    moved = moved_lately(company.pk, provider) if runs else 0
    now = timezone.now()
    return [progress(run, moved, now, beside=len(runs)) for run in runs]
