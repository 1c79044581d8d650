"""What each field of a linked record asks for, when both sides were read. Pure: no database, no network, no clock.

A field has two bases, what each side had when both last agreed: conversions lose precision, so a side is only ever
compared with what it was itself. O is ours now, T theirs now:

| O        | T                        | do                            |
|----------|--------------------------|-------------------------------|
| same     | same                     | nothing                       |
| changed  | same                     | push                          |
| same     | changed                  | pull                          |
| changed  | changed, both mean alike | agree: both bases move        |
| changed  | changed, different       | what the mapping's policy says |

The direction of a field and its write mode come before the table. A field without a base is met for the first time:
alike means agree, an empty side is filled, and else the policy for first meetings decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final, TypeAlias

from integration_hub.contract import Direction, WriteMode
from integration_hub.contract.api import Json


class Policy(StrEnum):
    """Who is right where both sides changed a field to different values."""

    HUB_WINS = "hub_wins"
    PROVIDER_WINS = "provider_wins"
    NEWEST_WINS = "newest_wins"
    ASK = "ask"


class Do(Enum):
    """What one field asks for."""

    NOTHING = "nothing"
    PUSH = "push"
    PULL = "pull"
    AGREE = "agree"  # both mean the same: only the bases move
    ASK = "ask"  # a person must choose


class _NoBase:
    """The sides never agreed on this field."""


NO_BASE: Final = _NoBase()
Base: TypeAlias = "Json | _NoBase"


# The base of a side that was chosen to win: it is unlike any value, so that the side counts as changed whatever it
# holds by then, also what it held when both last agreed.
CHOSEN: Final[Json] = {"chosen": True}


def was_chosen(base: object) -> bool:
    return base == CHOSEN


@dataclass(frozen=True, slots=True)
class Rule:
    """How one mapped field is merged. `first`: the policy where it has no base yet."""

    ours: str
    remote_id: str
    direction: Direction = Direction.BOTH
    write_mode: WriteMode = WriteMode.ALWAYS
    policy: Policy = Policy.ASK
    first: Policy = Policy.ASK

    @property
    def pushes(self) -> bool:
        return self.direction is not Direction.PULL

    @property
    def pulls(self) -> bool:
        return self.direction is not Direction.PUSH


@dataclass(frozen=True, slots=True)
class Moments:
    """When each side was last changed, by one clock; None where nobody knows."""

    ours: datetime | None = None
    theirs: datetime | None = None

    @property
    def newest(self) -> Do:
        """The side that was changed last; nobody's guess where that is not known."""
        if self.ours is None or self.theirs is None or self.ours == self.theirs:
            return Do.ASK
        return Do.PUSH if self.ours > self.theirs else Do.PULL


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of one linked record as they were read now, and as they were at the last agreement. `ours` and its
    base are canonical values by our field name, `theirs` and its base comparable cells (`cell`) by remote id."""

    ours: Mapping[str, Json]
    theirs: Mapping[str, Json]
    base_ours: Mapping[str, Json]
    base_theirs: Mapping[str, Json]
    moments: Moments = Moments()


@dataclass(slots=True)
class Merge:
    """The rules of a record by what is to be done about them; those with nothing to do are in none."""

    push: list[Rule] = field(default_factory=list)
    pull: list[Rule] = field(default_factory=list)
    agree: list[Rule] = field(default_factory=list)
    ask: list[Rule] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.push or self.pull or self.agree or self.ask)


Alike = Callable[[Rule, Json, Json], bool]


def merge(rules: Sequence[Rule], sides: Sides, alike: Alike) -> Merge:
    """What the record asks for, field by field. `alike(rule, ours, theirs)`: whether both mean the same; it is asked
    only where both sides moved."""
    found = Merge()
    lists = {Do.PUSH: found.push, Do.PULL: found.pull, Do.AGREE: found.agree, Do.ASK: found.ask}
    for rule in rules:
        ours, theirs = sides.ours.get(rule.ours), sides.theirs.get(rule.remote_id)
        base_ours = sides.base_ours.get(rule.ours, NO_BASE)
        base_theirs = sides.base_theirs.get(rule.remote_id, NO_BASE)
        if ours == base_ours and theirs == base_theirs:
            continue  # most fields of most records
        verdict = decide(rule, (ours, base_ours), (theirs, base_theirs), alike, sides.moments)
        if verdict is not Do.NOTHING:
            lists[verdict].append(rule)
    return found


def decide(
    rule: Rule, ours: tuple[Json, Base], theirs: tuple[Json, Base], alike: Alike, moments: Moments = Moments()
) -> Do:
    """One field: (value now, base) of either side."""
    (now_ours, base_ours), (now_theirs, base_theirs) = ours, theirs
    if base_ours is NO_BASE or base_theirs is NO_BASE:
        return _allowed(rule, _first(rule, now_ours, now_theirs, alike, moments), now_theirs)
    ours_moved, theirs_moved = now_ours != base_ours, now_theirs != base_theirs
    if not ours_moved and not theirs_moved:
        return Do.NOTHING
    if ours_moved and theirs_moved:
        return _both(rule, now_ours, now_theirs, alike, moments)
    return _allowed(rule, Do.PUSH if ours_moved else Do.PULL, now_theirs)


def _both(rule: Rule, ours: Json, theirs: Json, alike: Alike, moments: Moments) -> Do:
    if alike(rule, ours, theirs):
        return Do.AGREE
    if rule.direction is not Direction.BOTH:  # one side owns the field: the other's edit is no contradiction
        return _allowed(rule, Do.PUSH if rule.pushes else Do.PULL, theirs)
    return _allowed(rule, _by_policy(rule.policy, moments), theirs)


def _first(rule: Rule, ours: Json, theirs: Json, alike: Alike, moments: Moments) -> Do:
    if (ours is None and theirs is None) or alike(rule, ours, theirs):
        return Do.AGREE
    if rule.direction is not Direction.BOTH:
        wish, source = (Do.PUSH, ours) if rule.pushes else (Do.PULL, theirs)
        return Do.AGREE if source is None else wish  # a first meeting fills, it never empties
    if ours is None or theirs is None:
        return Do.PUSH if theirs is None else Do.PULL
    return _by_policy(rule.first, moments)


def _by_policy(policy: Policy, moments: Moments) -> Do:
    if policy is Policy.NEWEST_WINS:
        return moments.newest
    return {Policy.HUB_WINS: Do.PUSH, Policy.PROVIDER_WINS: Do.PULL, Policy.ASK: Do.ASK}[policy]


def _allowed(rule: Rule, wish: Do, theirs: Json) -> Do:
    """The wish, where the field's direction and write mode let it through."""
    if wish is Do.PULL:
        return wish if rule.pulls else Do.NOTHING
    if wish is Do.PUSH:
        if not rule.pushes or rule.write_mode is WriteMode.IF_NEW:
            return Do.NOTHING
        if rule.write_mode is WriteMode.IF_EMPTY and theirs is not None:
            return Do.NOTHING
    return wish


def cell(value: Json) -> Json:
    """A provider's cell as it is kept and compared: text trimmed, an empty or unticked cell None, a list of things that
    have an id their sorted ids, a list of words sorted; numbers by value."""
    if value is None or value is False:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, list):
        return _listed(value)
    if isinstance(value, dict):
        return value.get("id") or value or None
    return value


def _listed(value: list[Json]) -> Json:
    parts = [one.get("id", one) if isinstance(one, dict) else one for one in value]
    if all(isinstance(one, str) for one in parts):
        return [*sorted(str(one) for one in parts)] or None
    return parts or None
