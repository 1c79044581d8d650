"""An import on its way: questions, preview, kills, stops, two at once, twice the same, undo, what is kept how long."""

import stat
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration_hub.http import clock
from integration_hub.records import guard
from integration_hub.records.importing import chunks, files, nudge, pruning, saving, services, undoing, work
from integration_hub.records.models import Customer, Import, ImportedRecord, ImportShape, Order, OrderItem
from integration_hub.records.services import bulk, customers, events, orders, tickets
from integration_hub.records.tests.conftest import made_event
from integration_hub.records.tests.importers import checked, saved, sentences, started, undone

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
LATER = work.LEASE + timedelta(seconds=1)
HEAD = "order number,customer,description,unit price\n"
FORTY = HEAD + "".join(f"{number},Customer {number % 3},Seat,5.5\n" for number in range(40))


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    monkeypatch.setattr("integration_hub.connections.pacing.time.sleep", lambda seconds: None)
    monkeypatch.setattr(saving, "LARGEST_CHUNK", 10)
    monkeypatch.setattr(saving.pacing, "HELD", 60.0)  # chunks of ten also on a busy machine
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)


class Killed(BaseException):
    """The process is gone: nothing of ours runs any more."""


@pytest.fixture
def killed(monkeypatch):
    """Kills the worker in a place of the code, at the n-th time it comes by."""

    def kill(module, name, at):
        real, calls = getattr(module, name), []

        def dying(*args, **kwargs):
            calls.append(1)
            if len(calls) == at:
                raise Killed
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, dying)

    return kill


def state_of_records():
    living = {"deleted_at": None}
    heads = list(
        Order.everywhere.filter(**living).order_by("order_number").values_list("order_number", "total", "status")
    )
    lines = OrderItem.everywhere.filter(**living).count()
    people = list(Customer.everywhere.filter(**living).order_by("name").values_list("name", "orders_count"))
    return heads, lines, people


# --- before anything is saved ----------------------------------------------------------------------------------------


def test_the_preview_shows_what_will_be(company):
    ana = customers.create(company, {"name": "Ana"})
    orders.create(
        company,
        {
            "order_number": "7",
            "customer": ana,
            "status": "Pending",
            "items": [{"description": "Seat", "unit_price": 5}],
        },
    )
    row = checked(company, "orders", HEAD.replace("\n", ",status,Freight\n") + "7,Ana,Seat,6,Sent,1\n8,Bea,Gift,2,,1\n")
    assert (row.state, row.rows, row.records, row.done) == ("ready", 2, 2, 0)
    assert row.planned == {
        "created": 1,
        "updated": 1,
        "unchanged": 0,
        "customers_created": 1,
        "unread_phones": 0,
        "totals": {"EUR": "8.00"},
    }
    changed, new = row.preview
    assert (changed["verb"], changed["line"], changed["key"]) == ("updated", 2, "7")
    assert {one["name"]: (one["before"], one["after"]) for one in changed["fields"]} == {
        "status": ("Pending", "Sent"),
        "total": ("5.00", "6.00"),
        "items": ("1 × Seat · 5.00", "1 × Seat · 6.00"),
    }
    told = {one["name"]: one["after"] for one in new["fields"]}
    assert (new["verb"], told["customer"], told["items"]) == ("created", "Bea", "1 × Gift · 2.00")
    assert [(one["heading"], one["field"], one["how"]) for one in row.columns][-2:] == [
        ("status", "status", "name"),
        ("Freight", "", ""),
    ]
    assert row.columns[1]["samples"] == ["Ana", "Bea"]
    assert state_of_records()[0] == [("7", Decimal(5), "Pending")]


def test_a_file_with_problems_saves_nothing_and_can_be_read_another_way(company):
    text = "Nr,Datum,Preis,Was\n1,03.04.2025,5,Karte\n2,soon,6,Karte\n"
    row = checked(company, "orders", text)
    assert (row.state, [one["name"] for one in row.questions]) == ("asks", ["columns"])
    mapping = {"Nr": "order_number", "Datum": "placed_at", "Preis": "unit_price", "Was": "description"}
    row = work.run(services.choose(row, actor="tests", mapping=mapping, wake=False).pk)
    assert (row.state, row.questions) == ("refused", [])
    assert sentences(row).startswith("3 Datum: “soon” is not a date. Write year-month-day")
    assert row.problems[0]["value"] == "soon"
    with pytest.raises(services.Refused):
        services.start(row, actor="tests")
    row = work.run(services.choose(row, actor="tests", mapping={**mapping, "Datum": ""}, wake=False).pk)
    assert (row.state, row.problem_count, row.problems) == ("ready", 0, [])
    assert started(row).created == 2
    assert {one["heading"]: one["how"] for one in row.columns}["Datum"] == "chosen"


def test_a_mapping_is_remembered_for_files_of_this_shape(company, other_company):
    text = "Nr,Preis,Was\n{},5,Karte\n"
    mapping = {"Nr": "order_number", "Preis": "unit_price", "Was": "description"}
    saved(company, "orders", text.format(1), mapping=mapping)
    row = saved(company, "orders", text.format(2).replace("Nr,", " NR ,"))
    assert (row.remembered, row.created, row.columns[0]["how"]) == (True, 1, "remembered")
    assert checked(company, "orders", "Nr,Preis\n3,5\n").state == "asks"
    assert checked(other_company, "orders", text.format(3)).state == "asks"
    row = checked(company, "orders", text.format(3), mapping={"Was": "notes", "Preis": "total"})
    assert [one["how"] for one in row.columns] == ["remembered", "chosen", "chosen"]
    assert ImportShape.everywhere.count() == 1


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"mapping": {"Colour": "notes"}}, "The mapping names the column “Colour”, but the file has: name."),
        ({"mapping": {"name": "colour"}}, "The mapping names our field “colour”"),
        ({"settings": {"date_order": "ymd"}}, "“ymd” is no answer to date_order."),
        ({"settings": {"colour": "red"}}, "“red” is no answer to colour."),
    ],
)
def test_answers_that_are_none(company, said, sentence):
    row = checked(company, "customers", "name\nAna\n")
    with pytest.raises(services.Refused, match=sentence.replace(".", r"\.")):
        services.choose(row, actor="tests", **said)
    row.refresh_from_db()
    assert row.state == "ready"


def test_the_file_is_private_and_goes_with_the_import(company):
    row = checked(company, "customers", "name\nAna\n", name="../../etc/passwd")
    path = files.path(row.stored)
    assert path.parent == files.folder()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    services.discard(row, actor="tests")
    assert not path.exists()
    assert not files.spool(row.stored).exists()
    assert not Import.everywhere.exists()


def test_a_file_that_is_too_large_or_of_no_kind_leaves_nothing(company, monkeypatch):
    monkeypatch.setattr(services, "MAX_BYTES", 1 << 20)
    before = set(files.folder().iterdir())
    with pytest.raises(services.Refused, match="larger than 1 MB"):
        checked(company, "customers", b"x" * ((1 << 20) + 1))
    with pytest.raises(services.Refused, match="“shoes” cannot be imported"):
        checked(company, "shoes", "name\n")
    assert set(files.folder().iterdir()) == before


def test_a_file_that_is_gone_says_so(company):
    row = checked(company, "customers", "name\nAna\n")
    files.remove(row.stored)
    row = work.run(services.choose(row, actor="tests", wake=False).pk)
    assert (row.state, row.sentence[:36]) == ("refused", "The file is not here any more. Bring")


# --- killed, stopped, twice, at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "at"),
    [
        ((chunks.Chunk, "save"), 1),
        ((chunks.Chunk, "save"), 3),
        ((saving, "_keep_images"), 2),
        ((saving, "_advance"), 4),
        ((bulk, "insert_orders"), 2),
        ((files, "remove_spool"), 1),
    ],
)
def test_killed_at_any_chunk_it_goes_on_after_the_last_one_saved(company, queue, killed, monkeypatch, place, at):
    row = checked(company, "orders", FORTY)
    with monkeypatch.context():
        killed(*place, at)
        with pytest.raises(Killed):
            started(row)
    row.refresh_from_db()
    whole = Order.everywhere.count()
    assert (row.done, row.created) == (whole, whole)
    assert OrderItem.everywhere.count() == whole
    assert ImportedRecord.everywhere.filter(noun="order").count() == whole
    assert work.claim() is None, "the lease of the killed one still holds"
    monkeypatch.undo()
    nobody_waits_again(monkeypatch)
    with clock.shifted(LATER):
        assert work.serve() == (0 if row.state == "done" else 1)
    row.refresh_from_db()
    assert (row.state, row.done, row.created, row.customers_created) == ("done", 40, 40, 3)
    assert row.totals == {"EUR": "220.00"}
    assert (Order.everywhere.count(), OrderItem.everywhere.count(), Customer.everywhere.count()) == (40, 40, 3)
    assert ImportedRecord.everywhere.count() == 43
    assert len(queue.take()) == 83


def nobody_waits_again(monkeypatch):
    monkeypatch.setattr("integration_hub.connections.pacing.time.sleep", lambda seconds: None)
    monkeypatch.setattr(nudge._nudger, "publish", lambda: None)


def test_killed_while_checking_it_is_checked_again(company, killed, monkeypatch):
    killed(bulk, "plan_order", 20)
    with pytest.raises(Killed):
        checked(company, "orders", FORTY)
    row = Import.everywhere.get()
    with clock.shifted(LATER):
        assert work.repair() == 1
        assert work.serve() == 1
    row.refresh_from_db()
    assert (row.state, row.records, row.problem_count) == ("ready", 40, 0)


def test_another_machine_without_the_rows_reads_the_file_again(company):
    row = checked(company, "orders", FORTY)
    files.remove_spool(row.stored)
    assert started(row).created == 40


def test_a_shift_ends_and_another_goes_on(company, monkeypatch):
    row = services.start(checked(company, "orders", FORTY), actor="tests", wake=False)
    held = work.claim()
    work.one(held, 0.0)
    row.refresh_from_db()
    assert (row.state, row.claim) == ("saving", None)
    assert 0 < row.done < 40
    while work.serve(0.001):
        pass
    row.refresh_from_db()
    assert (row.state, row.done) == ("done", 40)


def test_stopped_it_keeps_what_is_whole_and_can_go_on_or_be_undone(company, monkeypatch):
    row, save, calls = checked(company, "orders", FORTY), saving.save_chunk, []

    def stopping(*args):
        calls.append(1)
        if len(calls) == 2:
            assert services.stop(row, actor="tests")
        save(*args)

    monkeypatch.setattr(saving, "save_chunk", stopping)
    row = started(row)
    assert (row.state, row.done, Order.everywhere.count()) == ("stopped", 10, 10)
    assert not services.stop(row, actor="tests")
    with pytest.raises(services.Refused, match="saved already"):
        services.choose(row, actor="tests", mapping={})
    with pytest.raises(services.Refused, match="thrown away"):
        services.discard(row, actor="tests")
    row = started(row)
    assert (row.state, row.done, Order.everywhere.count()) == ("done", 40, 40)


def test_who_lost_the_lease_saves_nothing_more(company):
    services.start(checked(company, "orders", FORTY), actor="tests", wake=False)
    slow = work.claim()
    with clock.shifted(LATER):
        quick = work.claim()
        assert quick is not None
        work.one(slow, 0.0)
        assert not Order.everywhere.exists()
        work.one(quick, float("inf"))
    assert Order.everywhere.count() == 40


def test_a_database_that_is_away_ends_nothing(company, monkeypatch):
    row = services.start(checked(company, "orders", FORTY), actor="tests", wake=False)

    def gone(*args):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(saving, "_keep_images", gone)
    work.serve()
    row.refresh_from_db()
    assert (row.state, Order.everywhere.count()) == ("saving", 0)


def test_a_fault_of_ours_is_said_and_it_can_go_on(company, monkeypatch):
    row = checked(company, "orders", FORTY)
    with monkeypatch.context() as broken:
        broken.setattr(saving, "_keep_images", lambda *args: 1 / 0)
        row = started(row)
    assert (row.state, row.sentence[:26]) == ("failed", "A fault in the hub ended i")
    assert started(row).created == 40


def test_a_record_that_can_no_longer_be_saved_is_named_by_its_line(company):
    row = checked(company, "orders", FORTY)
    for _number in range(2):
        customers.create(company, {"name": "Customer 2"})
    row = started(row)
    assert (row.state, row.done, Order.everywhere.count()) == ("failed", 2, 2)
    assert row.sentence.startswith("Line 4 can no longer be saved: 2 customers have this name: “Customer 2”.")
    customers.delete(Customer.everywhere.filter(name="Customer 2").first())
    assert started(row).done == 40


def test_two_imports_of_a_company_take_turns(company, other_company):
    first, second = (checked(company, "orders", FORTY) for _number in range(2))
    theirs = checked(other_company, "orders", FORTY)
    for row in (first, second, theirs):
        services.start(row, actor="tests", wake=False)
    held = work.claim()
    assert held.row.pk == first.pk
    assert services.waiting(second)
    also = work.claim()
    assert also.row.pk == theirs.pk, "another company need not wait"
    assert work.claim() is None
    for one in (held, also):
        work.one(one, float("inf"))
    assert work.serve() == 1
    second.refresh_from_db()
    assert (second.created, second.unchanged, second.customers_created) == (0, 40, 0)
    assert Order.everywhere.filter(company=company).count() == 40


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_the_same_moment(company):
    """Four workers, two files that overlap: every order is there once, each import says what it did."""
    texts = (FORTY, FORTY.replace("Seat,5.5", "Seat,6.5") + "77,Customer 1,Seat,1\n")
    rows = [services.start(checked(company, "orders", text), actor="tests", wake=False) for text in texts]

    def worker():
        while work.serve(0.01) or Import.everywhere.filter(state="saving").exists():
            pass
        connection.close()

    threads = [threading.Thread(target=worker) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    first, second = (Import.everywhere.get(pk=row.pk) for row in rows)
    assert (first.state, second.state) == ("done", "done")
    assert Order.everywhere.count() == OrderItem.everywhere.filter(deleted_at=None).count() == 41
    assert Customer.everywhere.count() == 3
    assert (first.created + second.created, first.updated + second.updated) == (41, 40)


def test_a_second_time_changes_nothing(company, queue):
    saved(company, "orders", FORTY)
    before = list(Order.everywhere.order_by("pk").values())
    queue.take()
    row = saved(company, "orders", FORTY)
    assert (row.created, row.updated, row.unchanged) == (0, 0, 40)
    assert list(Order.everywhere.order_by("pk").values()) == before
    assert queue.take() == {}
    assert services.undo_until(row) is None


# --- undo ------------------------------------------------------------------------------------------------------------


def test_undo_takes_back_what_was_made_and_sets_back_what_was_changed(company, queue):
    ana = customers.create(company, {"name": "Ana", "notes": "old"})
    kept = orders.create(
        company,
        {
            "order_number": "7",
            "customer": ana,
            "items": [{"description": "Seat", "unit_price": "5"}, {"description": "Gift", "unit_price": "1"}],
        },
    )
    before = state_of_records()
    lines = OrderItem.everywhere.filter(order=kept).order_by("position").values_list("description", "unit_price")
    was = list(lines)
    row = saved(company, "orders", HEAD + "7,Bea,Seat,6\n8,Bea,Seat,1\n9,Cleo,Seat,1\n")
    assert (row.created, row.updated, row.customers_created) == (2, 1, 2)
    queue.take()
    row = undone(row)
    assert (row.state, row.undone, row.left) == ("undone", 5, 0)
    assert state_of_records() == before
    assert list(lines.filter(deleted_at=None)) == was
    told = {kind for kind, _pk in queue.take()}
    assert {"order", "order_item", "customer"} <= told
    assert services.undo_until(row) is None
    assert saved(company, "orders", HEAD + "7,Bea,Seat,6\n8,Bea,Seat,1\n9,Cleo,Seat,1\n").created == 2


def test_undo_of_customers_sets_back_what_was_known_of_them(company):
    ana = customers.create(company, {"name": "Ana", "reference": "C1", "phone": "+40721234567"})
    row = saved(company, "customers", "reference,name,email,phone\nC1,Anna,a@example.com,12\nC2,Bea,,\n")
    assert (row.created, row.updated) == (1, 1)
    undone(row)
    ana.refresh_from_db()
    assert (ana.name, ana.email, ana.phone, ana.phone_raw) == ("Ana", "", "+40721234567", "")
    assert Customer.everywhere.filter(deleted_at=None).count() == 1


def test_undo_leaves_alone_what_was_touched_since_and_says_why(company):
    for number in ("1", "2", "3"):
        orders.create(company, {"order_number": number, "notes": "old"})
    row = saved(company, "orders", "order number,customer,notes\n1,Ana,new\n2,Ana,new\n3,Bea,new\n4,Cleo,x\n5,Dan,x\n")
    by_number = {order.order_number: order for order in Order.everywhere.all()}
    orders.update(by_number["1"], {"notes": "mine"})
    orders.update(by_number["2"], {"priority": "High"})  # nothing the import said
    orders.delete(by_number["3"])
    orders.create(company, {"order_number": "6", "customer": by_number["5"].customer})
    event = made_event(company)
    kind = orders_kind(event, company)
    orders.update(by_number["4"], {"items": [{"ticket_type": kind}]})
    line = OrderItem.everywhere.get(order=by_number["4"])
    tickets.create(company, {"ticket_type": kind, "order_item": line})
    row = undone(row)
    left = {image.title: image.sentence for image in ImportedRecord.everywhere.filter(of_import=row, outcome="left")}
    assert left == {
        "1": "It was changed since: notes.",
        "3": "It was deleted in the meantime.",
        "4": "Tickets were issued for it since. Delete it by hand.",
        "Ana": "Still belonging to it: orders. Delete or move them first.",
        "Cleo": "Still belonging to it: orders. Delete or move them first.",
        "Dan": "Still belonging to it: orders. Delete or move them first.",
    }
    assert (row.left, row.undone) == (6, 3)
    now = dict(Order.everywhere.filter(deleted_at=None).values_list("order_number", "notes"))
    assert now == {"1": "mine", "2": "old", "4": "x", "6": ""}
    assert Order.everywhere.get(order_number="2").priority == "High"


def test_undo_leaves_alone_what_it_made_and_somebody_changed_since(company):
    row = saved(company, "orders", "order number,customer,notes\n1,Ana,x\n2,Bea,x\n")
    long_ago = timezone.now() - timedelta(minutes=5)
    with guard.writing():
        for model in (Order, Customer):
            model.everywhere.update(created_at=long_ago, updated_at=long_ago)
    orders.update(Order.everywhere.get(order_number="1"), {"notes": "mine"})
    customers.update(Customer.everywhere.get(name="Bea"), {"email": "bea@example.com"})
    row = undone(row)
    left = {image.title: image.sentence for image in ImportedRecord.everywhere.filter(of_import=row, outcome="left")}
    assert left == {
        "1": "It was changed since. Delete it by hand.",
        "Ana": "Still belonging to it: orders. Delete or move them first.",
        "Bea": "It was changed since. Delete it by hand.",
    }
    assert list(Order.everywhere.filter(deleted_at=None).values_list("order_number", "notes")) == [("1", "mine")]


def orders_kind(event, company):
    return events.ticket_types.create(company, {"event": event, "name": "Seat", "price": "5"})


@pytest.mark.parametrize("at", [1, 2, 4])
def test_undo_killed_in_the_middle_goes_on(company, killed, monkeypatch, at):
    row = saved(company, "orders", FORTY)
    with monkeypatch.context() as once:
        once.setattr(undoing, "take_back", dying(undoing.take_back, at))
        with pytest.raises(Killed):
            undone(row)
    row.refresh_from_db()
    living = Order.everywhere.filter(deleted_at=None).count() + Customer.everywhere.filter(deleted_at=None).count()
    assert row.undone == 43 - living
    with clock.shifted(LATER):
        assert work.serve() == 1
    row.refresh_from_db()
    assert (row.state, row.undone, row.left) == ("undone", 43, 0)
    assert state_of_records() == ([], 0, [])


def dying(real, at):
    calls = []

    def die(*args):
        real(*args)
        calls.append(1)
        if len(calls) == at:
            raise Killed

    return die


def test_what_is_half_saved_can_be_undone(company, monkeypatch):
    row = services.start(checked(company, "orders", FORTY), actor="tests", wake=False)
    work.one(work.claim(), 0.0)
    services.stop(row, actor="tests")
    row.refresh_from_db()
    assert 0 < row.done < 40
    row = undone(row)
    assert (row.state, state_of_records()) == ("undone", ([], 0, []))
    with pytest.raises(services.Refused):
        services.start(row, actor="tests")


def test_undoing_takes_as_many_queries_for_any_number_of_orders(company, monkeypatch):
    monkeypatch.setattr(saving, "FIRST_CHUNK", 100)
    counts = []
    for rows in (10, 40):
        text = HEAD + "".join(f"{rows}-{number},Customer {number % 3},Seat,5.5\n" for number in range(rows))
        row = services.undo(saved(company, "orders", text), actor="tests", wake=False)
        with CaptureQueriesContext(connection) as queries:
            work.run(row.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- the house -------------------------------------------------------------------------------------------------------


def test_old_imports_go_with_their_files(company):
    row, young = saved(company, "customers", "name\nAna\n"), checked(company, "customers", "name\nBea\n")
    going = services.start(checked(company, "customers", "name\nCleo\n"), actor="tests", wake=False)
    with clock.shifted(services.KEPT - timedelta(hours=1)):
        assert pruning.prune() == 0
        Import.everywhere.filter(pk=young.pk).update(created_at=clock.now())
    with clock.shifted(services.KEPT + timedelta(hours=1)):
        assert services.undo_until(row) is None
        assert pruning.prune() == 1
    assert {one.pk for one in Import.everywhere.all()} == {young.pk, going.pk}
    assert not files.path(row.stored).exists()
    assert not ImportedRecord.everywhere.exists()
    assert Customer.everywhere.get().name == "Ana"


def test_the_rounds_nudge_for_imports_nobody_works_on(company, monkeypatch):
    heard = []
    monkeypatch.setattr(nudge._nudger, "publish", lambda: heard.append(1))
    assert work.repair() == 0
    assert not heard
    services.start(checked(company, "customers", "name\nAna\n"), actor="tests", wake=False)
    assert work.repair() == 1
    assert heard


def test_imports_hold_a_quarter_of_the_threads(company, other_company, settings):
    settings.CELERY_WORKER_CONCURRENCY = 4
    services.start(checked(company, "customers", "name\nAna\n"), actor="tests", wake=False)
    services.start(checked(other_company, "customers", "name\nAna\n"), actor="tests", wake=False)
    held = work.claim()
    assert work.serve() == 0
    work.one(held, float("inf"))
    assert work.serve() == 1
