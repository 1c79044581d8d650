"""Pages by number and by `after`, and strict parameters."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from integration_hub.companies import tokens
from integration_hub.companies.models import ApiToken
from integration_hub.rest import paging
from integration_hub.rest.tests.test_access import problem

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def things(company, api_token):
    """26 rows; several share a time, so that the order needs the id too."""
    rows = [ApiToken(company=company, name=f"t{n}", prefix="p", digest=f"d{n}") for n in range(25)]
    ApiToken.everywhere.bulk_create(rows)
    for n, row in enumerate(rows):
        ApiToken.everywhere.filter(pk=row.pk).update(created_at=START + timedelta(days=n // 4))
    return [str(pk) for pk in ApiToken.everywhere.order_by("-created_at", "-pk").values_list("pk", flat=True)]


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_pages_by_number(program, things):
    first = program.get("/api/things?page_size=10")
    assert {name: value for name, value in first.json().items() if name != "results"} == {
        "count": 26,
        "page": 1,
        "page_size": 10,
    }
    assert ids(first) == things[:10]
    assert ids(program.get("/api/things?page_size=10&page=3")) == things[20:]
    assert program.get("/api/things").json()["page_size"] == 50


def test_beyond_the_last_page_is_404_that_names_it(program, things):
    assert "the last one is 3" in problem(program.get("/api/things?page_size=10&page=4"), 404)["detail"]


def test_an_empty_list_has_one_page(program):
    answer = program.get("/api/things?name=nothing")
    assert answer.json() == {"count": 0, "page": 1, "page_size": 50, "results": []}


def test_after_walks_the_whole_list_in_its_order(program, things):
    seen = ids(program.get("/api/things?page_size=7"))
    while True:
        answer = program.get(f"/api/things?page_size=7&after={seen[-1]}")
        assert answer.json()["page"] is None
        if not (more := ids(answer)):
            break
        seen += more
    assert seen == things


def test_after_goes_on_from_a_row_that_no_longer_fits_the_filter(program, things):
    rest = ids(program.get(f"/api/things?after={things[3]}&name=t1"))
    wanted = ApiToken.everywhere.filter(name__icontains="t1").values_list("pk", flat=True)
    assert set(rest) == {str(pk) for pk in wanted} & set(things[4:])


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("page_size=201", "page_size", "200"),
        ("page_size=0", "page_size", "from 1 on"),
        ("page_size=ten", "page_size", "whole number"),
        ("page=0", "page", "from 1 on"),
        ("page=-1", "page", "from 1 on"),
        ("page=1.5", "page", "whole number"),
        ("page=", "page", "is empty"),
        ("name=", "name", "is empty"),
        ("page=٣", "page", "whole number"),
        ("page=201&page_size=50", "page", "after="),
        ("page=999999999", "page", "after="),
        ("page=1&page=2", "page", "2 times"),
        ("after=nonsense", "after", "not an id"),
        ("after=00000000-0000-4000-8000-000000000000", "after", "no row"),
        ("page=2&after=00000000-0000-4000-8000-000000000000", "after", "not both"),
        ("colour=red", "colour", "name, page, page_size, after"),
        ("name=a%00b", "name", "cannot be searched"),
        ("format=json", "format", "unknown"),
    ],
)
def test_wrong_parameters_are_400_by_name(program, query, field, says):
    answer = problem(program.get(f"/api/things?{query}"), 400)
    assert list(answer["errors"]) == [field]
    assert says in answer["errors"][field][0]


def test_row_10_000_is_the_last_one_by_number(program, monkeypatch, things):
    monkeypatch.setattr(paging, "LAST_ROW", 20)
    assert ids(program.get("/api/things?page=2&page_size=10")) == things[10:20]
    assert "after=" in problem(program.get("/api/things?page=3&page_size=10"), 400)["detail"]
    assert ids(program.get(f"/api/things?page_size=10&after={things[19]}")) == things[20:]


def test_after_does_not_reach_into_another_company(program, other_company):
    theirs, _text = tokens.issue(other_company, "theirs", ["read"])
    assert "no row" in problem(program.get(f"/api/things?after={theirs.pk}"), 400)["detail"]


def test_addresses_without_parameters_take_none(program):
    assert "takes none" in problem(program.get("/api/scope?page=1"), 400)["detail"]
    problem(program.post("/api/things?page=1", {"name": "a"}, "application/json"), 400)


def test_a_page_costs_the_same_number_of_queries_for_any_number_of_rows(program, things, django_assert_num_queries):
    ApiToken.everywhere.update(unthrottled=True)  # counting requests may cost queries of its own
    program.get("/api/things")  # notes the token's use
    for size in (1, 26):
        with django_assert_num_queries(3):  # token, count, rows
            assert len(ids(program.get(f"/api/things?page_size={size}"))) == size


def test_a_page_is_not_for_strangers(things):
    problem(Client().get("/api/things"), 401)
