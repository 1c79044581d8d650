"""Copies go 30 days after the last record let go of them; half ones, which a kill left, after a day."""

import time
from datetime import timedelta

from integration_hub.http import clock
from integration_hub.records.attachments import files
from integration_hub.records.models import Attachment
from integration_hub.records.services import attachments
from integration_hub.sync.pacing import paced

KEPT = timedelta(days=30)
HALF_LIVES = 86_400.0  # seconds
CHUNK = 200


def prune() -> int:
    """How many attachments went with their copies."""
    old = Attachment.everywhere.filter(deleted_at__lt=clock.now() - KEPT)
    gone = 0
    while some := list(old.order_by("pk").values_list("pk", "path")[:CHUNK]):
        for _pk, stored in some:
            files.remove(stored)
        with paced():
            attachments.forget([pk for pk, _stored in some])
        gone += len(some)
    _sweep_up()
    return gone


def _sweep_up() -> None:
    """Half copies, and whole ones of which no row knows: the file had another content by the time it was here."""
    for home in files.folder().glob("*"):
        for path in home.glob("*"):
            old = time.time() - path.stat().st_mtime > HALF_LIVES
            stored = f"{home.name}/{path.name}"
            if old and (path.name.startswith(files.HALF) or not Attachment.everywhere.filter(path=stored).exists()):
                path.unlink(missing_ok=True)
