"""The engine's clock: one time for Python and SQL, and a shift for tests."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from integration_hub.companies.models import Company
from integration_hub.http import clock
from integration_hub.notices import problems
from integration_hub.notices.models import Problem

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


def in_sql() -> datetime:
    return Problem.everywhere.annotate(read=clock.Now()).values_list("read", flat=True).get()


def epoch() -> float:
    sql, params = clock.epoch_sql()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", params)
        return float(cursor.fetchone()[0])


def test_python_and_sql_read_the_same_clock(company: Company) -> None:
    problems.raise_(company.pk, "x", sentence="A row to read from.")
    before, inside, after = clock.now(), in_sql(), clock.now()
    assert before <= inside <= after
    assert before.tzinfo is UTC
    assert abs(epoch() - clock.now().timestamp()) < 5
    assert abs(clock.now().timestamp() - time.time()) < 5


def test_a_shift_moves_all_three_and_ends(company: Company) -> None:
    problems.raise_(company.pk, "x", sentence="A row to read from.")
    real = clock.now()
    with clock.shifted(timedelta(days=2)), clock.shifted(-timedelta(hours=1)):
        for moved in (clock.now(), in_sql(), datetime.fromtimestamp(epoch(), UTC)):
            assert abs(moved - real - timedelta(hours=47)) < MINUTE
    assert abs(clock.now() - real) < MINUTE
    assert clock.offset == timedelta()


def test_a_failing_test_leaves_no_shift_behind() -> None:
    with pytest.raises(ZeroDivisionError), clock.shifted(timedelta(days=1)):
        raise ZeroDivisionError
    assert clock.offset == timedelta()


def test_the_expression_filters_updates_and_adds(company: Company) -> None:
    problem = problems.raise_(company.pk, "x", sentence="A row to compare with.")
    assert Problem.everywhere.filter(since__lte=clock.Now()).count() == 1
    assert Problem.everywhere.filter(since__gt=clock.Now() + MINUTE).count() == 0
    Problem.everywhere.filter(pk=problem.pk).update(since=clock.Now() + timedelta(seconds=90))
    problem.refresh_from_db()
    assert MINUTE < problem.since - clock.now() < 2 * MINUTE
    with clock.shifted(2 * MINUTE):
        assert Problem.everywhere.filter(since__lte=clock.Now()).count() == 1


def test_the_clock_moves_on_within_a_transaction() -> None:
    first = clock.now()
    time.sleep(0.002)
    assert clock.now() > first
