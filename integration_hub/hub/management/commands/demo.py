"""manage.py demo: a company to look at, with an admin, a staff member and an API token."""

import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from integration_hub.records.demo import filling


class Command(BaseCommand):
    help = "Fill the demo companies. A second run changes nothing and keeps what people did since."

    def add_arguments(self, parser: CommandParser) -> None:
        for who in ("admin", "staff"):
            parser.add_argument(
                f"--{who}-password",
                default=os.environ.get(f"DEMO_{who.upper()}_PASSWORD", ""),
                help=f"the password of “{who}”; made up at the first run where none is given",
            )
        parser.add_argument("--size", choices=filling.SIZES, default="full", help="how much there is in it")
        parser.add_argument("--json", action="store_true", help="print the logins and the token as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        logins = filling.fill(
            filling.SIZES[options["size"]],
            admin_password=options["admin_password"],
            staff_password=options["staff_password"],
        )
        if options["json"]:
            self.stdout.write(json.dumps(logins.as_json(), ensure_ascii=False))
            return
        kept = _("as before")
        self.stdout.write(f"{logins.company.name} ({logins.company.slug})")
        self.stdout.write(f"admin: {logins.admin_password or kept}")
        self.stdout.write(f"staff: {logins.staff_password or kept}")
        self.stdout.write(f"{_('API token')}: {logins.token or kept}")
