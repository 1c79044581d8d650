"""Files nobody here wrote go through the whole line: imported unedited, pushed, and equal to the cent."""

import csv
import os
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from integration_hub.companies.models import Company
from integration_hub.connections.models import Connection
from integration_hub.sandbox.testing import Sandbox
from integration_hub.sync.models import SyncRun
from providers.airtable.tests import test_line
from providers.airtable.tests.test_line import drain, rows

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
SAMPLES = Path(os.environ.get("SAMPLES_DIR", "../shared/samples")) / "northwind"
CENT = Decimal("0.01")

line, sandbox = test_line.line, test_line.sandbox


def totals() -> dict[str, Decimal]:
    """What each order costs, computed from the file alone."""
    found: dict[str, Decimal] = {}
    with (SAMPLES / "orders.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        number, price, quantity, discount = (header.index(n) for n in ("OrderID", "UnitPrice", "Quantity", "Discount"))
        for row in reader:
            cost = Decimal(row[price]) * Decimal(row[quantity]) * (1 - Decimal(row[discount]))
            found[row[number]] = found.get(row[number], Decimal(0)) + cost.quantize(CENT, ROUND_HALF_EVEN)
    return found


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the Northwind files are not here; SAMPLES_DIR names their folder")
def test_northwind_arrives_whole(line: Connection, company: Company, sandbox: Sandbox) -> None:
    for what in ("customers", "orders"):
        call_command("import_records", what, str(SAMPLES / f"{what}.csv"), company=company.slug)
    drain(120)
    expected = totals()
    arrived = {row["Order number"]: Decimal(str(row.get("Total", 0))).quantize(CENT) for row in rows(sandbox)}
    assert len(expected) == 830
    assert arrived == expected
    assert sum(arrived.values()) == sum(expected.values())
    assert sum(row["Items"].count("\n") + 1 for row in rows(sandbox)) == 2155
    call_command("import_records", "orders", str(SAMPLES / "orders.csv"), company=company.slug)
    before = len(sandbox.requests("airtable", 2000))
    drain(60)
    assert len(sandbox.requests("airtable", 2000)) == before
    assert SyncRun.everywhere.filter(kind="live").count() >= 1
