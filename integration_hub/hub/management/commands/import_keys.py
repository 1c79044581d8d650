"""Take provider keys from a .env file and from the environment into the encrypted connections, once."""

import os
import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

import environ
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub.companies import scope
from integration_hub.companies.models import Company
from integration_hub.connections.inputs import InvalidInput, settings_of
from integration_hub.connections.models import Connection
from integration_hub.contract import Provider, ProviderError, registry
from integration_hub.sync import mirroring, setup

ACTOR = "import_keys"
ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=(.*)")


class Command(BaseCommand):
    help = (
        "Reads provider keys from FILE (default: .env beside manage.py) and from the environment, checks each at its "
        "provider and saves it encrypted. A provider that is connected already keeps the key entered in the browser."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", help="a .env file; what it says wins over the environment")
        parser.add_argument(
            "--company", metavar="SLUG", help="short name of the company; needed when there are several"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        values = _values(options["file"])
        named = [provider for provider in registry.providers() if _secrets(provider, values)]
        if not named:
            self.stdout.write("No provider keys found: nothing to import.")
            return
        company = _company(options["company"])
        refused = sum(not self._import(company, provider, values) for provider in named)
        if refused:
            raise CommandError(
                f"{refused} of {len(named)} keys were not imported. Mend what is said above, run it again."
            )

    def _import(self, company: Company, provider: Provider, values: Mapping[str, str]) -> bool:
        """One sentence on the console; False when the key was refused."""
        if Connection.everywhere.filter(company=company, provider=provider.key, api_key__isnull=False).exists():
            self.stdout.write(f"{provider.name}: already connected, the key entered in the browser is kept.")
            return True
        try:
            with scope.entered(company.pk):
                made = setup.connect(
                    company, provider.key, _secrets(provider, values), _settings(provider, values), actor=ACTOR
                )
        except InvalidInput as error:
            self.stderr.write(f"{provider.name}: not imported. {error}")
            return False
        except ProviderError as error:
            self.stderr.write(f"{provider.name}: not imported. {error.sentence}")
            return False
        self.stdout.write(f"{provider.name}: connected as {made.account_label}.")
        self._mirror(made, provider, values)
        return True

    def _mirror(self, connection: Connection, provider: Provider, values: Mapping[str, str]) -> None:
        """Where a place for records is named as well, they are mirrored from there. The key stays when that fails."""
        named = _settings(provider, values)
        if provider.mirror is None or not all(named.get(name) for name in provider.mirror.settings):
            return
        try:
            with scope.entered(connection.company_id):
                mapping = mirroring.begin(connection, actor=ACTOR)
        except ProviderError as error:
            self.stderr.write(f"{provider.name}: nothing is mirrored yet. {error.sentence}")
        else:
            self.stdout.write(f"{provider.name}: mirrors “{mapping}”.")


def _values(file: str | None) -> dict[str, str]:
    """The environment and the file; a file that was named wins, the default one gives way."""
    path = Path(file) if file else settings.BASE_DIR / ".env"
    if file and not path.is_file():
        raise CommandError(f"There is no file {file}.")
    read = _read(path) if path.is_file() else {}
    return {**os.environ, **read} if file else {**read, **os.environ}


def _read(path: Path) -> dict[str, str]:
    """The assignments of a .env file, `export` and spaces around = allowed; the environment stays as it is."""

    class FileOnly(environ.Env):
        ENVIRON: ClassVar[dict[str, str]] = {}

    lines = (ASSIGNMENT.match(line) for line in path.read_text(encoding="utf-8-sig").splitlines())
    FileOnly.read_env(StringIO("\n".join(f"{found[1]}={found[2].strip()}" for found in lines if found)))
    return FileOnly.ENVIRON


def _first(names: tuple[str, ...], values: Mapping[str, str]) -> str:
    return next((text for name in names if (text := values.get(name, "").strip())), "")


def _secrets(provider: Provider, values: Mapping[str, str]) -> dict[str, str]:
    found = {secret.name: _first(secret.env, values) for secret in provider.secrets}
    return {name: value for name, value in found.items() if value}


def _settings(provider: Provider, values: Mapping[str, str]) -> dict[str, str]:
    found = {setting.name: _first(setting.env, values) for setting in settings_of(provider)}
    return {name: value for name, value in found.items() if value}


def _company(slug: str | None) -> Company:
    companies = list(Company.objects.filter(slug=slug) if slug else Company.objects.all()[:2])
    if len(companies) == 1:
        return companies[0]
    if slug:
        raise CommandError(f"There is no company with the short name {slug}.")
    if companies:
        raise CommandError("There are several companies: say which one with --company SLUG.")
    raise CommandError("There is no company yet: add one first.")
