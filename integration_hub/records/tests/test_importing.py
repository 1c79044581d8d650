"""Files of other systems: what is read, what is refused, and what a second time does."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integration_hub.records.importing import saving
from integration_hub.records.importing.chunks import Chunk
from integration_hub.records.models import RECORDS, Customer, Order, OrderItem
from integration_hub.records.services import bulk, customers, events, orders
from integration_hub.records.tests.conftest import DAY

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def bring(company, tmp_path, monkeypatch):
    """Import a text as the command does; what it said."""
    monkeypatch.setattr(saving.pacing, "HELD", 0.001)

    def bring(kind: str, content: str | bytes, *options: str) -> str:
        path = Path(tmp_path) / "their.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        said = StringIO()
        call_command("import_records", kind, str(path), "--company", company.slug, *options, stdout=said, stderr=said)
        return said.getvalue()

    return bring


@pytest.fixture
def refused(bring, tmp_path, company):
    """Import a text that must be refused; all that was said, and nothing saved."""

    def refused(kind: str, content: str | bytes, *options: str) -> str:
        before = [list(model.everywhere.order_by("pk").values()) for model in RECORDS]
        path = Path(tmp_path) / "their.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        said = StringIO()
        with pytest.raises(CommandError) as caught:
            call_command("import_records", kind, str(path), "--company", company.slug, *options, stderr=said)
        assert caught.value.returncode == 1
        assert [list(model.everywhere.order_by("pk").values()) for model in RECORDS] == before
        return said.getvalue() + str(caught.value)

    return refused


PEOPLE = "Customer ID,Full Name,E-Mail,Phone,Shoe size\nC1,Ana,ana@example.com,+40721234567,40\nC2,Bea,,12,NULL\n"


def test_customers_come_in_and_a_second_time_changes_nothing(bring, company, queue):
    said = bring("customers", PEOPLE)
    assert "customers: 2 created, 0 updated, 0 unchanged" in said
    assert "Columns that are not ours: Shoe size" in said
    assert "Phone numbers kept as they were written: 1" in said
    ana, bea = Customer.everywhere.order_by("reference")
    assert (ana.name, ana.email, ana.phone, ana.phone_raw) == ("Ana", "ana@example.com", "+40721234567", "")
    assert (bea.phone, bea.phone_raw) == ("", "12")
    assert queue.take() == {("customer", ana.pk): 2, ("customer", bea.pk): 2}
    before = list(Customer.everywhere.order_by("pk").values())
    assert "customers: 0 created, 0 updated, 2 unchanged" in bring("customers", PEOPLE)
    assert list(Customer.everywhere.order_by("pk").values()) == before
    assert queue.take() == {}


def test_what_the_file_does_not_know_stays(bring, company, queue):
    ana = customers.create(company, {"name": "Ana", "reference": "C1", "notes": "Likes rows near the exit."})
    bea = customers.create(company, {"name": "Bea", "reference": "C2", "phone": "+40721234568"})
    queue.take()
    assert "0 created, 2 updated, 0 unchanged" in bring("customers", PEOPLE)
    assert Customer.everywhere.get(pk=ana.pk).notes == "Likes rows near the exit."
    assert Customer.everywhere.values("phone", "phone_raw").get(pk=bea.pk) == {
        "phone": "+40721234568",
        "phone_raw": "12",
    }
    assert "0 created, 0 updated, 2 unchanged" in bring("customers", PEOPLE)


def test_a_customer_is_found_by_reference_then_email_then_name(bring, company):
    known = [
        customers.create(company, {"name": "One", "reference": "C1", "email": "one@example.com"}),
        customers.create(company, {"name": "Two", "email": "two@example.com"}),
        customers.create(company, {"name": "Three"}),
    ]
    said = bring(
        "customers",
        "reference,name,email,notes\nC1,New name,new@example.com,a\nC2,Zwei,TWO@example.com,b\nC3,Three,,c\n"
        "C4,One,one@example.com,d\n",
    )
    assert "1 created, 3 updated" in said
    assert [Customer.everywhere.get(pk=customer.pk).notes for customer in known] == ["a", "b", "c"]
    assert Customer.everywhere.get(notes="d").reference == "C4"  # another reference is another customer


def test_local_numbers_are_read_in_the_country_of_their_row(bring):
    bring("customers", "name,phone,country\nA,030-0074321,Germany\nB,0721 234 567,RO\nC,030-0074321,Atlantis\n")
    assert list(Customer.everywhere.order_by("name").values_list("phone", "phone_raw")) == [
        ("+49300074321", ""),
        ("+40721234567", ""),
        ("", "030-0074321"),
    ]


ORDERS = """Order ID,Customer,E-Mail,Order Date,Shipped Date,Product Name,Unit Price,Quantity,Discount,Order ID
7,Ana,ana@example.com,2026-07-04,2026-07-09,Seat,10.10,3,0.15,7
7,Ana,ana@example.com,2026-07-04,2026-07-09,Programme,2.5,1,0,7
8,Bea,NULL,2026-01-05T18:30:00+02:00,,Seat,10.10,1,10 %,8
"""


def test_rows_fold_into_orders(bring, company, queue):
    assert "orders: 2 created, 0 updated, 0 unchanged (nothing saved: dry run)" in bring("orders", ORDERS, "--dry-run")
    assert not Order.everywhere.exists()
    said = bring("orders", ORDERS)
    assert "orders: 2 created, 0 updated, 0 unchanged" in said
    assert "Rows read: 3" in said
    assert "Customers created: 2" in said
    assert "Sum of the orders: 37.35 EUR" in said
    first, second = Order.everywhere.order_by("order_number")
    assert (first.total, first.status, first.customer.email) == (Decimal("28.26"), "Sent", "ana@example.com")
    assert first.placed_at == datetime(2026, 7, 3, 21, tzinfo=UTC)  # midnight in Bucharest
    assert (second.total, second.status, second.customer.name) == (Decimal("9.09"), "Pending", "Bea")
    assert second.placed_at == datetime(2026, 1, 5, 16, 30, tzinfo=UTC)
    assert first.customer.orders_count == 1
    assert set(queue.take().values()) == {2}


def test_the_same_file_twice_changes_nothing(bring, queue):
    bring("orders", ORDERS)
    before = [list(model.everywhere.order_by("pk").values()) for model in (Order, OrderItem, Customer)]
    queue.take()
    assert "orders: 0 created, 0 updated, 2 unchanged" in bring("orders", ORDERS)
    assert [list(model.everywhere.order_by("pk").values()) for model in (Order, OrderItem, Customer)] == before
    assert queue.take() == {}


def test_rows_of_an_order_need_not_stand_together(bring):
    head, first, second, third = ORDERS.splitlines()
    bring("orders", "\n".join((head, first, third, second)))
    assert Order.everywhere.get(order_number="7").total == Decimal("28.26")


def test_a_changed_file_changes_what_it_changes(bring, queue):
    bring("orders", ORDERS)
    ids = set(OrderItem.everywhere.values_list("pk", flat=True))
    queue.take()
    changed = ORDERS.replace("Programme,2.5", "Programme,3").replace("8,Bea", "9,Bea").replace("%,8", "%,9")
    said = bring("orders", changed)
    assert "1 created, 1 updated, 0 unchanged" in said
    assert Order.everywhere.get(order_number="7").total == Decimal("28.76")
    assert ids < set(OrderItem.everywhere.values_list("pk", flat=True))


def test_an_order_that_went_further_does_not_fall_back(bring):
    bring("orders", ORDERS)
    orders.update(Order.everywhere.get(order_number="7"), {"status": "Delivered"})
    assert "0 created, 0 updated, 2 unchanged" in bring("orders", ORDERS)
    assert Order.everywhere.get(order_number="7").status == "Delivered"


def test_columns_by_map(bring):
    content = "Nr,Wer,Was,Preis,Stand\n1,Ana,Karte,5,delivered\n"
    said = bring(
        "orders", content, "--map", "Nr=order_number", "--map", "wer=customer_name", "--map", "Was=description",
        "--map", "Preis=unit_price", "--map", "Stand=status",
    )  # fmt: skip
    assert "not ours" not in said
    order = Order.everywhere.get()
    assert (order.customer.name, order.status, order.total) == ("Ana", "Delivered", Decimal(5))
    assert "Columns that are not ours: Stand" in bring("orders", content, "--map", "Nr=order_number", "--map",
                                                       "Stand=", "--map", "Was=description", "--map",
                                                       "Preis=unit_price", "--map", "wer=customer_name")  # fmt: skip


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--map", "Colour=notes"), "The mapping names the column “Colour”, but the file has: Customer ID"),
        (("--map", "Full Name=nickname"), "The mapping names our field “nickname”, but there are: reference, name"),
        (("--map", "nothing"), "--map wants “Their column=our field”, not “nothing”."),
        (("--company", "nobody"), "There is no company “nobody”. Companies: alices."),
        (("--map", "Customer ID=", "--map", "Full Name=", "--map", "E-Mail="), "No column holds the reference or the"),
    ],
)
def test_what_is_asked_wrongly(refused, options, sentence):
    assert sentence in refused("customers", PEOPLE, *options)


def test_spreadsheets_save_a_mark_semicolons_and_decimal_commas(bring):
    content = "order number;description;unit price;quantity;discount\r\n1;Seat;10,10;3;0,15\r\n".encode("utf-8-sig")
    assert "Sum of the orders: 25.76 EUR" in bring("orders", content)
    assert "Sum of the orders: 25.76 EUR" in bring("orders", content.replace(b";", b"\t").replace(b",", b"."))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The file is empty."),
        ("\n\n", "The file is empty."),
        ("name,name\nAna,Bea\n", "line 2, column “name”: Columns of this name contradict each other: Ana / Bea."),
        ("name\nAna\n\nBea,Cleo\n", "line 4: The row has 2 cells, the headings are 1."),
        ('name,notes\nAna,"three\nlines\n', "line 2: The row cannot be read (unexpected end of data)."),
        ('name,notes\nAna,"x"y\n', "line 2: The row cannot be read"),
        ("reference,name\n,\n", "line 2: Nothing says which record this row is about."),
        ("name,email\nAna,here\n", "line 2, column “email”: “here” is not an e-mail address."),
        ("name,notes\nAna,a\0b\n", "line 2, column “notes”: It contains a character that cannot be kept (NUL)."),
        (f"name\n{'x' * 201}\n", "line 2, column “name”: It has 201 characters; at most 200 can be kept."),
        ("name,language\nAna,xx\n", "line 2, column “language”: “xx” is not one of: en, ro, he, de, es."),
        ("reference,name\nC1,Ana\nC1,Bea\n", "line 3, column “name”: It says “Bea”, line 2 says “Ana” of the same"),
    ],
)
def test_files_that_are_refused(refused, content, sentence):
    assert sentence in refused("customers", content)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1,,x,1,1,0", "line 2, column “date”: “x” is not a date. Write year-month-day"),
        ("1,,31.02.1996,1,1,0", "is not a date"),
        ("1,,9999-12-31T23:59:59-12:00,1,1,0", "is not a date"),
        ("1,,,abc,1,0", "line 2, column “unit price”: “abc” is not a number. Write it plainly"),
        ("1,,,1 000,1,0", "is not a number"),
        ("1,,,-5,1,0", "is less than nothing"),
        ("1,,,1.23456,1,0", "is too large or too fine. At most 4 decimal places"),
        ("1,,,5,0,0", "line 2, column “quantity”: “0” is not a quantity."),
        ("1,,,5,1.5,0", "is not a quantity"),
        ("1,,,5,1,20", "line 2, column “discount”: “20” is not a discount. Write a fraction from 0 to 1"),
        ("1,,,5,1,101%", "is not a discount"),
        ("1,,,,2,0", "line 2, column “unit price”: This field is required."),
        (",,,5,1,0", "line 2, column “order number”: Nothing says which record this row is about."),
    ],
)
def test_rows_that_are_refused(refused, row, sentence):
    assert sentence in refused("orders", f"order number,customer,date,unit price,quantity,discount\n{row}\n")


def test_all_problems_are_listed_the_first_fifty_in_full(refused):
    rows = "".join(f"{number},x,{number}\n" for number in range(60))
    said = refused("orders", f"order number,quantity,description\n{rows}")
    assert said.count("“x” is not a number") == 50
    assert "… and 10 more." in said
    assert said.endswith("60 problems; nothing was saved.")


def test_rows_of_one_order_must_agree(refused, company):
    orders.create(company, {"order_number": "7"})
    said = refused("orders", ORDERS.replace("7,Ana,ana@example.com,2026-07-04,2026-07-09,Prog", "7,Bob,,,,Prog"))
    assert "line 3, column “Customer”: It says “Bob”, line 2 says “Ana” of the same record." in said


def test_several_customers_that_fit_are_a_question(refused, company):
    for _number in range(2):
        customers.create(company, {"name": "Ana"})
    said = refused("orders", "order number,customer\n1,Ana\n")
    assert "line 2, column “customer”: 2 customers have this name: “Ana”. Say which one by its reference." in said


def test_a_wrong_line_is_named_by_its_own_row(refused):
    said = refused("orders", "order number,description,unit price\n1,Seat,5\n2,Seat,5\n1,Gift,\n")
    assert "line 4, column “unit price”: This field is required." in said


def test_a_total_that_is_not_the_sum_is_refused(refused):
    said = refused("orders", "order number,description,unit price,total\n1,Seat,5,6\n")
    assert "line 2, column “total”: The lines add up to 5.00, not to 6.00." in said


def test_a_killed_import_is_completed_by_the_next(bring, company, monkeypatch, queue):
    rows = "".join(f"{number},Customer {number % 3},5.5,Seat\n" for number in range(40))
    content = "order number,customer,unit price,description\n" + rows
    chunks, save = [], Chunk.save

    def killed(chunk):
        chunks.append(chunk)
        if len(chunks) > 2:
            raise KeyboardInterrupt
        return save(chunk)

    monkeypatch.setattr(Chunk, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        bring("orders", content)
    half = Order.everywhere.count()
    assert 0 < half < 40
    assert len([key for key, _id in queue.take() if key == "order"]) == half

    monkeypatch.setattr(Chunk, "save", save)
    said = bring("orders", content)
    assert f"{40 - half} created, 0 updated, {half} unchanged" in said
    assert "Sum of the orders: 220.00 EUR" in said
    assert Customer.everywhere.count() == 3
    assert sum(Customer.everywhere.values_list("orders_count", flat=True)) == 40
    assert len([key for key, _id in queue.take() if key == "order"]) == 40 - half


def test_an_edit_between_plan_and_save_is_not_overwritten(bring, company, monkeypatch):
    order = orders.create(company, {"order_number": "7", "items": [{"description": "Seat", "unit_price": "1"}]})
    work = bulk.work

    def edited(*args):
        monkeypatch.setattr(bulk, "work", work)
        orders.update(order, {"items": [{"description": "Gift", "unit_price": "2"}], "status": "Delivered"})
        return work(*args)

    monkeypatch.setattr(bulk, "work", edited)
    bring("orders", ORDERS)
    order.refresh_from_db()
    assert (order.total, order.status) == (Decimal("28.26"), "Delivered")
    lines = OrderItem.everywhere.filter(order=order, deleted_at=None).order_by("position")
    assert [str(line) for line in lines] == ["3 × Seat", "1 × Programme"]


def test_another_companys_customers_are_not_found(bring, other_company):
    customers.create(other_company, {"name": "Ana", "email": "ana@example.com"})
    assert "Customers created: 2" in bring("orders", ORDERS)


def test_a_file_that_is_not_there(company, tmp_path):
    with pytest.raises(CommandError, match="cannot be opened: No such file"):
        call_command("import_records", "orders", str(tmp_path / "none.csv"), "--company", company.slug)


def test_the_command_brings_tickets_and_appointments_as_well(bring, company):
    event = events.create(company, {"title": "Gala", **DAY})
    events.ticket_types.create(company, {"event": event, "name": "VIP", "price": 50})
    text = "Event;Kind of seat;Name\nGala;VIP;Ana\nGala;VIP;Dan\n"
    said = bring("tickets", text, "--map", "Kind of seat=ticket_type", "--dry-run")
    assert "tickets: 2 created, 0 updated, 0 unchanged (nothing saved: dry run)" in said
    assert "tickets: 2 created" in bring("tickets", text, "--map", "Kind of seat=ticket_type")
    assert "tickets: 0 created, 0 updated, 2 unchanged" in bring("tickets", text)  # the mapping is remembered
    text = "Subject,Start,Minutes,Client\nTalk,2027-03-04 09:00,30,Ana\n"
    said = bring("appointments", text)
    assert "appointments: 1 created, 0 updated, 0 unchanged" in said and "Customers created: 1" in said
    assert "appointments: 0 created, 0 updated, 1 unchanged" in bring("appointments", text)
