"""Canonical values as people read them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.contract.records import Field, FileRef, Ref
from integration_hub.contract.shown import shown
from integration_hub.sync.canonical import canonical

PAYMENT = Field("payment", "Payment", "choice", ("unpaid", "partly"), labels=("Unpaid", "Partly paid"))
TAGS = Field("tags", "Tags", "choices", ("a", "b"), labels=("First", "Second"))


def of(kind: str) -> Field:
    return Field("x", "X", kind)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (of("text"), "Ana", "Ana"),
        (of("text"), None, ""),
        (of("text"), "", ""),
        (TAGS, [], ""),
        (of("money"), "162.5", "162.50"),
        (of("money"), "1200", "1200.00"),
        (of("money"), "0.0125", "0.0125"),
        (of("number"), "162.5", "162.5"),
        (of("integer"), 12, "12"),
        (of("percent"), "0.1", "10 %"),
        (of("percent"), "0.125", "12.5 %"),
        (of("percent"), "1", "100 %"),
        (of("boolean"), True, "yes"),
        (of("boolean"), False, "no"),
        (of("datetime"), "2025-07-15T17:00:00+00:00", "15 Jul 2025, 17:00"),
        (of("datetime"), "2025-07-15T19:00:00+02:00", "15 Jul 2025, 17:00"),
        (of("date"), "2025-07-05", "5 Jul 2025"),
        (of("duration"), "5400", "1:30"),
        (of("duration"), "5405", "1:30:05"),
        (of("duration"), "-60", "-0:01"),
        (of("link"), ["0b7f", "ana@example.com"], "ana@example.com"),
        (of("link"), ["0b7f", ""], "0b7f"),
        (of("file"), "3fa9c1d2e3f4", "version 3fa9c1"),
        (PAYMENT, "unpaid", "Unpaid"),
        (PAYMENT, "given later", "given later"),
        (TAGS, ["a", "b", "c"], "First, Second, c"),
        (Field("status", "Status", "choice", ("Sent",)), "Sent", "Sent"),
    ],
)
def test_what_people_read(field, value, expected):
    assert shown(field, value) == expected


@pytest.mark.parametrize("kind", ["money", "percent", "datetime", "date", "duration", "link"])
@pytest.mark.parametrize("value", ["Sent", ["a", "b", "c"], True])
def test_a_value_from_before_its_field_was_changed_is_shown_as_it_is(kind, value):
    assert shown(of(kind), value) in ("Sent", "a, b, c", "yes")


def test_the_caller_translates_and_knows_the_clock():
    german = {"Unpaid": "Unbezahlt", "yes": "ja"}.get
    assert shown(PAYMENT, "unpaid", word=lambda text: german(text, text)) == "Unbezahlt"
    assert shown(of("boolean"), True, word=lambda text: german(text, text)) == "ja"
    seen = []
    shown(of("datetime"), "2025-07-15T17:00:00+00:00", moment=lambda moment: str(seen.append(moment)))
    shown(of("date"), "2025-07-15", moment=lambda moment: str(seen.append(moment)))
    assert seen == [datetime(2025, 7, 15, 17, tzinfo=UTC), date(2025, 7, 15)]


def test_money_has_the_digits_of_its_smallest_coin():
    assert shown(of("money"), "1200", digits=0) == "1200"
    assert shown(of("money"), "12.5", digits=3) == "12.500"


VALUES = {
    "money": st.decimals(-(10**12), 10**12, places=4),
    "percent": st.decimals(0, 1, places=6),
    "integer": st.integers(),
    "text": st.text(),
    "datetime": st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.just(UTC)),
    "date": st.dates(),
    "duration": st.timedeltas(timedelta(-(10**5)), timedelta(10**5)),
    "link": st.builds(Ref, st.just("order"), st.uuids(), st.text()),
    "file": st.builds(FileRef, st.text(min_size=1), st.text(), st.text()),
    "boolean": st.booleans(),
}


@given(st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind])))
def test_every_canonical_value_can_be_shown(pair):
    kind, value = pair
    spelled = canonical(value)
    assert (shown(of(kind), spelled) == "") == (spelled is None)


@given(st.decimals(0, 10**12, places=2))
def test_money_stays_what_it_was(amount):
    assert Decimal(shown(of("money"), canonical(amount))) == amount
