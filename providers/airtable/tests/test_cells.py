"""Writing cells: tables of what becomes what, and properties that hold for every value."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.contract import Field, FieldRefused, FileRef, MappedField, Ref, Rejected
from providers.airtable.cells import CONVERTERS, LONGEST_TEXT, TAKES, convert, words
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
IN_BUCHAREST: Any = {"timeZone": "Europe/Bucharest"}
IN_PERSON: Any = {"choices": [{"name": "In person"}, {"name": "No show"}, {"name": "חדש 🆕"}]}
ANN = Ref("customer", UUID(int=1), "ann@example.com", "recCustomer000001")
TICKET = FileRef("1", "ticket.pdf", "application/pdf")


def field(type: str, options: Any = None, label: str = "Total", kind: str = "text") -> MappedField:
    return MappedField(Field("x", label, kind), "fldX", "Their field", type, options or {})


@pytest.mark.parametrize(
    ("kind", "options", "value", "cell"),
    [
        ("singleLineText", None, "abc", "abc"),
        ("singleLineText", None, "one\r\ntwo\rthree\nfour", "one two three four"),
        ("singleLineText", None, Decimal("1E+3"), "1000"),
        ("singleLineText", None, Decimal("12.30"), "12.30"),
        ("singleLineText", None, True, "Yes"),
        ("singleLineText", None, 7, "7"),
        ("singleLineText", None, ("a", "b"), "a, b"),
        ("singleLineText", None, ANN, "ann@example.com"),
        ("singleLineText", None, Ref("customer", UUID(int=1), ""), None),
        ("singleLineText", None, timedelta(hours=1, minutes=30), "1:30:00"),
        ("singleLineText", None, -timedelta(seconds=1, milliseconds=500), "-0:00:01.5"),
        ("singleLineText", None, timedelta(days=5), "120:00:00"),
        ("singleLineText", None, "שלום 👋 مرحبا", "שלום 👋 مرحبا"),
        ("singleLineText", None, Decimal("1E+5000"), "1E+5000"),
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
        ("percent", {"precision": 0}, Decimal("1"), 1),
        ("number", {"precision": 90}, Decimal("0.5"), 0.5),
        ("duration", None, timedelta(hours=1, minutes=30), 5400),
        ("duration", None, timedelta(milliseconds=1500), 1.5),
        ("duration", None, -timedelta(seconds=90), -90),
        ("duration", None, 90, 90),
        ("duration", None, Decimal("0.25"), 0.25),
        ("duration", None, timedelta(0), 0),
        ("rating", {"max": 5}, 5, 5),
        ("rating", {"max": 5}, Decimal("3.00"), 3),
        ("rating", None, 10, 10),
        ("rating", {"max": 5}, 0, None),
        ("rating", {"max": 5}, None, None),
        ("singleSelect", STATUS, "Pending", "Pending"),
        ("singleSelect", IN_PERSON, "in_person", "In person"),
        ("singleSelect", IN_PERSON, "no-show", "No show"),
        ("singleSelect", STATUS, "   ", None),
        ("multipleSelects", STATUS, ("  ", ""), None),
        ("multipleSelects", STATUS, ("Pending", "pending", "A"), ["Pending", "A"]),
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
        ("date", IN_BUCHAREST, datetime(2026, 2, 28, 23, 30, tzinfo=UTC), "2026-03-01"),
        ("date", {"timeZone": "client"}, datetime(2026, 2, 28, 23, 30, tzinfo=UTC), "2026-02-28"),
        ("date", {"timeZone": "../../etc/passwd"}, datetime(2026, 2, 28, 23, 30, tzinfo=UTC), "2026-02-28"),
        ("date", {"timeZone": "Europe"}, datetime(2026, 2, 28, 23, 30, tzinfo=UTC), "2026-02-28"),
        ("dateTime", None, date(2026, 2, 28), "2026-02-28T00:00:00.000Z"),
        ("dateTime", IN_BUCHAREST, date(2026, 7, 1), "2026-06-30T21:00:00.000Z"),
        ("dateTime", {"timeZone": "America/Sao_Paulo"}, date(2018, 11, 4), "2018-11-04T03:00:00.000Z"),
        ("dateTime", IN_BUCHAREST, datetime(2026, 7, 1, 9, tzinfo=UTC), "2026-07-01T09:00:00.000Z"),
        ("multipleRecordLinks", None, ANN, ["recCustomer000001"]),
        ("multipleAttachments", None, TICKET, None),
        ("barcode", None, "A-1/7", {"text": "A-1/7"}),
        ("barcode", None, "one\ntwo", {"text": "one two"}),
        ("singleCollaborator", None, " ann@example.com ", {"email": "ann@example.com"}),
        ("multipleCollaborators", None, "ann@example.com", [{"email": "ann@example.com"}]),
        ("multipleCollaborators", None, ("a@b.c", "d@e.f"), [{"email": "a@b.c"}, {"email": "d@e.f"}]),
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
        ("number", None, Decimal("1E+999999"), "more digits than a number there can hold"),
        ("number", None, Decimal("1E-999999"), "keeps only 8 decimals"),
        ("number", None, ANN, "a link, not a number"),
        ("number", None, timedelta(1), "a duration, not a number"),
        ("number", None, Decimal("sNaN"), "not a finite number"),
        ("percent", {"precision": 0}, "12 %", "text of 4 characters, not a number"),
        ("duration", None, "1:30", "text of 4 characters, not a number"),
        ("duration", None, True, "yes or no, not a number"),
        ("duration", None, timedelta.max, "more digits"),
        ("rating", {"max": 5}, 6, "whole numbers from 1 to 5"),
        ("rating", {"max": 5}, -1, "whole numbers from 1 to 5"),
        ("rating", None, Decimal("2.5"), "whole numbers from 1 to 10"),
        ("rating", None, True, "yes or no, not a number"),
        ("rating", None, Decimal("Infinity"), "not a finite number"),
        ("checkbox", None, "yes", "text of 3 characters, not yes or no"),
        ("checkbox", None, 1, "a number, not yes or no"),
        ("date", None, "2026-01-01", "text of 10 characters, not a date"),
        ("dateTime", None, 5, "a number, not a date and time"),
        ("dateTime", None, ("a",), "a list, not a date and time"),
        ("multilineText", None, "x" * (LONGEST_TEXT + 1), "longer than 100,000 characters"),
        ("singleLineText", None, "x\ud800", "a character that text cannot hold"),
        ("multilineText", None, "secret words\0", "a character that text cannot hold"),
        ("barcode", None, "x\0", "a character that text cannot hold"),
        ("singleSelect", None, "x\0", "a character that text cannot hold"),
        ("multipleRecordLinks", None, "x", "text of 1 characters, not a link"),
        ("multipleRecordLinks", None, TICKET, "a file, not a link"),
        ("multipleAttachments", None, "secret words", "text of 12 characters, not a file"),
        ("singleCollaborator", None, "secret words", "text of 12 characters, not an e-mail address"),
        ("singleCollaborator", None, 7, "a number, not an e-mail address"),
        ("multipleCollaborators", None, ("a@b.c", "secret words"), "not an e-mail address"),
        ("dateTime", None, datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))), "the last day of the calendar"),
        ("date", {"timeZone": "Asia/Tokyo"}, datetime.max.replace(tzinfo=UTC), "the last day of the calendar"),
        ("dateTime", {"timeZone": "Asia/Tokyo"}, date.min, "before the first"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(kind: str, options: Any, value: Any, why: str) -> None:
    with pytest.raises(Rejected) as refused:
        convert(value, field(kind, options, label="Order total"))
    sentence = refused.value.sentence
    assert sentence.startswith("Order total does not fit the Airtable field “Their field”: ") and why in sentence
    assert sentence.endswith("Change the value here or the field there.")
    assert "secret words" not in sentence and refused.value.code == "does_not_fit"


COMPUTED = (
    "formula",
    "rollup",
    "multipleLookupValues",
    "count",
    "autoNumber",
    "createdTime",
    "lastModifiedTime",
    "createdBy",
    "lastModifiedBy",
    "button",
    "aiText",
    "externalSyncSource",
)


@pytest.mark.parametrize("type", COMPUTED)
@pytest.mark.parametrize("value", ["secret words", None, 7, ANN])
def test_what_airtable_fills_itself_is_never_written(type: str, value: Any) -> None:
    with pytest.raises(FieldRefused) as refused:
        convert(value, field(type))
    assert refused.value.fields == ("fldX",) and refused.value.code == "computed_field"
    assert refused.value.sentence == (
        f"The Airtable field “Their field” is of the type “{words(type)}”, which Airtable fills itself: Total cannot "
        "be written to it. Choose another field in the mapping."
    )


def test_a_type_nobody_knows_is_left_alone() -> None:
    with pytest.raises(FieldRefused, match="type “aTypeOfNextYear”, which the hub does not know") as refused:
        convert("secret words", field("aTypeOfNextYear"))
    assert refused.value.fields == ("fldX",) and refused.value.code == "unknown_type"
    assert "secret words" not in refused.value.sentence


@pytest.mark.parametrize(
    ("type", "options", "value"),
    [
        ("singleSelect", STATUS, "Lost"),
        ("singleSelect", {"choices": []}, "Lost"),
        ("multipleSelects", STATUS, ("Pending", "Lost")),
        ("multipleSelects", STATUS, "Lost"),
    ],
)
def test_a_missing_choice_stops_the_field_unless_it_may_be_made(type: str, options: Any, value: Any) -> None:
    with pytest.raises(FieldRefused) as refused:
        convert(value, field(type, options))
    assert refused.value.fields == ("fldX",) and refused.value.code == "missing_choice"
    assert refused.value.sentence == (
        "The Airtable field “Their field” has no choice “Lost”, which Total needs. Add the choice there, or let the "
        "mapping create choices."
    )
    made = convert(value, field(type, options), create_choices=True)
    assert made == (value if type == "singleSelect" else [*value] if isinstance(value, tuple) else [value])


def test_choices_that_are_there_are_not_made_again() -> None:
    assert convert(" pending", field("singleSelect", STATUS), create_choices=True) == "Pending"
    assert convert(("PENDING", "B"), field("multipleSelects", STATUS), create_choices=True) == ["Pending", "B"]
    assert convert("Pending", field("singleLineText"), create_choices=True) == "Pending"


def test_a_choice_that_two_resemble_is_neither() -> None:
    two: Any = {"choices": [{"name": "No show"}, {"name": "no_show"}]}
    with pytest.raises(FieldRefused, match="no choice “No-Show”"):
        convert("No-Show", field("singleSelect", two))


@pytest.mark.parametrize(
    "name", ["שם הלקוח", "اسم العميل", "Total / net", "“Total” 'net' \"x\"", "😀 100 %", "%(ours)s"]
)
def test_sentences_name_the_field_as_it_is_named(name: str) -> None:
    with pytest.raises(Rejected) as refused:
        convert("x", MappedField(Field("x", "Total"), "fldX", name, "number"))
    assert f"the Airtable field “{name}”: it is text" in refused.value.sentence
    with pytest.raises(FieldRefused, match="The Airtable field") as paused:
        convert("x", MappedField(Field("x", "Total"), "fldX", name, "formula"))
    assert f"“{name}”" in paused.value.sentence


def test_long_names_leave_room_for_the_sentence() -> None:
    long = MappedField(Field("x", "Total"), "fldX", "Really\n" + "long " * 40, "singleSelect", STATUS)
    with pytest.raises(FieldRefused) as refused:
        convert("y" * 5000, long)
    sentence = refused.value.sentence
    assert "“Really long long" in sentence and "lo…”" in sentence and "yyy…”" in sentence and len(sentence) < 400


def test_a_percentage_in_text_says_so() -> None:
    assert convert(Decimal("0.1230"), field("singleLineText", kind="percent")) == "12.30 %"
    assert convert(1, field("multilineText", kind="percent")) == "100 %"


def test_a_link_without_a_row_is_our_bug() -> None:
    with pytest.raises(ValueError, match="without its remote id"):
        convert(Ref("customer", UUID(int=1), "ann@example.com"), field("multipleRecordLinks"))


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
    except Rejected:  # the first and last day there is, moved past the calendar's end by its zone
        assert value.year in (1, 9999)
        return
    assert isinstance(cell, str) and cell.endswith("Z")
    back = datetime.fromisoformat(cell)
    assert timedelta(0) <= value - back < timedelta(milliseconds=1)


@given(st.text(max_size=200))
def test_text_stays_text(value: str) -> None:
    if "\0" in value:
        with pytest.raises(Rejected):
            convert(value, field("multilineText"))
        return
    cell = convert(value, field("multilineText"))
    assert cell == (value.replace("\r\n", "\n").replace("\r", "\n") or None)
    one_line = convert(value, field("singleLineText"))
    assert one_line is None or "\n" not in str(one_line)


@given(st.text(min_size=1, max_size=20))
def test_a_choice_is_one_of_theirs_or_refused(value: str) -> None:
    names = [choice["name"] for choice in STATUS["choices"]]
    try:
        cell = convert(value, field("singleSelect", STATUS))
        assert cell in names or (cell is None and not value.strip())
    except (FieldRefused, Rejected):
        assert value not in names
