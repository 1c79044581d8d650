"""The merge of one record: the table, what may not be overwritten, and that both sides end equal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_hub.contract import Direction, WriteMode
from integration_hub.sync.merge import (
    NO_BASE,
    Do,
    Merge,
    Moments,
    Policy,
    Rule,
    Sides,
    cell,
    decide,
    merge,
)

RULE = Rule("status", "fldStatus")
UNKNOWN = Moments()
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def alike(rule, ours, theirs):
    return ours == theirs


def verdict(ours, theirs, *, moments=UNKNOWN, **rule):
    return decide(replace(RULE, **rule), ours, theirs, alike, moments)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (("a", "a"), ("x", "x"), Do.NOTHING),  # equal is not asked for: conversions lose precision
        (("b", "a"), ("x", "x"), Do.PUSH),
        ((None, "a"), ("x", "x"), Do.PUSH),
        (("a", "a"), ("y", "x"), Do.PULL),
        (("a", "a"), (None, "x"), Do.PULL),
        (("b", "a"), ("b", "x"), Do.AGREE),
        (("b", "a"), ("y", "x"), Do.ASK),
    ],
)
def test_the_table(ours, theirs, expected):
    assert verdict(ours, theirs) is expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("hub_wins", Do.PUSH), ("provider_wins", Do.PULL), ("ask", Do.ASK), ("newest_wins", Do.ASK)],
)
def test_the_policy_settles_what_both_changed(policy, expected):
    assert verdict(("b", "a"), ("y", "x"), policy=Policy(policy)) is expected


@pytest.mark.parametrize(("ours", "expected"), [(-1, Do.PULL), (0, Do.ASK), (1, Do.PUSH)])
def test_the_newest_edit_wins_where_the_times_are_known(ours, expected):
    moments = Moments(NOON + timedelta(seconds=ours), NOON)
    assert verdict(("b", "a"), ("y", "x"), policy=Policy.NEWEST_WINS, moments=moments) is expected


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (None, None, Do.AGREE),
        ("a", "a", Do.AGREE),
        ("a", None, Do.PUSH),
        (None, "x", Do.PULL),
        ("a", "x", Do.ASK),
    ],
)
def test_a_first_meeting_fills_what_is_empty_and_asks_where_both_say_something(ours, theirs, expected):
    assert verdict((ours, NO_BASE), (theirs, NO_BASE)) is expected


@pytest.mark.parametrize(("first", "expected"), [("hub_wins", Do.PUSH), ("provider_wins", Do.PULL)])
def test_a_first_meeting_has_a_policy_of_its_own(first, expected):
    assert verdict(("a", NO_BASE), ("x", NO_BASE), first=Policy(first), policy=Policy.ASK) is expected


@pytest.mark.parametrize("direction", [Direction.PUSH, Direction.PULL])
def test_a_first_meeting_never_empties_a_side(direction):
    ours, theirs = (None, "x") if direction is Direction.PUSH else ("a", None)
    assert verdict((ours, NO_BASE), (theirs, NO_BASE), direction=direction) is Do.AGREE


@pytest.mark.parametrize(
    ("direction", "ours", "theirs", "expected"),
    [
        (Direction.PUSH, ("b", "a"), ("y", "x"), Do.PUSH),
        (Direction.PUSH, ("a", "a"), ("y", "x"), Do.NOTHING),
        (Direction.PULL, ("b", "a"), ("y", "x"), Do.PULL),
        (Direction.PULL, ("b", "a"), ("x", "x"), Do.NOTHING),
    ],
)
def test_a_field_of_one_direction_is_never_written_against_it(direction, ours, theirs, expected):
    assert verdict(ours, theirs, direction=direction) is expected


@pytest.mark.parametrize(
    ("mode", "theirs", "expected"),
    [
        (WriteMode.IF_EMPTY, (None, None), Do.PUSH),
        (WriteMode.IF_EMPTY, ("x", "x"), Do.NOTHING),
        (WriteMode.IF_NEW, (None, None), Do.NOTHING),
        (WriteMode.IF_NEW, ("x", "x"), Do.NOTHING),
    ],
)
def test_the_write_mode_comes_before_the_table(mode, theirs, expected):
    assert verdict(("b", "a"), theirs, write_mode=mode) is expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, ""),
        (None, False),
        (None, []),
        (" a ", "a"),
        (1, 1.0),
        (["b", "a"], ["a", "b"]),
        ([{"id": "att2", "url": "u1"}, {"id": "att1"}], [{"id": "att1", "url": "u2"}, {"id": "att2"}]),
        ({"id": "usr1", "name": "A"}, {"id": "usr1", "name": "B"}),
    ],
)
def test_cells_that_mean_the_same_compare_equal(one, other):
    assert cell(one) == cell(other)


@pytest.mark.parametrize(("one", "other"), [("a", "A"), (0, None), (["a"], ["a", "b"]), ("0", 0), (True, None)])
def test_cells_that_differ_do_not(one, other):
    assert cell(one) != cell(other)


# --- two sides with a conversion that loses precision, edited in any order -------------------------------------------

RULES = (Rule("a", "A"), Rule("b", "B", policy=Policy.HUB_WINS), Rule("c", "C", policy=Policy.PROVIDER_WINS))
CENT = Decimal("0.01")
amounts = st.none() | st.decimals(min_value=-9, max_value=9, places=3).map(str)


def over_there(value):
    """The provider keeps two digits."""
    return None if value is None else str(Decimal(value).quantize(CENT, ROUND_HALF_EVEN) + 0)


def over_here(value):
    """Our validation drops trailing zeros."""
    return None if value is None else str(Decimal(value).normalize() + 0)


class Pair:
    """One record on both sides; `passes` are the merges, which read both sides as they are now."""

    def __init__(self):
        self.ours, self.theirs = {}, {}
        self.base_ours = {rule.ours: None for rule in RULES}
        self.base_theirs = {rule.remote_id: None for rule in RULES}
        self.open = set()

    def sides(self):
        return Sides(dict(self.ours), dict(self.theirs), self.base_ours, self.base_theirs)

    def merged(self, sides) -> Merge:
        return merge(RULES, sides, lambda rule, ours, theirs: over_there(ours) == theirs)

    def sync(self):
        found = self.merged(self.sides())
        for rule in found.push:
            self.theirs[rule.remote_id] = over_there(self.ours.get(rule.ours))
        for rule in found.pull:
            self.ours[rule.ours] = over_here(self.theirs.get(rule.remote_id))
        self.open = {rule.ours for rule in found.ask}
        for rule in (*found.push, *found.pull, *found.agree):
            self.base_ours[rule.ours] = self.ours.get(rule.ours)
            self.base_theirs[rule.remote_id] = self.theirs.get(rule.remote_id)
        return found


edits = st.tuples(st.sampled_from(["ours", "theirs"]), st.sampled_from(RULES), amounts)


@given(st.lists(edits | st.just("sync"), max_size=40))
@settings(max_examples=300, deadline=None)
def test_edits_in_any_order_end_equal_or_asked(steps):
    pair = Pair()
    for step in steps:
        if step == "sync":
            pair.sync()
            continue
        side, rule, value = step
        if side == "ours":
            pair.ours[rule.ours] = over_here(value)
        else:
            pair.theirs[rule.remote_id] = over_there(value)
    pair.sync()
    again = pair.sync()
    assert not (again.push or again.pull or again.agree), "an echo went on"
    for rule in RULES:
        equal = over_there(pair.ours.get(rule.ours)) == pair.theirs.get(rule.remote_id)
        assert equal != (rule.ours in pair.open)
    assert pair.open <= {"a"}, "only the field whose policy is to ask is asked"


@given(st.tuples(amounts, amounts), st.tuples(amounts, amounts))
def test_an_edit_is_only_overwritten_where_the_other_side_is_known_to_be_unchanged(ours, theirs):
    """Under the policy to ask, whoever is written over has just what both agreed on."""
    did = decide(RULE, ours, theirs, alike)
    if did is Do.PUSH:
        assert theirs[0] == theirs[1]
    if did is Do.PULL:
        assert ours[0] == ours[1]
