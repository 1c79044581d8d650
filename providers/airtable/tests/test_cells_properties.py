"""What holds for every value and every type: it comes back, it is JSON, and nothing but a named refusal is raised."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from integration_hub.contract import Field, FieldRefused, FileRef, Files, MappedField, Ref, Rejected
from integration_hub.sync.canonical import canonical
from providers.airtable.cells import CONVERTERS, back, convert, takes
from providers.airtable.simulator.cells import WRITERS
from providers.airtable.simulator.draft import Draft
from providers.airtable.simulator.fields import KINDS
from providers.airtable.simulator.model import Base
from providers.airtable.simulator.model import Field as SimulatedField

EXAMPLES = 40  # for each of some 300 pairs
CHOICES = ("in_person", "Pending", "Sent", "חדש 🆕", "with, comma")
ZONES = ("utc", "client", "Europe/Bucharest", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
FIELD_OPTIONS: Mapping[str, Any] = {
    "number": {"precision": 8},
    "currency": {"precision": 7, "symbol": "€"},
    "percent": {"precision": 8},
    "rating": {"max": 10},
    "singleSelect": {"choices": [{"name": "In person"}, {"name": "PENDING"}, {"name": "Sent"}]},
    "multipleSelects": {"choices": [{"name": "In person"}, {"name": "PENDING"}, {"name": "Sent"}]},
}
WORDS = st.text(max_size=60) | st.sampled_from(
    ["שלום", "مرحبا", "👩‍👩‍👧", "a\r\nb", "007", "1e5", " x ", "\u2028", "\0"]
)
PLAIN = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=12)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**8), max_value=10**8)
SECONDS = st.timedeltas(min_value=-timedelta(days=9000), max_value=timedelta(days=9000))
INSTANTS = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.timezones())
LINKS = st.builds(lambda title: Ref("customer", UUID(int=7), title, "recCustomer000001"), WORDS)
FILES = st.builds(FileRef, WORDS, WORDS, WORDS)
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "text": WORDS,
    "long_text": WORDS,
    "id": st.uuids().map(str),
    "email": st.builds("{}@{}.example".format, PLAIN, PLAIN),
    "phone": WORDS,
    "url": WORDS,
    "number": NUMBERS,
    "money": st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12),
    "percent": st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-10, max_value=10),
    "integer": st.integers(min_value=-(2**53), max_value=2**53) | st.integers(min_value=0, max_value=10),
    "choice": st.sampled_from(CHOICES),
    "choices": st.lists(st.sampled_from(CHOICES), unique=True).map(tuple),
    "date": st.dates(min_value=date(1, 1, 3), max_value=date(9999, 12, 29)),
    "datetime": INSTANTS,
    "duration": SECONDS,
    "boolean": st.booleans(),
    "link": LINKS,
    "file": FILES,
}
PAIRS = [(kind, type) for kind in VALUES for type in CONVERTERS if takes(Field("x", "X", kind), type)]
ONE_LINE = ("singleLineText", "email", "url", "phoneNumber", "barcode")
STRANGE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(st.characters())
    | st.dates()
    | st.datetimes(timezones=st.timezones())
    | st.timedeltas()
    | st.lists(WORDS).map(tuple)
    | LINKS
    | FILES
)
KEYS = st.sampled_from(["id", "name", "email", "text", "filename", "label", "url", "state", "value", "error"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def field(kind: str, type: str, zone: str = "utc") -> MappedField:
    choices = CHOICES if kind in ("choice", "choices") else ()
    options = {**FIELD_OPTIONS.get(type, {}), **({"timeZone": zone} if type in ("date", "dateTime") else {})}
    return MappedField(Field("x", "Total", kind, choices), "fldX", "Their / “field”", type, options)


def values(kind: str, type: str) -> st.SearchStrategy[Any]:
    if type == "rating":
        return st.integers(min_value=0, max_value=10)
    return VALUES["email"] if "ollaborator" in type else VALUES[kind]


def over_the_wire(cell: Any) -> Any:
    """What Airtable would answer: empty cells are left out."""
    read = json.loads(json.dumps(cell, allow_nan=False).encode())
    return None if read is False or read in ("", []) else read


def as_kept(value: Any, kind: str, type: str) -> Any:
    """Our value as far as the field can hold it: the losses that the package's docstring names and no others."""
    if type == "rating":
        return value or None
    if isinstance(value, str) and kind != "choice":
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        return value.replace("\n", " ") if type in ONE_LINE else value
    if isinstance(value, datetime) and type != "date":
        return value.astimezone(UTC).replace(microsecond=value.microsecond // 1000 * 1000)
    if isinstance(value, Ref):
        return ("recCustomer000001",) if type == "multipleRecordLinks" else as_kept(value.title, "text", type)
    return None if isinstance(value, FileRef) else value


@pytest.mark.parametrize(("kind", "type"), PAIRS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_what_is_written_is_read_again(kind: str, type: str, data: st.DataObject) -> None:
    value = data.draw(values(kind, type))
    mapped = field(kind, type, data.draw(st.sampled_from(ZONES)))
    try:
        cell = convert(value, mapped, create_choices=True)
    except Rejected:
        assume(False)
    if kind == "choices" and type != "multipleSelects" and "with, comma" in value:
        return  # told apart by commas: said in the package's docstring
    if kind == "datetime" and type == "date":
        read = back(over_the_wire(cell), field("date", type))
        assert isinstance(read, date) and abs(read - value.astimezone(UTC).date()) <= timedelta(days=1)
        return
    assert canonical(back(over_the_wire(cell), mapped)) == canonical(as_kept(value, kind, type))


@settings(max_examples=EXAMPLES)
@given(value=VALUES["datetime"], zone=st.sampled_from(ZONES))
def test_a_day_and_its_midnight_are_in_the_same_zone(value: datetime, zone: str) -> None:
    """The date that a date field gets is the date that a dateTime field with these options shows."""
    instant = convert(value, field("datetime", "dateTime", zone))
    assert convert(value, field("datetime", "date", zone)) == back(instant, field("date", "dateTime", zone)).isoformat()  # type: ignore[union-attr]


@pytest.mark.parametrize("type", [*KINDS, "aTypeOfNextYear"])
@settings(max_examples=EXAMPLES)
@given(value=STRANGE, create=st.booleans(), kind=st.sampled_from([*VALUES]))
def test_a_value_is_json_or_refused_by_name(type: str, value: Any, create: bool, kind: str) -> None:
    mapped = field(kind, type)
    try:
        cell = convert(value, mapped, create_choices=create)
    except (Rejected, FieldRefused) as refused:
        assert "Their / “field”" in refused.sentence and "%(" not in refused.sentence
        assert not isinstance(refused, FieldRefused) or refused.fields == ("fldX",)
    else:
        assert type in CONVERTERS
        json.dumps(cell, allow_nan=False).encode()
        json.dumps(cell, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize("kind", [*VALUES, "aKindOfNextYear"])
@settings(max_examples=EXAMPLES)
@given(cell=JSON, type=st.sampled_from([*KINDS, "aTypeOfNextYear"]), zone=st.sampled_from(ZONES))
def test_any_cell_is_read_or_refused_by_name(kind: str, cell: Any, type: str, zone: str) -> None:
    try:
        value = back(cell, field(kind, type, zone))
    except Rejected as refused:
        assert "Their / “field”" in refused.sentence and refused.code == "cannot_be_read"
    else:
        json.dumps(canonical(value)).encode()
        assert value is None or isinstance(value, READ_AS.get(kind, str))


READ_AS: Mapping[str, Any] = {
    "number": Decimal,
    "money": Decimal,
    "percent": Decimal,
    "integer": int,
    "boolean": bool,
    "choices": tuple,
    "file": tuple,
    "link": (tuple, str),
    "date": date,
    "datetime": datetime,
    "duration": timedelta,
}


@pytest.mark.parametrize(("kind", "type"), [pair for pair in PAIRS if pair[1] in WRITERS])
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_airtable_stores_what_is_written(kind: str, type: str, data: st.DataObject) -> None:
    """The simulator, which refuses as Airtable does, takes every cell and would answer with the same."""
    try:
        cell = convert(data.draw(values(kind, type)), field(kind, type), create_choices=True)
    except Rejected:
        assume(False)
    if cell is None or type == "multipleRecordLinks" or "ollaborator" in type:
        return  # cleared; or rows and users that the simulator would have to know
    options = json.loads(json.dumps(FIELD_OPTIONS.get(type, {})))
    theirs = SimulatedField("fldX", "X", type, options)
    draft = Draft(Base("appX", "X", []), now=0.0, user="usrX", users=[], typecast=True)
    writer: Callable[..., Any] = WRITERS[type]
    assert writer(cell, theirs, draft) == cell


# --- links and files that come in -------------------------------------------------------------------------------------

ids = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=14, max_size=14)
names = st.text(max_size=30)


@given(row=ids.map("rec{}".format), title=names)
def test_a_link_that_was_written_is_read_as_its_row(row: str, title: str) -> None:
    one = field("link", "multipleRecordLinks")
    assert back(convert(Ref("customer", UUID(int=1), title, row), one), one) == (row,)


@given(rows=st.lists(ids.map("rec{}".format), max_size=4, unique=True))
def test_a_link_cell_is_read_as_all_its_rows_in_their_order(rows: list[str]) -> None:
    assert back([*rows], field("link", "multipleRecordLinks")) == (tuple(rows) or None)


attached = st.fixed_dictionaries(
    {"id": ids.map("att{}".format), "url": st.just("https://v5.airtableusercontent.com/v3/u/1")},
    optional={"filename": names, "size": st.integers(0, 2**40), "type": names, "thumbnails": st.just({})},
)


@given(cell=st.none() | st.lists(attached, max_size=4, unique_by=lambda one: one["id"]), seed=st.randoms())
def test_files_are_read_without_their_addresses_and_mean_the_same_in_any_order(cell: Any, seed: Any) -> None:
    one = field("files", "multipleAttachments")
    read = back(cell, one)
    assert isinstance(read, Files)
    assert [file.id for file in read.files] == [file["id"] for file in cell or ()]
    assert "airtableusercontent" not in str(read)
    again: Any = [{**file, "url": "https://v5.airtableusercontent.com/v3/u/2"} for file in cell or ()]
    seed.shuffle(again)
    assert canonical(back(again or None, one)) == canonical(read)
