"""What the tests of imports share: a file on its way in, and workbooks as other programs write them."""

import io
from collections.abc import Mapping
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

from integration_hub.companies.models import Company
from integration_hub.records.importing import services, work
from integration_hub.records.models import Import


def checked(company: Company, kind: str, content: str | bytes, name: str = "their.csv", **said: Any) -> Import:
    """The import of this file, checked."""
    raw = content if isinstance(content, bytes) else content.encode()
    row = services.upload(company, "tests", kind, io.BytesIO(raw), name, wake=False, **said)
    return work.run(row.pk)


def saved(company: Company, kind: str, content: str | bytes, **said: Any) -> Import:
    """The same, saved."""
    row = checked(company, kind, content, **said)
    assert row.state == "ready", (row.sentence, row.problems, row.questions)
    return started(row)


def started(row: Import) -> Import:
    return work.run(services.start(row, actor="tests", wake=False).pk)


def undone(row: Import) -> Import:
    return work.run(services.undo(row, actor="tests", wake=False).pk)


def sentences(row: Import) -> str:
    return "\n".join(f"{one['line']} {one['column']}: {one['sentence']}" for one in row.problems)


def workbook(*rows: list[Any], sheets: Mapping[str, list[list[Any]]] | None = None) -> bytes:
    book = Workbook()
    first = book.active
    first.title = "Orders"
    for row in rows:
        first.append(row)
    for name, more in (sheets or {}).items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rewritten(book: bytes, **parts: Any) -> bytes:
    """The workbook with the named part changed by a function, or added as bytes; names with / for their dots."""
    told = {name.replace("__", "/").replace("_DOT_", "."): change for name, change in parts.items()}
    file = io.BytesIO()
    with ZipFile(io.BytesIO(book)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            change = told.pop(name, None)
            new.writestr(name, change(old.read(name)) if change else old.read(name))
        for name, content in told.items():
            new.writestr(name, content)
    return file.getvalue()
