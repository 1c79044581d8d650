"""Everything between a fresh checkout and a hub that can be looked at; quick when it was done before."""

import hashlib
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from integration_hub.companies.models import Company
from integration_hub.hub import first_start
from integration_hub.records.demo import filling


class Command(BaseCommand):
    help = (
        "Bring database and static files up to date, make a company with two logins and an API token, and connect it "
        "to the sandbox. `make run` does this at every start; what is there is kept."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--address", default=settings.PUBLIC_URL, help="where the hub will answer")
        parser.add_argument("--sandbox", default="http://127.0.0.1:9000", help="where the sandbox answers")

    def handle(self, *args: Any, **options: Any) -> None:
        demo = os.environ.get("DEMO", "1") != "0"  # DEMO=small: a demo of a few orders
        self.update_database()
        self.collect_files()
        before = first_start.read(settings.VAR_DIR)
        company, said = self.fill_demo() if demo else (self.own_company(), {})
        run = first_start.make_run(
            before | said, company, demo=demo, address=options["address"], sandbox=options["sandbox"]
        )
        if not before:
            self.import_keys(company)
        if demo:
            self.connect(company, run["sandbox"])
        first_start.write(settings.VAR_DIR, run)

    def update_database(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)  # only where the cache is one

    def collect_files(self) -> None:
        """Collect the static files unless they are the ones collected last time."""
        stamp, now = settings.VAR_DIR / "static.stamp", _files_hash()
        if stamp.is_file() and stamp.read_text() == now and settings.STATIC_ROOT.is_dir():
            return
        call_command("collectstatic", verbosity=0, interactive=False, clear=True)
        stamp.write_text(now)

    def fill_demo(self) -> tuple[Company, first_start.Run]:
        """The demo company, and the logins and the token that were made just now: nobody can tell them later."""
        logins = filling.fill(filling.SIZES.get(os.environ.get("DEMO", ""), filling.SIZES["full"]))
        told = logins.as_json()
        made = {role: told[role] for role in ("admin", "staff") if told[role]["password"]}
        return logins.company, made | ({"token": logins.token} if logins.token else {})

    def own_company(self) -> Company:
        return Company.objects.order_by("created_at").first() or Company.objects.create(name="My company", slug="main")

    def import_keys(self, company: Company) -> None:
        try:
            call_command("import_keys", company=company.slug, stdout=self.stdout, stderr=self.stdout)
        except CommandError as error:
            self.stdout.write(f"{error} In `make run` a service is its sandbox unless <KEY>_API_URL names another.")

    def connect(self, company: Company, sandbox: dict[str, Any]) -> None:
        if not any(first_start.unconnected(company, sandbox["credentials"])):
            return
        if not first_start.wait_for(sandbox["address"]):
            raise CommandError(f"The sandbox does not answer at {sandbox['address']}.")
        first_start.connect_all(company, sandbox["credentials"], self.stdout.write)


def _files_hash() -> str:
    """Changes when any static file does."""
    lines = []
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            lines.append(f"{name} {found.st_size} {found.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
