"""Tickets and appointments are known by the numbers other systems gave them; a part of an order number is found fast."""

from typing import Any

import structlog
from django.db import DatabaseError, migrations, models

log = structlog.get_logger(__name__)
EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
PARTS = """
CREATE INDEX CONCURRENTLY orders_by_number_part ON orders USING gin (upper(order_number) gin_trgm_ops)
WHERE deleted_at IS NULL
"""


def drop(schema_editor: Any, name: str) -> None:
    """Also what an interrupted building left behind."""
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(name)}")


def index_parts(apps: Any, schema_editor: Any) -> None:
    """By the signs that stand beside each other, where PostgreSQL may do so; else such a search reads every order."""
    if schema_editor.connection.vendor != "postgresql":
        return
    drop(schema_editor, "orders_by_number_part")
    try:
        schema_editor.execute(EXTENSION)
    except DatabaseError as error:
        log.warning("pg_trgm is not there: searching for parts of order numbers reads every order", why=str(error))
        return
    schema_editor.execute(PARTS)


def forget_parts(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        drop(schema_editor, "orders_by_number_part")


class AddUniqueBeside(migrations.AddConstraint):
    """On PostgreSQL rows go on being saved while the index behind it is built; SQLite knows only the plain way."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            plain = str(self.constraint.create_sql(model, schema_editor))
            drop(schema_editor, self.constraint.name)
            schema_editor.execute(plain.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1), params=None)


def reference(noun: str) -> models.CharField:
    said = f"The number another system knows this {noun} by."
    return models.CharField("reference", blank=True, db_default="", default="", help_text=said, max_length=100)


def once(noun: str) -> models.UniqueConstraint:
    condition = models.Q(("deleted_at", None), models.Q(("reference", ""), _negated=True))
    return models.UniqueConstraint(condition=condition, fields=("company", "reference"), name=f"{noun}_reference_once")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("records", "0004_imports")]
    operations = [
        migrations.AddField("ticket", "reference", reference("ticket")),
        AddUniqueBeside("ticket", once("ticket")),
        migrations.AddField("appointment", "reference", reference("appointment")),
        AddUniqueBeside("appointment", once("appointment")),
        migrations.RunPython(index_parts, forget_parts),
    ]
