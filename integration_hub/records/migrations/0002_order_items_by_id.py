"""Order lines are walked through by id, like everything else that is synced."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class AddIndexBeside(AddIndexConcurrently):
    """On PostgreSQL orders go on being saved while the index is built; SQLite knows only the plain way."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        plain = schema_editor.connection.vendor != "postgresql"
        way = migrations.AddIndex if plain else AddIndexConcurrently
        way.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        plain = schema_editor.connection.vendor != "postgresql"
        way = migrations.AddIndex if plain else AddIndexConcurrently
        way.database_backwards(self, app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("records", "0001_initial")]
    operations = [
        AddIndexBeside(
            model_name="orderitem",
            index=models.Index(
                condition=models.Q(("deleted_at", None)), fields=["company", "id"], name="order_items_by_id"
            ),
        ),
    ]
