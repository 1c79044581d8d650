"""The installation's own keys, made once and kept in var/secrets.env (readable by its owner only)."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

FILE = "secrets.env"


def _field_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(64),
    "FIELD_ENCRYPTION_KEY": _field_key,
}


def ensure(var: Path) -> list[str]:
    """Make what is neither in the environment nor in the file yet; the names of what was made."""
    path = var / FILE
    there = names(path)
    missing = [name for name in MAKERS if name not in there and not os.environ.get(name)]
    if missing:
        var.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.writelines(f"{name}={MAKERS[name]()}\n" for name in missing)
    return missing


def names(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    return {line.split("=", 1)[0].strip() for line in path.read_text(encoding="ascii").splitlines() if "=" in line}
