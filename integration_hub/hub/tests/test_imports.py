"""The pages of an import, as a browser without script posts them; the worker's part is done in between."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration_hub.companies.models import Company, User
from integration_hub.hub import importing, uploads
from integration_hub.records.importing import nudge, services, work
from integration_hub.records.models import Import, Order
from integration_hub.records.models.imports import ImportedRecord, ImportState
from integration_hub.records.services import events, orders

pytestmark = pytest.mark.django_db
PAGES = "/admin/hub/imports/"
HEAD = "OrderNo,Client,Ordered,Article,Pieces,UnitPrice,Curr,Ship via"
ROWS = ("1001,Ana Pop,2026-03-04,Chai,2,18.00,EUR,3", "1001,Ana Pop,2026-03-04,Chang,1,19.00,EUR,3")
MORE = ("1002,Dan Ion,2026-03-05,Chai,10,1.50,RON,1",)


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)


@pytest.fixture
def browser(alice: User, login: Callable[[User], Client]) -> Client:
    return login(alice)


def upload(browser: Client, *rows: str, head: str = HEAD, kind: str = "orders", name: str = "sales.csv") -> Any:
    file = SimpleUploadedFile(name, "\n".join((head, *rows)).encode())
    return browser.post(f"{PAGES}new/", {"kind": kind, "file": file})


def brought(browser: Client, *rows: str, **options: Any) -> Import:
    """Uploaded and checked."""
    answer = upload(browser, *rows, **options)
    assert answer.status_code == 302, answer.context["errors"]
    work.serve()
    return latest()


def latest() -> Import:
    return Import.everywhere.latest("created_at")


def shown(browser: Client, file: Import, part: str = "") -> str:
    answer = browser.get(f"{PAGES}{file.pk}/{part}")
    assert answer.status_code == 200
    return answer.content.decode()


def press(browser: Client, file: Import, what: str, **data: str) -> Import:
    answer = browser.post(f"{PAGES}{file.pk}/{what}/", data)
    assert answer.status_code == 302
    work.serve()
    file.refresh_from_db()
    return file


@pytest.mark.engine
def test_a_file_from_the_upload_to_its_end_and_back(browser: Client, company: Company) -> None:
    answer = upload(browser, *ROWS, *MORE)
    file = latest()
    assert answer["Location"] == f"{PAGES}{file.pk}/"
    assert "Reading and checking the file" in shown(browser, file)
    work.serve()
    file.refresh_from_db()
    columns = shown(browser, file, "columns/")
    assert "Ana Pop" in columns and 'name="col.3"' in columns  # a sample of each column, and a choice for each
    mapped = {"OrderNo": "order_number", "Client": "customer_name", "Ordered": "placed_at", "Article": "description"}
    mapped |= {"Pieces": "quantity", "UnitPrice": "unit_price", "Curr": "currency", "Ship via": ""}
    places = {column["heading"]: place for place, column in enumerate(file.columns)}
    press(browser, file, "columns", **{f"col.{places[heading]}": field for heading, field in mapped.items()})
    assert file.state == ImportState.READY
    page = shown(browser, file)
    assert "Nothing saved yet" in page and 'Left out: <span dir="auto">Ship via</span>' in " ".join(page.split())
    assert "55.00" in page and "15.00" in page and "RON in all" in page
    assert not Order.everywhere.exists()
    press(browser, file, "start")
    assert file.state == ImportState.DONE
    page = shown(browser, file)
    assert "All 2 records are in." in page and "55.00" in page and "It can be undone until" in page
    assert {str(order.total) for order in Order.everywhere.all()} == {"55.0000", "15.0000"}
    question = shown(browser, file, "undo/")
    assert "Undo the import of “sales.csv”?" in question and "are deleted" in question
    assert Order.everywhere.filter(deleted_at=None).count() == 2  # asking undoes nothing
    press(browser, file, "undo")
    assert file.state == ImportState.UNDONE and "It was undone." in shown(browser, file)
    assert not Order.everywhere.filter(deleted_at=None).exists()
    listing = browser.get(PAGES).content.decode()
    assert "sales.csv" in listing and "alice" in listing and "Undone" in listing


def test_what_is_wrong_is_named_and_can_be_taken_along(browser: Client, company: Company) -> None:
    wrong = ("1003,Ana,2026-03-05,Chai,two,1.50,EUR,1", "1004,Ana,2026-03-05,Chai,1,=1+1,EUR,1")
    head = "Order number,Customer name,Order date,Description,Quantity,Unit price,Currency,Ship via"
    file = brought(browser, *ROWS, *wrong, head=head)
    assert (file.state, file.problem_count) == (ImportState.REFUSED, 2)
    page = shown(browser, file)
    assert "2 cells or rows cannot be read." in page and "Nothing was saved." in page and "two" in page
    answer = browser.get(f"{PAGES}{file.pk}/problems/")
    heads, first, second = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert heads == ["Line", "Column", "Value", "What to do"]
    assert first[:3] == ["4", "Quantity", "two"] and first[3]
    assert second[:3] == ["5", "Unit price", "'=1+1"]  # a spreadsheet must not calculate it
    assert "attachment" in answer["Content-Disposition"]
    assert not Order.everywhere.exists()


def test_a_date_that_could_be_two_is_asked_about(browser: Client, company: Company) -> None:
    file = brought(browser, "A1,03/04/2025,5", head="Order number,Order date,Total")
    assert file.state == ImportState.ASKS
    page = shown(browser, file)
    assert page.count('name="set.date_order"') == 2 and page.count('type="radio"') == 2
    press(browser, file, "columns", **{"set.date_order": "dmy"})
    assert file.state == ImportState.READY and file.chosen["date_order"] == "dmy"
    press(browser, file, "start")
    assert Order.everywhere.get().placed_at.astimezone(ZoneInfo(company.timezone)).date() == date(2025, 4, 3)


def test_how_the_file_is_written_can_be_changed(browser: Client, company: Company) -> None:
    file = brought(browser, "A1;5", head="Order number;Total|x")
    page = shown(browser, file, "columns/")
    assert '<option value="semicolon" selected>' in page and '<option value="utf-8" selected>' in page
    # What only was found is not taken for a choice.
    posted = {"set.delimiter": "semicolon", "set.encoding": "windows-1252", "set.decimal_comma": ""}
    press(browser, file, "columns", **posted)
    assert file.chosen == {"encoding": "windows-1252"}


def test_the_same_shape_is_remembered(browser: Client, company: Company) -> None:
    file = brought(browser, "A1,x,5", head="Order number,Who,Total")
    place = [column["heading"] for column in file.columns].index("Who")
    press(browser, file, "columns", **{f"col.{place}": "customer_name"})
    press(browser, file, "start")
    again = brought(browser, "A2,y,6", head="Order number,Who,Total")
    assert again.remembered and "matched as you matched them last time" in shown(browser, again)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"kind": "orders"}, "Choose a file."),
        ({"kind": "", "file": b"a,b"}, "Say what the rows of the file are."),
        ({"kind": "orders", "file": b""}, "The file is empty."),
    ],
)
def test_an_upload_that_cannot_be(browser: Client, company: Company, data: dict[str, Any], sentence: str) -> None:
    if "file" in data:
        data = data | {"file": SimpleUploadedFile("f.csv", data["file"])}
    answer = browser.post(f"{PAGES}new/", data)
    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert not Import.everywhere.exists()


def test_a_file_that_is_too_large_is_refused(
    browser: Client, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MAX_BYTES", 1 << 20)
    answer = upload(browser, "x" * (1 << 20))
    assert answer.status_code == 422 and "larger than 1 MB" in answer.content.decode()


@pytest.mark.parametrize("who", ["alice", "nobody"])
def test_a_form_that_is_too_large_is_not_even_kept(
    browser: Client, company: Company, monkeypatch: pytest.MonkeyPatch, settings: Any, who: str
) -> None:
    """Whoever is not logged in cannot fill the disk; whoever is gets an answer instead of a broken connection."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 10
    monkeypatch.setattr(uploads, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr("django.http.multipartparser.MultiPartParser.parse", lambda self: pytest.fail("it was read"))
    answer = upload(browser if who == "alice" else Client(), "x" * (3 << 20))
    assert answer.status_code == 413
    assert ("1.0 MB" if who == "alice" else "1.0 KB") in answer.content.decode().replace("\xa0", " ")


def test_a_file_of_another_kind_is_refused_with_a_sentence(browser: Client, company: Company) -> None:
    file = SimpleUploadedFile("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600)
    browser.post(f"{PAGES}new/", {"kind": "orders", "file": file})
    work.serve()
    refused = latest()
    assert refused.state == ImportState.REFUSED and refused.sentence
    page = shown(browser, refused)
    assert refused.sentence in page and "Discard" in page


def test_discarding_asks_first(browser: Client, company: Company) -> None:
    file = brought(browser, "A1,5", head="Order number,Total")
    assert "Discard “sales.csv”?" in shown(browser, file, "discard/")
    assert browser.post(f"{PAGES}{file.pk}/discard/")["Location"] == PAGES
    assert not Import.everywhere.exists()


def test_stopping_asks_first_and_going_on_goes_on(browser: Client, company: Company) -> None:
    file = brought(browser, "A1,5", head="Order number,Total")
    browser.post(f"{PAGES}{file.pk}/start/")
    assert "Stop this import?" in shown(browser, file, "stop/")
    press(browser, file, "stop")
    assert file.state == ImportState.STOPPED
    assert "It was stopped before anything was saved." in shown(browser, file)
    press(browser, file, "start")
    assert file.state == ImportState.DONE


def test_a_button_that_came_too_late_says_so(browser: Client, company: Company) -> None:
    file = brought(browser, "A1,5", head="Order number,Total")
    press(browser, file, "start")
    for what in ("start", "columns", "discard"):
        answer = browser.post(f"{PAGES}{file.pk}/{what}/", follow=True)
        assert [message.level_tag for message in answer.context["messages"]] == ["error"], what
    Import.everywhere.update(created_at=timezone.now() - timedelta(days=31))
    answer = browser.get(f"{PAGES}{file.pk}/undo/", follow=True)
    assert "cannot be undone any more" in answer.content.decode()


@pytest.mark.engine
def test_what_an_undo_left_alone_is_named(browser: Client, company: Company) -> None:
    for number in ("A1", "A2"):
        orders.create(company, {"order_number": number, "total": 1})
    file = brought(browser, "A1,5", "A2,6", head="Order number,Total")
    press(browser, file, "start")
    orders.update(Order.everywhere.get(order_number="A2"), {"total": 7})
    press(browser, file, "undo")
    assert sorted(Order.everywhere.values_list("total", flat=True)) == [1, 7]
    assert ImportedRecord.everywhere.filter(outcome="left").count() == 1
    page = shown(browser, file)
    assert "Left alone" in page and "A2" in page


@pytest.mark.parametrize("part", ["", "new/", "template/orders/"])
def test_staff_may_not(bob: User, login: Callable[[User], Client], part: str) -> None:
    client = login(bob)
    assert client.get(PAGES + part).status_code == 403
    assert client.post(f"{PAGES}new/", {"kind": "orders"}).status_code == 403
    assert PAGES not in client.get("/admin/hub/").content.decode()


def test_nobody_sees_another_companys(browser: Client, charlie: User, login: Callable[[User], Client]) -> None:
    file = brought(browser, "A1,5", head="Order number,Total")
    stranger = login(charlie)
    assert "sales.csv" not in stranger.get(PAGES).content.decode()
    for part in ("", "columns/", "stop/", "undo/", "discard/", "problems/"):
        assert stranger.get(f"{PAGES}{file.pk}/{part}").status_code == 404, part
    for part in ("columns/", "start/", "stop/", "undo/", "discard/"):
        assert stranger.post(f"{PAGES}{file.pk}/{part}").status_code == 404, part
    file.refresh_from_db()
    assert file.state == ImportState.READY


def test_an_empty_file_to_fill_is_understood(browser: Client, company: Company) -> None:
    for kind in services.KINDS:
        text = browser.get(f"{PAGES}template/{kind}/").content.decode("utf-8-sig")
        (headings,) = csv.reader(io.StringIO(text))
        assert len(headings) == len(services.fields_for(kind))
    assert browser.get(f"{PAGES}template/nothing/").status_code == 404


def test_the_lists_lead_here(browser: Client, bob: User, login: Callable[[User], Client]) -> None:
    assert f"{PAGES}new/?kind=orders" in browser.get("/admin/records/order/").content.decode()
    assert f"{PAGES}new/" not in login(bob).get("/admin/records/order/").content.decode()


def test_pages_ask_the_same_few_questions_however_many_imports_there_are(
    browser: Client, company: Company, django_assert_max_num_queries: Any
) -> None:
    for _number in range(5):
        upload(browser, *ROWS)
    with django_assert_max_num_queries(6):
        browser.get(PAGES, headers={"HX-Request": "true"})


def test_how_far_it_is() -> None:
    now = timezone.now()
    saving = Import(state=ImportState.SAVING, rows=3000, records=1000, done=500, started_at=now - timedelta(seconds=10))
    progress = importing.progress(saving, now)
    assert (progress.done, progress.whole, progress.percent, progress.per_second) == (1500, 3000, 50, 150.0)
    assert progress.left == "about 10 s left"
    reading = importing.progress(Import(state=ImportState.CHECKING, rows=70), now)
    assert (reading.done, reading.whole, reading.percent, reading.left) == (70, 0, 0, "")
    undoing = Import(state=ImportState.UNDOING, created=4, customers_created=2, undone=3, left=1)
    assert (importing.progress(undoing, now).done, importing.progress(undoing, now).whole) == (4, 6)


def test_tickets_and_appointments_come_in_by_the_same_pages(browser: Client, company: Company) -> None:
    moment = {"starts_at": "2027-03-04T17:00:00Z", "ends_at": "2027-03-04T19:00:00Z"}
    gala = events.create(company, {"title": "Gala", **moment})
    events.ticket_types.create(company, {"event": gala, "name": "VIP", "price": 50})
    for noun in ("ticket", "appointment"):
        listing = browser.get(reverse(f"admin:records_{noun}_changelist")).content.decode()
        assert f"{PAGES}new/?kind={noun}s" in listing
    file = brought(browser, "Gala,VIP,Ana Pop", "Gale,VIP,Dan", head="Event,Ticket type,Attendee", kind="tickets")
    page = shown(browser, file)
    assert "There is no event “Gale”. Bring the events first" in page and file.state == ImportState.REFUSED
    for head, row, kind, seen in (
        ("Event,Ticket type,Attendee", "Gala,VIP,Ana Pop", "tickets", "Ana Pop"),
        ("Subject,Start,End,Client", "Talk,2027-03-04 09:00,2027-03-04 10:00,Dan Ion", "appointments", "Dan Ion"),
    ):
        file = brought(browser, row, head=head, kind=kind)
        assert seen in shown(browser, file)
        browser.post(f"{PAGES}{file.pk}/start/")
        work.serve()
        assert latest().state == ImportState.DONE and latest().created == 1
        page = shown(browser, file)
        assert reverse(f"admin:records_{kind[:-1]}_changelist") in page
        assert ("new customers" in page) == (kind == "appointments")
