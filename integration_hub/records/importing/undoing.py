"""Undoing an import, last record first, in chunks: what each came to is noted beside what it was."""

import time
from collections.abc import Sequence

from integration_hub.records.importing.saving import Size
from integration_hub.records.importing.work import Held
from integration_hub.records.models import ImportedRecord
from integration_hub.records.models.imports import ImportState
from integration_hub.records.services.taking_back import Step, take_back

Outcome = ImportedRecord.Outcome


def run(held: Held, ends: float) -> None:
    """Take back what is not taken back yet, until that time; the import is undone afterwards."""
    size = Size()
    while batch := list(_waiting(held)[: size.now]):
        _undo_chunk(held, batch, size)
        if time.monotonic() > ends:
            return
    held.settle(ImportState.UNDONE)


def _waiting(held: Held):  # type: ignore[no-untyped-def]
    return ImportedRecord.everywhere.filter(of_import=held.row, outcome=Outcome.NOT_YET).order_by("-id")


def _undo_chunk(held: Held, batch: Sequence[ImportedRecord], size: Size) -> None:
    """One transaction: the records, what became of them, and how far we are."""
    steps = [Step(image.noun, image.record_id, image.before, image.after) for image in batch]
    with size.transaction():
        take_back(held.company, steps)
        for image, step in zip(batch, steps, strict=True):
            image.outcome = Outcome.LEFT if step.left else Outcome.UNDONE
            image.title, image.sentence = (step.title, step.left) if step.left else ("", "")
        left = [image for image in batch if image.outcome == Outcome.LEFT]
        ImportedRecord.everywhere.bulk_update(left, ["outcome", "title", "sentence"])
        gone = [image.pk for image in batch if image.outcome == Outcome.UNDONE]
        ImportedRecord.everywhere.filter(pk__in=gone).update(outcome=Outcome.UNDONE)
        held.write(undone=held.row.undone + len(gone), left=held.row.left + len(left))
