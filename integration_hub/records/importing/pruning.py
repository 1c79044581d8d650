"""Imports older than 30 days go, with their files and with what an undo would need."""

from integration_hub.http import clock
from integration_hub.records.importing import files
from integration_hub.records.importing.services import KEPT
from integration_hub.records.models import Import, ImportedRecord
from integration_hub.records.models.imports import WORKING
from integration_hub.sync.pacing import paced

CHUNK = 500


def prune() -> int:
    """How many imports went, and files nobody knows of any more."""
    old = Import.everywhere.filter(created_at__lt=clock.now() - KEPT).exclude(state__in=WORKING)
    gone = 0
    for row in old.order_by("created_at")[:CHUNK]:
        _forget(row)
        gone += 1
    return gone


def _forget(row: Import) -> None:
    images = ImportedRecord.everywhere.filter(of_import=row)
    while ids := list(images.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        with paced():
            images.filter(pk__in=ids).delete()
    files.remove(row.stored)
    with paced():
        row.delete()
