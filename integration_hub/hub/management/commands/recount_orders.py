"""Count all orders again and compare with the sums by day and by customer; every night does the same."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub.companies.models import Company
from integration_hub.records.services import daybooks, recounting


class Command(BaseCommand):
    help = (
        "Finishes and checks the sums that lists and summaries of orders are answered from, while the hub runs. "
        "Safe to stop and start again. Tells every difference and mends it; --verify tells only, and exits with 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", default="", help="short name of one company (default: all)")
        parser.add_argument("--verify", action="store_true", help="write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        companies = Company.objects.order_by("slug")
        if options["company"]:
            companies = companies.filter(slug=options["company"])
            if not companies:
                raise CommandError(f"There is no company {options['company']}.")
        wrong = sum(self.recount(company, mend=not options["verify"]) for company in companies)
        if wrong and options["verify"]:
            raise CommandError(f"Differences: {wrong}. Run this without --verify to mend them.")

    def recount(self, company: Company, *, mend: bool) -> int:
        if mend:
            daybooks.tend_one(company.pk)
        wrong = 0
        for difference in recounting.recount(company.pk, mend=mend):
            wrong += 1
            self.stdout.write(f"{company.slug}: {difference}")
        ready = "" if recounting.is_complete(company.pk) else ", not made yet"
        self.stdout.write(f"{company.slug}: {wrong} differences{' mended' if wrong and mend else ''}{ready}")
        return wrong
