"""CSV as programs and spreadsheets read it, written while it is sent."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from integration_hub.records.exporting.cells import Value, as_csv

BOM = "\ufeff"  # Excel takes a CSV without it for an old code page


def csv_bytes(headings: Sequence[str], chunks: Iterable[list[list[Value]]]) -> Iterator[bytes]:
    """A CSV in UTF-8, a piece for each chunk of rows."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    text.write(BOM)
    writer.writerow(headings)
    yield _taken(text)
    for rows in chunks:
        writer.writerows([[as_csv(value) for value in row] for row in rows])
        yield _taken(text)


def _taken(text: StringIO) -> bytes:
    piece = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return piece
