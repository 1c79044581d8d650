"""Which names hold secrets, and how they are hidden. Plain Python: logs use it before Django is set up."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"

# Names of fields, headers and query parameters whose value nobody may read. Headers are written with dashes.
SECRET_NAME = re.compile(
    r"secret|token|passw(or)?d|passphrase|authorization|cookie|credential|signature"
    r"|(api|private|signing|encryption|access|auth|webhook|license|master)[-_ ]?key",
    re.IGNORECASE,
)
# Names that look alike and are harmless.
HARMLESS_NAME = re.compile(r"token_type|(next_?)?page_?token|token_prefix|token_name", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    return bool(SECRET_NAME.search(name)) and not HARMLESS_NAME.fullmatch(name)


def hide(data: Any) -> Any:
    """A copy of `data` in which every value under a secret's name is hidden, at any depth."""
    if isinstance(data, Mapping):
        return {name: hide_one(name, value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [hide(part) for part in data]
    return data


def hide_one(name: object, value: Any) -> Any:
    if isinstance(name, str) and is_secret_name(name) and value not in (None, "", True, False):
        return HIDDEN
    return hide(value)
