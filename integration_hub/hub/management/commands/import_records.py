"""manage.py import_records customers|orders|… FILE --company SLUG: records from a file of another system.

The same as in the browser, in the foreground: the whole file is checked before anything is saved, the same file twice
changes nothing, what was stopped or killed goes on, and what was done can be undone.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.companies.models import Company
from integration_hub.records.importing import services, work
from integration_hub.records.importing.columns import FIELDS
from integration_hub.records.importing.csvfile import DELIMITERS
from integration_hub.records.importing.dates import ORDERS
from integration_hub.records.importing.encodings import CODECS
from integration_hub.records.importing.problems import Problem
from integration_hub.records.models import Import
from integration_hub.records.models.imports import ImportState

SHOWN = 50
ACTOR = "import_records"
FIELD_LIST = "; ".join(f"{kind}: {', '.join(fields)}" for kind, fields in FIELDS.items())
SIGNS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
# How an answer to a question is given here.
OPTIONS = {
    "encoding": "--encoding NAME",
    "delimiter": "--delimiter SIGN",
    "date_order": "--date-order dmy|mdy",
    "decimal_comma": "--decimal comma|point",
    "columns": '--map "Their column=our field"',
}


class Command(BaseCommand):
    help = (
        "Import records from a CSV or XLSX file. Empty cells and NULL say nothing and change nothing. Rows of one "
        "order are its lines. A customer is found by reference, else e-mail, else name, else made. Without a status "
        "column an order with a shipping date is Sent, unless it went further here. A phone number that cannot be "
        "read is kept beside the phone, as it was written. A day without a time is midnight in the company's zone. "
        "Encoding, separator, order of dates and decimal sign are found out; what cannot be is asked, and an option "
        "answers it. "
        f"Our fields: {FIELD_LIST}."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(services.KINDS), help="what the rows are")
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
        parser.add_argument("--encoding", choices=sorted(CODECS), help="of a CSV file")
        parser.add_argument("--delimiter", choices=[*DELIMITERS, *SIGNS], help="what separates the cells")
        parser.add_argument("--sheet", metavar="NAME", help="of a workbook; else its first one")
        parser.add_argument("--date-order", choices=ORDERS, help="what 03/04/2025 means")
        parser.add_argument("--decimal", choices=("comma", "point"), help="what stands before decimals")

    def handle(self, *args: Any, **options: Any) -> None:
        company, dry_run = found_company(options["company"]), options["dry_run"]
        try:
            row = self.bring(company, options)
            row = self.watched(row)
            if row.state == ImportState.READY and not dry_run:
                row = self.watched(services.start(row, actor=ACTOR, wake=False))
        except services.Refused as error:
            raise CommandError(str(error)) from error
        self.refuse(row)
        self.tell(row, dry_run)
        if dry_run:
            services.discard(row, actor=ACTOR)

    def bring(self, company: Company, options: dict[str, Any]) -> Import:
        path = options["file"]
        try:
            with path.open("rb") as file:
                said = {"mapping": maps(options["map"]), "chosen": chosen(options)}
                return services.upload(company, ACTOR, options["kind"], file, path.name, wake=False, **said)
        except OSError as error:
            raise CommandError(_("The file cannot be opened: %(why)s.") % {"why": error.strerror}) from None

    def watched(self, row: Import) -> Import:
        """Do what is due; who interrupts it wants it stopped, not finished by a worker."""
        if services.waiting(row):
            self.stderr.write(_("Another import of this company is at work; this one waits for it."))
        try:
            return work.run(row.pk)
        except KeyboardInterrupt:
            with suppress(Exception):
                services.stop(row, actor=ACTOR)
            raise

    def refuse(self, row: Import) -> None:
        """CommandError for what ended otherwise than hoped for."""
        if row.state == ImportState.ASKS:
            for question in row.questions:
                self.ask(question)
            services.discard(row, actor=ACTOR)
            raise CommandError(_("Answer and run it again; nothing was saved."))
        if row.problem_count:
            self.complain(row)
        if row.state not in (ImportState.READY, ImportState.DONE):
            raise CommandError(row.sentence or _("It was stopped."))

    def ask(self, question: dict[str, Any]) -> None:
        self.stderr.write(f"{question['sentence']} ({OPTIONS.get(question['name'], '')})")
        for answer in question["answers"]:
            self.stderr.write(f"  {option(question['name'], answer['value'])}: {answer['label']}")

    def complain(self, row: Import) -> None:
        for problem in row.problems[:SHOWN]:
            self.stderr.write(str(Problem(**problem)))
        count = row.problem_count
        if count > SHOWN:
            self.stderr.write(_("… and %(count)s more.") % {"count": count - SHOWN})
        said = ngettext("%(count)s problem; nothing was saved.", "%(count)s problems; nothing was saved.", count)
        raise CommandError(said % {"count": count})

    def tell(self, row: Import, dry_run: bool) -> None:
        saved = {"created": row.created, "updated": row.updated, "unchanged": row.unchanged}
        counts = row.planned if dry_run else saved
        what = _("%(created)s created, %(updated)s updated, %(unchanged)s unchanged") % counts
        self.stdout.write(f"{row.kind}: {what}" + (_(" (nothing saved: dry run)") if dry_run else ""))
        sums = row.planned["totals"] if dry_run else row.totals
        lines = {
            _("Rows read"): row.rows,
            _("Customers created"): row.planned["customers_created"] if dry_run else row.customers_created,
            _("Sum of the orders"): ", ".join(f"{amount} {currency}" for currency, amount in sums.items()),
            _("Phone numbers kept as they were written"): row.planned["unread_phones"],
            _("Columns that are not ours"): ", ".join(c["heading"] for c in row.columns if not c["field"]),
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


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say of how the file is written."""
    decimal = options["decimal"]
    said = {
        "encoding": options["encoding"],
        "delimiter": SIGNS.get(options["delimiter"], options["delimiter"]),
        "sheet": options["sheet"],
        "date_order": options["date_order"],
        "decimal_comma": None if decimal is None else decimal == "comma",
    }
    return {name: value for name, value in said.items() if value is not None}


def option(name: str, value: Any) -> str:
    """An answer as it is typed."""
    if name == "decimal_comma":
        return f"--decimal {'comma' if value else 'point'}"
    shown = next((word for word, sign in SIGNS.items() if sign == value), value) if name == "delimiter" else value
    return f"{OPTIONS[name].split()[0]} {shown}"
