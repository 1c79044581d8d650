"""Filters: what each condition lets through, and how a bad one is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.contract import Field, RecordType, Ref
from integration_hub.sync.filters import OPS, InvalidFilter, checked, ops_for, passes

FIELDS = (
    Field("name", "Name"),
    Field("status", "Status", "choice", choices=("Sent", "Pending")),
    Field("total", "Total", "money"),
    Field("placed_at", "Placed", "datetime"),
    Field("day", "Day", "date"),
    Field("vip", "VIP", "boolean"),
    Field("tags", "Tags", "choices"),
    Field("customer", "Customer", "link", to="customer"),
)
THING = RecordType("thing", "Thing", "Things", FIELDS, lambda *_: {}, lambda *_: [], lambda _: 0, str, str)
VALUES = {
    "name": "Ștefan Popescu",
    "status": "Sent",
    "total": Decimal("150.00"),
    "placed_at": datetime(2025, 7, 15, 14, 0, tzinfo=UTC),
    "day": date(2025, 7, 15),
    "vip": True,
    "tags": ("red", "Blue"),
    "customer": Ref("customer", uuid4(), "ana@example.org"),
}


@pytest.mark.parametrize(
    ("field", "op", "value", "held"),
    [
        ("status", "is", "sent", True),
        ("status", "is", "Pending", False),
        ("status", "is_not", "Pending", True),
        ("status", "is_one_of", ["Pending", "SENT"], True),
        ("status", "is_one_of", "Pending, Sent", True),
        ("status", "is_one_of", ["Pending"], False),
        ("name", "contains", "ștefan", True),
        ("name", "contains", "ion", False),
        ("tags", "contains", "blu", True),
        ("tags", "is", "red", True),
        ("tags", "is_one_of", ["green"], False),
        ("total", "is", "150", True),
        ("total", "at_least", "150.00", True),
        ("total", "at_least", 150.01, False),
        ("total", "at_most", 100, False),
        ("placed_at", "from", "2025-07-15", True),
        ("placed_at", "from", "2025-07-15T17:00:00+02:00", False),
        ("placed_at", "before", "2025-07-15", False),
        ("day", "before", "2025-07-16", True),
        ("vip", "is", "true", True),
        ("vip", "is_not", True, False),
        ("customer", "contains", "example.org", True),
        ("customer", "is_empty", "", False),
        ("missing", "is_empty", "", True),
        ("name", "is_not_empty", "", True),
    ],
)
def test_a_condition_holds(field, op, value, held):
    assert passes(VALUES, [{"field": field, "op": op, "value": value}]) is held


def test_all_conditions_must_hold():
    sent = {"field": "status", "op": "is", "value": "Sent"}
    dear = {"field": "total", "op": "at_least", "value": "1000"}
    assert passes(VALUES, [])
    assert passes(VALUES, [sent])
    assert not passes(VALUES, [sent, dear])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("status", "list of conditions"),
        ([5], "Condition 1 is not an object"),
        ([{"field": "nonsense", "op": "is", "value": "x"}], "there is no field “nonsense”. There are: name, status"),
        ([{"field": "name", "op": "at_least", "value": "1"}], "choose one of is, is_not, is_one_of, contains"),
        ([{"field": "name", "op": ["is"], "value": "1"}], "choose one of"),
        ([{"field": "total", "op": "at_least", "value": "much"}], "“Total”: the value does not fit. Give a number"),
        ([{"field": "total", "op": "at_most", "value": "NaN"}], "Give a number"),
        ([{"field": "day", "op": "before", "value": "soon"}], "Give a date"),
        ([{"field": "day", "op": "before", "value": "2025-02-31"}], "Give a date"),
        ([{"field": "name", "op": "is", "value": ""}], "Give some text"),
        ([{"field": "name", "op": "is", "value": {"a": 1}}], "Give some text"),
        ([{"field": "status", "op": "is_one_of", "value": " , "}], "Give some text"),
        ([{"field": "name", "op": "is_empty"}, {"field": "name"}], "Condition 2"),
    ],
)
def test_a_bad_filter_is_refused_with_what_is_valid(lines, said):
    with pytest.raises(InvalidFilter) as refused:
        checked(THING, lines)
    assert said in str(refused.value)


def test_a_good_filter_is_stored_bare():
    lines = [{"field": "name", "op": "is_empty", "value": "left over", "extra": 1}]
    assert checked(THING, lines) == [{"field": "name", "op": "is_empty", "value": ""}]


def test_every_kind_of_field_is_offered_something():
    for field in FIELDS:
        assert {"is_empty", "is_not_empty"} < {op for op, _words in ops_for(field)}


junk = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text(), max_size=3))


@given(st.sampled_from(FIELDS), st.sampled_from(sorted(OPS)), junk)
def test_what_was_checked_never_breaks_when_it_is_applied(field, op, value):
    try:
        lines = checked(THING, [{"field": field.name, "op": op, "value": value}])
    except InvalidFilter:
        return
    assert passes(VALUES, lines) in (True, False)
    assert passes({}, lines) in (True, False)
