"""Files as other systems write them: what is found out, what is asked, what is refused, and by which sentence."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from zipfile import ZipFile

import pytest

from integration_hub.records.importing import dates, encodings, folding, numbers, xlsxfile
from integration_hub.records.models import Customer, Order, OrderItem
from integration_hub.records.services import customers, orders
from integration_hub.records.tests.importers import checked, rewritten, saved, sentences, workbook

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
SHEET = "xl__worksheets__sheet1_DOT_xml"


# --- CSV: encodings --------------------------------------------------------------------------------------------------

HEBREW = "order number,customer,notes\n1,שרה כהן,שלום\n2,דוד לוי,תודה רבה\n"
GERMAN = "name,notes\nJürgen Groß,Grüße aus Köln\nZoë,déjà vu\n"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (HEBREW.encode(), "utf-8"),
        (HEBREW.encode("utf-8-sig"), "utf-8"),
        (HEBREW.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + HEBREW.encode("utf-16-be"), "utf-16"),
        (HEBREW.encode("utf-16-le"), "utf-16-le"),
        (HEBREW.encode("utf-16-be"), "utf-16-be"),
        (HEBREW.encode("cp1255"), "windows-1255"),
    ],
)
def test_hebrew_in_every_encoding(company, raw, encoding):
    row = saved(company, "orders", raw)
    assert row.settings["encoding"] == encoding
    assert sorted(Customer.everywhere.values_list("name", flat=True)) == ["דוד לוי", "שרה כהן"]
    assert Order.everywhere.get(order_number="1").notes == "שלום"


@pytest.mark.parametrize(
    ("text", "codec", "encoding"),
    [
        (GERMAN.replace("déjà", "deja"), "cp1252", "windows-1252"),  # reads the same in both
        ("name\nMuñoz ©\nÑandú – ¿qué?\nJosé Peña García\n", "cp1252", "windows-1252"),
        ("name\nŁukasz Żółć\nČapek\n", "cp1250", "windows-1250"),
    ],
)
def test_the_windows_encodings_are_told_apart(company, text, codec, encoding):
    row = saved(company, "customers", text.encode(codec))
    assert row.settings["encoding"] == encoding
    assert set(Customer.everywhere.values_list("name", flat=True)) == {
        line.split(",")[0] for line in text.splitlines()[1:]
    }


def test_an_encoding_that_cannot_be_told_is_asked_and_remembered(company):
    raw = "name\nAnă\n".encode("cp1250")
    row = checked(company, "customers", raw)
    (question,) = row.questions
    assert (row.state, question["name"]) == ("asks", "encoding")
    labels = {answer["value"]: answer["label"] for answer in question["answers"]}
    assert "Ană" in labels["windows-1250"]
    assert "Anã" in labels["windows-1252"]
    saved(company, "customers", raw, chosen={"encoding": "windows-1250"})
    assert Customer.everywhere.get().name == "Ană"
    assert saved(company, "customers", raw).unchanged == 1  # the next file with these headings


def test_a_broken_byte_in_utf8_is_no_other_encoding(company):
    row = checked(company, "customers", "name\nJürgen\nZoë\n".encode() + b"Gr\xfc\xdfe\n")
    assert (row.state, row.sentence[:51]) == ("refused", "Line 4 is not UTF-8 text, though the others are. Me")


def test_a_chosen_encoding_must_fit(company):
    row = checked(company, "customers", "name\nAna\nJürgen\n".encode("cp1252"), chosen={"encoding": "utf-8"})
    assert row.sentence.startswith("Line 3 is not utf-8 text.")


# --- CSV: separators, quotes, cells ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_separators(company, sign):
    text = 'name,notes\nAna,"a,b;c|d"\nBea,x\n'.replace(",", sign, 1).replace("Ana,", f"Ana{sign}")
    row = saved(company, "customers", text.replace("Bea,", f"Bea{sign}"))
    assert row.settings["delimiter"] == sign
    assert Customer.everywhere.get(name="Ana").notes == "a,b;c|d"


def test_a_separator_that_cannot_be_told_is_asked(company):
    text = "name;first,notes\nAna;x,y\n"
    row = checked(company, "customers", text)
    assert (row.state, row.questions[0]["name"]) == ("asks", "delimiter")
    assert [answer["value"] for answer in row.questions[0]["answers"]] == [",", ";"]
    assert saved(company, "customers", text, chosen={"delimiter": ";"}).created == 1


def test_a_first_line_may_say_the_separator(company):
    assert "9 " in sentences(checked(company, "customers", "sep=;\n" + "name;email\n" + "A;a@b.com\n" * 6 + "B;x\n"))


def test_an_unclosed_quote_is_named_by_the_line_it_begins_on(company):
    rows = "".join(f"{number},fine\n" for number in range(50))
    row = checked(company, "customers", f'name,notes\n{rows}X,"never closed\n{rows}')
    assert (row.state, row.problem_count) == ("refused", 1)
    assert row.problems[0]["line"] == 52
    assert "Look at its quotation marks" in row.problems[0]["sentence"]
    assert not Customer.everywhere.exists()


def test_broken_rows_do_not_hide_the_others(company):
    row = checked(company, "customers", 'name,email\nA,b,c\nB,nobody\nC\nD,"x"y\nE,wrong\n')
    assert [one["line"] for one in row.problems] == [2, 3, 4, 5, 6]
    assert row.problems[0]["value"] == "A | b | c"
    assert row.problems[1] == {
        "line": 3,
        "column": "email",
        "value": "nobody",
        "sentence": "“nobody” is not an e-mail address.",
    }


def test_a_million_characters_in_a_cell_are_one_problem(company):
    row = checked(company, "customers", f"name,notes\nAna,{'x' * 1_000_000}\nBea,fine\nCleo,\0\n")
    assert [(one["line"], one["column"]) for one in row.problems] == [(2, "notes"), (4, "notes")]
    assert row.problems[0]["sentence"].startswith("It has 1000000 characters; at most 50000 can be kept.")
    assert len(row.problems[0]["value"]) == 80


def test_text_that_begins_like_a_formula_is_text(company):
    saved(company, "customers", "name,notes\n=1+1,\"=cmd|' /C calc'!A0\"\n")
    assert Customer.everywhere.values_list("name", "notes").get() == ("=1+1", "=cmd|' /C calc'!A0")


def test_what_was_made_harmless_for_spreadsheets_is_read_as_it_was(company):
    saved(company, "customers", "name,phone\n'=Ana,'+40721234567\n''=Bea,\n")
    assert set(Customer.everywhere.values_list("name", "phone")) == {("=Ana", "+40721234567"), ("'=Bea", "")}


# --- numbers and dates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.5", "1234.5"),
        ("1234,5", "1234.5"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234.567", "1234567"),
        ("0,125", "0.125"),
        (".5", "0.5"),
        ("1.2345", "1.2345"),
        ("1 000", None),
        ("1,23,456", None),
        ("12.34.56", None),
        ("€5", None),
        ("", None),
    ],
)
def test_numbers_that_can_mean_one_thing_only(text, number):
    found = numbers.read(text, decimal_comma=None)
    assert (found if found is None else str(found)) == number


ITEM = "order number;description;unit price\n"


def test_a_comma_elsewhere_in_the_file_tells_what_a_point_means(company):
    assert saved(company, "orders", f"{ITEM}1;Seat;1.234\n2;Seat;10,5\n").totals == {"EUR": "1244.50"}
    assert saved(company, "orders", f"{ITEM}3;Seat;1,234\n4;Seat;10.5\n").totals == {"EUR": "1244.50"}


def test_amounts_that_could_be_both_are_asked_and_remembered(company):
    row = checked(company, "orders", f"{ITEM}1;Seat;1.234\n")
    (question,) = row.questions
    assert [(one["value"], one["label"]) for one in question["answers"]] == [(False, "1.234"), (True, "1234")]
    assert saved(company, "orders", f"{ITEM}1;Seat;1.234\n", chosen={"decimal_comma": True}).totals == {
        "EUR": "1234.00"
    }
    later = saved(company, "orders", f"{ITEM}2;Seat;2.500\n")
    assert (later.remembered, later.totals) == (True, {"EUR": "2500.00"})


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2025-04-03", "", datetime(2025, 4, 3)),
        ("2025-04-03T15:30:00+02:00", "", datetime.fromisoformat("2025-04-03T15:30:00+02:00")),
        ("3.4.2025", "", datetime(2025, 4, 3)),
        ("03.04.25 15:30", "", datetime(2025, 4, 3, 15, 30)),
        ("25/12/2025", "", datetime(2025, 12, 25)),
        ("12/25/2025", "", datetime(2025, 12, 25)),
        ("03/04/2025", "dmy", datetime(2025, 4, 3)),
        ("03/04/2025 3:05 PM", "mdy", datetime(2025, 3, 4, 15, 5)),
        ("03-04-1999 12:00:30 am", "mdy", datetime(1999, 3, 4, 0, 0, 30)),
        ("2025/4/3", "mdy", datetime(2025, 4, 3)),
        ("3 Apr 2025", "", datetime(2025, 4, 3)),
        ("April 3, 2025", "", datetime(2025, 4, 3)),
    ],
)
def test_dates_that_can_be_read(text, order, moment):
    assert dates.read(text, order) == moment


@pytest.mark.parametrize("text", ["25/12/2025", "31.02.2025", "1/13/2025 25:00", "3 Foo 2025", "45000"])
def test_dates_that_are_none(text):
    with pytest.raises(ValueError, match=r"."):
        dates.read(text, "mdy")


DAYS = "order number,date\n1,{}\n2,{}\n"


def test_one_date_tells_the_order_of_all(company):
    saved(company, "orders", DAYS.format("03/04/2025", "25/12/2024"))
    assert Order.everywhere.get(order_number="1").placed_at == datetime(2025, 4, 2, 21, tzinfo=UTC)
    saved(company, "orders", DAYS.replace("1,", "3,").replace("2,", "4,").format("03/04/2025", "12/25/2024"))
    assert Order.everywhere.get(order_number="3").placed_at == datetime(2025, 3, 3, 22, tzinfo=UTC)


@pytest.mark.parametrize("second", ["05/06/2025", "25/12/2024\n5,12/25/2024"])
def test_dates_that_do_not_tell_are_asked(company, second):
    text = DAYS.format("03/04/2025", second)
    row = checked(company, "orders", text)
    (question,) = row.questions
    assert (row.state, question["name"]) == ("asks", "date_order")
    assert question["sentence"] == "Dates are written as 03/04/2025. What does that mean?"
    assert [one["label"] for one in question["answers"]] == ["3 April 2025 (day first)", "4 March 2025 (month first)"]
    answered = checked(company, "orders", text, chosen={"date_order": "mdy"})
    assert answered.state == ("ready" if "\n" not in second else "refused")
    assert "“25/12/2024” is not a date" in sentences(answered) or answered.state == "ready"


# --- values ----------------------------------------------------------------------------------------------------------


def test_words_are_matched_whatever_their_case_and_in_other_languages(company):
    saved(company, "orders", "order number,status,priority,payment\n1,DELIVERED,hoch,Bezahlt\n2,נשלח,Low,UNPAID\n")
    assert list(Order.everywhere.order_by("order_number").values_list("status", "priority", "payment_state")) == [
        ("Delivered", "High", "paid"),
        ("Sent", "Low", "unpaid"),
    ]


def test_unknown_words_and_currencies_are_named_with_what_there_is(company):
    row = checked(company, "orders", "order number,status,priority,currency\n1,Sold,Urgentish,EURO\n2,,,XXQ\n")
    assert [(one["line"], one["column"], one["value"]) for one in row.problems] == [
        (2, "status", "Sold"),
        (2, "priority", "Urgentish"),
        (2, "currency", "EURO"),
        (3, "currency", "XXQ"),
    ]
    assert "is not one of: Pending, Processing, Sent, Delivered, Cancelled." in row.problems[0]["sentence"]
    assert row.problems[3]["sentence"].startswith("There is no currency “XXQ”.")


def test_one_number_with_two_heads_is_named_by_both_lines(company):
    row = checked(company, "orders", "order number,customer,description,price\n1,Ana,Seat,5\n2,B,S,1\n1,Bob,Gift,3\n")
    assert sentences(row) == "4 customer: It says “Bob”, line 2 says “Ana” of the same record. Make them agree."


def test_times_and_line_breaks_that_a_file_knows_less_exactly_change_nothing(company):
    order = orders.create(company, {"order_number": "1", "placed_at": "2026-01-05T18:30:00.123456+00:00"})
    orders.update(order, {"notes": "one\r\ntwo"})
    row = saved(company, "orders", 'order number,date,notes\n1,2026-01-05T18:30:00+00:00,"one\ntwo"\n')
    assert (row.updated, row.unchanged) == (0, 1)
    assert saved(company, "orders", "order number,date\n1,2026-01-05T18:30:01+00:00\n").updated == 1


def test_an_order_keeps_its_customer_where_another_is_called_the_same(company):
    first, _second = (customers.create(company, {"name": "Ana", "email": "a@example.com"}) for _number in range(2))
    orders.create(company, {"order_number": "1", "customer": first.pk})
    text = "order number,customer,email\n1,Ana,a@example.com\n"
    assert saved(company, "orders", text).unchanged == 1
    row = checked(company, "orders", text.replace("\n1,", "\n2,"))
    assert "2 customers have this email" in sentences(row)


# --- XLSX ------------------------------------------------------------------------------------------------------------

HEAD = ["Order ID", "Customer", "Order Date", "Product", "Unit Price", "Quantity", "Discount"]


def test_a_workbook_comes_in_as_it_is(company):
    book = workbook(
        HEAD,
        [10248, "Ana", datetime(2025, 4, 3, 15, 30), "Seat", 10.1, 3, 0.15],
        [10248, "Ana", datetime(2025, 4, 3, 15, 30), "Gift", 0.1 + 0.2, 1, None],
        [None] * 7,
        ["10249", "Bea", date(2025, 4, 4), "Seat", "1.234,50", 1],
        sheets={"About": [["Not orders"], ["at all"]]},
    )
    row = saved(company, "orders", book, name="their.xlsx")
    assert (row.settings["format"], row.settings["sheet"], row.settings["sheets"]) == (
        "xlsx",
        "Orders",
        ["Orders", "About"],
    )
    first, second = Order.everywhere.order_by("order_number")
    assert (first.order_number, first.total, first.placed_at) == (
        "10248",
        Decimal("26.06"),
        datetime(2025, 4, 3, 12, 30, tzinfo=UTC),
    )
    assert list(OrderItem.everywhere.filter(order=first).order_by("position").values_list("unit_price", flat=True)) == [
        Decimal("10.1"),
        Decimal("0.3"),
    ]
    assert (second.total, second.placed_at) == (Decimal("1234.50"), datetime(2025, 4, 3, 21, tzinfo=UTC))
    assert saved(company, "orders", book).unchanged == 2


def test_another_sheet_can_be_chosen(company):
    book = workbook(["Not orders"], ["at all"], sheets={"People": [["Name"], ["Ana"], ["Bea"]]})
    assert saved(company, "customers", book, chosen={"sheet": "People"}).created == 2
    row = checked(company, "customers", book, chosen={"sheet": "Nobody"})
    assert row.sentence == "There is no sheet “Nobody”. Sheets: Orders, People."


def test_text_dates_of_a_workbook_are_asked_too(company):
    book = workbook(HEAD[:3], [1, "Ana", "03/04/2025"])
    assert checked(company, "orders", book).questions[0]["name"] == "date_order"
    assert saved(company, "orders", book, chosen={"date_order": "dmy"}).created == 1


def test_a_date_met_beyond_the_rows_looked_at_is_asked(company, monkeypatch):
    monkeypatch.setattr("integration_hub.records.importing.looking.LOOKED_AT", 1)
    book = workbook(HEAD[:3], [1, "Ana", "2025-01-01"], [2, "Bea", "03/04/2025"])
    assert checked(company, "orders", book).questions[0]["name"] == "date_order"


def test_formulas_are_read_by_their_stored_value_and_missing_ones_named(company):
    book = workbook(["Order ID", "Total", "Notes"], ["1", "=2+3", "=NA()"], ["2", 7, "fine"])
    row = checked(company, "orders", book)
    assert [(one["line"], one["column"]) for one in row.problems] == [(2, "Total"), (2, "Notes")]
    assert row.problems[0]["sentence"].startswith("The formula has no stored value.")

    def stored(xml: bytes) -> bytes:
        return xml.replace(b"<f>2+3</f><v />", b"<f>2+3</f><v>5</v>").replace(
            b"<f>2+3</f><v></v>", b"<f>2+3</f><v>5</v>"
        )

    row = checked(company, "orders", rewritten(book, **{SHEET: stored}))
    assert [one["column"] for one in row.problems] == ["Notes"]


def test_an_error_in_a_cell_is_named(company):
    def spoiled(xml: bytes) -> bytes:
        return xml.replace(b'<c r="B2" t="n"><v>5</v></c>', b'<c r="B2" t="e"><v>#REF!</v></c>')

    row = checked(company, "orders", rewritten(workbook(["Order ID", "Total"], ["1", 5]), **{SHEET: spoiled}))
    assert "2 Total: The cell holds the error #REF!. Mend its formula." in sentences(row)


def test_cells_beyond_the_headings_are_named(company):
    assert "3 : The row has a cell in a column without a heading." in sentences(
        checked(company, "customers", workbook(["Name"], ["Ana"], ["Bea", None, "lost?"]))
    )


def stuffed(megabytes: int) -> bytes:
    """A workbook whose sheet unpacks to so much more than it is packed."""
    file = io.BytesIO(workbook(["Name"], ["Ana"]))
    return rewritten(file.getvalue(), xl__media__image_DOT_bin=b"\0" * (megabytes << 20))


def encrypted(book: bytes) -> bytes:
    raw = bytearray(book)
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            lambda: rewritten(workbook(["Name"]), xl__vbaProject_DOT_bin=b"x"),
            "The workbook has macros. Save it as .xlsx",
        ),
        (lambda: stuffed(16), "The workbook unpacks to far more than a table can be."),
        (lambda: encrypted(workbook(["Name"])), "The workbook is encrypted. Save it without a password"),
        (lambda: xlsxfile.OLE + b"\0" * 600, "This is an old Excel file (.xls). Save it as .xlsx or as CSV"),
        (
            lambda: xlsxfile.OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            "The workbook is encrypted. Save it without a password",
        ),
        (lambda: workbook(["Name"])[:900], "The workbook is broken ("),
        (lambda: workbook(), "The sheet is empty. Its first row must hold the names of the columns."),
        (lambda: xlsxfile.ZIP + b"rubbish", "The workbook is broken ("),
    ],
)
def test_workbooks_that_are_refused(company, content, sentence):
    row = checked(company, "customers", content(), name="their.xlsx")
    assert (row.state, row.problem_count) == ("refused", 0)
    assert row.sentence.startswith(sentence)
    assert not Customer.everywhere.exists()


def test_an_archive_that_is_no_workbook_is_refused(company):
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert checked(company, "customers", file.getvalue()).sentence.startswith("This is no workbook we can read.")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda xml: b'<!DOCTYPE a [<!ENTITY b "bbbb">]>' + xml,
        lambda xml: xml.replace(b'r="A2"', b'r="ZZZ2"'),
        lambda xml: xml[:-40],
    ],
)
def test_a_spoiled_sheet_is_refused(company, spoil):
    book = rewritten(workbook(["Name"], ["Ana"]), **{SHEET: spoil})
    assert checked(company, "customers", book).sentence.startswith("The workbook is broken (")


def test_what_unpacks_to_more_than_it_says_is_not_read_on(company, monkeypatch):
    monkeypatch.setattr(xlsxfile, "UNPACKED", 3_000_000)
    rows = [[f"Name {number}", "x" * 40] for number in range(20_000)]
    book = workbook(["Name", "Notes"], *rows)
    assert checked(company, "customers", book).sentence.startswith("The workbook unpacks to ")


# --- size ------------------------------------------------------------------------------------------------------------


def test_a_long_file_is_streamed(company, tmp_path):
    """Reading holds a few blocks and chunks, whatever the file's length: twenty times the rows need no more memory."""
    import tracemalloc

    from integration_hub.records.importing import looking, spool
    from integration_hub.records.importing.cells import Cells
    from integration_hub.records.importing.problems import Problems

    peaks = []
    for rows in (2_000, 40_000):
        path = tmp_path / f"{rows}.csv"
        lines = "".join(f"{number},Seat {number},5.5\n" for number in range(rows))
        path.write_text("order number,description,unit price\n" + lines)
        tracemalloc.start()
        found = looking.look(path, "orders", {}, {}, lambda digest: None)
        cells = Cells(company, decimal_comma=False)
        cells.known = {}
        with looking.opened(path, found.settings) as table, spool.opened(tmp_path / f"{rows}.rows") as kept:
            kept.fill(folding.rows("orders", table.rows(Problems()), found.columns, cells, Problems()))
            assert sum(1 for _draft in folding.drafts("orders", kept, found.columns, Problems())) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + encodings.BLOCK * 8
