"""Checking a file in whole before anything of it is saved: what would happen, and what is wrong with it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from integration_hub.companies.models import Company
from integration_hub.records import money
from integration_hub.records.importing import columns as naming
from integration_hub.records.importing import files, folding, looking, spool
from integration_hub.records.importing.cells import Cells
from integration_hub.records.importing.chunks import Chunk, chunk_of
from integration_hub.records.importing.columns import Columns
from integration_hub.records.importing.finding import Ambiguous, Wanted, wanted
from integration_hub.records.importing.folding import Draft
from integration_hub.records.importing.places import Places
from integration_hub.records.importing.problems import Asks, Problems, Unreadable
from integration_hub.records.importing.simple import Many
from integration_hub.records.importing.spool import Spool
from integration_hub.records.importing.work import Held
from integration_hub.records.models import Import, ImportShape
from integration_hub.records.models.imports import ImportState
from integration_hub.records.services import Invalid, bulk, images, taking_back

CHECKED = 500  # records looked at together
PREVIEWED = 20


@dataclass
class Report:
    """What an import would do; with problems it will do nothing."""

    counts: Counter[str] = field(default_factory=Counter)
    totals: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unread_phones: int = 0
    new_customers: int = 0
    preview: list[dict[str, Any]] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    places: Places = field(default_factory=Places)

    def planned(self) -> dict[str, Any]:
        verbs = {verb: self.counts[verb] for verb in ("created", "updated", "unchanged")}
        return {
            **verbs,
            "customers_created": self.new_customers,
            "unread_phones": self.unread_phones,
            "totals": texts(self.totals),
        }


def texts(totals: dict[str, Decimal]) -> dict[str, str]:
    return {currency: money.text(amount, currency) for currency, amount in sorted(totals.items())}


def run(held: Held, ends: float) -> None:
    """Look at the file, read it, check every record; the import is ready afterwards, refused, or asks."""
    row, report = held.row, Report()
    found = looking.look(stored(row), row.kind, row.chosen, row.mapping, lambda digest: _shape(row, digest))
    told = _told(row, found)
    if found.columns is None or found.questions:
        questions = [question.as_json() for question in found.questions]
        held.settle(ImportState.ASKS, questions=questions, **told)
        return
    held.write(questions=[], **told)
    try:
        count = fill(held, found.columns, report.problems)
    except Asks as asks:
        held.settle(ImportState.ASKS, questions=[asks.question.as_json()])
        return
    with spool.opened(files.spool(row.stored)) as kept:
        held.write(rows=count, records=len(kept))
        drafts = folding.drafts(row.kind, kept, found.columns, report.problems)
        check(row.company, row.kind, found.columns, _beating(held, drafts), report, kept)
    _settle(held, report)


def stored(row: Import) -> Any:
    path = files.path(row.stored)
    if not row.stored or not path.is_file():
        raise Unreadable(_("The file is not here any more. Bring it again. (Web and workers must share VAR_DIR.)"))
    return path


def fill(held: Held, columns: Columns, problems: Problems) -> int:
    """Read every row into the spool, anew; how many there were."""
    row = held.row
    files.remove_spool(row.stored)
    told = row.settings
    cells = Cells(row.company, row.kind, date_order=told["date_order"], decimal_comma=told["decimal_comma"])
    counted = Counted(held)
    with looking.opened(stored(row), told) as table, spool.opened(files.spool(row.stored)) as kept:
        rows = folding.rows(row.kind, counted.each(table.rows(problems)), columns, cells, problems)
        kept.fill(rows)
    return counted.rows


class Counted:
    """Counts rows as they come, and gives signs of life."""

    def __init__(self, held: Held) -> None:
        self.held, self.rows = held, 0

    def each(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        for row in rows:
            self.rows += 1
            if not self.rows % 500:
                self.held.beat(rows=self.rows)
            yield row


def check(company: Company, kind: str, columns: Columns, drafts: Iterator[Draft], report: Report, kept: Spool) -> None:
    """Try every record without saving: counts what would happen and collects what is wrong."""
    while batch := list(islice(drafts, CHECKED)):
        chunk, fresh = chunk_of(company, kind, batch), set[Wanted]()
        known = bulk.known_orders(company, [draft.key for draft in batch]) if kind == "orders" else {}
        for draft in batch:
            try:
                for plan in _planned(chunk, draft, known, report, fresh):
                    _note(draft, plan, report)
            except Ambiguous as error:
                heading = columns.heading(f"customer_{error.by}") or columns.heading(error.by)
                said = draft.said(f"customer_{error.by}") or draft.said(error.by)
                report.problems.add(draft.line, heading, str(error), said)
            except Invalid as invalid:
                for name, sentences in invalid.errors.items():
                    line, ours = draft.place(name)
                    report.problems.add(line, columns.heading(ours), " ".join(sentences), draft.said(name))
        kept.note("\x1f".join((one.reference, one.email, one.name)) for one in fresh)
    report.new_customers = kept.noted()


def _planned(
    chunk: Chunk | Many, draft: Draft, known: dict[str, Any], report: Report, fresh: set[Wanted]
) -> list[bulk.Plan[Any]]:
    if isinstance(chunk, Many):
        plans = chunk.plans(draft)
        if chunk.kind == "tickets":
            report.places.take(draft, plans)
        if chunk.kind == "appointments" and any(_brings_customer(plan.now) for plan in plans):
            fresh.add(wanted(chunk.kind, draft))
        return plans
    if chunk.kind == "customers":
        entry = chunk.customer(draft)
        report.unread_phones += bool(entry.phone_raw)
        return [bulk.plan_customer(entry)]
    order = chunk.order(draft)
    plan = bulk.plan_order(chunk.company, order, known.get(draft.key))
    if _brings_customer(order):
        fresh.add(wanted("orders", draft))
    return [plan]


def _brings_customer(record: Any) -> bool:
    """Whether its customer is made for it."""
    return record.customer is not None and record.customer._state.adding


def _note(draft: Draft, plan: bulk.Plan[Any], report: Report) -> None:
    report.counts[plan.verb] += 1
    total = getattr(plan.now, "total", None)
    if total is not None:
        report.totals[plan.now.currency] += total
    if len(report.preview) < PREVIEWED:
        names = taking_back.NOUNS[str(plan.now._meta.model_name)].fields
        fields = images.shown(plan, names)
        report.preview.append({"line": draft.line, "key": str(plan.now), "verb": plan.verb, "fields": fields})


def _beating(held: Held, drafts: Iterator[Draft]) -> Iterator[Draft]:
    for number, draft in enumerate(drafts):
        if not number % CHECKED:
            held.beat(done=number)
        yield draft


def _settle(held: Held, report: Report) -> None:
    problems = report.problems
    told = [vars(problem) for problem in problems.first]
    values: dict[str, Any] = {"problems": told, "problem_count": problems.count}
    values |= {"planned": report.planned(), "preview": report.preview}
    if problems:
        files.remove_spool(held.row.stored)
    held.settle(ImportState.REFUSED if problems else ImportState.READY, done=0, **values)


def _shape(row: Import, digest: str) -> looking.Shape | None:
    shape = ImportShape.everywhere.filter(company_id=row.company_id, kind=row.kind, digest=digest).first()
    return looking.Shape(shape.mapping, shape.settings) if shape else None


def _told(row: Import, found: looking.Look) -> dict[str, Any]:
    """What the row says of how the file is read."""
    known = bool(found.shape and (found.shape.mapping or found.shape.settings))
    before = found.shape.mapping if found.shape else {}
    columns = naming.described(row.kind, found.headings, found.columns, found.samples, row.mapping, before)
    return {"settings": found.settings, "shape": found.digest, "remembered": known, "columns": columns}
