"""Where copies lie: VAR_DIR/files/<company>/<attachment>-<beginning of its hash>, and half ones beside them."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings

HALF = ".half-"


def folder() -> Path:
    return Path(settings.VAR_DIR) / "files"


def path_of(stored: str) -> Path:
    return folder() / stored


@contextmanager
def incoming(company: UUID) -> Iterator[tuple[Path, BinaryIO]]:
    """A file of one's own to write into; it is gone afterwards unless it was moved to its place."""
    home = folder() / str(company)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = home / f"{HALF}{uuid.uuid4().hex}"
    try:
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield half, file
    finally:
        half.unlink(missing_ok=True)


def settle(half: Path, company: UUID, attachment: UUID, sha256: str) -> str:
    """Put the whole file to its place; as it is stored. Whoever looks finds all of it or nothing."""
    stored = f"{company}/{attachment.hex}-{sha256[:16]}"
    half.replace(path_of(stored))
    return stored


def remove(stored: str) -> None:
    if stored:
        path_of(stored).unlink(missing_ok=True)
