"""Real files that nobody here wrote, unedited: totals are compared to the cent with a count of their own."""

import csv
import os
from collections import Counter, defaultdict
from decimal import ROUND_HALF_EVEN, Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from integration_hub.records.models import Customer, Order, OrderItem

SAMPLES = Path(os.environ.get("SAMPLES_DIR") or settings.BASE_DIR / ".." / "shared" / "samples") / "northwind"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.engine,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files at {SAMPLES}; set SAMPLES_DIR"),
]


def rows(name):
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        heads, *lines = csv.reader(file)
    return [dict(zip(heads, line, strict=True)) for line in lines]


def expected():
    """Total of each order, from the file alone."""
    totals = defaultdict(Decimal)
    for row in rows("orders.csv"):
        line = Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) * (1 - Decimal(row["Discount"]))
        totals[row["OrderID"]] += line.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
    return totals


def bring(kind, company):
    said = StringIO()
    call_command("import_records", kind, str(SAMPLES / f"{kind}.csv"), "--company", company.slug, stdout=said)
    return said.getvalue()


def test_the_whole_line(company, queue, monkeypatch):
    monkeypatch.setattr("integration_hub.connections.pacing.time.sleep", lambda seconds: None)
    assert "customers: 91 created, 0 updated, 0 unchanged" in bring("customers", company)
    said = bring("orders", company)
    assert "orders: 830 created, 0 updated, 0 unchanged" in said
    assert "Rows read: 2155" in said
    assert "Freight" in said.split("not ours: ")[1]
    totals = expected()
    assert f"Sum of the orders: {sum(totals.values())} EUR" in said
    assert dict(Order.everywhere.values_list("order_number", "total")) == totals
    assert OrderItem.everywhere.count() == 2155
    shipped = Counter(bool(row["ShippedDate"]) for row in {r["OrderID"]: r for r in rows("orders.csv")}.values())
    assert Counter(Order.everywhere.values_list("status", flat=True)) == {
        "Sent": shipped[True],
        "Pending": shipped[False],
    }
    assert Customer.everywhere.count() == 91
    customers_are_right(totals)

    waiting = queue.take()
    assert Counter(key for key, _id in waiting) == {"customer": 91, "order": 830, "order_item": 2155}
    assert set(waiting.values()) == {2}
    assert "0 created, 0 updated, 91 unchanged" in bring("customers", company)
    assert "0 created, 0 updated, 830 unchanged" in bring("orders", company)
    assert queue.take() == {}


def customers_are_right(totals):
    """Names with their accents, numbers read or kept, and what each spent."""
    buyers = {row["OrderID"]: row["CustomerID"] for row in rows("orders.csv")}
    spent = defaultdict(Decimal)
    for number, total in totals.items():
        spent[buyers[number]] += total
    for row in rows("customers.csv"):
        customer = Customer.everywhere.get(reference=row["CustomerID"])
        assert customer.name == row["CompanyName"]
        assert customer.phone.startswith("+") != bool(customer.phone_raw)
        assert customer.phone_raw in ("", row["Phone"])
        bought = spent.get(row["CustomerID"])
        assert customer.spent == ({} if bought is None else {"EUR": str(bought)})
        assert customer.orders_count == sum(buyer == row["CustomerID"] for buyer in buyers.values())
