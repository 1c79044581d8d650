"""The database view `airtable_sync_logs`: the engine's runs of Airtable mappings.

A view in the way of a migration breaks it on both databases, so it is dropped before every migration and made after it,
where all its tables are there.
"""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

VIEW = "airtable_sync_logs"
TABLES = frozenset({"sync_runs", "sync_mappings", "integration_configs", "airtable_sync_configs"})
SELECT = """
SELECT r.id, r.company_id, r.mapping_id, c.base_id, c.table_id, m.record_type, r.kind, r.state, r.actor,
       r.started_at, r.finished_at, r.total, r.created, r.updated, r.deleted, r.unchanged, r.failed
  FROM sync_runs r
  JOIN sync_mappings m ON m.id = r.mapping_id
  JOIN integration_configs i ON i.id = m.connection_id
  LEFT JOIN airtable_sync_configs c ON c.mapping_id = r.mapping_id
 WHERE i.provider = 'airtable'
"""


def drop(using: str = DEFAULT_DB_ALIAS, **told: Any) -> None:
    """Before a migration."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"DROP VIEW IF EXISTS {VIEW}")


def make(using: str = DEFAULT_DB_ALIAS, **told: Any) -> None:
    """After a migration, and after a test's flush, when it is there already."""
    there = _tables(connections[using])
    if VIEW in there or not there >= TABLES:
        return
    with connections[using].cursor() as cursor:
        cursor.execute(f"CREATE VIEW {VIEW} AS {SELECT}")


def _tables(connection: BaseDatabaseWrapper) -> set[str]:
    return set(connection.introspection.table_names(include_views=True))
