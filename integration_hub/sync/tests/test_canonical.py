"""One spelling per value."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.sync.canonical import canonical, canonical_fields
from integration_hub.sync.plan import changes


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("  padded ", "padded"),
        (Decimal("10.50"), "10.5"),
        (Decimal("100"), "100"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.00"), "0"),
        (Decimal("-1.50"), "-1.5"),
        (Decimal("12345678901234567890123456789.10"), "12345678901234567890123456789.1"),
        (7, 7),
        (True, True),
        (date(2026, 2, 28), "2026-02-28"),
        (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T00:00:00+00:00"),
        (("b", "a"), ["a", "b"]),
        ((), None),
    ],
)
def test_each_kind_has_one_spelling(value, expected):
    assert canonical(value) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_equal_amounts_are_spelt_equally(amount):
    assert canonical(amount) == canonical(amount + Decimal("0.000"))
    assert Decimal(str(canonical(amount))) == amount


@given(st.datetimes(timezones=st.timezones()))
def test_instants_do_not_depend_on_their_zone(moment):
    assert canonical(moment) == canonical(moment.astimezone(UTC))


def test_changes_name_the_fields_that_moved_or_have_no_base():
    ours = canonical_fields({"a": "1", "b": "2", "c": ""}, ("a", "b", "c", "d"))
    assert changes(ours, {"a": "1", "b": "old", "c": None}) == ("b", "d")
