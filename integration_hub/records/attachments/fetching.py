"""Fetching owed files: the rows are asked for anew, since addresses of files die, and each file is copied whole.

The attachments' own rows are the queue. One that is claimed is due again when its lease ends, so that a killed worker
loses nothing; a copy counts only when its row says where it lies.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.companies import scope
from integration_hub.connections import clients
from integration_hub.connections.models import Connection, Status
from integration_hub.contract import ProviderError, RateLimited, Rejected, registry
from integration_hub.http import clock, fetching
from integration_hub.notices import problems
from integration_hub.records.attachments import files, nudge
from integration_hub.records.models import Attachment
from integration_hub.records.services import attachments
from integration_hub.sync import ladder, targets
from integration_hub.sync.targets import Job, mapping_page

log = structlog.get_logger(__name__)

SHIFT = 8.0  # seconds, then the thread is given back
AT_ONCE = 10  # files claimed together: their rows are asked for in one call
LEASE = timedelta(minutes=15)  # as long as that many may take, each with its own time
LATER = timedelta(minutes=10)  # while nothing may be asked at all
TOLD_AFTER = 4  # tries
WAITING = "EXISTS (SELECT 1 FROM attachments WHERE next_at <= {now} AND deleted_at IS NULL)"  # whether any is, as SQL


def serve() -> int:
    """Fetch what is owed until nothing is, or the shift is over. How many files came."""
    ends, came = time.monotonic() + SHIFT, 0
    while time.monotonic() < ends:
        claimed = _claim()
        if not claimed:
            return came
        with scope.entered(claimed[0].company_id):
            came += _fetch(claimed)
    nudge.publish()
    return came


def repair() -> int:
    """For the sweep: a word again where files are owed. How many."""
    owed = int(_due().count())
    if owed:
        nudge.publish()
    return owed


def _due():  # type: ignore[no-untyped-def]
    return Attachment.everywhere.filter(next_at__lte=clock.now(), deleted_at=None).order_by("next_at", "pk")


def _claim() -> list[Attachment]:
    """The next owed files of one cell's column, ours for a while."""
    first = _due().first()
    if first is None:
        return []
    alike = _due().filter(target=first.target, field=first.field)[:AT_ONCE]
    return attachments.claim(list(alike), clock.now() + LEASE)


def _fetch(claimed: Sequence[Attachment]) -> int:
    job = targets.load(claimed[0].target)
    if job is None or not _may_ask(job.connection):
        _put_off(claimed, _("The connection is not working just now."), LATER)
        return 0
    try:
        client = clients.open_client(job.connection)
        found = job.sink.addresses(client, job.whole, claimed[0].field, sorted({row.row for row in claimed}))
    except ProviderError as error:
        wait = timedelta(seconds=error.retry_after) if isinstance(error, RateLimited) else None
        _put_off(claimed, error.sentence, wait)
        return 0
    came = sum(_one(job, row, found) for row in claimed)
    _tell(job)
    return came


def _may_ask(connection: Connection) -> bool:
    return bool(connection.is_active and connection.status == Status.CONNECTED)


def _one(job: Job, row: Attachment, found: Mapping[tuple[str, str], str]) -> bool:
    """One file; what goes wrong is noted in its row."""
    url = found.get((row.row, row.remote_id))
    if url is None:  # the next reading of its row says so, too
        _put_off([row], _("It is no longer there."), LATER)
        return False
    provider = registry.provider(job.connection.provider)
    try:
        with files.incoming(row.company_id) as (half, file):
            size, digest = fetching.fetch(provider, url, file, most=attachments.LARGEST)
            file.flush()
            stored = files.settle(half, row.company_id, row.pk, digest)
    except Rejected as refusal:
        attachments.put_off(row, None, refusal.sentence)
        return False
    except ProviderError as error:
        _put_off([row], error.sentence, None)
        return False
    if not attachments.keep(row, stored, size, digest):
        log.info("a file was fetched that nobody wants any more", attachment=str(row.pk))
        return False
    return True


def _put_off(rows: Sequence[Attachment], sentence: str, wait: timedelta | None) -> None:
    for row in rows:
        attachments.put_off(row, clock.now() + (wait or ladder.wait(row.attempts)), sentence)


def _tell(job: Job) -> None:
    """One problem for all files of a mapping that do not come; it closes itself with the last one."""
    key = f"sync:{job.mapping.pk}:attachments"
    stuck = Attachment.everywhere.filter(
        target=job.mapping.pk, next_at__isnull=False, attempts__gte=TOLD_AFTER, deleted_at=None
    )
    count = stuck.count()
    if not count:
        problems.close(job.mapping.company_id, key)
        return
    sentence = ngettext(
        "%(count)d attached file could not be copied yet. The hub goes on trying.",
        "%(count)d attached files could not be copied yet. The hub goes on trying.",
        count,
    )
    last = stuck.order_by("-attempts").values_list("sentence", flat=True).first()
    problems.raise_(
        job.mapping.company_id,
        key,
        severity="warn",
        sentence=sentence % {"count": count},
        detail=last or "",
        affected=count,
        button=_("Open the mapping"),
        url=mapping_page(job.mapping),
        provider=job.connection.provider,
    )
