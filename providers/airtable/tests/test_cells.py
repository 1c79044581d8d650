"""Cells: tables of what becomes what, and properties that hold for every value."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.contract import Field, MappedField, Rejected
from providers.airtable.cells import CONVERTERS, LONGEST_TEXT, TAKES, convert
from providers.airtable.tests.conftest import payload

BUCHAREST = ZoneInfo("Europe/Bucharest")
STATUS: Any = {
    "choices": [
        {"id": "sel1", "name": "Pending"},
        {"id": "sel2", "name": " sent "},
        {"id": "sel3", "name": "A"},
        {"id": "sel4", "name": "a"},
    ]
}
TWO: Any = {"precision": 2, "symbol": "€"}


def field(kind: str, options: Any = None, label: str = "Total") -> MappedField:
    return MappedField(Field("x", label), "fldX", "Their field", kind, options or {})


@pytest.mark.parametrize(
    ("kind", "options", "value", "cell"),
    [
        ("singleLineText", None, "abc", "abc"),
        ("singleLineText", None, "one\r\ntwo\rthree\nfour", "one two three four"),
        ("singleLineText", None, Decimal("1E+3"), "1000"),
        ("singleLineText", None, Decimal("12.30"), "12.30"),
        ("singleLineText", None, True, "Yes"),
        ("singleLineText", None, 7, "7"),
        ("singleLineText", None, ("a", "b"), "a b"),
        ("multilineText", None, "one\r\ntwo", "one\ntwo"),
        ("multilineText", None, ("a", "b"), "a\nb"),
        ("multilineText", None, date(2026, 11, 20), "2026-11-20"),
        ("richText", None, "**bold**", "**bold**"),
        ("email", None, "ann@example.com", "ann@example.com"),
        ("url", None, "https://example.com", "https://example.com"),
        ("phoneNumber", None, "+40721234567", "+40721234567"),
        ("number", {"precision": 0}, 3, 3),
        ("number", {"precision": 0}, Decimal("3.00"), 3),
        ("number", None, "12.5", 12.5),
        ("number", None, "-7", -7),
        ("currency", TWO, Decimal("129.90"), 129.9),
        ("currency", TWO, Decimal("0.10"), 0.1),
        ("currency", TWO, Decimal("-0.01"), -0.01),
        ("currency", TWO, 0, 0),
        ("percent", {"precision": 1}, Decimal("0.123"), 0.123),
        ("singleSelect", STATUS, "Pending", "Pending"),
        ("singleSelect", STATUS, "pending ", "Pending"),
        ("singleSelect", STATUS, "SENT", " sent "),
        ("singleSelect", STATUS, "A", "A"),
        ("singleSelect", None, "Whatever", "Whatever"),
        ("multipleSelects", STATUS, ("Pending", "A"), ["Pending", "A"]),
        ("multipleSelects", STATUS, "Pending", ["Pending"]),
        ("checkbox", None, True, True),
        ("checkbox", None, False, False),
        ("date", None, date(2026, 2, 28), "2026-02-28"),
        ("date", None, datetime(2026, 2, 28, 23, 30, tzinfo=UTC), "2026-02-28"),
        ("date", None, datetime(2026, 3, 1, 1, 30, tzinfo=BUCHAREST), "2026-02-28"),
        ("dateTime", None, datetime(2026, 4, 24, 15, 7, 42, tzinfo=UTC), "2026-04-24T15:07:42.000Z"),
        ("dateTime", None, datetime(2026, 7, 1, 12, 0, 0, 987654, tzinfo=BUCHAREST), "2026-07-01T09:00:00.987Z"),
        ("dateTime", None, date(2026, 2, 28), "2026-02-28T00:00:00.000Z"),
    ],
)
def test_what_becomes_what(kind: str, options: Any, value: Any, cell: Any) -> None:
    found = convert(value, field(kind, options))
    assert found == cell and type(found) is type(cell)


@pytest.mark.parametrize(
    ("kind", "options", "value", "why"),
    [
        ("currency", TWO, Decimal("1.005"), "keeps only 2 decimals"),
        ("number", {"precision": 0}, Decimal("12.50"), "keeps only 0 decimals"),
        ("percent", {"precision": 0}, Decimal("0.125"), "keeps only 2 decimals"),
        ("number", None, Decimal("12345678901234567.5"), "more digits than a number there can hold"),
        ("number", None, 2**53, "more digits than a number there can hold"),
        ("number", None, Decimal("NaN"), "not a finite number"),
        ("number", None, "007", "text of 3 characters, not a number"),
        ("number", None, "secret words", "text of 12 characters, not a number"),
        ("number", None, True, "yes or no, not a number"),
        ("currency", TWO, date(2026, 1, 1), "a date, not a number"),
        ("singleSelect", STATUS, "Lost", "no choice “Lost”"),
        ("singleSelect", {"choices": []}, "Lost", "no choice “Lost”"),
        ("multipleSelects", STATUS, ("Pending", "Lost"), "no choice “Lost”"),
        ("checkbox", None, "yes", "text of 3 characters, not yes or no"),
        ("checkbox", None, 1, "a number, not yes or no"),
        ("date", None, "2026-01-01", "text of 10 characters, not a date"),
        ("dateTime", None, 5, "a number, not a date and time"),
        ("dateTime", None, ("a",), "a list, not a date and time"),
        ("multilineText", None, "x" * (LONGEST_TEXT + 1), "longer than 100,000 characters"),
        ("formula", None, "x", "type formula, which cannot be written"),
        ("formula", None, None, "type formula, which cannot be written"),
        ("multipleRecordLinks", None, "x", "type multipleRecordLinks, which cannot be written"),
        ("aTypeOfNextYear", None, 1, "type aTypeOfNextYear, which cannot be written"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(kind: str, options: Any, value: Any, why: str) -> None:
    with pytest.raises(Rejected) as refused:
        convert(value, field(kind, options, label="Order total"))
    sentence = refused.value.sentence
    assert sentence.startswith("Order total does not fit the Airtable field “Their field”: ") and why in sentence
    assert sentence.endswith("Change the value here or the field there.")
    assert "secret words" not in sentence


@pytest.mark.parametrize("kind", sorted(CONVERTERS))
@pytest.mark.parametrize("empty", [None, "", ()])
def test_an_empty_value_clears_the_cell(kind: str, empty: Any) -> None:
    assert convert(empty, field(kind, STATUS)) is None


def test_an_instant_without_a_zone_is_our_bug() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        convert(datetime(2026, 1, 1), field("dateTime"))


def test_every_type_a_ready_mapping_uses_can_be_written() -> None:
    assert set().union(*TAKES.values()) <= set(CONVERTERS)


def test_the_types_of_the_fixture_are_known_or_computed() -> None:
    types = {one["type"] for table in payload("tables")["tables"] for one in table["fields"]}
    assert types - set(CONVERTERS) == {"formula", "manualSort"}


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_money_reaches_the_cent_exactly(cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    cell = convert(amount, field("currency", TWO))
    assert json.loads(json.dumps(cell), parse_float=Decimal, parse_int=Decimal) == amount


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_a_number_is_exact_or_refused(value: Decimal) -> None:
    try:
        cell = convert(value, field("number", {"precision": 4}))
    except Rejected:
        assert len(value.as_tuple().digits) > 15
    else:
        assert Decimal(json.dumps(cell)) == value


@given(st.datetimes(timezones=st.timezones() | st.just(timezone(timedelta(hours=5, minutes=45)))))
def test_instants_come_back_to_the_millisecond(value: datetime) -> None:
    try:
        cell = convert(value, field("dateTime"))
    except OverflowError:  # the first and last day there is, moved past the calendar's end by its zone
        assert value.year in (1, 9999)
        return
    assert isinstance(cell, str) and cell.endswith("Z")
    back = datetime.fromisoformat(cell)
    assert timedelta(0) <= value - back < timedelta(milliseconds=1)


@given(st.text(max_size=200))
def test_text_stays_text(value: str) -> None:
    cell = convert(value, field("multilineText"))
    assert cell == (value.replace("\r\n", "\n").replace("\r", "\n") or None)
    one_line = convert(value, field("singleLineText"))
    assert one_line is None or "\n" not in str(one_line)


@given(st.text(min_size=1, max_size=20))
def test_a_choice_is_one_of_theirs_or_refused(value: str) -> None:
    names = [choice["name"] for choice in STATUS["choices"]]
    try:
        assert convert(value, field("singleSelect", STATUS)) in names
    except Rejected:
        assert value not in names
