"""The list of runs as a file."""

from collections.abc import Iterator
from functools import partial
from typing import cast
from zoneinfo import ZoneInfo

from django.http import HttpResponse

from integration_hub.companies.middleware import FIELD
from integration_hub.companies.models import Company
from integration_hub.hub.access import PageRequest, page
from integration_hub.hub.views.runs import listed
from integration_hub.records.exporting.cells import Value, local
from integration_hub.records.exporting.reading import Picked, let_go
from integration_hub.records.exporting.sending import note, sent
from integration_hub.records.exporting.writing import csv_bytes
from integration_hub.sync.models import SyncRun

COUNTS = {
    "Created": "created",
    "Updated": "updated",
    "Deleted": "deleted",
    "Unchanged": "unchanged",
    "Given up": "failed",
}
HEADINGS = ("Run", "Provider", "Kind", "State", "Started at", "Finished at", "By", *COUNTS)


@page
def runs(request: PageRequest) -> HttpResponse:
    """The runs the list shows, all pages of it, as CSV."""
    picked = Picked(listed(request))
    asked = request.GET.copy()
    asked.pop(FIELD, None)
    note(request.company, request.user.get_username(), "runs", "csv", picked, asked.urlencode())
    return cast(HttpResponse, sent(request.company, "runs", "csv", picked, partial(_pieces, request.company, picked)))


def _pieces(company: Company, picked: Picked) -> Iterator[bytes]:
    return csv_bytes(HEADINGS, _chunks(company, picked))


def _chunks(company: Company, picked: Picked) -> Iterator[list[list[Value]]]:
    zone = ZoneInfo(company.timezone)
    for ids in picked.chunks():
        rows = SyncRun.everywhere.filter(company=company).select_related("mapping__connection").in_bulk(ids)
        let_go()
        yield [_cells(rows[pk], zone) for pk in ids if pk in rows]


def _cells(run: SyncRun, zone: ZoneInfo) -> list[Value]:
    finished = local(run.finished_at, zone) if run.finished_at else None
    about = [run.mapping.label, run.mapping.connection.provider, run.kind, run.state]
    counts = [getattr(run, name) for name in COUNTS.values()]
    return [*about, local(run.started_at, zone), finished, run.actor, *counts]
