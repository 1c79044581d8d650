"""Problems: one open row per key, whatever happens at once; closing keeps the history."""

import threading

import pytest
from django.db import connection, transaction

from integration_hub.companies.models import Company
from integration_hub.notices import problems
from integration_hub.notices.models import Problem

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def test_raising_twice_updates_the_open_row_and_keeps_since(company: Company) -> None:
    first = problems.raise_(company.pk, "connection:x", sentence="The key has expired.", affected=1)
    second = problems.raise_(company.pk, "connection:x", severity="warn", sentence="Still expired.", affected=4)
    assert (second.pk, second.since) == (first.pk, first.since)
    assert (second.sentence, second.affected, second.severity) == ("Still expired.", 4, "warn")
    assert Problem.everywhere.count() == 1


def test_closing_says_whether_it_was_open_and_a_new_one_may_follow(company: Company) -> None:
    first = problems.raise_(company.pk, "connection:x", sentence="The key has expired.")
    assert problems.close(company.pk, "connection:x") is True
    assert problems.close(company.pk, "connection:x") is False
    again = problems.raise_(company.pk, "connection:x", sentence="The key has expired.")
    assert again.pk != first.pk
    assert Problem.everywhere.filter(closed_at=None).count() == 1


def test_close_all_takes_the_prefix_of_this_company_only(company: Company, other_company: Company) -> None:
    for key in ("mapping:1:field", "mapping:1:base", "mapping:2:base"):
        problems.raise_(company.pk, key, sentence="Something is missing.")
    problems.raise_(other_company.pk, "mapping:1:field", sentence="Something is missing.")
    assert problems.close_all(company.pk, "mapping:1:") == 2
    assert Problem.everywhere.filter(closed_at=None).count() == 2


def test_two_companies_may_have_the_same_problem(company: Company, other_company: Company) -> None:
    ours = problems.raise_(company.pk, "broker", sentence="The queue does not answer.")
    theirs = problems.raise_(other_company.pk, "broker", sentence="The queue does not answer.")
    assert ours.pk != theirs.pk


@pytest.mark.django_db(transaction=True)
def test_raised_twice_at_once_gives_one_row(company: Company) -> None:
    barrier = threading.Barrier(4)
    raised: list[Problem] = []

    def notice(number: int) -> None:
        barrier.wait(10)
        try:
            with transaction.atomic():  # within somebody's transaction, which must stay usable after a lost race
                raised.append(problems.raise_(company.pk, "connection:x", sentence=f"Noticed by {number}."))
                assert Problem.everywhere.filter(company_id=company.pk).count() == 1
        finally:
            connection.close()

    threads = [threading.Thread(target=notice, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({problem.pk for problem in raised}) == 1
    assert len(raised) == 4
    assert Problem.everywhere.count() == 1
