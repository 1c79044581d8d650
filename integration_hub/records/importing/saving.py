"""The import itself: check the whole file, then save it in chunks that leave the database to people in between."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records import money, phones
from integration_hub.records.importing import csvfile, folding
from integration_hub.records.importing.cells import Cells
from integration_hub.records.importing.columns import Columns, matched
from integration_hub.records.importing.finding import Ambiguous, Finder, Wanted
from integration_hub.records.importing.folding import Draft
from integration_hub.records.importing.problems import Problems
from integration_hub.records.importing.spool import spool
from integration_hub.records.models import Order
from integration_hub.records.services import Invalid, bulk
from integration_hub.sync import pacing

CHECKED = 500  # records looked at together before anything is saved
FIRST_CHUNK, LARGEST_CHUNK = 10, 500
UNPACED = 0.5  # seconds a transaction may take where nobody waits for it


@dataclass
class Report:
    """What an import did, or would have done; with problems it did nothing."""

    kind: str
    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    totals: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    ignored: tuple[str, ...] = ()
    unread_phones: int = 0
    problems: Problems = field(default_factory=Problems)

    def add(self, outcome: bulk.Outcome) -> None:
        self.counts.update(outcome.counts)
        for currency, amount in outcome.totals.items():
            self.totals[currency] += amount

    def totals_text(self) -> str:
        sums = sorted(self.totals.items())
        return ", ".join(f"{money.text(amount, currency)} {currency}" for currency, amount in sums)


def run(company: Company, kind: str, path: Path, *, maps: Mapping[str, str], dry_run: bool = False) -> Report:
    """Import `kind` (customers | orders) from a CSV file. problems.Unreadable when the file is none we can use."""
    report = Report(kind)
    with csvfile.opened(path) as table, spool() as rows:
        columns = matched(kind, table.headings, maps)
        report.ignored = columns.ignored
        cells = Cells(company, decimal_comma=table.delimiter == ";")
        report.rows = folding.fill(rows, kind, table, columns, cells, report.problems)
        check(company, kind, columns, folding.drafts(rows, columns, report.problems), report)
        if not report.problems and not dry_run:
            report.counts.clear()
            report.totals.clear()
            save(company, kind, folding.drafts(rows, columns, report.problems), report)
    return report


class Chunk:
    """Some records of the file beside what the database knows of them."""

    def __init__(self, company: Company, kind: str, drafts: Sequence[Draft]) -> None:
        self.company, self.kind, self.drafts = company, kind, drafts
        self.finder = Finder(company, [wanted(kind, draft) for draft in drafts])

    def save(self) -> bulk.Outcome:
        """Save all of them in one transaction. Invalid and Ambiguous when one is wrong."""
        if self.kind == "customers":
            return bulk.save_customers(self.company, [self.customer(draft) for draft in self.drafts])
        return bulk.save_orders(self.company, [self.order(draft) for draft in self.drafts])

    def customer(self, draft: Draft) -> bulk.CustomerEntry:
        values = dict(draft.values)
        country, number = values.pop("country", None), values.pop("phone", None)
        at_home = self.company.country if country is None else phones.country_code(country)
        read = phones.e164(number, at_home) if number else None
        if read:
            values["phone"] = read
        customer = self.finder.found_or_new(wanted("customers", draft))
        return bulk.CustomerEntry(customer, values, phone_raw="" if read else (number or "")[:60])

    def order(self, draft: Draft) -> bulk.OrderEntry:
        data: dict[str, object] = {
            name: value for name, value in draft.values.items() if not name.startswith("customer_")
        }
        shipped = data.pop("shipped_at", None) is not None
        if draft.items:
            data["items"] = [item(line) for line in draft.items]
        about = wanted("orders", draft)
        customer = self.finder.found_or_new(about) if about else None
        return bulk.OrderEntry(data, customer, shipped=shipped)


def wanted(kind: str, draft: Draft) -> Wanted:
    prefix = "customer_" if kind == "orders" else ""
    return Wanted(*(draft.values.get(prefix + name, "") for name in ("reference", "email", "name")))


def item(line: Mapping[str, str]) -> dict[str, str]:
    """A line of an order; where only the product's number is known, that is its description."""
    data = {name: value for name, value in line.items() if name != "product"}
    if "product" in line:
        data.setdefault("description", f"#{line['product']}")
    return data


def check(company: Company, kind: str, columns: Columns, drafts: Iterator[Draft], report: Report) -> None:
    """Try every record without saving: counts what would happen and collects what is wrong."""
    fresh: set[Wanted] = set()
    while batch := list(islice(drafts, CHECKED)):
        chunk = Chunk(company, kind, batch)
        known = bulk.known_orders(company, [draft.key for draft in batch]) if kind == "orders" else {}
        for draft in batch:
            try:
                report.add(_planned(chunk, draft, known, fresh, report))
            except Ambiguous as error:
                heading = columns.heading(f"customer_{error.by}") or columns.heading(error.by)
                report.problems.add(draft.line, heading, str(error))
            except Invalid as invalid:
                for name, sentences in invalid.errors.items():
                    line, ours = draft.place(name)
                    report.problems.add(line, columns.heading(ours), " ".join(sentences))
    if fresh:
        report.counts["customers created"] = len(fresh)


def _planned(
    chunk: Chunk, draft: Draft, known: Mapping[str, Order], fresh: set[Wanted], report: Report
) -> bulk.Outcome:
    outcome = bulk.Outcome()
    if chunk.kind == "customers":
        entry = chunk.customer(draft)
        report.unread_phones += bool(entry.phone_raw)
        outcome.count(bulk.plan_customer(entry))
        return outcome
    order = chunk.order(draft)
    outcome.count(bulk.plan_order(chunk.company, order, known.get(draft.key)))
    if order.customer is not None and order.customer._state.adding:
        fresh.add(wanted("orders", draft))
    return outcome


def save(company: Company, kind: str, drafts: Iterator[Draft], report: Report) -> None:
    """Save in chunks; on SQLite each holds the lock about 20 ms and is followed by a pause as long."""
    polite = connection.vendor == "sqlite"
    goal = pacing.HELD if polite else UNPACED
    size = FIRST_CHUNK
    while batch := list(islice(drafts, size)):
        chunk = Chunk(company, kind, batch)
        with pacing.paced() if polite else nullcontext():
            start = time.monotonic()
            outcome = chunk.save()
            took = time.monotonic() - start
        report.add(outcome)
        size = max(1, min(LARGEST_CHUNK, size * 2, int(size * goal / max(took, 0.001))))


def sentence(report: Report, *, dry_run: bool) -> str:
    """One line that says what came of it."""
    said = _("%(created)s created, %(updated)s updated, %(unchanged)s unchanged")
    counts = {name: report.counts[name] for name in ("created", "updated", "unchanged")}
    what = f"{report.kind}: {said % counts}"
    return _("%(what)s (nothing saved: dry run)") % {"what": what} if dry_run else what
