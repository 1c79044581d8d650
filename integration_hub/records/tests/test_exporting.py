"""Lists as files: what they hold, that no text is taken for a formula, and that an import of them changes nothing."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from integration_hub.companies.models import Company, User
from integration_hub.notices.models import AuditEvent
from integration_hub.records.admin.base import RecordAdmin
from integration_hub.records.exporting import cells, reading, xlsx
from integration_hub.records.exporting.columns import SHEETS
from integration_hub.records.importing import services as imports
from integration_hub.records.importing import work
from integration_hub.records.models import Customer, Order, OrderItem
from integration_hub.records.services import customers, orders, tickets

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
EXPORTED = [model for model, page in admin.site._registry.items() if isinstance(page, RecordAdmin)]
NIGHT = datetime(2026, 10, 25, 0, 30, 5, 7, tzinfo=UTC)  # 3:30 in Bucharest, for the first time of two
TRICKS = ("=1+1", "+40", "-2", "@SUM(A1)", "'=1", "#N/A", "00123", "1e5")


@pytest.fixture
def browser(alice: User, entered: Any) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def exported(browser: Client, noun: str, form: str = "csv", **filters: str) -> bytes:
    answer = browser.get(reverse(f"admin:records_{noun}_export", args=[form]), filters)
    assert answer.status_code == 200
    return sent(answer)


def sent(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def table(file: bytes) -> list[dict[str, str]]:
    """As a program reads it."""
    assert file.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def sheets(file: bytes) -> list[list[list[Any]]]:
    book = load_workbook(io.BytesIO(file))
    return [[[cell.value for cell in row] for row in sheet.rows] for sheet in book.worksheets]


@pytest.mark.parametrize("model", EXPORTED, ids=lambda model: model._meta.model_name)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_every_list_of_records_is_exported(
    browser: Client, everything: Callable[..., Any], model: Any, form: str
) -> None:
    record = everything()[model.__name__]
    file = exported(browser, model._meta.model_name, form)
    rows = list(csv.reader(io.StringIO(file.decode("utf-8-sig")))) if form == "csv" else sheets(file)[0]
    assert rows[0] == SHEETS[model].headings
    (row,) = rows[1:]
    named = getattr(record, "title", None) or getattr(record, "name", None) or getattr(record, "order_number", None)
    assert len(row) == len(rows[0]) and (named or "Concert") in row


def test_orders_come_with_their_lines(browser: Client, company: Any) -> None:
    ana = customers.create(company, {"name": "Ana", "email": "ana@example.com", "reference": "7"})
    lines = [{"description": "Seat", "quantity": 2, "unit_price": "10.125"}, {"description": "Book", "unit_price": 5}]
    placed = datetime(2026, 11, 20, 8, 0, 0, 999, tzinfo=UTC)
    orders.create(company, {"order_number": "A1", "customer": ana, "items": lines, "placed_at": placed})
    orders.create(company, {"order_number": "A2", "total": "3", "placed_at": placed})
    seat, book, two = table(exported(browser, "order", o="1"))
    assert seat["Order number"] == book["Order number"] == "A1"
    assert (seat["Customer name"], seat["Customer reference"], seat["Total"]) == ("Ana", "7", "25.25")
    assert (seat["Quantity"], seat["Unit price"], seat["Line amount"]) == ("2", "10.125", "20.25")
    assert (book["Description"], book["Discount"], book["Placed at"]) == ("Book", "0", "2026-11-20T10:00:00+02:00")
    assert (two["Order number"], two["Total"], two["Description"]) == ("A2", "3.00", "")


def test_xlsx_keeps_numbers_times_and_texts_as_what_they_are(browser: Client, company: Any) -> None:
    line = {"description": "Seat", "quantity": 2, "unit_price": "10.125", "discount": "0.25"}
    for number, placed in (("00123", datetime(2026, 11, 20, 8, tzinfo=UTC)), ("00124", NIGHT)):
        orders.create(company, {"order_number": number, "items": [line], "placed_at": placed, "notes": "a\r\nb\x01"})
    (headings, *rows), about = sheets(exported(browser, "order", "xlsx", o="1"))
    day, night = (dict(zip(headings, row, strict=True)) for row in rows)
    assert day["Order number"] == "00123"
    assert day["Placed at"] == datetime(2026, 11, 20, 10)
    assert (day["Quantity"], day["Unit price"], day["Discount"], day["Line amount"]) == (2, 10.125, 0.25, 15.19)
    assert day["Notes"] == "a\nb_x0001_"  # as Excel writes such a sign; openpyxl leaves it so
    assert night["Placed at"] == "2026-10-25T03:30:05+03:00"  # this hour comes twice; the offset says which one
    assert about[0][0].startswith("Alice's · Orders · 2 records") and "by alice" in about[1][0]


def test_only_what_the_list_shows_in_its_order(browser: Client, company: Any) -> None:
    for number, status in (("A3", "Sent"), ("A1", "Sent"), ("A2", "Pending"), ("B1", "Sent")):
        orders.create(company, {"order_number": number, "status": status})
    gone = orders.create(company, {"order_number": "A4", "status": "Sent"})
    orders.delete(gone)
    file = exported(browser, "order", o="-1", q="A", status__exact="Sent", p="7")
    assert [row["Order number"] for row in table(file)] == ["A3", "A1"]
    event = AuditEvent.everywhere.get(action="records.exported")
    assert (event.actor, event.target, event.company_id) == ("alice", "orders", company.pk)
    assert event.data == {"rows": 2, "as": "csv", "filter": "o=-1&q=A&status__exact=Sent"}


def test_the_name_of_the_file_says_whose_what_and_when(browser: Client, company: Any) -> None:
    address = reverse("admin:records_customer_export", args=["csv"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: datetime(2026, 11, 20, 23, tzinfo=UTC))
        answer = browser.get(address)
    assert answer["Content-Disposition"] == 'attachment; filename="alices-customers-2026-11-21.csv"'


def test_a_list_asked_for_wrongly_is_shown_instead(browser: Client) -> None:
    answer = browser.get(reverse("admin:records_order_export", args=["csv"]), {"status__nonsense": "1"})
    assert answer.status_code == 302 and answer["Location"] == reverse("admin:records_order_changelist")
    assert browser.get(reverse("admin:records_order_export", args=["pdf"])).status_code == 404


def test_staff_export_what_they_see_and_nobody_else_does(bob: User, charlie: User, company: Any) -> None:
    customers.create(company, {"name": "Ana"})
    client = Client()
    assert client.get(reverse("admin:records_customer_export", args=["csv"])).status_code == 302
    client.force_login(bob)
    assert [row["Name"] for row in table(exported(client, "customer"))] == ["Ana"]
    client.force_login(charlie)
    assert table(exported(client, "customer")) == []
    # A page of the company one was in before.
    answer = client.get(reverse("admin:records_customer_export", args=["csv"]), {"_company": str(company.pk)})
    assert answer.status_code == 409


def test_queries_do_not_grow_with_the_rows(browser: Client, company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            exported(browser, "order")
        return len(seen)

    ana = customers.create(company, {"name": "Ana"})
    orders.create(company, {"customer": ana, "items": [{"description": "Seat", "unit_price": 1}]})
    few = queries()
    for _number in range(5):
        orders.create(company, {"customer": ana, "items": [{"description": "Seat", "unit_price": 1}] * 3})
    assert queries() == few
    monkeypatch.setattr(reading, "FETCHED", 2)
    monkeypatch.setattr(reading.Picked.chunks, "__defaults__", (2,))
    assert queries() == few + 2 * 2


def test_a_record_deleted_meanwhile_is_left_out_and_none_is_doubled(browser: Client, company: Any) -> None:
    made = [orders.create(company, {"order_number": f"A{number}"}) for number in range(5)]
    answer = browser.get(reverse("admin:records_order_export", args=["csv"]), {"o": "1"})
    orders.delete(made[3])
    orders.update(made[4], {"order_number": "A00"})
    rows = table(sent(answer))
    assert [row["Order number"] for row in rows] == ["A0", "A1", "A2", "A00"]


def test_csv_defuses_formulas_and_nothing_else(browser: Client, company: Any) -> None:
    for place, name in enumerate(TRICKS):
        customers.create(company, {"name": name, "phone": "+40721234567", "reference": f"{place}"})
    file = exported(browser, "customer", o="4")
    assert [row["Name"] for row in table(file)] == [
        "'=1+1", "'+40", "'-2", "'@SUM(A1)", "''=1", "#N/A", "00123", "1e5",
    ]  # fmt: skip
    assert {row["Phone"] for row in table(file)} == {"'+40721234567"}
    _headings, *rows = sheets(exported(browser, "customer", "xlsx", o="4"))[0]
    assert [row[1] for row in rows] == [name.replace("'", "''") for name in TRICKS]
    book = load_workbook(io.BytesIO(exported(browser, "customer", "xlsx")))
    assert {cell.data_type for cell in book.worksheets[0]["B"]} == {"s"}


@given(st.text())
@settings(max_examples=50)
def test_defusing_can_be_taken_back(text: str) -> None:
    assert cells.undefused(cells.defused(text)) == text
    assert not cells.defused(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.fixture
def odd_ones(company: Company) -> None:
    """Records of all the kinds that a careless way there and back would change."""
    for place, name in enumerate(TRICKS):
        customers.create(company, {"name": name, "reference": str(place), "email": "all@example.com"})
    customers.create(company, {"name": "Ana", "phone": "+40721234567", "language": "ro", "notes": 'one\r\ntwo\n\n3;,"'})
    coded = "_x0041_ and \x01 and _x005F_x0041_"
    customers.create(company, {"name": "Coded", "reference": "99", "notes": coded})
    people = list(Customer.everywhere.exclude(reference="99").order_by("reference"))
    seat = {"description": 'Seat, row "A"', "quantity": 3, "unit_price": "10.1255", "discount": "0.125"}
    for place, buyer in enumerate([*people, None]):
        day = {"placed_at": NIGHT + timedelta(hours=place), "customer": buyer, "notes": "-\r\n=1"}
        orders.create(company, {"order_number": f"={place}", "items": [seat, {**seat, "quantity": 1}], **day})
    plain = {"currency": "JPY", "total": "1200", "payment_state": "partly_refunded", "status": "Cancelled"}
    orders.create(company, {"order_number": "0012", "priority": "High", **plain})


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(("noun", "kind", "count"), [("customer", "customers", 10), ("order", "orders", 11)])
def test_an_export_that_is_imported_changes_nothing(
    browser: Client, company: Company, odd_ones: None, form: str, noun: str, kind: str, count: int
) -> None:
    before = [list(model.everywhere.order_by("pk").values()) for model in (Customer, Order, OrderItem)]
    file = io.BytesIO(exported(browser, noun, form))
    brought = imports.upload(company, "alice", kind, file, f"export.{form}", wake=False)
    checked = work.run(brought.pk)
    assert (checked.state, checked.problems, checked.questions) == ("ready", [], [])
    counts = {name: checked.planned[name] for name in ("created", "updated", "unchanged")}
    assert counts == {"created": 0, "updated": 0, "unchanged": count}, checked.preview
    imports.start(checked, actor="alice", wake=False)
    assert work.run(brought.pk).state == "done"
    assert [list(model.everywhere.order_by("pk").values()) for model in (Customer, Order, OrderItem)] == before


KINDS = {"event": "events", "ticket": "tickets", "appointment": "appointments", "branch": "branches", "staff": "staff"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(("noun", "kind"), KINDS.items())
def test_what_is_exported_of_the_other_kinds_changes_nothing_either(
    browser: Client, company: Company, everything: Callable[..., Any], form: str, noun: str, kind: str
) -> None:
    made = everything()
    for status in ("valid", "refunded", "valid"):  # they look alike
        about = {"ticket_type": made["TicketType"], "order_item": made["OrderItem"], "status": status}
        tickets.create(company, {**about, "participant_name": "-Ana"})
    model: Any = {page._meta.model_name: page for page in EXPORTED}[noun]
    before = list(model.everywhere.order_by("pk").values())
    file = io.BytesIO(exported(browser, noun, form))
    brought = work.run(imports.upload(company, "alice", kind, file, f"export.{form}", wake=False).pk)
    assert (brought.state, brought.problems, brought.questions) == ("ready", [], [])
    assert brought.planned["unchanged"] == len(before) and brought.planned["created"] == 0, brought.preview
    imports.start(brought, actor="alice", wake=False)
    assert work.run(brought.pk).state == "done"
    assert list(model.everywhere.order_by("pk").values()) == before


def test_what_excel_has_no_room_for_is_said() -> None:
    chunks: Any = [[["A1", "x" * 32_768], ["A2", None]], [["A3", None], ["A4", None]]]
    file = b"".join(xlsx.xlsx_bytes("Orders & <more>", ["Number", "Notes"], chunks, ["Four orders"], room=3))
    rows, about = sheets(file)
    assert rows == [["Number", "Notes"], ["A1", None], ["A2", None]]
    assert [line for (line,) in about] == [
        "Four orders",
        "2 further rows are not in this file: a sheet has room for 2. The CSV has all of them.",
        "Cells with more than 32,767 characters, Excel's most, are left empty. The CSV has them.",
    ]


def test_ids_are_kept_in_order_beyond_memory(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "IN_MEMORY", 40)
    made = [customers.create(company, {"name": f"C{number}"}).pk for number in range(7)]
    picked = reading.Picked(Customer.everywhere.order_by("-name"))
    assert picked.count == 7
    assert [pk for ids in picked.chunks(3) for pk in ids] == made[::-1]
    picked.close()
