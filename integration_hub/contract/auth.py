"""How a company proves itself to a provider, and what else the connect form asks for."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """A value that is stored encrypted and never shown. `pattern` is the whole format, `hint` says it in words.

    `refuse` lists (pattern, sentence): formats known to be wrong, with the reason. `env` are environment variables
    that `import_keys` reads. Not `required`: may be given later (a webhook secret is made for an address, which is
    known only once the connection is there).
    """

    name: str
    label: str
    hint: str = ""
    pattern: str = r".+"
    env: tuple[str, ...] = ()
    refuse: tuple[tuple[str, str], ...] = ()
    required: bool = True

    def complaint(self, value: str) -> str | None:
        """A sentence when `value` cannot be right, else None."""
        for pattern, sentence in self.refuse:
            if re.fullmatch(pattern, value):
                return sentence
        if not re.fullmatch(self.pattern, value):
            return self.hint or f"{self.label} does not have the expected format."
        return None


@dataclass(frozen=True)
class Setting:
    """A value that may be seen. `kind`: text, choice, number or switch; `choices` are (value, label)."""

    name: str
    label: str
    kind: str = "text"
    default: str | int | bool = ""
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    env: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class ApiKey:
    """A key typed by an admin. The first secret lies in `api_key`, one named `webhook_secret` in the column of that
    name, further ones in the connection's secrets."""

    secrets: tuple[Secret, ...]
    settings: tuple[Setting, ...] = field(default=())
