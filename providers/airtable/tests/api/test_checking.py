"""Cells as programs send them, field type by field type; pure."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_hub.contract import RemoteField
from providers.airtable.api.checking import LOOKED_UP, SHAPES, checked, named, plain
from providers.airtable.cells.kinds import COMPUTED, WRITABLE

CHOICES = {"choices": [{"id": "sel1", "name": "In person"}, {"id": "sel2", "name": "Online"}]}
FITS = [
    ("singleLineText", "a", "a"),
    ("singleLineText", "", ""),
    ("number", Decimal("150.00"), 150),
    ("number", Decimal("-1.5"), -1.5),
    ("currency", 0, 0),
    ("percent", Decimal("0.125"), 0.125),
    ("duration", 90, 90),
    ("rating", 5, 5),
    ("checkbox", False, False),
    ("date", "2026-02-28", "2026-02-28"),
    ("dateTime", "2026-05-01T18:00:00Z", "2026-05-01T18:00:00Z"),
    ("dateTime", "2026-05-01T18:00", "2026-05-01T18:00"),
    ("dateTime", "2026-05-01", "2026-05-01"),
    ("singleSelect", "in_person", "In person"),
    ("multipleSelects", ["Online", "in person"], ["Online", "In person"]),
    ("multipleSelects", [], []),
    ("multipleRecordLinks", ["recA"], ["recA"]),
    ("multipleAttachments", [{"url": "https://example.com/a.pdf", "filename": "a.pdf"}, {"id": "att1"}], None),
    ("barcode", {"text": "123"}, {"text": "123"}),
    ("singleCollaborator", {"email": "a@example.com"}, {"email": "a@example.com"}),
    ("multipleCollaborators", [{"id": "usr1"}], [{"id": "usr1"}]),
]
UNFIT = [
    ("singleLineText", 5),
    ("singleLineText", "x" * 100_001),
    ("email", ["a@example.com"]),
    ("number", "5"),
    ("number", True),
    ("currency", [1]),
    ("percent", "15%"),
    ("duration", "1:30"),
    ("rating", 0),
    ("rating", 6),
    ("rating", Decimal("2.5")),
    ("checkbox", 1),
    ("date", "2026-02-30"),
    ("date", "2026-2-1"),
    ("date", "20260201"),
    ("date", "2026-05-01T18:00:00Z"),
    ("dateTime", "tomorrow"),
    ("dateTime", "2026-05-01T25:00:00Z"),
    ("singleSelect", "Hybrid"),
    ("singleSelect", ["Online"]),
    ("multipleSelects", "Online"),
    ("multipleSelects", ["Online", 5]),
    ("multipleSelects", ["Hybrid"]),
    ("multipleRecordLinks", "recA"),
    ("multipleRecordLinks", ["Ana"]),
    ("multipleAttachments", "https://example.com"),
    ("multipleAttachments", [{"filename": "a"}]),
    ("barcode", "123"),
    ("singleCollaborator", "a@example.com"),
    ("multipleCollaborators", {"id": "usr1"}),
]


def field(kind, **options):
    given = CHOICES if kind in ("singleSelect", "multipleSelects") else {"max": 5} if kind == "rating" else options
    return RemoteField("fld1", "Câmp", kind, kind, writable=kind in WRITABLE, options=given)


@pytest.mark.parametrize(("kind", "value", "cell"), FITS)
def test_what_fits_becomes_a_cell(kind, value, cell):
    cells, errors = checked([field(kind)], {"camp": value})
    assert errors == {}
    assert cells == {"fld1": value if cell is None else cell}


@pytest.mark.parametrize(("kind", "value"), UNFIT)
def test_what_does_not_fit_is_a_sentence_under_the_given_name(kind, value):
    cells, errors = checked([field(kind)], {"CÂMP": value})
    assert cells == {}
    ((name, (sentence,)),) = errors.items()
    assert name == "fields.CÂMP"
    assert sentence.endswith((".", "}."))


def test_every_type_that_can_be_written_has_a_shape():
    assert set(SHAPES) == set(WRITABLE)
    assert set(LOOKED_UP) <= set(WRITABLE)


@pytest.mark.parametrize("kind", [*COMPUTED, "typeOfTomorrow"])
def test_computed_and_unknown_types_are_never_written(kind):
    for typecast in (False, True):
        cells, errors = checked([field(kind)], {"fld1": "x"}, typecast=typecast)
        assert (cells, list(errors)) == ({}, ["fields.fld1"])


@pytest.mark.parametrize("kind", [*WRITABLE])
def test_null_clears_and_typecast_passes_on(kind):
    assert checked([field(kind)], {"fld1": None}) == ({"fld1": None}, {})
    assert checked([field(kind)], {"fld1": "x"}, typecast=True) == ({"fld1": "x"}, {})


def test_choices_without_a_list_are_airtables_to_judge():
    bare = RemoteField("fld1", "A", "singleSelect", options={})
    assert checked([bare], {"A": "x"}) == ({"fld1": "x"}, {})


def test_two_fields_alike_are_told_apart_by_their_exact_names():
    fields = [RemoteField("fld1", "Total", "number"), RemoteField("fld2", "TOTAL", "number")]
    assert named(fields, "TOTAL").id == "fld2"
    assert named(fields, "total") is None
    assert named(fields, "fld1").label == "Total"


def test_a_name_without_letters_is_a_name():
    fields = [RemoteField("fld1", "🎟", "number"), RemoteField("fld2", "🎭", "number")]
    assert named(fields, "🎭").id == "fld2"


@given(st.recursive(st.none() | st.booleans() | st.text() | st.decimals(-(10**9), 10**9, places=3), st.lists))
def test_plain_json_has_no_decimals(value):
    def walk(one):
        return [inner for item in one for inner in walk(item)] if isinstance(one, list) else [one]

    assert not [one for one in walk(plain(value)) if isinstance(one, Decimal)]
    assert [float(one) for one in walk(value) if isinstance(one, Decimal)] == [
        float(one) for one in walk(plain(value)) if isinstance(one, int | float) and not isinstance(one, bool)
    ]


@settings(max_examples=40)
@given(st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)))
def test_whatever_comes_is_a_cell_or_a_sentence(body):
    fields = [field(kind) for kind in WRITABLE]
    cells, errors = checked(fields, body)
    assert len(cells) + len(errors) == len(body)
