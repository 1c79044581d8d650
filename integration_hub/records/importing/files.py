"""The files of imports: private, under names of their own, beside the rows that were read from them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

BLOCK = 1 << 20


class TooLarge(ValueError):
    """More than may be kept."""


def folder() -> Path:
    """VAR_DIR/imports, readable by nobody else. Web and workers must share it."""
    path = Path(settings.VAR_DIR) / "imports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def store(file: Any, most: int) -> tuple[str, int]:
    """Copy an open binary file; its name here and its size in bytes. Nothing is left of one that is TooLarge."""
    name = secrets.token_hex(16)
    size = 0
    try:
        with os.fdopen(os.open(folder() / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            for block in _blocks(file):
                size += len(block)
                if size > most:
                    raise TooLarge(str(size))
                copy.write(block)
    except BaseException:
        remove(name)
        raise
    return name, size


def _blocks(file: Any) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def path(name: str) -> Path:
    return folder() / name


def spool(name: str) -> Path:
    """Where the rows lie that were read from it."""
    return folder() / f"{name}.rows"


def remove(name: str) -> None:
    if name:
        remove_spool(name)
        with suppress(FileNotFoundError):
            path(name).unlink()


def remove_spool(name: str) -> None:
    with suppress(FileNotFoundError):
        spool(name).unlink()
