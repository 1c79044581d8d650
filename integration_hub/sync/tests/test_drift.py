"""What becomes of a mapped field when its table moves, by the way it goes. Pure."""

from dataclasses import replace

import pytest

from integration_hub.contract import Direction, Field, MappedField, RemoteField
from integration_hub.sync.drift import Change, compare

OURS = Field("total", "Total", "money")
MAPPED = MappedField(OURS, "f1", "Sum", "number")


def takes(ours: Field, theirs: RemoteField) -> bool:
    return theirs.writable and theirs.type == "number"


def gives(ours: Field, theirs: RemoteField) -> bool:
    return theirs.type in ("number", "formula")


@pytest.mark.parametrize(
    ("way", "type", "change"),
    [
        (Direction.PULL, "formula", Change.UPDATED),
        (Direction.PULL, "button", Change.BROKEN),
        (Direction.PUSH, "formula", Change.BROKEN),
        (Direction.BOTH, "formula", Change.BROKEN),
        (Direction.PULL, "number", Change.SAME),
    ],
)
def test_a_computed_field_breaks_only_what_is_written(way: Direction, type: str, change: Change) -> None:
    now = RemoteField("f1", "Sum", type, writable=type != "formula")
    (seen,) = compare([replace(MAPPED, direction=way)], [now], takes, gives)
    assert seen.change is change
