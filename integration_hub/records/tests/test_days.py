"""The roll-ups of orders: whatever the services do, and whoever is killed, they say what counting says."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_hub.companies import zones
from integration_hub.companies.models import Company
from integration_hub.records import guard
from integration_hub.records.models import DayBook, Order, OrderCustomer, OrderDay
from integration_hub.records.services import bulk, customers, daybooks, days, orders, recounting
from integration_hub.sync import sql, tasks

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


@pytest.fixture
def book(company):
    daybooks.tend_one(company.pk)
    return DayBook.everywhere.get(company=company)


def added_up(model, *names):
    """Key → (orders, total) of a roll-up, without what adds up to nothing."""
    found = defaultdict(lambda: (0, Decimal(0)))
    books = dict(DayBook.everywhere.values_list("company", "build"))
    for owner, build, *key, count, total in model.everywhere.values_list("company", "build", *names, "orders", "total"):
        if books.get(owner) == build:
            so_far = found[owner, *key]
            found[owner, *key] = (so_far[0] + count, so_far[1] + total)
    return {key: value for key, value in found.items() if value != (0, 0)}


def counted(key_of):
    found = defaultdict(lambda: (0, Decimal(0)))
    for order in Order.everywhere.filter(deleted_at=None).select_related("company"):
        if (key := key_of(order)) is not None:
            so_far = found[key]
            found[key] = (so_far[0] + 1, so_far[1] + order.total)
    return dict(found)


def by_day(order):
    day = zones.day_of(order.placed_at, order.company.timezone)
    return (order.company_id, day, order.status, order.priority, order.currency)


def by_customer(order):
    return order.customer_id and (order.company_id, order.customer_id, order.currency)


def agree():
    assert added_up(OrderDay, "day", "status", "priority", "currency") == counted(by_day)
    assert added_up(OrderCustomer, "customer", "currency") == counted(by_customer)


def made(company, **data):
    return orders.create(company, {"placed_at": NOON, "total": "10", **data})


# --- days of a zone ---------------------------------------------------------------------------------------------------


@given(st.datetimes(datetime(1850, 1, 1), datetime(2100, 1, 1)), st.sampled_from(sorted(zones.zones())))
@settings(max_examples=200)
def test_a_moment_lies_between_the_midnights_of_its_day(moment, zone):
    moment = moment.replace(tzinfo=UTC)
    day = zones.day_of(moment, zone)
    assert zones.midnight(day, zone) <= moment < zones.midnight(day + timedelta(days=1), zone)
    assert zones.next_midnight(moment, zone) == zones.midnight(day + timedelta(days=1), zone)


def test_a_day_that_has_begun_does_not_end_when_clocks_are_set_back_over_midnight():
    first = datetime(2006, 10, 29, 2, 30, tzinfo=UTC)  # St. John's, 00:00:00; a minute later it was 23:01 again
    assert zones.day_of(first, "America/St_Johns") == date(2006, 10, 29)
    assert zones.day_of(first + timedelta(minutes=20), "America/St_Johns") == date(2006, 10, 29)


@pytest.mark.parametrize("moment", [datetime.min, datetime.max])
def test_the_ends_of_the_calendar_have_days_too(moment):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert abs(zones.day_of(moment.replace(tzinfo=UTC), zone).year - moment.year) == 0
        assert zones.next_midnight(moment.replace(tzinfo=UTC), zone).tzinfo is UTC


# --- every change -----------------------------------------------------------------------------------------------------

ONE = st.integers(0, 5)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(Order.Status.values),
        "priority": st.sampled_from(Order.Priority.values),
        "currency": st.sampled_from(["EUR", "RON", "JPY"]),
        "total": st.sampled_from(["0", "10", "19.99", "1234567.89"]),
        "placed_at": st.sampled_from([NOON + timedelta(hours=hours) for hours in (0, 9.5, 10.5, 34, 24 * 400)]),
        "customer": st.sampled_from([None, 0, 1]),
    },
)
STEPS = st.one_of(
    st.tuples(st.just("create"), CHANGES),
    st.tuples(st.just("update"), ONE, CHANGES),
    st.tuples(st.just("delete"), ONE),
    st.tuples(st.just("bulk"), st.lists(CHANGES, max_size=4)),
    st.tuples(st.just("move"), st.sampled_from(["Asia/Tokyo", "America/Los_Angeles"])),
    *(st.tuples(st.just(name)) for name in ("open", "walk", "fold", "tend")),
)


class Town:
    """A company whose orders change at random, while its book is made, folded and made anew."""

    def __init__(self, company):
        self.company = company
        self.people = [customers.create(company, {"name": name}) for name in ("Ana", "Bea")]

    def order(self, number):
        living = list(Order.everywhere.filter(company=self.company, deleted_at=None).order_by("order_number"))
        return living[number % len(living)] if living else None

    def said(self, data):
        data = {**data, "total": data.get("total", "5")}
        return data | ({"customer": self.people[data["customer"]]} if data.get("customer") is not None else {})

    def create(self, data):
        orders.create(self.company, self.said(data))

    def update(self, number, data):
        if order := self.order(number):
            orders.update(order, self.said(data))

    def delete(self, number):
        if order := self.order(number):
            orders.delete(order)

    def bulk(self, told):
        entries = [bulk.OrderEntry({"order_number": f"B{n}", **self.said(data)}) for n, data in enumerate(told)]
        bulk.save_orders(self.company, entries)

    def move(self, zone):
        Company.objects.filter(pk=self.company.pk).update(timezone=zone)

    def open(self):
        daybooks._open(self.company.pk)

    def walk(self):
        daybooks._walk(self.company.pk)

    def fold(self):
        daybooks.fold(self.company.pk)

    def tend(self):
        daybooks.tend_one(self.company.pk)


@given(st.lists(STEPS, min_size=3, max_size=14))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_sums_are_what_counting_says(company, steps):
    with transaction.atomic():
        town = Town(company)
        for name, *values in steps:
            getattr(town, name)(*values)
            if DayBook.everywhere.filter(company=company, complete=True, zone=Company.objects.get().timezone):
                agree()
        town.tend()
        agree()
        assert list(recounting.recount(company.pk, mend=False)) == []
        transaction.set_rollback(True)


def test_an_order_brought_back_counts_again(company, book):
    order = made(company, customer=customers.create(company, {"name": "Ana"}))
    orders.delete(order)
    agree()
    gone = Order.everywhere.get()
    with guard.writing():
        Order.everywhere.update(deleted_at=None)
        back = Order.everywhere.get()
        days.enter(company.pk, [days.change(gone, back)])
    agree()


def test_a_change_that_is_taken_back_leaves_no_row(company, book):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        made(company)
        raise ZeroDivisionError
    assert OrderDay.everywhere.count() == 0


def test_many_orders_append_few_rows(company, book, django_assert_max_num_queries):
    entries = [bulk.OrderEntry({"order_number": str(n), "total": "1", "placed_at": NOON}) for n in range(200)]
    bulk.save_orders(company, entries)
    assert OrderDay.everywhere.get().orders == 200


# --- building ---------------------------------------------------------------------------------------------------------


def test_a_walk_killed_half_way_goes_on_and_changes_meanwhile_are_counted_once(company):
    placed = [NOON + timedelta(days=day) for day in range(5)]
    early, *_rest, late = [made(company, placed_at=moment, order_number=str(moment.day)) for moment in placed]
    assert OrderDay.everywhere.count() == 0  # no book yet: nothing is appended
    daybooks._open(company.pk)
    daybooks._walk(company.pk)
    daybooks._walk(company.pk)
    orders.update(early, {"status": "Sent"})  # walked: appended
    orders.update(late, {"total": "99"})  # not walked: read when the walk comes to it
    orders.update(late, {"placed_at": placed[0]})  # from where the walk was not to where it was
    made(company, placed_at=placed[1])
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        daybooks._walk(company.pk)
        raise ZeroDivisionError
    daybooks.tend_one(company.pk)
    agree()


def test_a_day_with_a_great_many_orders_is_walked_in_parts(company, monkeypatch):
    monkeypatch.setattr(daybooks, "STEP", {"sqlite": 3, "postgresql": 3})
    for number in range(8):
        made(company, placed_at=NOON + timedelta(hours=number // 5))  # five at one moment
    daybooks._open(company.pk)
    steps = 1
    while daybooks._walk(company.pk):
        steps += 1
    assert steps == 3  # the moment, the rest of the day, and nothing more
    agree()


def test_another_zone_makes_other_days(company, book):
    made(company, placed_at=datetime(2026, 3, 28, 23, tzinfo=UTC))
    Company.objects.update(timezone="America/New_York")
    made(company, placed_at=datetime(2026, 3, 29, 3, tzinfo=UTC))  # entered in the old days
    daybooks.tend_one(company.pk)
    agree()
    assert {key[1] for key in added_up(OrderDay, "day")} == {date(2026, 3, 28)}
    assert OrderDay.everywhere.filter(build=1).count() == 1  # a page may still be adding them up
    daybooks.tend_one(company.pk)
    assert set(OrderDay.everywhere.values_list("build", flat=True)) == {2}


# --- folding ----------------------------------------------------------------------------------------------------------


def test_folding_leaves_one_row_for_each_key(company, book, monkeypatch):
    monkeypatch.setattr(daybooks, "STEP", {"sqlite": 2, "postgresql": 2})
    for status in ("Pending", "Pending", "Sent"):
        made(company, status=status)
    daybooks.tend_one(company.pk)
    orders.update(Order.everywhere.filter(status="Sent").get(), {"status": "Pending"})
    assert OrderDay.everywhere.count() == 4
    daybooks.tend_one(company.pk)
    rows = Counter({row.status: row.orders for row in OrderDay.everywhere.all()})
    assert rows == {"Pending": 3, "Sent": 0} and all(row.folded for row in OrderDay.everywhere.all())
    agree()


def test_a_fold_that_is_killed_leaves_all_as_it_was(company, book, monkeypatch):
    made(company)
    before = list(OrderDay.everywhere.values())
    monkeypatch.setattr(daybooks, "_add_folded", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        daybooks.fold(company.pk)
    assert list(OrderDay.everywhere.values()) == before


# --- counting again ---------------------------------------------------------------------------------------------------


def test_what_is_wrong_is_told_and_mended(company, book):
    ana = customers.create(company, {"name": "Ana"})
    made(company, customer=ana)
    made(company, placed_at=NOON + timedelta(days=3))
    with guard.writing():
        OrderDay.everywhere.filter(day=NOON.date()).delete()
        OrderDay(company=company, build=1, day=date(2020, 1, 1), currency="EUR", orders=1, total=7).save()
        OrderCustomer.everywhere.update(orders=5)
    told = [str(one) for one in recounting.recount(company.pk, mend=False)]
    assert told == [
        "2020-01-01, , , EUR: -1 orders, -7.0000",
        "2026-03-28, Pending, Medium, EUR: +1 orders, +10.0000",
        f"{ana.pk}, EUR: -4 orders, +0.0000",
    ]
    assert len(list(recounting.recount(company.pk))) == 3
    assert list(recounting.recount(company.pk)) == []
    agree()


def test_the_command_tells_and_mends(company, book, capsys):
    made(company)
    with guard.writing():
        OrderDay.everywhere.all().delete()
    with pytest.raises(CommandError, match="Differences: 1"):
        call_command("recount_orders", verify=True)
    call_command("recount_orders", company="alices")
    call_command("recount_orders", verify=True)
    told = capsys.readouterr().out.splitlines()
    wrong = "alices: 2026-03-28, Pending, Medium, EUR: +1 orders, +10.0000"
    assert told == [
        *(wrong, "alices: 1 differences"),
        *(wrong, "alices: 1 differences mended"),
        "alices: 0 differences",
    ]
    with pytest.raises(CommandError, match="no company"):
        call_command("recount_orders", company="nobody")


def test_the_worker_tends_every_company_each_minute_and_recounts_at_night(company, other_company):
    made(company)
    tasks.minute()
    assert DayBook.everywhere.filter(complete=True).count() == 2
    agree()
    with guard.writing():
        OrderDay.everywhere.all().delete()
    tasks.nightly()
    agree()


@pytest.mark.skipif(sql.is_sqlite(), reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_who_moves_the_book_waits_for_nobody_long(company):
    daybooks._open(company.pk)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            other.set_autocommit(False)
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", [days._BOOK_LOCK, str(company.pk)])
            with pytest.raises(OperationalError):
                daybooks._walk(company.pk)
            other.rollback()
        assert daybooks._walk(company.pk) is False
    finally:
        other.close()
