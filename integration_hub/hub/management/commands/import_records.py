"""manage.py import_records customers|orders FILE --company SLUG: records from a CSV file of another system.

The whole file is checked before anything is saved. The same file twice changes nothing; a run that was stopped is
completed by running it again.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.companies.models import Company
from integration_hub.records.importing import saving
from integration_hub.records.importing.columns import FIELDS
from integration_hub.records.importing.finding import Ambiguous
from integration_hub.records.importing.problems import SHOWN, Unreadable
from integration_hub.records.services import Invalid

FIELD_LIST = "; ".join(f"{kind}: {', '.join(fields)}" for kind, fields in FIELDS.items())


class Command(BaseCommand):
    help = (
        "Import records from a CSV file (UTF-8; commas, semicolons or tabs). Empty cells and NULL say nothing and "
        "change nothing. Rows of one order are its lines. A customer is found by reference, else e-mail, else name, "
        "else made. Without a status column an order with a shipping date is Sent, unless it went further here. A "
        "phone number that cannot be read is kept beside the phone, as it was written. A day without a time is "
        "midnight in the "
        f"company's zone. Our fields: {FIELD_LIST}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(FIELDS), help="what the rows are")
        parser.add_argument("file", type=Path)
        parser.add_argument("--company", required=True, metavar="SLUG", help="the short name of the company")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar='"Their column=our field"',
            help="where a column's name does not say it; nothing after = leaves the column out",
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything, save nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        company, dry_run = found_company(options["company"]), options["dry_run"]
        try:
            report = saving.run(company, options["kind"], options["file"], maps=maps(options["map"]), dry_run=dry_run)
        except Unreadable as error:
            raise CommandError(str(error)) from error
        except (Invalid, Ambiguous) as error:
            said = _("Somebody changed the records meanwhile (%(why)s). What was saved stays; run it again.")
            raise CommandError(said % {"why": error}) from error
        if report.problems:
            self.complain(report)
        self.tell(report, dry_run)

    def complain(self, report: saving.Report) -> None:
        for problem in report.problems.first:
            self.stderr.write(str(problem))
        count = report.problems.count
        if count > SHOWN:
            self.stderr.write(_("… and %(count)s more.") % {"count": count - SHOWN})
        said = ngettext("%(count)s problem; nothing was saved.", "%(count)s problems; nothing was saved.", count)
        raise CommandError(said % {"count": count})

    def tell(self, report: saving.Report, dry_run: bool) -> None:
        self.stdout.write(saving.sentence(report, dry_run=dry_run))
        lines = {
            _("Rows read"): report.rows,
            _("Customers created"): report.counts["customers created"],
            _("Sum of the orders"): report.totals_text(),
            _("Phone numbers kept as they were written"): report.unread_phones,
            _("Columns that are not ours"): ", ".join(report.ignored),
        }
        for name, value in lines.items():
            if value:
                self.stdout.write(f"{name}: {value}")


def found_company(slug: str) -> Company:
    company = Company.objects.filter(slug=slug).first()
    if company is None:
        known = ", ".join(Company.objects.values_list("slug", flat=True)) or _("none")
        raise CommandError(_("There is no company “%(slug)s”. Companies: %(known)s.") % {"slug": slug, "known": known})
    return company


def maps(options: list[str]) -> dict[str, str]:
    """["Their column=our field"] as a table; the last = divides, since a heading may hold one."""
    pairs = [option.rpartition("=") for option in options]
    for option, (column, sign, _field) in zip(options, pairs, strict=True):
        if not sign or not column.strip():
            raise CommandError(_("--map wants “Their column=our field”, not “%(option)s”.") % {"option": option})
    return {column.strip(): field.strip() for column, _sign, field in pairs}
