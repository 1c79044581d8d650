"""Many records in one statement, with nothing done for each but reading its values: what the bulk services and the
histories write with. Values are those the services have checked; a row that somebody else was quicker to save raises
Invalid."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from django.db import IntegrityError, connection

from integration_hub.records import guard
from integration_hub.records.models import Record
from integration_hub.records.services.errors import Raced
from integration_hub.sync import sql

Columns = dict[str, tuple[str, str]]  # the attribute that holds the value → the column's name and type

_INSERT = "INSERT INTO {table} ({columns}) SELECT {columns} FROM {news} AS news"
_UPDATE = "UPDATE {table} SET {changes} FROM {news} AS news WHERE {table}.id = news.id"


def insert(records: Sequence[Record]) -> None:
    """Save these new records, all of one kind."""
    if not records:
        return
    model = type(records[0])
    columns = _columns(model, None)
    names = ", ".join(name for name, _kind in columns.values())
    text = _INSERT.format(table=model._meta.db_table, columns=names, news=_given(columns))
    _write(model, text, columns, records)
    for record in records:
        record._state.adding, record._state.db = False, connection.alias


def update(records: Sequence[Record], fields: tuple[str, ...]) -> None:
    """Save these fields of saved records, all of one kind, which are locked."""
    if not records:
        return
    model = type(records[0])
    columns = _columns(model, ("id", *fields))
    changes = ", ".join(f"{name} = news.{name}" for name, _kind in columns.values() if name != "id")
    text = _UPDATE.format(table=model._meta.db_table, changes=changes, news=_given(columns))
    _write(model, text, columns, records)


def _write(model: type[Record], text: str, columns: Columns, records: Sequence[Record]) -> None:
    guard.require(model, "write")
    values = attrgetter(*columns)
    try:
        sql.execute(text, [sql.rows(map(values, records))])
    except IntegrityError as error:
        raise Raced from error


def _given(columns: Columns) -> str:
    return sql.given(**dict(columns.values()))


@cache
def _columns(model: type[Record], fields: tuple[str, ...] | None) -> Columns:
    """Of these fields, or of all. A process knows one kind of database."""
    found: list[Any] = [field for field in model._meta.concrete_fields if fields is None or field.name in fields]
    return {field.attname: (field.column, str(field.db_type(connection))) for field in found}
