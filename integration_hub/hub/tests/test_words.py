"""Times, shares and values as people say them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration_hub.contract import Field
from integration_hub.hub import values
from integration_hub.hub.figures import share
from integration_hub.hub.templatetags.hub import plain, when


@pytest.fixture(autouse=True)
def in_bucharest() -> Iterator[None]:
    with timezone.override("Europe/Bucharest"):
        yield


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=2, seconds=40), "2 minutes ago"),
        (timedelta(hours=3, minutes=50), "3 hours ago"),
        (-timedelta(seconds=20), "in a moment"),
        (-timedelta(minutes=13, seconds=5), "in 13 minutes"),
    ],
)
def test_a_time_is_said_as_people_say_it(ago: timedelta, said: str) -> None:
    assert f">{said}</time>" in when(timezone.now() - ago)


def test_the_title_has_the_exact_time_in_the_companys_zone() -> None:
    made = when(datetime(2026, 7, 15, 14, 0, 5, tzinfo=UTC))
    assert made == (
        '<time datetime="2026-07-15T14:00:05+00:00" title="15 Jul 2026, 17:00:05 EEST">15 Jul 2026, 17:00</time>'
    )
    assert when(None) == "Never"


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "–"),
        (5, 5, "100 %"),
        (9999, 10000, "99.99 %"),
        (999999, 1000000, "99.99 %"),
        (1, 2, "50 %"),
        (0, 3, "0 %"),
    ],
)
def test_a_share_is_all_only_when_it_is(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "empty"),
        ("", "empty"),
        (True, "yes"),
        (["a", "b"], "a, b"),
        ("2026-07-15T14:00:00+00:00", "15 Jul 2026, 17:00"),
        ("2026-07-15T14:00:00Z", "15 Jul 2026, 17:00"),
        ("2026-07-15Texas", "2026-07-15Texas"),
        ("12.50", "12.50"),
    ],
)
def test_a_value_is_told_plainly(value: Any, said: str) -> None:
    assert plain(value) == said


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        ("150", "money", "150.00"),
        ("0.1", "percent", "10 %"),
        ("unpaid", "choice", "Not paid"),
        (["0c355a15-db5f-479d-8fef-206e14f216bc", "Ion Popescu"], "link", "Ion Popescu"),
        ("2026-07-15", "date", "15 Jul 2026"),
        ("2026-07-15T14:00:00+00:00", "datetime", "15 Jul 2026, 17:00"),
        ("2026-02-31", "date", "2026-02-31"),
        ("nonsense", "money", "nonsense"),
        (None, "money", "empty"),
    ],
)
def test_a_value_is_told_as_its_field_means_it(value: Any, kind: str, said: str) -> None:
    field = Field("x", "X", kind, choices=("unpaid",), labels=("Not paid",))
    assert values.of_field(value, field) == said


def test_a_value_whose_field_is_no_more_is_told_plainly() -> None:
    assert values.of_field("150", None) == "150"
