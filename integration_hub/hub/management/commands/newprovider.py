"""`manage.py newprovider <key>`: the folder of a new provider, whose promises fail until it is finished."""

import keyword
import re
import tempfile
from pathlib import Path
from string import Template
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

KIT = Path(__file__).resolve().parent.parent.parent / "kit"
SUFFIX = "-tpl"
KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 50

NEXT = """
providers/{key}/ is there. Next:

1. Add "{key}" to PROVIDERS in integration_hub/settings.py:
   PROVIDERS = [{providers}]
2. See what is to be written, and where:
   python -m pytest integration_hub/tests/test_promises.py -k {key}
3. integration_hub/contract/README.md leads through it.
"""


class Command(BaseCommand):
    """Writes everything or nothing: the folder appears when it is whole."""

    help = "Makes the folder of a new provider under providers/."
    requires_system_checks: list[str] = []  # noqa: RUF012 - another provider may be unfinished

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="Its folder's name: lower-case letters, digits and underscores.")
        parser.add_argument("--name", default="", help="What people call it. Default: the key, in capitals.")

    def handle(self, *args: Any, **options: Any) -> None:
        key, home = options["key"], Path(settings.BASE_DIR) / "providers"
        if sentence := complaint(key, home):
            raise CommandError(sentence)
        name = options["name"].strip() or key.replace("_", " ").title()
        if not name.isprintable() or set(name) & set("\"'\\$"):
            raise CommandError("A name has no quotes, dollar signs or backslashes.")
        try:
            write(home, key, name)
        except OSError as error:  # somebody else was faster, or the disk said no
            raise CommandError(f"providers/{key} could not be made: {error}") from error
        listed = ", ".join(f'"{each}"' for each in [*settings.PROVIDERS, key])
        self.stdout.write(NEXT.format(key=key, providers=listed))


def complaint(key: str, home: Path) -> str:
    """What is wrong with this key; empty when nothing is."""
    if not KEY.fullmatch(key) or keyword.iskeyword(key):
        return f"{key!r} cannot be a key: lower-case letters and digits, words joined by single underscores."
    if len(key) > LONGEST:
        return f"A key has at most {LONGEST} characters; this one has {len(key)}."
    if (home / key).exists():
        return f"providers/{key} exists already."
    if key in apps.app_configs:
        return f"{key!r} is the name of a part of the hub; choose another."
    return ""


def write(home: Path, key: str, name: str) -> Path:
    """The folder, filled from the kit."""
    words = {"key": key, "KEY": key.upper(), "name": name, "Name": "".join(part.title() for part in key.split("_"))}
    with tempfile.TemporaryDirectory(dir=home, prefix=".new-") as place:
        made = Path(place) / key
        for source in sorted(KIT.rglob(f"*{SUFFIX}")):
            target = made / str(source.relative_to(KIT)).removesuffix(SUFFIX)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
        made.rename(home / key)
    return home / key
