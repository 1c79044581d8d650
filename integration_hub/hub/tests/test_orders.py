"""The orders at a glance: who sees them, what the form does, and where the buttons lead."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration_hub.hub import order_charts
from integration_hub.records.services import customers, daybooks, orders
from integration_hub.records.summing import Line, Summary

pytestmark = pytest.mark.django_db
PAGE = "/admin/hub/orders/"
NOON = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def staff(bob):
    browser = Client()
    browser.force_login(bob)
    return browser


@pytest.fixture
def shelf(company):
    ana = customers.create(company, {"name": "Ana Pop", "email": "ana@example.com"})
    for number, (status, total, days) in enumerate((("Sent", "1234.5", 0), ("Pending", "10", -1), ("Sent", "5", -40))):
        data = {
            "order_number": f"N{number}",
            "status": status,
            "total": total,
            "placed_at": NOON + timedelta(days=days),
        }
        orders.create(company, data | ({"customer": ana} if number else {}))
    return ana


def seen(browser, query=""):
    answer = browser.get(PAGE + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_staff_see_figures_charts_and_the_list(staff, shelf, company):
    counted = seen(staff)
    daybooks.tend_one(company.pk)
    page = seen(staff)
    for shown in ("1,249.50", "1,234.50 EUR", "N0", "N1", "N2", "Ana Pop", "66.66 %", "Nov. 20, 2026", "20 Nov 2026"):
        assert (shown in counted) == (shown in page)
    assert page.count("<rect") > 40 and "1,249.50" in page
    assert "Orders over time. The most: 1 order, 11 Oct 2026." in page


def test_the_form_narrows_everything_and_keeps_what_was_said(staff, shelf):
    page = seen(staff, "?status=Sent&customer=ana&start_date=2026-10-01&end_date=2026-10-31")
    assert "N2" in page and "N1" not in page and "N0" not in page
    assert 'value="ana"' in page and 'value="2026-10-01"' in page and '<option value="Sent" selected>' in page
    assert "No order fits" in seen(staff, "?customer=nobody")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?status=Lost", "Lost is not one of the available choices"),
        ("?start_date=1.11.2026", "A day is written YYYY-MM-DD."),
        ("?start_date=2026-11-02&end_date=2026-11-01", "The last day is before the first."),
    ],
)
def test_what_cannot_be_shown_is_said_where_it_stands(staff, shelf, query, said):
    page = seen(staff, query)
    assert said in page and "Correct what is marked" in page and "N0" not in page


def test_the_buttons_lead_to_the_same_orders(staff, shelf, company):
    for query, numbers in (
        ("?status=Sent", {"N0", "N2"}),
        ("?customer=ana&status=Sent", {"N2"}),
        (f"?customer={shelf.pk}", {"N1", "N2"}),
        ("?customer=ANA@example.com&priority=Medium", {"N1", "N2"}),
        ("?start_date=2026-11-19&end_date=2026-11-19", {"N1"}),
    ):
        context = staff.get(PAGE + query).context
        assert {order.order_number for order in context["page"].rows} == numbers
        listing = staff.get(context["listing"])
        assert {order.order_number for order in listing.context["cl"].result_list} == numbers, query
        export = b"".join(staff.get(f"{context['csv']}&_company={company.pk}").streaming_content).decode()
        assert all((number in export) == (number in numbers) for number in ("N0", "N1", "N2"))


def test_others_see_nothing_of_it(shelf, charlie):
    browser = Client()
    assert browser.get(PAGE).status_code == 302
    browser.force_login(charlie)
    page = browser.get(PAGE).content.decode()
    assert "No orders yet" in page and "Ana Pop" not in page


def test_it_costs_the_same_for_any_number_of_orders(staff, shelf, company, django_assert_num_queries):
    daybooks.tend_one(company.pk)
    seen(staff)
    with CaptureQueriesContext(connection) as little:
        seen(staff)
    for number in range(8):
        orders.create(company, {"customer": shelf, "total": "7", "placed_at": NOON - timedelta(days=number)})
    with django_assert_num_queries(len(little)):
        seen(staff)


# --- the drawing ------------------------------------------------------------------------------------------------------


def made(*days):
    return Summary(count=len(days), per_day=[Line(day, 1, {"EUR": "10.00"}) for day in days])


@pytest.mark.parametrize(
    ("first", "last", "days", "count", "begins"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), [date(2026, 3, 4)], 31, date(2026, 3, 1)),
        (date(2026, 1, 1), date(2026, 6, 30), [date(2026, 3, 4)], 27, date(2025, 12, 29)),
        (date(2024, 1, 15), date(2025, 12, 31), [date(2025, 1, 4)], 24, date(2024, 1, 1)),
        (None, None, [date(2020, 2, 3), date(2026, 2, 4)], 73, date(2020, 2, 1)),
        (date(1900, 1, 1), date(2199, 12, 31), [date(2026, 2, 4)], 25, date(2025, 2, 1)),
        (None, None, [date(1980, 1, 1), date(2026, 2, 4)], 47, date(1980, 1, 1)),
    ],
)
def test_time_is_shown_by_days_weeks_or_months_and_none_is_left_out(first, last, days, count, begins):
    bars = order_charts.bars(made(*days), first, last)
    assert (len(bars), bars[0].start) == (count, begins)
    assert sum(bar.orders for bar in bars) == len(days)


def test_the_ends_of_the_calendar_are_drawn_too():
    bars = order_charts.bars(made(date(1, 1, 1), date(9999, 12, 31)), None, None)
    assert (len(bars), bars[-1].orders, bars[-1].start) == (200, 1, date(9999, 1, 1))
    assert len(order_charts.bars(made(date(9999, 12, 31)), None, None)) == 1


def test_nothing_is_drawn_of_nothing():
    assert order_charts.bars(Summary(), date(2026, 1, 1), None) == []
    assert order_charts.orders_chart([]) == ""


# --- the admin's list -------------------------------------------------------------------------------------------------


def test_the_admins_list_of_a_great_many_is_not_counted_one_by_one(staff, shelf, company):
    daybooks.tend_one(company.pk)
    for query, count in (("", 3), ("?status__exact=Sent", 2), ("?status__exact=Sent&priority__exact=Low&o=-1", 0)):
        with CaptureQueriesContext(connection) as asked:
            listing = staff.get(f"/admin/records/order/{query}").context["cl"]
        assert listing.result_count == count
        assert not [one["sql"] for one in asked if "COUNT(*)" in one["sql"] and '"orders"' in one["sql"]]
    assert staff.get("/admin/records/order/?payment_state__exact=paid").context["cl"].result_count == 0


def test_a_whole_number_finds_its_order_and_a_part_of_it_still_all(staff, shelf):
    for wanted, numbers in (("N1", {"N1"}), ("n", {"N0", "N1", "N2"}), ("ana@", {"N1", "N2"})):
        found = staff.get("/admin/records/order/", {"q": wanted}).context["cl"].result_list
        assert {order.order_number for order in found} == numbers


def test_while_figures_are_being_counted_the_list_is_there(staff, shelf, company, monkeypatch):
    monkeypatch.setattr("integration_hub.records.selection.ADDED_UP", 2)
    page = seen(staff)
    assert "The orders of this company are being counted: 0 %. The list below is whole." in page
    assert all(number in page for number in ("N0", "N1", "N2")) and page.count("<rect") < 5
    assert "1,249.50" not in page
    daybooks.tend_one(company.pk)
    page = seen(staff)
    assert "being counted" not in page and "1,249.50" in page
