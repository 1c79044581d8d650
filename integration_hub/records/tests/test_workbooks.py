"""The workbooks we write, held against the structure that spreadsheets insist on, and their texts there and back.

No Excel is at hand: a file that breaks one of these rules is what Excel calls "a problem with some content".
"""

import io
import re
from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from integration_hub.records.exporting import cells, xlsx
from integration_hub.records.importing import xlsxfile, xlsxtexts
from integration_hub.records.importing.problems import Problems, Unreadable
from integration_hub.records.tests.importers import rewritten, workbook

SHEET = "xl__worksheets__sheet1_DOT_xml"
# In this order, as CT_Worksheet has them; those we write.
OF_A_SHEET = ("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData")
OF_STYLES = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles")
TRICKY = [
    "_x0041_",
    "_x005F_",
    "_x005F_x0041_",
    "__x0041_ and _X0041_ and _x00G1_",
    "a\x01b\x1fc",
    "line\nbreak\tand tab",
    " spaces around ",
    "<b>&amp;\"'",
    "=1+1",
    "'=1+1",
    "שלום 🎭 ăîșț",
    "\ufffe\uffff",
]


def book(rows: list[list[Any]], title: str = "Orders") -> bytes:
    headings = [f"H{place}" for place in range(max(map(len, rows)))]
    return b"".join(xlsx.xlsx_bytes(title, headings, [rows], ["One sentence", "_x0041_ & \x02"]))


FULL = book(
    [
        ["text", 5, Decimal("10.125"), datetime(2026, 11, 20, 10, 30, 15), None, ""],
        TRICKY[:6],
        TRICKY[6:],
        [
            Decimal("0"),
            Decimal("123456789012345.6789"),
            datetime(1900, 3, 1),
            datetime(2199, 12, 31, 23, 59, 59),
            0,
            "x",
        ],
    ],
    title='A & B "quoted" <title> of more than thirty-one characters',
)


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    with ZipFile(io.BytesIO(FULL)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names)) and names[0] == "[Content_Types].xml"
        return {name: archive.read(name) for name in names}


def tree(parts: dict[str, bytes], name: str) -> ElementTree.Element:
    assert parts[name].startswith(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>')
    return ElementTree.fromstring(parts[name])


def plain(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def test_every_part_has_its_type(parts: dict[str, bytes]) -> None:
    types = tree(parts, "[Content_Types].xml")
    defaults = {one.get("Extension") for one in types if plain(one) == "Default"}
    named = {one.get("PartName"): one.get("ContentType") for one in types if plain(one) == "Override"}
    assert {f"/{name}" for name in parts if not name.endswith(".rels")} - {"/[Content_Types].xml"} == set(named)
    assert {name.rpartition(".")[2] for name in parts} <= defaults
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    assert named["/xl/workbook.xml"] == f"{kind}.sheet.main+xml"
    assert {named[name] for name in named if "/worksheets/" in str(name)} == {f"{kind}.worksheet+xml"}


@pytest.mark.parametrize(("source", "folder"), [("_rels/.rels", ""), ("xl/_rels/workbook.xml.rels", "xl")])
def test_every_relation_leads_to_a_part_and_says_of_what_kind(
    parts: dict[str, bytes], source: str, folder: str
) -> None:
    relations = list(tree(parts, source))
    assert len({one.get("Id") for one in relations}) == len(relations) > 0
    for one in relations:
        assert str(PurePosixPath(folder) / str(one.get("Target"))) in parts
        kind = str(one.get("Type")).rpartition("/")[2]
        assert kind in ("officeDocument", "worksheet", "styles")


def test_the_book_names_its_sheets_as_excel_allows(parts: dict[str, bytes]) -> None:
    sheets = [one for one in tree(parts, "xl/workbook.xml").iter() if plain(one) == "sheet"]
    links = {one.get("Id") for one in tree(parts, "xl/_rels/workbook.xml.rels")}
    names = [str(one.get("name")) for one in sheets]
    assert len({name.casefold() for name in names}) == len(names) == 2
    assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)
    assert {one.get(f"{{{xlsx.OFFICE}}}id") for one in sheets} <= links
    assert sorted(str(one.get("sheetId")) for one in sheets) == ["1", "2"]


def test_styles_count_what_they_hold_and_refer_to_what_is_there(parts: dict[str, bytes]) -> None:
    styles = tree(parts, "xl/styles.xml")
    found = {plain(one): one for one in styles}
    assert list(found) == list(OF_STYLES)
    assert all(int(str(one.get("count"))) == len(one) for one in styles)
    formats = {int(str(one.get("numFmtId"))) for one in found["numFmts"]}
    assert min(formats) >= 164  # below are the built-in ones
    for one in (*found["cellXfs"], *found["cellStyleXfs"]):
        assert int(str(one.get("fontId"))) < len(found["fonts"])
        assert int(str(one.get("fillId"))) < len(found["fills"])
        assert int(str(one.get("borderId"))) < len(found["borders"])
        assert int(str(one.get("numFmtId"))) in formats | {0}


@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"])
def test_sheets_hold_rows_of_cells_and_nothing_out_of_order(parts: dict[str, bytes], name: str) -> None:
    sheet = tree(parts, name)
    order = [OF_A_SHEET.index(plain(one)) for one in sheet]
    assert order == sorted(order) and OF_A_SHEET[order[-1]] == "sheetData"
    styles = len({plain(one): one for one in tree(parts, "xl/styles.xml")}["cellXfs"])
    rows = list(sheet[-1])
    assert rows and {plain(row) for row in rows} == {"row"}
    for cell in (cell for row in rows for cell in row):
        assert plain(cell) == "c" and int(cell.get("s", 0)) < styles
        inside = [plain(one) for one in cell.iter()][1:]
        assert inside == {"inlineStr": ["is", "t"], "n": ["v"]}[cell.get("t", "n")] or (
            not inside and not cell.get("t")
        )


def test_times_and_amounts_are_numbers_with_a_format(parts: dict[str, bytes]) -> None:
    rows = [list(row) for row in tree(parts, "xl/worksheets/sheet1.xml")[-1]]
    _text, whole, amount, moment, *empty = rows[1]
    assert (whole.get("t"), whole.get("s"), whole[0].text) == (None, None, "5")
    assert (amount.get("t"), amount.get("s"), amount[0].text) == (None, str(xlsx.NUMBER), "10.125")
    assert (moment.get("t"), moment.get("s")) == (None, str(xlsx.TIME))
    assert abs(float(str(moment[0].text)) - 46346.437673611) < 1e-8
    assert all(len(one) == 0 and not one.attrib for one in empty)
    wide = load_workbook(io.BytesIO(FULL)).worksheets[0]
    assert wide["D2"].value == datetime(2026, 11, 20, 10, 30, 15) and wide["D2"].is_date
    assert [wide["C5"].value, wide["D5"].value] == [datetime(1900, 3, 1), datetime(2199, 12, 31, 23, 59, 59)]


# --- texts there and back ---------------------------------------------------------------------------------------------


def read_back(file: bytes, path: Any) -> list[list[str]]:
    path.write_bytes(file)
    with xlsxfile.opened(path) as sheet:
        return [row for _number, row in sheet.rows(Problems())]


def shared(texts: str, before: str = "") -> bytes:
    """A workbook with the heading Name and one cell, the first of its table of texts, as Excel writes it."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    named = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    changes: dict[str, Any] = {
        "[Content_Types]_DOT_xml": lambda xml: xml.replace(b"</Types>", named),
        SHEET: lambda xml: re.sub(rb'<c r="A2".*?</c>', b'<c r="A2" t="s"><v>0</v></c>', xml),
        "xl__sharedStrings_DOT_xml": f'{before}<sst xmlns="{xlsx.MAIN}">{texts}</sst>'.encode(),
    }
    return rewritten(workbook(["Name"], ["Ana"]), **changes)


def test_tricky_texts_come_back_as_they_were(tmp_path: Any) -> None:
    (row,) = read_back(book([TRICKY]), tmp_path / "ours.xlsx")
    assert [cells.undefused(text) for text in row] == TRICKY


def test_a_text_that_looks_like_a_code_is_not_one_in_our_file() -> None:
    assert cells.coded("_x0041_") == "_x005F_x0041_"
    assert cells.coded("a\x01") == "a_x0001_"
    assert cells.coded("_x004_ x0041_ _X0041_") == "_x004_ x0041_ _X0041_"


@given(st.text(st.one_of(st.sampled_from("_x05FA41"), st.characters(exclude_categories=["Cs"])), max_size=40))
@settings(max_examples=300)
def test_coding_can_be_taken_back(text: str) -> None:
    assert xlsxtexts.decoded(cells.coded(text)) == text
    assert not cells.UNWRITABLE.search(cells.coded(text))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a_x000D_\nb", "a\r\nb"),
        ("_x005F_x0041_", "_x0041_"),
        ("_x0041_", "A"),
        ("_xD83C__xDFAD_", "🎭"),
        ("_xD83C_", "�"),
    ],
)
def test_codes_of_other_programs_are_read(tmp_path: Any, written: str, meant: str) -> None:
    inline = rewritten(book([["NAME"]]), **{SHEET: lambda xml: xml.replace(b"NAME", written.encode())})
    for file in (shared(f"<si><t>{written}</t></si>"), inline):
        assert read_back(file, tmp_path / "theirs.xlsx") == [[meant]]


def test_rich_and_pronounced_texts_are_read_plainly(tmp_path: Any) -> None:
    rich = "<si><r><t>Gr</t></r><r><rPr><b/></rPr><t>een</t></r><rPh sb='0' eb='1'><t>x</t></rPh></si>"
    assert read_back(shared(rich), tmp_path / "rich.xlsx") == [["Green"]]


BROKEN = {
    "a text that is not there": lambda: shared(""),
    "a document type": lambda: shared("", before='<!DOCTYPE a [<!ENTITY b "c">]>'),
    "cut off": lambda: shared("<si><t>Ana"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_texts_are_said(tmp_path: Any, what: str) -> None:
    with pytest.raises(Unreadable, match="The workbook is broken"):
        read_back(BROKEN[what](), tmp_path / "broken.xlsx")


def test_what_openpyxl_writes_is_what_we_read(tmp_path: Any) -> None:
    made = Workbook()
    made.active.append(["Name", "Notes"])
    made.active.append(["Ana", "one\ntwo"])
    made.save(tmp_path / "theirs.xlsx")
    assert read_back((tmp_path / "theirs.xlsx").read_bytes(), tmp_path / "again.xlsx") == [["Ana", "one\ntwo"]]
