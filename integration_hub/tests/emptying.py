"""Emptying the database after a test that commits: what Django's flush does, without walking through every app again.

The first test is followed by that flush. What it leaves (content types, permissions, the house's periodic tasks) is
remembered, and from then on put back after every table was emptied, all in one transaction.
"""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.test import TransactionTestCase

Rows = dict[str, list[tuple[Any, ...]]]
flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
_left: dict[str, Rows] = {}


def install() -> None:
    """From now on tests that commit are followed by this."""
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]


def _teardown(case: TransactionTestCase) -> None:
    names = case._databases_names(include_mirrors=False)  # type: ignore[attr-defined]
    if case.available_apps is not None or case.serialized_rollback or not _left.keys() >= set(names):
        flush(case)
        _left.update({name: _rows(name) for name in names})
        return
    for name in names:
        _empty(name, _left[name])
    ContentType.objects.clear_cache()


def _rows(name: str) -> Rows:
    """Everything there is, by table."""
    tables = connections[name].introspection.django_table_names(only_existing=True, include_views=False)
    with connections[name].cursor() as cursor:
        return {table: _of(cursor, connections[name].ops.quote_name(table)) for table in tables}


def _of(cursor: Any, table: str) -> list[tuple[Any, ...]]:
    cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
    return list(cursor.fetchall())


def _empty(name: str, left: Rows) -> None:
    connection = connections[name]
    tables = {connection.ops.quote_name(table): rows for table, rows in left.items()}
    with transaction.atomic(using=name, savepoint=False), connection.cursor() as cursor:
        emptied = [f"DELETE FROM {table}" for table, rows in tables.items() if not rows]
        if connection.vendor == "postgresql":
            # As TRUNCATE does: wait for whoever still writes.
            emptied = [f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE; " + "; ".join(emptied)]
        for statement in emptied:
            cursor.execute(statement)
        for table, rows in tables.items():
            if rows and _of(cursor, table) != rows:
                cursor.execute(f"DELETE FROM {table}")
                places = ", ".join(["%s"] * len(rows[0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
