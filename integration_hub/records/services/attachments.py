"""Attachments: which files a record has, as the cell over there says. Their contents are fetched afterwards."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.contract.records import Files, RemoteFile
from integration_hub.records import guard
from integration_hub.records.attachments import nudge
from integration_hub.records.models import Attachment

LARGEST = 20 * 1024 * 1024  # bytes of a file that is copied
KNOWN_BY = ("position", "name", "media_type", "size", "path", "next_at", "attempts", "sentence", "deleted_at")


def follow(company_id: UUID, record_type: str, record_id: UUID, said: Files) -> None:
    """The record has exactly these files of that cell. In the caller's transaction. A file is known by its id there and
    by its size: one that is known is not fetched again, whatever it is called now; one that is gone is marked
    deleted."""
    if said.target is None:
        return
    with transaction.atomic(), guard.writing():
        mine = Attachment.everywhere.select_for_update().filter(target=said.target, record_id=record_id)
        known = {row.remote_id: row for row in mine}
        wanted = {file.id: (place, file) for place, file in enumerate(said.files)}
        gone = [row.pk for key, row in known.items() if key not in wanted and row.deleted_at is None]
        if gone:
            Attachment.everywhere.filter(pk__in=gone).update(deleted_at=timezone.now(), next_at=None)
        for place, file in wanted.values():
            row = known.get(file.id) or Attachment(
                company_id=company_id,
                record_type=record_type,
                record_id=record_id,
                target=said.target,
                remote_id=file.id,
            )
            row.row, row.field = said.row, said.field
            _tell(row, file, place, is_new=file.id not in known)
        if any(file.id not in known or not known[file.id].path for file in said.files):
            transaction.on_commit(nudge.publish, robust=True)


def _tell(row: Attachment, file: RemoteFile, place: int, *, is_new: bool) -> None:
    before = [getattr(row, name) for name in KNOWN_BY]
    other = is_new or row.size != file.size
    row.position, row.name, row.media_type = place, file.name[:255] or _("file"), file.media_type[:200]
    row.size, row.deleted_at = file.size, None
    if other:
        row.path, row.attempts, row.sentence = "", 0, ""
    if other or not row.path:
        too_large = (file.size or 0) > LARGEST
        row.next_at = None if too_large else row.next_at or timezone.now()
        row.sentence = _too_large() if too_large else row.sentence
    if is_new or [getattr(row, name) for name in KNOWN_BY] != before:
        row.save()


def _too_large() -> str:
    return _("The file is larger than %(most)d MB, which the hub does not copy.") % {"most": LARGEST // (1024 * 1024)}


def of_record(company_id: UUID, record_type: str, record_id: UUID) -> list[Attachment]:
    """The record's files, those that are not here yet as well."""
    mine = Attachment.everywhere.filter(company_id=company_id, record_type=record_type, record_id=record_id)
    return list(mine.filter(deleted_at=None).order_by("field", "position", "id"))


def claim(rows: Sequence[Attachment], until: datetime) -> list[Attachment]:
    """These of them are ours to fetch until then; somebody else was faster with the others."""
    taken = []
    with guard.writing():
        for row in rows:
            mine = Attachment.everywhere.filter(pk=row.pk, next_at=row.next_at, deleted_at=None)
            if mine.update(next_at=until, attempts=row.attempts + 1):
                row.next_at, row.attempts = until, row.attempts + 1
                taken.append(row)
    return taken


def keep(row: Attachment, path: str, size: int, sha256: str) -> bool:
    """The copy is there. False when the cell says something else by now, or somebody else fetches it: not kept."""
    with guard.writing():
        mine = Attachment.everywhere.filter(pk=row.pk, next_at=row.next_at, deleted_at=None)
        told = {"path": path, "sha256": sha256, "next_at": None, "attempts": 0, "sentence": ""}
        return bool(mine.update(**told, **({} if row.size is not None else {"size": size})))


def put_off(row: Attachment, until: datetime | None, sentence: str) -> None:
    """It did not come: try again then, or never."""
    with guard.writing():
        mine = Attachment.everywhere.filter(pk=row.pk, next_at=row.next_at)
        mine.update(next_at=until, sentence=sentence)


def forget(pks: Sequence[UUID]) -> None:
    """Rows whose time is over; their files are gone already."""
    with guard.writing():
        Attachment.everywhere.filter(pk__in=pks)._raw_delete("default")
