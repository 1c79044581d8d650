"""What a link cell means, both ways, and when it changed: pure."""

from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.contract import Direction, Field, MappedField, Ref, Rejected
from integration_hub.sync import linking
from integration_hub.sync.links import NO_LINKS, Awaited, Links, stand_in, stands_in

PARENT, OTHER = UUID(int=1), UUID(int=2)
HOME = MappedField(Field("home", "Home", "link", to="house"), "f_home", "Home", "link", direction=Direction.BOTH)
rows = st.text("abc", min_size=1, max_size=3)
known = st.dictionaries(rows, st.uuids(version=4), min_size=1, max_size=5)


def links(records: dict[str, UUID]) -> Links:
    """Rows and records of the linked table, and the same rows in another one, where they mean nothing."""
    found = {(PARENT, row): record for row, record in records.items()}
    return Links({"f_home": PARENT}, {}, {**found, (OTHER, "zzz"): uuid4()})


@given(records=known, data=st.data())
def test_a_cell_and_the_record_it_means_are_alike(records: dict[str, UUID], data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(sorted(records)))
    found = links(records).ref(HOME, (row,))
    assert isinstance(found, Ref)
    assert (found.record_type, found.id, found.remote_id) == ("house", records[row], row)
    assert links(records).alike(HOME, found, (row,))
    assert links(records).alike(HOME, Ref("house", records[row], "called otherwise"), (row,))


@given(
    records=known, cell=st.lists(rows | st.just("zzz"), max_size=3, unique=True), mine=st.none() | st.uuids(version=4)
)
def test_a_cell_is_read_waited_for_or_refused_and_never_guessed(
    records: dict[str, UUID], cell: list[str], mine: UUID | None
) -> None:
    read, ours = tuple(cell) or None, None if mine is None else Ref("house", mine, "")
    try:
        found = links(records).ref(HOME, read)
    except Awaited as awaited:
        assert cell[0] not in records
        assert awaited.debt.parent_id == stand_in(PARENT, cell[0])
        assert not links(records).alike(HOME, ours, read)
    except Rejected as refusal:
        assert str(len(cell)) in refusal.sentence
        assert not links(records).alike(HOME, ours, read)
    else:
        assert (found is None) == (not cell)
        assert links(records).alike(HOME, ours, read) == ((ours and ours.id) == (found and found.id))


@given(target=st.uuids(version=4), other=st.uuids(version=4), row=rows)
def test_stand_ins_are_told_from_records_and_from_each_other(target: UUID, other: UUID, row: str) -> None:
    assert stands_in(stand_in(target, row))
    assert not stands_in(target)
    assert (stand_in(target, row) == stand_in(other, row)) == (target == other)
    assert stand_in(target, row) == uuid5(target, row), "the same in every process, and after every restart"


@pytest.mark.parametrize(
    ("direction", "parent", "kept"),
    [
        (Direction.BOTH, PARENT, Direction.BOTH),
        (Direction.PULL, PARENT, Direction.PULL),
        (Direction.PUSH, None, Direction.PUSH),
        (Direction.BOTH, None, Direction.PUSH),
        (Direction.PULL, None, None),
    ],
)
def test_a_link_is_read_only_where_its_table_is_mapped(
    direction: Direction, parent: UUID | None, kept: Direction | None
) -> None:
    mapped = MappedField(HOME.ours, "f_home", "Home", "link", direction=direction)
    found = linking.passable([mapped], {"f_home": parent})
    assert [one.direction for one in found] == ([kept] if kept else [])


def test_nothing_leads_anywhere_without_links() -> None:
    assert not NO_LINKS.leads(HOME)
    assert linking.meant({"f_home": None}, [HOME], None, []) is NO_LINKS  # type: ignore[arg-type]
