"""Which way the fields of a form go, what has no part in that, what is suggested, and what comes of it all. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from integration_hub.contract import Direction
from integration_hub.hub.mapping.desk import Desk
from integration_hub.hub.mapping.typed import Typed, minutes
from integration_hub.sync import ways
from integration_hub.sync.drafts import Draft, Pair


def turned(pair: Pair, typed: Typed, desk: Desk) -> Pair:
    """With a direction that both fields can go, where there is one: a computed field is read whatever was chosen."""
    open_ = directions(desk, typed.goes, pair)
    if not open_ or ways.within(typed.goes, _own(pair)) in open_:
        return pair
    return replace(pair, direction=next(iter(open_.values())).value)


def directions(desk: Desk, goes: Direction, pair: Pair) -> dict[Direction, Direction]:
    """The directions this pair may be given, by what they come to; none where it can go no way, or is not known."""
    ours, theirs = desk.ours.get(pair.ours), desk.remote.get(pair.remote_id)
    return ways.own(goes, ways.of_field(desk.sink, ours, theirs)) if ours and theirs else {}


def recognising(typed: Typed, desk: Desk) -> Typed:
    """Only mapped fields recognise rows. Where both sides are about to meet, the best does until somebody says else."""
    mapped = [pair.ours for pair in typed.pairs]
    chosen = tuple(one.name for one in ways.keys(desk.record_type, mapped) if one.name in typed.match_on)
    if not chosen and typed.goes is not Direction.PUSH and typed.met == Direction.PUSH:
        chosen = ways.best_key(desk.record_type, mapped)
    return replace(typed, match_on=chosen)


def left_out(typed: Typed, desk: Desk) -> list[str]:
    """Our fields that are mapped and have no part in this direction."""
    return [pair.ours for pair in typed.pairs if _is_left(pair, typed, desk)]


def _is_left(pair: Pair, typed: Typed, desk: Desk) -> bool:
    ours, theirs = desk.ours.get(pair.ours), desk.remote.get(pair.remote_id)
    can = ways.of_field(desk.sink, ours, theirs) if ours and theirs else None
    return ways.apart(typed.goes, _own(pair), can)


def _own(pair: Pair) -> Direction:
    return Direction(pair.direction) if pair.direction in tuple(Direction) else Direction.BOTH


def suggested(typed: Typed, desk: Desk, only: Iterable[str] | None = None) -> Typed:
    """With a pair for each of our fields that has none and for which the provider knows a fitting one. `only` these of
    our fields, where named."""
    if desk.resource is None:
        return typed
    mapped, taken = {pair.ours for pair in typed.pairs}, {pair.remote_id for pair in typed.pairs} | {desk.merge_id}
    found = desk.sink.suggest(desk.record_type, desk.resource)
    more = [
        Pair(ours, remote_id)
        for ours, remote_id in found.items()
        if ours not in mapped and remote_id not in taken and (only is None or ours in only)
    ]
    fitting = [turned(pair, typed, desk) for pair in more if directions(desk, typed.goes, pair)]
    return replace(typed, pairs=(*typed.pairs, *fitting))


def draft(typed: Typed, desk: Desk) -> Draft:
    """What is to be saved or previewed; the service judges it. The table must be known."""
    assert desk.resource is not None
    return Draft(
        record_type=desk.record_type.key,
        resource=desk.resource,
        pairs=tuple(pair for pair in typed.pairs if not _is_left(pair, typed, desk)),
        sink=desk.sink.key,
        filter=[line for line in typed.conditions if line["field"]],
        create_choices=typed.create_choices,
        is_live=typed.is_live,
        minutes=minutes(typed),
        on_delete=typed.on_delete,
        direction=typed.direction,
        policy=typed.policy,
        first=typed.first,
        on_remote_delete=typed.on_remote_delete,
        match_on=typed.match_on,
        makes_here=typed.makes_here,
        makes_there=typed.makes_there,
    )
